// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of "kho-v1": lists assembled by hand, and those of the encoder as kernels of
 * both kinds read them, bit by bit.
 */
#include "kho.h"
#include "unit.h"

#define BASE		0x7654000000ull	/* of the memory that holds the list */
#define SET_MAX		600
#define SEEN_MAX	70000

static const unsigned int page_shifts[] = { 12, 14, 16 };

/* Physical memory: some pages from BASE on, and nothing else. */
struct image {
	unsigned int shift;
	unsigned char *bytes;
	uint64_t size;
};

static struct image make_image(unsigned int shift, unsigned int pages)
{
	return (struct image){ shift, must_calloc((size_t)pages << shift),
			       (uint64_t)pages << shift };
}

static uint64_t page_addr(const struct image *m, unsigned int page)
{
	return BASE + ((uint64_t)page << m->shift);
}

static void put64(struct image *m, uint64_t addr, uint64_t value)
{
	assert_true(addr - BASE + 8 <= m->size);
	memcpy(m->bytes + (addr - BASE), &value, sizeof(value));
}

static uint64_t get64(const struct image *m, uint64_t addr)
{
	uint64_t value;

	assert_true(addr >= BASE && addr - BASE + 8 <= m->size);
	memcpy(&value, m->bytes + (addr - BASE), sizeof(value));
	return value;
}

/* +0 next, +8 order (32 bits), +12 count (32 bits), then elements. */
static void put_chunk(struct image *m, uint64_t addr, uint64_t next, uint32_t order, uint32_t count)
{
	put64(m, addr, next);
	put64(m, addr + 8, order | (uint64_t)count << 32);
}

/* +0 address of bit 0, +8 address of the bitmap. */
static void put_element(struct image *m, uint64_t chunk, unsigned int index, uint64_t start,
			uint64_t bitmap)
{
	put64(m, chunk + 16 + index * 16, start);
	put64(m, chunk + 16 + index * 16 + 8, bitmap);
}

static void put_bit(struct image *m, uint64_t bitmap, unsigned int bit)
{
	m->bytes[bitmap - BASE + bit / 8] |= (unsigned char)(1u << bit % 8);
}

static int image_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct image *m = ctx;

	if (addr < BASE || addr - BASE > m->size || size > m->size - (addr - BASE))
		return -1;
	memcpy(buf, m->bytes + (addr - BASE), size);
	return 0;
}

struct seen {
	struct kho_block block[SEEN_MAX];
	size_t blocks, pages;
	uint64_t last_page;
	size_t stop_after;		/* blocks; 0: never */
};

static struct seen seen;

static int see_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct seen *s = ctx;

	assert_true(s->blocks < SEEN_MAX);
	s->block[s->blocks++] = (struct kho_block){ addr, order };
	return s->blocks == s->stop_after ? 123 : 0;
}

static int see_page(void *ctx, uint64_t addr)
{
	struct seen *s = ctx;

	s->pages++;
	s->last_page = addr;
	return 0;
}

static int walk_from(struct image *m, enum kho_abi abi, uint64_t root, uint64_t max_pages)
{
	const struct kho_mem mem = { image_read, m };
	const struct kho_map_visitor visitor = { see_block, see_page, &seen };

	seen.blocks = seen.pages = seen.stop_after = 0;
	return kho_map_walk(abi, m->shift, &mem, root, max_pages, &visitor);
}

static int walk(struct image *m, enum kho_abi abi)
{
	return walk_from(m, abi, BASE, UINT64_MAX);
}

static void assert_seen(const struct kho_block *want, size_t count)
{
	assert_int_equal(seen.blocks, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(seen.block[i].addr, want[i].addr);
		assert_int_equal(seen.block[i].order, want[i].order);
	}
}

static enum kho_abi form_of(struct image *m)
{
	const struct kho_mem mem = { image_read, m };
	enum kho_abi abi = (enum kho_abi)77;

	assert_int_equal(kho_v1_form(m->shift, &mem, BASE, UINT64_MAX, &abi), 0);
	return abi;
}

/* What 6.17 writes: 512-byte bitmaps that share a page, 16 MiB << order each. */
static struct image list_6_17(void)
{
	struct image m = make_image(12, 4);

	put_chunk(&m, BASE, BASE + 0x1000, 0, 2);
	put_element(&m, BASE, 0, 0x1000000, BASE + 0x2200);
	put_element(&m, BASE, 1, 0x5000000, BASE + 0x2400);
	put_bit(&m, BASE + 0x2200, 0);
	put_bit(&m, BASE + 0x2200, 4095);
	put_bit(&m, BASE + 0x2400, 9);
	put_chunk(&m, BASE + 0x1000, 0, 9, 1);
	put_element(&m, BASE + 0x1000, 0, 0x200000000, BASE + 0x3e00);
	put_bit(&m, BASE + 0x3e00, 511);
	return m;
}

static void read_6_17(void **state)
{
	static const struct kho_block want[] = {
		{ 0x1000000, 0 }, { 0x1fff000, 0 }, { 0x5009000, 0 }, { 0x23fe00000, 9 },
	};
	struct image m = list_6_17();

	(void)state;
	assert_int_equal(walk(&m, KHO_ABI_V1_512), 0);
	assert_seen(want, 4);
	assert_int_equal(seen.pages, 5);
	assert_int_equal(seen.last_page, BASE + 0x3000);
	assert_int_equal(walk(&m, KHO_ABI_V1), -KHO_ERR_ALIGN);
	assert_int_equal(form_of(&m), KHO_ABI_V1_512);
	free(m.bytes);
}

/* What 6.18 writes: one page for a bitmap, 128 MiB << order of 4 KiB pages. */
static struct image list_6_18(unsigned int shift)
{
	struct image m = make_image(shift, 4);
	uint64_t cover = 8ull << (2 * shift);

	put_chunk(&m, page_addr(&m, 0), page_addr(&m, 2), 0, 1);
	put_element(&m, page_addr(&m, 0), 0, 5 * cover, page_addr(&m, 1));
	put_bit(&m, page_addr(&m, 1), 0);
	put_bit(&m, page_addr(&m, 1), 4096);
	put_bit(&m, page_addr(&m, 1), (8u << shift) - 1);
	put_chunk(&m, page_addr(&m, 2), 0, 10, 1);
	put_element(&m, page_addr(&m, 2), 0, 0, page_addr(&m, 3));
	put_bit(&m, page_addr(&m, 3), 3);
	return m;
}

static void read_6_18(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i];
		uint64_t cover = 8ull << (2 * shift);
		const struct kho_block want[] = {
			{ 5 * cover, 0 }, { 5 * cover + (4096ull << shift), 0 },
			{ 6 * cover - (1ull << shift), 0 }, { 3ull << (10 + shift), 10 },
		};
		const struct kho_block lost[] = { want[0], want[3] };
		struct image m = list_6_18(shift);

		assert_int_equal(walk(&m, KHO_ABI_V1), 0);
		assert_seen(want, 4);
		assert_int_equal(seen.pages, 4);
		assert_int_equal(seen.last_page, page_addr(&m, 3));
		/* The same list to a kernel of the other form. */
		assert_int_equal(walk(&m, KHO_ABI_V1_512), 0);
		assert_seen(lost, 2);
		assert_int_equal(form_of(&m), KHO_ABI_UNKNOWN);
		free(m.bytes);
	}
}

/* One bitmap: where it starts and lies, and a bit of its page, tell its form or not. */
static void forms(void **state)
{
	static const struct {
		uint32_t order;
		uint64_t start;		/* in MiB */
		uint64_t bitmap;	/* in the second page */
		unsigned int bit;
		enum kho_abi want;
	} answer[] = {
		{ 0, 0, 0, 4095, KHO_ABI_V1 },
		{ 0, 128, 0, 4095, KHO_ABI_V1 },
		{ 0, 128, 0, 4096, KHO_ABI_UNKNOWN },
		{ 0, 128, 0, 32767, KHO_ABI_UNKNOWN },
		{ 0, 16, 0, 4095, KHO_ABI_V1_512 },
		{ 0, 64, 0, 32767, KHO_ABI_V1_512 },
		{ 0, 128, 512, 0, KHO_ABI_V1_512 },
		{ 0, 128, 3584, 0, KHO_ABI_V1_512 },
		{ 3, 1024, 0, 4096, KHO_ABI_UNKNOWN },
		{ 3, 512, 0, 4096, KHO_ABI_V1_512 },
		{ 37, 0, 0, 1, KHO_ABI_V1 },
		{ 37, 1ull << 43, 0, 1, KHO_ABI_V1_512 },
		{ 51, 0, 0, 1, KHO_ABI_V1 },
		{ 51, 1ull << 43, 0, 0, KHO_ABI_V1_512 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answer); i++) {
		struct image m = make_image(12, 3);

		put_chunk(&m, BASE, 0, answer[i].order, 1);
		put_element(&m, BASE, 0, answer[i].start << 20, BASE + 0x1000 + answer[i].bitmap);
		put_bit(&m, BASE + 0x1000, answer[i].bit);
		assert_int_equal(form_of(&m), answer[i].want);
		/* Evidence counts also if it comes last. */
		put_chunk(&m, BASE, 0, answer[i].order, 2);
		put_element(&m, BASE, 1, 0, BASE + 0x2e00);
		assert_int_equal(form_of(&m), KHO_ABI_V1_512);
		free(m.bytes);
	}
}

/* In a large page, bits far after the first 512 bytes count as well. */
static void forms_of_large_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i];

		for (unsigned int bit = 0; bit < 8u << shift; bit += 4095) {
			struct image m = make_image(shift, 2);

			put_chunk(&m, BASE, 0, 0, 1);
			put_element(&m, BASE, 0, 0, page_addr(&m, 1));
			put_bit(&m, page_addr(&m, 1), bit);
			assert_int_equal(form_of(&m), bit < 4096 ? KHO_ABI_V1 : KHO_ABI_UNKNOWN);
			free(m.bytes);
		}
	}
}

static void empty_lists(void **state)
{
	struct image m = make_image(12, 1);
	const struct kho_mem mem = { image_read, &m };
	enum kho_abi abi;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(walk(&m, i ? KHO_ABI_V1_512 : KHO_ABI_V1), 0);
		assert_int_equal(seen.pages, 1);
		assert_int_equal(walk_from(&m, i ? KHO_ABI_V1_512 : KHO_ABI_V1, 0, 1), 0);
		assert_int_equal(seen.pages, 0);
		assert_int_equal(seen.blocks, 0);
	}
	assert_int_equal(form_of(&m), KHO_ABI_V1);
	assert_int_equal(kho_v1_form(12, &mem, 0, 1, &abi), 0);
	assert_int_equal(abi, KHO_ABI_V1);
	free(m.bytes);
}

/* A list that spoil() damages, and what each of its readers must return. */
static void hostile(void **state)
{
	static const struct {
		uint64_t at, value;	/* a word from BASE on */
		int err, form_err;
	} spoil[] = {
		{ 0x0, BASE + 0x1008, -KHO_ERR_ALIGN, -KHO_ERR_ALIGN },
		{ 0x0, 0x1000, -KHO_ERR_READ, -KHO_ERR_READ },
		{ 0x0, -0x1000ull, -KHO_ERR_READ, -KHO_ERR_READ },
		{ 0x0, BASE + 0x4000, -KHO_ERR_READ, -KHO_ERR_READ },
		{ 0x0, BASE, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x1000, BASE, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x1000, BASE + 0x1000, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x8, 256ull << 32, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x8, 0xffffffffull << 32, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x8, 52 | 1ull << 32, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x8, 0xffffffff | 1ull << 32, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x8, 3ull << 32, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x10, 0x1000800, -KHO_ERR_ALIGN, -KHO_ERR_ALIGN },
		{ 0x1010, 0x200100000, -KHO_ERR_ALIGN, -KHO_ERR_ALIGN },
		{ 0x18, BASE + 0x2208, -KHO_ERR_ALIGN, -KHO_ERR_ALIGN },
		{ 0x18, BASE + 0x2300, -KHO_ERR_ALIGN, -KHO_ERR_ALIGN },
		{ 0x18, 0x2200, -KHO_ERR_READ, 0 },
		{ 0x18, -0x200ull, -KHO_ERR_READ, 0 },
		{ 0x1018, 0, -KHO_ERR_BADMAP, -KHO_ERR_BADMAP },
		{ 0x10, -0x1000ull, -KHO_ERR_RANGE, 0 },
		{ 0x10, -0xfff000ull, -KHO_ERR_RANGE, 0 },
		{ 0x10, -0x1000000ull, 0, 0 },
		{ 0x1010, -0x3fe00000ull, -KHO_ERR_RANGE, 0 },
		{ 0x1010, -0x40000000ull, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spoil); i++) {
		struct image m = list_6_17();
		const struct kho_mem mem = { image_read, &m };
		enum kho_abi abi = (enum kho_abi)77;

		put64(&m, BASE + spoil[i].at, spoil[i].value);
		assert_int_equal(walk(&m, KHO_ABI_V1_512), spoil[i].err);
		assert_int_equal(kho_v1_form(12, &mem, BASE, UINT64_MAX, &abi), spoil[i].form_err);
		assert_int_equal(abi, spoil[i].form_err ? (enum kho_abi)77 : KHO_ABI_V1_512);
		free(m.bytes);
	}
}

/* Every count a chunk can have, and one more, with all elements sound. */
static void element_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i], capacity = ((1u << shift) - 16) / 16;
		struct image m = make_image(shift, 3);

		for (unsigned int j = 0; j < capacity + 1; j++)
			put_element(&m, BASE, j, (uint64_t)j << 30, page_addr(&m, 2));
		put_bit(&m, page_addr(&m, 2), 3);
		for (unsigned int count = 0; count <= capacity + 1;
		     count += count < 300 ? 1 : 223) {
			put_chunk(&m, BASE, 0, 1, count);
			assert_int_equal(walk(&m, KHO_ABI_V1_512), count <= capacity ? 0 :
					 -KHO_ERR_BADMAP);
			assert_int_equal(seen.blocks, count <= capacity ? count : 0);
			for (unsigned int j = 0; j < seen.blocks; j++)
				assert_int_equal(seen.block[j].addr,
						 ((uint64_t)j << 30) + (3ull << (1 + shift)));
		}
		put_chunk(&m, BASE, 0, 1, capacity + 1);
		assert_int_equal(walk(&m, KHO_ABI_V1), -KHO_ERR_BADMAP);
		free(m.bytes);
	}
}

static void largest_orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i];

		for (unsigned int order = 0; order <= 64 - shift; order++) {
			struct image m = make_image(shift, 2);
			uint64_t top = order < 64 - shift ? -(1ull << (order + shift)) : 0;

			put_chunk(&m, BASE, 0, order, 1);
			put_element(&m, BASE, 0, top, page_addr(&m, 1));
			put_bit(&m, page_addr(&m, 1), 0);
			assert_int_equal(walk(&m, KHO_ABI_V1), top ? 0 : -KHO_ERR_BADMAP);
			if (top)
				assert_seen(&(struct kho_block){ top, order }, 1);
			put_bit(&m, page_addr(&m, 1), 1);
			assert_int_equal(walk(&m, KHO_ABI_V1), top ? -KHO_ERR_RANGE :
					 -KHO_ERR_BADMAP);
			free(m.bytes);
		}
	}
}

/* Tails of each length that lead into circles of each length. */
static void circles(void **state)
{
	(void)state;
	for (unsigned int pages = 1; pages <= 20; pages++) {
		for (unsigned int back = 0; back < pages; back++) {
			struct image m = make_image(12, pages);
			const struct kho_mem mem = { image_read, &m };
			enum kho_abi abi;

			for (unsigned int i = 0; i < pages; i++)
				put_chunk(&m, page_addr(&m, i),
					  page_addr(&m, i + 1 < pages ? i + 1 : back), 0, 0);
			assert_int_equal(walk(&m, KHO_ABI_V1), -KHO_ERR_BADMAP);
			assert_true(seen.pages <= 3 * pages);
			assert_int_equal(kho_v1_form(12, &mem, BASE, UINT64_MAX, &abi),
					 -KHO_ERR_BADMAP);
			put64(&m, page_addr(&m, pages - 1), 0);
			assert_int_equal(walk(&m, KHO_ABI_V1), 0);
			assert_int_equal(seen.pages, pages);
			free(m.bytes);
		}
	}
}

static void limits(void **state)
{
	struct image m = list_6_17();
	const struct kho_mem mem = { image_read, &m };

	(void)state;
	for (uint64_t max = 1; max < 8; max++) {
		int want = max < 5 ? -KHO_ERR_LIMIT : 0;
		enum kho_abi abi;

		assert_int_equal(walk_from(&m, KHO_ABI_V1_512, BASE, max), want);
		assert_int_equal(seen.pages, max < 5 ? max : 5);
		assert_int_equal(kho_v1_form(12, &mem, BASE, max, &abi), want);
	}
	free(m.bytes);
}

static void arguments(void **state)
{
	struct image m = list_6_17();
	const struct kho_mem mem = { image_read, &m };
	enum kho_abi abi = (enum kho_abi)77;

	(void)state;
	assert_int_equal(walk_from(&m, KHO_ABI_V1, BASE, 0), -KHO_ERR_INVAL);
	assert_int_equal(walk_from(&m, KHO_ABI_UNKNOWN, BASE, 9), -KHO_ERR_INVAL);
	assert_int_equal(walk_from(&m, (enum kho_abi)77, BASE, 9), -KHO_ERR_INVAL);
	assert_int_equal(walk_from(&m, KHO_ABI_V1, BASE + 8, 9), -KHO_ERR_ALIGN);
	assert_int_equal(kho_v1_form(12, &mem, BASE, 0, &abi), -KHO_ERR_INVAL);
	assert_int_equal(kho_v1_form(13, &mem, BASE, 9, &abi), -KHO_ERR_INVAL);
	assert_int_equal(kho_v1_form(12, &mem, BASE + 8, 9, &abi), -KHO_ERR_ALIGN);
	m.shift = 13;
	assert_int_equal(walk_from(&m, KHO_ABI_V1, BASE, 9), -KHO_ERR_INVAL);
	assert_int_equal(abi, 77);
	free(m.bytes);
}

/* Memory that ends at each word of the list. */
static void cut_memory(void **state)
{
	struct image m = list_6_17();
	uint64_t whole = m.size;

	(void)state;
	for (m.size = 0; m.size < whole; m.size += 8)
		assert_int_equal(walk(&m, KHO_ABI_V1_512), -KHO_ERR_READ);
	free(m.bytes);
}

static int stop_page(void *ctx, uint64_t addr)
{
	(void)addr;
	return *(int *)ctx;
}

static void visitor_stops(void **state)
{
	struct image m = list_6_17();
	const struct kho_mem mem = { image_read, &m };
	const struct kho_map_visitor at_block = { see_block, NULL, &seen };
	int code = -77;
	const struct kho_map_visitor at_page = { see_block, stop_page, &code };

	(void)state;
	seen.blocks = 0;
	seen.stop_after = 2;
	assert_int_equal(kho_map_walk(KHO_ABI_V1_512, 12, &mem, BASE, 100, &at_block), 123);
	assert_int_equal(seen.blocks, 2);
	assert_int_equal(kho_map_walk(KHO_ABI_V1_512, 12, &mem, BASE, 100, &at_page), -77);
	free(m.bytes);
}

/* A kernel that reads bitmaps of BITS bits, one bit after the other. */
static size_t kernel_reads(const struct image *m, unsigned int bits, struct kho_block *block,
			   size_t room)
{
	uint64_t last_order = 0;
	size_t count = 0;

	for (uint64_t chunk = BASE; chunk; chunk = get64(m, chunk)) {
		uint64_t order = get64(m, chunk + 8) & 0xffffffff;
		uint64_t elements = get64(m, chunk + 8) >> 32;

		assert_true(order >= last_order);
		assert_true(elements <= ((1u << m->shift) - 16) / 16);
		assert_true(elements || !get64(m, chunk));
		last_order = order;
		for (uint64_t i = 0; i < elements; i++) {
			uint64_t start = get64(m, chunk + 16 + i * 16);
			uint64_t bitmap = get64(m, chunk + 16 + i * 16 + 8);

			assert_int_equal(bitmap % (1u << m->shift), 0);
			for (unsigned int bit = 0; bit < bits; bit++) {
				if (!(get64(m, bitmap + bit / 64 * 8) >> bit % 64 & 1))
					continue;
				assert_true(count < room);
				block[count++] = (struct kho_block){
					start + ((uint64_t)bit << (order + m->shift)),
					(uint32_t)order };
			}
		}
	}
	return count;
}

/* In the order of a list: by order, then by address. */
static int compare_blocks(const void *a, const void *b)
{
	const struct kho_block *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

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

static struct image encode(unsigned int shift, enum kho_abi abi, const struct kho_block *block,
			   size_t count)
{
	size_t room = (1 + count * 5) << shift;
	struct image m = { .shift = shift };
	struct kho_map map;
	uint64_t root = 0;

	assert_int_equal(kho_map_init(&map, shift, must_calloc(room), room), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(kho_map_add(&map, block[i].addr, block[i].order), 0);
	assert_int_equal(kho_map_size(&map, abi, &m.size), 0);
	m.bytes = must_calloc(m.size);
	memset(m.bytes, 0xee, m.size);
	assert_int_equal(kho_map_encode(&map, abi, m.bytes, m.size, BASE, &root), 0);
	assert_int_equal(root, BASE);
	free(map.buf);
	return m;
}

/* Both kinds of kernel find these blocks and no others, and so does the library. */
static void check_set(unsigned int shift, struct kho_block *block, size_t count)
{
	static struct kho_block found[SEEN_MAX];
	struct image m = encode(shift, KHO_ABI_V1, block, count);
	struct image same = encode(shift, KHO_ABI_V1_512, block, count);

	assert_int_equal(m.size, same.size);
	assert_memory_equal(m.bytes, same.bytes, m.size);
	count = sort_blocks(block, count);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(kernel_reads(&m, i ? 4096 : 8u << shift, found, SEEN_MAX), count);
		assert_int_equal(walk(&m, i ? KHO_ABI_V1_512 : KHO_ABI_V1), 0);
		assert_seen(block, count);
		assert_seen(found, count);
		assert_int_equal(seen.pages << shift, m.size);
	}
	assert_true(form_of(&m) != KHO_ABI_UNKNOWN);
	free(m.bytes);
	free(same.bytes);
}

static void encode_by_hand(void **state)
{
	/* Bits 1, 0x456 of 16 MiB each from 0 and 0x123000000; bit 512 of 8 GiB from 0. */
	const struct kho_block block[] = { { 0x40000000, 9 }, { 0x123456000, 0 }, { 0x1000, 0 } };
	struct image m = encode(12, KHO_ABI_V1, block, 3);
	uint64_t second = get64(&m, BASE);
	static const struct {
		uint64_t start;
		unsigned int bit;
	} want[] = { { 0, 1 }, { 0x123000000, 0x456 }, { 0, 512 } };

	(void)state;
	assert_int_equal(m.size, 5 * 4096);
	assert_int_equal(get64(&m, BASE + 8), 0 | 2ull << 32);
	assert_int_equal(get64(&m, second), 0);
	assert_int_equal(get64(&m, second + 8), 9 | 1ull << 32);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t element = i < 2 ? BASE + 16 + i * 16 : second + 16;
		uint64_t bitmap = get64(&m, element + 8);

		assert_int_equal(get64(&m, element), want[i].start);
		for (unsigned int j = 0; j < 512; j++)
			assert_int_equal(get64(&m, bitmap + j * 8), j == want[i].bit / 64 ?
					 1ull << want[i].bit % 64 : 0);
	}
	free(m.bytes);
}

static void encode_empty(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		struct image m = encode(page_shifts[i], KHO_ABI_V1, NULL, 0);

		assert_int_equal(m.size, 1ull << page_shifts[i]);
		for (uint64_t off = 0; off < m.size; off += 8)
			assert_int_equal(get64(&m, BASE + off), 0);
		check_set(page_shifts[i], NULL, 0);
		free(m.bytes);
	}
}

static void encode_single(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i];

		for (unsigned int order = 0; order <= 30 - shift; order++) {
			struct kho_block lowest = { 0, order };
			struct kho_block highest = { -(1ull << (shift + order)), order };

			check_set(shift, &lowest, 1);
			check_set(shift, &highest, 1);
		}
	}
}

static void encode_random(void **state)
{
	static struct kho_block block[SET_MAX];
	uint32_t seed = 1;

	(void)state;
	for (unsigned int round = 0; round < 60; round++) {
		unsigned int shift = page_shifts[round % 3];
		size_t count = 1 + random_next(&seed) % (shift == 12 ? SET_MAX : 40);

		for (size_t i = 0; i < count; i++) {
			unsigned int order = random_next(&seed) % (31 - shift);
			uint64_t addr = random_u64(&seed);

			if (random_next(&seed) % 8)
				addr &= (1ull << 34) - 1;
			addr &= -(1ull << (shift + order));
			block[i] = (struct kho_block){ addr, order };
		}
		check_set(shift, block, count);
	}
}

/* As many bitmaps as a chunk names, one more, and two chunks and one more. */
static void encode_full_chunks(void **state)
{
	static const unsigned int counts[] = { 254, 255, 256, 510, 511 };
	static struct kho_block block[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct image m;

		for (unsigned int j = 0; j < counts[i]; j++)
			block[j] = (struct kho_block){ (uint64_t)j << 24, 0 };
		m = encode(12, KHO_ABI_V1, block, counts[i]);
		assert_int_equal(m.size >> 12, counts[i] + (counts[i] + 254) / 255);
		free(m.bytes);
		check_set(12, block, counts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_6_17),
		cmocka_unit_test(read_6_18),
		cmocka_unit_test(forms),
		cmocka_unit_test(forms_of_large_pages),
		cmocka_unit_test(empty_lists),
		cmocka_unit_test(hostile),
		cmocka_unit_test(element_counts),
		cmocka_unit_test(largest_orders),
		cmocka_unit_test(circles),
		cmocka_unit_test(limits),
		cmocka_unit_test(arguments),
		cmocka_unit_test(cut_memory),
		cmocka_unit_test(visitor_stops),
		cmocka_unit_test(encode_by_hand),
		cmocka_unit_test(encode_empty),
		cmocka_unit_test(encode_single),
		cmocka_unit_test(encode_random),
		cmocka_unit_test(encode_full_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
