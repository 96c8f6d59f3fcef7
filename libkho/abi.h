/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constants of the KHO ABIs, each written once; internal to libkho. */
#ifndef KHO_ABI_H
#define KHO_ABI_H

#include "kho.h"

#define KHO_PROP_COMPATIBLE	"compatible"
#define KHO_PROP_MAP		"preserved-memory-map"

#define KHO_MEMBLOCK_COMPATIBLE	"memblock-v1"
#define KHO_REGION_COMPATIBLE	"reserve-mem-v1"
#define KHO_REGION_PROP_START	"start"
#define KHO_REGION_PROP_SIZE	"size"

#define KHO_METADATA_VERSION	1

/* How one ABI spells its root FDT, and what its map is. */
struct kho_abi_info {
	enum kho_abi abi;
	const char *compatible;
	const char *label;
	const char *addr_prop;		/* of a node: address of its data */
	const char *size_prop;		/* of a node: length of its data; NULL: no such property */
	bool radix;
	unsigned int block_bits;	/* binary logarithm of the largest block, in bytes */
};

/* NULL for an unknown ABI. */
const struct kho_abi_info *kho_abi_info_(enum kho_abi abi);

/*
 * The u64 property NAME of node OFFSET. FDT properties are only 4-byte aligned
 * and KHO stores plain little-endian values in them, unlike the FDT itself.
 * Errors: -KHO_ERR_BADNODE.
 */
int kho_prop_u64_(const void *fdt, int offset, const char *name, uint64_t *ret);

/* Is "compatible" of node OFFSET exactly the string WANT? */
bool kho_prop_compatible_(const void *fdt, int offset, const char *want);

/* The KHO_ERR_* for a libfdt error while writing. */
int kho_fdt_write_error_(int err);

static inline bool kho_page_shift_valid_(unsigned int page_shift)
{
	return page_shift >= KHO_PAGE_SHIFT_MIN && page_shift <= KHO_PAGE_SHIFT_MAX &&
	       page_shift % 2 == 0;
}

#endif
