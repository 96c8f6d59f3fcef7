// SPDX-License-Identifier: GPL-2.0-only
#include "number.h"
#include "unit.h"

static void good_u64(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{ "0", 0 },
		{ "42", 42 },
		{ "0x1f", 0x1f },
		{ "0XFF", 0xff },
		{ "010", 8 },
		{ "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffff", UINT64_MAX },
		{ "0000000000000000000000000000017", 15 },
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(parse_u64(good[i].text, &value));
		assert_int_equal(value, good[i].value);
	}
}

static void bad_u64(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "-0", "1k", "0x", "0xg", "08",
					   "18446744073709551616", "0x10000000000000000", "1\n", "a" };
	uint64_t value = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(parse_u64(bad[i], &value));
	assert_int_equal(value, 42);
}

static void good_size(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
		const char *rest;
	} good[] = {
		{ "0", 0, "" },
		{ "1k", 1ull << 10, "" },
		{ "1K", 1ull << 10, "" },
		{ "3M:x", 3ull << 20, ":x" },
		{ "2g,", 2ull << 30, "," },
		{ "1T", 1ull << 40, "" },
		{ "1p", 1ull << 50, "" },
		{ "15E", 15ull << 60, "" },
		{ "0xffK", 0xff << 10, "" },
		{ "0x1e", 0x1e, "" },
		{ "1KK", 1ull << 10, "K" },
		{ "7 K", 7, " K" },
		{ "18446744073709551615", UINT64_MAX, "" },
		{ "18014398509481983K", (UINT64_MAX >> 10) << 10, "" },
	};
	const char *rest;
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(parse_size(good[i].text, &rest, &value));
		assert_int_equal(value, good[i].value);
		assert_string_equal(rest, good[i].rest);
	}
}

static void bad_size(void **state)
{
	static const char *const bad[] = { "", "K", "-1K", " 1K", "16E", "18014398509481984K",
					   "18446744073709551616", "99999999999999999999999M" };
	const char *rest = NULL;
	uint64_t value = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(parse_size(bad[i], &rest, &value));
	assert_int_equal(value, 42);
	assert_null(rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_u64),
		cmocka_unit_test(bad_u64),
		cmocka_unit_test(good_size),
		cmocka_unit_test(bad_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
