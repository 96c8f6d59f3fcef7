/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>

#include "arch.h"
#include "cmdline.h"
#include "core-headers.h"
#include "crash-plan.h"
#include "message.h"

#define WORD_MAX	64

static int add(struct crash_plan *p, uint64_t addr, uint64_t size, uint32_t type)
{
	if (p->memmap_count == CRASH_MEMMAP_MAX)
		return error("the memory map has more than %d entries", CRASH_MEMMAP_MAX);
	p->memmap[p->memmap_count++] = (struct memmap_entry){ addr, size, type };
	return 0;
}

/* Of RAM, a crash kernel gets the part that every kernel needs to start its CPUs. */
static int add_low(struct crash_plan *p, const struct memmap_entry *e)
{
	const uint64_t room = e->addr < LOW_MEMORY_END ? LOW_MEMORY_END - e->addr : 0;

	return room ? add(p, e->addr, e->size < room ? e->size : room, E820_RAM) : 0;
}

static int add_firmware(struct crash_plan *p, const struct memmap_entry *e)
{
	switch (e->type) {
	case E820_RAM:
		return add_low(p, e);
	case E820_ACPI:
	case E820_NVS:
	case E820_RESERVED:
		return add(p, e->addr, e->size, e->type);
	default:
		return 0;
	}
}

static int compare(const void *a, const void *b)
{
	const struct memmap_entry *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* As crash_setup_memmap_entries() of arch/x86/kernel/crash.c. */
static int make_memmap(struct crash_plan *p, const struct machine *machine, const struct crash_memory *m)
{
	int err = add(p, p->area.addr, p->area.size, E820_RAM);

	for (size_t i = 0; !err && i < machine->memmap_count; i++)
		err = add_firmware(p, &machine->memmap[i]);
	for (size_t i = 0; !err && i + 1 < m->reserved_count; i++)
		err = add(p, m->reserved[i].addr, m->reserved[i].size, E820_RAM);
	for (size_t i = 0; !err && i < m->cma.count; i++)
		err = add(p, m->cma.list[i].addr, m->cma.list[i].size, E820_RAM);
	qsort(p->memmap, p->memmap_count, sizeof(p->memmap[0]), compare);
	return err;
}

/* The headers take the end of the area, so that what remains is one piece. */
static int place_headers(struct crash_plan *p, const struct kho_range *reserved, uint64_t size)
{
	const uint64_t first = (reserved->addr + PAGE_SIZE - 1) / PAGE_SIZE;
	const uint64_t end = kho_range_end(reserved) / PAGE_SIZE;
	const uint64_t pages = size / PAGE_SIZE + (size % PAGE_SIZE != 0);

	if (end <= first || pages >= end - first)
		return error("no room for the headers of the dump (%llu KiB) in the %llu KiB that are set aside "
			     "for a crash kernel: boot with a larger crashkernel=", ULL(size >> 10),
			     ULL(reserved->size >> 10));
	p->headers = (struct kho_range){ (end - pages) * PAGE_SIZE, pages * PAGE_SIZE };
	p->area = (struct kho_range){ first * PAGE_SIZE, (end - pages - first) * PAGE_SIZE };
	return 0;
}

int crash_plan_make(const struct machine *machine, const struct crash_memory *m, uint64_t headers_size,
		    struct crash_plan *p)
{
	*p = (struct crash_plan){ .updated = headers_size };
	if (core_headers_make(m, &p->headers_buf))
		return -1;
	if (headers_size && headers_size < p->headers_buf.size)
		return error("the kernel wants %llu bytes for the headers of the dump "
			     "(/sys/kernel/crash_elfcorehdr_size), and they are %zu: leave --hotplug out",
			     ULL(headers_size), p->headers_buf.size);
	if (place_headers(p, crash_memory_main(m), headers_size ? headers_size : p->headers_buf.size))
		return -1;
	return make_memmap(p, machine, m);
}

void crash_plan_free(struct crash_plan *p)
{
	buffer_free(&p->headers_buf);
}

/* What memmap=SIZE?ADDR has in the place of "?", parse_memmap_one() of arch/x86/kernel/e820.c. */
static char memmap_letter(uint32_t type)
{
	switch (type) {
	case E820_RAM:	return '@';
	case E820_ACPI:
	case E820_NVS:	return '#';
	default:	return '$';
	}
}

static char *add_memmap(const struct crash_plan *p, char *line)
{
	char word[WORD_MAX];

	line = cmdline_append(line, "memmap=exactmap");
	for (size_t i = 0; line && i < p->memmap_count; i++) {
		const struct memmap_entry *e = &p->memmap[i];

		snprintf(word, sizeof(word), "memmap=0x%llx%c0x%llx", ULL(e->size), memmap_letter(e->type),
			 ULL(e->addr));
		line = cmdline_append(line, word);
	}
	return line;
}

char *crash_plan_cmdline(const struct crash_plan *p, char *line, bool memmap)
{
	char word[WORD_MAX];

	if (memmap)
		line = add_memmap(p, line);
	snprintf(word, sizeof(word), "elfcorehdr=0x%016llx", ULL(p->headers.addr));
	return line ? cmdline_append(line, word) : NULL;
}
