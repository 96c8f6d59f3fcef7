/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kho.h"

const char *kho_strerror(int err)
{
	if (err < 0)
		err = -err;
	switch (err) {
	case 0:			return "no error";
	case KHO_ERR_NOSPACE:	return "not enough space";
	case KHO_ERR_INVAL:	return "invalid argument";
	case KHO_ERR_BADFDT:	return "malformed device tree blob";
	case KHO_ERR_ABI:	return "unknown ABI version";
	case KHO_ERR_BADNODE:	return "malformed node";
	case KHO_ERR_BADMAP:	return "malformed preserved-memory map";
	case KHO_ERR_EXISTS:	return "name used twice";
	case KHO_ERR_RANGE:	return "address or size out of range";
	case KHO_ERR_ALIGN:	return "address not aligned";
	case KHO_ERR_OVERLAP:	return "ranges overlap";
	case KHO_ERR_READ:	return "physical memory cannot be read";
	case KHO_ERR_LIMIT:	return "limit exceeded";
	case KHO_ERR_LOSS:	return "the format cannot hold it";
	}
	return "unknown error";
}
