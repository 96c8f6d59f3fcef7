/* SPDX-License-Identifier: GPL-2.0-only */
/* Where things are: out of scratch, and preserved. */
#include "arch.h"
#include "rules-private.h"

/* ---- What must not lie in scratch ------------------------------------------ */

bool in_scratch(const struct decoded *decoded, const struct kho_range *range)
{
	const struct source *s = decoded->source;

	return kho_find_overlap(s->scratch, s->scratch_count, range->addr, range->size) != NULL;
}

void check_block_scratch(const struct decoded *decoded, struct rule_outcome *o)
{
	each_preserved(decoded, o, in_scratch, "overlaps scratch");
}

bool reserved(const struct decoded *decoded, struct rule_outcome *o, uint64_t addr, uint64_t size)
{
	if (ranges_cover(&decoded->source->reserved, addr, size))
		return true;
	if (decoded->source->reserved_whole)
		return false;
	o->result = RULE_UNKNOWN;
	o->why = "what setup_data keeps is not known";
	return true;
}

bool unprotected(const struct decoded *decoded, struct rule_outcome *o, uint64_t addr,
		 uint64_t size)
{
	const struct kho_range range = { addr, size };

	return in_scratch(decoded, &range) && !reserved(decoded, o, addr, size);
}

void check_map_scratch(const struct decoded *decoded, struct rule_outcome *o)
{
	for (size_t i = 0; i < decoded->map_pages.count; i++) {
		const struct kho_range *range = &decoded->map_pages.list[i];

		if (unprotected(decoded, o, range->addr, range->size))
			broken(o, "map pages 0x%llx-0x%llx overlap scratch", ULL(range->addr),
			       ULL(last_of(range)));
	}
}

void check_fdt_scratch(const struct decoded *decoded, struct rule_outcome *o)
{
	if (unprotected(decoded, o, decoded->source->fdt_addr, decoded->source->fdt.size))
		broken(o, "it is at 0x%llx", ULL(decoded->source->fdt_addr));
}

/* For a node of unknown size the first byte counts. */
static uint64_t node_bytes(const struct decoded *decoded, const struct kho_node *node)
{
	return node->size || kho_abi_sized(decoded->root.abi) ? node->size : 1;
}

void check_node_scratch(const struct decoded *decoded, struct rule_outcome *o)
{
	for (size_t i = 0; i < decoded->root.node_count; i++) {
		const struct kho_node *node = &decoded->root.node[i];

		if (unprotected(decoded, o, node->addr, node_bytes(decoded, node)))
			broken(o, "node '%s' is at 0x%llx", node->name, ULL(node->addr));
	}
}

/* ---- What must be preserved ------------------------------------------------- */

static bool kept(const struct decoded *decoded, struct rule_outcome *o, uint64_t addr,
		 uint64_t size)
{
	return ranges_cover(&decoded->preserved, addr, size) || reserved(decoded, o, addr, size);
}

/* Kernels of 6.16 to 6.18 remove it from the map, and fail if it is not there. */
void check_fdt_preserved(const struct decoded *decoded, struct rule_outcome *o)
{
	const struct source *s = decoded->source;
	bool found = kho_abi_radix(decoded->root.abi) ? kept(decoded, o, s->fdt_addr, s->fdt.size) :
		     ranges_cover(&decoded->preserved, s->fdt_addr, s->fdt.size);

	if (!found)
		broken(o, "0x%llx, %zu bytes, is not", ULL(decoded->source->fdt_addr),
		       decoded->source->fdt.size);
}

void check_node_preserved(const struct decoded *decoded, struct rule_outcome *o)
{
	for (size_t i = 0; i < decoded->root.node_count; i++) {
		const struct kho_node *node = &decoded->root.node[i];

		if (!kept(decoded, o, node->addr, node_bytes(decoded, node)))
			broken(o, "node '%s' at 0x%llx, %llu bytes, is not", node->name,
			       ULL(node->addr), ULL(node->size));
	}
}

void check_region_preserved(const struct decoded *decoded, struct rule_outcome *o)
{
	for (size_t i = 0; i < decoded->region_count; i++) {
		const struct kho_region *r = &decoded->region[i];

		if (!kept(decoded, o, r->addr, r->size))
			broken(o, "region '%s' at 0x%llx, %llu bytes, is not", r->name,
			       ULL(r->addr), ULL(r->size));
	}
}

void check_region_apart(const struct decoded *decoded, struct rule_outcome *o)
{
	for (size_t i = 0; i < decoded->region_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct kho_region *a = &decoded->region[j], *b = &decoded->region[i];
			const struct kho_range range = { a->addr, a->size };

			if (kho_find_overlap(&range, 1, b->addr, b->size))
				broken(o, "regions '%s' and '%s' overlap", a->name, b->name);
		}
}
