/* SPDX-License-Identifier: GPL-2.0-only */
/* The dumps of tests/data/dumps, opened as sources, with memory that can be changed. */
#ifndef TESTS_DUMPS_H
#define TESTS_DUMPS_H

#include "decoded.h"

/* Where make-dump puts things. */
#define DUMP_ROOT	0x1000000ull
#define DUMP_MAP	0x1100000ull
#define DUMP_MEMBLOCK	0x1200000ull
#define DUMP_METADATA	0x1210000ull
#define DUMP_LUO	0x1220000ull
#define DUMP_LUO_SESSIONS 0x1221000ull
#define DUMP_LUO_MEMFD	0x1223000ull
#define DUMP_LUO_FOLIOS	0x1225000ull
#define DUMP_TEST	0x1230000ull
#define DUMP_STATE	0x1240000ull
#define DUMP_R0		0x3c000000ull
#define DUMP_LOG	0x3d201000ull

#define DUMP_PATCHES	8

struct opened_dump {
	struct source source;
	struct kho_mem memory;		/* below the patches */
	struct {
		uint64_t addr;
		unsigned char bytes[4096];
		size_t size;
		bool hole;		/* reading these bytes fails */
	} patch[DUMP_PATCHES];
	size_t patches;
	struct decoded decoded;
	char path[512];
};

/* Open "kho-v4" and the like; each fails the test if it cannot do its work. */
struct opened_dump *dump_source(const char *name);
struct opened_dump *dump_source_path(const char *path);

/* Replace bytes of memory, or take them away. */
void dump_patch(struct opened_dump *dump, uint64_t addr, const void *bytes, size_t size);
void dump_hole(struct opened_dump *dump, uint64_t addr, size_t size);

/* Decode the current contents; not twice. */
struct decoded *dump_decoded(struct opened_dump *dump);

void dump_done(struct opened_dump *dump);

#endif
