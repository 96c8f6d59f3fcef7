/* SPDX-License-Identifier: GPL-2.0-only */
/* A kho_map whose buffer grows by itself. */
#ifndef KEXEC_BLOCKS_H
#define KEXEC_BLOCKS_H

#include <stdint.h>

#include "kho.h"

struct blocks {
	struct kho_map map;		/* its buffer is malloc'ed */
};

/* All: 0 or -KHO_ERR_* without a message; -KHO_ERR_NOSPACE: no memory. */
int blocks_init(struct blocks *blocks, unsigned int page_shift);
int blocks_copy(struct blocks *blocks, const struct blocks *from);
int blocks_add(struct blocks *blocks, uint64_t addr, unsigned int order);

/* Also for one that is all zero, or whose blocks_init() or blocks_copy() failed. */
void blocks_free(struct blocks *blocks);

/*
 * Find a block that touches one of COUNT ranges. True, with its range in *RET, if there is
 * one. Compares each range with every block.
 */
bool blocks_find_overlap(const struct blocks *blocks, const struct kho_range *range, size_t count,
			 struct kho_range *ret);

#endif
