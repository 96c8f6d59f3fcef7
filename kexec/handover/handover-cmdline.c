/* SPDX-License-Identifier: GPL-2.0-only */
/* What a handover needs in the next kernel's command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "cmdline.h"
#include "handover.h"
#include "message.h"
#include "next-memory.h"
#include "number.h"

#define CMA_ALIGN	(4ull << 20)	/* at most, CMA_MIN_ALIGNMENT_BYTES of x86 */

struct words {
	const struct handover *handover;
	char **cmdline;
};

/* ---- Memory that must be there in the next kernel ----------------------------------------- */

struct memory_check {
	const struct handover *handover;
	const char *cmdline;
	struct next_memory next;	/* after all of CMDLINE */
};

static void start_check(struct memory_check *c)
{
	next_memory_init(&c->next, c->handover->machine->memmap, c->handover->machine->memmap_count);
}

/*
 * The word that takes RANGE away: the last one that does, because a later word may give memory
 * back.
 */
static struct text culprit(struct memory_check *c, const struct kho_range *range, bool set_aside)
{
	struct text found = { "mem= or memmap=", strlen("mem= or memmap=") };
	const char *pos = c->cmdline;
	struct cmdline_param param;
	bool was, is;

	start_check(c);
	was = next_memory_is_ram(&c->next, range, set_aside);
	while (next_memory_step(&c->next, &pos, &param)) {
		is = next_memory_is_ram(&c->next, range, set_aside);
		if (was && !is)
			found = param.word;
		was = is;
	}
	return found;
}

static int check_range(struct memory_check *c, const char *what, const char *name,
		       const struct kho_range *range, bool set_aside)
{
	struct text word;

	if (next_memory_is_ram(&c->next, range, set_aside))
		return 0;
	word = culprit(c, range, set_aside);
	return error("the command line says %.*s, which takes %s%s (0x%llx-0x%llx) away from the next "
		     "kernel: remove it", TEXT(word), what, name, ULL(range->addr),
		     ULL(range->addr + range->size - 1));
}

static bool in_region(const struct handover *h, uint64_t addr)
{
	for (size_t i = 0; i < h->region_count; i++)
		if (addr - h->region[i].region.addr < h->region[i].region.size)
			return true;
	return false;
}

/* Returns non-zero, which ends the walk, after a message. */
static int check_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct kho_range range = { addr, (uint64_t)PAGE_SIZE << order };
	struct memory_check *c = ctx;

	return in_region(c->handover, addr) ? 0 : check_range(c, "preserved memory", "", &range, false);
}

static int check_ranges(struct memory_check *c)
{
	const struct kho_map_visitor visitor = { check_block, NULL, c };
	const struct handover *h = c->handover;

	/*
	 * The next kernel finds a region by its name even if the region is set aside, and does
	 * not use its memory.
	 */
	for (size_t i = 0; i < h->region_count; i++) {
		const struct kho_region *region = &h->region[i].region;
		const struct kho_range range = { region->addr, region->size };

		if (check_range(c, "region ", region->name, &range, true))
			return -1;
	}
	for (size_t i = 0; i < h->scratch_count; i++)
		if (check_range(c, "scratch", "", &h->scratch[i], false))
			return -1;
	for (size_t i = 0; i < h->running.map_pages.count; i++)
		if (check_range(c, "the map of preserved memory", "", &h->running.map_pages.list[i],
				false))
			return -1;
	return h->running.kho && kho_map_each(&h->running.preserved.map, &visitor) ? -1 : 0;
}

static int check_memory(struct memory_check *c)
{
	const char *pos = c->cmdline;
	struct cmdline_param param;
	bool found = false;

	start_check(c);
	while (next_memory_step(&c->next, &pos, &param)) {
		found = true;
		if (c->next.untold)
			return error("the command line says %.*s, and kexec cannot tell what the "
				     "next kernel makes of it: remove it", TEXT(param.word));
	}
	if (found && !next_memory_good(&c->next))
		return error("with the memmap= of the command line the next kernel would panic: it "
			     "needs at least two ranges");
	return found ? check_ranges(c) : 0;
}

int handover_check_memory(const struct handover *handover, const char *cmdline)
{
	struct memory_check *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return error("no memory to check the command line");
	c->handover = handover;
	c->cmdline = cmdline;
	err = check_memory(c);
	free(c);
	return err;
}

/* ---- Parameters that destroy a handover ---------------------------------------------------- */

static bool always(struct text value)
{
	(void)value;
	return true;
}

static bool not_zero(struct text value)
{
	return !text_is(value, "0");
}

/* "ADDRESS,SIZE"; "initrd=" with a path is for boot loaders. */
static bool is_place(struct text value)
{
	uint64_t addr;
	const char *end;

	return parse_size(value.start, &end, &addr) && *end == ',';
}

static bool above_low_memory(struct text value)
{
	uint64_t size;
	const char *end;

	return !parse_size(value.start, &end, &size) || size > LOW_MEMORY_END;
}

/* All of this happens before the kernel has reserved what is preserved. */
static const struct {
	const char *name;
	bool (*harms)(struct text value);
	const char *why;
} harmful[] = {
	{ "memtest", not_zero, "overwrites all preserved memory" },
	{ "memory_corruption_check_size", above_low_memory, "clears memory above 1 MiB" },
	{ "elfcorehdr", always, "takes itself for a crash kernel, and drops the handover" },
	{ "initrd", is_place, "takes this memory for its initrd, and frees it" },
	{ "initrdmem", is_place, "takes this memory for its initrd, and frees it" },
};

static int check_harmful(const char *cmdline)
{
	struct cmdline_param param;

	while (cmdline_next(&cmdline, &param))
		for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
			if (cmdline_is(&param, harmful[i].name) && harmful[i].harms(param.value))
				return error("the command line says %.*s, and with it the next "
					     "kernel %s: remove it",
					     TEXT(param.word), harmful[i].why);
	return 0;
}

/*
 * cma=SIZE@ADDRESS[-END] as in early_cma() of kernel/dma/contiguous.c: must it be at this
 * place and nowhere else? What cannot be parsed may be anywhere.
 */
static bool cma_place(struct text value, struct kho_range *ret)
{
	uint64_t addr, size, end;
	const char *p;

	*ret = (struct kho_range){ 0, UINT64_MAX };
	if (!memchr(value.start, '@', value.len))
		return false;
	if (!parse_size(value.start, &p, &size) || *p != '@' || !parse_size(p + 1, &p, &addr) ||
	    size > UINT64_MAX - addr - CMA_ALIGN)
		return true;
	if (!addr || (*p == '-' && parse_size(p + 1, &p, &end) && end != addr + size))
		return false;
	*ret = (struct kho_range){ addr, (size + CMA_ALIGN - 1) & ~(CMA_ALIGN - 1) };
	return true;
}

static bool is_needed(const struct handover *h, const struct kho_range *range)
{
	const struct running *r = &h->running;
	struct kho_range hit;

	for (size_t i = 0; i < h->region_count; i++) {
		const struct kho_region *region = &h->region[i].region;

		if (kho_find_overlap(range, 1, region->addr, region->size))
			return true;
	}
	return r->kho && (blocks_find_overlap(&r->preserved, range, 1, &hit) ||
			  kho_find_overlap(r->map_pages.list, r->map_pages.count, range->addr, range->size));
}

static int check_cma(const struct words *w)
{
	const char *pos = *w->cmdline;
	struct cmdline_param param;
	struct kho_range place;

	while (cmdline_find(&pos, "cma", &param))
		if (cma_place(param.value, &place) && is_needed(w->handover, &place))
			return error("the command line says %.*s, and with it the next kernel "
				     "takes this memory before it has reserved what is preserved "
				     "there: remove it", TEXT(param.word));
	return 0;
}

/* ---- Words that must be there -------------------------------------------------------------- */

/* There must be a "reserve_mem=SIZE:ALIGN:NAME" that suits REGION. */
static int add_region(struct words *w, const struct kho_region *region)
{
	struct reserve_mem want;
	char word[96];

	switch (cmdline_reserve_mem(*w->cmdline, region->name, &want)) {
	case RESERVE_MEM_BAD:
		return error("the command line has a reserve_mem= for '%s' that the kernel does "
			     "not understand; it must be SIZE:ALIGN:NAME", region->name);
	case RESERVE_MEM_FOUND:
		if (want.size == region->size && !(region->addr & (want.align - 1)))
			return 0;
		return error("the command line reserves 0x%llx bytes aligned to 0x%llx for '%s', "
			     "but the region has 0x%llx at 0x%llx: the next kernel would not "
			     "revive it; remove this reserve_mem=, and kexec adds the right one",
			     ULL(want.size), ULL(want.align), region->name, ULL(region->size),
			     ULL(region->addr));
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

/* Switch NAME must be on for the next kernel; WHY: what it could not do without. */
static int switch_on(struct words *w, const char *name, const char *why)
{
	int on = cmdline_switch(*w->cmdline, name);
	char word[32];

	if (on == 0)
		return error("the command line says %s=off: the next kernel could not %s; give the whole line "
			     "without it, with --append alone", name, why);
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

	if (cmdline_open_quote(*w->cmdline))
		return error("the command line ends inside a quoted word, which would swallow what is "
			     "added: close the '\"'");
	if (check_harmful(*w->cmdline) || check_cma(w) || handover_check_memory(h, *w->cmdline) ||
	    switch_on(w, "kho", "hand anything on"))
		return -1;
	/* Without it the next kernel takes live update state in, and gives it to nobody. */
	if (handover_has_node(h, KHO_NODE_LUO) &&
	    switch_on(w, "liveupdate", "give live update sessions back"))
		return -1;
	for (size_t i = 0; i < h->region_count; i++)
		if (add_region(w, &h->region[i].region))
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
