// SPDX-License-Identifier: GPL-2.0-only
/* Segments of an image: whole pages, clear of each other, and only so many. */
#include "arch.h"
#include "segments.h"
#include "unit.h"

#define BASE	0x10000000ull

static const struct kho_place anywhere = { .align = PAGE_SIZE };

static int place(struct segments *s, uint64_t size, uint64_t room)
{
	const struct kho_range area = { BASE, room };
	struct segment *segment = NULL;
	int err = segments_place(s, "piece", size, &area, 1, anywhere, &segment);

	if (err)
		return err;
	assert_ptr_equal(segment, &s->list[s->count - 1]);
	assert_string_equal(segment->name, "piece");
	assert_null(segment->buf);
	return 0;
}

static void from_the_top(void **state)
{
	struct segments s = { .count = 0 };

	(void)state;
	assert_int_equal(segments_total(&s), 0);
	assert_int_equal(place(&s, 1, 4 * PAGE_SIZE), 0);
	assert_int_equal(place(&s, PAGE_SIZE, 4 * PAGE_SIZE), 0);
	assert_int_equal(place(&s, PAGE_SIZE + 1, 4 * PAGE_SIZE), 0);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.list[0].addr, BASE + 3 * PAGE_SIZE);
	assert_int_equal(s.list[0].size, PAGE_SIZE);
	assert_int_equal(s.list[1].addr, BASE + 2 * PAGE_SIZE);
	assert_int_equal(s.list[1].size, PAGE_SIZE);
	assert_int_equal(s.list[2].addr, BASE);
	assert_int_equal(s.list[2].size, 2 * PAGE_SIZE);
	assert_int_equal(segments_total(&s), 4 * PAGE_SIZE);
	assert_int_equal(place(&s, 1, 4 * PAGE_SIZE), -KHO_ERR_NOSPACE);
	assert_int_equal(s.count, 3);
}

static void as_many_as_a_kernel_takes(void **state)
{
	struct segments s = { .count = 0 };

	(void)state;
	assert_int_equal(SEGMENTS_MAX, 16);	/* KEXEC_SEGMENT_MAX */
	for (unsigned int i = 0; i < SEGMENTS_MAX; i++)
		assert_int_equal(place(&s, 1, 100 * PAGE_SIZE), 0);
	assert_int_equal(place(&s, 1, 100 * PAGE_SIZE), -KHO_ERR_LIMIT);
	assert_int_equal(s.count, SEGMENTS_MAX);
	for (unsigned int i = 0; i < SEGMENTS_MAX; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(s.list[i].addr, s.list[j].addr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_top),
		cmocka_unit_test(as_many_as_a_kernel_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
