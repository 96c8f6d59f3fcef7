/* SPDX-License-Identifier: GPL-2.0-only */
/* Can one kernel read what another hands over? Pure. */
#ifndef KHO_FDT_PREFLIGHT_H
#define KHO_FDT_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "kho.h"

struct preflight_kernel {
	struct kho_formats formats;
	bool form_sure;			/* see formats_of_image() */
	bool kho;			/* it has KHO; its ABI may still be unknown */
};

enum preflight_result {
	PREFLIGHT_NATIVE,		/* everything is read as it is */
	PREFLIGHT_TRANSLATED,		/* everything is read after translation */
	PREFLIGHT_PARTLY,		/* all but single nodes */
	PREFLIGHT_UNREADABLE,
};

struct preflight_node {
	const char *name;
	bool no_fdt;			/* its data is known not to be one */
};

/* What is handed over. */
struct preflight_load {
	struct preflight_node node[KHO_ROOT_NODES_MAX];
	size_t nodes;
	bool sessions;			/* live update sessions are or may be open */
	unsigned int order;		/* of the largest block outside of regions; 0: unknown */
};

struct preflight_part {
	char name[KHO_NODE_NAME_MAX];	/* "map", or the name of a node; "*": any blob */
	struct kho_verdict verdict;
};

struct preflight {
	bool built;			/* the first has no KHO: userspace builds the handover */
	struct preflight_part part[KHO_ROOT_NODES_MAX + 2];
	size_t count;
	enum preflight_result result;
};

/*
 * Judge how TO reads LOAD, which FROM hands over, as "kexec --kho" does. A FROM without KHO
 * has none of these nodes: then the verdict is on what userspace builds for TO.
 */
void preflight_compare(const struct preflight_kernel *from, const struct preflight_kernel *to,
		       const struct preflight_load *load, struct preflight *ret);

/* "native", "translated", "dropped", "refused". */
const char *preflight_fate_name(enum kho_fate fate);

/* "native", "translated", "partly", "unreadable". */
const char *preflight_result_name(enum preflight_result result);

#endif
