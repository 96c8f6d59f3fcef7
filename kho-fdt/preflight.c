/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "arch.h"
#include "preflight.h"

#define ANY_NODE	"*"

const char *preflight_fate_name(enum kho_fate fate)
{
	switch (fate) {
	case KHO_FATE_NATIVE:		return "native";
	case KHO_FATE_TRANSLATED:	return "translated";
	case KHO_FATE_DROPPED:		return "dropped";
	case KHO_FATE_REFUSED:		break;
	}
	return "refused";
}

const char *preflight_result_name(enum preflight_result result)
{
	switch (result) {
	case PREFLIGHT_NATIVE:		return "native";
	case PREFLIGHT_TRANSLATED:	return "translated";
	case PREFLIGHT_PARTLY:		return "partly";
	case PREFLIGHT_UNREADABLE:	break;
	}
	return "unreadable";
}

static void add(struct preflight *p, const char *name, struct kho_verdict verdict)
{
	struct preflight_part *part = &p->part[p->count++];

	strncpy(part->name, name, sizeof(part->name) - 1);
	part->verdict = verdict;
}

/* Two kernels of kho-v1 may have different forms, and only one of them says which. */
static struct kho_verdict compare_map(const struct preflight_kernel *from,
				      const struct preflight_kernel *to)
{
	struct kho_verdict v = kho_compat_map(&from->formats, &to->formats);

	if (v.fate == KHO_FATE_NATIVE && (!from->form_sure || !to->form_sure) &&
	    !kho_abi_radix(from->formats.abi))
		v = (struct kho_verdict){ KHO_FATE_TRANSLATED,
					  "the size of its map's bitmaps is not known, so the map "
					  "is written again" };
	return v;
}

/* Nodes of a handover that userspace builds for its reader. */
static void compare_built(const struct preflight_kernel *to, struct preflight *p)
{
	const struct kho_verdict native = { KHO_FATE_NATIVE, NULL };
	const struct kho_formats any = { .abi = KHO_ABI_V4 };
	const struct kho_verdict map = kho_compat_map(&any, &to->formats);

	p->built = true;
	if (map.fate == KHO_FATE_REFUSED) {
		add(p, "map", map);
		return;
	}
	add(p, "map", native);
	add(p, KHO_NODE_MEMBLOCK, kho_compat_node(&to->formats, &to->formats, KHO_NODE_MEMBLOCK,
						 false));
	if (kho_abi_sized(to->formats.abi))
		add(p, KHO_NODE_METADATA, native);
	add(p, ANY_NODE, native);
}

static enum preflight_result result_of(const struct preflight *p)
{
	enum preflight_result result = PREFLIGHT_NATIVE;

	if (p->part[0].verdict.fate == KHO_FATE_REFUSED)
		return PREFLIGHT_UNREADABLE;
	for (size_t i = 0; i < p->count; i++) {
		if (p->part[i].verdict.fate == KHO_FATE_REFUSED)
			return PREFLIGHT_PARTLY;
		/* A node can be left out only of a root FDT that is written again. */
		if (p->part[i].verdict.fate != KHO_FATE_NATIVE)
			result = PREFLIGHT_TRANSLATED;
	}
	return result;
}

/* A kernel of an ABI without sizes takes every node for an FDT. */
static struct kho_verdict compare_node(const struct preflight_kernel *from,
				       const struct preflight_kernel *to,
				       const struct preflight_node *node, bool sessions)
{
	struct kho_verdict v = kho_compat_node(&from->formats, &to->formats, node->name, sessions);

	if (v.fate == KHO_FATE_NATIVE && node->no_fdt && !kho_abi_sized(to->formats.abi))
		v = (struct kho_verdict){ KHO_FATE_REFUSED,
					  "it takes every node for a device tree, which this one "
					  "is not" };
	return v;
}

/* Only a map handed on by address has each block as it was written. */
static bool loses_block(const struct preflight *p, const struct preflight_kernel *to,
			unsigned int order)
{
	return result_of(p) != PREFLIGHT_NATIVE && result_of(p) != PREFLIGHT_UNREADABLE &&
	       order > kho_abi_max_order(to->formats.abi, PAGE_SHIFT);
}

void preflight_compare(const struct preflight_kernel *from, const struct preflight_kernel *to,
		       const struct preflight_load *load, struct preflight *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!from->kho) {
		compare_built(to, ret);
	} else {
		add(ret, "map", compare_map(from, to));
		for (size_t i = 0; i < load->nodes; i++)
			add(ret, load->node[i].name,
			    compare_node(from, to, &load->node[i], load->sessions));
		if (loses_block(ret, to, load->order))
			ret->part[0].verdict = (struct kho_verdict){ KHO_FATE_REFUSED,
				"a block of preserved memory is larger than it can reserve" };
	}
	ret->result = result_of(ret);
}
