/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <libfdt.h>

#include "abi.h"

/* Up to v3 kernels compute a block's size as 1 << (order + PAGE_SHIFT), in an int. */
static const struct kho_abi_info abi_table[] = {
	{ KHO_ABI_V1, "kho-v1", "kho-v1/page", "fdt", NULL, false, 30 },
	{ KHO_ABI_V1_512, "kho-v1", "kho-v1/512", "fdt", NULL, false, 30 },
	{ KHO_ABI_V2, "kho-v2", "kho-v2", "preserved-data", NULL, true, 30 },
	{ KHO_ABI_V3, "kho-v3", "kho-v3", "preserved-data", "blob-size", true, 30 },
	{ KHO_ABI_V4, "kho-v4", "kho-v4", "preserved-data", "blob-size", true, 63 },
};

#define FDT_VERSION_MIN	17

#define ABI_COUNT (sizeof(abi_table) / sizeof(abi_table[0]))

const struct kho_abi_info *kho_abi_info_(enum kho_abi abi)
{
	for (size_t i = 0; i < ABI_COUNT; i++)
		if (abi_table[i].abi == abi)
			return &abi_table[i];
	return NULL;
}

const char *kho_abi_name(enum kho_abi abi)
{
	const struct kho_abi_info *info = kho_abi_info_(abi);

	return info ? info->compatible : NULL;
}

const char *kho_abi_label(enum kho_abi abi)
{
	const struct kho_abi_info *info = kho_abi_info_(abi);

	return info ? info->label : NULL;
}

/* The first row counts: "kho-v1" alone is the form that kernels still write. */
enum kho_abi kho_abi_from_name(const char *name)
{
	for (size_t i = 0; i < ABI_COUNT; i++)
		if (!strcmp(abi_table[i].compatible, name) || !strcmp(abi_table[i].label, name))
			return abi_table[i].abi;
	return KHO_ABI_UNKNOWN;
}

bool kho_abi_radix(enum kho_abi abi)
{
	const struct kho_abi_info *info = kho_abi_info_(abi);

	return info && info->radix;
}

bool kho_abi_sized(enum kho_abi abi)
{
	const struct kho_abi_info *info = kho_abi_info_(abi);

	return info && info->size_prop;
}

unsigned int kho_abi_max_order(enum kho_abi abi, unsigned int page_shift)
{
	const struct kho_abi_info *info = kho_abi_info_(abi);

	return info && page_shift < info->block_bits ? info->block_bits - page_shift : 0;
}

int kho_prop_u64_(const void *fdt, int offset, const char *name, uint64_t *ret)
{
	int len;
	const void *prop = fdt_getprop(fdt, offset, name, &len);

	if (!prop || len != sizeof(*ret))
		return -KHO_ERR_BADNODE;
	memcpy(ret, prop, sizeof(*ret));
	return 0;
}

bool kho_prop_compatible_(const void *fdt, int offset, const char *want)
{
	int len;
	const char *prop = fdt_getprop(fdt, offset, KHO_PROP_COMPATIBLE, &len);

	return prop && (size_t)len == strlen(want) + 1 && !memcmp(prop, want, (size_t)len);
}

/* Skip the data that follows TAG, *POS bytes into a structure of SIZE bytes; false: cut off. */
static bool skip_content(const char *structure, uint32_t size, uint32_t tag, uint32_t *pos)
{
	uint32_t left = size - *pos, len = 0;

	if (tag == FDT_BEGIN_NODE) {
		len = (uint32_t)strnlen(structure + *pos, left) + 1;
	} else if (tag == FDT_PROP) {
		if (left < 2 * sizeof(fdt32_t))
			return false;
		len = fdt32_ld((const fdt32_t *)(structure + *pos));
		*pos += 2 * sizeof(fdt32_t);
		left -= 2 * sizeof(fdt32_t);
	}
	if (len > left)
		return false;
	*pos += len;
	return true;
}

/* Do the tags of a structure reach their end? Each step goes forward. */
static bool structure_ends(const char *structure, uint32_t size)
{
	uint32_t pos = 0, tag;

	while (size - pos >= sizeof(fdt32_t)) {
		tag = fdt32_ld((const fdt32_t *)(structure + pos));
		if (tag == FDT_END)
			return true;
		pos += sizeof(fdt32_t);
		if (!skip_content(structure, size, tag, &pos))
			return false;
		if ((pos & 3) && size - pos < 4 - (pos & 3))
			return false;
		pos = (pos + 3) & ~3u;
	}
	return false;
}

int kho_fdt_check(const void *buf, size_t size)
{
	uint32_t start, len;

	if (size < sizeof(struct fdt_header) || (uintptr_t)buf % 8)
		return -KHO_ERR_BADFDT;
	if (fdt_magic(buf) != FDT_MAGIC || fdt_version(buf) < FDT_VERSION_MIN)
		return -KHO_ERR_BADFDT;
	start = fdt_off_dt_struct(buf);
	len = fdt_size_dt_struct(buf);
	if (start > size || len > size - start || start % sizeof(fdt32_t) ||
	    !structure_ends((const char *)buf + start, len))
		return -KHO_ERR_BADFDT;
	if (fdt_check_full(buf, size) < 0)
		return -KHO_ERR_BADFDT;
	return 0;
}

int kho_fdt_write_error_(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -FDT_ERR_NOSPACE:
		return -KHO_ERR_NOSPACE;
	case -FDT_ERR_EXISTS:
		return -KHO_ERR_EXISTS;
	default:
		return -KHO_ERR_INVAL;
	}
}
