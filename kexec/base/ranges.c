/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "grow.h"
#include "ranges.h"

static int enlarge(struct ranges *r)
{
	void *list = grow(r->list, &r->room, r->count + 1, RANGES_MAX, sizeof(*r->list));

	if (!list)
		return -KHO_ERR_NOSPACE;
	r->list = list;
	return 0;
}

int ranges_add(struct ranges *r, uint64_t addr, uint64_t size)
{
	struct kho_range *last = r->count ? &r->list[r->count - 1] : NULL;

	if (!size)
		return 0;
	if (last && kho_range_end(last) == addr && size <= UINT64_MAX - addr) {
		last->size += size;
		return 0;
	}
	if (r->count == r->room && enlarge(r))
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

		if (r->list[i].addr > kho_range_end(last))
			r->list[++count] = r->list[i];
		else if (kho_range_end(&r->list[i]) > kho_range_end(last))
			last->size = kho_range_end(&r->list[i]) - last->addr;
	}
	r->count = count + 1;
}

/* The first range that ends after ADDR; NULL if none does. */
static const struct kho_range *first_behind(const struct ranges *r, uint64_t addr)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kho_range_end(&r->list[middle]) > addr)
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

	return size && hit && hit->addr < kho_range_end(&want);
}

bool ranges_cover(const struct ranges *r, uint64_t addr, uint64_t size)
{
	const struct kho_range want = { addr, size };
	const struct kho_range *hit = first_behind(r, addr);

	return !size || (hit && hit->addr <= addr && kho_range_end(hit) >= kho_range_end(&want));
}

int ranges_intersect(const struct ranges *a, const struct ranges *b, struct ranges *ret)
{
	size_t i = 0, j = 0;

	while (i < a->count && j < b->count) {
		const struct kho_range *x = &a->list[i], *y = &b->list[j];
		uint64_t x_end = kho_range_end(x), y_end = kho_range_end(y);
		uint64_t low = x->addr > y->addr ? x->addr : y->addr;
		uint64_t high = x_end < y_end ? x_end : y_end;

		if (low < high && ranges_add(ret, low, high - low))
			return -KHO_ERR_NOSPACE;
		if (x_end < y_end)
			i++;
		else
			j++;
	}
	return 0;
}

int ranges_subtract(const struct ranges *a, const struct ranges *b, struct ranges *ret)
{
	size_t j = 0;

	for (size_t i = 0; i < a->count; i++) {
		const uint64_t end = kho_range_end(&a->list[i]);
		uint64_t at = a->list[i].addr;

		while (j < b->count && kho_range_end(&b->list[j]) <= at)
			j++;
		for (size_t k = j; at < end && k < b->count && b->list[k].addr < end; k++) {
			if (b->list[k].addr > at && ranges_add(ret, at, b->list[k].addr - at))
				return -KHO_ERR_NOSPACE;
			at = kho_range_end(&b->list[k]);
		}
		if (at < end && ranges_add(ret, at, end - at))
			return -KHO_ERR_NOSPACE;
	}
	return 0;
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
