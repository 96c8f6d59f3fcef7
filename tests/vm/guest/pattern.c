// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"

/* Finaliser of splitmix64. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* The seed is mixed first: seeds 1 and 2 must not give shifted copies. */
static uint64_t word(uint64_t mixed_seed, uint64_t pos)
{
	return mix(mixed_seed + (pos / 8 + 1) * 0x9e3779b97f4a7c15ull);
}

void pattern_fill(void *buf, size_t len, uint64_t seed, uint64_t pos)
{
	const uint64_t mixed = mix(seed + 1);
	char *p = buf;

	for (; len >= 8; len -= 8, p += 8, pos += 8) {
		uint64_t w = word(mixed, pos);

		memcpy(p, &w, 8);
	}
	if (len) {
		uint64_t w = word(mixed, pos);

		memcpy(p, &w, len);
	}
}

static void compare_bytes(const char *p, uint64_t want, size_t len, uint64_t pos,
			  struct pattern_diff *diff)
{
	const char *expected = (const char *)&want;

	for (size_t i = 0; i < len; i++) {
		if (p[i] == expected[i])
			continue;
		if (!diff->count++)
			diff->first = pos + i;
	}
}

void pattern_compare(const void *buf, size_t len, uint64_t seed, uint64_t pos,
		     struct pattern_diff *diff)
{
	const uint64_t mixed = mix(seed + 1);
	const char *p = buf;

	for (; len >= 8; len -= 8, p += 8, pos += 8) {
		uint64_t have, want = word(mixed, pos);

		memcpy(&have, p, 8);
		if (have != want)
			compare_bytes(p, want, 8, pos, diff);
	}
	if (len)
		compare_bytes(p, word(mixed, pos), len, pos, diff);
}

int pattern_report(const struct pattern_diff *diff, uint64_t size, uint64_t seed)
{
	if (!diff->count) {
		printf("equal: %" PRIu64 " bytes, seed %" PRIu64 "\n", size, seed);
		return 0;
	}
	printf("differs: seed %" PRIu64 ", first at offset 0x%" PRIx64 ", %" PRIu64
	       " of %" PRIu64 " bytes\n", seed, diff->first, diff->count, size);
	return 1;
}
