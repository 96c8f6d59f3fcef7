// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time and memory of maps of preserved memory: a set of blocks is built, encoded for
 * v4 and v1, read back, and translated from each to the other. Time is that of the CPU,
 * and the best of some runs counts; a figure in ns is for one block, one bit of a
 * bitmap. "allocated": the set's buffer, and the new map where it has one of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kho.h"

#define SHIFT		12
#define BASE		0x7000000000000ull	/* where maps are to be found */
#define RUNS		3
#define GIB		(1ull << 30)
#define HUGE_ORDER	9

enum shape { RANGE, HUGE_PAGES, SCATTERED };

static const char *const shape_names[] = {
	[RANGE] = "one range",		/* cut as the kernel does, and at each GiB */
	[HUGE_PAGES] = "in 2 MiB blocks",
	[SCATTERED] = "scattered pages",	/* one of 16, at random */
};

struct encoded {
	enum kho_abi abi;
	unsigned char *bytes;
	uint64_t size, root;
};

static void must(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "bench-map: %s\n", what);
	exit(1);
}

static void *allocate(size_t size)
{
	void *p = malloc(size);

	must(p != NULL, "no memory");
	return p;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void init(struct kho_map *map)
{
	must(!kho_map_init(map, SHIFT, allocate(1u << SHIFT), 1u << SHIFT), "init");
}

static int add(void *ctx, uint64_t addr, unsigned int order)
{
	struct kho_map *map = ctx;
	int err;

	while ((err = kho_map_add(map, addr, order)) == -KHO_ERR_NOSPACE) {
		void *buf = realloc(map->buf, map->size * 2);

		must(buf != NULL, "no memory");
		kho_map_move(map, buf, map->size * 2);
	}
	return err;
}

static int count(void *ctx, uint64_t addr, unsigned int order)
{
	(void)order;
	*(uint64_t *)ctx += addr >> SHIFT;
	return 0;
}

/* ---- Sets ---------------------------------------------------------------- */

static void fill_range(struct kho_map *map, uint64_t size)
{
	struct kho_block block[64];
	size_t blocks;

	/* It begins and ends within a GiB. */
	for (uint64_t at = 0; at < size + GIB; at += GIB) {
		uint64_t from = at ? at : 0x12345000, to = at < size ? at + GIB : at + 0x12345000;
		const struct kho_range range = { GIB + from, to - from };

		must(!kho_split_range(SHIFT, &range, block, 64, &blocks), "split");
		for (size_t i = 0; i < blocks; i++)
			must(!add(map, block[i].addr, block[i].order), "add");
	}
}

static void fill_huge_pages(struct kho_map *map, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += 1ull << (SHIFT + HUGE_ORDER))
		must(!add(map, GIB + at, HUGE_ORDER), "add");
}

static void fill_scattered(struct kho_map *map, uint64_t size)
{
	uint64_t pages = size >> SHIFT, x = 88172645463325252ull;

	for (uint64_t i = 0; i < pages / 16; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		must(!add(map, GIB + (x % pages << SHIFT), 0), "add");
	}
}

static double fill(struct kho_map *map, enum shape shape, uint64_t size)
{
	static void (*const filler[])(struct kho_map *, uint64_t) = {
		[RANGE] = fill_range, [HUGE_PAGES] = fill_huge_pages, [SCATTERED] = fill_scattered,
	};
	double start;

	init(map);
	start = now_ms();
	filler[shape](map, size);
	return now_ms() - start;
}

/* ---- What is measured ---------------------------------------------------- */

static void encode(const struct kho_map *map, enum kho_abi abi, struct encoded *ret)
{
	ret->abi = abi;
	must(!kho_map_size(map, abi, &ret->size), "size");
	ret->bytes = allocate(ret->size);
	must(!kho_map_encode(map, abi, ret->bytes, ret->size, BASE, &ret->root), "encode");
}

/* As encode(), where the set is not needed any more. Returns the bytes allocated. */
static uint64_t encode_last(struct kho_map *map, enum kho_abi abi, struct encoded *ret)
{
	if (!kho_abi_radix(abi)) {
		encode(map, abi, ret);
		free(map->buf);
		return map->size + ret->size;
	}
	ret->abi = abi;
	ret->size = map->used;
	ret->bytes = map->buf;
	must(!kho_map_encode(map, abi, map->buf, map->size, BASE, &ret->root), "encode");
	return map->size;
}

static int read_encoded(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct encoded *e = ctx;

	if (addr < BASE || addr - BASE > e->size || size > e->size - (addr - BASE))
		return -1;
	memcpy(buf, e->bytes + (addr - BASE), size);
	return 0;
}

static void walk(struct encoded *e, int (*block)(void *, uint64_t, unsigned int), void *ctx)
{
	const struct kho_mem mem = { read_encoded, e };
	const struct kho_map_visitor visitor = { block, NULL, ctx };

	must(!kho_map_walk(e->abi, SHIFT, &mem, e->root, UINT64_MAX, &visitor), "walk");
}

/* Returns the bytes allocated for it, the map that is read not counted. */
static uint64_t translate(struct encoded *from, enum kho_abi abi, struct encoded *ret)
{
	struct kho_map map;

	init(&map);
	walk(from, add, &map);
	return encode_last(&map, abi, ret);
}

struct times {
	double encode, decode, translate;
	uint64_t size, memory;
};

static double least(double a, double b)
{
	return !a || b < a ? b : a;
}

/* One run for ABI, and the way to it from OTHER. */
static void measure(const struct kho_map *map, enum kho_abi abi, enum kho_abi other,
		    struct times *times)
{
	struct encoded e, from, translated;
	uint64_t sum = 0;
	double start = now_ms();

	encode(map, abi, &e);
	times->encode = least(times->encode, now_ms() - start);
	start = now_ms();
	walk(&e, count, &sum);
	times->decode = least(times->decode, now_ms() - start);
	encode(map, other, &from);
	start = now_ms();
	times->memory = translate(&from, abi, &translated);
	times->translate = least(times->translate, now_ms() - start);
	must(translated.size == e.size, "a translation has another size");
	times->size = e.size;
	free(e.bytes);
	free(from.bytes);
	free(translated.bytes);
}

static void print_row(const char *what, double ms, uint64_t blocks)
{
	printf("  %-12s %9.3f ms %8.2f ns\n", what, ms, ms * 1e6 / (double)blocks);
}

static void print_abi(const char *abi, const char *other, const struct times *t, uint64_t blocks)
{
	char what[32];

	snprintf(what, sizeof(what), "%s encode", abi);
	print_row(what, t->encode, blocks);
	snprintf(what, sizeof(what), "%s decode", abi);
	print_row(what, t->decode, blocks);
	snprintf(what, sizeof(what), "%s to %s", other, abi);
	print_row(what, t->translate, blocks);
	printf("  %-12s %9.1f KiB, %.2f times that allocated to translate\n", "",
	       (double)t->size / 1024, (double)t->memory / (double)t->size);
}

static void bench(enum shape shape, uint64_t size)
{
	struct times v4 = { 0 }, v1 = { 0 };
	struct kho_map map;
	double fill_time = 0;

	for (unsigned int run = 0; run < RUNS; run++) {
		fill_time = least(fill_time, fill(&map, shape, size));
		measure(&map, KHO_ABI_V4, KHO_ABI_V1, &v4);
		measure(&map, KHO_ABI_V1, KHO_ABI_V4, &v1);
		free(map.buf);
	}
	printf("%llu GiB, %s: %llu blocks\n", (unsigned long long)(size / GIB), shape_names[shape],
	       (unsigned long long)map.blocks);
	print_row("add", fill_time, map.blocks);
	print_abi("v4", "v1", &v4, map.blocks);
	print_abi("v1", "v4", &v1, map.blocks);
}

int main(void)
{
	static const uint64_t sizes[] = { 1, 64, 1024 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (enum shape shape = RANGE; shape <= SCATTERED; shape++)
			bench(shape, sizes[i] * GIB);
	return 0;
}
