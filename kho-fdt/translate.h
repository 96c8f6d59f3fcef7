/* SPDX-License-Identifier: GPL-2.0-only */
/* Translates a handover to another ABI. Pure except for memory and messages. */
#ifndef KHO_FDT_TRANSLATE_H
#define KHO_FDT_TRANSLATE_H

#include "decoded.h"

#define TRANSLATION_MAX	(2ull << 30)	/* most bytes of all new pages */

/* The reader to translate for. */
struct translate_target {
	struct kho_formats formats;
	const char *name;		/* for messages */
};

/* What a kernel of ABI reads, going by released kernels. */
struct translate_target translate_target_of(enum kho_abi abi);

enum translate_fate {
	TRANSLATE_KEPT,			/* handed on by address */
	TRANSLATE_WRAPPED,		/* wrapped in an FDT, which the other ABI demands */
	TRANSLATE_UNWRAPPED,
	TRANSLATE_CONVERTED,		/* LUO */
	TRANSLATE_DROPPED,		/* left out without a loss */
};

struct translated_node {
	char name[KHO_NODE_NAME_MAX];
	enum translate_fate fate;
	const char *why;		/* TRANSLATE_DROPPED */
	uint64_t addr, size;		/* not with TRANSLATE_DROPPED */
};

struct translation {
	enum kho_abi abi;
	uint64_t base;			/* of the new pages: root FDT first, the map last */
	struct buffer bytes;
	uint64_t fdt_size, map, map_size;
	uint64_t blocks;		/* in the new map */
	struct translated_node node[KHO_ROOT_NODES_MAX];
	size_t node_count;
	struct ranges kept;		/* memory that nodes refer to, apart from the new pages */
};

/* An address after everything that the handover and its source name. */
uint64_t translate_default_base(const struct decoded *decoded);

/*
 * Translate a handover, from decoded_read_whole(), for TO. 0; 1 after a message if a part of
 * it cannot be expressed for TO; -1 after a message if translation fails altogether. Release
 * with translate_free() in each case.
 */
int translate(const struct decoded *decoded, const struct translate_target *to, uint64_t base,
	      struct translation *ret);
void translate_free(struct translation *translation);

#endif
