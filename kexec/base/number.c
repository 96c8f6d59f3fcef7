/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

static bool parse_digits(const char *text, char **end, uint64_t *ret)
{
	unsigned long long value;

	if (!isdigit((unsigned char)*text))
		return false;		/* strtoull() would take signs and spaces */
	errno = 0;
	value = strtoull(text, end, 0);
	if (errno)
		return false;
	*ret = value;
	return true;
}

bool parse_u64(const char *text, uint64_t *ret)
{
	uint64_t value;
	char *end;

	if (!parse_digits(text, &end, &value) || *end)
		return false;
	*ret = value;
	return true;
}

bool parse_size(const char *text, const char **end, uint64_t *ret)
{
	static const char suffix[] = "KMGTPE";
	const char *hit;
	uint64_t value;
	char *stop;

	if (!parse_digits(text, &stop, &value))
		return false;
	hit = *stop ? strchr(suffix, toupper((unsigned char)*stop)) : NULL;
	if (hit) {
		unsigned int shift = 10 * (unsigned int)(hit - suffix + 1);

		if (value > UINT64_MAX >> shift)
			return false;
		value <<= shift;
		stop++;
	}
	*end = stop;
	*ret = value;
	return true;
}
