/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What sets a crash kernel apart from any other: it lies and runs in the memory set aside for it,
 * and is told where the headers of the crashed kernel's memory are. Pure.
 */
#ifndef KEXEC_CRASH_PLAN_H
#define KEXEC_CRASH_PLAN_H

#include "crash-memory.h"
#include "machine.h"

#define CRASH_MEMMAP_MAX	(MEMMAP_MAX + 256)

struct crash_plan {
	struct kho_range area;		/* for all segments but: */
	struct kho_range headers;	/* the ELF headers, whole pages behind them */
	struct buffer headers_buf;	/* what they are now; what follows is zero */
	bool updated;			/* the kernel writes them again when CPUs or memory change */
	struct memmap_entry memmap[CRASH_MEMMAP_MAX];	/* what the crash kernel may use */
	size_t memmap_count;
};

/*
 * Plan for MEMORY of MACHINE. HEADERS_SIZE: bytes that the running kernel wants for the headers, to
 * be able to write them again; 0: it will not. 0, or -1 after a message; free with
 * crash_plan_free() in either case.
 */
int crash_plan_make(const struct machine *machine, const struct crash_memory *memory,
		    uint64_t headers_size, struct crash_plan *ret);
void crash_plan_free(struct crash_plan *plan);

/*
 * Add to LINE where the headers are; with MEMMAP also the memory map, as memmap= words. LINE must
 * not have an open quote. Frees LINE; malloc'ed, or NULL without memory. Its length does not depend
 * on the headers' address.
 */
char *crash_plan_cmdline(const struct crash_plan *plan, char *line, bool memmap);

#endif
