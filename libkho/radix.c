/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The radix tree of ABI v2 to v4, as it lies in memory; see map.h. */
#include "map.h"

int kho_leaf_visit_(unsigned int page_shift, const uint64_t *word, size_t count, uint64_t key,
		    const struct kho_map_visitor *visitor)
{
	for (size_t i = 0; i < count; i++, key += 64) {
		for (uint64_t bits = word[i]; bits; bits &= bits - 1) {
			unsigned int bit = (unsigned int)__builtin_ctzll(bits);
			struct kho_block block;
			int err = key_decode(page_shift, key | bit, &block);

			if (!err)
				err = visitor->block(visitor->ctx, block.addr, block.order);
			if (err)
				return err;
		}
	}
	return 0;
}

struct walk {
	struct geometry g;
	const struct kho_mem *mem;
	const struct kho_map_visitor *visitor;
	uint64_t pages_left;
};

static int walk_page(struct walk *w, unsigned int level, uint64_t addr, uint64_t key);

/* What lies below PIECE_WORDS links, the first of which begins at KEY. */
static int walk_links(struct walk *w, unsigned int level, const uint64_t *link, uint64_t key)
{
	unsigned int shift = level_shift(&w->g, level);
	int err = 0;

	for (uint64_t i = 0; !err && i < PIECE_WORDS; i++)
		if (link[i])
			err = walk_page(w, level - 1, link[i], key | i << shift);
	return err;
}

/* Recursion is bounded by the depth of the tree. */
static int walk_page(struct walk *w, unsigned int level, uint64_t addr, uint64_t key)
{
	uint64_t word[PIECE_WORDS], page_size = 1ull << w->g.page_shift;
	/* Keys that one word, or 64 bits of a leaf, stand for. */
	unsigned int word_shift = level ? level_shift(&w->g, level) : 6;
	int err = 0;

	if (addr & (page_size - 1))
		return -KHO_ERR_ALIGN;
	if (!w->pages_left--)
		return -KHO_ERR_LIMIT;
	if (w->visitor->page)
		err = w->visitor->page(w->visitor->ctx, addr);
	for (uint64_t off = 0; !err && off < page_size; off += PIECE) {
		if (w->mem->read(w->mem->ctx, addr + off, word, PIECE))
			return -KHO_ERR_READ;
		err = level ? walk_links(w, level, word, key) :
			      kho_leaf_visit_(w->g.page_shift, word, PIECE_WORDS, key, w->visitor);
		key += (uint64_t)PIECE_WORDS << word_shift;
	}
	return err;
}

int kho_radix_walk_(unsigned int page_shift, const struct kho_mem *mem, uint64_t root,
		    uint64_t max_pages, const struct kho_map_visitor *visitor)
{
	struct walk w = { geometry(page_shift), mem, visitor, max_pages };

	return walk_page(&w, w.g.depth - 1, root, 0);
}
