/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources: kernel/liveupdate/kexec_handover.c, mm/memblock.c and
 * kernel/liveupdate/luo*.c of Linux 6.17 to 7.3, and what real kernels did with
 * handovers that break a rule.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rules-private.h"

/* What a rule needs to know. */
enum need {
	NEED_FDT = 1,			/* a root FDT that libfdt reads */
	NEED_ROOT = 2,			/* one that libkho reads */
	NEED_ADDR = 4,			/* its address */
	NEED_MEM = 8,			/* memory to read nodes' data from */
	NEED_MAP = 16,			/* the whole map */
	NEED_SCRATCH = 32,
	NEED_RAM = 64,			/* all RAM of the machine */
	NEED_ARRAY = 128,		/* the scratch array's address */
	NEED_NODES = 256,		/* where NUMA nodes begin */
	WARN_ONLY = 512,		/* not required, but changes the verdict */
};

struct rule {
	const char *id;
	const char *text;
	unsigned int needs;
	void (*check)(const struct decoded *decoded, struct rule_outcome *o);
};

void broken(struct rule_outcome *o, const char *format, ...)
{
	va_list args;

	o->result = RULE_BROKEN;
	if (o->findings < FINDINGS_MAX) {
		va_start(args, format);
		vsnprintf(o->finding[o->findings], FINDING_SIZE, format, args);
		va_end(args);
	}
	o->findings++;
}

static const struct rule rules[] = {
	{ "fdt-sound", "the root FDT is a whole device tree blob of version 17 or later", 0,
	  check_fdt_sound },
	{ "fdt-size", "the root FDT has at most 256 KiB: kernels map no more of it", 0,
	  check_fdt_size },
	{ "fdt-aligned", "the root FDT begins a page", NEED_ADDR, check_fdt_aligned },
	{ "abi-known", "the root node names an ABI of a released kernel", NEED_FDT,
	  check_abi_known },
	{ "map-address", "the root node says where the map of preserved memory is", NEED_FDT,
	  check_map_address },
	{ "node-name", "a node's name has 1 to 63 letters, digits and \",._+-\", and is used once",
	  NEED_FDT, check_node_name },
	{ "node-complete", "every node says where its data is", NEED_FDT, check_node_complete },
	{ "node-size", "in kho-v3 and v4 every node says how large its data is", NEED_FDT,
	  check_node_size },
	{ "map-readable", "every page of the map can be read", NEED_ROOT | NEED_MEM,
	  check_map_readable },
	{ "map-sound", "the map has no circle, no invalid bit, no count beyond its page",
	  NEED_ROOT | NEED_MEM, check_map_sound },
	{ "map-aligned", "pages of the map and blocks are aligned to their size",
	  NEED_ROOT | NEED_MEM, check_map_aligned },
	{ "map-range", "no block goes beyond the end of addresses", NEED_ROOT | NEED_MEM,
	  check_map_range },
	{ "block-order", "no block is larger than kernels of the ABI can reserve", NEED_MAP,
	  check_block_order },
	{ "block-apart", "no memory is preserved twice, in blocks of different orders", NEED_MAP,
	  check_block_apart },
	{ "block-ram", "preserved memory is RAM", NEED_MAP | NEED_RAM, check_block_ram },
	{ "block-low", "nothing is preserved below 1 MiB, where CPUs are started", NEED_MAP,
	  check_block_low },
	{ "block-node", "in kho-v2 to v4 no block lies in two NUMA nodes", NEED_MAP | NEED_NODES,
	  check_block_node },
	{ "block-scratch", "no preserved memory overlaps scratch, which is overwritten",
	  NEED_MAP | NEED_SCRATCH, check_block_scratch },
	{ "map-scratch", "the map is not in scratch, unless setup_data keeps it",
	  NEED_MAP | NEED_SCRATCH, check_map_scratch },
	{ "fdt-scratch", "the root FDT is not in scratch, unless setup_data keeps it",
	  NEED_ADDR | NEED_SCRATCH, check_fdt_scratch },
	{ "node-scratch", "no node's data is in scratch, unless setup_data keeps it",
	  NEED_ROOT | NEED_SCRATCH, check_node_scratch },
	{ "fdt-preserved", "the root FDT is preserved or, except in kho-v1, kept by setup_data",
	  NEED_MAP | NEED_ADDR, check_fdt_preserved },
	{ "node-preserved", "every node's data is preserved, or kept by setup_data", NEED_MAP,
	  check_node_preserved },
	{ "node-readable", "every node's data is memory that can be read", NEED_ROOT | NEED_MEM,
	  check_node_readable },
	{ "node-fdt", "in kho-v1 and v2 every node's data is a device tree blob",
	  NEED_ROOT | NEED_MEM, check_node_fdt },
	{ "memblock-sound", "node memblock is \"memblock-v1\", with at most 8 regions",
	  NEED_ROOT | NEED_MEM, check_memblock },
	{ "region-preserved", "reserve_mem regions are preserved, or kept by setup_data", NEED_MAP,
	  check_region_preserved },
	{ "region-apart", "reserve_mem regions do not overlap", NEED_ROOT | NEED_MEM,
	  check_region_apart },
	{ "metadata-sound", "node kexec-metadata is of version 1, with 73 bytes",
	  NEED_ROOT | NEED_MEM, check_metadata },
	{ "luo-sound", "node LUO can be read, with all its sessions and files",
	  NEED_ROOT | NEED_MEM, check_luo },
	{ "luo-abi", "node LUO is of the version that kernels of this ABI read, and whole",
	  NEED_ROOT | NEED_MEM, check_luo_abi },
	{ "luo-preserved", "LUO's blocks are preserved, with the order they are freed by", NEED_MAP,
	  check_luo_preserved },
	{ "memfd-preserved", "the pages of memfd files, and the lists of them, are preserved",
	  NEED_MAP, check_memfd },
	{ "scratch-array", "the scratch array is not in scratch, unless setup_data keeps it",
	  NEED_SCRATCH | NEED_ARRAY | WARN_ONLY, check_scratch_array },
	{ "scratch-size", "the scratch array has at most 256 KiB: kernels map no more of it",
	  NEED_SCRATCH, check_scratch_size },
	{ "scratch-usable", "at least one scratch area is not empty", NEED_SCRATCH,
	  check_scratch_usable },
	{ "scratch-range", "scratch areas do not wrap around", NEED_SCRATCH, check_scratch_range },
	{ "scratch-apart", "scratch areas do not overlap", NEED_SCRATCH, check_scratch_apart },
	{ "scratch-aligned", "scratch areas begin and end on 2 MiB", NEED_SCRATCH,
	  check_scratch_aligned },
	{ "scratch-low", "the first scratch area is below 4 GiB", NEED_SCRATCH, check_scratch_low },
	{ "scratch-ram", "scratch is RAM", NEED_SCRATCH | NEED_RAM, check_scratch_ram },
};

_Static_assert(sizeof(rules) / sizeof(rules[0]) <= RULES_MAX, "room for every rule");

/* Which of NEEDS is missing; NULL: none. */
static const char *missing(const struct decoded *decoded, unsigned int needs)
{
	const struct source *s = decoded->source;

	if (needs & NEED_FDT && !decoded_fdt_valid(s->fdt.data, s->fdt.size))
		return "the root FDT is not a device tree blob";
	if (needs & (NEED_ROOT | NEED_MAP) && decoded->root_err == -KHO_ERR_LIMIT)
		return "the root FDT has more nodes, or more levels of them, than this program "
		       "reads";
	if (needs & (NEED_ROOT | NEED_MAP) && decoded->root_err)
		return "the root FDT breaks a rule above";
	if (needs & (NEED_MEM | NEED_MAP) && !s->has_mem)
		return "there is no memory behind a bare root FDT";
	if (needs & NEED_ADDR && !s->has_addr)
		return "the root FDT's address is not known";
	if (needs & NEED_MAP && decoded->map_err)
		return map_unknown(decoded);
	if (needs & NEED_SCRATCH && !s->has_scratch)
		return "scratch is not known: use --scratch";
	if (needs & NEED_RAM && !s->ram_whole)
		return "not all RAM of the machine is known";
	if (needs & NEED_ARRAY && !s->scratch_addr)
		return "the scratch array's address is not known";
	if (needs & NEED_NODES && !(s->machine && s->machine->node_count))
		return "the machine's NUMA nodes are not known";
	return NULL;
}

void rules_check(const struct decoded *decoded, struct rule_report *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->map_checked = !missing(decoded, NEED_MAP);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct rule_outcome *o = &ret->outcome[ret->count++];

		o->id = rules[i].id;
		o->text = rules[i].text;
		o->why = missing(decoded, rules[i].needs);
		if (o->why)
			o->result = RULE_UNKNOWN;
		else
			rules[i].check(decoded, o);
		if (o->result == RULE_BROKEN && rules[i].needs & WARN_ONLY)
			o->result = RULE_WARNING;
		ret->broken += o->result == RULE_BROKEN;
		ret->warnings += o->result == RULE_WARNING;
		ret->unknown += o->result == RULE_UNKNOWN;
	}
}
