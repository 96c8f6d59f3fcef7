/* SPDX-License-Identifier: GPL-2.0-only */
/* Scratch areas. */
#include "arch.h"
#include "rules-private.h"

#define SCRATCH_AREA_ALIGN	(2ull << 20)	/* of readers: a pageblock, for CMA */

void check_scratch_size(const struct decoded *decoded, struct rule_outcome *o)
{
	uint64_t bytes = (uint64_t)decoded->source->scratch_count * sizeof(struct kho_range);

	if (bytes > KHO_EARLY_MAP_MAX)
		broken(o, "%zu areas take %llu bytes", decoded->source->scratch_count, ULL(bytes));
}

void check_scratch_usable(const struct decoded *decoded, struct rule_outcome *o)
{
	for (size_t i = 0; i < decoded->source->scratch_count; i++)
		if (decoded->source->scratch[i].size)
			return;
	broken(o, "all %zu are empty", decoded->source->scratch_count);
}

static void each_area(const struct decoded *decoded, struct rule_outcome *o,
		      bool (*bad)(const struct decoded *decoded, size_t index), const char *what)
{
	const struct source *s = decoded->source;

	for (size_t i = 0; i < s->scratch_count; i++)
		if (s->scratch[i].size && bad(decoded, i))
			broken(o, "area %zu, 0x%llx and 0x%llx bytes, %s", i,
			       ULL(s->scratch[i].addr), ULL(s->scratch[i].size), what);
}

static bool area_wraps(const struct decoded *decoded, size_t i)
{
	const struct kho_range *area = &decoded->source->scratch[i];

	return area->size > UINT64_MAX - area->addr;
}

void check_scratch_range(const struct decoded *decoded, struct rule_outcome *o)
{
	each_area(decoded, o, area_wraps, "wraps around");
}

static bool area_overlaps(const struct decoded *decoded, size_t i)
{
	const struct kho_range *area = decoded->source->scratch;

	return kho_find_overlap(area, i, area[i].addr, area[i].size) != NULL;
}

void check_scratch_apart(const struct decoded *decoded, struct rule_outcome *o)
{
	each_area(decoded, o, area_overlaps, "overlaps one before it");
}

/* Up to 6.19 kernels do not round sizes from the command line. */
static bool area_odd(const struct decoded *decoded, size_t i)
{
	const struct kho_range *area = &decoded->source->scratch[i];
	bool sized = decoded->root_err || kho_abi_sized(decoded->root.abi);

	return area->addr % SCRATCH_AREA_ALIGN || (sized && area->size % SCRATCH_AREA_ALIGN);
}

void check_scratch_aligned(const struct decoded *decoded, struct rule_outcome *o)
{
	each_area(decoded, o, area_odd, "does not");
}

void check_scratch_low(const struct decoded *decoded, struct rule_outcome *o)
{
	const struct kho_range *area = decoded->source->scratch;

	if (decoded->source->scratch_count && area->size &&
	    (area->addr > LIMIT_4G || area->size > LIMIT_4G - area->addr))
		broken(o, "it is at 0x%llx, 0x%llx bytes", ULL(area->addr), ULL(area->size));
}

/* The next kernel reserves it, but KASLR runs earlier and may put the kernel there. */
void check_scratch_array(const struct decoded *decoded, struct rule_outcome *o)
{
	const struct source *s = decoded->source;
	uint64_t size = s->scratch_count * sizeof(struct kho_range);

	if (unprotected(decoded, o, s->scratch_addr, size))
		broken(o, "it is at 0x%llx, %llu bytes", ULL(s->scratch_addr), ULL(size));
}

static bool area_no_ram(const struct decoded *decoded, size_t i)
{
	return outside_ram(decoded, &decoded->source->scratch[i]);
}

void check_scratch_ram(const struct decoded *decoded, struct rule_outcome *o)
{
	each_area(decoded, o, area_no_ram, "is not all RAM");
}
