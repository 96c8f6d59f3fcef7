/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes' contents. */
#include "arch.h"
#include "rules-private.h"

void check_node_readable(const struct decoded *decoded, struct rule_outcome *o)
{
	for (size_t i = 0; i < decoded->root.node_count; i++)
		if (decoded->node[i].err == -KHO_ERR_READ && decoded->node[i].kind != DECODED_LUO)
			broken(o, "node '%s' at 0x%llx, %llu bytes, is not",
			       decoded->root.node[i].name,
			       ULL(decoded->root.node[i].addr), ULL(decoded->root.node[i].size));
}

void check_node_fdt(const struct decoded *decoded, struct rule_outcome *o)
{
	if (kho_abi_sized(decoded->root.abi))
		return;
	for (size_t i = 0; i < decoded->root.node_count; i++) {
		const struct decoded_node *d = &decoded->node[i];

		if (d->err == -KHO_ERR_BADNODE || (!d->err && d->kind == DECODED_RAW))
			broken(o, "node '%s' at 0x%llx is not", decoded->root.node[i].name,
			       ULL(decoded->root.node[i].addr));
	}
}

/* The error of the node of KIND, if the node exists and could be read. */
static void check_kind(const struct decoded *decoded, struct rule_outcome *o,
		       enum decoded_kind kind)
{
	for (size_t i = 0; i < decoded->root.node_count; i++)
		if (decoded->node[i].kind == kind && decoded->node[i].err &&
		    (decoded->node[i].err != -KHO_ERR_READ || kind == DECODED_LUO))
			broken(o, "node '%s': %s", decoded->root.node[i].name,
			       kho_strerror(decoded->node[i].err));
}

void check_memblock(const struct decoded *decoded, struct rule_outcome *o)
{
	check_kind(decoded, o, DECODED_MEMBLOCK);
}

void check_metadata(const struct decoded *decoded, struct rule_outcome *o)
{
	check_kind(decoded, o, DECODED_METADATA);
}

void check_luo(const struct decoded *decoded, struct rule_outcome *o)
{
	check_kind(decoded, o, DECODED_LUO);
}
