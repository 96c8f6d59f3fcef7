// SPDX-License-Identifier: GPL-2.0-only
/* Which kernel can read what of which other one: the table of releases, pair by pair. */
#include "preflight.h"
#include "unit.h"

/* What the images of these releases say; kho-abi's table of versions. */
static const struct preflight_kernel no_kho = { .form_sure = true };
static const struct preflight_kernel unknown = { .form_sure = true, .kho = true };
static const struct preflight_kernel v6_17 = {
	{ KHO_ABI_V1_512, true, "", "", "", "" }, true, true };
static const struct preflight_kernel v6_17_13 = {
	{ KHO_ABI_V1, true, "", "", "", "" }, false, true };
static const struct preflight_kernel v6_18 = {
	{ KHO_ABI_V1, true, "", "", "", "" }, true, true };
static const struct preflight_kernel v6_19 = {
	{ KHO_ABI_V1, true, "luo-v1", "luo-session-v2", "", "memfd-v1" }, true, true };
static const struct preflight_kernel v7_1 = {
	{ KHO_ABI_V3, true, "luo-v1", "luo-session-v2", "luo-flb-v1", "memfd-v2" }, true, true };
static const struct preflight_kernel v7_2 = {
	{ KHO_ABI_V4, true, "luo-v5", "", "", "memfd-v2" }, true, true };
static const struct preflight_kernel no_regions = {
	{ KHO_ABI_V4, false, "", "", "", "" }, true, true };

static const struct preflight_kernel v2 = {
	{ KHO_ABI_V2, true, "luo-v1", "luo-session-v2", "luo-flb-v1", "memfd-v2" }, true, true };

static const struct preflight_load regions = { .node = { { KHO_NODE_MEMBLOCK, false } },
					       .nodes = 1 };

static struct preflight compare(const struct preflight_kernel *from,
			      const struct preflight_kernel *to, bool sessions)
{
	const struct preflight_load load = {
		{ { KHO_NODE_MEMBLOCK, false }, { KHO_NODE_METADATA, true }, { KHO_NODE_LUO, true },
		  { "state", false } }, 4, sessions, 0 };
	struct preflight p;

	preflight_compare(from, to, &load, &p);
	return p;
}

static enum preflight_result result(const struct preflight_kernel *from,
				    const struct preflight_kernel *to, bool sessions)
{
	return compare(from, to, sessions).result;
}

static void test_same(void **state)
{
	(void)state;
	assert_int_equal(result(&v7_2, &v7_2, true), PREFLIGHT_NATIVE);
	assert_int_equal(result(&v7_1, &v7_1, true), PREFLIGHT_NATIVE);
	assert_int_equal(compare(&v7_2, &v7_2, true).count, 5);
	assert_false(compare(&v7_2, &v7_2, true).built);
}

static void test_translated(void **state)
{
	struct preflight p;

	(void)state;
	preflight_compare(&v6_18, &v7_2, &regions, &p);
	assert_int_equal(p.result, PREFLIGHT_TRANSLATED);
	assert_int_equal(p.part[0].verdict.fate, KHO_FATE_TRANSLATED);
	assert_non_null(p.part[0].verdict.reason);
	preflight_compare(&v6_17, &v6_18, &regions, &p);
	assert_int_equal(p.result, PREFLIGHT_TRANSLATED);
	/* A node can be left out without a loss, but then the root FDT is written again. */
	assert_int_equal(result(&v7_2, &v6_18, false), PREFLIGHT_TRANSLATED);
	assert_int_equal(result(&v7_1, &v7_2, false), PREFLIGHT_TRANSLATED);
}

/* One of two kernels of kho-v1 does not say which form it has. */
static void test_form_unknown(void **state)
{
	struct preflight p;

	(void)state;
	preflight_compare(&v6_17_13, &v6_18, &regions, &p);
	assert_int_equal(p.result, PREFLIGHT_TRANSLATED);
	preflight_compare(&v6_18, &v6_17_13, &regions, &p);
	assert_int_equal(p.result, PREFLIGHT_TRANSLATED);
	preflight_compare(&v6_18, &v6_18, &regions, &p);
	assert_int_equal(p.result, PREFLIGHT_NATIVE);
}

static void test_partly(void **state)
{
	struct preflight p = compare(&v7_1, &v7_2, true);

	(void)state;
	assert_int_equal(p.result, PREFLIGHT_PARTLY);
	assert_string_equal(p.part[3].name, KHO_NODE_LUO);
	assert_int_equal(p.part[3].verdict.fate, KHO_FATE_REFUSED);
	assert_int_equal(p.part[4].verdict.fate, KHO_FATE_NATIVE);
	assert_int_equal(result(&v6_19, &v7_1, true), PREFLIGHT_PARTLY);
	assert_int_equal(result(&v7_2, &v6_18, true), PREFLIGHT_PARTLY);
	assert_int_equal(result(&v7_2, &no_regions, false), PREFLIGHT_PARTLY);
}

static void test_unreadable(void **state)
{
	(void)state;
	assert_int_equal(result(&v7_2, &no_kho, false), PREFLIGHT_UNREADABLE);
	assert_int_equal(result(&v7_2, &unknown, false), PREFLIGHT_UNREADABLE);
	assert_int_equal(result(&unknown, &v7_2, false), PREFLIGHT_UNREADABLE);
	assert_non_null(compare(&v7_2, &no_kho, false).part[0].verdict.reason);
}

/* "kexec --kho" refuses a kernel of kho-v2. */
static void test_v2(void **state)
{
	(void)state;
	assert_int_equal(result(&v7_1, &v2, false), PREFLIGHT_UNREADABLE);
	assert_int_equal(result(&v2, &v2, false), PREFLIGHT_UNREADABLE);
	assert_int_equal(result(&no_kho, &v2, false), PREFLIGHT_UNREADABLE);
	assert_non_null(strstr(compare(&v7_1, &v2, false).part[0].verdict.reason, "kho-v2"));
	assert_int_equal(result(&v2, &v7_1, false), PREFLIGHT_TRANSLATED);
}

/* What is no device tree is read by kernels with sizes alone. */
static void test_raw_node(void **state)
{
	const struct preflight_load load = { .node = { { "raw", true } }, .nodes = 1 };
	struct preflight p;

	(void)state;
	preflight_compare(&v7_2, &v7_1, &load, &p);
	assert_int_equal(p.result, PREFLIGHT_TRANSLATED);
	preflight_compare(&v7_2, &v6_18, &load, &p);
	assert_int_equal(p.result, PREFLIGHT_PARTLY);
	assert_int_equal(p.part[1].verdict.fate, KHO_FATE_REFUSED);
}

/* Up to 7.1 kernels reserve 1 GiB in one block; what they wrote themselves is not looked at. */
static void test_large_block(void **state)
{
	struct preflight_load load = regions;
	struct preflight p;

	(void)state;
	load.order = 18;
	preflight_compare(&v7_2, &v7_1, &load, &p);
	assert_int_equal(p.result, PREFLIGHT_TRANSLATED);
	load.order = 19;
	preflight_compare(&v7_2, &v7_1, &load, &p);
	assert_int_equal(p.result, PREFLIGHT_UNREADABLE);
	preflight_compare(&v7_1, &v7_2, &load, &p);
	assert_int_equal(p.result, PREFLIGHT_TRANSLATED);
	preflight_compare(&v7_1, &v7_1, &load, &p);
	assert_int_equal(p.result, PREFLIGHT_NATIVE);
}

/* Without KHO in the first kernel only the second counts. */
static void test_built(void **state)
{
	struct preflight p = compare(&no_kho, &v7_2, false);

	(void)state;
	assert_true(p.built);
	assert_int_equal(p.result, PREFLIGHT_NATIVE);
	assert_string_equal(p.part[1].name, KHO_NODE_MEMBLOCK);
	assert_string_equal(p.part[2].name, KHO_NODE_METADATA);
	assert_int_equal(compare(&no_kho, &v6_17, false).count, 3);
	assert_int_equal(result(&no_kho, &v6_17_13, false), PREFLIGHT_NATIVE);
	assert_int_equal(result(&no_kho, &no_regions, false), PREFLIGHT_PARTLY);
	assert_int_equal(result(&no_kho, &no_kho, false), PREFLIGHT_UNREADABLE);
	assert_int_equal(result(&no_kho, &unknown, false), PREFLIGHT_UNREADABLE);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(preflight_fate_name(KHO_FATE_NATIVE), "native");
	assert_string_equal(preflight_fate_name(KHO_FATE_TRANSLATED), "translated");
	assert_string_equal(preflight_fate_name(KHO_FATE_DROPPED), "dropped");
	assert_string_equal(preflight_fate_name(KHO_FATE_REFUSED), "refused");
	assert_string_equal(preflight_result_name(PREFLIGHT_NATIVE), "native");
	assert_string_equal(preflight_result_name(PREFLIGHT_TRANSLATED), "translated");
	assert_string_equal(preflight_result_name(PREFLIGHT_PARTLY), "partly");
	assert_string_equal(preflight_result_name(PREFLIGHT_UNREADABLE), "unreadable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_translated),
		cmocka_unit_test(test_form_unknown),
		cmocka_unit_test(test_partly),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_raw_node),
		cmocka_unit_test(test_large_block),
		cmocka_unit_test(test_built),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
