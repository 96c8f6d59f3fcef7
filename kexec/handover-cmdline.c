/* SPDX-License-Identifier: GPL-2.0-only */
/* What a handover needs in the next kernel's command line. */
#include <stdio.h>

#include "arch.h"
#include "cmdline.h"
#include "handover.h"
#include "message.h"
#include "number.h"

struct words {
	const struct handover *handover;
	char **cmdline;
};

/* "reserve_mem=SIZE:ALIGN:NAME" must be there, word for word fit for REGION. */
static int add_region(struct words *w, const struct kho_region *region)
{
	struct reserve_mem want;
	char word[96];

	switch (cmdline_reserve_mem(*w->cmdline, region->name, &want)) {
	case RESERVE_MEM_BAD:
		return error("the command line has a reserve_mem= for '%s' that the kernel does not "
			     "understand; it wants SIZE:ALIGN:NAME", region->name);
	case RESERVE_MEM_FOUND:
		if (want.size == region->size && !(region->addr & (want.align - 1)))
			return 0;
		return error("the command line reserves 0x%llx bytes aligned to 0x%llx for '%s', but the "
			     "region has 0x%llx at 0x%llx: the next kernel would not revive it; remove "
			     "this reserve_mem= and the right one is added", ULL(want.size),
			     ULL(want.align), region->name, ULL(region->size), ULL(region->addr));
	case RESERVE_MEM_ABSENT:
		break;
	}
	if (cmdline_reserve_mem(w->handover->machine->cmdline, region->name, &want) != RESERVE_MEM_FOUND ||
	    region->addr & (want.align - 1))
		want.align = PAGE_SIZE;
	snprintf(word, sizeof(word), "reserve_mem=0x%llx:0x%llx:%s", ULL(region->size),
		 ULL(want.align), region->name);
	notice("added '%s' to the command line, to revive the region", word);
	*w->cmdline = cmdline_append(*w->cmdline, word);
	return *w->cmdline ? 0 : error("no memory for the command line");
}

static uint64_t ram_end(const struct machine *m)
{
	uint64_t end = 0;

	for (size_t i = 0; i < m->ram_count; i++)
		if (m->ram[i].addr + m->ram[i].size > end)
			end = m->ram[i].addr + m->ram[i].size;
	return end;
}

/* mem=SIZE hides what lies above from the next kernel, regions and scratch too. */
static int check_mem_limit(const struct words *w)
{
	const struct handover *h = w->handover;
	struct cmdline_param param;
	const char *end;
	uint64_t limit;

	if (!cmdline_last(*w->cmdline, "mem", &param) || !parse_size(param.value.start, &end, &limit))
		return 0;
	for (size_t i = 0; i < h->region_count; i++)
		if (h->region[i].region.addr + h->region[i].region.size > limit)
			return error("the command line says %.*s, and region '%s' lies above: remove it",
				     TEXT(param.word), h->region[i].region.name);
	if (!h->running.kho && limit < ram_end(h->machine))
		return error("the command line says %.*s, and scratch may lie above: remove it",
			     TEXT(param.word));
	for (size_t i = 0; i < h->scratch_count; i++)
		if (h->scratch[i].addr + h->scratch[i].size > limit)
			return error("the command line says %.*s, and scratch lies above: remove it",
				     TEXT(param.word));
	return 0;
}

/* Switch NAME must be on for the next kernel; WHY: what it could not do without. */
static int switch_on(struct words *w, const char *name, const char *why)
{
	int on = cmdline_switch(*w->cmdline, name);
	char word[32];

	if (on == 0)
		return error("the command line says %s=off: the next kernel could not %s; remove it", name,
			     why);
	if (on > 0)
		return 0;
	snprintf(word, sizeof(word), "%s=on", name);
	notice("added '%s' to the command line", word);
	*w->cmdline = cmdline_append(*w->cmdline, word);
	return *w->cmdline ? 0 : error("no memory for the command line");
}

static int complete(struct words *w)
{
	const struct handover *h = w->handover;

	if (switch_on(w, "kho", "hand anything on"))
		return -1;
	/* Without it the next kernel takes live update state in, and gives it to nobody. */
	if (handover_has_node(h, KHO_NODE_LUO) &&
	    switch_on(w, "liveupdate", "give live update sessions back"))
		return -1;
	for (size_t i = 0; i < h->region_count; i++)
		if (add_region(w, &h->region[i].region))
			return -1;
	/* An unclosed quote would swallow what is added. */
	if (cmdline_open_quote(*w->cmdline))
		return error("the command line ends inside a quoted word: close the '\"'");
	if (check_mem_limit(w))
		return -1;
	if (cmdline_count(*w->cmdline, "reserve_mem") > KHO_REGIONS_MAX)
		return error("the command line has more than %d reserve_mem=, and a kernel takes no more: "
			     "remove those that are not handed over", KHO_REGIONS_MAX);
	return 0;
}

int handover_cmdline(const struct handover *handover, char **cmdline)
{
	struct words w = { handover, cmdline };

	return complete(&w);
}
