// SPDX-License-Identifier: GPL-2.0-only
/*
 * memfd files, vmalloc areas and their conversion, against bytes laid out by hand
 * from include/linux/kho/abi/memfd.h and kexec_handover.h.
 */
#include <stdio.h>

#include "kho.h"
#include "unit.h"

#define BASE	0x7654000000ull		/* of every image */

/* Where libkho is to write. */
#define OUTPUT(buf, room, base) \
	(&(struct kho_luo_output){ sizeof(struct kho_luo_output), (buf), (room), (base) })

static const unsigned int page_shifts[] = { 12, 14, 16 };

struct image {
	unsigned char *bytes;
	uint64_t size;
	unsigned int reads, fail_at;	/* this read fails, counted from 1 */
};

static int image_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	struct image *m = ctx;

	if (++m->reads == m->fail_at)
		return -1;
	if (addr < BASE || addr - BASE > m->size || size > m->size - (addr - BASE))
		return -1;
	memcpy(buf, m->bytes + (addr - BASE), size);
	return 0;
}

static struct image blank(uint64_t size)
{
	return (struct image){ .bytes = must_calloc(size), .size = size };
}

static void poke(struct image *m, uint64_t addr, uint64_t value)
{
	assert_true(addr >= BASE && addr - BASE + 8 <= m->size);
	memcpy(m->bytes + (addr - BASE), &value, sizeof(value));
}

/* ---- Structs ---- */

static const unsigned char v1_bytes[40] = {
	0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,		/* pos */
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,		/* size */
	0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,		/* nr_folios */
	0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38,		/* first chunk */
	0x41, 0x42, 0x43, 0x44, 0x03, 0x00, 0x09, 0x00,		/* pages, flags, order */
};

static const unsigned char v2_bytes[48] = {
	0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,		/* seals, flags */
	0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
	0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38,
	0x41, 0x42, 0x43, 0x44, 0x03, 0x00, 0x09, 0x00,
};

static const struct kho_memfd sample = {
	.pos = 0x0807060504030201, .size = 0x1817161514131211,
	.seals = KHO_MEMFD_SEAL_SEAL, .nr_folios = 0x2827262524232221,
	.folios = { 0x3837363534333231, 0x44434241, 3, 9 },
};

static void assert_memfd(const struct kho_memfd *a, const struct kho_memfd *b)
{
	assert_int_equal(a->pos, b->pos);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->seals, b->seals);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->nr_folios, b->nr_folios);
	assert_int_equal(a->folios.first, b->folios.first);
	assert_int_equal(a->folios.total_pages, b->folios.total_pages);
	assert_int_equal(a->folios.flags, b->folios.flags);
	assert_int_equal(a->folios.order, b->folios.order);
}

static void read_bytes(void **state)
{
	struct kho_memfd memfd;

	(void)state;
	assert_int_equal(kho_memfd_read(KHO_MEMFD_V1, v1_bytes, sizeof(v1_bytes), &memfd), 0);
	assert_memfd(&memfd, &sample);
	memset(&memfd, 0xee, sizeof(memfd));
	assert_int_equal(kho_memfd_read(KHO_MEMFD_V2, v2_bytes, sizeof(v2_bytes), &memfd), 0);
	assert_memfd(&memfd, &sample);
}

static void write_bytes(void **state)
{
	unsigned char buf[64];

	(void)state;
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(kho_memfd_write(KHO_MEMFD_V1, &sample, buf, 40), 0);
	assert_memory_equal(buf, v1_bytes, 40);
	assert_int_equal(buf[40], 0xee);
	assert_int_equal(kho_memfd_write(KHO_MEMFD_V2, &sample, buf, 48), 0);
	assert_memory_equal(buf, v2_bytes, 48);
	assert_int_equal(buf[48], 0xee);
}

static void cut_bytes(void **state)
{
	struct kho_memfd memfd = { .pos = 42 };

	(void)state;
	for (size_t size = 0; size < 48; size++) {
		void *v1 = must_copy(v1_bytes, size < 40 ? size : 40);
		void *v2 = must_copy(v2_bytes, size);

		if (size < 40) {
			assert_int_equal(kho_memfd_read(KHO_MEMFD_V1, v1, size, &memfd),
					 -KHO_ERR_BADNODE);
			assert_int_equal(kho_memfd_write(KHO_MEMFD_V1, &sample, v1, size),
					 -KHO_ERR_NOSPACE);
		}
		assert_int_equal(kho_memfd_read(KHO_MEMFD_V2, v2, size, &memfd), -KHO_ERR_BADNODE);
		assert_int_equal(kho_memfd_write(KHO_MEMFD_V2, &sample, v2, size),
				 -KHO_ERR_NOSPACE);
		free(v1);
		free(v2);
	}
	assert_int_equal(memfd.pos, 42);
}

/* v1 has no seals, but its reader gives every file F_SEAL_SEAL. */
static void losses(void **state)
{
	struct kho_memfd memfd = sample, back;
	unsigned char buf[48];

	(void)state;
	for (memfd.seals = 0; memfd.seals < 0x40; memfd.seals++) {
		assert_int_equal(kho_memfd_write(KHO_MEMFD_V1, &memfd, buf, sizeof(buf)),
				 memfd.seals == 1 ? 0 : -KHO_ERR_LOSS);
		assert_int_equal(kho_memfd_write(KHO_MEMFD_V2, &memfd, buf, sizeof(buf)), 0);
		assert_int_equal(kho_memfd_read(KHO_MEMFD_V2, buf, sizeof(buf), &back), 0);
		assert_memfd(&memfd, &back);
	}
	for (unsigned int bit = 6; bit < 32; bit++) {
		memfd.seals = 1u << bit | 1;
		assert_int_equal(kho_memfd_write(KHO_MEMFD_V1, &memfd, buf, sizeof(buf)),
				 -KHO_ERR_INVAL);
		assert_int_equal(kho_memfd_write(KHO_MEMFD_V2, &memfd, buf, sizeof(buf)),
				 -KHO_ERR_INVAL);
		memcpy(buf, v2_bytes, sizeof(buf));
		memcpy(buf + 16, &memfd.seals, sizeof(memfd.seals));
		assert_int_equal(kho_memfd_read(KHO_MEMFD_V2, buf, sizeof(buf), &back),
				 -KHO_ERR_BADNODE);
	}
	memfd.seals = 1;
	for (unsigned int bit = 0; bit < 32; bit++) {
		memfd.flags = 1u << bit;
		assert_int_equal(kho_memfd_write(KHO_MEMFD_V1, &memfd, buf, sizeof(buf)),
				 -KHO_ERR_LOSS);
		assert_int_equal(kho_memfd_write(KHO_MEMFD_V2, &memfd, buf, sizeof(buf)), 0);
		assert_int_equal(kho_memfd_read(KHO_MEMFD_V2, buf, sizeof(buf), &back), 0);
		assert_memfd(&memfd, &back);
	}
}

static void round_trips(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		struct kho_memfd in = {
			random_u64(&seed), random_u64(&seed), 1, 0, random_u64(&seed),
			{ random_u64(&seed), (uint32_t)random_u64(&seed),
			  (uint16_t)random_next(&seed), (uint16_t)random_next(&seed) },
		}, out;
		unsigned char buf[48];

		assert_int_equal(kho_memfd_write(KHO_MEMFD_V1, &in, buf, 40), 0);
		assert_int_equal(kho_memfd_read(KHO_MEMFD_V1, buf, 40, &out), 0);
		assert_memfd(&in, &out);
		in.seals = random_next(&seed) % 64;
		in.flags = (uint32_t)random_u64(&seed);
		assert_int_equal(kho_memfd_write(KHO_MEMFD_V2, &in, buf, 48), 0);
		assert_int_equal(kho_memfd_read(KHO_MEMFD_V2, buf, 48, &out), 0);
		assert_memfd(&in, &out);
	}
}

static void names(void **state)
{
	struct kho_memfd memfd;
	unsigned char buf[48] = { 0 };

	(void)state;
	assert_string_equal(kho_memfd_abi_name(KHO_MEMFD_V1), "memfd-v1");
	assert_string_equal(kho_memfd_abi_name(KHO_MEMFD_V2), "memfd-v2");
	assert_null(kho_memfd_abi_name(KHO_MEMFD_UNKNOWN));
	assert_int_equal(kho_memfd_abi_from_name("memfd-v1"), KHO_MEMFD_V1);
	assert_int_equal(kho_memfd_abi_from_name("memfd-v2"), KHO_MEMFD_V2);
	assert_int_equal(kho_memfd_abi_from_name("memfd-v3"), KHO_MEMFD_UNKNOWN);
	assert_int_equal(kho_memfd_size(KHO_MEMFD_V1), 40);
	assert_int_equal(kho_memfd_size(KHO_MEMFD_V2), KHO_MEMFD_SIZE_MAX);
	assert_int_equal(kho_memfd_size(KHO_MEMFD_UNKNOWN), 0);
	assert_int_equal(kho_memfd_read(KHO_MEMFD_UNKNOWN, buf, 48, &memfd), -KHO_ERR_INVAL);
	assert_int_equal(kho_memfd_write(KHO_MEMFD_UNKNOWN, &sample, buf, 48), -KHO_ERR_INVAL);
}

/* ---- vmalloc areas ---- */

struct told {
	unsigned int shift, order;
	uint64_t chunk[8], piece[4096];
	size_t chunks, pieces;
	size_t stop_at;
};

#define STOPPED	77

static int tell_chunk(void *ctx, uint64_t addr)
{
	struct told *told = ctx;

	if (told->chunks < ARRAY_SIZE(told->chunk))
		told->chunk[told->chunks] = addr;
	told->chunks++;
	return told->chunks + told->pieces == told->stop_at ? STOPPED : 0;
}

static int tell_piece(void *ctx, uint64_t addr, unsigned int order)
{
	struct told *told = ctx;

	told->order = order;
	if (told->pieces < ARRAY_SIZE(told->piece))
		told->piece[told->pieces] = addr;
	told->pieces++;
	return told->chunks + told->pieces == told->stop_at ? STOPPED : 0;
}

static int walk_area(unsigned int shift, struct image *m, const struct kho_vmalloc *area,
		     uint64_t max_pages, struct told *told)
{
	const struct kho_mem mem = { image_read, m };
	const struct kho_vmalloc_visitor visitor = { tell_chunk, tell_piece, told };

	m->reads = 0;
	return kho_vmalloc_walk(shift, &mem, area, max_pages, &visitor);
}

/*
 * An area of COUNT pieces. As the kernel does, a chunk that is full is followed
 * by another one, be it empty. Chunks are in descending order.
 */
static struct image make_area(unsigned int shift, unsigned int order, size_t count,
			      struct kho_vmalloc *ret)
{
	uint64_t page = 1ull << shift, room = page / 8 - 1, chunks = count / room + 1;
	struct image m = blank(chunks << shift);

	for (size_t i = 0; i < chunks; i++) {
		uint64_t addr = BASE + ((chunks - 1 - i) << shift);

		if (i + 1 < chunks)
			poke(&m, addr, addr - page);
		for (size_t j = 0; j < room && i * room + j < count; j++)
			poke(&m, addr + 8 + j * 8, (i * room + j + 3) << (shift + order));
	}
	*ret = (struct kho_vmalloc){
		BASE + ((chunks - 1) << shift), (uint32_t)(count << order), 1, (uint16_t)order,
	};
	return m;
}

static void walk_areas(void **state)
{
	static const size_t counts[] = { 0, 1, 510, 511, 512, 1022, 1023, 2046, 2047, 2048 };
	static const unsigned int orders[] = { 0, 1, 9, 20 };

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(page_shifts); s++)
		for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
			for (size_t o = 0; o < ARRAY_SIZE(orders); o++) {
				unsigned int shift = page_shifts[s], order = orders[o];
				struct told *told = must_calloc(sizeof(*told));
				struct kho_vmalloc area;
				struct image m = make_area(shift, order, counts[i], &area);

				assert_int_equal(walk_area(shift, &m, &area, area.total_pages,
							   told), 0);
				assert_int_equal(told->pieces, counts[i]);
				assert_int_equal(told->chunks, m.size >> shift);
				assert_int_equal(told->chunk[0], area.first);
				assert_int_equal(told->chunk[told->chunks - 1], BASE);
				for (size_t j = 0; j < told->pieces; j++)
					assert_int_equal(told->piece[j],
							 (j + 3) << (shift + order));
				if (told->pieces)
					assert_int_equal(told->order, order);
				free(told);
				free(m.bytes);
			}
}

static void walk_no_area(void **state)
{
	struct kho_vmalloc area = { 0 };
	struct image m = { 0 };
	struct told told = { 0 };

	(void)state;
	assert_int_equal(walk_area(12, &m, &area, 0, &told), 0);
	area.total_pages = 1;
	assert_int_equal(walk_area(12, &m, &area, 1, &told), -KHO_ERR_BADNODE);
	assert_int_equal(told.chunks + told.pieces, 0);
}

/* 600 pieces of order 1: a full chunk at BASE + 4096, and one of 89 at BASE. */
static void walk_spoilt(void **state)
{
	static const uint64_t first = BASE + 4096, second = BASE;
	static const struct {
		uint64_t addr, value;
		int err;
	} spoilt[] = {
		{ first, 0, KHO_ERR_BADNODE },			/* pages are missing */
		{ first, first, KHO_ERR_BADNODE },		/* circles */
		{ second, first, KHO_ERR_BADNODE },
		{ second, second, KHO_ERR_BADNODE },
		{ first, second + 8, KHO_ERR_ALIGN },
		{ first, BASE + 8192, KHO_ERR_READ },
		{ first + 8, 0, KHO_ERR_BADNODE },		/* not full */
		{ first + 4088, 0, KHO_ERR_BADNODE },
		{ first + 8, 0x3000, KHO_ERR_ALIGN },		/* not of order 1 */
		{ first + 8, 0x2001, KHO_ERR_ALIGN },
		{ second + 8 + 88 * 8, 0, KHO_ERR_BADNODE },	/* one less */
		{ second + 8 + 89 * 8, 0x2000, KHO_ERR_BADNODE },	/* one more */
	};
	struct told *told = must_calloc(sizeof(*told));
	struct kho_vmalloc area, changed;
	struct image m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		m = make_area(12, 1, 600, &area);
		assert_int_equal(area.first, first);
		poke(&m, spoilt[i].addr, spoilt[i].value);
		assert_int_equal(walk_area(12, &m, &area, UINT32_MAX, told), -spoilt[i].err);
		free(m.bytes);
	}
	m = make_area(12, 1, 600, &area);
	assert_int_equal(walk_area(12, &m, &area, 1200, told), 0);
	assert_int_equal(walk_area(12, &m, &area, 1199, told), -KHO_ERR_LIMIT);
	assert_int_equal(walk_area(13, &m, &area, 1200, told), -KHO_ERR_INVAL);
#define SPOIL(field, what, err) do { \
	changed = area; \
	changed.field = (what); \
	assert_int_equal(walk_area(12, &m, &changed, UINT32_MAX, told), -(err)); \
} while (0)
	SPOIL(first, first + 8, KHO_ERR_ALIGN);
	SPOIL(first, first + 0x100000, KHO_ERR_READ);
	SPOIL(total_pages, 1199, KHO_ERR_BADNODE);
	SPOIL(total_pages, 1198, KHO_ERR_BADNODE);
	SPOIL(total_pages, 1202, KHO_ERR_BADNODE);
	SPOIL(total_pages, UINT32_MAX, KHO_ERR_BADNODE);
	SPOIL(order, 0, KHO_ERR_BADNODE);
	SPOIL(order, 31, KHO_ERR_ALIGN);
	SPOIL(order, 32, KHO_ERR_BADNODE);
	SPOIL(order, 64, KHO_ERR_BADNODE);
	SPOIL(order, UINT16_MAX, KHO_ERR_BADNODE);
#undef SPOIL
	/* The visitor sees nothing beyond the area. */
	*told = (struct told){ 0 };
	changed = area;
	changed.total_pages = 1199;
	assert_int_equal(walk_area(12, &m, &changed, 1200, told), -KHO_ERR_BADNODE);
	assert_int_equal(told->pieces, 599);
	/* A circle is found long before the pages are used up. */
	changed.total_pages = UINT32_MAX;
	poke(&m, second, first);
	for (uint64_t addr = second + 8; addr < first; addr += 8)
		poke(&m, addr, 0x2000);
	assert_int_equal(walk_area(12, &m, &changed, UINT32_MAX, told), -KHO_ERR_BADNODE);
	assert_in_range(m.reads, 2, 5);
	/* A chunk that ends early has to be the last, though all pages are there. */
	poke(&m, first + 4088, 0);
	poke(&m, second, 0);
	changed.total_pages = (510 + 511) * 2;
	assert_int_equal(walk_area(12, &m, &changed, UINT32_MAX, told), -KHO_ERR_BADNODE);
	free(m.bytes);
	free(told);
}

static void walk_failures(void **state)
{
	struct told *told = must_calloc(sizeof(*told));
	struct kho_vmalloc area;
	struct image m = make_area(16, 0, 9000, &area);
	unsigned int reads;
	size_t events;

	(void)state;
	assert_int_equal(walk_area(16, &m, &area, 9000, told), 0);
	reads = m.reads;
	events = told->chunks + told->pieces;
	assert_int_equal(events, 9002);
	for (m.fail_at = 1; m.fail_at <= reads; m.fail_at++)
		assert_int_equal(walk_area(16, &m, &area, 9000, told), -KHO_ERR_READ);
	for (size_t i = 1; i <= events; i += 7) {
		*told = (struct told){ .stop_at = i };
		assert_int_equal(walk_area(16, &m, &area, 9000, told), STOPPED);
		assert_int_equal(told->chunks + told->pieces, i);
	}
	free(m.bytes);
	free(told);
}

/* Nobody listens, but everything is checked. */
static void walk_unheard(void **state)
{
	static const struct kho_vmalloc_visitor nobody;
	struct kho_vmalloc area;
	struct image m = make_area(12, 0, 600, &area);
	const struct kho_mem mem = { image_read, &m };

	(void)state;
	assert_int_equal(kho_vmalloc_walk(12, &mem, &area, 600, &nobody), 0);
	poke(&m, BASE, BASE);
	assert_int_equal(kho_vmalloc_walk(12, &mem, &area, 600, &nobody), -KHO_ERR_BADNODE);
	free(m.bytes);
}

/* ---- Folios ---- */

struct folios {
	struct kho_memfd_folio folio[2048];
	size_t count, stop_at;
};

static int tell_folio(void *ctx, const struct kho_memfd_folio *folio)
{
	struct folios *f = ctx;

	assert_true(f->count < ARRAY_SIZE(f->folio));
	f->folio[f->count++] = *folio;
	return f->count == f->stop_at ? STOPPED : 0;
}

static int walk_folios(unsigned int shift, struct image *m, const struct kho_memfd *memfd,
		       struct folios *folios)
{
	const struct kho_mem mem = { image_read, m };

	return kho_memfd_walk(shift, &mem, memfd, 100, tell_folio, folios);
}

/* A chunk, then two pieces of ORDER at 2 and 4 of their size, in the other order. */
static struct image make_records(unsigned int shift, unsigned int order, struct kho_memfd *ret)
{
	uint64_t piece = 1ull << (shift + order);
	struct image m = blank(6 * piece);

	poke(&m, BASE + 8, BASE + 4 * piece);
	poke(&m, BASE + 16, BASE + 2 * piece);
	*ret = (struct kho_memfd){
		.nr_folios = 2 * piece / 16,
		.folios = { BASE, 2u << order, 1, (uint16_t)order },
	};
	return m;
}

static void folio_bytes(void **state)
{
	struct folios *f = must_calloc(sizeof(*f));
	struct kho_memfd memfd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++)
		for (unsigned int order = 0; order < 2; order++) {
			unsigned int shift = page_shifts[i];
			uint64_t piece = 1ull << (shift + order);
			struct image m = make_records(shift, order, &memfd);

			/* Dirty and up to date; a hole; a flag of tomorrow; the last of each. */
			poke(&m, BASE + 4 * piece, 0x0030000000123456);
			poke(&m, BASE + 4 * piece + 8, 0x1122334455667788);
			poke(&m, BASE + 4 * piece + 16, 0xfff0000000000000);
			poke(&m, BASE + 4 * piece + 24, 1);
			poke(&m, BASE + 4 * piece + 32, 0x8010000000000001);
			poke(&m, BASE + 5 * piece - 16, 7);
			poke(&m, BASE + 2 * piece, 8);
			poke(&m, BASE + 3 * piece - 16, 9);
			poke(&m, BASE + 3 * piece - 8, 10);
			f->count = 0;
			assert_int_equal(walk_folios(shift, &m, &memfd, f), 0);
			assert_int_equal(f->count, 5);
			assert_int_equal(f->folio[0].addr, 0x123456ull << shift);
			assert_int_equal(f->folio[0].flags, 3);
			assert_int_equal(f->folio[0].index, 0x1122334455667788);
			assert_int_equal(f->folio[1].addr, 1ull << shift);
			assert_int_equal(f->folio[1].flags, 0x801);
			assert_int_equal(f->folio[2].addr, 7ull << shift);
			assert_int_equal(f->folio[3].addr, 8ull << shift);
			assert_int_equal(f->folio[4].addr, 9ull << shift);
			assert_int_equal(f->folio[4].index, 10);
			/* Records beyond nr_folios are not looked at. */
			memfd.nr_folios--;
			f->count = 0;
			assert_int_equal(walk_folios(shift, &m, &memfd, f), 0);
			assert_int_equal(f->count, 4);
			f->count = 0;
			f->stop_at = 2;
			assert_int_equal(walk_folios(shift, &m, &memfd, f), STOPPED);
			assert_int_equal(f->count, 2);
			f->stop_at = 0;
			free(m.bytes);
		}
	free(f);
}

static void folio_errors(void **state)
{
	struct folios *f = must_calloc(sizeof(*f));
	struct kho_memfd memfd;
	struct image m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i];
		uint64_t piece = 1ull << shift;

		m = make_records(shift, 0, &memfd);
		assert_int_equal(walk_folios(shift, &m, &memfd, f), 0);
		memfd.nr_folios++;
		assert_int_equal(walk_folios(shift, &m, &memfd, f), -KHO_ERR_BADNODE);
		memfd.nr_folios = UINT64_MAX;
		assert_int_equal(walk_folios(shift, &m, &memfd, f), -KHO_ERR_BADNODE);
		memfd.nr_folios = 1;
		/* 52 bits of frame number are too many except for pages of 4 KiB. */
		f->count = 0;
		poke(&m, BASE + 4 * piece, 0x000fffffffffffff);
		assert_int_equal(walk_folios(shift, &m, &memfd, f),
				 shift == 12 ? 0 : -KHO_ERR_RANGE);
		poke(&m, BASE + 4 * piece, UINT64_MAX >> shift);
		assert_int_equal(walk_folios(shift, &m, &memfd, f), 0);
		memfd.folios.total_pages = 101;
		assert_int_equal(walk_folios(shift, &m, &memfd, f), -KHO_ERR_LIMIT);
		memfd.folios.total_pages = 2;
		assert_int_equal(walk_folios(13, &m, &memfd, f), -KHO_ERR_INVAL);
		m.size = 4 * piece;		/* records are not there */
		assert_int_equal(walk_folios(shift, &m, &memfd, f), -KHO_ERR_READ);
		free(m.bytes);
	}
	/* No records are needed for an empty file. */
	memset(&memfd, 0, sizeof(memfd));
	m = blank(0);
	assert_int_equal(walk_folios(12, &m, &memfd, f), 0);
	free(m.bytes);
	free(f);
}

/* ---- Conversion ---- */

#define PAGE	0x1000ull
#define NEW	0x9990000000ull		/* where converted structs go */

static struct kho_luo_session sessions[] = { { "s1", 1 }, { "s2", 0 }, { "s3", 2 } };

/* Two structs of ABI FROM at pages 1 and 3, and a file that is of ABI KEPT already. */
static struct image make_files(enum kho_memfd_abi from, struct kho_luo_file file[3],
			       struct kho_luo_state *ret)
{
	const void *bytes = from == KHO_MEMFD_V1 ? v1_bytes : v2_bytes;
	const char *name = from == KHO_MEMFD_V1 ? "memfd-v1" : "memfd-v2";
	const char *other = from == KHO_MEMFD_V1 ? "memfd-v2" : "memfd-v1";
	struct image m = blank(4 * PAGE);

	memcpy(m.bytes + PAGE, bytes, from == KHO_MEMFD_V1 ? 40 : 48);
	memcpy(m.bytes + 3 * PAGE, bytes, from == KHO_MEMFD_V1 ? 40 : 48);
	m.bytes[3 * PAGE] = 0x99;
	memset(file, 0, 3 * sizeof(file[0]));
	strcpy(file[0].compatible, name);
	file[0].data = BASE + PAGE;
	file[0].token = 1;
	strcpy(file[1].compatible, other);
	file[1].data = 0xabcde000;
	file[1].token = 2;
	strcpy(file[2].compatible, name);
	file[2].data = BASE + 3 * PAGE;
	file[2].token = 3;
	*ret = (struct kho_luo_state){
		.session = sessions, .session_count = 3, .file = file, .file_count = 3,
	};
	return m;
}

static void convert_both_ways(void **state)
{
	(void)state;
	for (enum kho_memfd_abi to = KHO_MEMFD_V1; to <= KHO_MEMFD_V2; to++) {
		const void *want = to == KHO_MEMFD_V1 ? v1_bytes : v2_bytes;
		const char *name = to == KHO_MEMFD_V1 ? "memfd-v1" : "memfd-v2";
		size_t want_size = to == KHO_MEMFD_V1 ? 40 : 48;
		unsigned char expected[2 * PAGE] = { 0 }, *buf;
		struct kho_luo_file file[3];
		struct kho_luo_state s;
		struct image m = make_files(to == KHO_MEMFD_V1 ? KHO_MEMFD_V2 : KHO_MEMFD_V1, file,
					    &s);
		const struct kho_mem mem = { image_read, &m };
		uint64_t size;

		assert_int_equal(kho_luo_convert_size(12, &s, to, &size), 0);
		assert_int_equal(size, 2 * PAGE);
		buf = must_calloc(size);
		memset(buf, 0xee, size);
		assert_int_equal(kho_luo_convert(12, &mem, &s, to, OUTPUT(buf, size, NEW), NULL), 0);
		memcpy(expected, want, want_size);
		memcpy(expected + PAGE, want, want_size);
		expected[PAGE] = 0x99;
		assert_memory_equal(buf, expected, sizeof(expected));
		for (size_t i = 0; i < 3; i++) {
			assert_string_equal(file[i].compatible, name);
			assert_int_equal(file[i].token, i + 1);
		}
		assert_int_equal(file[0].data, NEW);
		assert_int_equal(file[1].data, 0xabcde000);
		assert_int_equal(file[2].data, NEW + PAGE);
		/* Once more there is nothing to do. */
		assert_int_equal(kho_luo_convert_size(12, &s, to, &size), 0);
		assert_int_equal(size, 0);
		assert_int_equal(kho_luo_convert(12, &mem, &s, to, OUTPUT(NULL, 0, NEW), NULL), 0);
		free(buf);
		free(m.bytes);
	}
}

struct attempt {
	enum kho_memfd_abi to;
	uint64_t size, base;
	struct kho_luo_culprit culprit;
};

/* Convert, and see that nothing changes on an error. */
static int convert(struct attempt *a, struct image *m, struct kho_luo_state *s)
{
	const struct kho_mem mem = { image_read, m };
	struct kho_luo_file before[3];
	unsigned char *buf = must_calloc(a->size);
	int err;

	memcpy(before, s->file, sizeof(before));
	memset(&a->culprit, 0xee, sizeof(a->culprit));
	m->reads = 0;
	err = kho_luo_convert(12, &mem, s, a->to, OUTPUT(buf, a->size, a->base), &a->culprit);
	if (err)
		assert_memory_equal(before, s->file, sizeof(before));
	free(buf);
	return err;
}

static void assert_culprit(const struct attempt *a, const struct kho_luo_session *session,
			   const struct kho_luo_file *file, const struct kho_luo_flb *flb)
{
	assert_ptr_equal(a->culprit.session, session);
	assert_ptr_equal(a->culprit.file, file);
	assert_ptr_equal(a->culprit.flb, flb);
}

static void convert_losses(void **state)
{
	struct attempt a = { KHO_MEMFD_V1, 2 * PAGE, NEW, { 0 } };
	struct kho_luo_flb flb = { "iommu", 1, 1 };
	struct kho_luo_file file[3];
	struct kho_luo_state s;
	struct image m = make_files(KHO_MEMFD_V2, file, &s);

	(void)state;
	m.bytes[3 * PAGE + 16] = 0x05;			/* another seal */
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_LOSS);
	assert_culprit(&a, &sessions[2], &file[2], NULL);
	m.bytes[3 * PAGE + 16] = 0x00;
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_LOSS);
	assert_culprit(&a, &sessions[2], &file[2], NULL);
	m.bytes[3 * PAGE + 16] = 0x01;
	m.bytes[PAGE + 20] = 0x01;			/* a flag */
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_LOSS);
	assert_culprit(&a, &sessions[0], &file[0], NULL);
	m.bytes[PAGE + 20] = 0x00;
	/* A seal that no reader knows. */
	m.bytes[PAGE + 17] = 0x01;
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_BADNODE);
	assert_culprit(&a, &sessions[0], &file[0], NULL);
	m.bytes[PAGE + 17] = 0x00;
	/* Handlers and FLBs of which nothing is known. */
	strcpy(file[1].compatible, "vfio-v1");
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_LOSS);
	assert_culprit(&a, &sessions[2], &file[1], NULL);
	strcpy(file[1].compatible, "memfd-v1");
	s.flb = &flb;
	s.flb_count = 1;
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_LOSS);
	assert_culprit(&a, NULL, NULL, &flb);
	s.flb_count = 0;
	assert_int_equal(convert(&a, &m, &s), 0);
	free(m.bytes);
}

static void convert_errors(void **state)
{
	struct attempt a = { KHO_MEMFD_V2, 2 * PAGE, NEW, { 0 } };
	struct kho_luo_file file[3];
	struct kho_luo_state s;
	struct image m = make_files(KHO_MEMFD_V1, file, &s);

	(void)state;
	for (m.fail_at = 1; m.fail_at <= 2; m.fail_at++) {
		assert_int_equal(convert(&a, &m, &s), -KHO_ERR_READ);
		assert_culprit(&a, m.fail_at == 1 ? &sessions[0] : &sessions[2],
			       m.fail_at == 1 ? &file[0] : &file[2], NULL);
	}
	m.fail_at = 0;
	file[2].data += 8;
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_ALIGN);
	assert_culprit(&a, &sessions[2], &file[2], NULL);
	file[2].data -= 8;
#define SPOIL(field, what, err) do { \
	struct attempt bad = a; \
	bad.field = (what); \
	assert_int_equal(convert(&bad, &m, &s), -(err)); \
	assert_culprit(&bad, NULL, NULL, NULL); \
} while (0)
	SPOIL(size, 2 * PAGE - 1, KHO_ERR_NOSPACE);
	SPOIL(base, NEW + 8, KHO_ERR_ALIGN);
	SPOIL(base, 0, KHO_ERR_RANGE);
	SPOIL(base, -PAGE, KHO_ERR_RANGE);
	SPOIL(to, KHO_MEMFD_UNKNOWN, KHO_ERR_INVAL);
#undef SPOIL
	s.file_count = 2;
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_INVAL);
	s.file_count = 3;
	sessions[0].file_count = 0;
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_INVAL);
	sessions[0].file_count = 1;
	memset(file[1].compatible, 'x', sizeof(file[1].compatible));
	assert_int_equal(convert(&a, &m, &s), -KHO_ERR_INVAL);
	free(m.bytes);
}

/* A version of the struct that is not known. */
static void convert_other_size(void **state)
{
	struct kho_luo_file file[3];
	struct kho_luo_state s;
	struct image m = make_files(KHO_MEMFD_V1, file, &s);
	const struct kho_mem mem = { image_read, &m };
	unsigned char *buf = must_calloc(2 * PAGE);
	struct kho_luo_output out = *OUTPUT(buf, 2 * PAGE, NEW);
	const size_t good = out.struct_size, sizes[] = { 0, good - 1, good + 1, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		out.struct_size = sizes[i];
		assert_int_equal(kho_luo_convert(12, &mem, &s, KHO_MEMFD_V2, &out, NULL),
				 -KHO_ERR_INVAL);
		assert_string_equal(file[0].compatible, "memfd-v1");
	}
	out.struct_size = good;
	assert_int_equal(kho_luo_convert(12, &mem, &s, KHO_MEMFD_V2, &out, NULL), 0);
	free(buf);
	free(m.bytes);
}

/* From 6.19 to 7.3: luo-v1 with memfd-v1 is read, converted, and written as luo-v5. */
static void convert_all_the_way(void **state)
{
	struct kho_luo_file file[3], back_file[3];
	struct kho_luo_session back_session[3];
	struct kho_luo_state s, back = {
		.session = back_session, .session_count = 3, .file = back_file, .file_count = 3,
	};
	struct image old = make_files(KHO_MEMFD_V1, file, &s), image;
	struct kho_mem mem = { image_read, &image };
	unsigned char structs[2 * PAGE], *buf;
	struct kho_node node;
	uint64_t size;

	(void)state;
	assert_int_equal(kho_luo_size(KHO_LUO_V1, 12, &s, &size), 0);
	buf = must_calloc(size);
	assert_int_equal(kho_luo_encode(KHO_LUO_V1, 12, &s, OUTPUT(buf, size, BASE), NULL, &node), 0);
	image = (struct image){ .bytes = buf, .size = size };
	assert_int_equal(kho_luo_read(12, &mem, &node, &back), 0);
	mem.ctx = &old;
	assert_int_equal(kho_luo_convert(12, &mem, &back, KHO_MEMFD_V2,
					 OUTPUT(structs, sizeof(structs), NEW), NULL), 0);
	free(buf);
	assert_int_equal(kho_luo_size(KHO_LUO_V5, 12, &back, &size), 0);
	buf = must_calloc(size);
	assert_int_equal(kho_luo_encode(KHO_LUO_V5, 12, &back, OUTPUT(buf, size, BASE), NULL, &node), 0);
	image = (struct image){ .bytes = buf, .size = size };
	mem.ctx = &image;
	memset(back_file, 0, sizeof(back_file));
	assert_int_equal(kho_luo_read(12, &mem, &node, &back), 0);
	assert_int_equal(back.file_count, 3);
	assert_string_equal(back_file[2].compatible, "memfd-v2");
	assert_int_equal(back_file[2].data, NEW + PAGE);
	assert_int_equal(back_file[2].token, 3);
	assert_memory_equal(structs, v2_bytes, sizeof(v2_bytes));
	free(buf);
	free(old.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_bytes),
		cmocka_unit_test(write_bytes),
		cmocka_unit_test(cut_bytes),
		cmocka_unit_test(losses),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(names),
		cmocka_unit_test(walk_areas),
		cmocka_unit_test(walk_no_area),
		cmocka_unit_test(walk_spoilt),
		cmocka_unit_test(walk_failures),
		cmocka_unit_test(walk_unheard),
		cmocka_unit_test(folio_bytes),
		cmocka_unit_test(folio_errors),
		cmocka_unit_test(convert_both_ways),
		cmocka_unit_test(convert_losses),
		cmocka_unit_test(convert_errors),
		cmocka_unit_test(convert_other_size),
		cmocka_unit_test(convert_all_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
