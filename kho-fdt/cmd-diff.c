/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "arch.h"
#include "diff.h"
#include "tool.h"

#define RANGES_SHOWN	16		/* of one side, without --all */

static const char *fate_name(enum diff_fate fate)
{
	switch (fate) {
	case DIFF_SAME:		return "same";
	case DIFF_CHANGED:	return "changed";
	case DIFF_ONLY_A:	return "only in A";
	case DIFF_ONLY_B:	return "only in B";
	case DIFF_LEFT_OUT:	return "left out";
	case DIFF_UNREADABLE:	break;
	}
	return "unreadable";
}

static void print_side(const char *side, const struct diff_blocks *d, bool all)
{
	size_t shown = all || d->count < RANGES_SHOWN ? d->count : RANGES_SHOWN;
	char size[SIZE_TEXT];

	for (size_t i = 0; i < shown; i++)
		printf("only in %s    order %-2u  0x%012llx-0x%012llx  %s\n", side, d->list[i].order,
		       ULL(d->list[i].addr), ULL(d->list[i].addr + d->list[i].size - 1),
		       size_text(d->list[i].size, size));
	if (d->count > shown)
		printf("only in %s    and %zu more ranges (--all)\n", side, d->count - shown);
}

static void print_node(const struct diff_node *node)
{
	printf("node         %-16s %s%s\n", node->name, fate_name(node->fate),
	       node->fate == DIFF_SAME && node->moved ? ", at another address" :
	       node->fate == DIFF_LEFT_OUT ? ": the other ABI has no use for it" : "");
}

static void diff_text(const struct decoded *a, const struct decoded *b, const struct diff *diff,
		      bool all)
{
	char before[SIZE_TEXT], after[SIZE_TEXT];

	printf("ABI          %s%s%s\n", decoded_abi_label(a), diff->abi_differs ? " and " : "",
	       diff->abi_differs ? decoded_abi_label(b) : "");
	printf("preserved    %llu blocks, %s; %llu blocks, %s\n", ULL(a->blocks.map.blocks),
	       size_text(a->blocks.map.bytes, before), ULL(b->blocks.map.blocks),
	       size_text(b->blocks.map.bytes, after));
	print_side("A", &diff->only_a, all);
	print_side("B", &diff->only_b, all);
	if (diff->only_a.own_blocks || diff->only_b.own_blocks)
		printf("own pages    %llu and %llu blocks of the handovers themselves are not compared\n",
		       ULL(diff->only_a.own_blocks), ULL(diff->only_b.own_blocks));
	for (size_t i = 0; i < diff->node_count; i++)
		print_node(&diff->node[i]);
	printf("%s\n", !diff->same ? "they differ" : diff->abi_differs ?
	       "the same handover, in two ABIs" : "the same handover");
}

static json_object *json_side(const struct diff_blocks *d)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->count; i++) {
		json_object *range = json_range(d->list[i].addr, d->list[i].size);

		json_add_u64(range, "order", d->list[i].order);
		json_object_array_add(list, range);
	}
	return list;
}

static json_object *json_nodes(const struct diff *diff)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < diff->node_count; i++) {
		json_object *node = json_object_new_object();

		json_add_text(node, "name", diff->node[i].name);
		json_add_text(node, "result", fate_name(diff->node[i].fate));
		json_add_bool(node, "moved", diff->node[i].moved);
		json_object_array_add(list, node);
	}
	return list;
}

static void diff_json(const struct decoded *a, const struct decoded *b, const struct diff *diff)
{
	json_object *o = json_object_new_object();

	json_add_bool(o, "same", diff->same);
	json_add_text(o, "abi_a", decoded_abi_label(a));
	json_add_text(o, "abi_b", decoded_abi_label(b));
	json_object_object_add(o, "only_a", json_side(&diff->only_a));
	json_object_object_add(o, "only_b", json_side(&diff->only_b));
	json_add_u64(o, "own_blocks_a", diff->only_a.own_blocks);
	json_add_u64(o, "own_blocks_b", diff->only_b.own_blocks);
	json_object_object_add(o, "nodes", json_nodes(diff));
	json_finish(o);
}

static int compare(const struct decoded *a, const struct decoded *b,
		   const struct tool_options *options)
{
	struct diff diff;
	int code = TOOL_FAILED;

	if (diff_make(a, b, &diff)) {
		error("no memory to compare the maps");
	} else {
		if (options->json)
			diff_json(a, b, &diff);
		else
			diff_text(a, b, &diff, options->all);
		code = diff.same && !(options->abi_counts && diff.abi_differs) ? TOOL_OK : TOOL_NO;
	}
	diff_free(&diff);
	return code;
}

int cmd_diff(const struct tool_options *options)
{
	struct opened *a, *b = NULL;
	int code = tool_open(options, 0, true, &a);

	if (code == TOOL_OK)
		code = tool_open(options, 1, true, &b);
	if (code == TOOL_OK)
		code = compare(&a->decoded, &b->decoded, options);
	tool_close(a);
	tool_close(b);
	return code;
}
