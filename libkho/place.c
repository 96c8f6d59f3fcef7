/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding room among ranges of physical memory. */
#include "abi.h"

const struct kho_range *kho_find_overlap(const struct kho_range *range, size_t count,
					 uint64_t addr, uint64_t size)
{
	const struct kho_range want = { addr, size };

	if (!size)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (range[i].size && range[i].addr < kho_range_end(&want) &&
		    addr < kho_range_end(&range[i]))
			return &range[i];
	return NULL;
}

bool kho_ranges_cover(const struct kho_range *range, size_t count, uint64_t addr, uint64_t size)
{
	const struct kho_range want = { addr, size };
	uint64_t pos = addr;

	if (size > UINT64_MAX - addr)
		return false;
	while (pos < kho_range_end(&want)) {
		const struct kho_range *hit = kho_find_overlap(range, count, pos, 1);

		if (!hit)
			return false;
		pos = kho_range_end(hit);
	}
	return true;
}

static bool place_valid(const struct kho_place *place)
{
	return place->align && !(place->align & (place->align - 1));
}

/* The part of AREA that PLACE allows; false if nothing is left. */
static bool clip(const struct kho_range *area, const struct kho_place *place, uint64_t *low,
		 uint64_t *high)
{
	*low = area->addr > place->min ? area->addr : place->min;
	*high = kho_range_end(area);
	if (place->max && *high > place->max)
		*high = place->max;
	return area->size && *low < *high;
}

/* The highest fit in one area; false if there is none. */
static bool place_in(const struct kho_range *area, const struct kho_range *busy, size_t busies,
		     const struct kho_place *place, uint64_t *ret)
{
	uint64_t low, high;

	if (!clip(area, place, &low, &high))
		return false;
	while (high >= low && high - low >= place->size) {
		uint64_t pos = (high - place->size) & ~(place->align - 1);
		const struct kho_range *hit;

		if (pos < low)
			return false;
		hit = kho_find_overlap(busy, busies, pos, place->size);
		if (!hit) {
			*ret = pos;
			return true;
		}
		high = hit->addr;
	}
	return false;
}

int kho_place_top(const struct kho_range *area, size_t areas, const struct kho_range *busy,
		  size_t busies, const struct kho_place *place, uint64_t *ret)
{
	bool found = false;
	uint64_t best = 0, pos;

	if (!place_valid(place) || !place->size)
		return -KHO_ERR_INVAL;
	for (size_t i = 0; i < areas; i++) {
		if (place_in(&area[i], busy, busies, place, &pos) && (!found || pos > best)) {
			best = pos;
			found = true;
		}
	}
	if (!found)
		return -KHO_ERR_NOSPACE;
	*ret = best;
	return 0;
}

/* The first address from POS on where a busy range begins or already is; HIGH if none. */
static uint64_t next_busy(const struct kho_range *busy, size_t busies, uint64_t pos, uint64_t high)
{
	uint64_t next = high;

	for (size_t i = 0; i < busies; i++) {
		if (!busy[i].size || kho_range_end(&busy[i]) <= pos)
			continue;
		if (busy[i].addr <= pos)
			return pos;
		if (busy[i].addr < next)
			next = busy[i].addr;
	}
	return next;
}

static void keep_larger(struct kho_range *best, uint64_t low, uint64_t high, uint64_t align)
{
	uint64_t first = (low + align - 1) & ~(align - 1);
	uint64_t last = high & ~(align - 1);

	if (first >= low && last > first && last - first > best->size)
		*best = (struct kho_range){ first, last - first };
}

int kho_largest_hole(const struct kho_range *area, size_t areas, const struct kho_range *busy,
		     size_t busies, const struct kho_place *place, struct kho_range *ret)
{
	struct kho_range best = { 0, 0 };

	if (!place_valid(place))
		return -KHO_ERR_INVAL;
	for (size_t i = 0; i < areas; i++) {
		uint64_t pos, high;

		if (!clip(&area[i], place, &pos, &high))
			continue;
		while (pos < high) {
			const struct kho_range *hit = kho_find_overlap(busy, busies, pos, 1);
			uint64_t stop;

			if (hit) {
				pos = kho_range_end(hit);
				continue;
			}
			stop = next_busy(busy, busies, pos, high);
			keep_larger(&best, pos, stop, place->align);
			pos = stop;
		}
	}
	if (!best.size)
		return -KHO_ERR_NOSPACE;
	*ret = best;
	return 0;
}
