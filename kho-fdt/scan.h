/* SPDX-License-Identifier: GPL-2.0-only */
/* Search of physical memory for handovers. Pure: memory comes from a callback. */
#ifndef KHO_FDT_SCAN_H
#define KHO_FDT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kho.h"
#include "kho-handover.h"

#define SCAN_ROOTS_MAX	64
#define SCAN_ENTRIES_MAX 64
#define SCAN_TRIES_MAX	4096		/* pages with an FDT's magic number that are tried */

/* A root FDT: it begins a page and its "compatible" is a KHO ABI's. */
struct scan_root {
	uint64_t addr;
	uint64_t map;
	enum kho_abi abi;		/* with the form of v1, if it is known */
	size_t nodes;
	int map_err;			/* of the walk of its map; 0: readable */
	bool form_unknown;		/* v1 of unknown form: map not read */
	bool preserved;			/* its own page is in its own map */
	bool handed;			/* a setup_data entry names it */
};

/* A setup_data entry that hands a root FDT and a scratch array over. */
struct scan_entry {
	uint64_t fdt_addr, fdt_size;
	uint64_t scratch_addr, scratch_size;
};

struct scan {
	struct scan_root root[SCAN_ROOTS_MAX];
	size_t roots;
	struct scan_entry entry[SCAN_ENTRIES_MAX];
	size_t entries;
	struct kho_payload payload[SCAN_ENTRIES_MAX];	/* setup_data built by kexec --kho */
	size_t payloads;
	size_t tries;
	bool cut_short;			/* a limit was reached */
};

/*
 * Search COUNT ranges; MEM can read each of them completely. MAX_PAGES bounds each walk of a
 * map.
 */
void scan_memory(const struct kho_mem *mem, const struct kho_range *range, size_t count,
		 uint64_t max_pages, struct scan *ret);

/*
 * The most likely handover: the only root whose map is readable and that is preserved or
 * handed over; otherwise the only one with a readable map. NULL if there is none, or more than
 * one.
 */
const struct scan_root *scan_choose(const struct scan *scan);

#endif
