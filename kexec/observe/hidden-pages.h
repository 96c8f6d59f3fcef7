/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that the running kernel hides: /proc/kcore gives zeros in their place, and no
 * error. Only of zeros can it be asked whether they are the memory's own.
 */
#ifndef KEXEC_HIDDEN_PAGES_H
#define KEXEC_HIDDEN_PAGES_H

#include "files.h"
#include "kho.h"

struct hidden_pages {
	bool asked;			/* false: a captured tree, whose bytes are what they are */
	int flags;			/* /proc/kpageflags, or -1 */
	struct root blocks;		/* /sys/devices/system/memory, or fd -1 */
	bool always_online;		/* there is none: no memory can be offline */
	uint64_t block_size;		/* 0: not told */
	/* The kernel's own page tables. */
	unsigned int levels;		/* 0: not told */
	uint64_t top;			/* physical address of the topmost */
	uint64_t encrypted;		/* bit of addresses in them */
};

/*
 * Where its page tables are the kernel says in INFO, the text of its VMCOREINFO; *RET_TOP is
 * the topmost one's virtual address, for the caller to translate. False if it does not.
 */
bool hidden_pages_tables(struct hidden_pages *h, const char *info, uint64_t *ret_top);

void hidden_pages_open(const struct root *root, struct hidden_pages *ret);
void hidden_pages_close(struct hidden_pages *h);

/* Of the range that is looked at, what was read last; begin with zeros. */
struct hidden_look {
	uint64_t first, count;		/* flags[] are those of pages FIRST ... */
	uint64_t flags[512];
	uint64_t mapped, mapped_end;	/* virtual addresses the kernel has mapped */
};

/*
 * Why zeros in the page at physical ADDR and kernel virtual VIRT are not its contents, or
 * cannot be told from them; NULL: they are. The look goes on for PAGES pages, this one
 * included. MEM reads page tables.
 */
const char *hidden_page(const struct hidden_pages *h, struct hidden_look *look, const struct kho_mem *mem,
			uint64_t addr, uint64_t virt, uint64_t pages);

#endif
