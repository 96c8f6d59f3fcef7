/* SPDX-License-Identifier: GPL-2.0-only */
/* Live update: node LUO, and the files that it hands over. */
#include "arch.h"
#include "rules-private.h"

/* The node LUO, if it could be decoded. */
static const struct kho_node *luo_node(const struct decoded *decoded)
{
	for (size_t i = 0; i < decoded->root.node_count; i++)
		if (decoded->node[i].kind == DECODED_LUO && !decoded->node[i].err)
			return &decoded->root.node[i];
	return NULL;
}

void check_luo_abi(const struct decoded *decoded, struct rule_outcome *o)
{
	enum kho_luo_abi want = decoded->root.abi == KHO_ABI_V4 ? KHO_LUO_V5 : KHO_LUO_V1;

	if (luo_node(decoded) && decoded->luo.abi != want)
		broken(o, "%s in %s, whose kernels read %s and panic on another",
		       kho_luo_abi_name(decoded->luo.abi), decoded_abi_label(decoded),
			       kho_luo_abi_name(want));
	else if (luo_node(decoded) && decoded->root.abi == KHO_ABI_V3 && !decoded->luo.flbs)
		broken(o, "it has no place for FLBs ('luo-flb'), and kernels of %s panic without "
		       "one", decoded_abi_label(decoded));
}

static void walk_luo(const struct decoded *decoded, struct rule_outcome *o,
		     const struct kho_luo_visitor *wanted)
{
	struct block_check c = { decoded, o };
	struct kho_luo_visitor visitor = *wanted;
	const struct kho_node *node = luo_node(decoded);
	struct kho_luo_info info;

	visitor.ctx = &c;
	if (node)
		kho_luo_walk(decoded->source->page_shift, &decoded->source->mem, node, &visitor,
			     &info);
}

static int luo_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;

	if (!kho_map_has(&c->decoded->blocks.map, addr, order) &&
	    !reserved(c->decoded, c->outcome, addr, decoded_block_size(c->decoded, order)))
		broken(c->outcome, "0x%llx, order %u, is not", ULL(addr), order);
	return 0;
}

void check_luo_preserved(const struct decoded *decoded, struct rule_outcome *o)
{
	walk_luo(decoded, o, &(struct kho_luo_visitor){ .block = luo_block });
}

static int memfd_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;

	if (!ranges_cover(&c->decoded->preserved, addr, decoded_block_size(c->decoded, order)))
		broken(c->outcome, "0x%llx, order %u, of its list of folios is not", ULL(addr),
		       order);
	return 0;
}

static int memfd_chunk(void *ctx, uint64_t addr)
{
	return memfd_block(ctx, addr, 0);
}

static int memfd_folio(void *ctx, const struct kho_memfd_folio *folio)
{
	const struct block_check *c = ctx;

	if (!ranges_cover(&c->decoded->preserved, folio->addr, decoded_page_size(c->decoded)))
		broken(c->outcome, "page %llu, at 0x%llx, is not", ULL(folio->index),
		       ULL(folio->addr));
	return 0;
}

static int read_memfd(const struct decoded *decoded, enum kho_memfd_abi abi, uint64_t addr,
		      struct kho_memfd *ret)
{
	unsigned char buf[KHO_MEMFD_SIZE_MAX];
	size_t size = kho_memfd_size(abi);

	if (decoded->source->mem.read(decoded->source->mem.ctx, addr, buf, size))
		return -KHO_ERR_READ;
	return kho_memfd_read(abi, buf, size, ret);
}

static int memfd_file(void *ctx, const struct kho_luo_file *file)
{
	struct block_check *c = ctx;
	const struct source *s = c->decoded->source;
	const struct kho_vmalloc_visitor area = { memfd_chunk, memfd_block, c };
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);
	struct kho_memfd memfd;
	int err;

	if (abi == KHO_MEMFD_UNKNOWN)
		return 0;
	err = read_memfd(c->decoded, abi, file->data, &memfd);
	if (!err)
		err = kho_vmalloc_walk(s->page_shift, &s->mem, &memfd.folios, s->max_pages, &area);
	if (!err)
		err = kho_memfd_walk(s->page_shift, &s->mem, &memfd, s->max_pages, memfd_folio, c);
	if (err)
		broken(c->outcome, "file with token %llu at 0x%llx: %s", ULL(file->token),
		       ULL(file->data), kho_strerror(err));
	return 0;
}

void check_memfd(const struct decoded *decoded, struct rule_outcome *o)
{
	walk_luo(decoded, o, &(struct kho_luo_visitor){ .file = memfd_file });
}
