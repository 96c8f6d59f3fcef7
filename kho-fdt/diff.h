/* SPDX-License-Identifier: GPL-2.0-only */
/* What two handovers have in common, and where they differ. Pure except for memory. */
#ifndef KHO_FDT_DIFF_H
#define KHO_FDT_DIFF_H

#include "decoded.h"

/* Adjacent blocks of one order that only one of two maps has. */
struct diff_range {
	uint64_t addr, size;
	unsigned int order;
};

struct diff_blocks {
	struct diff_range *list;	/* malloc'ed; larger orders first, then by address */
	size_t count, room;
	uint64_t blocks;		/* in all of them */
	uint64_t own_blocks;		/* of the handover itself, see decoded_own_pages() */
};

enum diff_fate {
	DIFF_SAME,			/* contents, wherever they are */
	DIFF_CHANGED,
	DIFF_ONLY_A,
	DIFF_ONLY_B,
	DIFF_LEFT_OUT,			/* only in one, and the other's ABI does not need it */
	DIFF_UNREADABLE,
};

struct diff_node {
	char name[KHO_NODE_NAME_MAX];
	enum diff_fate fate;
	bool moved;			/* DIFF_SAME, at another address */
};

struct diff {
	bool abi_differs;
	struct diff_blocks only_a, only_b;
	struct diff_node node[2 * KHO_ROOT_NODES_MAX];
	size_t node_count;
	bool same;			/* except for the ABI: the same handover */
};

/* A and B: from decoded_read_whole(). 0, or -KHO_ERR_NOSPACE. Release with diff_free(). */
int diff_make(const struct decoded *a, const struct decoded *b, struct diff *ret);
void diff_free(struct diff *diff);

#endif
