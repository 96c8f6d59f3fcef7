/* SPDX-License-Identifier: GPL-2.0-only */
/* A growing list of ranges of physical memory. */
#ifndef KEXEC_RANGES_H
#define KEXEC_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kho.h"

#define RANGES_MAX	(1u << 26)	/* a hostile map may name more: 1 GiB of them */

struct ranges {
	struct kho_range *list;		/* malloc'ed */
	size_t count;
	size_t room;
};

/*
 * Append a range. One that continues the last is joined with it, an empty one is left out. 0,
 * or -KHO_ERR_NOSPACE: no memory, or more than RANGES_MAX.
 */
int ranges_add(struct ranges *ranges, uint64_t addr, uint64_t size);

/* Sort by address, and join what overlaps or touches. */
void ranges_merge(struct ranges *ranges);

/* For merged ranges: does one of them contain any byte, or all bytes, of [addr, addr + size)? */
bool ranges_touch(const struct ranges *ranges, uint64_t addr, uint64_t size);
bool ranges_cover(const struct ranges *ranges, uint64_t addr, uint64_t size);

/* Append to RET what A and B, both merged, have in common. 0, or -KHO_ERR_NOSPACE. */
int ranges_intersect(const struct ranges *a, const struct ranges *b, struct ranges *ret);

/* Append to RET what of A is not in B, both merged. 0, or -KHO_ERR_NOSPACE. */
int ranges_subtract(const struct ranges *a, const struct ranges *b, struct ranges *ret);

/* Bytes of all ranges. */
uint64_t ranges_total(const struct ranges *ranges);

void ranges_free(struct ranges *ranges);

#endif
