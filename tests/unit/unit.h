/* SPDX-License-Identifier: GPL-2.0-only */
/* What every unit test includes. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Reproducible, and the same everywhere. */
static inline uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static inline uint64_t random_u64(uint32_t *state)
{
	uint64_t high = random_next(state), middle = random_next(state);

	return high << 48 ^ middle << 24 ^ random_next(state);
}

static inline void *must_calloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	assert_non_null(p);
	return p;
}

/* A copy of its own size, so that the sanitizer sees reads past it. */
static inline void *must_copy(const void *from, size_t size)
{
	void *p = must_calloc(size);

	memcpy(p, from, size);
	return p;
}

#endif
