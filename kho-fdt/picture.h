/* SPDX-License-Identifier: GPL-2.0-only */
/* What physical memory is used for, as far as the handover and the source tell. */
#ifndef KHO_FDT_PICTURE_H
#define KHO_FDT_PICTURE_H

#include "decoded.h"

/* In the order in which one hides another: later ones are on top. */
enum picture_kind {
	PICTURE_HOLE,			/* no RAM, or not in the dump */
	PICTURE_FREE,			/* RAM that is none of the following */
	PICTURE_SCRATCH,
	PICTURE_KERNEL,			/* code and data of the running kernel */
	PICTURE_PRESERVED,
	PICTURE_MAP,			/* pages of the map of preserved memory */
	PICTURE_HANDOVER,		/* root FDT and nodes' data */
	PICTURE_CONFLICT,		/* preserved and scratch at once */
	PICTURE_KINDS,
};

struct picture_range {
	uint64_t addr, size;
	enum picture_kind kind;
};

struct picture {
	struct picture_range *list;	/* malloc'ed; by address, without gaps or empty ranges */
	size_t count, room;
	uint64_t total[PICTURE_KINDS];
};

/* "preserved" and the like. */
const char *picture_name(enum picture_kind kind);

/* 0, or -KHO_ERR_NOSPACE. Release with picture_free(), also after an error. */
int picture_make(const struct decoded *decoded, struct picture *ret);
void picture_free(struct picture *picture);

/*
 * How many bytes a row of CELLS cells stands for, a power of two of pages in each, so that at
 * most ROWS rows are not empty.
 */
uint64_t picture_row_size(const struct picture *picture, size_t cells, size_t rows);

/* What [addr, addr + size) shows: the most prominent kind, and whether all of it is that kind. */
enum picture_kind picture_cell(const struct picture *picture, uint64_t addr, uint64_t size,
			       bool *ret_full);

#endif
