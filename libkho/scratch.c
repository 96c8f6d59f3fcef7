/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scratch areas: the only memory the next kernel uses before it has read the map. */
#include "abi.h"

static uint64_t round_up(uint64_t value)
{
	return (value + KHO_SCRATCH_ALIGN - 1) & ~(KHO_SCRATCH_ALIGN - 1);
}

/* At most WANT bytes of the largest free piece allowed, taken from its top. */
static int plan_area(const struct kho_range *ram, size_t rams, const struct kho_range *busy,
		     size_t busies, uint64_t limit, uint64_t want, struct kho_range *ret)
{
	/* The first MiB belongs to firmware tables and the real-mode trampoline. */
	const struct kho_place place = { .align = KHO_SCRATCH_ALIGN, .min = 1ull << 20, .max = limit };
	struct kho_range hole;
	int err = kho_largest_hole(ram, rams, busy, busies, &place, &hole);

	if (err)
		return err;
	if (hole.size > want) {
		hole.addr += hole.size - want;
		hole.size = want;
	}
	*ret = hole;
	return 0;
}

/* As plan_area(), but clear of AVOID too. */
static int plan_second(const struct kho_range *ram, size_t rams, const struct kho_range *busy,
		       size_t busies, const struct kho_range *avoid, uint64_t want,
		       struct kho_range *ret)
{
	struct kho_range best = { 0, 0 }, area;

	for (size_t i = 0; i < rams; i++) {
		/* RAM below and above AVOID, as two areas. */
		const struct kho_range side[2] = {
			{ ram[i].addr, avoid->addr > ram[i].addr ? avoid->addr - ram[i].addr : 0 },
			{ avoid->addr + avoid->size,
			  ram[i].addr + ram[i].size > avoid->addr + avoid->size ?
			  ram[i].addr + ram[i].size - (avoid->addr + avoid->size) : 0 },
		};

		if (!kho_find_overlap(&ram[i], 1, avoid->addr, avoid->size)) {
			if (!plan_area(&ram[i], 1, busy, busies, 0, want, &area) &&
			    area.size > best.size)
				best = area;
			continue;
		}
		if (!plan_area(side, 2, busy, busies, 0, want, &area) && area.size > best.size)
			best = area;
	}
	if (!best.size)
		return -KHO_ERR_NOSPACE;
	*ret = best;
	return 0;
}

int kho_scratch_plan(const struct kho_range *ram, size_t rams, const struct kho_range *busy,
		     size_t busies, const struct kho_scratch_wish *wish, struct kho_range ret[2])
{
	struct kho_range area[2] = { { 0, 0 }, { 0, 0 } };
	uint64_t want;
	int err;

	if (wish->struct_size != sizeof(*wish) || !wish->want || wish->want > UINT64_MAX / 2 ||
	    wish->want_low > wish->want || wish->low_limit % KHO_SCRATCH_ALIGN)
		return -KHO_ERR_INVAL;
	want = round_up(wish->want);
	err = plan_area(ram, rams, busy, busies, wish->low_limit, want, &area[0]);
	if (err)
		return err;
	if (area[0].size < wish->want_low)
		return -KHO_ERR_NOSPACE;
	if (area[0].size < want) {
		err = plan_second(ram, rams, busy, busies, &area[0], want - area[0].size, &area[1]);
		if (err)
			return err;
		if (area[0].size + area[1].size < want)
			return -KHO_ERR_NOSPACE;
	}
	ret[0] = area[0];
	ret[1] = area[1];
	return 0;
}

int kho_scratch_check(const struct kho_range *scratch, size_t count,
		      const struct kho_range *busy, size_t busies)
{
	uint64_t total = 0;

	if (count > KHO_EARLY_MAP_MAX / sizeof(*scratch))
		return -KHO_ERR_LIMIT;
	for (size_t i = 0; i < count; i++) {
		if (scratch[i].size > UINT64_MAX - scratch[i].addr)
			return -KHO_ERR_RANGE;
		if (kho_find_overlap(busy, busies, scratch[i].addr, scratch[i].size) ||
		    kho_find_overlap(scratch, i, scratch[i].addr, scratch[i].size))
			return -KHO_ERR_OVERLAP;
		total |= scratch[i].size;
	}
	return total ? 0 : -KHO_ERR_INVAL;
}
