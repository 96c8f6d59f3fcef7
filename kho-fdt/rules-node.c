/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes' contents. */
#include "arch.h"
#include "rules-private.h"

void check_node_readable(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->root.node_count; i++)
		if (doc->node[i].err == -KHO_ERR_READ && doc->node[i].kind != DOC_LUO)
			broken(o, "node '%s' at 0x%llx, %llu bytes, is not", doc->root.node[i].name,
			       ULL(doc->root.node[i].addr), ULL(doc->root.node[i].size));
}

void check_node_fdt(const struct doc *doc, struct rule_outcome *o)
{
	if (kho_abi_sized(doc->root.abi))
		return;
	for (size_t i = 0; i < doc->root.node_count; i++) {
		const struct doc_node *d = &doc->node[i];

		if (d->err == -KHO_ERR_BADNODE || (!d->err && d->kind == DOC_RAW))
			broken(o, "node '%s' at 0x%llx is not", doc->root.node[i].name,
			       ULL(doc->root.node[i].addr));
	}
}

/* The error of the node of KIND, if it is there and could be read. */
static void check_kind(const struct doc *doc, struct rule_outcome *o, enum doc_kind kind)
{
	for (size_t i = 0; i < doc->root.node_count; i++)
		if (doc->node[i].kind == kind && doc->node[i].err &&
		    (doc->node[i].err != -KHO_ERR_READ || kind == DOC_LUO))
			broken(o, "node '%s': %s", doc->root.node[i].name,
			       kho_strerror(doc->node[i].err));
}

void check_memblock(const struct doc *doc, struct rule_outcome *o)
{
	check_kind(doc, o, DOC_MEMBLOCK);
}

void check_metadata(const struct doc *doc, struct rule_outcome *o)
{
	check_kind(doc, o, DOC_METADATA);
}

void check_luo(const struct doc *doc, struct rule_outcome *o)
{
	check_kind(doc, o, DOC_LUO);
}
