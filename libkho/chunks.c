/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The map of "kho-v1": a list of chunks, one page each, of elements that say where a bitmap
 * is. Bit i of a bitmap stands for the block of the chunk's order at the element's start + i
 * times the block's size. Only the reading kernel limits a bitmap: to 4096 bits up to 6.17, to
 * as many as a page holds from 6.18 on.
 */
#include <string.h>

#include "map.h"

#define SHORT_BITMAP	512		/* bytes */
#define SHORT_WORDS	(SHORT_BITMAP / sizeof(uint64_t))
#define SHORT_BITS	(SHORT_BITMAP * 8)
#define BATCH		64		/* elements read at a time */

struct chunk {
	uint64_t next;
	uint32_t order;
	uint32_t count;
};

struct element {
	uint64_t start;
	uint64_t bitmap;
};

static uint32_t chunk_capacity(unsigned int page_shift)
{
	return (uint32_t)(((1u << page_shift) - sizeof(struct chunk)) / sizeof(struct element));
}

/* ---- Reading ------------------------------------------------------------ */

struct walk {
	unsigned int page_shift;
	size_t bitmap_size;
	const struct kho_mem *mem;
	uint64_t pages_left;
	const struct kho_map_visitor *visitor;
	/* What to do with a sound element. */
	int (*element)(struct walk *w, unsigned int order, const struct element *element);
	/* kho_v1_form(): what it has found. */
	bool must_be_short, tail;
};

static int read_mem(const struct walk *w, uint64_t addr, void *buf, size_t size)
{
	return w->mem->read(w->mem->ctx, addr, buf, size) ? -KHO_ERR_READ : 0;
}

static int count_page(struct walk *w, uint64_t addr)
{
	if (!w->pages_left)
		return -KHO_ERR_LIMIT;
	w->pages_left--;
	if (!w->visitor || !w->visitor->page)
		return 0;
	return w->visitor->page(w->visitor->ctx, addr & ~((1ull << w->page_shift) - 1));
}

/* The blocks of COUNT words, which begin with word FIRST of the element's bitmap. */
static int visit_words(const struct walk *w, unsigned int order, uint64_t start,
		       const uint64_t *word, size_t count, uint64_t first)
{
	const struct kho_map_visitor *v = w->visitor;
	unsigned int shift = order + w->page_shift;
	uint64_t last = (UINT64_MAX - start) >> shift;	/* bit that has an address */

	for (size_t i = 0; i < count; i++) {
		for (uint64_t bits = word[i]; bits; bits &= bits - 1) {
			uint64_t bit = (first + i) * 64 + (unsigned int)__builtin_ctzll(bits);
			int err = -KHO_ERR_RANGE;

			if (bit <= last)
				err = v->block(v->ctx, start + (bit << shift), order);
			if (err)
				return err;
		}
	}
	return 0;
}

static int visit_bitmap(struct walk *w, unsigned int order, const struct element *element)
{
	size_t piece = w->bitmap_size < PIECE ? w->bitmap_size : PIECE;
	uint64_t word[PIECE_WORDS];
	int err = 0;

	for (size_t off = 0; !err && off < w->bitmap_size; off += piece) {
		err = read_mem(w, element->bitmap + off, word, piece);
		if (!err)
			err = visit_words(w, order, element->start, word, piece / sizeof(*word),
					  off / sizeof(*word));
	}
	return err;
}

/* No bitmap crosses a page, because kmalloc() aligns powers of two to their size. */
static int walk_element(struct walk *w, unsigned int order, const struct element *element)
{
	int err;

	if (!element->bitmap)
		return -KHO_ERR_BADMAP;
	if (element->bitmap & (w->bitmap_size - 1) ||
	    element->start & ((1ull << (order + w->page_shift)) - 1))
		return -KHO_ERR_ALIGN;
	err = count_page(w, element->bitmap);
	return err ? err : w->element(w, order, element);
}

static int walk_elements(struct walk *w, uint64_t addr, const struct chunk *chunk)
{
	struct element element[BATCH];
	uint32_t batch;
	int err = 0;

	addr += sizeof(*chunk);
	for (uint32_t done = 0; !err && done < chunk->count; done += batch) {
		batch = chunk->count - done < BATCH ? chunk->count - done : BATCH;
		err = read_mem(w, addr + done * sizeof(element[0]), element,
			       batch * sizeof(element[0]));
		for (uint32_t i = 0; !err && i < batch; i++)
			err = walk_element(w, chunk->order, &element[i]);
	}
	return err;
}

/*
 * The kernel's own lists can have orders that it fails to reserve when it reads them, so only
 * a block without an address is refused here.
 */
static int walk_chunk(struct walk *w, uint64_t addr, uint64_t *ret_next)
{
	struct chunk chunk;
	int err;

	if (addr & ((1ull << w->page_shift) - 1))
		return -KHO_ERR_ALIGN;
	err = count_page(w, addr);
	if (!err)
		err = read_mem(w, addr, &chunk, sizeof(chunk));
	if (err)
		return err;
	if (chunk.order > 63 - w->page_shift || chunk.count > chunk_capacity(w->page_shift))
		return -KHO_ERR_BADMAP;
	err = walk_elements(w, addr, &chunk);
	if (!err)
		*ret_next = chunk.next;
	return err;
}

/* A circle comes back to the chunk marked last; marks get ever rarer (Brent). */
static int walk_list(struct walk *w, uint64_t root)
{
	uint64_t marked = 0, chunks = 0;
	int err = 0;

	for (uint64_t addr = root; !err && addr; chunks++) {
		if (addr == marked)
			return -KHO_ERR_BADMAP;
		if (!(chunks & (chunks - 1)))
			marked = addr;
		err = walk_chunk(w, addr, &addr);
	}
	return err;
}

int kho_chunks_walk_(unsigned int page_shift, bool short_bitmaps, const struct kho_mem *mem,
		     uint64_t root, uint64_t max_pages, const struct kho_map_visitor *visitor)
{
	struct walk w = {
		.page_shift = page_shift,
		.bitmap_size = short_bitmaps ? SHORT_BITMAP : 1u << page_shift,
		.mem = mem,
		.pages_left = max_pages,
		.visitor = visitor,
		.element = visit_bitmap,
	};

	return walk_list(&w, root);
}

/* ---- Which form? --------------------------------------------------------- */

/* Is any bit after the first SHORT_BITS of the page set? */
static int find_tail(const struct walk *w, uint64_t addr, bool *ret)
{
	uint64_t word[PIECE_WORDS], any = 0;
	size_t page_size = 1u << w->page_shift;

	for (size_t off = 0; off < page_size; off += PIECE) {
		int err = read_mem(w, addr + off, word, PIECE);

		if (err)
			return err;
		for (size_t i = off ? 0 : SHORT_WORDS; i < PIECE_WORDS; i++)
			any |= word[i];
	}
	*ret = any;
	return 0;
}

/*
 * The kernel starts bitmaps at multiples of what they cover, and keeps those of a page in one
 * page. kho_map_encode() does only the latter; all its bits are short.
 */
static bool is_short(unsigned int page_shift, unsigned int order, const struct element *element)
{
	unsigned int cover = order + 2 * page_shift + 3;	/* bits of what a page covers */

	if (element->bitmap & ((1ull << page_shift) - 1))
		return true;
	return cover < 64 ? element->start & ((1ull << cover) - 1) : element->start != 0;
}

static int check_element(struct walk *w, unsigned int order, const struct element *element)
{
	if (is_short(w->page_shift, order, element))
		w->must_be_short = true;
	if (w->must_be_short || w->tail)
		return 0;
	return find_tail(w, element->bitmap, &w->tail);
}

int kho_v1_form(unsigned int page_shift, const struct kho_mem *mem, uint64_t root,
		uint64_t max_pages, enum kho_abi *ret)
{
	struct walk w = {
		.page_shift = page_shift,
		.bitmap_size = SHORT_BITMAP,
		.mem = mem,
		.pages_left = max_pages,
		.element = check_element,
	};
	int err;

	if (!kho_page_shift_valid_(page_shift) || !max_pages)
		return -KHO_ERR_INVAL;
	err = walk_list(&w, root);
	if (err)
		return err;
	*ret = w.must_be_short ? KHO_ABI_V1_512 : w.tail ? KHO_ABI_UNKNOWN : KHO_ABI_V1;
	return 0;
}

/* ---- Writing ------------------------------------------------------------- */

/*
 * The chunks of one order: a chunk, the bitmaps it names, the next chunk, and so on. Without a
 * buffer it only counts pages.
 */
struct writer {
	unsigned char *buf;
	uint64_t base, used;
	unsigned int page_shift, order;
	uint64_t last;			/* offset of the last chunk */
	struct chunk chunk;		/* its header, before it is full */
};

static uint64_t take_page(struct writer *w)
{
	uint64_t offset = w->used;

	w->used += 1ull << w->page_shift;
	if (w->buf)
		memset(w->buf + offset, 0, 1ull << w->page_shift);
	return offset;
}

static void finish_chunk(const struct writer *w)
{
	if (w->buf)
		memcpy(w->buf + w->last, &w->chunk, sizeof(w->chunk));
}

static void start_chunk(struct writer *w)
{
	uint64_t offset = take_page(w);

	if (offset) {
		w->chunk.next = w->base + offset;
		finish_chunk(w);
	}
	w->chunk = (struct chunk){ .order = w->order };
	w->last = offset;
}

static void put_bitmap(struct writer *w, uint64_t start, const uint64_t *word)
{
	struct element element = { .start = start };
	uint64_t bitmap;

	if (!w->used || w->chunk.order != w->order ||
	    w->chunk.count == chunk_capacity(w->page_shift))
		start_chunk(w);
	bitmap = take_page(w);
	element.bitmap = w->base + bitmap;
	if (w->buf) {
		memcpy(w->buf + bitmap, word, SHORT_BITMAP);
		memcpy(w->buf + w->last + sizeof(w->chunk) + w->chunk.count * sizeof(element),
		       &element, sizeof(element));
	}
	w->chunk.count++;
}

static bool any_bit(const uint64_t *word)
{
	uint64_t any = 0;

	for (size_t i = 0; i < SHORT_WORDS; i++)
		any |= word[i];
	return any;
}

static int put_leaf(void *ctx, uint64_t key, const uint64_t *word)
{
	struct writer *w = ctx;
	uint64_t index = key ^ order_marker(w->page_shift, w->order);

	for (size_t i = 0; i < (1u << w->page_shift) / SHORT_BITMAP; i++) {
		if (any_bit(word))
			put_bitmap(w, index << (w->order + w->page_shift), word);
		word += SHORT_WORDS;
		index += SHORT_BITS;
	}
	return 0;
}

/* The orders of v1 have more keys each than a leaf, so no leaf has blocks of two orders. */
static void put_all(struct writer *w, const struct kho_map *map)
{
	unsigned int most = kho_abi_max_order(KHO_ABI_V1, map->page_shift);

	for (w->order = 0; w->order <= most; w->order++) {
		uint64_t marker = order_marker(map->page_shift, w->order);

		kho_map_leaves_(map, marker, 2 * marker - 1, put_leaf, w);
	}
	w->order = 0;
	if (!w->used)
		start_chunk(w);
	finish_chunk(w);
}

uint64_t kho_chunks_size_(const struct kho_map *map)
{
	struct writer w = { .page_shift = map->page_shift };

	put_all(&w, map);
	return w.used;
}

void kho_chunks_encode_(const struct kho_map *map, unsigned char *buf, uint64_t base)
{
	struct writer w = { .buf = buf, .base = base, .page_shift = map->page_shift };

	put_all(&w, map);
}
