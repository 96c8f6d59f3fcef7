/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "grow.h"
#include "picture.h"

/* Ranges of one kind, merged. */
struct layers {
	struct ranges kind[PICTURE_KINDS];
	uint64_t *edge;			/* every address where something begins or ends */
	size_t edges;
};

const char *picture_name(enum picture_kind kind)
{
	static const char *const name[PICTURE_KINDS] = {
		[PICTURE_HOLE] = "hole",
		[PICTURE_FREE] = "free",
		[PICTURE_SCRATCH] = "scratch",
		[PICTURE_KERNEL] = "kernel",
		[PICTURE_PRESERVED] = "preserved",
		[PICTURE_MAP] = "map",
		[PICTURE_HANDOVER] = "handover",
		[PICTURE_CONFLICT] = "conflict",
	};

	return name[kind];
}

static int copy_ranges(struct ranges *to, const struct kho_range *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (from[i].size <= UINT64_MAX - from[i].addr &&
		    ranges_add(to, from[i].addr, from[i].size))
			return -KHO_ERR_NOSPACE;
	ranges_merge(to);
	return 0;
}

static int fill_layers(const struct decoded *decoded, struct layers *l)
{
	const struct source *s = decoded->source;
	struct ranges own = { 0 };
	int err;

	err = copy_ranges(&l->kind[PICTURE_FREE], s->ram.list, s->ram.count);
	if (!err)
		err = copy_ranges(&l->kind[PICTURE_SCRATCH], s->scratch, s->scratch_count);
	if (!err)
		err = copy_ranges(&l->kind[PICTURE_KERNEL], s->kernel.list, s->kernel.count);
	if (!err)
		err = copy_ranges(&l->kind[PICTURE_PRESERVED], decoded->preserved.list,
				  decoded->preserved.count);
	if (!err)
		err = copy_ranges(&l->kind[PICTURE_MAP], decoded->map_pages.list,
				  decoded->map_pages.count);
	if (!err)
		err = decoded_own_pages(decoded, &own);
	if (!err)
		err = copy_ranges(&l->kind[PICTURE_HANDOVER], own.list, own.count);
	if (!err)
		err = ranges_intersect(&l->kind[PICTURE_PRESERVED], &l->kind[PICTURE_SCRATCH],
				       &l->kind[PICTURE_CONFLICT]);
	ranges_free(&own);
	return err;
}

static int compare_edges(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int collect_edges(struct layers *l)
{
	size_t count = 1;

	for (size_t k = 0; k < PICTURE_KINDS; k++)
		count += 2 * l->kind[k].count;
	l->edge = calloc(count, sizeof(*l->edge));
	if (!l->edge)
		return -KHO_ERR_NOSPACE;
	for (size_t k = 0; k < PICTURE_KINDS; k++)
		for (size_t i = 0; i < l->kind[k].count; i++) {
			l->edge[l->edges++] = l->kind[k].list[i].addr;
			l->edge[l->edges++] = l->kind[k].list[i].addr + l->kind[k].list[i].size;
		}
	qsort(l->edge, l->edges, sizeof(*l->edge), compare_edges);
	return 0;
}

static enum picture_kind kind_at(const struct layers *l, uint64_t addr)
{
	for (size_t k = PICTURE_KINDS - 1; k > PICTURE_HOLE; k--)
		if (ranges_touch(&l->kind[k], addr, 1))
			return (enum picture_kind)k;
	return PICTURE_HOLE;
}

static int append(struct picture *p, uint64_t addr, uint64_t size, enum picture_kind kind)
{
	struct picture_range *last = p->count ? &p->list[p->count - 1] : NULL, *list;

	p->total[kind] += size;
	if (last && last->kind == kind) {
		last->size += size;
		return 0;
	}
	list = grow(p->list, &p->room, p->count + 1, SIZE_MAX, sizeof(*list));
	if (!list)
		return -KHO_ERR_NOSPACE;
	p->list = list;
	p->list[p->count++] = (struct picture_range){ addr, size, kind };
	return 0;
}

int picture_make(const struct decoded *decoded, struct picture *ret)
{
	struct layers l = { 0 };
	int err;

	memset(ret, 0, sizeof(*ret));
	err = fill_layers(decoded, &l);
	if (!err)
		err = collect_edges(&l);
	for (size_t i = 0; !err && i + 1 < l.edges; i++)
		if (l.edge[i] != l.edge[i + 1])
			err = append(ret, l.edge[i], l.edge[i + 1] - l.edge[i], kind_at(&l, l.edge[i]));
	for (size_t k = 0; k < PICTURE_KINDS; k++)
		ranges_free(&l.kind[k]);
	free(l.edge);
	return err;
}

void picture_free(struct picture *p)
{
	free(p->list);
	memset(p, 0, sizeof(*p));
}

/* Rows of SIZE bytes that are not empty. */
static uint64_t rows_of(const struct picture *p, uint64_t size)
{
	uint64_t rows = 0, next = 0;

	for (size_t i = 0; i < p->count; i++) {
		uint64_t first = p->list[i].addr / size;
		uint64_t last = (p->list[i].addr + p->list[i].size - 1) / size;

		if (p->list[i].kind == PICTURE_HOLE)
			continue;
		if (first < next)
			first = next;
		if (first <= last) {
			rows += last - first + 1;
			next = last + 1;
		}
	}
	return rows;
}

uint64_t picture_row_size(const struct picture *p, size_t cells, size_t rows)
{
	uint64_t size = PAGE_SIZE * cells;

	while (size < 1ull << 62 && rows_of(p, size) > rows)
		size *= 2;
	return size;
}

/* The first range that ends after ADDR. */
static size_t first_behind(const struct picture *p, uint64_t addr)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->list[middle].addr + p->list[middle].size > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

enum picture_kind picture_cell(const struct picture *p, uint64_t addr, uint64_t size, bool *ret_full)
{
	enum picture_kind kind = PICTURE_HOLE;
	uint64_t end = addr + size, seen = 0;

	for (size_t i = first_behind(p, addr); i < p->count && p->list[i].addr < end; i++) {
		const struct picture_range *r = &p->list[i];
		uint64_t low = r->addr > addr ? r->addr : addr;
		uint64_t high = r->addr + r->size < end ? r->addr + r->size : end;

		if (r->kind > kind) {
			kind = r->kind;
			seen = 0;
		}
		if (r->kind == kind)
			seen += high - low;
	}
	*ret_full = seen == size;
	return kind;
}
