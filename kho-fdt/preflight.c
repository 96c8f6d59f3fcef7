/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

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
static struct kho_verdict judge_map(const struct preflight_kernel *from,
				    const struct preflight_kernel *to)
{
	struct kho_verdict v = kho_judge_map(&from->reader, &to->reader);

	if (v.fate == KHO_FATE_NATIVE && (!from->form_sure || !to->form_sure) &&
	    !kho_abi_radix(from->reader.abi))
		v = (struct kho_verdict){ KHO_FATE_TRANSLATED,
					  "the size of its map's bitmaps is not known, and is made sure of" };
	return v;
}

/* Nodes of a handover that userspace builds for its reader. */
static void judge_built(const struct preflight_kernel *to, struct preflight *p)
{
	const struct kho_verdict native = { KHO_FATE_NATIVE, NULL };
	const struct kho_reader any = { .abi = KHO_ABI_V4 };

	p->built = true;
	if (to->reader.abi == KHO_ABI_UNKNOWN) {
		add(p, "map", kho_judge_map(&any, &to->reader));
		return;
	}
	add(p, "map", native);
	add(p, KHO_NODE_MEMBLOCK, kho_judge_node(&to->reader, &to->reader, KHO_NODE_MEMBLOCK, false));
	if (kho_abi_sized(to->reader.abi))
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
		/* A node is left out only in a root FDT that is written anew. */
		if (p->part[i].verdict.fate != KHO_FATE_NATIVE)
			result = PREFLIGHT_TRANSLATED;
	}
	return result;
}

void preflight_judge(const struct preflight_kernel *from, const struct preflight_kernel *to,
		     const char *const *node, size_t count, bool sessions, struct preflight *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!from->kho) {
		judge_built(to, ret);
	} else {
		add(ret, "map", judge_map(from, to));
		for (size_t i = 0; i < count && i < KHO_ROOT_NODES_MAX; i++)
			add(ret, node[i], kho_judge_node(&from->reader, &to->reader, node[i], sessions));
	}
	ret->result = result_of(ret);
}
