/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of kho_map_*() share; internal to libkho. */
#ifndef KHO_MAP_H
#define KHO_MAP_H

#include "abi.h"

#define PIECE	4096			/* bytes of a map page held at a time */
#define PIECE_WORDS	(PIECE / sizeof(uint64_t))

/*
 * A key has one marker bit at 64 - PAGE_SHIFT - order, above it zeros, below it
 * the page frame number in units of the order. Level 0 is a bitmap of one page,
 * each level above a table of one page of links.
 */
struct geometry {
	unsigned int page_shift;
	unsigned int leaf_bits;		/* key bits a leaf decides */
	unsigned int table_bits;	/* key bits a table decides */
	unsigned int depth;		/* levels, leaf included; at most 6 */
};

static inline struct geometry geometry(unsigned int page_shift)
{
	struct geometry g = {
		.page_shift = page_shift,
		.leaf_bits = page_shift + 3,
		.table_bits = page_shift - 3,
	};
	unsigned int key_bits = 64 - page_shift + 1;

	g.depth = (key_bits - g.leaf_bits + g.table_bits - 1) / g.table_bits + 1;
	return g;
}

/* The lowest key bit that LEVEL decides itself. */
static inline unsigned int level_shift(const struct geometry *g, unsigned int level)
{
	return level ? g->leaf_bits + (level - 1) * g->table_bits : 0;
}

/* The index of KEY's entry in a table; LEVEL is not 0. */
static inline size_t level_index(const struct geometry *g, unsigned int level, uint64_t key)
{
	return (key >> level_shift(g, level)) & ((1u << g->table_bits) - 1);
}

/* The smallest key of blocks of ORDER; the largest is twice that, minus one. */
static inline uint64_t order_marker(unsigned int page_shift, unsigned int order)
{
	return 1ull << (64 - page_shift - order);
}

/* Errors: -KHO_ERR_RANGE, -KHO_ERR_ALIGN. */
static inline int key_encode(unsigned int page_shift, uint64_t addr, unsigned int order,
			     uint64_t *ret)
{
	if (order > 63 - page_shift)
		return -KHO_ERR_RANGE;
	if (addr & ((1ull << (order + page_shift)) - 1))
		return -KHO_ERR_ALIGN;
	*ret = order_marker(page_shift, order) | addr >> (page_shift + order);
	return 0;
}

/* Errors: -KHO_ERR_BADMAP. */
static inline int key_decode(unsigned int page_shift, uint64_t key, struct kho_block *ret)
{
	unsigned int top;

	if (key < 2)
		return -KHO_ERR_BADMAP;
	top = 63 - (unsigned int)__builtin_clzll(key);
	if (top > 64 - page_shift)
		return -KHO_ERR_BADMAP;
	ret->order = 64 - page_shift - top;
	ret->addr = (key ^ (1ull << top)) << (page_shift + ret->order);
	return 0;
}

/* Call VISITOR for the blocks of COUNT words of a leaf, whose first block has KEY. */
int kho_leaf_visit_(unsigned int page_shift, const uint64_t *word, size_t count, uint64_t key,
		    const struct kho_map_visitor *visitor);

/*
 * Call LEAF for each leaf of MAP that has keys of [FIRST, LAST], in ascending order, with the
 * leaf's first key. A return value other than 0 ends the walk and is passed on.
 */
typedef int kho_leaf_fn_(void *ctx, uint64_t key, const uint64_t *word);
int kho_map_leaves_(const struct kho_map *map, uint64_t first, uint64_t last, kho_leaf_fn_ *leaf,
		    void *ctx);

/* As kho_map_walk(), for each kind of map; all arguments but ROOT have been checked. */
int kho_radix_walk_(unsigned int page_shift, const struct kho_mem *mem, uint64_t root,
		    uint64_t max_pages, const struct kho_map_visitor *visitor);
int kho_chunks_walk_(unsigned int page_shift, bool short_bitmaps, const struct kho_mem *mem,
		     uint64_t root, uint64_t max_pages, const struct kho_map_visitor *visitor);

/*
 * Chunks for MAP, which has no order above those of v1: the bytes needed, and the list itself,
 * in a buffer of that size.
 */
uint64_t kho_chunks_size_(const struct kho_map *map);
void kho_chunks_encode_(const struct kho_map *map, unsigned char *buf, uint64_t base);

#endif
