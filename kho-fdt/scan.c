/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "arch.h"
#include "scan.h"
#include "setup-data.h"

#define PIECE		(1u << 20)	/* read at a time */
#define KHO_DATA_LEN	32		/* struct kho_data of the setup_data entry */

struct scanner {
	const struct kho_mem *mem;
	uint64_t max_pages;
	struct scan *found;
	uint64_t piece[PIECE / sizeof(uint64_t)];
	_Alignas(8) unsigned char fdt[KHO_EARLY_MAP_MAX];
	struct kho_root root;
};

static void note_entry(struct scanner *s, uint64_t addr)
{
	struct scan *f = s->found;
	struct {
		struct kho_setup_data header;
		struct scan_entry entry;
	} data;

	_Static_assert(sizeof(data.entry) == KHO_DATA_LEN, "struct kho_data");
	if (s->mem->read(s->mem->ctx, addr, &data, sizeof(data)))
		return;
	if (data.entry.fdt_addr % PAGE_SIZE || !data.entry.fdt_size ||
	    data.entry.fdt_size > KHO_EARLY_MAP_MAX || data.entry.scratch_size > KHO_EARLY_MAP_MAX)
		return;
	if (f->entries == SCAN_ENTRIES_MAX)
		f->cut_short = true;
	else
		f->entry[f->entries++] = data.entry;
}

static void note_payload(struct scanner *s, uint64_t addr)
{
	struct scan *f = s->found;
	struct {
		struct kho_setup_data header;
		struct kho_payload payload;
	} data;

	if (s->mem->read(s->mem->ctx, addr, &data, sizeof(data)) ||
	    data.payload.magic != KHO_PAYLOAD_MAGIC || data.payload.addr != addr ||
	    data.payload.size > UINT64_MAX - addr)
		return;
	if (f->payloads == SCAN_ENTRIES_MAX)
		f->cut_short = true;
	else
		f->payload[f->payloads++] = data.payload;
}

/* A page that begins with an FDT's magic number: try to read a root FDT there. */
static void try_root(struct scanner *s, uint64_t addr)
{
	struct scan *f = s->found;
	uint32_t size;

	if (f->roots == SCAN_ROOTS_MAX || f->tries == SCAN_TRIES_MAX) {
		f->cut_short = true;
		return;
	}
	f->tries++;
	if (s->mem->read(s->mem->ctx, addr, s->fdt, sizeof(struct fdt_header)))
		return;
	size = fdt_totalsize(s->fdt);
	if (size > sizeof(s->fdt) || s->mem->read(s->mem->ctx, addr, s->fdt, size) ||
	    kho_root_read(s->fdt, size, &s->root))
		return;
	f->root[f->roots++] = (struct scan_root){
		.addr = addr, .map = s->root.map, .abi = s->root.abi, .nodes = s->root.node_count };
}

/* Setup_data headers are 8-byte aligned: {next, type, len}. */
static void search_piece(struct scanner *s, uint64_t addr, size_t size)
{
	const uint64_t entry = SETUP_TYPE_KEXEC_KHO | (uint64_t)KHO_DATA_LEN << 32;
	size_t words = size / sizeof(uint64_t);

	for (size_t i = 0; i < words; i++) {
		uint64_t word = s->piece[i], at = addr + i * sizeof(uint64_t);

		if (word == entry)
			note_entry(s, at - sizeof(uint64_t));
		else if ((uint32_t)word == KHO_SETUP_TYPE)
			note_payload(s, at - sizeof(uint64_t));
		if (at % PAGE_SIZE == 0 && (uint32_t)word == cpu_to_fdt32(FDT_MAGIC))
			try_root(s, at);
	}
}

static void search_range(struct scanner *s, const struct kho_range *range)
{
	uint64_t addr = (range->addr + 7) & ~7ull, end = range->addr + range->size;

	while (addr >= range->addr && addr < end && !s->found->cut_short) {
		size_t size = end - addr < PIECE ? (size_t)(end - addr) : PIECE;

		if (!s->mem->read(s->mem->ctx, addr, s->piece, size))
			search_piece(s, addr, size);
		addr += PIECE;
	}
}

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct scan_root *root = ctx;

	root->preserved |= root->addr >= addr && (root->addr - addr) >> PAGE_SHIFT >> order == 0;
	return 0;
}

static void look_into_map(const struct scanner *s, struct scan_root *root)
{
	const struct kho_map_visitor visitor = { .block = on_block, .ctx = root };

	for (size_t i = 0; i < s->found->entries; i++)
		root->handed |= s->found->entry[i].fdt_addr == root->addr;
	if (root->abi == KHO_ABI_V1 && root->map) {
		root->map_err = kho_v1_form(PAGE_SHIFT, s->mem, root->map, s->max_pages, &root->abi);
		root->form_unknown = !root->map_err && root->abi == KHO_ABI_UNKNOWN;
		if (root->map_err || root->form_unknown) {
			root->abi = KHO_ABI_V1;
			return;
		}
	}
	root->map_err = kho_map_walk(root->abi, PAGE_SHIFT, s->mem, root->map, s->max_pages, &visitor);
}

void scan_memory(const struct kho_mem *mem, const struct kho_range *range, size_t count,
		 uint64_t max_pages, struct scan *ret)
{
	struct scanner *s = calloc(1, sizeof(*s));

	memset(ret, 0, sizeof(*ret));
	ret->cut_short = !s;
	if (!s)
		return;
	s->mem = mem;
	s->max_pages = max_pages;
	s->found = ret;
	for (size_t i = 0; i < count; i++)
		search_range(s, &range[i]);
	for (size_t i = 0; i < ret->roots; i++)
		look_into_map(s, &ret->root[i]);
	free(s);
}

/* The only root for which STRONG holds; *COUNT gets the number of such roots. */
static const struct scan_root *only(const struct scan *scan, bool strong, size_t *count)
{
	const struct scan_root *found = NULL;

	*count = 0;
	for (size_t i = 0; i < scan->roots; i++) {
		const struct scan_root *root = &scan->root[i];

		if (root->map_err || (strong && !root->preserved && !root->handed))
			continue;
		found = root;
		(*count)++;
	}
	return *count == 1 ? found : NULL;
}

const struct scan_root *scan_choose(const struct scan *scan)
{
	size_t count;
	const struct scan_root *root = only(scan, true, &count);

	return count ? root : only(scan, false, &count);
}
