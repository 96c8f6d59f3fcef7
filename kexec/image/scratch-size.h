/* SPDX-License-Identifier: GPL-2.0-only */
/* How much scratch memory a kernel needs to take a handover. Pure. */
#ifndef KEXEC_SCRATCH_SIZE_H
#define KEXEC_SCRATCH_SIZE_H

#include <stdint.h>

#include "image.h"

/*
 * The kernel itself, twice: KASLR moves it to a place clear of everything of ours. Not
 * included: the memory below pref_address, where the kernel is not loaded.
 */
uint64_t scratch_for_kernel(const struct image *image);

/* Page structs and what goes with them, for RAM bytes of memory. */
uint64_t scratch_for_pages(uint64_t ram);

/*
 * What else a kernel allocates before it has read the map: per-CPU areas, hashes, and room for
 * KASLR to choose from.
 */
uint64_t scratch_for_boot(unsigned int cpus);

/* What is loaded, and what the kernel takes while it boots. */
struct scratch_need {
	uint64_t kernel;		/* scratch_for_kernel() */
	uint64_t initrd, payload;
	uint64_t own;			/* parameters, tables, purgatory */
	uint64_t boot;			/* scratch_for_boot(), and what is reserved early */
	uint64_t pages;			/* scratch_for_pages() */
	unsigned int nodes;
	bool high;			/* it takes initrd and payload above 4 GiB */
};

/* For kho_scratch=LOW,GLOBAL,PER_NODE (7.4: kho_bootmem=), in whole MiB. */
struct scratch_sizes {
	uint64_t low, global, per_node;
};

/*
 * The first area is below 4 GiB, where the kernel has to be, at pref_address or above. Initrd
 * and handover go to the second area, which may be anywhere, unless this kernel cannot take
 * them above 4 GiB. Page structs come from the area of their node.
 */
struct scratch_sizes scratch_sizes(const struct scratch_need *need);

#endif
