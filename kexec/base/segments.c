/* SPDX-License-Identifier: GPL-2.0-only */
#include "arch.h"
#include "segments.h"

int segments_place(struct segments *s, const char *name, uint64_t size,
		   const struct kho_range *area, size_t areas, struct kho_place place,
		   struct segment **ret)
{
	struct kho_range busy[SEGMENTS_MAX];
	uint64_t addr;
	int err;

	if (s->count == SEGMENTS_MAX)
		return -KHO_ERR_LIMIT;
	for (size_t i = 0; i < s->count; i++)
		busy[i] = (struct kho_range){ s->list[i].addr, s->list[i].size };
	place.size = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	err = kho_place_top(area, areas, busy, s->count, &place, &addr);
	if (err)
		return err;
	s->list[s->count] = (struct segment){ .name = name, .addr = addr, .size = place.size };
	*ret = &s->list[s->count++];
	return 0;
}

uint64_t segments_total(const struct segments *s)
{
	uint64_t total = 0;

	for (size_t i = 0; i < s->count; i++)
		total += s->list[i].size;
	return total;
}
