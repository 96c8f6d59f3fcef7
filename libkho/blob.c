/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A blob inside an FDT, for kernels that take all data for one. */
#include <libfdt.h>

#include "abi.h"

#define BLOB_COMPATIBLE	"kho-blob-v1"
#define BLOB_PROP	"data"

/*
 * What fdt_create() and the functions after it write around the data: header and memory
 * reservations with an alignment of 16 bytes, root node with two properties, strings.
 */
#define PROP_SIZE(value)	(sizeof(struct fdt_property) + (value))
#define OVERHEAD	(48 + sizeof(struct fdt_reserve_entry) + \
			 2 * sizeof(uint32_t) + \
			 PROP_SIZE(sizeof(BLOB_COMPATIBLE)) + PROP_SIZE(0) + \
			 2 * sizeof(uint32_t) + \
			 sizeof(KHO_PROP_COMPATIBLE) + sizeof(BLOB_PROP))

size_t kho_blob_wrapped_size(size_t size)
{
	if (size > INT32_MAX - OVERHEAD - FDT_TAGSIZE)
		return 0;
	return OVERHEAD + ((size + FDT_TAGSIZE - 1) & ~(FDT_TAGSIZE - 1));
}

/* fdt_create() has zeroed the padding after the data. */
static int write_tree(void *fdt, size_t size, size_t data_size, void **ret_data)
{
	int err = fdt_create(fdt, (int)size);

	if (!err)
		err = fdt_finish_reservemap(fdt);
	if (!err)
		err = fdt_begin_node(fdt, "");
	if (!err)
		err = fdt_property_string(fdt, KHO_PROP_COMPATIBLE, BLOB_COMPATIBLE);
	if (!err)
		err = fdt_property_placeholder(fdt, BLOB_PROP, (int)data_size, ret_data);
	if (!err)
		err = fdt_end_node(fdt);
	if (!err)
		err = fdt_finish(fdt);
	return err;
}

int kho_blob_wrap(void *buf, size_t size, size_t data_size, size_t *ret_offset)
{
	size_t need = kho_blob_wrapped_size(data_size);
	void *data;
	int err;

	if (!need)
		return -KHO_ERR_LIMIT;
	if (need > size)
		return -KHO_ERR_NOSPACE;
	err = write_tree(buf, need, data_size, &data);
	if (err)
		return kho_fdt_write_error_(err);
	*ret_offset = (size_t)((char *)data - (char *)buf);
	return 0;
}

int kho_blob_unwrap(const void *buf, size_t size, size_t *ret_offset, size_t *ret_size)
{
	int len, err = kho_fdt_check(buf, size);
	const void *data;

	if (err)
		return err;
	if (!kho_prop_compatible_(buf, 0, BLOB_COMPATIBLE))
		return -KHO_ERR_ABI;
	data = fdt_getprop(buf, 0, BLOB_PROP, &len);
	if (!data)
		return -KHO_ERR_BADNODE;
	*ret_offset = (size_t)((const char *)data - (const char *)buf);
	*ret_size = (size_t)len;
	return 0;
}
