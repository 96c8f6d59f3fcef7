/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The radix tree of ABI v2 to v4: a set of (address, order) pairs.
 *
 * A key has one marker bit at 64 - PAGE_SHIFT - order, above it zeros, below
 * it the page frame number in units of the order. Level 0 is a bitmap of one
 * page, each level above a table of one page of physical addresses.
 */
#include <stdlib.h>
#include <string.h>

#include "abi.h"

#define DEPTH_MAX	6		/* levels with 4 KiB pages */

struct geometry {
	unsigned int page_shift;
	unsigned int leaf_bits;		/* key bits a leaf decides */
	unsigned int table_bits;	/* key bits a table decides */
	unsigned int depth;		/* levels, leaf included */
};

static struct geometry geometry(unsigned int page_shift)
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

/* Lowest key bit that LEVEL does not decide. */
static unsigned int level_shift(const struct geometry *g, unsigned int level)
{
	return level ? g->leaf_bits + (level - 1) * g->table_bits : 0;
}

static unsigned int level_index(const struct geometry *g, unsigned int level, uint64_t key)
{
	unsigned int bits = level ? g->table_bits : g->leaf_bits;

	return (unsigned int)(key >> level_shift(g, level)) & ((1u << bits) - 1);
}

static int key_encode(const struct geometry *g, const struct kho_block *block, uint64_t *ret)
{
	if (block->order > 63 - g->page_shift)
		return -KHO_ERR_RANGE;
	if (block->addr & ((1ull << (block->order + g->page_shift)) - 1))
		return -KHO_ERR_ALIGN;
	*ret = 1ull << (64 - g->page_shift - block->order);
	*ret |= block->addr >> (g->page_shift + block->order);
	return 0;
}

static int key_decode(const struct geometry *g, uint64_t key, struct kho_block *ret)
{
	unsigned int top;

	if (!key)
		return -KHO_ERR_BADMAP;
	top = 63 - (unsigned int)__builtin_clzll(key);
	if (top > 64 - g->page_shift || top == 0)
		return -KHO_ERR_BADMAP;
	ret->order = 64 - g->page_shift - top;
	ret->addr = (key ^ (1ull << top)) << (g->page_shift + ret->order);
	return 0;
}

int kho_split_range(unsigned int page_shift, const struct kho_range *range,
		    struct kho_block *block, size_t max, size_t *ret_count)
{
	uint64_t pfn, end;
	size_t count = 0;

	if (!kho_page_shift_valid_(page_shift) || !range->size)
		return -KHO_ERR_INVAL;
	if ((range->addr | range->size) & ((1ull << page_shift) - 1))
		return -KHO_ERR_ALIGN;
	if (range->size > UINT64_MAX - range->addr)
		return -KHO_ERR_RANGE;
	pfn = range->addr >> page_shift;
	end = pfn + (range->size >> page_shift);
	while (pfn < end) {
		unsigned int order = 63 - (unsigned int)__builtin_clzll(end - pfn);

		if (pfn && (unsigned int)__builtin_ctzll(pfn) < order)
			order = (unsigned int)__builtin_ctzll(pfn);
		if (count == max)
			return -KHO_ERR_NOSPACE;
		block[count].addr = pfn << page_shift;
		block[count++].order = order;
		pfn += 1ull << order;
	}
	*ret_count = count;
	return 0;
}

/* Larger orders have smaller keys; invalid blocks are found by the encoder. */
static int compare_blocks(const void *a, const void *b)
{
	const struct kho_block *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? 1 : -1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

void kho_radix_sort(unsigned int page_shift, struct kho_block *block, size_t count)
{
	(void)page_shift;	/* the order of keys is the same for every page size */
	qsort(block, count, sizeof(*block), compare_blocks);
}

/* The highest level at which two keys part; 0 also if they are the same. */
static unsigned int parting_level(const struct geometry *g, uint64_t a, uint64_t b)
{
	for (unsigned int level = g->depth; level-- > 0;)
		if (level_index(g, level, a) != level_index(g, level, b))
			return level;
	return 0;
}

int kho_radix_size(unsigned int page_shift, const struct kho_block *block, size_t count,
		   uint64_t *ret_size)
{
	struct geometry g;
	uint64_t pages = 1, key, last = 0;
	int err;

	if (!kho_page_shift_valid_(page_shift))
		return -KHO_ERR_INVAL;
	g = geometry(page_shift);
	for (size_t i = 0; i < count; i++) {
		err = key_encode(&g, &block[i], &key);
		if (err)
			return err;
		if (i && key < last)
			return -KHO_ERR_INVAL;
		/* Parting in a table at some level makes one new page for each level below. */
		pages += i ? parting_level(&g, last, key) : g.depth - 1;
		last = key;
	}
	*ret_size = pages << page_shift;
	return 0;
}

int kho_radix_encode(unsigned int page_shift, const struct kho_block *block, size_t count,
		     void *buf, size_t size, uint64_t base, uint64_t *ret_root)
{
	unsigned char *page[DEPTH_MAX], *next = buf;
	struct geometry g;
	uint64_t need, key, last = 0;
	int err;

	err = kho_radix_size(page_shift, block, count, &need);
	if (err)
		return err;
	if (need > size)
		return -KHO_ERR_NOSPACE;
	if (base & ((1ull << page_shift) - 1))
		return -KHO_ERR_ALIGN;
	if (need > UINT64_MAX - base)
		return -KHO_ERR_RANGE;
	g = geometry(page_shift);
	memset(buf, 0, need);
	page[g.depth - 1] = next;
	next += 1ull << page_shift;
	for (size_t i = 0; i < count; i++) {
		unsigned int level, bit;

		err = key_encode(&g, &block[i], &key);
		if (err)
			return err;
		level = i ? parting_level(&g, last, key) : g.depth - 1;
		for (; level > 0; level--) {
			uint64_t child = base + (uint64_t)(next - (unsigned char *)buf);

			memcpy(page[level] + level_index(&g, level, key) * sizeof(child), &child,
			       sizeof(child));
			page[level - 1] = next;
			next += 1ull << page_shift;
		}
		bit = level_index(&g, 0, key);
		page[0][bit / 8] |= (unsigned char)(1u << bit % 8);
		last = key;
	}
	*ret_root = base;
	return 0;
}

struct walk {
	struct geometry g;
	const struct kho_mem *mem;
	const struct kho_map_visitor *visitor;
	uint64_t pages_left;
};

#define PIECE	4096			/* bytes of a map page held at a time */

static int read_piece(const struct walk *w, uint64_t addr, uint64_t *word)
{
	return w->mem->read(w->mem->ctx, addr, word, PIECE) ? -KHO_ERR_READ : 0;
}

static int visit_word(const struct walk *w, uint64_t word, uint64_t key)
{
	while (word) {
		struct kho_block block;
		int err = key_decode(&w->g, key | (unsigned int)__builtin_ctzll(word), &block);

		if (err)
			return err;
		err = w->visitor->block(w->visitor->ctx, block.addr, block.order);
		if (err)
			return err;
		word &= word - 1;
	}
	return 0;
}

static int walk_page(struct walk *w, unsigned int level, uint64_t addr, uint64_t key);

static int walk_word(struct walk *w, unsigned int level, uint64_t word, uint64_t index, uint64_t key)
{
	if (!word)
		return 0;
	if (level == 0)
		return visit_word(w, word, key | index << 6);
	return walk_page(w, level - 1, word, key | index << level_shift(&w->g, level));
}

/* Recursion is bounded by the depth of the tree, at most DEPTH_MAX. */
static int walk_page(struct walk *w, unsigned int level, uint64_t addr, uint64_t key)
{
	uint64_t word[PIECE / sizeof(uint64_t)], page_size = 1ull << w->g.page_shift;
	int err = 0;

	if (addr & (page_size - 1))
		return -KHO_ERR_ALIGN;
	if (!w->pages_left--)
		return -KHO_ERR_LIMIT;
	if (w->visitor->page)
		err = w->visitor->page(w->visitor->ctx, addr);
	for (uint64_t off = 0; !err && off < page_size; off += PIECE) {
		err = read_piece(w, addr + off, word);
		for (size_t i = 0; !err && i < PIECE / sizeof(uint64_t); i++)
			err = walk_word(w, level, word[i], off / sizeof(uint64_t) + i, key);
	}
	return err;
}

int kho_radix_walk(unsigned int page_shift, const struct kho_mem *mem, uint64_t root,
		   uint64_t max_pages, const struct kho_map_visitor *visitor)
{
	struct walk w = { .mem = mem, .visitor = visitor, .pages_left = max_pages };

	if (!kho_page_shift_valid_(page_shift) || !root || !max_pages)
		return -KHO_ERR_INVAL;
	w.g = geometry(page_shift);
	return walk_page(&w, w.g.depth - 1, root, 0);
}
