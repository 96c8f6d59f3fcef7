// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of blocks, encoded as radix trees: against an oracle that finds places in
 * the tree by division, and against answers computed by hand; then the walk.
 */
#include "kho.h"
#include "unit.h"

#define BASE		0x7654000000ull	/* where the tree is to be found, any page */
#define SET_MAX		600

static const unsigned int page_shifts[] = { 12, 14, 16 };

struct tree {
	unsigned int shift;
	unsigned char *buf;
	uint64_t size;
};

static uint64_t key_of(unsigned int shift, const struct kho_block *b)
{
	return 1ull << (64 - shift - b->order) | b->addr >> (shift + b->order);
}

static unsigned int depth_of(unsigned int shift)
{
	return shift == 12 ? 6 : shift == 14 ? 5 : 4;
}

/* Index of KEY in a page of LEVEL. */
static uint64_t index_of(unsigned int shift, uint64_t key, unsigned int level)
{
	uint64_t page = 1ull << shift;

	if (!level)
		return key % (8 * page);
	key /= 8 * page;
	while (--level)
		key /= page / 8;
	return key % (page / 8);
}

static uint64_t table_entry(const struct tree *t, uint64_t table, uint64_t index)
{
	uint64_t entry;

	assert_true(table >= BASE && table - BASE < t->size);
	memcpy(&entry, t->buf + (table - BASE) + index * 8, sizeof(entry));
	return entry;
}

static bool tree_has(const struct tree *t, const struct kho_block *b)
{
	uint64_t key = key_of(t->shift, b), page = BASE, bit = index_of(t->shift, key, 0);

	for (unsigned int level = depth_of(t->shift) - 1; level > 0; level--) {
		page = table_entry(t, page, index_of(t->shift, key, level));
		if (!page)
			return false;
	}
	assert_true(page >= BASE && page - BASE < t->size);
	return t->buf[page - BASE + bit / 8] >> bit % 8 & 1;
}

/* A set of blocks whose buffer grows by a page at a time. */
static struct kho_map make_map(unsigned int shift, const struct kho_block *block, size_t count)
{
	struct kho_map map;

	assert_int_equal(kho_map_init(&map, shift, must_calloc(1u << shift), 1u << shift), 0);
	for (size_t i = 0; i < count; i++) {
		int err;

		while ((err = kho_map_add(&map, block[i].addr, block[i].order)) ==
		       -KHO_ERR_NOSPACE) {
			size_t size = map.size + (1u << shift);
			void *buf = realloc(map.buf, size);

			assert_non_null(buf);
			kho_map_move(&map, buf, size);
		}
		assert_int_equal(err, 0);
	}
	return map;
}

/* Encode into a buffer of just the size asked for. */
static struct tree encode(unsigned int shift, const struct kho_block *block, size_t count)
{
	struct kho_map map = make_map(shift, block, count);
	struct tree t = { .shift = shift };
	uint64_t root = 0;

	assert_int_equal(kho_map_size(&map, KHO_ABI_V4, &t.size), 0);
	assert_int_equal(t.size, map.used);
	t.buf = must_calloc(t.size);
	memset(t.buf, 0xee, t.size);
	assert_int_equal(kho_map_encode(&map, KHO_ABI_V4, t.buf, t.size, BASE, &root), 0);
	assert_int_equal(root, BASE);
	free(map.buf);
	return t;
}

static int tree_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct tree *t = ctx;

	if (addr < BASE || addr - BASE > t->size || size > t->size - (addr - BASE))
		return -1;
	memcpy(buf, t->buf + (addr - BASE), size);
	return 0;
}

struct seen {
	struct kho_block *block;
	size_t blocks, room;
	uint64_t pages;
	uint64_t last_page;
	int stop_after, stop_with;	/* 0: never */
};

static int see_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct seen *s = ctx;

	if (s->blocks < s->room)
		s->block[s->blocks] = (struct kho_block){ addr, order };
	s->blocks++;
	return s->stop_after && s->blocks == (size_t)s->stop_after ? s->stop_with : 0;
}

static int see_page(void *ctx, uint64_t addr)
{
	struct seen *s = ctx;

	s->pages++;
	s->last_page = addr;
	return 0;
}

static int walk_some(struct tree *t, uint64_t root, uint64_t max_pages, struct seen *s)
{
	const struct kho_mem mem = { tree_read, t };
	const struct kho_map_visitor visitor = { see_block, see_page, s };

	return kho_map_walk(KHO_ABI_V4, t->shift, &mem, root, max_pages, &visitor);
}

/* Larger orders have smaller keys. */
static int compare_blocks(const void *a, const void *b)
{
	const struct kho_block *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? 1 : -1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* In ascending order of keys, each once; returns their number. */
static size_t sort_blocks(struct kho_block *block, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(block, count, sizeof(*block), compare_blocks);
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_blocks(&block[i], &block[kept - 1]))
			block[kept++] = block[i];
	return kept;
}

static void check_map(const struct kho_map *map, const struct kho_block *sorted, size_t count)
{
	struct seen s = { .room = count, .block = must_calloc(count * sizeof(*sorted)) };
	const struct kho_map_visitor visitor = { see_block, NULL, &s };
	uint64_t bytes = 0;

	assert_int_equal(map->blocks, count);
	assert_int_equal(kho_map_each(map, &visitor), 0);
	assert_int_equal(s.blocks, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(kho_map_has(map, sorted[i].addr, sorted[i].order));
		assert_int_equal(compare_blocks(&s.block[i], &sorted[i]), 0);
		if (__builtin_add_overflow(bytes, 1ull << (map->page_shift + sorted[i].order),
					   &bytes))
			bytes = UINT64_MAX;
	}
	assert_int_equal(map->bytes, bytes);
	free(s.block);
}

/* Everything there is to say of one set of blocks, which is sorted on the way. */
static void check_set(unsigned int shift, struct kho_block *block, size_t count)
{
	struct kho_map map = make_map(shift, block, count);
	struct tree t = encode(shift, block, count);
	struct seen s = { .room = count };

	count = sort_blocks(block, count);
	check_map(&map, block, count);
	s.block = must_calloc(count * sizeof(*s.block));
	assert_int_equal(walk_some(&t, BASE, t.size >> shift, &s), 0);
	assert_int_equal(s.pages << shift, t.size);
	assert_int_equal(s.blocks, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(tree_has(&t, &block[i]));
		assert_int_equal(compare_blocks(&s.block[i], &block[i]), 0);
		assert_true(!i || key_of(shift, &block[i]) > key_of(shift, &block[i - 1]));
	}
	free(s.block);
	free(t.buf);
	free(map.buf);
}

/* Keys and indexes computed by hand. */
static void worked_examples(void **state)
{
	static const struct {
		struct kho_block block;
		uint64_t key;
		unsigned int index[6];	/* of level 5 to 0 */
	} answer[] = {
		{ { 0x1000, 0 }, 0x0010000000000001, { 2, 0, 0, 0, 0, 1 } },
		{ { 0x123456000, 0 }, 0x0010000000123456, { 2, 0, 0, 0, 36, 13398 } },
		{ { 0x40000000, 9 }, 0x0000080000000200, { 0, 2, 0, 0, 0, 512 } },
		{ { 0x140000000, 10 }, 0x0000040000000500, { 0, 1, 0, 0, 0, 1280 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answer); i++) {
		struct tree t = encode(12, &answer[i].block, 1);
		uint64_t page = BASE;

		assert_int_equal(key_of(12, &answer[i].block), answer[i].key);
		assert_int_equal(t.size, 6 * 4096);
		for (unsigned int level = 5; level > 0; level--) {
			for (unsigned int j = 0; j < 512; j++)
				if (j != answer[i].index[5 - level])
					assert_int_equal(table_entry(&t, page, j), 0);
			page = table_entry(&t, page, answer[i].index[5 - level]);
		}
		for (unsigned int j = 0; j < 4096; j++)
			assert_int_equal(t.buf[page - BASE + j], j == answer[i].index[5] / 8 ?
					 1u << answer[i].index[5] % 8 : 0);
		free(t.buf);
	}
}

static void empty(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		struct tree t = encode(page_shifts[i], NULL, 0);
		struct seen s = { 0 };

		assert_int_equal(t.size, 1ull << page_shifts[i]);
		for (uint64_t j = 0; j < t.size; j++)
			assert_int_equal(t.buf[j], 0);
		assert_int_equal(walk_some(&t, BASE, 1, &s), 0);
		assert_int_equal(s.blocks, 0);
		assert_int_equal(s.pages, 1);
		free(t.buf);
	}
}

static void single(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i];

		for (unsigned int order = 0; order <= 63 - shift; order++) {
			uint64_t size = 1ull << (shift + order);
			struct kho_block lowest = { 0, order }, highest = { -size, order };

			check_set(shift, &lowest, 1);
			check_set(shift, &highest, 1);
		}
	}
}

static struct kho_block random_block(unsigned int shift, uint32_t *seed)
{
	unsigned int order = random_next(seed) % 4 ? random_next(seed) % 11 :
						     random_next(seed) % (64 - shift);
	uint64_t addr = random_u64(seed);

	if (random_next(seed) % 8)
		addr &= (1ull << 36) - 1;
	return (struct kho_block){ addr >> (shift + order) << (shift + order), order };
}

static void random_sets(void **state)
{
	static struct kho_block block[SET_MAX];
	uint32_t seed = 1;

	(void)state;
	for (unsigned int round = 0; round < 90; round++) {
		unsigned int shift = page_shifts[round % 3];
		size_t count = 1 + random_next(&seed) % (shift == 12 ? SET_MAX : 60);

		for (size_t i = 0; i < count; i++)
			block[i] = i && random_next(&seed) % 8 == 0 ?
				   block[random_next(&seed) % i] : random_block(shift, &seed);
		check_set(shift, block, count);
	}
}

/* 1 TiB in 2 MiB blocks: 16 full leaves below one table. */
static void contiguous_tib(void **state)
{
	const size_t count = 1u << 19;
	struct kho_block *block = must_calloc(count * sizeof(*block));
	struct kho_map map;

	(void)state;
	for (size_t i = 0; i < count; i++)
		block[i] = (struct kho_block){ 0x10000000000ull + (i << 21), 9 };
	map = make_map(12, block, count);
	assert_int_equal(map.used, (16 + 5) * 4096);
	assert_int_equal(map.bytes, 1ull << 40);
	check_set(12, block, count);
	free(map.buf);
	free(block);
}

static void init_errors(void **state)
{
	_Alignas(8) static unsigned char buf[65536 + 8];
	struct kho_map map;

	(void)state;
	for (unsigned int shift = 0; shift < 20; shift++) {
		bool valid = shift == 12 || shift == 14 || shift == 16;

		assert_int_equal(kho_map_init(&map, shift, buf, sizeof(buf)), valid ? 0 :
				 -KHO_ERR_INVAL);
		if (valid)
			assert_int_equal(kho_map_init(&map, shift, buf, (1u << shift) - 1),
					 -KHO_ERR_NOSPACE);
	}
	for (unsigned int off = 1; off < 8; off++)
		assert_int_equal(kho_map_init(&map, 12, buf + off, 4096), -KHO_ERR_INVAL);
}

/* What is not added leaves no trace. */
static void add_errors(void **state)
{
	static const struct kho_block unaligned[] = { { 0x1001, 0 }, { 0x1000, 1 },
						      { 0x100000, 9 } };
	struct kho_block pair[2] = { { 0x200000, 9 }, { 0x5000, 0 } };
	struct kho_map map = make_map(12, pair, 2);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unaligned); i++) {
		assert_int_equal(kho_map_add(&map, unaligned[i].addr, unaligned[i].order),
				 -KHO_ERR_ALIGN);
		assert_false(kho_map_has(&map, unaligned[i].addr, unaligned[i].order));
	}
	for (unsigned int order = 52; order; order = order < 64 ? order + 1 : order << 1) {
		assert_int_equal(kho_map_add(&map, 0, order), -KHO_ERR_RANGE);
		assert_false(kho_map_has(&map, 0, order));
	}
	sort_blocks(pair, 2);
	check_map(&map, pair, 2);
	free(map.buf);
}

/* Each number of free pages: a block takes what it needs, or nothing at all. */
static void add_without_space(void **state)
{
	_Alignas(8) static unsigned char buf[12 * 4096], before[12 * 4096];
	const struct kho_block first = { 0x5000, 0 }, second = { 0x40000000, 9 };
	struct kho_map map;

	(void)state;
	for (size_t room = 1; room <= 10; room++) {
		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(kho_map_init(&map, 12, buf, room * 4096 + 4095), 0);
		assert_int_equal(kho_map_add(&map, first.addr, first.order),
				 room < 6 ? -KHO_ERR_NOSPACE : 0);
		memcpy(before, buf, sizeof(buf));
		/* They part in the top table: five pages more. */
		assert_int_equal(kho_map_add(&map, second.addr, second.order),
				 -KHO_ERR_NOSPACE);
		assert_memory_equal(before, buf, sizeof(buf));
		check_map(&map, &first, room < 6 ? 0 : 1);
		assert_int_equal(map.used, room < 6 ? 4096 : 6 * 4096);
	}
	kho_map_move(&map, buf, 11 * 4096);
	assert_int_equal(kho_map_add(&map, second.addr, second.order), 0);
	check_map(&map, (struct kho_block[]){ second, first }, 2);
	for (size_t i = 11 * 4096; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0xee);
}

static void encode_errors(void **state)
{
	struct kho_block pair[2] = { { 0x200000, 9 }, { 0x5000, 0 } };
	struct kho_map map = make_map(12, pair, 2);
	_Alignas(8) unsigned char buf[12 * 4096];
	uint64_t size = 42, root = 42;

	(void)state;
	assert_int_equal(kho_map_size(&map, KHO_ABI_UNKNOWN, &size), -KHO_ERR_ABI);
	assert_int_equal(size, 42);
	assert_int_equal(kho_map_encode(&map, KHO_ABI_UNKNOWN, buf, sizeof(buf), BASE, &root),
			 -KHO_ERR_ABI);
	for (enum kho_abi abi = KHO_ABI_V1_512; abi <= KHO_ABI_V4; abi++) {
		assert_int_equal(kho_map_size(&map, abi, &size), 0);
		assert_int_equal(kho_map_encode(&map, abi, buf, size, BASE + 8, &root),
				 -KHO_ERR_ALIGN);
		assert_int_equal(kho_map_encode(&map, abi, buf + 4, size, BASE, &root),
				 -KHO_ERR_ALIGN);
		assert_int_equal(kho_map_encode(&map, abi, buf, size, -0x1000ull, &root),
				 -KHO_ERR_RANGE);
		assert_int_equal(kho_map_encode(&map, abi, buf, size - 1, BASE, &root),
				 -KHO_ERR_NOSPACE);
	}
	assert_int_equal(root, 42);
	free(map.buf);
}

/* Up to v3 a block of 2 GiB is lost by the kernel that reads it. */
static void order_limits(void **state)
{
	static const struct {
		enum kho_abi abi;
		uint64_t largest;
	} limit[] = {
		{ KHO_ABI_V1_512, 1ull << 30 }, { KHO_ABI_V1, 1ull << 30 },
		{ KHO_ABI_V2, 1ull << 30 }, { KHO_ABI_V3, 1ull << 30 },
		{ KHO_ABI_V4, 1ull << 63 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limit) * ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i % 3];
		enum kho_abi abi = limit[i / 3].abi;

		assert_int_equal(1ull << (kho_abi_max_order(abi, shift) + shift),
				 limit[i / 3].largest);
		for (unsigned int order = 0; order <= 63 - shift; order++) {
			const struct kho_block block[2] = { { 0, order }, { 1ull << shift, 0 } };
			struct kho_map map = make_map(shift, block, 2);
			uint64_t size;

			assert_int_equal(kho_map_size(&map, abi, &size),
					 1ull << (order + shift) > limit[i / 3].largest ?
					 -KHO_ERR_RANGE : 0);
			free(map.buf);
		}
	}
}

/* The set's own buffer may become the encoded map. */
static void encode_in_place(void **state)
{
	struct kho_block block[3] = { { 0x200000, 9 }, { 0x5000, 0 }, { 0x123456000, 0 } };
	struct tree t = encode(12, block, 3);
	struct kho_map map = make_map(12, block, 3);
	uint64_t root;

	(void)state;
	assert_int_equal(kho_map_encode(&map, KHO_ABI_V3, map.buf, map.size, BASE, &root), 0);
	assert_int_equal(map.used, t.size);
	assert_memory_equal(map.buf, t.buf, t.size);
	free(map.buf);
	free(t.buf);
}

/* What the kernel does, one page at a time. */
static void split_by_definition(uint64_t pfn, uint64_t end, struct kho_block *block, size_t *count)
{
	for (*count = 0; pfn < end; ++*count) {
		unsigned int order = 0;

		while (order < 51 && pfn % (2ull << order) == 0 && pfn + (2ull << order) <= end)
			order++;
		block[*count] = (struct kho_block){ pfn << 12, order };
		pfn += 1ull << order;
	}
}

static void split(void **state)
{
	struct kho_block want[128], got[128];
	size_t want_count, got_count;
	uint32_t seed = 3;

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		uint64_t pfn = random_u64(&seed) >> (13 + random_next(&seed) % 50);
		uint64_t pages = 1 + (random_u64(&seed) >> (13 + random_next(&seed) % 50));
		const struct kho_range range = { pfn << 12, pages << 12 };

		split_by_definition(pfn, pfn + pages, want, &want_count);
		assert_int_equal(kho_split_range(12, &range, got, 128, &got_count), 0);
		assert_int_equal(got_count, want_count);
		for (size_t j = 0; j < got_count; j++) {
			assert_int_equal(got[j].addr, want[j].addr);
			assert_int_equal(got[j].order, want[j].order);
		}
		assert_int_equal(kho_split_range(12, &range, got, want_count - 1, &got_count),
				 -KHO_ERR_NOSPACE);
		assert_int_equal(got_count, want_count);
	}
}

/* The largest ranges there are still fit what kexec keeps for one region. */
static void split_whole_memory(void **state)
{
	const struct kho_range range = { 0x1000, UINT64_MAX - 0x1fff };
	struct kho_block block[128];
	size_t count;

	(void)state;
	assert_int_equal(kho_split_range(12, &range, block, 128, &count), 0);
	assert_int_equal(count, 102);
	check_set(12, block, count);
}

static void split_errors(void **state)
{
	static const struct {
		unsigned int shift;
		struct kho_range range;
		int err;
	} bad[] = {
		{ 13, { 0x2000, 0x2000 }, -KHO_ERR_INVAL },
		{ 12, { 0x2000, 0 }, -KHO_ERR_INVAL },
		{ 12, { 0x2001, 0x1000 }, -KHO_ERR_ALIGN },
		{ 12, { 0x2000, 0x1001 }, -KHO_ERR_ALIGN },
		{ 16, { 0x11000, 0x10000 }, -KHO_ERR_ALIGN },
		{ 12, { 0x2000, -0x1000ull }, -KHO_ERR_RANGE },
	};
	struct kho_block block[4];
	size_t count = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(kho_split_range(bad[i].shift, &bad[i].range, block, 4, &count),
				 bad[i].err);
	assert_int_equal(count, 42);
}

/* A tree of one key, then damaged by each test. */
static struct tree small_tree(void)
{
	const struct kho_block block = { 0x1000, 0 };

	return encode(12, &block, 1);
}

static void put_entry(struct tree *t, uint64_t page, uint64_t index, uint64_t value)
{
	memcpy(t->buf + page * 4096 + index * 8, &value, sizeof(value));
}

static void walk_arguments(void **state)
{
	struct tree t = small_tree();
	struct seen s = { 0 };

	(void)state;
	assert_int_equal(walk_some(&t, 0, 100, &s), -KHO_ERR_INVAL);
	assert_int_equal(walk_some(&t, BASE, 0, &s), -KHO_ERR_INVAL);
	assert_int_equal(walk_some(&t, BASE + 8, 100, &s), -KHO_ERR_ALIGN);
	t.shift = 13;
	assert_int_equal(walk_some(&t, BASE, 100, &s), -KHO_ERR_INVAL);
	assert_int_equal(s.pages, 0);
	free(t.buf);
}

/* Four entries that point back: 1 + 4 + 16 + ... + 1024 visits of one page. */
static void walk_self_pointing(void **state)
{
	struct tree t = small_tree();
	struct seen s = { 0 };

	(void)state;
	memset(t.buf, 0, 4096);
	for (unsigned int i = 0; i < 4; i++)
		put_entry(&t, 0, i, BASE);
	assert_int_equal(walk_some(&t, BASE, 1000, &s), -KHO_ERR_LIMIT);
	assert_int_equal(s.pages, 1000);
	s.pages = 0;
	assert_int_equal(walk_some(&t, BASE, 1365, &s), 0);
	assert_int_equal(s.pages, 1365);
	assert_int_equal(s.last_page, BASE);
	free(t.buf);
}

static void walk_bad_pointers(void **state)
{
	static const struct {
		uint64_t pointer;
		int err;
	} bad[] = {
		{ BASE + 0x1008, -KHO_ERR_ALIGN },
		{ BASE + 1, -KHO_ERR_ALIGN },
		{ 0x1000, -KHO_ERR_READ },
		{ BASE + 6 * 4096, -KHO_ERR_READ },
		{ -0x1000ull, -KHO_ERR_READ },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (unsigned int page = 0; page < 5; page++) {
			struct tree t = small_tree();
			struct seen s = { 0 };

			put_entry(&t, page, 511, page ? bad[i].pointer : 0);
			put_entry(&t, 0, 3, page ? 0 : bad[i].pointer);
			assert_int_equal(walk_some(&t, BASE, 100, &s), bad[i].err);
			assert_int_equal(s.blocks, 1);
			free(t.buf);
		}
	}
}

/* Keys 0, 1 and those with more than one bit above the marker's places. */
static void walk_bad_keys(void **state)
{
	struct tree t = small_tree();
	struct seen s = { 0 };

	(void)state;
	for (uint64_t top = 4; top < 512; top++) {
		put_entry(&t, 0, 2, 0);
		put_entry(&t, 0, top - 1, 0);
		put_entry(&t, 0, top, BASE + 4096);
		assert_int_equal(walk_some(&t, BASE, 100, &s), -KHO_ERR_BADMAP);
	}
	put_entry(&t, 0, 511, 0);
	put_entry(&t, 0, 0, BASE + 4096);
	for (unsigned int bit = 0; bit < 2; bit++) {
		put_entry(&t, 5, 0, 1u << bit);
		assert_int_equal(walk_some(&t, BASE, 100, &s), -KHO_ERR_BADMAP);
	}
	assert_int_equal(s.blocks, 0);
	/* The smallest key there is: all of memory's lower half. */
	put_entry(&t, 5, 0, 1u << 2);
	assert_int_equal(walk_some(&t, BASE, 100, &s), 0);
	assert_int_equal(s.blocks, 1);
	free(t.buf);
}

static void walk_limit(void **state)
{
	struct tree t = small_tree();

	(void)state;
	for (uint64_t max = 1; max < 8; max++) {
		struct seen s = { 0 };

		assert_int_equal(walk_some(&t, BASE, max, &s), max < 6 ? -KHO_ERR_LIMIT : 0);
		assert_int_equal(s.pages, max < 6 ? max : 6);
	}
	free(t.buf);
}

/* The kernel never prunes: leaves without a bit and tables without an entry. */
static void walk_empty_nodes(void **state)
{
	struct tree t = small_tree();
	struct seen s = { 0 };

	(void)state;
	put_entry(&t, 5, 0, 0);
	assert_int_equal(walk_some(&t, BASE, 6, &s), 0);
	assert_int_equal(s.pages, 6);
	assert_int_equal(s.blocks, 0);
	free(t.buf);
}

static int stop_page(void *ctx, uint64_t addr)
{
	(void)addr;
	return *(int *)ctx;
}

static void walk_visitor_stops(void **state)
{
	struct kho_block block[3] = { { 0x200000, 9 }, { 0x1000, 0 }, { 0x2000, 0 } };
	struct tree t = encode(12, block, 3);
	const struct kho_mem mem = { tree_read, &t };
	int code = -77;
	const struct kho_map_visitor at_page = { see_block, stop_page, &code };
	struct seen s = { .stop_after = 2, .stop_with = 123 };
	const struct kho_map_visitor no_pages = { see_block, NULL, &s };

	(void)state;
	assert_int_equal(walk_some(&t, BASE, 100, &s), 123);
	assert_int_equal(s.blocks, 2);
	assert_int_equal(kho_map_walk(KHO_ABI_V4, 12, &mem, BASE, 100, &at_page), -77);
	s = (struct seen){ 0 };
	assert_int_equal(kho_map_walk(KHO_ABI_V4, 12, &mem, BASE, 100, &no_pages), 0);
	assert_int_equal(s.blocks, 3);
	free(t.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_examples),
		cmocka_unit_test(empty),
		cmocka_unit_test(single),
		cmocka_unit_test(random_sets),
		cmocka_unit_test(contiguous_tib),
		cmocka_unit_test(init_errors),
		cmocka_unit_test(add_errors),
		cmocka_unit_test(add_without_space),
		cmocka_unit_test(encode_errors),
		cmocka_unit_test(order_limits),
		cmocka_unit_test(encode_in_place),
		cmocka_unit_test(split),
		cmocka_unit_test(split_whole_memory),
		cmocka_unit_test(split_errors),
		cmocka_unit_test(walk_arguments),
		cmocka_unit_test(walk_self_pointing),
		cmocka_unit_test(walk_bad_pointers),
		cmocka_unit_test(walk_bad_keys),
		cmocka_unit_test(walk_limit),
		cmocka_unit_test(walk_empty_nodes),
		cmocka_unit_test(walk_visitor_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
