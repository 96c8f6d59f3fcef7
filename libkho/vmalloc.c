/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preserved vmalloc areas: a list of one-page chunks, each a link and an array
 * of addresses that ends with the page or with a 0.
 */
#include <string.h>

#include "luo-abi.h"

#define PIECE	4096			/* bytes of a chunk held at a time */

void kho_vmalloc_read(const void *buf, struct kho_vmalloc *ret)
{
	const unsigned char *p = buf;

	memcpy(&ret->first, p + VMALLOC_OFF_FIRST, sizeof(ret->first));
	memcpy(&ret->total_pages, p + VMALLOC_OFF_PAGES, sizeof(ret->total_pages));
	memcpy(&ret->flags, p + VMALLOC_OFF_FLAGS, sizeof(ret->flags));
	memcpy(&ret->order, p + VMALLOC_OFF_ORDER, sizeof(ret->order));
}

void kho_vmalloc_write(const struct kho_vmalloc *area, void *buf)
{
	unsigned char *p = buf;

	memcpy(p + VMALLOC_OFF_FIRST, &area->first, sizeof(area->first));
	memcpy(p + VMALLOC_OFF_PAGES, &area->total_pages, sizeof(area->total_pages));
	memcpy(p + VMALLOC_OFF_FLAGS, &area->flags, sizeof(area->flags));
	memcpy(p + VMALLOC_OFF_ORDER, &area->order, sizeof(area->order));
}

struct walk {
	unsigned int page_shift;
	unsigned int order;
	const struct kho_mem *mem;
	const struct kho_vmalloc_visitor *visitor;
	uint64_t pages_left;
};

static int walk_piece(struct walk *w, uint64_t addr)
{
	if (addr & ((kho_page_size_(w->page_shift) << w->order) - 1))
		return -KHO_ERR_ALIGN;
	if (w->pages_left < 1ull << w->order)
		return -KHO_ERR_BADNODE;
	w->pages_left -= 1ull << w->order;
	return w->visitor->piece ? w->visitor->piece(w->visitor->ctx, addr, w->order) : 0;
}

/* *RET_FULL: there was no 0. */
static int walk_chunk(struct walk *w, uint64_t addr, uint64_t *ret_next, bool *ret_full)
{
	uint64_t word[PIECE / sizeof(uint64_t)], page_size = kho_page_size_(w->page_shift);
	size_t i = VMALLOC_CHUNK_HEADER / sizeof(word[0]);
	int err;

	for (uint64_t off = 0; off < page_size; off += PIECE) {
		if (w->mem->read(w->mem->ctx, addr + off, word, PIECE))
			return -KHO_ERR_READ;
		if (!off)
			*ret_next = word[0];
		for (; i < PIECE / sizeof(word[0]); i++) {
			if (!word[i]) {
				*ret_full = false;
				return 0;
			}
			err = walk_piece(w, word[i]);
			if (err)
				return err;
		}
		i = 0;
	}
	*ret_full = true;
	return 0;
}

int kho_vmalloc_walk(unsigned int page_shift, const struct kho_mem *mem,
		     const struct kho_vmalloc *area, uint64_t max_pages,
		     const struct kho_vmalloc_visitor *visitor)
{
	struct walk w = { page_shift, area->order, mem, visitor, area->total_pages };
	struct kho_chain_ chain = { 0 };
	bool full = true;
	int err = 0;

	if (!kho_page_shift_valid_(page_shift))
		return -KHO_ERR_INVAL;
	if (area->order > VMALLOC_ORDER_MAX)
		return -KHO_ERR_BADNODE;
	if (area->total_pages > max_pages)
		return -KHO_ERR_LIMIT;
	for (uint64_t addr = area->first, next; addr; addr = next) {
		if (addr & (kho_page_size_(page_shift) - 1))
			return -KHO_ERR_ALIGN;
		if (!full || kho_chain_closes_(&chain, addr))
			return -KHO_ERR_BADNODE;
		if (visitor->chunk)
			err = visitor->chunk(visitor->ctx, addr);
		if (!err)
			err = walk_chunk(&w, addr, &next, &full);
		if (err)
			return err;
	}
	return w.pages_left ? -KHO_ERR_BADNODE : 0;
}
