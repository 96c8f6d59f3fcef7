/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkho: read, build and check the data that Linux' Kexec HandOver (KHO)
 * passes from one kernel to the next.
 *
 * Contract of every function:
 *  - pure: no I/O, no printing, no exit, no memory allocation, no global
 *    state. The caller owns every buffer; nothing is kept after the return.
 *    Thread-safe as long as buffers are not shared.
 *  - addresses and sizes are physical and in bytes; an ORDER is the binary
 *    logarithm of a number of pages; PAGE_SHIFT is 12, 14 or 16.
 *  - device tree blobs are 8-byte aligned.
 *  - input may be hostile: it is bounded and checked, never trusted.
 *  - the return is 0 or a negative KHO_ERR_*; "ret_" arguments are written
 *    only on success.
 *
 * Memory layouts are little-endian, as on the two architectures that have KHO.
 * Facts come from kernel/liveupdate/kexec_handover.c, include/linux/kho/abi/
 * and mm/memblock.c of Linux 7.3.
 */
#ifndef KHO_H
#define KHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ------------------------------------------------------------ */

enum kho_error {
	/* The caller's buffer or array is too small for the result. */
	KHO_ERR_NOSPACE = 1,
	/* An argument is outside what the function accepts. */
	KHO_ERR_INVAL,
	/* The device tree blob is malformed or truncated. */
	KHO_ERR_BADFDT,
	/* "compatible" names an ABI this library does not know. */
	KHO_ERR_ABI,
	/* A node lacks a property, or a property has the wrong length or value. */
	KHO_ERR_BADNODE,
	/* The preserved-memory map is malformed. */
	KHO_ERR_BADMAP,
	/* Two items have the same name. */
	KHO_ERR_EXISTS,
	/* A number or address wraps around or is wider than the format. */
	KHO_ERR_RANGE,
	/* An address is not aligned to its order or to the page. */
	KHO_ERR_ALIGN,
	/* Two ranges that must be apart are not. */
	KHO_ERR_OVERLAP,
	/* Physical memory could not be read. */
	KHO_ERR_READ,
	/* A limit set by the caller, or by the format, is exceeded. */
	KHO_ERR_LIMIT,
};

/* What ERR (positive or negative KHO_ERR_*) means, in English. Never NULL. */
const char *kho_strerror(int err);

/* ---- ABI --------------------------------------------------------------- */

enum kho_abi {
	KHO_ABI_UNKNOWN = 0,
	KHO_ABI_V4,			/* Linux 7.2 and 7.3 */
};

/* The root node's "compatible" of ABI; NULL for one that is not known. */
const char *kho_abi_name(enum kho_abi abi);

/* The ABI called NAME ("kho-v4"); KHO_ABI_UNKNOWN if there is none. */
enum kho_abi kho_abi_from_name(const char *name);

/* ---- Physical memory --------------------------------------------------- */

struct kho_range {
	uint64_t addr;
	uint64_t size;
};

/*
 * The library's only way to memory: copy SIZE bytes from physical ADDR to BUF.
 * Returns 0, or non-zero if any of them cannot be read.
 */
struct kho_mem {
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t size);
	void *ctx;
};

/* ---- Preserved memory: blocks and the radix tree ----------------------- */

#define KHO_PAGE_SHIFT_MIN	12
#define KHO_PAGE_SHIFT_MAX	16

/* 1 << (order + PAGE_SHIFT) preserved bytes at addr, aligned to their size. */
struct kho_block {
	uint64_t addr;
	uint32_t order;
};

/*
 * Cut a page-aligned range into blocks as the kernel does: each block as large
 * as the alignment of its start and the bytes left allow. The kernel restores
 * memory by making the same cuts, so these must not be changed later.
 *
 * Writes at most MAX blocks; *RET_COUNT gets their number.
 *
 * Errors: -KHO_ERR_INVAL (page shift, or size 0), -KHO_ERR_ALIGN,
 * -KHO_ERR_RANGE (the range wraps around), -KHO_ERR_NOSPACE.
 */
int kho_split_range(unsigned int page_shift, const struct kho_range *range,
		    struct kho_block *block, size_t max, size_t *ret_count);

/*
 * Order BLOCK as kho_radix_size() and kho_radix_encode() want it (by radix
 * key), in place. Blocks that are not valid sort somewhere; the two report
 * them.
 */
void kho_radix_sort(unsigned int page_shift, struct kho_block *block, size_t count);

/*
 * Bytes that kho_radix_encode() needs for COUNT sorted blocks. Even an empty
 * tree has its top table: readers refuse a map address of 0.
 *
 * Errors: -KHO_ERR_INVAL (page shift, or blocks not sorted), -KHO_ERR_ALIGN (a
 * block is not aligned to its order), -KHO_ERR_RANGE (an order or address that
 * the key cannot hold).
 */
int kho_radix_size(unsigned int page_shift, const struct kho_block *block, size_t count,
		   uint64_t *ret_size);

/*
 * Build the radix tree of ABI v2 to v4 in BUF, which will be found at physical
 * address BASE (page aligned) by the next kernel. *RET_ROOT gets the physical
 * address of its top table, always BASE. The same block twice is one block.
 *
 * Errors: as kho_radix_size(); -KHO_ERR_NOSPACE; -KHO_ERR_ALIGN also for BASE.
 */
int kho_radix_encode(unsigned int page_shift, const struct kho_block *block, size_t count,
		     void *buf, size_t size, uint64_t base, uint64_t *ret_root);

/* Told what is found; a return that is not 0 ends the walk and is passed on. */
struct kho_map_visitor {
	int (*block)(void *ctx, uint64_t addr, unsigned int order);	/* preserved block */
	int (*page)(void *ctx, uint64_t addr);	/* page of the map itself; may be NULL */
	void *ctx;
};

/*
 * Walk the radix tree of ABI v2 to v4 whose top table is at ROOT, in ascending
 * order of keys. At most MAX_PAGES pages of the map are read, which bounds time
 * on input that points to itself.
 *
 * Errors: -KHO_ERR_INVAL, -KHO_ERR_ALIGN (a table is not page aligned),
 * -KHO_ERR_BADMAP (a bit that is no valid key), -KHO_ERR_READ, -KHO_ERR_LIMIT;
 * whatever the visitor returned.
 */
int kho_radix_walk(unsigned int page_shift, const struct kho_mem *mem, uint64_t root,
		   uint64_t max_pages, const struct kho_map_visitor *visitor);

/* ---- Root FDT ---------------------------------------------------------- */

#define KHO_NODE_NAME_MAX	64	/* bytes, NUL included */
#define KHO_ROOT_NODES_MAX	64
#define KHO_EARLY_MAP_MAX	(256u << 10)	/* most bytes of root FDT or scratch array */

/* Nodes of the kernel's own. */
#define KHO_NODE_MEMBLOCK	"memblock"
#define KHO_NODE_METADATA	"kexec-metadata"
#define KHO_NODE_LUO		"LUO"

struct kho_node {
	char name[KHO_NODE_NAME_MAX];
	uint64_t addr;
	uint64_t size;
};

/* A root FDT, decoded. */
struct kho_root {
	enum kho_abi abi;
	uint64_t map;			/* physical address of the preserved-memory map */
	size_t node_count;
	struct kho_node node[KHO_ROOT_NODES_MAX];
};

/*
 * Whether NAME can name a node: 1 to 63 bytes of letters, digits and ",._+-".
 * '@', '/' and white space would change the meaning of the tree or of debugfs.
 */
bool kho_node_name_valid(const char *name);

/* The node called NAME, or NULL. Points into ROOT. */
const struct kho_node *kho_root_find(const struct kho_root *root, const char *name);

/*
 * Append a node.
 * Errors: -KHO_ERR_INVAL (name), -KHO_ERR_EXISTS, -KHO_ERR_LIMIT.
 */
int kho_root_add(struct kho_root *root, const char *name, uint64_t addr, uint64_t size);

/*
 * Decode the root FDT in BUF.
 *
 * Errors: -KHO_ERR_BADFDT; -KHO_ERR_ABI ("compatible" missing or not known);
 * -KHO_ERR_BADNODE (map or node property missing, of a wrong length or zero);
 * -KHO_ERR_EXISTS; -KHO_ERR_LIMIT (more nodes than KHO_ROOT_NODES_MAX).
 */
int kho_root_read(const void *buf, size_t size, struct kho_root *ret);

/*
 * Encode ROOT into BUF; the blob fills BUF (totalsize is SIZE).
 *
 * Errors: -KHO_ERR_INVAL (name, or map 0), -KHO_ERR_ABI, -KHO_ERR_EXISTS,
 * -KHO_ERR_NOSPACE, -KHO_ERR_LIMIT (SIZE above KHO_EARLY_MAP_MAX, which the
 * next kernel could not map).
 */
int kho_root_write(const struct kho_root *root, void *buf, size_t size);

/* ---- Node "memblock": reserve_mem regions ------------------------------ */

#define KHO_REGION_NAME_MAX	16	/* bytes, NUL included; RESERVE_MEM_NAME_SIZE */
#define KHO_REGIONS_MAX		8	/* RESERVE_MEM_MAX_ENTRIES */

struct kho_region {
	char name[KHO_REGION_NAME_MAX];
	uint64_t addr;
	uint64_t size;
};

/*
 * Decode the "memblock-v1" FDT in BUF into at most KHO_REGIONS_MAX regions.
 * REGION may hold some of them also after an error.
 * Errors: -KHO_ERR_BADFDT, -KHO_ERR_ABI, -KHO_ERR_BADNODE, -KHO_ERR_LIMIT.
 */
int kho_memblock_read(const void *buf, size_t size, struct kho_region *region,
		      size_t *ret_count);

/*
 * Encode COUNT regions into BUF.
 * Errors: -KHO_ERR_INVAL (a name), -KHO_ERR_EXISTS, -KHO_ERR_NOSPACE,
 * -KHO_ERR_LIMIT (more than KHO_REGIONS_MAX, or SIZE above KHO_EARLY_MAP_MAX).
 */
int kho_memblock_write(const struct kho_region *region, size_t count, void *buf, size_t size);

/* ---- Node "kexec-metadata" --------------------------------------------- */

#define KHO_METADATA_SIZE	73
#define KHO_RELEASE_MAX		65	/* NUL included; __NEW_UTS_LEN + 1 */

struct kho_metadata {
	char previous_release[KHO_RELEASE_MAX];
	uint32_t kexec_count;
};

/* Errors: -KHO_ERR_BADNODE (length, version, or release without NUL). */
int kho_metadata_read(const void *buf, size_t size, struct kho_metadata *ret);

/* Fills KHO_METADATA_SIZE bytes. Never fails. */
void kho_metadata_write(const struct kho_metadata *meta, void *buf);

/* ---- Scratch and placement --------------------------------------------- */

#define KHO_SCRATCH_ALIGN	(4ull << 20)	/* MAX_ORDER_NR_PAGES of 4 KiB pages */

/*
 * The first of COUNT ranges that [addr, addr + size) touches; NULL if none does.
 * Empty ranges touch nothing.
 */
const struct kho_range *kho_find_overlap(const struct kho_range *range, size_t count,
					 uint64_t addr, uint64_t size);

/* Whether [addr, addr + size) lies in the union of COUNT ranges. */
bool kho_ranges_cover(const struct kho_range *range, size_t count, uint64_t addr, uint64_t size);

struct kho_place {
	uint64_t size;			/* bytes wanted, not 0 */
	uint64_t align;			/* power of two */
	uint64_t min;			/* lowest address allowed */
	uint64_t max;			/* first address not allowed; 0: no limit */
};

/*
 * The highest address in one of AREA that satisfies PLACE and stays clear of
 * BUSY.
 * Errors: -KHO_ERR_INVAL, -KHO_ERR_NOSPACE.
 */
int kho_place_top(const struct kho_range *area, size_t areas, const struct kho_range *busy,
		  size_t busies, const struct kho_place *place, uint64_t *ret);

/*
 * The largest free piece of AREA below PLACE's limits, of at least 1 byte,
 * with start and end aligned to place->align; place->size is not looked at.
 * Errors: -KHO_ERR_INVAL, -KHO_ERR_NOSPACE.
 */
int kho_largest_hole(const struct kho_range *area, size_t areas, const struct kho_range *busy,
		     size_t busies, const struct kho_place *place, struct kho_range *ret);

/*
 * Scratch for a kernel that has none: RET[0] below LOW_LIMIT, RET[1] anywhere
 * (size 0 when the first suffices), both of KHO_SCRATCH_ALIGN, clear of BUSY,
 * with WANT bytes together and at least WANT_LOW in the first. RAM ranges must
 * be apart, and none may cross LOW_LIMIT, as on x86 none does.
 * Errors: -KHO_ERR_INVAL, -KHO_ERR_NOSPACE.
 */
int kho_scratch_plan(const struct kho_range *ram, size_t rams, const struct kho_range *busy,
		     size_t busies, uint64_t low_limit, uint64_t want_low, uint64_t want,
		     struct kho_range ret[2]);

/*
 * Check scratch areas (empty ones are legal) against preserved or otherwise
 * busy ranges and the limit of the scratch array.
 * Errors: -KHO_ERR_INVAL (no usable area), -KHO_ERR_OVERLAP, -KHO_ERR_RANGE,
 * -KHO_ERR_LIMIT.
 */
int kho_scratch_check(const struct kho_range *scratch, size_t count,
		      const struct kho_range *busy, size_t busies);

#ifdef __cplusplus
}
#endif

#endif
