/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "message.h"
#include "translate-private.h"

#define FDT_PAGES	4		/* of the new root FDT: 64 nodes fit */

struct translate_target translate_target_of(enum kho_abi abi)
{
	struct translate_target to = { .formats = { .abi = abi, .reserve_mem = true },
				       .name = kho_abi_label(abi) };
	/* kho-v1 means 6.19 here, which has no FLBs; kho-v3 means 7.1. */
	const struct kho_luo_info info = {
		.abi = abi == KHO_ABI_V4 ? KHO_LUO_V5 : KHO_LUO_V1,
		.flbs = kho_abi_radix(abi),
	};

	kho_formats_add_luo(&to.formats, &info);
	return to;
}

/* ---- What is new ---------------------------------------------------------------- */

/* SIZE in whole pages. */
static uint64_t whole_pages(const struct decoded *decoded, uint64_t size)
{
	const uint64_t page = decoded_page_size(decoded);

	return (size + page - 1) & ~(page - 1);
}

int translate_extend(struct work *w, uint64_t size, uint64_t align, uint64_t *ret)
{
	struct translation *t = w->out;
	uint64_t start = ((t->base + t->bytes.size + align - 1) & ~(align - 1)) - t->base;
	uint64_t end = whole_pages(w->decoded, start + size);
	unsigned char *data;

	if (size > TRANSLATION_MAX || end > TRANSLATION_MAX)
		return error("the translation would have more than %llu MiB of its own",
			     TRANSLATION_MAX / MIB);
	data = realloc(t->bytes.data, end);
	if (!data)
		return error("no memory for %llu bytes of translation", ULL(end));
	memset(data + t->bytes.size, 0, end - t->bytes.size);
	t->bytes.data = data;
	t->bytes.size = end;
	*ret = start;
	return 0;
}

int translate_no_memory(void)
{
	return error("no memory for the translated map");
}

int translate_preserve(struct work *w, uint64_t addr, uint64_t size)
{
	const struct kho_range range = { addr, whole_pages(w->decoded, size) };
	struct kho_block block[128];	/* 2^52 bytes are fewer pieces */
	size_t count;

	if (kho_split_range(w->decoded->source->page_shift, &range, block,
			    sizeof(block) / sizeof(block[0]), &count))
		return error("0x%llx bytes at 0x%llx cannot be preserved", ULL(size), ULL(addr));
	for (size_t i = 0; i < count; i++)
		if (blocks_add(&w->blocks, block[i].addr, block[i].order))
			return translate_no_memory();
	return 0;
}

/* ---- Nodes ------------------------------------------------------------------------ */

int translate_add(struct work *w, const struct kho_node *node, enum translate_fate fate,
		  uint64_t addr, uint64_t size)
{
	struct translated_node *t = &w->out->node[w->out->node_count++];
	int err = kho_root_add(&w->root, node->name, addr, size);

	if (fate != TRANSLATE_KEPT && node->more) {
		error("node '%s' has properties that are not known, and they may be about its data, "
		      "which %s needs in another form", node->name, w->to->name);
		return REFUSED;
	}
	memcpy(t->name, node->name, sizeof(t->name));
	t->fate = fate;
	t->addr = addr;
	t->size = size;
	return err ? error("node '%s': %s", node->name, kho_strerror(err)) : 0;
}

int translate_drop(struct work *w, const struct kho_node *node, const char *why)
{
	struct translated_node *t = &w->out->node[w->out->node_count++];

	memcpy(t->name, node->name, sizeof(t->name));
	t->fate = TRANSLATE_DROPPED;
	t->why = why;
	return 0;
}

int translate_keep(struct work *w, const struct kho_node *node)
{
	if (ranges_add(&w->out->kept, node->addr, node->size))
		return translate_no_memory();
	return translate_add(w, node, TRANSLATE_KEPT, node->addr, node->size);
}

int translate_read(const struct work *w, const char *name, uint64_t addr, void *buf, size_t size)
{
	const struct kho_mem *mem = &w->decoded->source->mem;

	if (mem->read(mem->ctx, addr, buf, size))
		return error("node '%s': memory at 0x%llx cannot be read", name, ULL(addr));
	return 0;
}

static int wrap_node(struct work *w, const struct kho_node *node)
{
	size_t size = node->size <= SIZE_MAX ? kho_blob_wrapped_size(node->size) : 0;
	struct translation *t = w->out;
	uint64_t at;
	size_t data;

	if (!size) {
		error("node '%s' has %llu bytes, too many for a device tree blob, which %s "
		      "demands", node->name, ULL(node->size), w->to->name);
		return REFUSED;
	}
	if (translate_extend(w, size, decoded_page_size(w->decoded), &at))
		return -1;
	if (kho_blob_wrap(t->bytes.data + at, size, node->size, &data))
		return error("node '%s' cannot be wrapped in a device tree blob", node->name);
	if (translate_read(w, node->name, node->addr, t->bytes.data + at + data, node->size) ||
	    translate_preserve(w, t->base + at, size))
		return -1;
	return translate_add(w, node, TRANSLATE_WRAPPED, t->base + at, size);
}

static int unwrap_node(struct work *w, const struct kho_node *node, const struct decoded_node *d)
{
	struct translation *t = w->out;
	uint64_t at;

	if (translate_extend(w, d->blob_size ? d->blob_size : 1, decoded_page_size(w->decoded),
			     &at) ||
	    translate_read(w, node->name, node->addr + d->blob_offset, t->bytes.data + at,
			   d->blob_size) ||
	    translate_preserve(w, t->base + at, d->blob_size ? d->blob_size : 1))
		return -1;
	return translate_add(w, node, TRANSLATE_UNWRAPPED, t->base + at, d->blob_size);
}

/* ---- All of it ------------------------------------------------------------------- */

static int translate_node(struct work *w, const struct kho_node *node)
{
	const struct decoded_node *d = decoded_node(w->decoded, node);
	bool sized = kho_abi_sized(w->to->formats.abi);

	if (d->kind == DECODED_METADATA && !sized)
		return translate_drop(w, node, "the other ABI does not know of it");
	if (d->kind == DECODED_LUO)
		return translate_luo(w, node, d);
	if (kho_node_within(node->name, KHO_NODE_LUO))
		return translate_below_luo(w, node);
	if (d->err == -KHO_ERR_READ)
		return error("node '%s' at 0x%llx, %llu bytes, cannot be read: the dump must "
			     "contain it", node->name, ULL(node->addr), ULL(node->size));
	if (d->kind == DECODED_BLOB && sized)
		return unwrap_node(w, node, d);
	if (d->kind == DECODED_RAW && !sized)
		return wrap_node(w, node);
	return translate_keep(w, node);
}

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct work *w = ctx;

	if (ranges_cover(&w->gone, addr, decoded_block_size(w->decoded, order)))
		return 0;
	return blocks_add(&w->blocks, addr, order);
}

/* All old blocks except those of what has been replaced. */
static int copy_blocks(struct work *w)
{
	const struct kho_map_visitor visitor = { .block = on_block, .ctx = w };
	const struct source *s = w->decoded->source;

	if (s->has_addr && ranges_add(&w->gone, s->fdt_addr & ~(decoded_page_size(w->decoded) - 1),
				      whole_pages(w->decoded, s->fdt.size)))
		return translate_no_memory();
	ranges_merge(&w->gone);
	return kho_map_each(&w->decoded->blocks.map, &visitor) ? translate_no_memory() : 0;
}

static int too_large(void *ctx, uint64_t addr, unsigned int order)
{
	const struct work *w = ctx;

	if (order <= kho_abi_max_order(w->to->formats.abi, w->decoded->source->page_shift))
		return 0;
	error("preserved memory at 0x%llx is one block of order %u, and kernels of %s reserve up "
	      "to order %u", ULL(addr), order, w->to->name,
	      kho_abi_max_order(w->to->formats.abi, w->decoded->source->page_shift));
	return REFUSED;
}

static int encode_map(struct work *w)
{
	const struct kho_map_visitor visitor = { .block = too_large, .ctx = w };
	struct translation *t = w->out;
	uint64_t at;
	int err;

	if (kho_map_each(&w->blocks.map, &visitor))
		return REFUSED;
	err = kho_map_size(&w->blocks.map, w->to->formats.abi, &t->map_size);
	if (!err && translate_extend(w, t->map_size, decoded_page_size(w->decoded), &at))
		return -1;
	if (!err)
		err = kho_map_encode(&w->blocks.map, w->to->formats.abi, t->bytes.data + at,
				     t->map_size, t->base + at, &t->map);
	t->blocks = w->blocks.map.blocks;
	return err ? error("map of preserved memory: %s", kho_strerror(err)) : 0;
}

static int write_root(struct work *w)
{
	struct translation *t = w->out;
	int err;

	w->root.abi = w->to->formats.abi;
	w->root.map = t->map;
	err = kho_root_rewrite(&w->root, w->decoded->source->fdt.data, w->decoded->source->fdt.size,
			       t->bytes.data, t->fdt_size);
	return err ? error("root FDT: %s", kho_strerror(err)) : 0;
}

/* New pages must stay clear of everything old that survives. */
static int check_place(const struct work *w)
{
	const struct translation *t = w->out;
	const struct source *s = w->decoded->source;

	if (t->bytes.size > UINT64_MAX - t->base)
		return error("--base=0x%llx: addresses end before the translation does",
			     ULL(t->base));
	if (ranges_touch(&w->decoded->preserved, t->base, t->bytes.size) ||
	    ranges_touch(&t->kept, t->base, t->bytes.size))
		return error("--base=0x%llx: what is new, %zu bytes, would overlap preserved "
			     "memory", ULL(t->base), t->bytes.size);
	if (kho_find_overlap(s->scratch, s->scratch_count, t->base, t->bytes.size))
		return error("--base=0x%llx: what is new, %zu bytes, would lie in scratch",
			     ULL(t->base), t->bytes.size);
	return 0;
}

static int run(struct work *w)
{
	struct translation *t = w->out;
	uint64_t at;
	int err;

	t->fdt_size = FDT_PAGES * decoded_page_size(w->decoded);
	if (translate_extend(w, t->fdt_size, decoded_page_size(w->decoded), &at) ||
	    translate_preserve(w, t->base, t->fdt_size))
		return -1;
	for (size_t i = 0; i < w->decoded->root.node_count; i++) {
		err = translate_node(w, &w->decoded->root.node[i]);
		if (err)
			return err;
	}
	if (copy_blocks(w))
		return -1;
	err = encode_map(w);
	if (err)
		return err;
	ranges_merge(&t->kept);
	return check_place(w) || write_root(w) ? -1 : 0;
}

uint64_t translate_default_base(const struct decoded *decoded)
{
	const struct ranges *known[] = { &decoded->source->ram, &decoded->preserved,
					 &decoded->map_pages };
	const struct source *s = decoded->source;
	uint64_t end = 0, align;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct kho_range *last = known[i]->count ?
					       &known[i]->list[known[i]->count - 1] : NULL;

		if (last && last->addr + last->size > end)
			end = last->addr + last->size;
	}
	for (size_t i = 0; i < s->scratch_count; i++)
		if (s->scratch[i].size <= UINT64_MAX - s->scratch[i].addr &&
		    s->scratch[i].addr + s->scratch[i].size > end)
			end = s->scratch[i].addr + s->scratch[i].size;
	align = LUO_ALIGN_PAGES * decoded_page_size(decoded);
	return (end + align - 1) & ~(align - 1);
}

int translate(const struct decoded *decoded, const struct translate_target *to, uint64_t base,
	      struct translation *ret)
{
	struct work *w = calloc(1, sizeof(*w));
	int err = -1;

	*ret = (struct translation){ .abi = to->formats.abi, .base = base };
	if (!base || base % decoded_page_size(decoded))
		error("--base=0x%llx: a multiple of the page size, %llu, is needed", ULL(base),
		      ULL(decoded_page_size(decoded)));
	else if (!w || blocks_init(&w->blocks, decoded->source->page_shift))
		translate_no_memory();
	else {
		w->decoded = decoded;
		w->to = to;
		w->out = ret;
		err = run(w);
	}
	if (w) {
		blocks_free(&w->blocks);
		ranges_free(&w->gone);
		free(w->luo.session);
		free(w->luo.file);
		free(w->luo.flb);
	}
	free(w);
	return err;
}

void translate_free(struct translation *t)
{
	buffer_free(&t->bytes);
	ranges_free(&t->kept);
}
