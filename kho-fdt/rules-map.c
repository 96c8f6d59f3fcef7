/* SPDX-License-Identifier: GPL-2.0-only */
/* The map of preserved memory, and what blocks it has. */
#include "arch.h"
#include "rules-private.h"

const char *map_unknown(const struct doc *doc)
{
	if (doc->form_unknown && doc->map_err == -KHO_ERR_ABI)
		return "nothing tells the form of this kho-v1 map: say --form";
	return "the map cannot be read";
}

/* The walk ends at the first error, and each kind of error is a rule of its own. */
static void map_error(const struct doc *doc, struct rule_outcome *o, int err)
{
	if (doc->map_err == err) {
		broken(o, "map at 0x%llx: %s", ULL(doc->root.map), kho_strerror(err));
	} else if (doc->map_err) {
		o->result = RULE_UNKNOWN;
		o->why = map_unknown(doc);
	}
}

void check_map_readable(const struct doc *doc, struct rule_outcome *o)
{
	map_error(doc, o, -KHO_ERR_READ);
	if (doc->map_err == -KHO_ERR_LIMIT)
		broken(o, "map at 0x%llx: more than %llu pages", ULL(doc->root.map),
		       ULL(doc->source->max_pages));
}

void check_map_sound(const struct doc *doc, struct rule_outcome *o)
{
	map_error(doc, o, -KHO_ERR_BADMAP);
}

void check_map_aligned(const struct doc *doc, struct rule_outcome *o)
{
	map_error(doc, o, -KHO_ERR_ALIGN);
}

void check_map_range(const struct doc *doc, struct rule_outcome *o)
{
	map_error(doc, o, -KHO_ERR_RANGE);
}

static void each_block(const struct doc *doc, struct rule_outcome *o,
		       int (*block)(void *ctx, uint64_t addr, unsigned int order))
{
	struct block_check c = { doc, o };
	const struct kho_map_visitor visitor = { .block = block, .ctx = &c };

	kho_map_each(&doc->blocks.map, &visitor);
}

static int block_order(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;
	unsigned int most = kho_abi_max_order(c->doc->root.abi, c->doc->source->page_shift);

	if (order > most)
		broken(c->outcome, "0x%llx has order %u; the ABI's kernels reserve up to %u",
		       ULL(addr), order, most);
	return 0;
}

void check_block_order(const struct doc *doc, struct rule_outcome *o)
{
	each_block(doc, o, block_order);
}

/* Larger orders come first: a block that overlaps one lies in it. */
void check_block_apart(const struct doc *doc, struct rule_outcome *o)
{
	uint64_t sum = ranges_total(&doc->preserved);

	if (doc->blocks.map.bytes != sum)
		broken(o, "blocks of %llu bytes cover %llu", ULL(doc->blocks.map.bytes), ULL(sum));
}

void each_preserved(const struct doc *doc, struct rule_outcome *o,
			   bool (*bad)(const struct doc *doc, const struct kho_range *range),
			   const char *what)
{
	for (size_t i = 0; i < doc->preserved.count; i++)
		if (bad(doc, &doc->preserved.list[i]))
			broken(o, "preserved 0x%llx-0x%llx %s", ULL(doc->preserved.list[i].addr),
			       ULL(last_of(&doc->preserved.list[i])), what);
}

bool outside_ram(const struct doc *doc, const struct kho_range *range)
{
	return !ranges_cover(&doc->source->ram, range->addr, range->size);
}

void check_block_ram(const struct doc *doc, struct rule_outcome *o)
{
	each_preserved(doc, o, outside_ram, "is not all RAM");
}

static bool in_low_memory(const struct doc *doc, const struct kho_range *range)
{
	(void)doc;
	return range->addr < LOW_MEMORY_END;
}

void check_block_low(const struct doc *doc, struct rule_outcome *o)
{
	each_preserved(doc, o, in_low_memory, "begins below 1 MiB");
}

static int block_node(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;
	const struct machine *m = c->doc->source->machine;

	for (size_t i = 0; i < m->node_count; i++)
		if (m->node[i] > addr && m->node[i] - addr < doc_block_size(c->doc, order))
			broken(c->outcome, "0x%llx, order %u: node %zu begins at 0x%llx", ULL(addr),
			       order, i, ULL(m->node[i]));
	return 0;
}

/* Kernels before 7.1 took no heed of nodes, neither those that write nor those that read. */
void check_block_node(const struct doc *doc, struct rule_outcome *o)
{
	if (kho_abi_radix(doc->root.abi))
		each_block(doc, o, block_node);
}
