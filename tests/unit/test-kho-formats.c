// SPDX-License-Identifier: GPL-2.0-only
/* What a kernel reads, from what its image says. */
#include "kho-formats.h"
#include "unit.h"

/* The strings of kho-abi's release table. */
static const struct kernel_features linux_6_17 = {
	.release = "6.17.8", .kho = "kho-v1", .reserve_mem = true, .preserve_phys = true,
};
static const struct kernel_features linux_7_1 = {
	.release = "7.1.8-kho", .kho = "kho-v3", .reserve_mem = true, .preserve_pages = true,
	.luo = "luo-v1", .luo_session = "luo-session-v2", .luo_flb = "luo-flb-v1",
	.memfd = "memfd-v2",
};

static enum kho_abi v1_form(const char *release, bool phys, bool pages, bool sure)
{
	struct kernel_features f = linux_6_17;
	struct kho_formats formats;

	strcpy(f.release, release);
	f.preserve_phys = phys;
	f.preserve_pages = pages;
	assert_int_equal(formats_of_image(&f, &formats), sure);
	return formats.abi;
}

static void test_fields(void **state)
{
	struct kho_formats formats;

	(void)state;
	memset(&formats, 0xee, sizeof(formats));
	assert_true(formats_of_image(&linux_7_1, &formats));
	assert_int_equal(formats.abi, KHO_ABI_V3);
	assert_true(formats.reserve_mem);
	assert_string_equal(formats.luo, "luo-v1");
	assert_string_equal(formats.luo_session, "luo-session-v2");
	assert_string_equal(formats.luo_flb, "luo-flb-v1");
	assert_string_equal(formats.memfd, "memfd-v2");
	assert_true(formats_of_image(&linux_6_17, &formats));
	assert_string_equal(formats.luo, "");
	assert_string_equal(formats.memfd, "");
}

static void test_no_kho(void **state)
{
	struct kernel_features f = linux_7_1;
	struct kho_formats formats;

	(void)state;
	f.kho_disabled = true;
	assert_true(formats_of_image(&f, &formats));
	assert_int_equal(formats.abi, KHO_ABI_UNKNOWN);
	f = linux_7_1;
	f.kho_ambiguous = true;
	assert_true(formats_of_image(&f, &formats));
	assert_int_equal(formats.abi, KHO_ABI_UNKNOWN);
	f = linux_7_1;
	strcpy(f.kho, "kho-v9");
	assert_true(formats_of_image(&f, &formats));
	assert_int_equal(formats.abi, KHO_ABI_UNKNOWN);
	f.kho[0] = '\0';
	assert_true(formats_of_image(&f, &formats));
	assert_int_equal(formats.abi, KHO_ABI_UNKNOWN);
}

static void test_v1_form(void **state)
{
	(void)state;
	assert_int_equal(v1_form("6.16.12", true, false, true), KHO_ABI_V1_512);
	assert_int_equal(v1_form("6.17.8", true, false, true), KHO_ABI_V1_512);
	assert_int_equal(v1_form("6.17.8-1-amd64", false, false, true), KHO_ABI_V1_512);
	assert_int_equal(v1_form("6.17", true, false, true), KHO_ABI_V1_512);
	assert_int_equal(v1_form("6.17.9", true, false, false), KHO_ABI_V1);
	assert_int_equal(v1_form("6.17.13+deb14", false, false, false), KHO_ABI_V1);
	assert_int_equal(v1_form("6.18.15", false, true, true), KHO_ABI_V1);
	assert_int_equal(v1_form("6.18.15", false, false, true), KHO_ABI_V1);
	assert_int_equal(v1_form("6.19.11", false, false, true), KHO_ABI_V1);
	assert_int_equal(v1_form("7.0.1", false, false, true), KHO_ABI_V1);
	/* Before kho-v1, whatever the rest of the number. */
	assert_int_equal(v1_form("6.15.3", true, false, false), KHO_ABI_V1);
	assert_int_equal(v1_form("5.16.3", true, false, false), KHO_ABI_V1);
	assert_int_equal(v1_form("5.18.0", false, false, false), KHO_ABI_V1);
	/* Exports of both say nothing. */
	assert_int_equal(v1_form("6.17.8", true, true, true), KHO_ABI_V1_512);
	assert_int_equal(v1_form("6.18.0", true, true, true), KHO_ABI_V1);
	/* A name that says nothing, and exports that do. */
	assert_int_equal(v1_form("", false, true, true), KHO_ABI_V1);
	assert_int_equal(v1_form("", false, false, false), KHO_ABI_V1);
	assert_int_equal(v1_form("next-20250901", true, false, false), KHO_ABI_V1);
	/* Exports of a 6.17 under the name of a later release. */
	assert_int_equal(v1_form("6.18.0", true, false, false), KHO_ABI_V1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_kho),
		cmocka_unit_test(test_v1_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
