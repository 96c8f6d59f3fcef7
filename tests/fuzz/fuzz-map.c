// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for maps of preserved memory: a chunk list or radix tree in a few
 * pages of hostile memory. What is read must come back the same from every encoder.
 */
#include <string.h>

#include "fuzz.h"
#include "kho.h"

#define PAGES		10		/* of physical memory, from page 1 on */
#define WALK_MAX	200		/* pages read by one walk */
#define BLOCKS_MAX	300

struct memory {
	unsigned char *bytes;
	uint64_t addr, size;
	enum kho_abi abi;
	unsigned int shift;
	/* What a walk met. */
	struct kho_block block[BLOCKS_MAX];
	uint64_t blocks, pages;
};

static int mem_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct memory *m = ctx;

	if (addr < m->addr || addr - m->addr > m->size || size > m->size - (addr - m->addr))
		return -1;
	memcpy(buf, m->bytes + (addr - m->addr), size);
	return 0;
}

static int on_page(void *ctx, uint64_t addr)
{
	struct memory *m = ctx;

	must(!(addr & ((1ull << m->shift) - 1)));
	m->pages++;
	return 0;
}

/* Keys of a radix tree ascend: from the largest order to the smallest, by address in each. */
static void check_ascends(const struct memory *m, uint64_t addr, unsigned int order)
{
	const struct kho_block *last;

	if (!m->blocks || !kho_abi_radix(m->abi))
		return;
	last = &m->block[m->blocks - 1];
	must(order < last->order || (order == last->order && addr > last->addr));
}

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct memory *m = ctx;

	must(order <= 63 - m->shift);
	must(!(addr & ((1ull << (m->shift + order)) - 1)));
	if (m->blocks == BLOCKS_MAX)
		return 1;
	check_ascends(m, addr, order);
	m->block[m->blocks++] = (struct kho_block){ addr, order };
	return 0;
}

static int walk(struct memory *m, uint64_t max_pages)
{
	const struct kho_mem mem = { mem_read, m };
	const struct kho_map_visitor visitor = { on_block, on_page, m };
	int err;

	m->blocks = m->pages = 0;
	err = kho_map_walk(m->abi, m->shift, &mem, m->addr, max_pages, &visitor);
	must(m->pages <= max_pages);
	return err;
}

/* The set that was met, in a buffer that is free()d by the caller. */
static struct kho_map make_set(const struct memory *m)
{
	size_t room = (1 + 5 * m->blocks) << m->shift;
	struct kho_map map;

	must(!kho_map_init(&map, m->shift, malloc(room), room));
	for (uint64_t i = 0; i < m->blocks; i++)
		must(!kho_map_add(&map, m->block[i].addr, m->block[i].order));
	must(map.blocks <= m->blocks);
	return map;
}

static bool fits(const struct memory *m, enum kho_abi abi)
{
	for (uint64_t i = 0; i < m->blocks; i++)
		if (m->block[i].order > kho_abi_max_order(abi, m->shift))
			return false;
	return true;
}

/* A walk meets each block of the set once, and no others. */
static void check_walk(struct memory *m, const struct kho_map *map)
{
	must(!walk(m, m->size >> m->shift));
	must(m->pages << m->shift == m->size);
	must(m->blocks == map->blocks);
	for (uint64_t i = 0; i < m->blocks; i++)
		must(kho_map_has(map, m->block[i].addr, m->block[i].order));
}

static void check_encoder(const struct memory *m, const struct kho_map *map, enum kho_abi abi)
{
	static struct memory again;
	uint64_t root;

	again = (struct memory){ .addr = 1ull << 40, .abi = abi, .shift = m->shift };
	if (!fits(m, abi)) {
		must(kho_map_size(map, abi, &again.size) == -KHO_ERR_RANGE);
		return;
	}
	must(!kho_map_size(map, abi, &again.size));
	again.bytes = malloc(again.size);
	must(again.bytes != NULL);
	must(!kho_map_encode(map, abi, again.bytes, again.size, again.addr, &root));
	must(root == again.addr);
	check_walk(&again, map);
	if (abi == KHO_ABI_V1) {
		again.abi = KHO_ABI_V1_512;
		check_walk(&again, map);
	}
	free(again.bytes);
}

/* If it is said not to matter, both readings are the same. */
static void check_form(struct memory *m)
{
	const struct kho_mem mem = { mem_read, m };
	static struct memory other;
	enum kho_abi form;
	int err;

	if (kho_v1_form(m->shift, &mem, m->addr, WALK_MAX, &form) || form != KHO_ABI_V1)
		return;
	other = *m;
	other.abi = KHO_ABI_V1_512;
	m->abi = KHO_ABI_V1;
	err = walk(m, WALK_MAX);
	must(walk(&other, WALK_MAX) == err);
	must(other.blocks == m->blocks && other.pages == m->pages);
	must(!memcmp(other.block, m->block, m->blocks * sizeof(m->block[0])));
}

/*
 * The input fills memory word by word, 12 bytes for each: page, word of the
 * page, value. All else is zero, as most of a map is.
 */
static void fill(struct memory *m, const uint8_t *data, size_t size)
{
	for (; size >= 12; data += 12, size -= 12) {
		uint16_t page, word;

		memcpy(&page, data, sizeof(page));
		memcpy(&word, data + 2, sizeof(word));
		memcpy(m->bytes + ((uint64_t)(page % PAGES) << m->shift) +
		       word % (1u << (m->shift - 3)) * 8, data + 4, 8);
	}
}

/* Of ABIs with the same encoding, one is enough. */
static void check_map(struct memory *m)
{
	static const enum kho_abi written[] = { KHO_ABI_V1, KHO_ABI_V3, KHO_ABI_V4 };
	struct kho_map map;

	if (!walk(m, WALK_MAX)) {
		map = make_set(m);
		for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++)
			check_encoder(m, &map, written[i]);
		free(map.buf);
	}
	if (!kho_abi_radix(m->abi))
		check_form(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory m;

	if (!size)
		return 0;
	m.abi = (enum kho_abi)(KHO_ABI_V1_512 + data[0] % 5);
	m.shift = 12 + data[0] / 5 % 3 * 2;
	m.addr = 1ull << m.shift;
	m.size = (uint64_t)PAGES << m.shift;
	m.bytes = calloc(1, m.size);
	must(m.bytes != NULL);
	fill(&m, data + 1, size - 1);
	check_map(&m);
	free(m.bytes);
	return 0;
}
