/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "grow.h"

#define FIRST_PAGES	16
#define SIZE_MAX_BYTES	(1ull << 30)	/* 2^33 blocks side by side; a hostile map may ask for more */

int blocks_init(struct blocks *blocks, unsigned int page_shift)
{
	size_t size;
	void *buf;
	int err;

	memset(blocks, 0, sizeof(*blocks));
	if (page_shift > KHO_PAGE_SHIFT_MAX)
		return -KHO_ERR_INVAL;
	size = (size_t)FIRST_PAGES << page_shift;
	buf = malloc(size);
	if (!buf)
		return -KHO_ERR_NOSPACE;
	err = kho_map_init(&blocks->map, page_shift, buf, size);
	if (err) {
		free(buf);
		memset(blocks, 0, sizeof(*blocks));
	}
	return err;
}

int blocks_copy(struct blocks *blocks, const struct blocks *from)
{
	void *buf = malloc(from->map.size);

	memset(blocks, 0, sizeof(*blocks));
	if (!buf)
		return -KHO_ERR_NOSPACE;
	memcpy(buf, from->map.buf, from->map.used);
	blocks->map = from->map;
	kho_map_move(&blocks->map, buf, from->map.size);
	return 0;
}

static int enlarge(struct kho_map *map)
{
	size_t size = map->size;
	void *buf = grow(map->buf, &size, size + 1, SIZE_MAX_BYTES, 1);

	if (!buf)
		return -KHO_ERR_NOSPACE;
	kho_map_move(map, buf, size);
	return 0;
}

int blocks_add(struct blocks *blocks, uint64_t addr, unsigned int order)
{
	int err = kho_map_add(&blocks->map, addr, order);

	while (err == -KHO_ERR_NOSPACE) {
		if (enlarge(&blocks->map))
			return -KHO_ERR_NOSPACE;
		err = kho_map_add(&blocks->map, addr, order);
	}
	return err;
}

void blocks_free(struct blocks *blocks)
{
	free(blocks->map.buf);
	memset(blocks, 0, sizeof(*blocks));
}

struct search {
	const struct kho_range *range;
	size_t count;
	unsigned int page_shift;
	struct kho_range *ret;
};

static int compare_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct search *s = ctx;
	const struct kho_range block = { addr, 1ull << (order + s->page_shift) };

	if (!kho_find_overlap(s->range, s->count, block.addr, block.size))
		return 0;
	*s->ret = block;
	return 1;
}

bool blocks_find_overlap(const struct blocks *b, const struct kho_range *range, size_t count,
			 struct kho_range *ret)
{
	struct search search = { range, count, b->map.page_shift, ret };
	const struct kho_map_visitor visitor = { compare_block, NULL, &search };

	return kho_map_each(&b->map, &visitor) != 0;
}
