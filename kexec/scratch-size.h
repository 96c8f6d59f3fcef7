/* SPDX-License-Identifier: GPL-2.0-only */
/* How much scratch memory a kernel needs to be handed over to. Pure. */
#ifndef KEXEC_SCRATCH_SIZE_H
#define KEXEC_SCRATCH_SIZE_H

#include <stdint.h>

#include "image.h"

/*
 * The kernel itself, twice: KASLR moves it to where nothing of ours lies. Its
 * pref_address, below which it is not loaded, is not in it.
 */
uint64_t scratch_for_kernel(const struct bzimage *image);

/* Page structs and what goes with them, for RAM bytes of memory. */
uint64_t scratch_for_pages(uint64_t ram);

/*
 * What else a kernel takes before it has read the map: per-CPU areas, hashes, and
 * room for KASLR to choose from.
 */
uint64_t scratch_for_boot(unsigned int cpus);

#endif
