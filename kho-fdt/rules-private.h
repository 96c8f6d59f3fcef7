/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the rules share. Each is a function "check_...", which calls broken() for each
 * violation; rules.c has the table of them all.
 */
#ifndef KHO_FDT_RULES_PRIVATE_H
#define KHO_FDT_RULES_PRIVATE_H

#include "rules.h"

/* Note a finding: the rule is broken. */
void broken(struct rule_outcome *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline uint64_t last_of(const struct kho_range *range)
{
	return range->addr + range->size - 1;
}

/* The context of a visitor of blocks. */
struct block_check {
	const struct decoded *decoded;
	struct rule_outcome *outcome;
};

/* Why the map is not complete. */
const char *map_unknown(const struct decoded *decoded);

/* A finding for each preserved range that is BAD; WHAT says how. */
void each_preserved(const struct decoded *decoded, struct rule_outcome *o,
		    bool (*bad)(const struct decoded *decoded, const struct kho_range *range),
		    const char *what);

bool outside_ram(const struct decoded *decoded, const struct kho_range *range);
bool in_scratch(const struct decoded *decoded, const struct kho_range *range);

/* Does setup_data keep it? If that is unknown, the rule cannot judge: no finding. */
bool reserved(const struct decoded *decoded, struct rule_outcome *o, uint64_t addr, uint64_t size);

/* In scratch, and no setup_data entry keeps it. */
bool unprotected(const struct decoded *decoded, struct rule_outcome *o, uint64_t addr,
		 uint64_t size);

/* In rules-root.c. */
void check_fdt_sound(const struct decoded *decoded, struct rule_outcome *o);
void check_fdt_size(const struct decoded *decoded, struct rule_outcome *o);
void check_fdt_aligned(const struct decoded *decoded, struct rule_outcome *o);
void check_abi_known(const struct decoded *decoded, struct rule_outcome *o);
void check_map_address(const struct decoded *decoded, struct rule_outcome *o);
void check_node_name(const struct decoded *decoded, struct rule_outcome *o);
void check_node_complete(const struct decoded *decoded, struct rule_outcome *o);
void check_node_size(const struct decoded *decoded, struct rule_outcome *o);

/* In rules-map.c. */
void check_map_readable(const struct decoded *decoded, struct rule_outcome *o);
void check_map_sound(const struct decoded *decoded, struct rule_outcome *o);
void check_map_aligned(const struct decoded *decoded, struct rule_outcome *o);
void check_map_range(const struct decoded *decoded, struct rule_outcome *o);
void check_block_order(const struct decoded *decoded, struct rule_outcome *o);
void check_block_apart(const struct decoded *decoded, struct rule_outcome *o);
void check_block_ram(const struct decoded *decoded, struct rule_outcome *o);
void check_block_low(const struct decoded *decoded, struct rule_outcome *o);
void check_block_node(const struct decoded *decoded, struct rule_outcome *o);

/* In rules-place.c. */
void check_block_scratch(const struct decoded *decoded, struct rule_outcome *o);
void check_map_scratch(const struct decoded *decoded, struct rule_outcome *o);
void check_fdt_scratch(const struct decoded *decoded, struct rule_outcome *o);
void check_node_scratch(const struct decoded *decoded, struct rule_outcome *o);
void check_fdt_preserved(const struct decoded *decoded, struct rule_outcome *o);
void check_node_preserved(const struct decoded *decoded, struct rule_outcome *o);
void check_region_preserved(const struct decoded *decoded, struct rule_outcome *o);
void check_region_apart(const struct decoded *decoded, struct rule_outcome *o);

/* In rules-node.c. */
void check_node_readable(const struct decoded *decoded, struct rule_outcome *o);
void check_node_fdt(const struct decoded *decoded, struct rule_outcome *o);
void check_memblock(const struct decoded *decoded, struct rule_outcome *o);
void check_metadata(const struct decoded *decoded, struct rule_outcome *o);
void check_luo(const struct decoded *decoded, struct rule_outcome *o);

/* In rules-luo.c. */
void check_luo_abi(const struct decoded *decoded, struct rule_outcome *o);
void check_luo_preserved(const struct decoded *decoded, struct rule_outcome *o);
void check_memfd(const struct decoded *decoded, struct rule_outcome *o);

/* In rules-scratch.c. */
void check_scratch_array(const struct decoded *decoded, struct rule_outcome *o);
void check_scratch_size(const struct decoded *decoded, struct rule_outcome *o);
void check_scratch_usable(const struct decoded *decoded, struct rule_outcome *o);
void check_scratch_range(const struct decoded *decoded, struct rule_outcome *o);
void check_scratch_apart(const struct decoded *decoded, struct rule_outcome *o);
void check_scratch_aligned(const struct decoded *decoded, struct rule_outcome *o);
void check_scratch_low(const struct decoded *decoded, struct rule_outcome *o);
void check_scratch_ram(const struct decoded *decoded, struct rule_outcome *o);

#endif
