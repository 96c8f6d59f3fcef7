/* SPDX-License-Identifier: GPL-2.0-only */
/* What translate.c and translate-luo.c share. */
#ifndef KHO_FDT_TRANSLATE_PRIVATE_H
#define KHO_FDT_TRANSLATE_PRIVATE_H

#include "translate.h"

#define LUO_ALIGN_PAGES	16		/* of the block of sessions in luo-v1 */
#define REFUSED		1		/* after a message: the other ABI cannot express it */

/* A translation in progress. */
struct work {
	const struct decoded *decoded;
	const struct translate_target *to;
	struct translation *out;
	struct kho_root root;		/* the new one */
	struct blocks blocks;		/* the new map */
	struct ranges gone;		/* whole blocks that are no longer in it */
	struct kho_luo_state luo;	/* of the old node; arrays malloc'ed */
};

/*
 * Append SIZE zeroed bytes, aligned to ALIGN, in whole pages. *RET gets their offset. 0, or -1
 * after a message.
 */
int translate_extend(struct work *w, uint64_t size, uint64_t align, uint64_t *ret);

/* Returns -1, after the message. */
int translate_no_memory(void);

/* Mark the new pages as preserved, cut as kernels cut them. 0, or -1 after a message. */
int translate_preserve(struct work *w, uint64_t addr, uint64_t size);

/* Read memory that belongs to node NAME. 0, or -1 after a message. */
int translate_read(const struct work *w, const char *name, uint64_t addr, void *buf, size_t size);

/* What becomes of a node: 0, or -1 or REFUSED after a message. */
int translate_add(struct work *w, const struct kho_node *node, enum translate_fate fate,
		  uint64_t addr, uint64_t size);
int translate_drop(struct work *w, const struct kho_node *node, const char *why);
int translate_keep(struct work *w, const struct kho_node *node);

/* The node LUO, whose contents are D; returns the same. */
int translate_luo(struct work *w, const struct kho_node *node, const struct decoded_node *d);

/* A node with the same state in an unknown form is handed on with LUO, or left out with it. */
int translate_below_luo(struct work *w, const struct kho_node *node);

#endif
