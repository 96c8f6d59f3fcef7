/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Node "memblock": one child for each reserve_mem region. */
#include <string.h>

#include <libfdt.h>

#include "abi.h"

static int read_region(const void *fdt, int offset, struct kho_region *ret)
{
	int len;
	const char *name = fdt_get_name(fdt, offset, &len);

	if (!name || len < 1 || len >= KHO_REGION_NAME_MAX)
		return -KHO_ERR_BADNODE;
	if (!kho_node_name_valid(name) ||
	    !kho_prop_compatible_(fdt, offset, KHO_REGION_COMPATIBLE))
		return -KHO_ERR_BADNODE;
	if (kho_prop_u64_(fdt, offset, KHO_REGION_PROP_START, &ret->addr) ||
	    kho_prop_u64_(fdt, offset, KHO_REGION_PROP_SIZE, &ret->size))
		return -KHO_ERR_BADNODE;
	if (!ret->addr || !ret->size || ret->size > UINT64_MAX - ret->addr)
		return -KHO_ERR_BADNODE;
	memset(ret->name, 0, sizeof(ret->name));
	memcpy(ret->name, name, (size_t)len);
	return 0;
}

int kho_memblock_read(const void *buf, size_t size, struct kho_region *region, size_t *ret_count)
{
	size_t count = 0;
	int node, err;

	err = kho_fdt_check(buf, size);
	if (err)
		return err;
	if (!kho_prop_compatible_(buf, 0, KHO_MEMBLOCK_COMPATIBLE))
		return -KHO_ERR_ABI;
	fdt_for_each_subnode(node, buf, 0) {
		if (count >= KHO_REGIONS_MAX)
			return -KHO_ERR_LIMIT;
		err = read_region(buf, node, &region[count]);
		if (err)
			return err;
		count++;
	}
	*ret_count = count;
	return 0;
}

static int write_region(void *fdt, const struct kho_region *region)
{
	int err = fdt_begin_node(fdt, region->name);

	if (!err)
		err = fdt_property_string(fdt, KHO_PROP_COMPATIBLE, KHO_REGION_COMPATIBLE);
	if (!err)
		err = fdt_property(fdt, KHO_REGION_PROP_START, &region->addr, sizeof(region->addr));
	if (!err)
		err = fdt_property(fdt, KHO_REGION_PROP_SIZE, &region->size, sizeof(region->size));
	if (!err)
		err = fdt_end_node(fdt);
	return err;
}

static int check_regions(const struct kho_region *region, size_t count)
{
	if (count > KHO_REGIONS_MAX)
		return -KHO_ERR_LIMIT;
	for (size_t i = 0; i < count; i++) {
		if (strnlen(region[i].name, KHO_REGION_NAME_MAX) == KHO_REGION_NAME_MAX ||
		    !kho_node_name_valid(region[i].name))
			return -KHO_ERR_INVAL;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(region[i].name, region[j].name))
				return -KHO_ERR_EXISTS;
	}
	return 0;
}

int kho_memblock_write(const struct kho_region *region, size_t count, void *buf, size_t size)
{
	int err = check_regions(region, count);

	if (err)
		return err;
	if (size > KHO_EARLY_MAP_MAX)
		return -KHO_ERR_LIMIT;
	err = fdt_create(buf, (int)size);
	if (!err)
		err = fdt_finish_reservemap(buf);
	if (!err)
		err = fdt_begin_node(buf, "");
	if (!err)
		err = fdt_property_string(buf, KHO_PROP_COMPATIBLE, KHO_MEMBLOCK_COMPATIBLE);
	for (size_t i = 0; !err && i < count; i++)
		err = write_region(buf, &region[i]);
	if (!err)
		err = fdt_end_node(buf);
	if (!err)
		err = fdt_finish(buf);
	return kho_fdt_write_error_(err);
}
