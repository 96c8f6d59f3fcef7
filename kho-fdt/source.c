/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libfdt.h>

#include "arch.h"
#include "message.h"
#include "source.h"
#include "source-private.h"
#include "table.h"

#define WALK_PAGES_MAX	(1u << 20)	/* of a map in a dump: 4 GiB of it */

int source_read_fdt(struct source *s)
{
	struct fdt_header header;
	uint32_t size;

	if (s->mem.read(s->mem.ctx, s->fdt_addr, &header, sizeof(header)))
		return error("%s: there is no memory at 0x%llx, where the root FDT should be", s->name,
			     ULL(s->fdt_addr));
	size = fdt_totalsize(&header);
	if (fdt_magic(&header) != FDT_MAGIC || size < sizeof(header))
		return error("%s: there is no device tree blob at 0x%llx", s->name, ULL(s->fdt_addr));
	if (size > SOURCE_FDT_MAX)
		return error("%s: the root FDT at 0x%llx claims %u bytes; the next kernel maps at most %u",
			     s->name, ULL(s->fdt_addr), size, KHO_EARLY_MAP_MAX);
	if (buffer_alloc(&s->fdt, size))
		return -1;
	if (s->mem.read(s->mem.ctx, s->fdt_addr, s->fdt.data, size))
		return error("%s: memory ends inside the root FDT at 0x%llx (%u bytes)", s->name,
			     ULL(s->fdt_addr), size);
	return 0;
}

int source_read_scratch(struct source *s, uint64_t size)
{
	size_t count = size / sizeof(*s->scratch);

	if (!count || size > KHO_EARLY_MAP_MAX)
		return -1;
	s->scratch = calloc(count, sizeof(*s->scratch));
	if (!s->scratch)
		return -1;
	/* struct kho_scratch (7.4: kho_bootmem) is {addr, size}, as struct kho_range. */
	if (s->mem.read(s->mem.ctx, s->scratch_addr, s->scratch, count * sizeof(*s->scratch))) {
		free(s->scratch);
		s->scratch = NULL;
		return -1;
	}
	s->scratch_count = count;
	s->has_scratch = true;
	return 0;
}

void source_reserve(struct source *s, uint64_t addr, uint64_t size)
{
	if (ranges_add(&s->reserved, addr, size))
		s->reserved_whole = false;
	ranges_merge(&s->reserved);
}

void source_reserve_items(struct source *s, const struct kho_item *item, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (item[i].flags & KHO_ITEM_RESERVE)
			source_reserve(s, item[i].addr, item[i].size);
}

/* ---- Files -------------------------------------------------------------- */

static int read_dump(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct source *s = ctx;

	return dump_read(&s->dump, addr, buf, size);
}

static int open_bare(struct source *s, const struct source_spec *spec)
{
	if (spec->has_root)
		return error("'%s' is a device tree blob without memory around it: --root is for dumps",
			     s->name);
	return file_read(spec->name, "root FDT", SOURCE_FDT_MAX, &s->fdt);
}

static void print_roots(const struct scan *scan)
{
	for (size_t i = 0; i < scan->roots; i++) {
		const struct scan_root *r = &scan->root[i];

		notice("  --root 0x%llx: %s, %zu nodes, map %s%s%s", ULL(r->addr),
		       kho_abi_name(r->abi), r->nodes, r->map_err ? "not readable: " : "readable",
		       r->map_err ? kho_strerror(r->map_err) : "",
		       r->handed ? ", handed over in setup_data" :
		       r->preserved ? ", preserved by itself" : "");
	}
}

static int choose_root(struct source *s, const struct scan *scan)
{
	const struct scan_root *root = scan_choose(scan);

	if (scan->cut_short)
		notice("%s: too much in it looks like a handover; some of it was not looked at", s->name);
	if (root) {
		s->has_addr = true;
		s->fdt_addr = root->addr;
		return 0;
	}
	if (!scan->roots)
		return error("%s: no handover found: no page begins with a root FDT of a KHO ABI%s",
			     s->name, s->dump.kind == DUMP_RAW ?
			     " (the file was taken as RAM from --ram-base on, byte for byte)" : "");
	error("%s: %zu root FDTs found; choose one:", s->name,
	      scan->roots);
	print_roots(scan);
	return -1;
}

/* What is kept for the payload. 0, or -1 if that is unknown. */
static int adopt_items(struct source *s, const struct kho_payload *p)
{
	struct kho_item item[PAYLOAD_ITEMS_MAX];

	if (!payload_valid(p) ||
	    s->mem.read(s->mem.ctx, p->addr + p->item_offset, item, p->item_count * sizeof(*item)))
		return -1;
	source_reserve_items(s, item, p->item_count);
	return 0;
}

/* The findings of the search that belong to the chosen root. */
static void adopt_scan(struct source *s, const struct scan *scan)
{
	for (size_t i = 0; i < scan->entries; i++) {
		const struct scan_entry *e = &scan->entry[i];

		if (e->fdt_addr != s->fdt_addr)
			continue;
		s->passed_size = e->fdt_size;
		s->scratch_addr = e->scratch_addr;
		if (!s->has_scratch)
			source_read_scratch(s, e->scratch_size);
	}
	s->reserved_whole = !scan->cut_short;
	for (size_t i = 0; i < scan->payloads; i++) {
		const struct kho_payload *p = &scan->payload[i];

		source_reserve(s, p->addr, p->size);
		if (p->fdt_addr == s->fdt_addr && adopt_items(s, p))
			s->reserved_whole = false;
	}
}

static int search_dump(struct source *s)
{
	struct scan *scan = malloc(sizeof(*scan));
	int err;

	if (!scan)
		return error("no memory to search '%s'", s->name);
	scan_memory(&s->mem, s->ram.list, s->ram.count, s->max_pages, scan);
	err = s->has_addr ? 0 : choose_root(s, scan);
	if (!err)
		adopt_scan(s, scan);
	free(scan);
	return err;
}

static int open_memory(struct source *s, const struct source_spec *spec)
{
	/* A walk counts eight bitmaps of 512 bytes in a page as eight pages. */
	uint64_t pages = ((s->dump.bytes >> s->page_shift) + 1) * 8;

	s->mem = (struct kho_mem){ read_dump, s };
	s->has_mem = true;
	s->max_pages = pages < WALK_PAGES_MAX ? pages : WALK_PAGES_MAX;
	if (s->dump.cut_off)
		notice("%s: the file ends before what its headers name: the dump is cut off", s->name);
	for (size_t i = 0; i < s->dump.count; i++)
		if (ranges_add(&s->ram, s->dump.extent[i].addr, s->dump.extent[i].size))
			return error("no memory for the segments of '%s'", s->name);
	s->has_addr = spec->has_root;
	s->fdt_addr = spec->root;
	if ((!s->has_addr || !s->has_scratch) && search_dump(s))
		return -1;
	return source_read_fdt(s);
}

static int open_file(struct source *s, const struct source_spec *spec)
{
	if (dump_open(spec->name, spec->ram_base, &s->dump))
		return -1;
	return s->dump.kind == DUMP_FDT ? open_bare(s, spec) : open_memory(s, spec);
}

/* ---- All of them -------------------------------------------------------- */

static int take_scratch(struct source *s, const struct source_spec *spec)
{
	if (!spec->scratch_count)
		return 0;
	s->scratch = calloc(spec->scratch_count, sizeof(*s->scratch));
	if (!s->scratch)
		return error("no memory for scratch areas");
	memcpy(s->scratch, spec->scratch, spec->scratch_count * sizeof(*s->scratch));
	s->scratch_count = spec->scratch_count;
	s->has_scratch = true;
	return 0;
}

int source_open(const struct source_spec *spec, struct source *s)
{
	memset(s, 0, sizeof(*s));
	s->name = spec->name;
	s->form = spec->form;
	s->page_shift = PAGE_SHIFT;
	s->kcore.fd = -1;
	s->dump.fd = -1;
	s->kind = !strcmp(spec->name, "live") ? SOURCE_LIVE :
		  !strcmp(spec->name, "in") ? SOURCE_IN : SOURCE_FILE;
	if (take_scratch(s, spec))
		return -1;
	switch (s->kind) {
	case SOURCE_LIVE:	return source_open_live(s, spec->sysroot);
	case SOURCE_IN:		return source_open_in(s, spec->sysroot);
	default:		return open_file(s, spec);
	}
}

void source_close(struct source *s)
{
	for (size_t i = 0; i < s->overlays; i++)
		buffer_free(&s->overlay[i].data);
	free(s->overlay);
	if (s->has_incoming)
		incoming_close(&s->incoming);
	if (s->machine)
		machine_release(s->machine);
	free(s->machine);
	kcore_close(&s->kcore);
	dump_close(&s->dump);
	ranges_free(&s->ram);
	ranges_free(&s->kernel);
	ranges_free(&s->reserved);
	free(s->scratch);
	buffer_free(&s->fdt);
	memset(s, 0, sizeof(*s));
	s->kcore.fd = s->dump.fd = -1;
}
