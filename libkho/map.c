/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A set of blocks: the radix tree of ABI v2 to v4 (see map.h), except that its links are
 * offsets in the buffer, so that it can move. The top table is at 0; no link leads there, so 0
 * means no link.
 */
#include <string.h>

#include "map.h"

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

int kho_map_walk(enum kho_abi abi, unsigned int page_shift, const struct kho_mem *mem,
		 uint64_t root, uint64_t max_pages, const struct kho_map_visitor *visitor)
{
	const struct kho_abi_info *info = kho_abi_info_(abi);

	if (!info || !kho_page_shift_valid_(page_shift) || !max_pages || (info->radix && !root))
		return -KHO_ERR_INVAL;
	if (info->radix)
		return kho_radix_walk_(page_shift, mem, root, max_pages, visitor);
	return kho_chunks_walk_(page_shift, abi == KHO_ABI_V1_512, mem, root, max_pages, visitor);
}

static uint64_t *page_at(const struct kho_map *map, size_t offset)
{
	return (uint64_t *)((unsigned char *)map->buf + offset);
}

int kho_map_init(struct kho_map *map, unsigned int page_shift, void *buf, size_t size)
{
	if (!kho_page_shift_valid_(page_shift) || (uintptr_t)buf % sizeof(uint64_t))
		return -KHO_ERR_INVAL;
	if (size >> page_shift == 0)
		return -KHO_ERR_NOSPACE;
	*map = (struct kho_map){
		.page_shift = page_shift,
		.buf = buf,
		.size = size,
		.used = 1u << page_shift,
	};
	memset(buf, 0, map->used);
	return 0;
}

void kho_map_move(struct kho_map *map, void *buf, size_t size)
{
	map->buf = buf;
	map->size = size;
}

/*
 * Go down to the leaf of KEY as far as there are links. Returns the level of the page it has
 * reached, 0 for the leaf, and its offset.
 */
static unsigned int descend(const struct kho_map *map, const struct geometry *g, uint64_t key,
			    size_t *ret_page)
{
	unsigned int level = g->depth - 1;
	size_t page = 0;

	for (; level; level--) {
		uint64_t link = page_at(map, page)[level_index(g, level, key)];

		if (!link)
			break;
		page = link;
	}
	*ret_page = page;
	return level;
}

/* The leaf of KEY. Adds all missing tables above it, or none of them. */
static int make_leaf(struct kho_map *map, uint64_t key, size_t *ret)
{
	const struct geometry g = geometry(map->page_shift);
	size_t page, page_size = 1u << map->page_shift;
	unsigned int level = descend(map, &g, key, &page);

	if ((map->size - map->used) >> map->page_shift < level)
		return -KHO_ERR_NOSPACE;
	for (; level; level--) {
		memset(page_at(map, map->used), 0, page_size);
		page_at(map, page)[level_index(&g, level, key)] = map->used;
		page = map->used;
		map->used += page_size;
	}
	*ret = page;
	return 0;
}

static void set_bit(struct kho_map *map, uint64_t *word, uint64_t bit, uint64_t block_size)
{
	if (*word & bit)
		return;
	*word |= bit;
	map->blocks++;
	if (__builtin_add_overflow(map->bytes, block_size, &map->bytes))
		map->bytes = UINT64_MAX;
}

int kho_map_add(struct kho_map *map, uint64_t addr, unsigned int order)
{
	unsigned int leaf_bits = map->page_shift + 3;
	uint64_t key, index;
	int err = key_encode(map->page_shift, addr, order, &key);

	if (err)
		return err;
	if (!map->cache.leaf || key >> leaf_bits != map->cache.key) {
		err = make_leaf(map, key, &map->cache.leaf);
		if (err)
			return err;
		map->cache.key = key >> leaf_bits;
	}
	index = key & ((1ull << leaf_bits) - 1);
	set_bit(map, page_at(map, map->cache.leaf) + index / 64, 1ull << index % 64,
		1ull << (order + map->page_shift));
	return 0;
}

bool kho_map_has(const struct kho_map *map, uint64_t addr, unsigned int order)
{
	const struct geometry g = geometry(map->page_shift);
	uint64_t key, index;
	size_t leaf;

	if (key_encode(map->page_shift, addr, order, &key) || descend(map, &g, key, &leaf))
		return false;
	index = key & ((1ull << g.leaf_bits) - 1);
	return page_at(map, leaf)[index / 64] >> index % 64 & 1;
}

struct leaves {
	const struct kho_map *map;
	struct geometry g;
	uint64_t first, last;
	kho_leaf_fn_ *leaf;
	void *ctx;
};

/* The leaves below the page at OFFSET, whose first key is KEY. */
static int visit_leaves(const struct leaves *l, unsigned int level, size_t offset, uint64_t key)
{
	const uint64_t *page = page_at(l->map, offset);
	unsigned int shift = level_shift(&l->g, level);
	size_t from = 0, to = (1u << l->g.table_bits) - 1;
	int err = 0;

	if (!level)
		return l->leaf(l->ctx, key, page);
	if (l->first > key)
		from = level_index(&l->g, level, l->first);
	if ((l->last - key) >> shift < to)
		to = level_index(&l->g, level, l->last);
	for (uint64_t i = from; !err && i <= to; i++)
		if (page[i])
			err = visit_leaves(l, level - 1, page[i], key | i << shift);
	return err;
}

int kho_map_leaves_(const struct kho_map *map, uint64_t first, uint64_t last, kho_leaf_fn_ *leaf,
		    void *ctx)
{
	const struct leaves l = { map, geometry(map->page_shift), first, last, leaf, ctx };

	return visit_leaves(&l, l.g.depth - 1, 0, 0);
}

struct each {
	unsigned int page_shift;
	const struct kho_map_visitor *visitor;
};

static int each_leaf(void *ctx, uint64_t key, const uint64_t *word)
{
	const struct each *e = ctx;

	return kho_leaf_visit_(e->page_shift, word, (1u << e->page_shift) / sizeof(*word), key,
			       e->visitor);
}

int kho_map_each(const struct kho_map *map, const struct kho_map_visitor *visitor)
{
	struct each e = { map->page_shift, visitor };

	return kho_map_leaves_(map, 0, UINT64_MAX, each_leaf, &e);
}

static int first_order(void *ctx, uint64_t addr, unsigned int order)
{
	(void)addr;
	*(unsigned int *)ctx = order;
	return 1;
}

/* The order of the first block in the walk; 0 if there is none. */
static unsigned int largest_order(const struct kho_map *map)
{
	unsigned int order = 0;
	const struct kho_map_visitor visitor = { .block = first_order, .ctx = &order };

	kho_map_each(map, &visitor);
	return order;
}

int kho_map_size(const struct kho_map *map, enum kho_abi abi, uint64_t *ret_size)
{
	const struct kho_abi_info *info = kho_abi_info_(abi);

	if (!info)
		return -KHO_ERR_ABI;
	if (largest_order(map) > kho_abi_max_order(abi, map->page_shift))
		return -KHO_ERR_RANGE;
	*ret_size = info->radix ? map->used : kho_chunks_size_(map);
	return 0;
}

/* Turn the links in a table, and in those below it, into addresses. */
static void relocate(const struct geometry *g, unsigned char *buf, unsigned int level,
		     uint64_t *table, uint64_t base)
{
	for (size_t i = 0; i < 1u << g->table_bits; i++) {
		if (!table[i])
			continue;
		if (level > 1)
			relocate(g, buf, level - 1, (uint64_t *)(buf + table[i]), base);
		table[i] += base;
	}
}

static void encode_radix(const struct kho_map *map, void *buf, uint64_t base)
{
	const struct geometry g = geometry(map->page_shift);

	memmove(buf, map->buf, map->used);
	relocate(&g, buf, g.depth - 1, buf, base);
}

int kho_map_encode(const struct kho_map *map, enum kho_abi abi, void *buf, size_t size,
		   uint64_t base, uint64_t *ret_root)
{
	uint64_t need;
	int err = kho_map_size(map, abi, &need);

	if (err)
		return err;
	if (need > size)
		return -KHO_ERR_NOSPACE;
	if (base & ((1ull << map->page_shift) - 1) || (uintptr_t)buf % sizeof(uint64_t))
		return -KHO_ERR_ALIGN;
	if (need > UINT64_MAX - base)
		return -KHO_ERR_RANGE;
	if (kho_abi_radix(abi))
		encode_radix(map, buf, base);
	else
		kho_chunks_encode_(map, buf, base);
	*ret_root = base;
	return 0;
}
