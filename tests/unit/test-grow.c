// SPDX-License-Identifier: GPL-2.0-only
/* Arrays grow by doubling, up to a limit, and stay as they are if they cannot. */
#include "grow.h"
#include "unit.h"

/* What was there stays there, and COUNT single steps cost few reallocations. */
static void one_by_one(void **state)
{
	size_t room = 0, moves = 0, count = 100000;
	uint32_t *list = NULL;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		size_t before = room;

		list = grow(list, &room, i + 1, SIZE_MAX, sizeof(*list));
		assert_non_null(list);
		assert_true(room > i);
		if (room != before) {
			assert_true(room >= 2 * before);
			moves++;
		}
		list[i] = (uint32_t)i;
	}
	assert_in_range(moves, 1, 12);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i], i);
	free(list);
}

/* As much as is asked for, where that is more than twice. */
static void by_a_leap(void **state)
{
	size_t room = 0;
	char *list = grow(NULL, &room, 100000, SIZE_MAX, 1);

	(void)state;
	assert_non_null(list);
	assert_int_equal(room, 100000);
	list = grow(list, &room, 500000, SIZE_MAX, 1);
	assert_non_null(list);
	assert_int_equal(room, 500000);
	memset(list, 1, room);
	/* There already. */
	assert_ptr_equal(grow(list, &room, 7, SIZE_MAX, 1), list);
	assert_int_equal(room, 500000);
	free(list);
}

static void up_to_the_limit(void **state)
{
	size_t room = 0;
	uint64_t *list = grow(NULL, &room, 600, 1000, sizeof(*list));

	(void)state;
	assert_int_equal(room, 600);
	list = grow(list, &room, 601, 1000, sizeof(*list));
	assert_non_null(list);
	assert_int_equal(room, 1000);
	memset(list, 1, 1000 * sizeof(*list));
	assert_null(grow(list, &room, 1001, 1000, sizeof(*list)));
	assert_int_equal(room, 1000);
	assert_int_equal(list[999], 0x0101010101010101);
	free(list);
	/* The first room is below a low limit too. */
	room = 0;
	list = grow(NULL, &room, 1, 3, sizeof(*list));
	assert_non_null(list);
	assert_int_equal(room, 3);
	free(list);
}

/* A size in bytes that would wrap around. */
static void no_overflow(void **state)
{
	size_t room = 4;
	uint64_t *list = must_calloc(4 * sizeof(*list));

	(void)state;
	assert_null(grow(list, &room, SIZE_MAX / sizeof(*list) + 1, SIZE_MAX, sizeof(*list)));
	assert_null(grow(list, &room, SIZE_MAX, SIZE_MAX, sizeof(*list)));
	assert_int_equal(room, 4);
	list[3] = 1;
	free(list);
	/* Of elements larger than the first room. */
	room = 0;
	list = grow(NULL, &room, 1, SIZE_MAX, 5000);
	assert_non_null(list);
	assert_int_equal(room, 1);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(by_a_leap),
		cmocka_unit_test(up_to_the_limit),
		cmocka_unit_test(no_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
