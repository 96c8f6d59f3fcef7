/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "arch.h"
#include "image-plan.h"
#include "message.h"

static void print_range(const char *what, const char *name, uint64_t addr, uint64_t size)
{
	if (size)
		printf("%-9s %-16s 0x%012llx-0x%012llx %12llu bytes\n", what, name, ULL(addr),
		       ULL(addr + size - 1), ULL(size));
	else
		printf("%-9s %-16s empty\n", what, name);
}

static void print_segments(const struct image_plan *p)
{
	for (size_t i = 0; i < p->segments.count; i++) {
		const struct segment *s = &p->segments.list[i];

		print_range(p->placer->payload_only && s != p->payload ? "expected" : "segment", s->name, s->addr,
			    s->size);
	}
	if (p->placer->payload_only)
		printf("%-9s by kexec_file_load, which places what is \"expected\" itself\n", "loaded");
	else
		printf("%-9s %-16s 0x%012llx\n", "entry", "purgatory", ULL(p->segments.entry));
}

static const char *const map_origin[] = {
	[MAP_IN_PLACE] = "the running kernel's own",
	[MAP_LIVE] = "built, with the running kernel's map",
	[MAP_OWN] = "built, with its map",
};

static void print_handover(const struct image_plan *p)
{
	const struct handover *h = p->handover;
	const struct running *r = &h->running;

	for (size_t i = 0; i < h->scratch_count; i++)
		print_range("scratch", r->kho ? "kernel's own" : "planned", h->scratch[i].addr,
			    h->scratch[i].size);
	for (size_t i = 0; i < h->region_count; i++) {
		const struct handover_region *region = &h->region[i];

		print_range(region->late ? "late" : region->verify ? "verified" : "region",
			    region->region.name, region->region.addr, region->region.size);
	}
	for (size_t i = 0; i < h->blob_count; i++)
		print_range("blob", h->blob[i].name, p->payload->addr + p->layout.blob[i].offset,
			    h->blob[i].data.size);
	for (size_t i = 0; i < h->node_count; i++)
		print_range("node", h->node[i].name, h->node[i].addr, h->node[i].size);
	if (r->kho)
		printf("%-9s %llu KiB in %llu blocks, by the running kernel\n", "preserved",
		       ULL(r->preserved.map.bytes >> 10), ULL(r->preserved.map.blocks));
	printf("%-9s 0x%llx, %s\n", "root FDT",
	       ULL(payload_fdt_addr(h, &p->layout, p->payload->addr)), map_origin[h->map]);
}

static const char *memory_type(uint32_t type)
{
	switch (type) {
	case E820_RAM:	return "usable";
	case E820_ACPI:	return "ACPI";
	case E820_NVS:	return "ACPI NVS";
	default:	return "reserved";
	}
}

static void print_crash(const struct crash_plan *crash)
{
	for (size_t i = 0; i < crash->memmap_count; i++)
		print_range("memory", memory_type(crash->memmap[i].type), crash->memmap[i].addr,
			    crash->memmap[i].size);
}

static void debug_range(const char *what, const struct kho_range *r)
{
	debug("%-7s 0x%012llx-0x%012llx", what, ULL(r->addr), ULL(kho_range_end(r) - 1));
}

static void debug_memmap(const struct memmap_entry *entry, size_t count)
{
	for (size_t i = 0; i < count; i++)
		debug("memory  0x%012llx-0x%012llx type %u", ULL(entry[i].addr),
		      ULL(entry[i].addr + entry[i].size - 1), entry[i].type);
}

void image_plan_debug(const struct image_plan *p)
{
	const struct machine *m = p->machine;

	if (p->crash) {
		debug_memmap(p->crash->memmap, p->crash->memmap_count);
		debug_range("usable", &p->crash->area);
	} else {
		debug_memmap(m->memmap, m->memmap_count);
		for (size_t i = 0; i < m->usable_count; i++)
			debug_range("usable", &m->usable[i]);
	}
	for (size_t i = 0; i < p->segments.count; i++) {
		const struct segment *s = &p->segments.list[i];

		debug("segment 0x%012llx-0x%012llx %s", ULL(s->addr), ULL(s->addr + s->size - 1), s->name);
	}
	debug("entry   0x%012llx", ULL(p->segments.entry));
	debug("command line: %s", p->cmdline);
}

void image_plan_print(const struct image_plan *p)
{
	print_segments(p);
	if (p->handover)
		print_handover(p);
	if (p->crash)
		print_crash(p->crash);
	printf("%-9s %s\n", "cmdline", *p->cmdline ? p->cmdline : "(empty)");
}
