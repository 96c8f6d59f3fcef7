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
 *  - a struct whose first member is struct_size: the size tells the version. Set it
 *    to sizeof, and what you do not need to 0. A size that this library does
 *    not know, smaller or larger, is -KHO_ERR_INVAL.
 *
 * Memory layouts are little-endian, as on the two architectures that have KHO.
 * Facts come from kernel/liveupdate/kexec_handover.c (up to 6.18
 * kernel/kexec_handover.c), include/linux/kho/abi/ and mm/memblock.c of Linux
 * 6.17.8, 6.18.15, 6.19.11, 7.1.8, 7.2.12 and 7.3.4.
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
	/* The format has no room for it; something would be lost. */
	KHO_ERR_LOSS,
};

/* What ERR (positive or negative KHO_ERR_*) means, in English. Never NULL. */
const char *kho_strerror(int err);

/* ---- ABI --------------------------------------------------------------- */

enum kho_abi {
	KHO_ABI_UNKNOWN = 0,
	KHO_ABI_V1_512,			/* 6.16, 6.17: "kho-v1", bitmaps of 512 bytes */
	KHO_ABI_V1,			/* 6.18 to 7.0: "kho-v1", bitmaps of one page */
	KHO_ABI_V2,			/* between 7.0 and 7.1, in no release */
	KHO_ABI_V3,			/* 7.1 */
	KHO_ABI_V4,			/* 7.2 and 7.3 */
};

/*
 * The root node's "compatible" for ABI; NULL for an unknown one. Both forms of v1 use the same
 * string, "kho-v1".
 */
const char *kho_abi_name(enum kho_abi abi);

/*
 * A label of its own for each ABI: "kho-v1/512", "kho-v1/page", "kho-v2" ...; NULL for an
 * unknown one.
 */
const char *kho_abi_label(enum kho_abi abi);

/*
 * The ABI with this name or label; KHO_ABI_UNKNOWN if there is none. "kho-v1" alone is
 * KHO_ABI_V1, see kho_v1_form().
 */
enum kho_abi kho_abi_from_name(const char *name);

/* Is the map a radix tree (v2 to v4), and not a list of chunks (v1)? */
bool kho_abi_radix(enum kho_abi abi);

/*
 * Does a node give the size of its data (v3, v4)? Without it the data must be an FDT: kernels
 * take its size from there.
 */
bool kho_abi_sized(enum kho_abi abi);

/*
 * The largest order that kernels of ABI can reserve; 0 for an unknown ABI. Up to v3 they
 * compute a block's size in 32 bits, and lose a larger block.
 */
unsigned int kho_abi_max_order(enum kho_abi abi, unsigned int page_shift);

/* ---- Physical memory --------------------------------------------------- */

struct kho_range {
	uint64_t addr;
	uint64_t size;
};

/* The first address after RANGE; UINT64_MAX if that is beyond the end of addresses. */
static inline uint64_t kho_range_end(const struct kho_range *range)
{
	return range->size > UINT64_MAX - range->addr ? UINT64_MAX : range->addr + range->size;
}

/*
 * The library's only way to memory: copy SIZE bytes from physical ADDR to BUF.
 * Returns 0, or non-zero if any of them cannot be read.
 */
struct kho_mem {
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t size);
	void *ctx;
};

/* ---- Preserved memory -------------------------------------------------- */

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
 * Called for everything that is found. A return value other than 0 ends the walk and is passed
 * on.
 */
struct kho_map_visitor {
	int (*block)(void *ctx, uint64_t addr, unsigned int order);	/* preserved block */
	int (*page)(void *ctx, uint64_t addr);	/* page of the map itself; may be NULL */
	void *ctx;
};

/*
 * Walk the map at physical address ROOT, in ABI's format. Reads at most MAX_PAGES pages of the
 * map, where a chunk and a bitmap count as one each. This bounds the time on input that points
 * to itself. Blocks of a radix tree come in ascending order of keys (larger orders first, then
 * by address), those of a chunk list in the order of the list. The visitor's "page" gets the
 * address of each page that holds a part of the map; a page that several short bitmaps share
 * comes several times. v1: ROOT 0 is an empty map.
 *
 * Blocks above kho_abi_max_order() are passed on too: kernels write them, although they fail
 * to read them.
 *
 * Errors: -KHO_ERR_INVAL (page shift, ABI, MAX_PAGES 0; v2 to v4: ROOT 0), -KHO_ERR_ALIGN (a
 * page, bitmap or block not aligned), -KHO_ERR_BADMAP (a bit that is no valid key; a chunk's
 * order or count that its format cannot have, a bitmap at 0, a chunk list in a circle),
 * -KHO_ERR_RANGE (a block beyond the end of addresses), -KHO_ERR_READ, -KHO_ERR_LIMIT;
 * whatever the visitor returned.
 */
int kho_map_walk(enum kho_abi abi, unsigned int page_shift, const struct kho_mem *mem,
		 uint64_t root, uint64_t max_pages, const struct kho_map_visitor *visitor);

/*
 * Find out which form a chunk list of "kho-v1" has; nothing in it says so. *RET:
 * KHO_ABI_V1_512 if its addresses allow only that form; KHO_ABI_V1 if both readings give the
 * same blocks; else KHO_ABI_UNKNOWN, and only the release of the kernel that wrote it can
 * tell.
 *
 * Errors: as kho_map_walk(), except -KHO_ERR_RANGE, which depends on the blocks.
 */
int kho_v1_form(unsigned int page_shift, const struct kho_mem *mem, uint64_t root,
		uint64_t max_pages, enum kho_abi *ret);

/*
 * A set of blocks, in a buffer that the caller owns and that is used from its start: MAP->used
 * of MAP->size bytes. Members are for reading, "cache" is private.
 */
struct kho_map {
	unsigned int page_shift;
	void *buf;
	size_t size;
	size_t used;
	uint64_t blocks;		/* in the set */
	uint64_t bytes;			/* their sum; UINT64_MAX if it is larger */
	struct { uint64_t key; size_t leaf; } cache;
};

/*
 * Make MAP empty, in BUF of SIZE bytes, 8-byte aligned; a page is the least.
 * Errors: -KHO_ERR_INVAL (page shift, or BUF's alignment), -KHO_ERR_NOSPACE.
 */
int kho_map_init(struct kho_map *map, unsigned int page_shift, void *buf, size_t size);

/*
 * Add a block; a block that is in the set already changes nothing. Blocks may come in any
 * order; ascending addresses of one order are fastest. After -KHO_ERR_NOSPACE the set is
 * unchanged: give it a larger buffer with kho_map_move() and add again. One block takes at
 * most five pages.
 *
 * Errors: -KHO_ERR_ALIGN, -KHO_ERR_RANGE (an order that no ABI can hold), -KHO_ERR_NOSPACE.
 */
int kho_map_add(struct kho_map *map, uint64_t addr, unsigned int order);

/* The first map->used bytes have been moved to BUF of SIZE bytes. Never fails. */
void kho_map_move(struct kho_map *map, void *buf, size_t size);

/* Is exactly this block in the set? */
bool kho_map_has(const struct kho_map *map, uint64_t addr, unsigned int order);

/*
 * Call VISITOR for each block, larger orders first, then by address; "page" is not called. The
 * visitor must not change the set. Errors: whatever the visitor returned.
 */
int kho_map_each(const struct kho_map *map, const struct kho_map_visitor *visitor);

/*
 * Bytes that kho_map_encode() needs. Even an empty set needs a page: readers from
 * 6.19 on refuse a map address of 0.
 * Errors: -KHO_ERR_ABI, -KHO_ERR_RANGE (a block above kho_abi_max_order()).
 */
int kho_map_size(const struct kho_map *map, enum kho_abi abi, uint64_t *ret_size);

/*
 * Encode the set in BUF, 8-byte aligned, which the next kernel will find at physical address
 * BASE (page aligned). *RET_ROOT gets the address for the root FDT, always BASE. BUF may be
 * the set's own buffer if ABI is v2 to v4; the set is then used up.
 *
 * v1, in both its forms, is written so that readers of either form find the same blocks: each
 * bitmap of 512 bytes is in a page of its own, followed by zeros.
 *
 * Errors: as kho_map_size(); -KHO_ERR_NOSPACE; -KHO_ERR_ALIGN (BASE or BUF); -KHO_ERR_RANGE
 * also if the map at BASE would wrap around.
 */
int kho_map_encode(const struct kho_map *map, enum kho_abi abi, void *buf, size_t size,
		   uint64_t base, uint64_t *ret_root);

/* ---- Device trees -------------------------------------------------------- */

/*
 * Does BUF hold a whole, sound FDT of at most SIZE bytes and of version 17, which kernels
 * write? Other functions check this themselves. It is called before libfdt's fdt_check_full(),
 * which up to 1.6.1 crashes on some older versions, and never ends if the length of a property
 * wraps around. Errors: -KHO_ERR_BADFDT, also if BUF is not 8-byte aligned.
 */
int kho_fdt_check(const void *buf, size_t size);

/* ---- Root FDT ---------------------------------------------------------- */

#define KHO_NODE_NAME_MAX	64	/* bytes, NUL included */
#define KHO_ROOT_NODES_MAX	64
#define KHO_ROOT_DEPTH_MAX	4	/* levels of nodes, as in "a/b/c/d" */
#define KHO_EARLY_MAP_MAX	(256u << 10)	/* most bytes of root FDT or scratch array */

/* The kernel's own nodes. */
#define KHO_NODE_MEMBLOCK	"memblock"
#define KHO_NODE_METADATA	"kexec-metadata"
#define KHO_NODE_LUO		"LUO"

/*
 * A node that says where its data is. A node below another has all names from the root on, as
 * in "LUO/2". Kernels up to 7.3 write no nested nodes, and skip them when they read.
 */
struct kho_node {
	char name[KHO_NODE_NAME_MAX];
	uint64_t addr;
	uint64_t size;			/* 0 if the ABI has none, see kho_root_sizes() */
	bool more;			/* it has properties that the ABI does not know */
};

/* A root FDT, decoded. */
struct kho_root {
	enum kho_abi abi;
	uint64_t map;			/* physical address of the preserved-memory map */
	size_t incomplete;		/* nodes without an address or nodes below, left out */
	size_t node_count;
	struct kho_node node[KHO_ROOT_NODES_MAX];
};

/*
 * Can NAME name a node? 1 to 63 bytes of letters, digits and ",._+-". '@', '/' and white space
 * would change the meaning of the tree or of debugfs.
 */
bool kho_node_name_valid(const char *name);

/* Is the node called NAME the one called TOP, or below it? */
bool kho_node_within(const char *name, const char *top);

/* The node called NAME, or NULL. Points into ROOT. */
const struct kho_node *kho_root_find(const struct kho_root *root, const char *name);

/*
 * Append a node. "a/b" can be added without "a", which then has no data. Errors:
 * -KHO_ERR_INVAL (name, or too deep), -KHO_ERR_EXISTS, -KHO_ERR_LIMIT.
 */
int kho_root_add(struct kho_root *root, const char *name, uint64_t addr, uint64_t size);

/*
 * Decode the root FDT in BUF. "kho-v1" is read as KHO_ABI_V1; set abi to KHO_ABI_V1_512 if
 * that is known to be the form. In v1 the map may be 0: an empty map, or one that is not
 * finalized yet. A node with neither an address property nor nodes below it, which a failed
 * kho_add_subtree() leaves behind, is counted in "incomplete". Nodes come in the order of the
 * tree, each before those below it.
 *
 * Errors: -KHO_ERR_BADFDT; -KHO_ERR_ABI ("compatible" missing or unknown); -KHO_ERR_BADNODE
 * (map or size property missing; a property of a wrong length or value; a name that is not
 * valid); -KHO_ERR_EXISTS; -KHO_ERR_LIMIT (more nodes than KHO_ROOT_NODES_MAX, more levels
 * than KHO_ROOT_DEPTH_MAX, or names that together are too long).
 */
int kho_root_read(const void *buf, size_t size, struct kho_root *ret);

/*
 * Fill in the sizes that only the data tells in an ABI without them: each node whose size is 0
 * gets the total size of the FDT at its address. In an ABI with sizes, 0 is a size and stays.
 * *RET_NODE, if not NULL, points to the node that failed.
 *
 * Errors: -KHO_ERR_READ, -KHO_ERR_BADNODE (no FDT there, or larger than 2 GiB).
 */
int kho_root_sizes(struct kho_root *root, const struct kho_mem *mem,
		   const struct kho_node **ret_node);

/*
 * Encode ROOT into BUF; the blob fills BUF (totalsize is SIZE). Sizes of nodes are left out if
 * the ABI has none.
 *
 * Errors: -KHO_ERR_INVAL (name, or map 0), -KHO_ERR_ABI, -KHO_ERR_EXISTS, -KHO_ERR_NOSPACE,
 * -KHO_ERR_LIMIT (SIZE above KHO_EARLY_MAP_MAX, which the next kernel could not map).
 */
int kho_root_write(const struct kho_root *root, void *buf, size_t size);

/*
 * The same, but keeps what libkho does not know. FROM, of FROM_SIZE bytes, is the root FDT
 * that ROOT was read from. Copies properties of its root node, and of its nodes whose names
 * are in ROOT or are parents of such nodes, except the properties of the two ABIs. A caller
 * that gives a node other data has to look at the node's "more".
 *
 * Errors: as kho_root_write(); -KHO_ERR_BADFDT and -KHO_ERR_ABI also of FROM.
 */
int kho_root_rewrite(const struct kho_root *root, const void *from, size_t from_size, void *buf,
		     size_t size);

/* ---- Node "memblock": reserve_mem regions ------------------------------ */

#define KHO_REGION_NAME_MAX	16	/* bytes, NUL included; RESERVE_MEM_NAME_SIZE */
#define KHO_REGIONS_MAX		8	/* RESERVE_MEM_MAX_ENTRIES */

struct kho_region {
	char name[KHO_REGION_NAME_MAX];
	uint64_t addr;
	uint64_t size;
};

/*
 * Decode the "memblock-v1" FDT in BUF into at most KHO_REGIONS_MAX regions. After an error
 * REGION may hold some of them. Errors: -KHO_ERR_BADFDT, -KHO_ERR_ABI, -KHO_ERR_BADNODE,
 * -KHO_ERR_LIMIT.
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

/* ---- Blobs in ABIs without sizes ---------------------------------------- */

/*
 * A kernel of v1 or v2 takes every node's data for an FDT, and its debugfs reads as many bytes
 * as bytes 4 to 7 say. So a blob for these is wrapped: an FDT with compatible "kho-blob-v1"
 * and one property, "data".
 */

/* Bytes of the FDT around SIZE bytes; 0 if no FDT can be that large (2 GiB). */
size_t kho_blob_wrapped_size(size_t size);

/*
 * Write the FDT into BUF of kho_blob_wrapped_size(DATA_SIZE) bytes. *RET_OFFSET
 * gets the place of the data in BUF; the caller copies it there.
 * Errors: -KHO_ERR_NOSPACE, -KHO_ERR_LIMIT.
 */
int kho_blob_wrap(void *buf, size_t size, size_t data_size, size_t *ret_offset);

/*
 * Find the data in a wrapped blob: *RET_SIZE bytes at *RET_OFFSET in BUF. Errors:
 * -KHO_ERR_BADFDT, -KHO_ERR_ABI (an FDT, but not a wrapped blob), -KHO_ERR_BADNODE (without
 * data).
 */
int kho_blob_unwrap(const void *buf, size_t size, size_t *ret_offset, size_t *ret_size);

/* ---- Preserved vmalloc areas -------------------------------------------- */

#define KHO_VMALLOC_SIZE	16	/* bytes of struct kho_vmalloc as the kernel stores it */

/* A descriptor; the format is the same from 6.18 to 7.3. */
struct kho_vmalloc {
	uint64_t first;			/* address of the first chunk; 0: no area */
	uint32_t total_pages;
	uint16_t flags;			/* 1: VM_ALLOC, 2: VM_ALLOW_HUGE_VMAP; kept as they are */
	uint16_t order;			/* of each piece of the area */
};

/* From and to KHO_VMALLOC_SIZE bytes. Never fail. */
void kho_vmalloc_read(const void *buf, struct kho_vmalloc *ret);
void kho_vmalloc_write(const struct kho_vmalloc *area, void *buf);

/*
 * Called for everything that belongs to an area; all of it is preserved, chunks with order 0.
 * A return value other than 0 ends the walk and is passed on. Members may be NULL.
 */
struct kho_vmalloc_visitor {
	int (*chunk)(void *ctx, uint64_t addr);
	int (*piece)(void *ctx, uint64_t addr, unsigned int order);	/* in the area's order */
	void *ctx;
};

/*
 * Walk AREA, which may have at most MAX_PAGES pages. Calls may have been made before an error
 * is found. A kernel preserves a piece as one block, or as several smaller ones where memory
 * nodes require it.
 *
 * Errors: -KHO_ERR_INVAL, -KHO_ERR_LIMIT, -KHO_ERR_READ, -KHO_ERR_ALIGN (a chunk or piece),
 * -KHO_ERR_BADNODE (more or fewer pages than total_pages, an order above 31, a chunk that is
 * not full but not the last, a circle); whatever the visitor returned.
 */
int kho_vmalloc_walk(unsigned int page_shift, const struct kho_mem *mem,
		     const struct kho_vmalloc *area, uint64_t max_pages,
		     const struct kho_vmalloc_visitor *visitor);

/* ---- Live update: memfd files -------------------------------------------- */

enum kho_memfd_abi {
	KHO_MEMFD_UNKNOWN = 0,
	KHO_MEMFD_V1,			/* Linux 6.19: "memfd-v1" */
	KHO_MEMFD_V2,			/* 7.1 to 7.3: "memfd-v2" */
};

#define KHO_MEMFD_SIZE_MAX	48

/* F_SEAL_* of fcntl(2), as the kernel hands them over. */
#define KHO_MEMFD_SEAL_SEAL	0x01u
#define KHO_MEMFD_SEALS		0x3fu	/* those that readers of v2 know */

struct kho_memfd {
	uint64_t pos;
	uint64_t size;			/* bytes */
	uint32_t seals;
	uint32_t flags;			/* none is defined */
	uint64_t nr_folios;
	struct kho_vmalloc folios;	/* the area with a record of each folio */
};

/* The name of the file handler; NULL for an unknown ABI. */
const char *kho_memfd_abi_name(enum kho_memfd_abi abi);

/* The ABI called NAME ("memfd-v2"); KHO_MEMFD_UNKNOWN if there is none. */
enum kho_memfd_abi kho_memfd_abi_from_name(const char *name);

/* Bytes of the struct: 40 or 48; 0 for an unknown ABI. */
size_t kho_memfd_size(enum kho_memfd_abi abi);

/*
 * Decode. v1 has no seals: seals gets KHO_MEMFD_SEAL_SEAL, because its reader,
 * memfd_alloc_file() without MFD_ALLOW_SEALING, makes every file like that.
 *
 * Errors: -KHO_ERR_INVAL (ABI), -KHO_ERR_BADNODE (SIZE too small, or a seal that readers
 * refuse).
 */
int kho_memfd_read(enum kho_memfd_abi abi, const void *buf, size_t size, struct kho_memfd *ret);

/*
 * Encode into kho_memfd_size() bytes. v1 cannot hold flags, nor seals other than
 * KHO_MEMFD_SEAL_SEAL alone, which a file made without MFD_ALLOW_SEALING has: they are
 * -KHO_ERR_LOSS. A file with seals 0 would come back sealed against sealing. A caller that
 * accepts such a loss changes the members first.
 *
 * Errors: -KHO_ERR_INVAL (ABI, or a seal that readers refuse), -KHO_ERR_NOSPACE,
 * -KHO_ERR_LOSS.
 */
int kho_memfd_write(enum kho_memfd_abi abi, const struct kho_memfd *memfd, void *buf,
		    size_t size);

struct kho_memfd_folio {
	uint64_t addr;			/* the order of its block in the map of preserved memory */
	uint64_t index;			/* place in the file, in pages */
	unsigned int flags;		/* 1: dirty, 2: up to date */
};

/*
 * Call FOLIO for each folio of a file, in the order of its records; a record without a folio
 * is left out. The area may have at most MAX_PAGES pages. kho_vmalloc_walk() visits the area
 * itself.
 *
 * Errors: as kho_vmalloc_walk(); -KHO_ERR_BADNODE also if the area has no room for that many
 * folios, -KHO_ERR_RANGE (a frame number beyond the end of addresses); whatever FOLIO
 * returned.
 */
int kho_memfd_walk(unsigned int page_shift, const struct kho_mem *mem,
		   const struct kho_memfd *memfd, uint64_t max_pages,
		   int (*folio)(void *ctx, const struct kho_memfd_folio *folio), void *ctx);

/* ---- Live update: node "LUO" --------------------------------------------- */

/*
 * Kernels prepare this state early but fill it in at the last moment, in the reboot system
 * call, when sessions are frozen. Before that, session headers say 0 sessions (luo-v1) or
 * there is no list (luo-v5), so memory of a running kernel does not show its state. These
 * functions are for memory after that point: a memory dump, or what a kernel got from its
 * predecessor and has not used yet.
 */

enum kho_luo_abi {
	KHO_LUO_UNKNOWN = 0,
	KHO_LUO_V1,			/* Linux 6.19 to 7.1: "luo-v1" */
	KHO_LUO_V5,			/* 7.2 and 7.3: "luo-v5" */
};

#define KHO_LUO_SESSION_NAME_MAX	64	/* bytes, NUL included */
#define KHO_LUO_HANDLER_NAME_MAX	48
#define KHO_LUO_FLB_NAME_MAX		48
#define KHO_LUO_BYTES_MAX		(256ull << 20)	/* of blocks that one walk reads */

struct kho_luo_session {
	char name[KHO_LUO_SESSION_NAME_MAX];
	uint64_t file_count;
};

struct kho_luo_file {
	char compatible[KHO_LUO_HANDLER_NAME_MAX];	/* name of the file handler */
	uint64_t data;			/* the handler's own; memfd: address of its struct */
	uint64_t token;
};

/* State that lives as long as files depend on it. */
struct kho_luo_flb {
	char name[KHO_LUO_FLB_NAME_MAX];
	uint64_t data;
	uint64_t count;			/* files that depend on it */
};

struct kho_luo_info {
	enum kho_luo_abi abi;
	bool flbs;			/* there is a place for FLBs; 6.19 writes none */
	uint64_t number;		/* of live updates so far */
	uint64_t session_count;
	uint64_t file_count;		/* of all sessions */
	uint64_t flb_count;
};

/*
 * State in arrays that the caller owns. Files of the first session come first, then those of
 * the second, and so on.
 */
struct kho_luo_state {
	uint64_t number;
	struct kho_luo_session *session;
	size_t session_count;
	struct kho_luo_file *file;
	size_t file_count;
	struct kho_luo_flb *flb;
	size_t flb_count;
};

/*
 * Called for everything that is found. A return value other than 0 ends the walk and is passed
 * on. Members may be NULL. BLOCK is memory of LUO's own, with the order it must be preserved
 * with, because readers free it as one folio. It includes the page of the node, but not what
 * "data" of a file or FLB refers to.
 */
struct kho_luo_visitor {
	int (*session)(void *ctx, const struct kho_luo_session *session);
	int (*file)(void *ctx, const struct kho_luo_file *file);	/* of the last session */
	int (*flb)(void *ctx, const struct kho_luo_flb *flb);
	int (*block)(void *ctx, uint64_t addr, unsigned int order);
	void *ctx;
};

/* The ABI's name; NULL for an unknown one. */
const char *kho_luo_abi_name(enum kho_luo_abi abi);

/* The ABI called NAME ("luo-v5"); KHO_LUO_UNKNOWN if there is none. */
enum kho_luo_abi kho_luo_abi_from_name(const char *name);

/*
 * Walk the live update state of NODE; the data tells its ABI. If the data is an FDT,
 * a size of 0 means an unknown size, as in kho-v1. VISITOR may be NULL, to get only
 * *RET_INFO. Calls may have been made before an error is found.
 *
 * luo-v1: the FDT names a block of 16 pages with all sessions, each of which
 * names 2 pages with its files. luo-v5: 32 bytes name a list of one-page blocks
 * with sessions, each of which names such a list of files. From
 * kernel/liveupdate/luo_session.c, luo_file.c, luo_flb.c and kho_block.c; limits
 * too, in luo-v5 at most 10000 blocks of one list.
 *
 * Errors:
 *	-KHO_ERR_INVAL	page shift
 *	-KHO_ERR_ABI	neither of the two, or a part of luo-v1 in another version
 *	-KHO_ERR_BADFDT	luo-v1
 *	-KHO_ERR_BADNODE	a node or property missing, a name without NUL, SIZE too
 *			small, an address without a count or a count without an
 *			address, a block without entries (readers refuse it), another
 *			number of files than the session says, a list in a circle
 *	-KHO_ERR_LIMIT	a count above the format's, or above KHO_LUO_BYTES_MAX
 *	-KHO_ERR_ALIGN	a block that is not aligned to its order
 *	-KHO_ERR_READ
 *	whatever the visitor returned
 */
int kho_luo_walk(unsigned int page_shift, const struct kho_mem *mem, const struct kho_node *node,
		 const struct kho_luo_visitor *visitor, struct kho_luo_info *ret_info);

/*
 * Walk NODE into the arrays of STATE, whose counts are first the room there is, then what was
 * found. After an error arrays may hold some of it.
 *
 * Errors: as kho_luo_walk(); -KHO_ERR_NOSPACE.
 */
int kho_luo_read(unsigned int page_shift, const struct kho_mem *mem, const struct kho_node *node,
		 struct kho_luo_state *state);

/*
 * Bytes that kho_luo_encode() needs, a multiple of the page size.
 *
 * Errors: -KHO_ERR_ABI, -KHO_ERR_INVAL (page shift, a name without NUL, a
 * file_count that does not fit the sessions'), -KHO_ERR_LIMIT (with pages of
 * 4 KiB, luo-v1 holds 819 sessions of 128 files; luo-v5 510000 sessions of 630000
 * files; both 63 FLBs; no walk reads more than KHO_LUO_BYTES_MAX).
 */
int kho_luo_size(enum kho_luo_abi abi, unsigned int page_shift, const struct kho_luo_state *state,
		 uint64_t *ret_size);

/* Memory for the encoded state. */
struct kho_luo_output {
	size_t struct_size;		/* sizeof(struct kho_luo_output) */
	void *buf;			/* may be NULL if room is 0 */
	size_t room;			/* bytes of buf */
	uint64_t base;			/* where the next kernel finds buf; not 0 */
};

/*
 * Encode STATE in OUT, whose base is aligned to 16 pages for luo-v1, to one for luo-v5.
 * *RET_NODE gets the node for the root FDT. VISITOR, which may be NULL, is called for each
 * block that must be preserved; only its member block is called. After an error the buffer may
 * have been written.
 *
 * A place for FLBs is made even if there are none: from 7.1 on readers of luo-v1 panic without
 * it, and the reader of 6.19 never looks for it.
 *
 * Errors: as kho_luo_size(); -KHO_ERR_INVAL also for OUT's size; -KHO_ERR_NOSPACE;
 * -KHO_ERR_ALIGN; -KHO_ERR_RANGE (the address wraps around, or base is 0); -KHO_ERR_EXISTS
 * (two sessions or two FLBs of one name, which readers refuse); whatever the visitor returned.
 */
int kho_luo_encode(enum kho_luo_abi abi, unsigned int page_shift,
		   const struct kho_luo_state *state, const struct kho_luo_output *out,
		   const struct kho_luo_visitor *visitor, struct kho_node *ret_node);

/* What cannot be converted, and where it belongs. NULL: not concerned. Points into the state. */
struct kho_luo_culprit {
	const struct kho_luo_session *session;
	const struct kho_luo_file *file;
	const struct kho_luo_flb *flb;
};

/*
 * Bytes that kho_luo_convert() needs: a page for each file of another memfd ABI.
 * Errors: -KHO_ERR_INVAL (page shift, TO, or STATE as in kho_luo_size()).
 */
int kho_luo_convert_size(unsigned int page_shift, const struct kho_luo_state *state,
			 enum kho_memfd_abi to, uint64_t *ret_size);

/*
 * Prepare STATE for a kernel of another release, whose memfd handler has ABI TO. Each memfd
 * file of another ABI gets a new struct, in a page of its own in OUT, whose base is page
 * aligned; its handler's name and data change in STATE. Each of these pages must be preserved
 * with order 0, the old ones need not be any more. Folios, and the areas with their records,
 * stay.
 *
 * The LUO ABI that the state is then encoded for is a separate choice: 6.19 has luo-v1 with
 * memfd-v1, 7.1 luo-v1 with memfd-v2, 7.2 and 7.3 luo-v5 with memfd-v2.
 *
 * Files of other handlers and FLBs are unknown here, and refused with -KHO_ERR_LOSS. STATE
 * changes only on success. After an error *RETERR_CULPRIT, which may be NULL, says what could
 * not be converted.
 *
 * Errors: -KHO_ERR_INVAL (also OUT's size), -KHO_ERR_NOSPACE, -KHO_ERR_RANGE and
 * -KHO_ERR_ALIGN (of base; of a file's struct), -KHO_ERR_LOSS (also from kho_memfd_write()),
 * -KHO_ERR_BADNODE (a file's struct is malformed), -KHO_ERR_READ.
 */
int kho_luo_convert(unsigned int page_shift, const struct kho_mem *mem,
		    struct kho_luo_state *state, enum kho_memfd_abi to,
		    const struct kho_luo_output *out, struct kho_luo_culprit *reterr_culprit);

/* ---- Can a kernel read it? ----------------------------------------------- */

/* What a kernel writes and reads, according to the ABI strings in its image. */
struct kho_formats {
	enum kho_abi abi;		/* KHO_ABI_UNKNOWN: no KHO, or an unknown ABI */
	bool reserve_mem;		/* revives reserve_mem regions ("reserve-mem-v1") */
	char luo[16];			/* "luo-v5"; empty: no live update */
	char luo_session[24];		/* "luo-session-v2"; empty from 7.2 on */
	char luo_flb[16];		/* "luo-flb-v1"; empty in 6.19 and from 7.2 on */
	char memfd[16];			/* "memfd-v2" */
};

enum kho_fate {
	KHO_FATE_NATIVE,		/* read as it is */
	KHO_FATE_TRANSLATED,		/* read once it is rewritten for the other ABI */
	KHO_FATE_DROPPED,		/* left out, and nothing is lost by that */
	KHO_FATE_REFUSED,		/* cannot cross */
};

struct kho_verdict {
	enum kho_fate fate;
	const char *reason;		/* static text, "it" is TO's kernel; NULL if NATIVE */
};

/*
 * Fill in the live update formats that a kernel writes, from its node LUO; FORMATS has its abi
 * already. The node has no version for memfd state: memfd-v1 came with kho-v1, memfd-v2 with
 * the later ABIs.
 */
void kho_formats_add_luo(struct kho_formats *formats, const struct kho_luo_info *info);

/*
 * The preserved-memory map and root FDT that FROM writes, read by TO. A TO of
 * KHO_ABI_V2 is refused: no release is one.
 */
struct kho_verdict kho_compat_map(const struct kho_formats *from, const struct kho_formats *to);

/*
 * Node NAME that FROM writes, read by TO. SESSIONS: live update sessions are or may be open;
 * this matters for node LUO only. For a node that is not the kernel's own, the verdict is only
 * whether it arrives: its consumer checks its version. If the map is refused, so is each node
 * that cannot be left out.
 */
struct kho_verdict kho_compat_node(const struct kho_formats *from, const struct kho_formats *to,
				   const char *name, bool sessions);

/* ---- Scratch and placement --------------------------------------------- */

#define KHO_SCRATCH_ALIGN	(4ull << 20)	/* MAX_ORDER_NR_PAGES of 4 KiB pages */

/*
 * The first of COUNT ranges that [addr, addr + size) touches; NULL if none does.
 * Empty ranges touch nothing.
 */
const struct kho_range *kho_find_overlap(const struct kho_range *range, size_t count,
					 uint64_t addr, uint64_t size);

/* Is [addr, addr + size) inside the union of COUNT ranges? */
bool kho_ranges_cover(const struct kho_range *range, size_t count, uint64_t addr, uint64_t size);

struct kho_place {
	uint64_t size;			/* bytes wanted, not 0 */
	uint64_t align;			/* power of two */
	uint64_t min;			/* lowest address allowed */
	uint64_t max;			/* first address not allowed; 0: no limit */
};

/*
 * The highest address in one range of AREA that satisfies PLACE and stays clear of BUSY.
 * Errors: -KHO_ERR_INVAL, -KHO_ERR_NOSPACE.
 */
int kho_place_top(const struct kho_range *area, size_t areas, const struct kho_range *busy,
		  size_t busies, const struct kho_place *place, uint64_t *ret);

/*
 * The largest free piece of AREA within PLACE's limits, of at least 1 byte, with start and end
 * aligned to place->align; ignores place->size. Errors: -KHO_ERR_INVAL, -KHO_ERR_NOSPACE.
 */
int kho_largest_hole(const struct kho_range *area, size_t areas, const struct kho_range *busy,
		     size_t busies, const struct kho_place *place, struct kho_range *ret);

/* How much scratch, and where. */
struct kho_scratch_wish {
	size_t struct_size;		/* sizeof(struct kho_scratch_wish) */
	uint64_t low_limit;		/* end of the first area: it must lie below; 0: no limit */
	uint64_t want_low;		/* bytes in the first area at least */
	uint64_t want;			/* bytes of both, not 0 */
};

/*
 * Scratch for a kernel that has none: RET[0] below the limit, RET[1] anywhere (size 0 if the
 * first is enough), both aligned to KHO_SCRATCH_ALIGN and clear of BUSY. RAM ranges must not
 * overlap, and none may cross the limit (on x86 none does). Errors: -KHO_ERR_INVAL (also
 * WISH's size), -KHO_ERR_NOSPACE.
 */
int kho_scratch_plan(const struct kho_range *ram, size_t rams, const struct kho_range *busy,
		     size_t busies, const struct kho_scratch_wish *wish, struct kho_range ret[2]);

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
