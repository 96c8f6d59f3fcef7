/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "message.h"
#include "translate.h"

#define FDT_SIZE	(4 * PAGE_SIZE)	/* of the new root FDT: 64 nodes fit */
#define LUO_ALIGN	(16 * PAGE_SIZE) /* of the block of sessions in luo-v1 */
#define MEMFD_PREFIX	"memfd-"
#define REFUSED		1

struct work {
	const struct doc *doc;
	const struct translate_target *to;
	struct translation *out;
	struct kho_root root;		/* the new one */
	struct blocks blocks;		/* the new map */
	struct ranges gone;		/* whole blocks that are not in it any more */
	struct kho_luo_state luo;	/* of the old node; arrays malloc'ed */
};

struct translate_target translate_target_of(enum kho_abi abi)
{
	struct translate_target to = { .reader = { .abi = abi, .reserve_mem = true },
				       .name = kho_abi_label(abi) };
	/* With kho-v1 6.19 is meant, which has no FLBs; with kho-v3 7.1. */
	const struct kho_luo_info info = {
		.abi = abi == KHO_ABI_V4 ? KHO_LUO_V5 : KHO_LUO_V1,
		.flbs = kho_abi_radix(abi),
	};

	kho_reader_add_luo(&to.reader, &info);
	return to;
}

/* ---- What is new ---------------------------------------------------------------- */

/*
 * SIZE more zeroed bytes at the end, aligned to ALIGN, in whole pages. *RET gets
 * their offset. 0, or -1 after a message.
 */
static int extend(struct translation *t, uint64_t size, uint64_t align, uint64_t *ret)
{
	uint64_t start = ((t->base + t->bytes.size + align - 1) & ~(align - 1)) - t->base;
	uint64_t end = (start + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
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

static int no_memory(void)
{
	return error("no memory for the translated map");
}

/* Mark what is new as preserved, cut as kernels cut it. */
static int preserve(struct work *w, uint64_t addr, uint64_t size)
{
	const struct kho_range range = { addr, (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1) };
	struct kho_block block[128];	/* 2^52 bytes are fewer pieces */
	size_t count;

	if (kho_split_range(PAGE_SHIFT, &range, block, sizeof(block) / sizeof(block[0]), &count))
		return error("0x%llx bytes at 0x%llx cannot be preserved", ULL(size), ULL(addr));
	for (size_t i = 0; i < count; i++)
		if (blocks_add(&w->blocks, block[i].addr, block[i].order))
			return no_memory();
	return 0;
}

/* ---- Nodes ------------------------------------------------------------------------ */

static int add_node(struct work *w, const struct kho_node *node, enum translate_fate fate,
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

static int drop_node(struct work *w, const struct kho_node *node, const char *why)
{
	struct translated_node *t = &w->out->node[w->out->node_count++];

	memcpy(t->name, node->name, sizeof(t->name));
	t->fate = TRANSLATE_DROPPED;
	t->why = why;
	return 0;
}

static int keep_node(struct work *w, const struct kho_node *node)
{
	if (ranges_add(&w->out->kept, node->addr, node->size))
		return no_memory();
	return add_node(w, node, TRANSLATE_KEPT, node->addr, node->size);
}

static int read_memory(const struct work *w, const char *name, uint64_t addr, void *buf,
		       size_t size)
{
	const struct kho_mem *mem = &w->doc->source->mem;

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
		error("node '%s' has %llu bytes: no device tree blob, which %s demands, holds so "
		      "much", node->name, ULL(node->size), w->to->name);
		return REFUSED;
	}
	if (extend(t, size, PAGE_SIZE, &at))
		return -1;
	if (kho_blob_wrap(t->bytes.data + at, size, node->size, &data))
		return error("node '%s' cannot be wrapped in a device tree blob", node->name);
	if (read_memory(w, node->name, node->addr, t->bytes.data + at + data, node->size) ||
	    preserve(w, t->base + at, size))
		return -1;
	return add_node(w, node, TRANSLATE_WRAPPED, t->base + at, size);
}

static int unwrap_node(struct work *w, const struct kho_node *node, const struct doc_node *d)
{
	struct translation *t = w->out;
	uint64_t at;

	if (extend(t, d->blob_size ? d->blob_size : 1, PAGE_SIZE, &at) ||
	    read_memory(w, node->name, node->addr + d->blob_offset, t->bytes.data + at,
			d->blob_size) ||
	    preserve(w, t->base + at, d->blob_size ? d->blob_size : 1))
		return -1;
	return add_node(w, node, TRANSLATE_UNWRAPPED, t->base + at, d->blob_size);
}

/* ---- LUO ------------------------------------------------------------------------- */

static int on_old_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct work *w = ctx;

	return ranges_add(&w->gone, addr, PAGE_SIZE << order);
}

static int on_new_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct work *w = ctx;

	return blocks_add(&w->blocks, addr, order);
}

static int on_kept_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct work *w = ctx;

	return ranges_add(&w->out->kept, addr, PAGE_SIZE << order);
}

static int on_kept_chunk(void *ctx, uint64_t addr)
{
	return on_kept_block(ctx, addr, 0);
}

/* What describes a memfd file, and the list of its pages; not the pages. */
static int keep_memfd(struct work *w, const struct kho_luo_file *file, bool with_struct)
{
	const struct source *s = w->doc->source;
	const struct kho_vmalloc_visitor area = { on_kept_chunk, on_kept_block, w };
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);
	unsigned char buf[KHO_MEMFD_SIZE_MAX];
	struct kho_memfd memfd;
	size_t size = kho_memfd_size(abi);
	int err = 0;

	if (abi == KHO_MEMFD_UNKNOWN)
		return 0;
	if (read_memory(w, KHO_NODE_LUO, file->data, buf, size))
		return -1;
	err = kho_memfd_read(abi, buf, size, &memfd);
	if (!err && with_struct)
		err = ranges_add(&w->out->kept, file->data, size);
	if (!err)
		err = kho_vmalloc_walk(PAGE_SHIFT, &s->mem, &memfd.folios, s->max_pages, &area);
	return err ? error("node LUO: file with token %llu: %s", ULL(file->token),
			   kho_strerror(err)) : 0;
}

static int walk_old_luo(struct work *w, const struct kho_node *node,
			int (*block)(void *ctx, uint64_t addr, unsigned int order))
{
	const struct kho_luo_visitor visitor = { .block = block, .ctx = w };
	struct kho_luo_info info;
	int err = kho_luo_walk(PAGE_SHIFT, &w->doc->source->mem, node, &visitor, &info);

	return err ? error("node LUO: %s", kho_strerror(err)) : 0;
}

/* All of the state, from which a node of any ABI can be written. */
static int read_luo(struct work *w, const struct kho_node *node)
{
	const struct kho_luo_info *info = &w->doc->luo;
	struct kho_luo_state *state = &w->luo;
	int err;

	state->session_count = info->session_count;
	state->file_count = info->file_count;
	state->flb_count = info->flb_count;
	state->session = calloc(state->session_count + 1, sizeof(*state->session));
	state->file = calloc(state->file_count + 1, sizeof(*state->file));
	state->flb = calloc(state->flb_count + 1, sizeof(*state->flb));
	if (!state->session || !state->file || !state->flb)
		return error("no memory for the live update state");
	err = kho_luo_read(PAGE_SHIFT, &w->doc->source->mem, node, state);
	return err ? error("node LUO: %s", kho_strerror(err)) : 0;
}

/* The session that FILE belongs to. */
static const char *session_of(const struct kho_luo_state *state, const struct kho_luo_file *file)
{
	size_t index = file ? (size_t)(file - state->file) : 0, first = 0;

	for (size_t i = 0; file && i < state->session_count; i++) {
		if (index - first < state->session[i].file_count)
			return state->session[i].name;
		first += state->session[i].file_count;
	}
	return "?";
}

static int refuse_luo(const struct work *w, const struct kho_luo_culprit *c, int err)
{
	if (c->file)
		error("live update session '%s': the file with token %llu ('%s') cannot be "
		      "converted for %s: %s", session_of(&w->luo, c->file), ULL(c->file->token),
		      c->file->compatible, w->to->name, kho_strerror(err));
	else if (c->flb)
		error("live update state '%s' cannot be converted for %s: %s", c->flb->name,
		      w->to->name, kho_strerror(err));
	else
		error("live update sessions cannot be converted for %s: %s", w->to->name,
		      kho_strerror(err));
	return REFUSED;
}

static int refuse_memfd(const struct work *w, const struct kho_luo_file *file)
{
	error("live update session '%s': the file with token %llu ('%s') cannot be converted for "
	      "%s, which reads '%s'", session_of(&w->luo, file), ULL(file->token), file->compatible,
	      w->to->name, w->to->reader.memfd[0] ? w->to->reader.memfd : "no memfds");
	return REFUSED;
}

/* Whether FILE is a memfd in another version than is read. */
static bool other_memfd(const struct work *w, const struct kho_luo_file *file)
{
	return !strncmp(file->compatible, MEMFD_PREFIX, strlen(MEMFD_PREFIX)) &&
	       strcmp(file->compatible, w->to->reader.memfd) != 0;
}

/* What extend() made, for libkho. */
static struct kho_luo_output luo_output(const struct translation *t, uint64_t at, uint64_t size)
{
	return (struct kho_luo_output){ .size = sizeof(struct kho_luo_output), .room = size,
					.buf = t->bytes.data + at, .base = t->base + at };
}

/* Old memfd structs are replaced by new ones, in pages of their own. */
static int convert_files(struct work *w)
{
	const struct kho_mem *mem = &w->doc->source->mem;
	struct translation *t = w->out;
	struct kho_luo_culprit culprit = { NULL, NULL, NULL };
	enum kho_memfd_abi to = kho_memfd_abi_from_name(w->to->reader.memfd);
	struct kho_luo_output out;
	uint64_t size, at;
	int err;

	for (size_t i = 0; i < w->luo.file_count; i++) {
		if (!other_memfd(w, &w->luo.file[i]))
			continue;
		if (to == KHO_MEMFD_UNKNOWN)
			return refuse_memfd(w, &w->luo.file[i]);
		if (on_old_block(w, w->luo.file[i].data & ~(PAGE_SIZE - 1), 0))
			return no_memory();
	}
	/* None of its files is a memfd; what else they are is refused below. */
	if (to == KHO_MEMFD_UNKNOWN)
		to = KHO_MEMFD_V2;
	err = kho_luo_convert_size(PAGE_SHIFT, &w->luo, to, &size);
	if (err)
		return error("node LUO: %s", kho_strerror(err));
	if (extend(t, size, PAGE_SIZE, &at))
		return -1;
	out = luo_output(t, at, size);
	err = kho_luo_convert(PAGE_SHIFT, mem, &w->luo, to, &out, &culprit);
	if (err)
		return refuse_luo(w, &culprit, err);
	for (uint64_t page = 0; page < size; page += PAGE_SIZE)
		if (blocks_add(&w->blocks, t->base + at + page, 0))
			return no_memory();
	return 0;
}

static int encode_luo(struct work *w, const struct kho_node *node)
{
	const enum kho_luo_abi abi = kho_luo_abi_from_name(w->to->reader.luo);
	const struct kho_luo_visitor visitor = { .block = on_new_block, .ctx = w };
	struct translation *t = w->out;
	struct kho_luo_culprit none = { NULL, NULL, NULL };
	struct kho_luo_output out;
	struct kho_node made;
	uint64_t size, at;
	int err = kho_luo_size(abi, PAGE_SHIFT, &w->luo, &size);

	if (err == -KHO_ERR_LIMIT)
		return refuse_luo(w, &none, err);
	if (err)
		return error("node LUO: %s", kho_strerror(err));
	if (extend(t, size, LUO_ALIGN, &at))
		return -1;
	out = luo_output(t, at, size);
	err = kho_luo_encode(abi, PAGE_SHIFT, &w->luo, &out, &visitor, &made);
	if (err)
		return error("node LUO: %s", kho_strerror(err));
	return add_node(w, node, TRANSLATE_CONVERTED, made.addr, made.size);
}

/* Lists of folios stay where they are; of the structs, those that are not written anew. */
static int convert_luo(struct work *w, const struct kho_node *node)
{
	int err = walk_old_luo(w, node, on_old_block);

	for (size_t i = 0; !err && i < w->luo.file_count; i++)
		err = keep_memfd(w, &w->luo.file[i], false);
	if (!err)
		err = convert_files(w);
	if (!err)
		err = encode_luo(w, node);
	for (size_t i = 0; !err && i < w->luo.file_count; i++)
		if (w->luo.file[i].data - w->out->base >= w->out->bytes.size)
			err = keep_memfd(w, &w->luo.file[i], true);
	return err;
}

static int keep_luo(struct work *w, const struct kho_node *node)
{
	int err = walk_old_luo(w, node, on_kept_block);

	for (size_t i = 0; !err && i < w->luo.file_count; i++)
		err = keep_memfd(w, &w->luo.file[i], true);
	return err ? err : keep_node(w, node);
}

/*
 * Kernels panic on a node that differs in any of these strings, or lacks a part. The
 * node does not tell memfd versions, but its files do.
 */
static bool luo_fits(const struct work *w)
{
	struct kho_reader from = { .abi = w->doc->root.abi };
	struct kho_reader to = w->to->reader;

	kho_reader_add_luo(&from, &w->doc->luo);
	strcpy(from.memfd, to.memfd);
	for (size_t i = 0; i < w->luo.file_count; i++)
		if (other_memfd(w, &w->luo.file[i]))
			return false;
	return kho_judge_node(&from, &to, KHO_NODE_LUO, true).fate == KHO_FATE_NATIVE;
}

/* Whether it is what libkho writes: each part of the node has a version of its own. */
static bool luo_writable(const struct kho_reader *to)
{
	const struct kho_luo_info info = { .abi = kho_luo_abi_from_name(to->luo), .flbs = true };
	struct kho_reader written = { .abi = to->abi };

	if (info.abi == KHO_LUO_UNKNOWN)
		return false;
	kho_reader_add_luo(&written, &info);
	return !strcmp(to->luo_session, written.luo_session) &&
	       (!to->luo_flb[0] || !strcmp(to->luo_flb, written.luo_flb));
}

/* The version that makes it so. */
static const char *unknown_luo(const struct kho_reader *to)
{
	if (kho_luo_abi_from_name(to->luo) == KHO_LUO_UNKNOWN)
		return to->luo;
	return to->luo_flb[0] ? to->luo_flb : to->luo_session[0] ? to->luo_session : to->luo;
}

/* For a kernel that takes no state this program can write: fine while there is none. */
static int leave_luo(struct work *w, const struct kho_node *node)
{
	const struct kho_luo_state *luo = &w->luo;
	const char *what = luo->session_count ? luo->session[0].name :
			   luo->flb_count ? luo->flb[0].name : NULL;
	const struct kho_reader *to = &w->to->reader;

	if (what && !to->luo[0]) {
		error("live update session '%s' cannot cross: %s has no live update", what,
		      w->to->name);
		return REFUSED;
	}
	if (what) {
		error("live update session '%s' cannot cross: %s reads '%s', which this program "
		      "cannot write", what, w->to->name, unknown_luo(to));
		return REFUSED;
	}
	if (walk_old_luo(w, node, on_old_block))
		return -1;
	return drop_node(w, node, to->luo[0] ?
			 "no session is open, and the other kernel reads a version that is not "
			 "known" :
			 "no session is open, and the other kernel has no live update");
}

static int translate_luo(struct work *w, const struct kho_node *node, const struct doc_node *d)
{
	int err;

	if (d->err) {
		error("node LUO cannot be read (%s), so it cannot be translated",
		      kho_strerror(d->err));
		return REFUSED;
	}
	err = read_luo(w, node);
	if (err)
		return err;
	if (luo_fits(w))
		return keep_luo(w, node);
	return luo_writable(&w->to->reader) ? convert_luo(w, node) : leave_luo(w, node);
}

/* What becomes of LUO itself, which comes before what is below it; NULL: it is not there. */
static const struct translated_node *luo_outcome(const struct translation *t)
{
	for (size_t i = 0; i < t->node_count; i++)
		if (!strcmp(t->node[i].name, KHO_NODE_LUO))
			return &t->node[i];
	return NULL;
}

/* The same state in a form that is not known goes on with LUO, or is left out with it. */
static int translate_below_luo(struct work *w, const struct kho_node *node)
{
	const struct translated_node *luo = luo_outcome(w->out);

	if (luo && luo->fate == TRANSLATE_KEPT)
		return keep_node(w, node);
	if (luo && luo->fate == TRANSLATE_DROPPED)
		return drop_node(w, node, luo->why);
	error("node '%s' has live update state in a form that is not known, so it cannot be translated",
	      node->name);
	return REFUSED;
}

/* ---- All of it ------------------------------------------------------------------- */

static int translate_node(struct work *w, const struct kho_node *node)
{
	const struct doc_node *d = doc_node(w->doc, node);
	bool sized = kho_abi_sized(w->to->reader.abi);

	if (d->kind == DOC_METADATA && !sized)
		return drop_node(w, node, "the other ABI does not know of it");
	if (d->kind == DOC_LUO)
		return translate_luo(w, node, d);
	if (kho_node_within(node->name, KHO_NODE_LUO))
		return translate_below_luo(w, node);
	if (d->err == -KHO_ERR_READ)
		return error("node '%s' at 0x%llx, %llu bytes, cannot be read: the dump must hold "
			     "it", node->name, ULL(node->addr), ULL(node->size));
	if (d->kind == DOC_BLOB && sized)
		return unwrap_node(w, node, d);
	if (d->kind == DOC_RAW && !sized)
		return wrap_node(w, node);
	return keep_node(w, node);
}

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct work *w = ctx;

	if (ranges_cover(&w->gone, addr, PAGE_SIZE << order))
		return 0;
	return blocks_add(&w->blocks, addr, order);
}

/* All old blocks but those of what has been replaced. */
static int copy_blocks(struct work *w)
{
	const struct kho_map_visitor visitor = { .block = on_block, .ctx = w };
	const struct source *s = w->doc->source;

	if (s->has_addr && ranges_add(&w->gone, s->fdt_addr & ~(PAGE_SIZE - 1),
				      (s->fdt.size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)))
		return no_memory();
	ranges_merge(&w->gone);
	return kho_map_each(&w->doc->blocks.map, &visitor) ? no_memory() : 0;
}

static int too_large(void *ctx, uint64_t addr, unsigned int order)
{
	const struct work *w = ctx;

	if (order <= kho_abi_max_order(w->to->reader.abi, PAGE_SHIFT))
		return 0;
	error("preserved memory at 0x%llx is one block of order %u, and kernels of %s reserve up "
	      "to order %u", ULL(addr), order, w->to->name,
	      kho_abi_max_order(w->to->reader.abi, PAGE_SHIFT));
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
	err = kho_map_size(&w->blocks.map, w->to->reader.abi, &t->map_size);
	if (!err && extend(t, t->map_size, PAGE_SIZE, &at))
		return -1;
	if (!err)
		err = kho_map_encode(&w->blocks.map, w->to->reader.abi, t->bytes.data + at,
				     t->map_size, t->base + at, &t->map);
	t->blocks = w->blocks.map.blocks;
	return err ? error("map of preserved memory: %s", kho_strerror(err)) : 0;
}

static int write_root(struct work *w)
{
	struct translation *t = w->out;
	int err;

	w->root.abi = w->to->reader.abi;
	w->root.map = t->map;
	err = kho_root_rewrite(&w->root, w->doc->source->fdt.data, w->doc->source->fdt.size,
			       t->bytes.data, t->fdt_size);
	return err ? error("root FDT: %s", kho_strerror(err)) : 0;
}

/* What is new must not be where something old is to survive. */
static int check_place(const struct work *w)
{
	const struct translation *t = w->out;
	const struct source *s = w->doc->source;

	if (t->bytes.size > UINT64_MAX - t->base)
		return error("--base=0x%llx: addresses end before the translation does",
			     ULL(t->base));
	if (ranges_touch(&w->doc->preserved, t->base, t->bytes.size) ||
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

	t->fdt_size = FDT_SIZE;
	if (extend(t, FDT_SIZE, PAGE_SIZE, &at) || preserve(w, t->base, FDT_SIZE))
		return -1;
	for (size_t i = 0; i < w->doc->root.node_count; i++) {
		err = translate_node(w, &w->doc->root.node[i]);
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

uint64_t translate_default_base(const struct doc *doc)
{
	const struct ranges *known[] = { &doc->source->ram, &doc->preserved, &doc->map_pages };
	const struct source *s = doc->source;
	uint64_t end = 0;

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
	return (end + LUO_ALIGN - 1) & ~(LUO_ALIGN - 1);
}

int translate(const struct doc *doc, const struct translate_target *to, uint64_t base,
	      struct translation *ret)
{
	struct work *w = calloc(1, sizeof(*w));
	int err = -1;

	*ret = (struct translation){ .abi = to->reader.abi, .base = base };
	if (!base || base % PAGE_SIZE)
		error("--base=0x%llx: a multiple of the page size, 4096, is needed", ULL(base));
	else if (!w || blocks_init(&w->blocks, PAGE_SHIFT))
		no_memory();
	else {
		w->doc = doc;
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
