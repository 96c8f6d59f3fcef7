/* SPDX-License-Identifier: GPL-2.0-only */
/* The node LUO, its sessions and files, for another kernel. */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "message.h"
#include "translate-private.h"

#define MEMFD_PREFIX	"memfd-"

static int on_old_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct work *w = ctx;

	return ranges_add(&w->gone, addr, decoded_block_size(w->decoded, order));
}

static int on_new_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct work *w = ctx;

	return blocks_add(&w->blocks, addr, order);
}

static int on_kept_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct work *w = ctx;

	return ranges_add(&w->out->kept, addr, decoded_block_size(w->decoded, order));
}

static int on_kept_chunk(void *ctx, uint64_t addr)
{
	return on_kept_block(ctx, addr, 0);
}

/* The structs of a memfd file, and the list of its pages, without the pages. */
static int keep_memfd(struct work *w, const struct kho_luo_file *file, bool with_struct)
{
	const struct source *s = w->decoded->source;
	const struct kho_vmalloc_visitor area = { on_kept_chunk, on_kept_block, w };
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);
	unsigned char buf[KHO_MEMFD_SIZE_MAX];
	struct kho_memfd memfd;
	size_t size = kho_memfd_size(abi);
	int err = 0;

	if (abi == KHO_MEMFD_UNKNOWN)
		return 0;
	if (translate_read(w, KHO_NODE_LUO, file->data, buf, size))
		return -1;
	err = kho_memfd_read(abi, buf, size, &memfd);
	if (!err && with_struct)
		err = ranges_add(&w->out->kept, file->data, size);
	if (!err)
		err = kho_vmalloc_walk(s->page_shift, &s->mem, &memfd.folios, s->max_pages, &area);
	return err ? error("node LUO: file with token %llu: %s", ULL(file->token),
			   kho_strerror(err)) : 0;
}

static int walk_old_luo(struct work *w, const struct kho_node *node,
			int (*block)(void *ctx, uint64_t addr, unsigned int order))
{
	const struct kho_luo_visitor visitor = { .block = block, .ctx = w };
	struct kho_luo_info info;
	int err = kho_luo_walk(w->decoded->source->page_shift, &w->decoded->source->mem, node,
			       &visitor, &info);

	return err ? error("node LUO: %s", kho_strerror(err)) : 0;
}

/* All of the state, from which a node of any ABI can be written. */
static int read_luo(struct work *w, const struct kho_node *node)
{
	const struct kho_luo_info *info = &w->decoded->luo;
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
	err = kho_luo_read(w->decoded->source->page_shift, &w->decoded->source->mem, node, state);
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
	      w->to->name, w->to->formats.memfd[0] ? w->to->formats.memfd : "no memfds");
	return REFUSED;
}

/* Is FILE a memfd of another version than TO's kernel reads? */
static bool other_memfd(const struct work *w, const struct kho_luo_file *file)
{
	return !strncmp(file->compatible, MEMFD_PREFIX, strlen(MEMFD_PREFIX)) &&
	       strcmp(file->compatible, w->to->formats.memfd) != 0;
}

/* What translate_extend() made, in the form that libkho needs. */
static struct kho_luo_output luo_output(const struct translation *t, uint64_t at, uint64_t size)
{
	return (struct kho_luo_output){ .struct_size = sizeof(struct kho_luo_output), .room = size,
					.buf = t->bytes.data + at, .base = t->base + at };
}

/* Old memfd structs are replaced by new ones, in pages of their own. */
static int convert_files(struct work *w)
{
	const struct kho_mem *mem = &w->decoded->source->mem;
	struct translation *t = w->out;
	struct kho_luo_culprit culprit = { NULL, NULL, NULL };
	enum kho_memfd_abi to = kho_memfd_abi_from_name(w->to->formats.memfd);
	struct kho_luo_output out;
	const unsigned int page_shift = w->decoded->source->page_shift;
	const uint64_t page_size = decoded_page_size(w->decoded);
	uint64_t size, at;
	int err;

	for (size_t i = 0; i < w->luo.file_count; i++) {
		if (!other_memfd(w, &w->luo.file[i]))
			continue;
		if (to == KHO_MEMFD_UNKNOWN)
			return refuse_memfd(w, &w->luo.file[i]);
		if (on_old_block(w, w->luo.file[i].data & ~(page_size - 1), 0))
			return translate_no_memory();
	}
	/* None of its files is a memfd; files of other kinds are refused below. */
	if (to == KHO_MEMFD_UNKNOWN)
		to = KHO_MEMFD_V2;
	err = kho_luo_convert_size(page_shift, &w->luo, to, &size);
	if (err)
		return error("node LUO: %s", kho_strerror(err));
	if (translate_extend(w, size, page_size, &at))
		return -1;
	out = luo_output(t, at, size);
	err = kho_luo_convert(page_shift, mem, &w->luo, to, &out, &culprit);
	if (err)
		return refuse_luo(w, &culprit, err);
	for (uint64_t page = 0; page < size; page += page_size)
		if (blocks_add(&w->blocks, t->base + at + page, 0))
			return translate_no_memory();
	return 0;
}

static int encode_luo(struct work *w, const struct kho_node *node)
{
	const enum kho_luo_abi abi = kho_luo_abi_from_name(w->to->formats.luo);
	const struct kho_luo_visitor visitor = { .block = on_new_block, .ctx = w };
	struct translation *t = w->out;
	struct kho_luo_culprit none = { NULL, NULL, NULL };
	struct kho_luo_output out;
	const unsigned int page_shift = w->decoded->source->page_shift;
	struct kho_node made;
	uint64_t size, at;
	int err = kho_luo_size(abi, page_shift, &w->luo, &size);

	if (err == -KHO_ERR_LIMIT)
		return refuse_luo(w, &none, err);
	if (err)
		return error("node LUO: %s", kho_strerror(err));
	if (translate_extend(w, size, LUO_ALIGN_PAGES * decoded_page_size(w->decoded), &at))
		return -1;
	out = luo_output(t, at, size);
	err = kho_luo_encode(abi, page_shift, &w->luo, &out, &visitor, &made);
	if (err)
		return error("node LUO: %s", kho_strerror(err));
	return translate_add(w, node, TRANSLATE_CONVERTED, made.addr, made.size);
}

/* Lists of folios stay in place; so do the structs that are not written again. */
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
	return err ? err : translate_keep(w, node);
}

/*
 * Kernels panic on a node that differs in any of these strings, or lacks a part. The
 * node does not tell memfd versions, but its files do.
 */
static bool luo_fits(const struct work *w)
{
	struct kho_formats from = { .abi = w->decoded->root.abi };
	struct kho_formats to = w->to->formats;

	kho_formats_add_luo(&from, &w->decoded->luo);
	strcpy(from.memfd, to.memfd);
	for (size_t i = 0; i < w->luo.file_count; i++)
		if (other_memfd(w, &w->luo.file[i]))
			return false;
	return kho_compat_node(&from, &to, KHO_NODE_LUO, true).fate == KHO_FATE_NATIVE;
}

/* Is it in the versions that libkho writes? Each part of the node has a version of its own. */
static bool luo_writable(const struct kho_formats *to)
{
	const struct kho_luo_info info = { .abi = kho_luo_abi_from_name(to->luo), .flbs = true };
	struct kho_formats written = { .abi = to->abi };

	if (info.abi == KHO_LUO_UNKNOWN)
		return false;
	kho_formats_add_luo(&written, &info);
	return !strcmp(to->luo_session, written.luo_session) &&
	       (!to->luo_flb[0] || !strcmp(to->luo_flb, written.luo_flb));
}

/* The version that differs. */
static const char *unknown_luo(const struct kho_formats *to)
{
	if (kho_luo_abi_from_name(to->luo) == KHO_LUO_UNKNOWN)
		return to->luo;
	return to->luo_flb[0] ? to->luo_flb : to->luo_session[0] ? to->luo_session : to->luo;
}

/* For a kernel that takes no state this program can write: allowed while the state is empty. */
static int leave_luo(struct work *w, const struct kho_node *node)
{
	const struct kho_luo_state *luo = &w->luo;
	const char *what = luo->session_count ? luo->session[0].name :
			   luo->flb_count ? luo->flb[0].name : NULL;
	const struct kho_formats *to = &w->to->formats;

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
	return translate_drop(w, node, to->luo[0] ?
			 "no session is open, and the other kernel reads a version that is not "
			 "known" :
			 "no session is open, and the other kernel has no live update");
}

int translate_luo(struct work *w, const struct kho_node *node, const struct decoded_node *d)
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
	return luo_writable(&w->to->formats) ? convert_luo(w, node) : leave_luo(w, node);
}

/* What becomes of LUO itself, which comes before the nodes below it; NULL: there is no LUO. */
static const struct translated_node *luo_outcome(const struct translation *t)
{
	for (size_t i = 0; i < t->node_count; i++)
		if (!strcmp(t->node[i].name, KHO_NODE_LUO))
			return &t->node[i];
	return NULL;
}

int translate_below_luo(struct work *w, const struct kho_node *node)
{
	const struct translated_node *luo = luo_outcome(w->out);

	if (luo && luo->fate == TRANSLATE_KEPT)
		return translate_keep(w, node);
	if (luo && luo->fate == TRANSLATE_DROPPED)
		return translate_drop(w, node, luo->why);
	error("node '%s' has live update state in a form that is not known, so it cannot be translated",
	      node->name);
	return REFUSED;
}
