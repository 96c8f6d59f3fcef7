/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that no node leads to cannot be found by the next kernel, so the nodes of the root FDT and
 * the sessions, which write theirs only in the end, tell all. The map is not needed, which kernels
 * up to 7.0 write only when they finalize.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live-update.h"
#include "message.h"
#include "preserved.h"
#include "running-private.h"

/* 1 and WHAT, or 0. */
static int find_node(const struct root *root, const struct kho_root *fdt, char what[PRESERVED_TEXT])
{
	struct kho_region region[KHO_REGIONS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < fdt->node_count; i++) {
		const char *name = fdt->node[i].name;

		if (!strcmp(name, KHO_NODE_METADATA) || !strcmp(name, KHO_NODE_LUO))
			continue;
		if (strcmp(name, KHO_NODE_MEMBLOCK))
			snprintf(what, PRESERVED_TEXT, "node '%s'", name);
		else if (!running_regions(root, region, &count) && count)
			snprintf(what, PRESERVED_TEXT, "reserve_mem region '%s'", region[0].name);
		else
			snprintf(what, PRESERVED_TEXT, "reserve_mem regions");
		return 1;
	}
	return 0;
}

/* Only where there is LUO can a session be open. */
static int find_session(const struct root *root, const struct kho_root *fdt, char what[PRESERVED_TEXT])
{
	char name[LUO_SESSION_NAME];
	int found = kho_root_find(fdt, KHO_NODE_LUO) ? luo_find_session(root, name) : 0;

	if (found > 0)
		snprintf(what, PRESERVED_TEXT, "live update session '%s'", name);
	return found;
}

static int find(const struct root *root, const struct kcore *kcore, struct running *r,
		char what[PRESERVED_TEXT])
{
	const struct symbol *symbol = r->symbols;
	int found;

	if (running_find_symbols(root, r->symbols))
		return -1;
	running_take_scratch_name(r->symbols);
	if (running_read_enabled(root, kcore, symbol, &r->kho))
		return -1;
	if (!r->kho)
		return 0;
	if (symbol[SYM_NOTIFIER].addr)
		return error("a kernel of 6.16 to 6.18 does not show what it preserves before it finalizes its "
			     "handover");
	if (running_read_root_live(root, kcore, symbol, r))
		return -1;
	found = find_node(root, &r->root, what);
	return found ? found : find_session(root, &r->root, what);
}

int preserved_find(const struct root *root, char what[PRESERVED_TEXT])
{
	struct running *r = calloc(1, sizeof(*r));
	struct kcore kcore;
	int found = -1;

	if (r)
		r->symbols = calloc(SYM_COUNT, sizeof(*r->symbols));
	if (!r || !r->symbols) {
		error("no memory to look at the running kernel");
	} else if (!kcore_open(root, &kcore)) {
		found = find(root, &kcore, r, what);
		kcore_close(&kcore);
	}
	if (r)
		running_release(r);
	free(r);
	return found;
}
