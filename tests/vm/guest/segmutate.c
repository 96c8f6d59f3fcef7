// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random damage to a segment. Iteration N of seed S is the same each time, whatever came
 * before it, so that one can be repeated alone.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segment.h"

#define AREAS		8
#define ERRNO_MAX	256
#define INTERESTING	16

struct area {
	size_t start;
	size_t size;
};

struct mutator {
	struct segment s;
	uint64_t state;
	struct area area[AREAS];
	unsigned int areas;
	uint64_t interesting[INTERESTING];
	uint64_t counts[ERRNO_MAX];
	int kernel;
	bool loads;			/* the kernel is one */
};

/* splitmix64 */
static uint64_t draw(struct mutator *m)
{
	uint64_t z = m->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint64_t below(struct mutator *m, uint64_t limit)
{
	return draw(m) % limit;
}

/* An offset, mostly in one of the parts that the kernel looks at. */
static size_t place(struct mutator *m, size_t align)
{
	struct area area = { 0, m->s.size };
	size_t offset;

	if (below(m, 8))
		area = m->area[below(m, m->areas)];
	offset = (area.start + below(m, area.size)) & ~(align - 1);
	return offset + align <= m->s.size ? offset : 0;
}

static void add_area(struct mutator *m, size_t start, size_t size)
{
	m->area[m->areas++] = (struct area){ start, size };
}

static size_t tree_size(const struct mutator *m, uint64_t phys)
{
	return be32toh(((uint32_t *)segment_phys(&m->s, phys))[1]);
}

static void find_areas(struct mutator *m)
{
	struct kho_payload *p = m->s.payload;
	struct kho_table *t = m->s.table;
	struct tree root;
	uint64_t node;

	tree_read(&root, segment_phys(&m->s, p->fdt_addr), false);
	node = tree_find(&root, "memblock")->first;
	add_area(m, 0, sizeof(struct kho_setup_data) + sizeof(*p));
	add_area(m, p->item_offset, p->item_count * sizeof(*m->s.item));
	add_area(m, p->table_offset, sizeof(*t) + t->entry_count * sizeof(*m->s.entry));
	add_area(m, p->table_offset, p->table_size);
	add_area(m, p->scratch_offset, p->scratch_count * 2 * sizeof(*m->s.scratch));
	add_area(m, p->fdt_addr - p->addr, tree_size(m, p->fdt_addr));
	add_area(m, p->fdt_addr - p->addr, tree_size(m, p->fdt_addr));
	add_area(m, node - p->addr, tree_size(m, node));
}

static void find_interesting(struct mutator *m)
{
	const struct kho_payload *p = m->s.payload;
	const uint64_t values[INTERESTING] = {
		0, 1, UINT64_MAX, INT64_MAX, INT32_MAX, UINT32_MAX, PAGE_SIZE, p->size, p->addr,
		p->addr + p->size, p->fdt_addr, p->table_offset, p->item_offset,
		m->s.scratch[0], m->s.scratch[0] + m->s.scratch[1], m->s.item[0].addr,
	};

	memcpy(m->interesting, values, sizeof(values));
}

static uint64_t interesting(struct mutator *m)
{
	static const int64_t near[] = { 0, 0, 0, 1, -1, 8, -8, (int64_t)PAGE_SIZE,
					-(int64_t)PAGE_SIZE };
	uint64_t value = m->interesting[below(m, INTERESTING)];

	if (!below(m, 8))
		value = 1ull << below(m, 64);
	return value + (uint64_t)near[below(m, sizeof(near) / sizeof(near[0]))];
}

/* Replace a number of 2, 4 or 8 bytes, in either byte order, or change it a little. */
static void put_number(struct mutator *m)
{
	size_t size = 2u << below(m, 3);
	unsigned char *at = m->s.at + place(m, size);
	uint64_t value, order = below(m, 2);

	memcpy(&value, at, size);
	if (below(m, 4))
		value = interesting(m);
	else
		value += below(m, 33) - 16;
	if (order)
		value = htobe64(value) >> (64 - 8 * size);
	memcpy(at, &value, size);
}

static void copy_block(struct mutator *m)
{
	size_t size = 4u << below(m, 6);
	size_t from = place(m, 4), to = place(m, 4);

	if (from + size <= m->s.size && to + size <= m->s.size)
		memmove(m->s.at + to, m->s.at + from, size);
}

static void swap_blocks(struct mutator *m)
{
	size_t size = 4u << below(m, 6);
	size_t a = place(m, 4), b = place(m, 4);
	unsigned char block[128];

	if (a + size > m->s.size || b + size > m->s.size)
		return;
	memcpy(block, m->s.at + a, size);
	memmove(m->s.at + a, m->s.at + b, size);
	memcpy(m->s.at + b, block, size);
}

static void change_length(struct mutator *m)
{
	size_t size = m->s.size;

	switch (below(m, 4)) {
	case 0:
		size = below(m, size + 1);
		break;
	case 1:
		size -= below(m, 64);
		break;
	default:
		size += below(m, 2 * PAGE_SIZE);
		break;
	}
	/* Mapped pages of the file stay mapped. */
	segment_resize(&m->s, size < PAGE_SIZE ? PAGE_SIZE : size);
}

static void mutate_once(struct mutator *m)
{
	switch (below(m, 32)) {
	case 0 ... 7:
		m->s.at[place(m, 1)] ^= 1u << below(m, 8);
		break;
	case 8 ... 11:
		m->s.at[place(m, 1)] = (unsigned char)draw(m);
		break;
	case 12 ... 24:
		put_number(m);
		break;
	case 25 ... 28:
		copy_block(m);
		break;
	case 29 ... 30:
		swap_blocks(m);
		break;
	default:
		change_length(m);
		break;
	}
}

/* Returns the error of the load. */
static int mutate(struct mutator *m, uint64_t seed, uint64_t iteration)
{
	uint64_t times;

	m->state = seed;
	m->state = draw(m) ^ iteration;
	segment_restore(&m->s);
	times = 1 + (below(m, 2) ? below(m, 8) : below(m, 2));
	while (times--)
		mutate_once(m);
	if (below(m, 2))
		segment_repair(&m->s);
	return segment_load(m->kernel, m->s.fd, KEXEC_FILE_KHO);
}

/* The errors that are documented for a segment; ENOEXEC: it passed, the kernel did not. */
static bool expected(const struct mutator *m, int error)
{
	if (error == EBADMSG || error == EADDRNOTAVAIL || error == ESTALE)
		return true;
	return m->loads ? !error || error == ENOSPC : error == ENOEXEC;
}

static void open_all(struct mutator *m, const char *segment, const char *kernel)
{
	segment_open(&m->s, segment);
	m->loads = kernel;
	m->kernel = kernel ? open(kernel, O_RDONLY | O_CLOEXEC) : segment_no_kernel();
	find_areas(m);
	find_interesting(m);
	if (!expected(m, segment_load(m->kernel, m->s.fd, KEXEC_FILE_KHO)) ||
	    (errno && errno != ENOEXEC))
		die("the segment is refused before it is changed: %s", strerror(errno));
}

static void report(const struct mutator *m, uint64_t count, uint64_t seed)
{
	printf("mutate: %" PRIu64 " of seed %" PRIu64 ":", count, seed);
	for (int i = 0; i < ERRNO_MAX; i++)
		if (m->counts[i])
			printf(" %" PRIu64 " %s", m->counts[i], i ? strerrorname_np(i) : "loaded");
	putchar('\n');
}

int segfuzz_mutate(const char *segment, const char *kernel, uint64_t count, uint64_t seed,
		   uint64_t first)
{
	static struct mutator m;
	int loaded = kernel ? 1 : segment_loaded(), failed = 0;

	open_all(&m, segment, kernel);
	for (uint64_t i = first; i < first + count; i++) {
		int error = mutate(&m, seed, i);

		m.counts[error % ERRNO_MAX]++;
		if (!expected(&m, error)) {
			printf("FAIL seed %" PRIu64 " iteration %" PRIu64 ": %s\n", seed, i,
			       error ? strerrorname_np(error) : "loaded");
			failed++;
		}
		if (i % 1000 == 999 && segment_loaded() != loaded)
			die("what is loaded has changed, at most 1000 before iteration %" PRIu64, i);
	}
	report(&m, count, seed);
	if (segment_loaded() != loaded)
		die("what is loaded has changed");
	return failed != 0;
}
