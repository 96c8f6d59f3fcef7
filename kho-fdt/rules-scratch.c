/* SPDX-License-Identifier: GPL-2.0-only */
/* Scratch areas. */
#include "arch.h"
#include "rules-private.h"

#define SCRATCH_AREA_ALIGN	(2ull << 20)	/* of readers: a pageblock, for CMA */

void check_scratch_size(const struct doc *doc, struct rule_outcome *o)
{
	uint64_t bytes = (uint64_t)doc->source->scratch_count * sizeof(struct kho_range);

	if (bytes > KHO_EARLY_MAP_MAX)
		broken(o, "%zu areas take %llu bytes", doc->source->scratch_count, ULL(bytes));
}

void check_scratch_usable(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->source->scratch_count; i++)
		if (doc->source->scratch[i].size)
			return;
	broken(o, "all %zu are empty", doc->source->scratch_count);
}

static void each_area(const struct doc *doc, struct rule_outcome *o,
		      bool (*bad)(const struct doc *doc, size_t index), const char *what)
{
	const struct source *s = doc->source;

	for (size_t i = 0; i < s->scratch_count; i++)
		if (s->scratch[i].size && bad(doc, i))
			broken(o, "area %zu, 0x%llx and 0x%llx bytes, %s", i,
			       ULL(s->scratch[i].addr), ULL(s->scratch[i].size), what);
}

static bool area_wraps(const struct doc *doc, size_t i)
{
	const struct kho_range *area = &doc->source->scratch[i];

	return area->size > UINT64_MAX - area->addr;
}

void check_scratch_range(const struct doc *doc, struct rule_outcome *o)
{
	each_area(doc, o, area_wraps, "wraps around");
}

static bool area_overlaps(const struct doc *doc, size_t i)
{
	const struct kho_range *area = doc->source->scratch;

	return kho_find_overlap(area, i, area[i].addr, area[i].size) != NULL;
}

void check_scratch_apart(const struct doc *doc, struct rule_outcome *o)
{
	each_area(doc, o, area_overlaps, "overlaps one before it");
}

/* Up to 6.19 kernels leave sizes of the command line as they are. */
static bool area_odd(const struct doc *doc, size_t i)
{
	const struct kho_range *area = &doc->source->scratch[i];
	bool sized = doc->root_err || kho_abi_sized(doc->root.abi);

	return area->addr % SCRATCH_AREA_ALIGN || (sized && area->size % SCRATCH_AREA_ALIGN);
}

void check_scratch_aligned(const struct doc *doc, struct rule_outcome *o)
{
	each_area(doc, o, area_odd, "does not");
}

void check_scratch_low(const struct doc *doc, struct rule_outcome *o)
{
	const struct kho_range *area = doc->source->scratch;

	if (doc->source->scratch_count && area->size &&
	    (area->addr > LIMIT_4G || area->size > LIMIT_4G - area->addr))
		broken(o, "it is at 0x%llx, 0x%llx bytes", ULL(area->addr), ULL(area->size));
}

/* The next kernel reserves it, but KASLR, which comes first, may put the kernel there. */
void check_scratch_array(const struct doc *doc, struct rule_outcome *o)
{
	const struct source *s = doc->source;
	uint64_t size = s->scratch_count * sizeof(struct kho_range);

	if (unprotected(doc, o, s->scratch_addr, size))
		broken(o, "it is at 0x%llx, %llu bytes", ULL(s->scratch_addr), ULL(size));
}

static bool area_no_ram(const struct doc *doc, size_t i)
{
	return outside_ram(doc, &doc->source->scratch[i]);
}

void check_scratch_ram(const struct doc *doc, struct rule_outcome *o)
{
	each_area(doc, o, area_no_ram, "is not all RAM");
}
