// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sets of blocks, compared with a sorted array of the same blocks: what is encoded is
 * what is read, and a translation from any ABI to any other keeps every pair.
 *
 * Environment: KHO_CASES, how many sets (4000); KHO_SEED, the first one's number, which a
 * failure names.
 */
#include <stdio.h>

#include "kho.h"
#include "unit.h"

#define MODEL_MAX	1200
#define GUARD		64		/* bytes after an encoded map that must not change */

/* What went in, sorted in the order of the ABI that is walked. */
struct model {
	struct kho_block block[MODEL_MAX];
	size_t count;
};

struct buffer {
	unsigned char *bytes;
	size_t room;
};

/* An encoded map, at its physical address. */
struct image {
	struct buffer buf;
	enum kho_abi abi;
	uint64_t base, size, root;
};

static unsigned long seed_number;
static unsigned int shift;
static uint32_t seed;

#define CHECK(condition) do { \
	if (!(condition)) \
		fail_msg("KHO_SEED=%lu KHO_CASES=1: not true: %s", seed_number, #condition); \
} while (0)

static void reserve(struct buffer *buf, size_t size)
{
	if (size <= buf->room)
		return;
	free(buf->bytes);
	buf->room = size * 2;
	buf->bytes = must_calloc(buf->room);
}

static uint32_t below(uint32_t limit)
{
	return random_next(&seed) % limit;
}

/* ---- Sets ---------------------------------------------------------------- */

static void add_block(struct model *m, uint64_t addr, unsigned int order)
{
	if (m->count < MODEL_MAX)
		m->block[m->count++] = (struct kho_block){
			addr >> (order + shift) << (order + shift), order };
}

/* Anywhere in 2^BITS bytes. */
static void add_scattered(struct model *m, unsigned int bits, unsigned int max_order)
{
	size_t count = below(shift == 12 ? 12 : 3);	/* each takes pages of its own */

	for (size_t i = 0; i < count; i++)
		add_block(m, random_u64(&seed) >> (64 - bits), below(max_order + 1));
}

/* One order, blocks side by side with gaps: full and half full bitmaps. */
static void add_run(struct model *m, unsigned int max_order)
{
	unsigned int order = below(max_order + 1), step = 1 + below(3);
	uint64_t addr = random_u64(&seed) >> 20;

	for (size_t i = below(600); i; i--, addr += (uint64_t)(1 + below(step)) << (order + shift))
		add_block(m, addr, order);
}

/* What the kernel makes of a range, where each block can be reserved. */
static void add_range(struct model *m, unsigned int max_order)
{
	struct kho_range range = { random_u64(&seed) >> (18 + below(10)) >> shift << shift,
				   (uint64_t)(1 + below(5000)) << shift };
	struct kho_block block[64];
	size_t count;

	CHECK(!kho_split_range(shift, &range, block, ARRAY_SIZE(block), &count));
	for (size_t i = 0; i < count; i++)
		if (block[i].order <= max_order)
			add_block(m, block[i].addr, block[i].order);
}

static void make_model(struct model *m, unsigned int max_order)
{
	m->count = 0;
	for (unsigned int parts = below(4); parts; parts--) {
		switch (below(4)) {
		case 0:
			add_scattered(m, 24 + below(41), max_order);
			break;
		case 1:
			add_scattered(m, 30, max_order < 10 ? max_order : 10);
			break;
		case 2:
			add_run(m, max_order);
			break;
		default:
			add_range(m, max_order);
		}
	}
}

static int compare_radix(const void *a, const void *b)
{
	const struct kho_block *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? 1 : -1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int compare_chunks(const void *a, const void *b)
{
	const struct kho_block *x = a, *y = b;

	return x->order == y->order ? compare_radix(a, b) : -compare_radix(a, b);
}

/* In the order in which a walk of ABI meets them, each once. */
static void sort_model(struct model *m, enum kho_abi abi)
{
	size_t kept = 0;

	qsort(m->block, m->count, sizeof(m->block[0]),
	      kho_abi_radix(abi) ? compare_radix : compare_chunks);
	for (size_t i = 0; i < m->count; i++)
		if (!kept || compare_radix(&m->block[i], &m->block[kept - 1]))
			m->block[kept++] = m->block[i];
	m->count = kept;
}

/* ---- The code under test ------------------------------------------------- */

/* Add to a set whose buffer grows when it must. */
static void add_growing(struct kho_map *map, struct buffer *buf, uint64_t addr, unsigned int order)
{
	int err;

	while ((err = kho_map_add(map, addr, order)) == -KHO_ERR_NOSPACE) {
		struct buffer larger = { must_calloc(buf->room * 2), buf->room * 2 };

		memcpy(larger.bytes, buf->bytes, map->used);
		kho_map_move(map, larger.bytes, larger.room);
		free(buf->bytes);
		*buf = larger;
	}
	CHECK(!err);
}

static void encode(const struct kho_map *map, enum kho_abi abi, struct image *ret)
{
	ret->abi = abi;
	ret->base = (1 + (random_u64(&seed) >> 20)) << shift;
	CHECK(!kho_map_size(map, abi, &ret->size));
	reserve(&ret->buf, ret->size + GUARD);
	memset(ret->buf.bytes + ret->size, 0xee, GUARD);
	CHECK(!kho_map_encode(map, abi, ret->buf.bytes, ret->size, ret->base, &ret->root));
	for (size_t i = 0; i < GUARD; i++)
		CHECK(ret->buf.bytes[ret->size + i] == 0xee);
}

static int image_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct image *image = ctx;

	if (addr < image->base || addr - image->base > image->size ||
	    size > image->size - (addr - image->base))
		return -1;
	memcpy(buf, image->buf.bytes + (addr - image->base), size);
	return 0;
}

struct expect {
	const struct model *model;
	size_t met;
};

static int expect_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct expect *e = ctx;

	CHECK(e->met < e->model->count);
	CHECK(e->model->block[e->met].addr == addr && e->model->block[e->met].order == order);
	e->met++;
	return 0;
}

/* A walk of IMAGE as ABI meets the blocks of MODEL, in this order. */
static void check_image(struct image *image, enum kho_abi abi, struct model *model)
{
	const struct kho_mem mem = { image_read, image };
	struct expect e = { model, 0 };
	const struct kho_map_visitor visitor = { expect_block, NULL, &e };

	sort_model(model, abi);
	CHECK(!kho_map_walk(abi, shift, &mem, image->root, image->size >> shift, &visitor));
	CHECK(e.met == model->count);
}

struct translation {
	struct kho_map map;
	struct buffer *buf;
};

static int translate_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct translation *t = ctx;

	add_growing(&t->map, t->buf, addr, order);
	return 0;
}

/* As a tool does it: walk one map, and build the other from what it finds. */
static void translate(struct image *from, enum kho_abi abi, struct buffer *set, struct image *ret)
{
	const struct kho_mem mem = { image_read, from };
	struct translation t = { .buf = set };
	const struct kho_map_visitor visitor = { translate_block, NULL, &t };

	CHECK(!kho_map_init(&t.map, shift, set->bytes, set->room));
	CHECK(!kho_map_walk(from->abi, shift, &mem, from->root, UINT64_MAX, &visitor));
	encode(&t.map, abi, ret);
}

static void check_form(struct image *image)
{
	const struct kho_mem mem = { image_read, image };
	enum kho_abi abi;

	if (kho_abi_radix(image->abi))
		return;
	CHECK(!kho_v1_form(shift, &mem, image->root, UINT64_MAX, &abi));
	CHECK(abi == KHO_ABI_V1 || abi == KHO_ABI_V1_512);
}

/* Whether the set agrees with the model on a block, mostly one near those it has. */
static void check_member(const struct kho_map *map, const struct model *m)
{
	struct kho_block b = { random_u64(&seed), below(64 - shift) };

	if (m->count && below(4)) {
		b = m->block[below((uint32_t)m->count)];
		b.order += below(2);
		b.addr += below(2) * (1ull << shift);
	}
	CHECK(kho_map_has(map, b.addr, b.order) ==
	      (m->count && bsearch(&b, m->block, m->count, sizeof(b), compare_radix)));
}

static void check_set(const struct kho_map *map, struct model *m)
{
	struct expect e = { m, 0 };
	const struct kho_map_visitor visitor = { expect_block, NULL, &e };
	uint64_t bytes = 0;

	sort_model(m, KHO_ABI_V4);
	for (size_t i = 0; i < m->count; i++)
		if (__builtin_add_overflow(bytes, 1ull << (m->block[i].order + shift), &bytes))
			bytes = UINT64_MAX;
	CHECK(map->blocks == m->count && map->bytes == bytes);
	CHECK(!kho_map_each(map, &visitor));
	CHECK(e.met == m->count);
	for (unsigned int i = 0; i < 8; i++)
		check_member(map, m);
}

static enum kho_abi random_abi(void)
{
	return (enum kho_abi)(KHO_ABI_V1_512 + below(5));
}

static unsigned int smaller(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static void run_case(void)
{
	static struct model m;
	static struct buffer set, second_set;
	static struct image image, translated;
	enum kho_abi from = random_abi(), to = random_abi();
	struct kho_map map;

	shift = below(8) ? 12 : 14 + below(2) * 2;	/* large pages take long */
	reserve(&set, 1u << shift);
	reserve(&second_set, 1u << shift);
	make_model(&m, smaller(kho_abi_max_order(from, shift), kho_abi_max_order(to, shift)));
	CHECK(!kho_map_init(&map, shift, set.bytes, set.room));
	for (size_t i = 0; i < m.count; i++)
		add_growing(&map, &set, m.block[i].addr, m.block[i].order);
	check_set(&map, &m);
	encode(&map, from, &image);
	check_image(&image, from, &m);
	check_form(&image);
	translate(&image, to, &second_set, &translated);
	check_image(&translated, to, &m);
	/* What is written for one form of v1 is right for the other. */
	if (!kho_abi_radix(to))
		check_image(&translated, to == KHO_ABI_V1 ? KHO_ABI_V1_512 : KHO_ABI_V1, &m);
}

static unsigned long from_environment(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : otherwise;
}

static void random_sets(void **state)
{
	unsigned long cases = from_environment("KHO_CASES", 4000);

	(void)state;
	seed_number = from_environment("KHO_SEED", 1);
	for (; cases; cases--, seed_number++) {
		seed = (uint32_t)seed_number * 2654435761u;
		run_case();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
