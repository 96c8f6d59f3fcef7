/* SPDX-License-Identifier: GPL-2.0-only */
/* Segments of an image to load, and where they go. Pure. */
#ifndef KEXEC_SEGMENTS_H
#define KEXEC_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "kho.h"

#define SEGMENTS_MAX	16		/* KEXEC_SEGMENT_MAX of the kernel */

struct segment {
	const char *name;
	uint64_t addr;
	uint64_t size;			/* in memory, whole pages */
	const void *buf;
	size_t buf_size;		/* the rest is zero */
};

struct segments {
	struct segment list[SEGMENTS_MAX];
	size_t count;
	uint64_t entry;			/* of purgatory */
};

/*
 * Place SIZE bytes in AREA, clear of everything already placed, as PLACE says (place->size is
 * set here), and append the segment, without its buffer. Errors: -KHO_ERR_NOSPACE,
 * -KHO_ERR_LIMIT (too many segments).
 */
int segments_place(struct segments *segments, const char *name, uint64_t size,
		   const struct kho_range *area, size_t areas, struct kho_place place,
		   struct segment **ret);

uint64_t segments_total(const struct segments *segments);

#endif
