/* SPDX-License-Identifier: GPL-2.0-only */
/* The map of preserved memory, and its blocks. */
#include "arch.h"
#include "rules-private.h"

const char *map_unknown(const struct decoded *decoded)
{
	if (decoded->form_unknown && decoded->map_err == -KHO_ERR_ABI)
		return "the form of this kho-v1 map is unknown: use --form";
	return "the map cannot be read";
}

/* The walk ends at the first error, and each kind of error has a rule of its own. */
static void map_error(const struct decoded *decoded, struct rule_outcome *o, int err)
{
	if (decoded->map_err == err) {
		broken(o, "map at 0x%llx: %s", ULL(decoded->root.map), kho_strerror(err));
	} else if (decoded->map_err) {
		o->result = RULE_UNKNOWN;
		o->why = map_unknown(decoded);
	}
}

void check_map_readable(const struct decoded *decoded, struct rule_outcome *o)
{
	map_error(decoded, o, -KHO_ERR_READ);
	if (decoded->map_err == -KHO_ERR_LIMIT)
		broken(o, "map at 0x%llx: more than %llu pages", ULL(decoded->root.map),
		       ULL(decoded->source->max_pages));
}

void check_map_sound(const struct decoded *decoded, struct rule_outcome *o)
{
	map_error(decoded, o, -KHO_ERR_BADMAP);
}

void check_map_aligned(const struct decoded *decoded, struct rule_outcome *o)
{
	map_error(decoded, o, -KHO_ERR_ALIGN);
}

void check_map_range(const struct decoded *decoded, struct rule_outcome *o)
{
	map_error(decoded, o, -KHO_ERR_RANGE);
}

static void each_block(const struct decoded *decoded, struct rule_outcome *o,
		       int (*block)(void *ctx, uint64_t addr, unsigned int order))
{
	struct block_check c = { decoded, o };
	const struct kho_map_visitor visitor = { .block = block, .ctx = &c };

	kho_map_each(&decoded->blocks.map, &visitor);
}

static int block_order(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;
	unsigned int most = kho_abi_max_order(c->decoded->root.abi, c->decoded->source->page_shift);

	if (order > most)
		broken(c->outcome, "0x%llx has order %u; the ABI's kernels reserve up to %u",
		       ULL(addr), order, most);
	return 0;
}

void check_block_order(const struct decoded *decoded, struct rule_outcome *o)
{
	each_block(decoded, o, block_order);
}

/* Larger orders come first, so a block that overlaps one lies inside it. */
void check_block_apart(const struct decoded *decoded, struct rule_outcome *o)
{
	uint64_t sum = ranges_total(&decoded->preserved);

	if (decoded->blocks.map.bytes != sum)
		broken(o, "blocks of %llu bytes cover %llu", ULL(decoded->blocks.map.bytes),
		       ULL(sum));
}

void each_preserved(const struct decoded *decoded, struct rule_outcome *o,
		    bool (*bad)(const struct decoded *decoded, const struct kho_range *range),
		    const char *what)
{
	for (size_t i = 0; i < decoded->preserved.count; i++)
		if (bad(decoded, &decoded->preserved.list[i]))
			broken(o, "preserved 0x%llx-0x%llx %s",
			       ULL(decoded->preserved.list[i].addr),
			       ULL(last_of(&decoded->preserved.list[i])), what);
}

bool outside_ram(const struct decoded *decoded, const struct kho_range *range)
{
	return !ranges_cover(&decoded->source->ram, range->addr, range->size);
}

void check_block_ram(const struct decoded *decoded, struct rule_outcome *o)
{
	each_preserved(decoded, o, outside_ram, "is not all RAM");
}

static bool in_low_memory(const struct decoded *decoded, const struct kho_range *range)
{
	(void)decoded;
	return range->addr < LOW_MEMORY_END;
}

void check_block_low(const struct decoded *decoded, struct rule_outcome *o)
{
	each_preserved(decoded, o, in_low_memory, "begins below 1 MiB");
}

static int block_node(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;
	const struct machine *m = c->decoded->source->machine;

	for (size_t i = 0; i < m->node_count; i++) {
		const struct machine_node *node = &m->node[i];

		if (node->start > addr && node->start - addr < decoded_block_size(c->decoded, order))
			broken(c->outcome, "0x%llx, order %u: node %u begins at 0x%llx", ULL(addr),
			       order, node->number, ULL(node->start));
	}
	return 0;
}

/* Kernels before 7.1 ignored NUMA nodes, both when they write and when they read. */
void check_block_node(const struct decoded *decoded, struct rule_outcome *o)
{
	if (kho_abi_radix(decoded->root.abi))
		each_block(decoded, o, block_node);
}
