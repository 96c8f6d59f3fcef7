/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that the running kernel hides: /proc/kcore shows zeros in their place, without an
 * error. So only pages of zeros have to be checked.
 */
#ifndef KEXEC_HIDDEN_PAGES_H
#define KEXEC_HIDDEN_PAGES_H

#include "files.h"
#include "kho.h"

struct hidden_pages {
	bool asked;			/* false: a captured tree, which hides nothing */
	int flags;			/* /proc/kpageflags, or -1 */
	struct root blocks;		/* /sys/devices/system/memory, or fd -1 */
	bool always_online;		/* there is none: no memory can be offline */
	uint64_t block_size;		/* 0: unknown */
	/* The kernel's own page tables. */
	unsigned int levels;		/* 0: unknown */
	uint64_t top;			/* physical address of the top table */
	uint64_t encrypted;		/* bit of addresses in them */
};

/*
 * Find the kernel's page tables with INFO, the text of its VMCOREINFO; *RET_TOP is the virtual
 * address of the top table, which the caller translates. False if INFO does not tell.
 */
bool hidden_pages_tables(struct hidden_pages *h, const char *info, uint64_t *ret_top);

void hidden_pages_open(const struct root *root, struct hidden_pages *ret);
void hidden_pages_close(struct hidden_pages *h);

/* What was read last; begin with zeros. */
struct hidden_look {
	uint64_t first, count;		/* flags[] are those of pages FIRST ... */
	uint64_t flags[512];
	uint64_t mapped, mapped_end;	/* virtual addresses the kernel has mapped */
};

/*
 * Why zeros in the page at physical ADDR and kernel virtual VIRT are not, or may not be, its
 * contents; NULL if they are. The caller looks at PAGES pages, this one included. MEM reads
 * page tables.
 */
const char *hidden_page(const struct hidden_pages *h, struct hidden_look *look, const struct kho_mem *mem,
			uint64_t addr, uint64_t virt, uint64_t pages);

#endif
