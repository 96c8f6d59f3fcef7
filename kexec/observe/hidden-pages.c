/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What read_kcore_iter() of fs/proc/kcore.c leaves out: pages with a memory error; pages that
 * are offline, as a whole block or one by one (balloons); and pages that the kernel has not
 * mapped, as those of memfd_secret(2). Bits: include/uapi/linux/kernel-page-flags.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "hidden-pages.h"
#include "vmcoreinfo.h"

#define BLOCKS		"sys/devices/system/memory"

/* Intel's manual, volume 3, 4.5: entries of page tables. */
#define ENTRY_PRESENT	1u
#define ENTRY_LEAF	(1u << 7)	/* above the lowest level: a page of 2 MiB or 1 GiB */
#define ENTRY_ADDR	0x000ffffffffff000ull
#define LEVEL_BITS	9

/* ---- What is known ------------------------------------------------------------------ */

/* In hexadecimal, without 0x. */
static uint64_t read_block_size(const struct root *blocks)
{
	char line[32];

	if (blocks->fd < 0 || root_read_line(blocks, "block_size_bytes", line, sizeof(line)))
		return 0;
	return strtoull(line, NULL, 16);
}

void hidden_pages_open(const struct root *root, struct hidden_pages *h)
{
	*h = (struct hidden_pages){ .asked = root->live, .flags = -1, .blocks = { -1, true } };
	if (!h->asked)
		return;
	h->flags = root_open(root, "proc/kpageflags", O_RDONLY);
	h->blocks.fd = root_open(root, BLOCKS, O_PATH | O_DIRECTORY);
	h->always_online = h->blocks.fd < 0 && errno == ENOENT;
	h->block_size = read_block_size(&h->blocks);
}

void hidden_pages_close(struct hidden_pages *h)
{
	if (h->flags >= 0)
		close(h->flags);
	if (h->blocks.fd >= 0)
		close(h->blocks.fd);
}

bool hidden_pages_tables(struct hidden_pages *h, const char *info, uint64_t *ret_top)
{
	uint64_t five;

	if (!vmcoreinfo_number(info, "SYMBOL(init_top_pgt)=", 16, ret_top) ||
	    !vmcoreinfo_number(info, "NUMBER(pgtable_l5_enabled)=", 10, &five) ||
	    !vmcoreinfo_number(info, "NUMBER(sme_mask)=", 10, &h->encrypted))
		return false;
	h->levels = five ? 5 : 4;
	return true;
}

/* ---- One page ------------------------------------------------------------------------ */

/* 0, or -1 if they cannot be read. */
static int read_flags(const struct hidden_pages *h, struct hidden_look *look, uint64_t page,
		      uint64_t pages, uint64_t *ret)
{
	const uint64_t most = sizeof(look->flags) / sizeof(look->flags[0]);

	if (page < look->first || page - look->first >= look->count) {
		look->first = page;
		look->count = pages < most ? pages : most;
		if (h->flags < 0 || read_at(h->flags, look->flags, look->count * sizeof(look->flags[0]),
					    page * sizeof(look->flags[0]))) {
			look->count = 0;
			return -1;
		}
	}
	*ret = look->flags[page - look->first];
	return 0;
}

/* From 7.2 on an offline page has no flags at all, like many that are not offline. */
static bool block_online(const struct hidden_pages *h, uint64_t addr)
{
	char path[64], state[32];

	if (h->always_online)
		return true;
	if (h->blocks.fd < 0 || !h->block_size)
		return false;
	snprintf(path, sizeof(path), "memory%llu/state", ULL(addr / h->block_size));
	return !root_read_line(&h->blocks, path, state, sizeof(state)) && !strcmp(state, "online");
}

/*
 * Has the kernel mapped the page at VIRT? LOOK remembers how far the answer "yes" holds. 1 or
 * 0, or -1 if its page tables cannot be read.
 */
static int is_mapped(const struct hidden_pages *h, struct hidden_look *look, const struct kho_mem *mem,
		     uint64_t virt)
{
	uint64_t table = h->top, entry;

	if (virt >= look->mapped && virt < look->mapped_end)
		return 1;
	for (unsigned int level = h->levels; level; level--) {
		const unsigned int shift = PAGE_SHIFT + LEVEL_BITS * (level - 1);
		const uint64_t index = virt >> shift & ((1u << LEVEL_BITS) - 1);

		if (mem->read(mem->ctx, table + index * sizeof(entry), &entry, sizeof(entry)))
			return -1;
		if (!(entry & ENTRY_PRESENT))
			return 0;
		if (level == 1 || entry & ENTRY_LEAF) {
			look->mapped = virt >> shift << shift;
			look->mapped_end = look->mapped + (1ull << shift);
			return 1;
		}
		table = entry & ENTRY_ADDR & ~h->encrypted;
	}
	return -1;
}

static const char *flags_obstacle(const struct hidden_pages *h, uint64_t addr, uint64_t flags)
{
	if (flags >> KPF_HWPOISON & 1)
		return "it has a memory error (hwpoison)";
	if (flags >> KPF_OFFLINE & 1)
		return "it is offline (a balloon?)";
	if (flags >> KPF_NOPAGE & 1 || (!flags && !block_online(h, addr)))
		return "its memory is offline";
	return NULL;
}

const char *hidden_page(const struct hidden_pages *h, struct hidden_look *look, const struct kho_mem *mem,
			uint64_t addr, uint64_t virt, uint64_t pages)
{
	const char *why;
	uint64_t flags;

	if (!h->asked)
		return NULL;
	if (read_flags(h, look, addr >> PAGE_SHIFT, pages, &flags))
		return "it may have a memory error, and /proc/kpageflags, which tells, cannot be read "
		       "(needs root and CONFIG_PROC_PAGE_MONITOR)";
	why = flags_obstacle(h, addr, flags);
	if (why)
		return why;
	switch (is_mapped(h, look, mem, virt)) {
	case 1:
		return NULL;
	case 0:
		return "the kernel has taken it out of its own mapping (memfd_secret, guest_memfd?)";
	}
	return "it may be secret, and the kernel's page tables, which tell, cannot be found (needs "
	       "Linux 4.19, with VMCOREINFO in /proc/kcore)";
}
