/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "ranges.h"

static uint64_t end_of(const struct kho_range *range)
{
	return range->size > UINT64_MAX - range->addr ? UINT64_MAX : range->addr + range->size;
}

static int grow(struct ranges *r)
{
	size_t room = r->room ? r->room * 2 : 64;
	void *list = room <= RANGES_MAX ? realloc(r->list, room * sizeof(*r->list)) : NULL;

	if (!list)
		return -KHO_ERR_NOSPACE;
	r->list = list;
	r->room = room;
	return 0;
}

int ranges_add(struct ranges *r, uint64_t addr, uint64_t size)
{
	struct kho_range *last = r->count ? &r->list[r->count - 1] : NULL;

	if (!size)
		return 0;
	if (last && end_of(last) == addr && size <= UINT64_MAX - addr) {
		last->size += size;
		return 0;
	}
	if (r->count == r->room && grow(r))
		return -KHO_ERR_NOSPACE;
	r->list[r->count++] = (struct kho_range){ addr, size };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct kho_range *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

void ranges_merge(struct ranges *r)
{
	size_t count = 0;

	if (!r->count)
		return;
	qsort(r->list, r->count, sizeof(*r->list), compare);
	for (size_t i = 1; i < r->count; i++) {
		struct kho_range *last = &r->list[count];

		if (r->list[i].addr > end_of(last))
			r->list[++count] = r->list[i];
		else if (end_of(&r->list[i]) > end_of(last))
			last->size = end_of(&r->list[i]) - last->addr;
	}
	r->count = count + 1;
}

/* The first range that ends behind ADDR; NULL if none does. */
static const struct kho_range *first_behind(const struct ranges *r, uint64_t addr)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (end_of(&r->list[middle]) > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low < r->count ? &r->list[low] : NULL;
}

bool ranges_touch(const struct ranges *r, uint64_t addr, uint64_t size)
{
	const struct kho_range want = { addr, size };
	const struct kho_range *hit = first_behind(r, addr);

	return size && hit && hit->addr < end_of(&want);
}

bool ranges_cover(const struct ranges *r, uint64_t addr, uint64_t size)
{
	const struct kho_range want = { addr, size };
	const struct kho_range *hit = first_behind(r, addr);

	return !size || (hit && hit->addr <= addr && end_of(hit) >= end_of(&want));
}

uint64_t ranges_total(const struct ranges *r)
{
	uint64_t total = 0;

	for (size_t i = 0; i < r->count; i++)
		total += r->list[i].size;
	return total;
}

void ranges_free(struct ranges *r)
{
	free(r->list);
	*r = (struct ranges){ 0 };
}
