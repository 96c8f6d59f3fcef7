/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of real kernels: what tests/data/vectors has, see the README there. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <stdio.h>

#include "kho.h"

#define VECTOR_SHIFT	12
#define VECTOR_PAGE	((size_t)1 << VECTOR_SHIFT)

#define VECTOR_MAP_PAGES	64	/* more than any of them has */
#define VECTOR_AREA_PAGES	64
#define VECTOR_NODE_MAX		65536
#define VECTOR_LUO_MAX		64

struct vector_page {
	uint64_t addr;
	unsigned char *bytes;		/* VECTOR_PAGE of them */
};

struct vector {
	const char *name;
	unsigned char *file;
	size_t file_size;
	char *expect;
	struct vector_page *page;	/* by address */
	size_t pages;
	uint64_t hidden;		/* address of a page that reads fail on, or 1 */
	/* From .expect, as the boot protocol tells them to a kernel. */
	uint64_t root, scratch_array, scratch_size;
};

/* Blocks of a map, and the pages it lies in. */
struct vector_map {
	struct kho_block *block;
	size_t blocks, blocks_room;
	uint64_t *page;
	size_t pages, pages_room;
};

extern const char *const vector_names[];
extern const size_t vector_count;

/* Load NAME or fail the test. */
void vector_load(const char *name, struct vector *ret);
void vector_free(struct vector *vector);

/*
 * Pages of the sparse ELF core in FILE. 0, or -1 if it is anything but what
 * make-vectors writes: this reader is strict.
 */
int vector_parse(const void *file, size_t size, struct vector *ret);
void vector_free_pages(struct vector *vector);

/* The page at ADDR, or NULL. */
unsigned char *vector_page_at(const struct vector *vector, uint64_t addr);

/* A kho_mem's read(), CTX is a vector. */
int vector_read(void *ctx, uint64_t addr, void *buf, size_t size);

/* Walk the map at ROOT in MEM; blocks and pages sorted by address, each page once. */
int vector_map_walk(enum kho_abi abi, const struct kho_mem *mem, uint64_t root,
		    struct vector_map *ret);
void vector_map_free(struct vector_map *map);

/*
 * Decode all of a vector by libkho and write to OUT what .expect should say. 0, or the
 * first error; the map is walked also after one in a node. OUT may be NULL.
 */
int vector_decode(struct vector *vector, FILE *out);

/* Its root FDT only; of kho-v1 the form of the map is found out. */
int vector_decode_root(struct vector *vector, struct kho_root *ret);

#endif
