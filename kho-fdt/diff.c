/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "diff.h"
#include "grow.h"

#define PIECE	(64u << 10)		/* compared at a time */

/* ---- Blocks ------------------------------------------------------------------ */

struct block_diff {
	const struct decoded *decoded;
	const struct kho_map *other;
	struct ranges own;
	struct diff_blocks *found;
};

static int add_block(struct diff_blocks *d, uint64_t addr, uint64_t size, unsigned int order)
{
	struct diff_range *last = d->count ? &d->list[d->count - 1] : NULL, *list;

	d->blocks++;
	if (last && last->order == order && last->addr + last->size == addr) {
		last->size += size;
		return 0;
	}
	list = grow(d->list, &d->room, d->count + 1, SIZE_MAX, sizeof(*list));
	if (!list)
		return -KHO_ERR_NOSPACE;
	d->list = list;
	d->list[d->count++] = (struct diff_range){ addr, size, order };
	return 0;
}

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct block_diff *d = ctx;
	uint64_t size = decoded_block_size(d->decoded, order);

	if (kho_map_has(d->other, addr, order))
		return 0;
	if (ranges_cover(&d->own, addr, size)) {
		d->found->own_blocks++;
		return 0;
	}
	return add_block(d->found, addr, size, order);
}

static int diff_blocks(const struct decoded *decoded, const struct decoded *other,
		       struct diff_blocks *ret)
{
	struct block_diff d = { .decoded = decoded, .other = &other->blocks.map, .found = ret };
	const struct kho_map_visitor visitor = { .block = on_block, .ctx = &d };
	int err = decoded_own_pages(decoded, &d.own);

	if (!err)
		err = kho_map_each(&decoded->blocks.map, &visitor);
	ranges_free(&d.own);
	return err;
}

/* ---- Nodes ------------------------------------------------------------------- */

/* A node's data, without the FDT that a blob is wrapped in. */
struct payload {
	const struct decoded *decoded;
	uint64_t addr, size;
};

static struct payload payload_of(const struct decoded *decoded, const struct kho_node *node)
{
	const struct decoded_node *d = decoded_node(decoded, node);

	if (d->kind == DECODED_BLOB)
		return (struct payload){ decoded, node->addr + d->blob_offset, d->blob_size };
	return (struct payload){ decoded, node->addr, node->size };
}

static int read_piece(const struct payload *p, uint64_t offset, void *buf, size_t size)
{
	const struct kho_mem *mem = &p->decoded->source->mem;

	return mem->read(mem->ctx, p->addr + offset, buf, size);
}

static enum diff_fate compare_bytes(const struct payload *a, const struct payload *b)
{
	unsigned char *buf;
	enum diff_fate fate = DIFF_SAME;

	if (a->size != b->size)
		return DIFF_CHANGED;
	buf = malloc(2 * PIECE);
	if (!buf)
		return DIFF_UNREADABLE;
	for (uint64_t at = 0; fate == DIFF_SAME && at < a->size; at += PIECE) {
		size_t n = a->size - at < PIECE ? (size_t)(a->size - at) : PIECE;

		if (read_piece(a, at, buf, n) || read_piece(b, at, buf + PIECE, n))
			fate = DIFF_UNREADABLE;
		else if (memcmp(buf, buf + PIECE, n))
			fate = DIFF_CHANGED;
	}
	free(buf);
	return fate;
}

static bool has_region(const struct decoded *decoded, const struct kho_region *r)
{
	for (size_t i = 0; i < decoded->region_count; i++)
		if (!strcmp(decoded->region[i].name, r->name))
			return decoded->region[i].addr == r->addr &&
				decoded->region[i].size == r->size;
	return false;
}

static enum diff_fate compare_regions(const struct decoded *a, const struct decoded *b)
{
	bool same = a->region_count == b->region_count;

	for (size_t i = 0; same && i < a->region_count; i++)
		same = has_region(b, &a->region[i]);
	return same ? DIFF_SAME : DIFF_CHANGED;
}

static enum diff_fate compare_metadata(const struct decoded *a, const struct decoded *b)
{
	return !strcmp(a->metadata.previous_release, b->metadata.previous_release) &&
	       a->metadata.kexec_count == b->metadata.kexec_count ? DIFF_SAME : DIFF_CHANGED;
}

/*
 * Live update state as a stream of bytes that means the same in every ABI: without everything
 * that a translation may change.
 */
struct luo_stream {
	const struct decoded *decoded;
	unsigned char *bytes;
	size_t size, room;
};

static int stream(struct luo_stream *s, const void *bytes, size_t size)
{
	unsigned char *more = grow(s->bytes, &s->room, s->size + size, SIZE_MAX, 1);

	if (!more)
		return -KHO_ERR_NOSPACE;
	s->bytes = more;
	memcpy(s->bytes + s->size, bytes, size);
	s->size += size;
	return 0;
}

/* A letter for the type, and a name with its NUL. */
static int stream_name(struct luo_stream *s, char kind, const char *name)
{
	int err = stream(s, &kind, 1);

	return err ? err : stream(s, name, strlen(name) + 1);
}

static int on_session(void *ctx, const struct kho_luo_session *session)
{
	return stream_name(ctx, 'S', session->name);
}

/* The part of a memfd that both v1 and v2 have; seals and flags are in v2 alone. */
static int stream_memfd(struct luo_stream *s, enum kho_memfd_abi abi, uint64_t addr)
{
	const struct kho_mem *mem = &s->decoded->source->mem;
	unsigned char buf[KHO_MEMFD_SIZE_MAX];
	struct kho_memfd m;
	uint64_t said[5];
	int err;

	if (mem->read(mem->ctx, addr, buf, kho_memfd_size(abi)))
		return -KHO_ERR_READ;
	err = kho_memfd_read(abi, buf, kho_memfd_size(abi), &m);
	if (err)
		return err;
	said[0] = m.pos;
	said[1] = m.size;
	said[2] = m.nr_folios;
	said[3] = m.folios.first;
	said[4] = m.folios.total_pages;
	return stream(s, said, sizeof(said));
}

static int on_file(void *ctx, const struct kho_luo_file *file)
{
	enum kho_memfd_abi memfd = kho_memfd_abi_from_name(file->compatible);
	int err = stream_name(ctx, 'F', memfd == KHO_MEMFD_UNKNOWN ? file->compatible : "memfd");

	if (!err)
		err = stream(ctx, &file->token, sizeof(file->token));
	if (err)
		return err;
	if (memfd == KHO_MEMFD_UNKNOWN)
		return stream(ctx, &file->data, sizeof(file->data));
	return stream_memfd(ctx, memfd, file->data);
}

static int on_flb(void *ctx, const struct kho_luo_flb *flb)
{
	int err = stream_name(ctx, 'B', flb->name);

	if (!err)
		err = stream(ctx, &flb->data, sizeof(flb->data));
	return err ? err : stream(ctx, &flb->count, sizeof(flb->count));
}

static int stream_luo(const struct decoded *decoded, const struct kho_node *node,
		      struct luo_stream *s)
{
	const struct kho_luo_visitor visitor = { on_session, on_file, on_flb, NULL, s };
	struct kho_luo_info info;
	int err;

	*s = (struct luo_stream){ .decoded = decoded };
	err = kho_luo_walk(decoded->source->page_shift, &decoded->source->mem, node, &visitor,
			   &info);
	return err ? err : stream(s, &info.number, sizeof(info.number));
}

static enum diff_fate compare_luo(const struct decoded *a, const struct kho_node *na,
				  const struct decoded *b, const struct kho_node *nb)
{
	struct luo_stream sa, sb = { 0 };
	enum diff_fate fate = DIFF_UNREADABLE;

	if (!stream_luo(a, na, &sa) && !stream_luo(b, nb, &sb))
		fate = sa.size == sb.size && !memcmp(sa.bytes, sb.bytes, sa.size) ? DIFF_SAME :
										  DIFF_CHANGED;
	free(sa.bytes);
	free(sb.bytes);
	return fate;
}

/* Does PROP give the place of the data? That differs, and is compared separately. */
static bool is_place(const char *prop)
{
	return !strcmp(prop, "fdt") || !strcmp(prop, "preserved-data") || !strcmp(prop, "blob-size");
}

/* Does B's node have all properties of A's, except those? */
static bool has_properties(const struct decoded *a, const struct kho_node *na,
			   const struct decoded *b, const struct kho_node *nb)
{
	const void *fdt = a->source->fdt.data, *value, *other;
	int prop, len, other_len, node = decoded_node_offset(b, nb);
	const char *name;

	fdt_for_each_property_offset(prop, fdt, decoded_node_offset(a, na)) {
		value = fdt_getprop_by_offset(fdt, prop, &name, &len);
		if (!value || is_place(name))
			continue;
		other = fdt_getprop(b->source->fdt.data, node, name, &other_len);
		if (!other || other_len != len || memcmp(other, value, (size_t)len))
			return false;
	}
	return true;
}

static bool same_properties(const struct decoded *a, const struct kho_node *na,
			    const struct decoded *b, const struct kho_node *nb)
{
	return (!na->more && !nb->more) ||
	       (has_properties(a, na, b, nb) && has_properties(b, nb, a, na));
}

static enum diff_fate compare_nodes(const struct decoded *a, const struct kho_node *na,
				    const struct decoded *b, const struct kho_node *nb)
{
	const struct decoded_node *da = decoded_node(a, na), *db = decoded_node(b, nb);
	const struct payload pa = payload_of(a, na), pb = payload_of(b, nb);

	if (da->err == -KHO_ERR_READ || db->err == -KHO_ERR_READ)
		return DIFF_UNREADABLE;
	if (da->err || db->err)
		return compare_bytes(&pa, &pb);
	switch (da->kind) {
	case DECODED_MEMBLOCK:	return compare_regions(a, b);
	case DECODED_METADATA:	return compare_metadata(a, b);
	case DECODED_LUO:		return compare_luo(a, na, b, nb);
	default:		return compare_bytes(&pa, &pb);
	}
}

/* A node that translation leaves out without a loss. */
static bool expendable(const struct decoded *decoded, const struct kho_node *node,
		       const struct decoded *other)
{
	if (decoded->root.abi == other->root.abi)
		return false;
	if (kho_node_within(node->name, KHO_NODE_METADATA))
		return !kho_abi_sized(other->root.abi);
	if (!kho_node_within(node->name, KHO_NODE_LUO))
		return false;
	/* A node below LUO has the same state as LUO. */
	node = kho_root_find(&decoded->root, KHO_NODE_LUO);
	return node && !decoded_node(decoded, node)->err && !decoded->luo.session_count &&
		!decoded->luo.flb_count;
}

static struct diff_node *new_node(struct diff *diff, const struct kho_node *node)
{
	struct diff_node *d = &diff->node[diff->node_count++];

	memcpy(d->name, node->name, sizeof(d->name));
	return d;
}

static void diff_nodes(const struct decoded *a, const struct decoded *b, struct diff *ret)
{
	for (size_t i = 0; i < a->root.node_count; i++) {
		const struct kho_node *na = &a->root.node[i];
		const struct kho_node *nb = kho_root_find(&b->root, na->name);
		struct diff_node *d = new_node(ret, na);

		if (!nb) {
			d->fate = expendable(a, na, b) ? DIFF_LEFT_OUT : DIFF_ONLY_A;
			continue;
		}
		d->fate = compare_nodes(a, na, b, nb);
		if (d->fate == DIFF_SAME && !same_properties(a, na, b, nb))
			d->fate = DIFF_CHANGED;
		d->moved = na->addr != nb->addr;
	}
	for (size_t i = 0; i < b->root.node_count; i++) {
		const struct kho_node *nb = &b->root.node[i];

		if (!kho_root_find(&a->root, nb->name))
			new_node(ret, nb)->fate = expendable(b, nb, a) ? DIFF_LEFT_OUT : DIFF_ONLY_B;
	}
}

int diff_make(const struct decoded *a, const struct decoded *b, struct diff *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->abi_differs = a->root.abi != b->root.abi;
	err = diff_blocks(a, b, &ret->only_a);
	if (!err)
		err = diff_blocks(b, a, &ret->only_b);
	diff_nodes(a, b, ret);
	ret->same = !ret->only_a.blocks && !ret->only_b.blocks;
	for (size_t i = 0; i < ret->node_count; i++)
		ret->same &= ret->node[i].fate == DIFF_SAME || ret->node[i].fate == DIFF_LEFT_OUT;
	return err;
}

void diff_free(struct diff *diff)
{
	free(diff->only_a.list);
	free(diff->only_b.list);
	diff->only_a.list = diff->only_b.list = NULL;
}
