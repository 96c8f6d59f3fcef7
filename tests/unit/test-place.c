// SPDX-License-Identifier: GPL-2.0-only
/*
 * Placement against brute force: memory of a few dozen units, each of them
 * looked at.
 */
#include "kho.h"
#include "unit.h"

#define UNITS		64
#define RANGES_MAX	5
#define MIB		(1ull << 20)
#define STEP		(KHO_SCRATCH_ALIGN / MIB)
#define WISH(low_limit, want_low, want) \
	(&(struct kho_scratch_wish){ sizeof(struct kho_scratch_wish), (low_limit), (want_low), (want) })

struct map {
	struct kho_range area[RANGES_MAX], busy[RANGES_MAX];
	size_t areas, busies;
	uint64_t unit;			/* bytes */
};

static struct kho_range random_range(uint32_t *seed, uint64_t unit)
{
	uint64_t start = random_next(seed) % UNITS;

	return (struct kho_range){ start * unit, random_next(seed) % (UNITS - start + 1) / 2 * unit };
}

static struct map random_map(uint32_t *seed, uint64_t unit)
{
	struct map m = { .unit = unit };

	m.areas = random_next(seed) % (RANGES_MAX + 1);
	m.busies = random_next(seed) % (RANGES_MAX + 1);
	for (size_t i = 0; i < m.areas; i++)
		m.area[i] = random_range(seed, unit);
	for (size_t i = 0; i < m.busies; i++)
		m.busy[i] = random_range(seed, unit);
	return m;
}

static bool holds(const struct kho_range *range, uint64_t addr)
{
	return addr >= range->addr && addr - range->addr < range->size;
}

static bool held_by_any(const struct kho_range *range, size_t count, uint64_t addr)
{
	for (size_t i = 0; i < count; i++)
		if (holds(&range[i], addr))
			return true;
	return false;
}

/* Whether every unit of [addr, end) is in AREA, allowed and not busy. */
static bool fits(const struct map *m, const struct kho_range *area, uint64_t min, uint64_t max,
		 uint64_t addr, uint64_t end)
{
	for (; addr < end; addr += m->unit)
		if (!holds(area, addr) || addr < min || (max && addr + m->unit > max) ||
		    held_by_any(m->busy, m->busies, addr))
			return false;
	return true;
}

static bool fits_somewhere(const struct map *m, const struct kho_place *p, uint64_t addr,
			   uint64_t size)
{
	for (size_t i = 0; i < m->areas; i++)
		if (fits(m, &m->area[i], p->min, p->max, addr, addr + size))
			return true;
	return false;
}

static struct kho_place random_place(uint32_t *seed)
{
	return (struct kho_place){
		.size = 1 + random_next(seed) % 12,
		.align = 1ull << random_next(seed) % 4,
		.min = random_next(seed) % 2 ? random_next(seed) % UNITS : 0,
		.max = random_next(seed) % 2 ? random_next(seed) % UNITS : 0,
	};
}

static void place_top(void **state)
{
	unsigned int placed = 0;
	uint32_t seed = 1;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		const struct map m = random_map(&seed, 1);
		const struct kho_place p = random_place(&seed);
		int64_t want = UNITS;
		uint64_t got = 4242;
		int err = kho_place_top(m.area, m.areas, m.busy, m.busies, &p, &got);

		while (want >= 0 && ((uint64_t)want % p.align ||
				     !fits_somewhere(&m, &p, (uint64_t)want, p.size)))
			want--;
		assert_int_equal(err, want < 0 ? -KHO_ERR_NOSPACE : 0);
		assert_int_equal(got, want < 0 ? 4242 : want);
		placed += want >= 0;
	}
	assert_in_range(placed, 5000, 15000);
}

static void largest_hole(void **state)
{
	unsigned int found = 0;
	uint32_t seed = 2;

	(void)state;
	for (unsigned int round = 0; round < 5000; round++) {
		const struct map m = random_map(&seed, 1);
		const struct kho_place p = random_place(&seed);
		struct kho_range got = { 4242, 0 };
		uint64_t want = 0;

		for (uint64_t start = 0; start < UNITS; start += p.align)
			for (uint64_t size = p.align; start + size <= UNITS; size += p.align)
				if (size > want && fits_somewhere(&m, &p, start, size))
					want = size;
		assert_int_equal(kho_largest_hole(m.area, m.areas, m.busy, m.busies, &p, &got),
				 want ? 0 : -KHO_ERR_NOSPACE);
		assert_int_equal(got.size, want);
		if (want) {
			assert_int_equal(got.addr % p.align, 0);
			assert_true(fits_somewhere(&m, &p, got.addr, got.size));
			found++;
		}
	}
	assert_in_range(found, 1000, 4500);
}

static void place_arguments(void **state)
{
	const struct kho_range area = { 0, 100 };
	struct kho_place p = { .size = 0, .align = 1 };
	struct kho_range hole;
	uint64_t addr;

	(void)state;
	assert_int_equal(kho_place_top(&area, 1, NULL, 0, &p, &addr), -KHO_ERR_INVAL);
	p.size = 1;
	for (p.align = 0; p.align < 8; p.align += 3) {
		assert_int_equal(kho_place_top(&area, 1, NULL, 0, &p, &addr), -KHO_ERR_INVAL);
		assert_int_equal(kho_largest_hole(&area, 1, NULL, 0, &p, &hole), -KHO_ERR_INVAL);
	}
}

/* Ranges that claim to continue beyond the end of the address space. */
static void wraparound(void **state)
{
	const struct kho_range area = { 0x1000, UINT64_MAX }, busy = { -0x10000ull, UINT64_MAX };
	const struct kho_place p = { .size = 0x1000, .align = 0x1000 };
	const struct kho_place huge = { .size = UINT64_MAX, .align = 1 };
	const struct kho_place widest = { .size = 1, .align = 1ull << 63 };
	struct kho_range hole;
	uint64_t addr;

	(void)state;
	assert_int_equal(kho_place_top(&area, 1, NULL, 0, &p, &addr), 0);
	assert_int_equal(addr, -0x2000ull);
	assert_int_equal(kho_place_top(&area, 1, &busy, 1, &p, &addr), 0);
	assert_int_equal(addr, -0x11000ull);
	assert_int_equal(kho_place_top(&area, 1, NULL, 0, &huge, &addr), -KHO_ERR_NOSPACE);
	assert_int_equal(kho_place_top(&area, 1, NULL, 0, &widest, &addr), 0);
	assert_int_equal(addr, 1ull << 63);
	assert_int_equal(kho_largest_hole(&area, 1, &busy, 1, &p, &hole), 0);
	assert_int_equal(hole.addr, 0x1000);
	assert_int_equal(hole.size, -0x11000ull);
	assert_int_equal(kho_largest_hole(&area, 1, NULL, 0, &widest, &hole), -KHO_ERR_NOSPACE);
	assert_ptr_equal(kho_find_overlap(&busy, 1, -1ull - 0x1000, UINT64_MAX), &busy);
	assert_null(kho_find_overlap(&busy, 1, -0x11000ull, 0x1000));
	assert_false(kho_ranges_cover(&area, 1, 0x2000, UINT64_MAX));
	assert_false(kho_ranges_cover(&area, 1, 0, 0x2000));
	assert_true(kho_ranges_cover(&area, 1, 0x1000, UINT64_MAX - 0x1000));
}

static void overlap_and_cover(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		const struct map m = random_map(&seed, 1);
		const struct kho_range r = random_range(&seed, 1);
		const struct kho_range *first = NULL;
		bool covered = true;

		for (size_t i = m.areas; i-- > 0;)
			for (uint64_t pos = r.addr; pos < r.addr + r.size; pos++)
				if (holds(&m.area[i], pos))
					first = &m.area[i];
		for (uint64_t pos = r.addr; pos < r.addr + r.size; pos++)
			covered &= held_by_any(m.area, m.areas, pos);
		assert_ptr_equal(kho_find_overlap(m.area, m.areas, r.addr, r.size), first);
		assert_int_equal(kho_ranges_cover(m.area, m.areas, r.addr, r.size), covered);
	}
}

/* ---- Scratch ------------------------------------------------------------ */

struct wish {
	uint64_t limit, want_low, want;
};

/* The longest free piece, of whole steps, clear of TAKEN. */
static uint64_t best_second(const struct map *m, const struct kho_range *taken)
{
	struct map with = *m;
	uint64_t best = 0;

	with.busy[with.busies++] = *taken;
	for (size_t i = 0; i < m->areas; i++) {
		uint64_t run = 0;

		for (uint64_t pos = KHO_SCRATCH_ALIGN; pos < UNITS * MIB; pos += KHO_SCRATCH_ALIGN) {
			run = fits(&with, &m->area[i], 0, 0, pos, pos + KHO_SCRATCH_ALIGN) ?
			      run + KHO_SCRATCH_ALIGN : 0;
			best = run > best ? run : best;
		}
	}
	return best;
}

/* Whether any two pieces would do. */
static bool plan_exists(const struct map *m, const struct wish *w)
{
	const struct kho_place low = { .min = MIB, .max = w->limit };

	for (uint64_t start = KHO_SCRATCH_ALIGN; start < w->limit; start += KHO_SCRATCH_ALIGN) {
		uint64_t size = KHO_SCRATCH_ALIGN;

		for (; fits_somewhere(m, &low, start, size); size += KHO_SCRATCH_ALIGN) {
			const struct kho_range first = { start, size };

			if (size >= w->want_low &&
			    (size >= w->want || size + best_second(m, &first) >= w->want))
				return true;
		}
	}
	return false;
}

static void check_plan(const struct map *m, const struct wish *w, const struct kho_range ret[2])
{
	const struct kho_place low = { .min = MIB, .max = w->limit }, any = { .min = MIB };
	uint64_t total = ret[0].size + ret[1].size;

	assert_int_equal((ret[0].addr | ret[0].size | ret[1].addr | ret[1].size) %
			 KHO_SCRATCH_ALIGN, 0);
	assert_true(total >= w->want && total < w->want + KHO_SCRATCH_ALIGN);
	assert_true(ret[0].size && ret[0].size >= w->want_low);
	assert_true(fits_somewhere(m, &low, ret[0].addr, ret[0].size));
	if (ret[1].size)
		assert_true(fits_somewhere(m, &any, ret[1].addr, ret[1].size));
	assert_int_equal(kho_scratch_check(ret, 2, m->busy, m->busies), 0);
}

/*
 * Areas apart from each other and not across LIMIT, as RAM and MMIO are on x86.
 * Only then is the largest low piece always the best choice.
 */
static void tidy_areas(struct map *m, uint64_t limit)
{
	for (size_t i = 0; i < m->areas; i++) {
		struct kho_range *area = &m->area[i];

		if (area->addr < limit && area->addr + area->size > limit)
			area->size = limit - area->addr;
		for (size_t j = 0; j < i; j++)
			if (area->addr < m->area[j].addr + m->area[j].size &&
			    m->area[j].addr < area->addr + area->size)
				area->size = 0;
	}
}

static void scratch_plan(void **state)
{
	unsigned int planned = 0, second = 0;
	uint32_t seed = 4;

	(void)state;
	for (unsigned int round = 0; round < 6000; round++) {
		struct map m = random_map(&seed, MIB);
		struct wish w = { .limit = (1 + random_next(&seed) % (UNITS / STEP)) * STEP * MIB };
		struct kho_range ret[2] = { { 42, 42 }, { 42, 42 } };
		int err;

		tidy_areas(&m, w.limit);
		m.busies -= m.busies == RANGES_MAX;	/* room for the first area */
		w.want = 1 + random_u64(&seed) % (24 * MIB);
		w.want_low = random_u64(&seed) % (w.want + 1);
		err = kho_scratch_plan(m.area, m.areas, m.busy, m.busies,
				       WISH(w.limit, w.want_low, w.want), ret);
		assert_int_equal(err, plan_exists(&m, &w) ? 0 : -KHO_ERR_NOSPACE);
		if (err) {
			assert_int_equal(ret[0].addr, 42);
			continue;
		}
		check_plan(&m, &w, ret);
		planned++;
		second += ret[1].size > 0;
	}
	assert_in_range(planned, 500, 5500);
	assert_in_range(second, 50, 500);
}

static void scratch_plan_arguments(void **state)
{
	const struct kho_range ram = { 0, 1ull << 32 };
	struct kho_range ret[2];

	(void)state;
	assert_int_equal(kho_scratch_plan(&ram, 1, NULL, 0, WISH(1ull << 32, 0, 0), ret), -KHO_ERR_INVAL);
	assert_int_equal(kho_scratch_plan(&ram, 1, NULL, 0, WISH(1ull << 32, 2, 1), ret),
			 -KHO_ERR_INVAL);
	assert_int_equal(kho_scratch_plan(&ram, 1, NULL, 0, WISH(MIB, 1, 1), ret), -KHO_ERR_INVAL);
	assert_int_equal(kho_scratch_plan(&ram, 1, NULL, 0, WISH(1ull << 32, 1, UINT64_MAX), ret),
			 -KHO_ERR_INVAL);
	assert_int_equal(kho_scratch_plan(&ram, 1, NULL, 0, WISH(1ull << 32, 1, UINT64_MAX / 2), ret),
			 -KHO_ERR_NOSPACE);
}

/* A version of the struct that is not known. */
static void scratch_plan_other_size(void **state)
{
	const struct kho_range ram = { 16 * MIB, 64 * MIB };
	struct kho_scratch_wish wish = *WISH(0, MIB, MIB);
	const size_t good = wish.struct_size, sizes[] = { 0, good - 1, good + 1, SIZE_MAX };
	struct kho_range ret[2] = { { 42, 42 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		wish.struct_size = sizes[i];
		assert_int_equal(kho_scratch_plan(&ram, 1, NULL, 0, &wish, ret), -KHO_ERR_INVAL);
		assert_int_equal(ret[0].addr, 42);
	}
	/* Without a limit, the top of it all. */
	wish.struct_size = good;
	assert_int_equal(kho_scratch_plan(&ram, 1, NULL, 0, &wish, ret), 0);
	assert_int_equal(ret[0].addr, 76 * MIB);
}

/* One range of RAM across the limit: scratch on both sides of it. */
static void scratch_plan_across_limit(void **state)
{
	const struct kho_range ram = { 16 * MIB, 64 * MIB };
	struct kho_range ret[2];

	(void)state;
	assert_int_equal(kho_scratch_plan(&ram, 1, NULL, 0, WISH(32 * MIB, MIB, 64 * MIB), ret), 0);
	assert_int_equal(ret[0].addr, 16 * MIB);
	assert_int_equal(ret[0].size, 16 * MIB);
	assert_int_equal(ret[1].addr, 32 * MIB);
	assert_int_equal(ret[1].size, 48 * MIB);
}

/* From the top: low memory is what others cannot do without. */
static void scratch_plan_from_top(void **state)
{
	const struct kho_range ram = { 16 * MIB, 64 * MIB }, busy = { 60 * MIB, MIB };
	struct kho_range ret[2];

	(void)state;
	assert_int_equal(kho_scratch_plan(&ram, 1, &busy, 1, WISH(1ull << 32, MIB, 7 * MIB), ret), 0);
	assert_int_equal(ret[0].addr, 52 * MIB);
	assert_int_equal(ret[0].size, 8 * MIB);
	assert_int_equal(ret[1].size, 0);
}

static void scratch_check(void **state)
{
	/* As a 7.3 kernel without memory above 4 GiB has them. */
	const struct kho_range seen[] = { { 0x73800000, 0x8800000 }, { 0x7f800000, 0 },
					  { 0x6d800000, 0x6000000 } };
	const struct kho_range beside[] = { { 0x6d7ff000, 0x1000 }, { 0x7c000000, 0x1000 } };
	const struct kho_range inside = { 0x7bfff000, 0x1000 };
	const struct kho_range twice[] = { { 0x400000, 0x400000 }, { 0x7ff000, 0x400000 } };
	const struct kho_range wraps = { 0x400000, UINT64_MAX }, none = { 0x400000, 0 };
	struct kho_range *many = must_calloc((KHO_EARLY_MAP_MAX / 16 + 1) * sizeof(*many));

	(void)state;
	many[0].size = 1;
	assert_int_equal(kho_scratch_check(seen, 3, beside, 2), 0);
	assert_int_equal(kho_scratch_check(seen, 3, &inside, 1), -KHO_ERR_OVERLAP);
	assert_int_equal(kho_scratch_check(twice, 2, NULL, 0), -KHO_ERR_OVERLAP);
	assert_int_equal(kho_scratch_check(&wraps, 1, NULL, 0), -KHO_ERR_RANGE);
	assert_int_equal(kho_scratch_check(&none, 1, NULL, 0), -KHO_ERR_INVAL);
	assert_int_equal(kho_scratch_check(NULL, 0, NULL, 0), -KHO_ERR_INVAL);
	assert_int_equal(kho_scratch_check(many, KHO_EARLY_MAP_MAX / 16, NULL, 0), 0);
	assert_int_equal(kho_scratch_check(many, KHO_EARLY_MAP_MAX / 16 + 1, NULL, 0),
			 -KHO_ERR_LIMIT);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_top),
		cmocka_unit_test(largest_hole),
		cmocka_unit_test(place_arguments),
		cmocka_unit_test(wraparound),
		cmocka_unit_test(overlap_and_cover),
		cmocka_unit_test(scratch_plan),
		cmocka_unit_test(scratch_plan_arguments),
		cmocka_unit_test(scratch_plan_other_size),
		cmocka_unit_test(scratch_plan_across_limit),
		cmocka_unit_test(scratch_plan_from_top),
		cmocka_unit_test(scratch_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
