/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel's scratch areas, and what it calls them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "running-private.h"
#include "sysfs-kho.h"

enum scratch_name running_take_scratch_name(struct symbol *symbol)
{
	if (!symbol[SYM_BOOTMEM].addr)
		return symbol[SYM_SCRATCH].addr ? SCRATCH_NAME_SCRATCH : SCRATCH_NAME_UNKNOWN;
	symbol[SYM_SCRATCH] = symbol[SYM_BOOTMEM];
	symbol[SYM_SCRATCH_COUNT] = symbol[SYM_BOOTMEM_COUNT];
	return SCRATCH_NAME_BOOTMEM;
}

int running_read_scratch(const struct root *root, const struct kcore *kcore,
			 const struct symbol *symbol, struct running *r)
{
	uint64_t virt;
	uint32_t count;

	if (sysfs_fdt_addr(root)) {
		errno = -sysfs_read_scratch(root, RUNNING_SCRATCH_MAX, &r->scratch, &r->scratch_count);
		return errno ? error_errno("cannot read the running kernel's scratch areas in /" SYSFS_KHO
					   "/out/scratch") : 0;
	}
	if (running_read_symbol(kcore, &symbol[SYM_SCRATCH], &virt, sizeof(virt)) ||
	    running_read_symbol(kcore, &symbol[SYM_SCRATCH_COUNT], &count, sizeof(count)))
		return -1;
	if (!count || count > RUNNING_SCRATCH_MAX)
		return error("the running kernel names %u scratch areas, which is "
			     "impossible", count);
	r->scratch = calloc(count, sizeof(*r->scratch));
	if (!r->scratch)
		return error("no memory for %u scratch areas", count);
	/* struct kho_scratch (7.4: kho_bootmem) is {addr, size}, as struct kho_range. */
	if (kcore_read_virt(kcore, virt, r->scratch, count * sizeof(*r->scratch)))
		return error("cannot read the running kernel's scratch areas through /proc/kcore");
	r->scratch_count = count;
	return 0;
}

enum scratch_name running_scratch_name(const struct root *root)
{
	struct symbol symbol[SYM_COUNT];

	memcpy(symbol, running_symbols, sizeof(running_symbols));
	return symbols_find(root, symbol, SYM_COUNT) ? SCRATCH_NAME_UNKNOWN : running_take_scratch_name(symbol);
}
