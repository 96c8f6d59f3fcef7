/* SPDX-License-Identifier: GPL-2.0-only */
/* A handover written anew for another ABI. Pure but for memory and messages. */
#ifndef KHO_FDT_TRANSLATE_H
#define KHO_FDT_TRANSLATE_H

#include "decoded.h"

#define TRANSLATION_MAX	(2ull << 30)	/* bytes of all that is new */

/* What is to read it. */
struct translate_target {
	struct kho_formats formats;
	const char *name;		/* for messages */
};

/* What a kernel of ABI reads, by what releases have shipped. */
struct translate_target translate_target_of(enum kho_abi abi);

enum translate_fate {
	TRANSLATE_KEPT,			/* by address, as it is */
	TRANSLATE_WRAPPED,		/* put into an FDT, which the other ABI demands */
	TRANSLATE_UNWRAPPED,
	TRANSLATE_CONVERTED,		/* LUO */
	TRANSLATE_DROPPED,		/* nothing is lost by it */
};

struct translated_node {
	char name[KHO_NODE_NAME_MAX];
	enum translate_fate fate;
	const char *why;		/* TRANSLATE_DROPPED */
	uint64_t addr, size;		/* not with TRANSLATE_DROPPED */
};

struct translation {
	enum kho_abi abi;
	uint64_t base;			/* of what is new: root FDT first, the map last */
	struct buffer bytes;
	uint64_t fdt_size, map, map_size;
	uint64_t blocks;		/* in the new map */
	struct translated_node node[KHO_ROOT_NODES_MAX];
	size_t node_count;
	struct ranges kept;		/* memory that nodes refer to and that is not new */
};

/* A base behind all that DOC and its source name. */
uint64_t translate_default_base(const struct decoded *decoded);

/*
 * Translate DOC, from decoded_read_whole(), for TO. 0; 1 after a message if something in
 * it cannot be expressed for TO; -1 after a message if it cannot be done at all.
 * Release with translate_free() in each case.
 */
int translate(const struct decoded *decoded, const struct translate_target *to, uint64_t base,
	      struct translation *ret);
void translate_free(struct translation *translation);

#endif
