// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for libkho: the first byte chooses the reader, the others
 * are its input. What is read must come back the same from the writer.
 */
#include <string.h>

#include "fuzz.h"
#include "kho.h"

#define PAGES		8		/* of physical memory, from page 1 on */
#define WALK_MAX	200		/* pages read by one walk */
#define BLOCKS_MAX	256

/* Device tree blobs are to be aligned; reads past SIZE are to be seen. */
static void *copy_of(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	must(copy != NULL);
	memcpy(copy, data, size);
	return copy;
}

static void fuzz_root(const uint8_t *data, size_t size)
{
	static _Alignas(8) unsigned char buf[32768];
	static struct kho_root root, back;
	void *copy = copy_of(data, size);

	if (!kho_root_read(copy, size, &root)) {
		memset(&back, 0xee, sizeof(back));
		must(root.node_count <= KHO_ROOT_NODES_MAX);
		must(root.map || root.abi == KHO_ABI_V1);
		/* What is written is complete. */
		root.incomplete = 0;
		must(kho_root_write(&root, buf, sizeof(buf)) == (root.map ? 0 : -KHO_ERR_INVAL));
		if (root.map) {
			must(!kho_root_read(buf, sizeof(buf), &back));
			must(!memcmp(&root, &back, sizeof(root)));
		}
	}
	free(copy);
}

/* The kernel names regions more freely than kexec would. */
static void fuzz_memblock(const uint8_t *data, size_t size)
{
	struct kho_region region[KHO_REGIONS_MAX], back[KHO_REGIONS_MAX];
	_Alignas(8) unsigned char buf[4096];
	size_t count, back_count;
	void *copy = copy_of(data, size);

	if (!kho_memblock_read(copy, size, region, &count)) {
		must(count <= KHO_REGIONS_MAX);
		for (size_t i = 0; i < count; i++)
			must(strnlen(region[i].name, KHO_REGION_NAME_MAX) < KHO_REGION_NAME_MAX &&
			     region[i].size && region[i].addr + region[i].size > region[i].addr);
		if (!kho_memblock_write(region, count, buf, sizeof(buf))) {
			must(!kho_memblock_read(buf, sizeof(buf), back, &back_count));
			must(back_count == count &&
			     !memcmp(region, back, count * sizeof(region[0])));
		}
	}
	free(copy);
}

static void fuzz_metadata(const uint8_t *data, size_t size)
{
	struct kho_metadata meta, back;
	unsigned char buf[KHO_METADATA_SIZE];
	void *copy = copy_of(data, size);

	if (!kho_metadata_read(copy, size, &meta)) {
		must(size >= KHO_METADATA_SIZE);
		kho_metadata_write(&meta, buf);
		must(!kho_metadata_read(buf, sizeof(buf), &back));
		must(!strcmp(meta.previous_release, back.previous_release) &&
		     meta.kexec_count == back.kexec_count);
	}
	free(copy);
}

struct memory {
	unsigned char *bytes;
	uint64_t addr, size;
	struct kho_block block[BLOCKS_MAX];
	uint64_t blocks, pages;
	unsigned int shift;
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

/* Keys ascend: from the largest order to the smallest, by address in each. */
static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct kho_block block = { addr, order };
	struct memory *m = ctx;

	must(order <= 63 - m->shift);
	must(!(addr & ((1ull << (m->shift + order)) - 1)));
	if (m->blocks && m->blocks <= BLOCKS_MAX) {
		const struct kho_block *last = &m->block[m->blocks - 1];

		must(order < last->order || (order == last->order && addr > last->addr));
	}
	if (m->blocks < BLOCKS_MAX)
		m->block[m->blocks] = block;
	m->blocks++;
	return 0;
}

static int walk(struct memory *m, uint64_t max_pages)
{
	const struct kho_mem mem = { mem_read, m };
	const struct kho_map_visitor visitor = { on_block, on_page, m };

	return kho_map_walk(KHO_ABI_V4, m->shift, &mem, m->addr, max_pages, &visitor);
}

/* A tree of the same blocks, made by the encoder, is read as the same. */
static void check_again(const struct memory *m)
{
	static struct memory again;
	uint64_t room = (1 + 5 * m->blocks) << m->shift, root;
	struct kho_map map;

	again = (struct memory){ .addr = 1ull << m->shift, .shift = m->shift };
	again.bytes = malloc(room);
	must(again.bytes != NULL);
	must(!kho_map_init(&map, m->shift, again.bytes, room));
	for (uint64_t i = 0; i < m->blocks; i++)
		must(!kho_map_add(&map, m->block[i].addr, m->block[i].order));
	must(!kho_map_size(&map, KHO_ABI_V4, &again.size));
	must(!kho_map_encode(&map, KHO_ABI_V4, again.bytes, room, again.addr, &root));
	must(root == again.addr);
	must(!walk(&again, again.size >> m->shift));
	must(again.pages << m->shift == again.size && again.blocks == m->blocks);
	for (uint64_t i = 0; i < m->blocks; i++)
		must(again.block[i].addr == m->block[i].addr &&
		     again.block[i].order == m->block[i].order);
	free(again.bytes);
}

/*
 * The input fills memory word by word, 12 bytes for each: page, word of the
 * page, value. All else is zero, as most of a radix tree is.
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

static void fuzz_walk(const uint8_t *data, size_t size)
{
	static struct memory m;

	if (!size)
		return;
	m = (struct memory){ .shift = 12 + data[0] % 3 * 2 };
	m.addr = 1ull << m.shift;
	m.size = (uint64_t)PAGES << m.shift;
	m.bytes = calloc(1, m.size);
	must(m.bytes != NULL);
	fill(&m, data + 1, size - 1);
	/* A walk in circles meets the same keys' tables again, in other places. */
	if (!walk(&m, WALK_MAX) && m.blocks <= BLOCKS_MAX)
		check_again(&m);
	must(m.pages <= WALK_MAX);
	free(m.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const target[])(const uint8_t *, size_t) = {
		fuzz_root, fuzz_memblock, fuzz_metadata, fuzz_walk,
	};

	if (size)
		target[data[0] % 4](data + 1, size - 1);
	return 0;
}
