/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mem= and memmap= of its command line leave the next kernel of firmware's memory map.
 * Pure; as parse_memopt(), parse_memmap_opt() and e820__update_table() of the kernel's
 * arch/x86/kernel/e820.c.
 */
#ifndef KEXEC_NEXT_MEMORY_H
#define KEXEC_NEXT_MEMORY_H

#include "cmdline.h"
#include "machine.h"

/* The least that a kernel's own table has (E820_MAX_ENTRIES_ZEROPAGE); it ignores the rest. */
#define NEXT_MEMORY_ROOM	128

struct next_memory {
	struct memmap_entry entry[MEMMAP_MAX + NEXT_MEMORY_ROOM];
	size_t count, room;
	/*
	 * It is unknown what the kernel makes of it: numbers are too large, or there are more
	 * entries than its table may have. Or it is known: the kernel panics.
	 */
	bool untold;
};

/* COUNT entries of firmware's map, at most MEMMAP_MAX. */
void next_memory_init(struct next_memory *memory, const struct memmap_entry *map, size_t count);

/* Apply the next mem= or memmap= from *POS on, and put it into *RET; false at the end. */
bool next_memory_step(struct next_memory *memory, const char **pos, struct cmdline_param *ret);

/* Could a kernel boot with this map? */
bool next_memory_good(const struct next_memory *memory);

/*
 * Is all of RANGE RAM? With SET_ASIDE, memory that a memmap=SIZE$ADDR keeps the kernel from
 * using counts as RAM.
 */
bool next_memory_is_ram(const struct next_memory *memory, const struct kho_range *range,
			bool set_aside);

#endif
