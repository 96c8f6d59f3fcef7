// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "request.h"
#include "unit.h"

#define NAME_63	"a12345678901234567890123456789012345678901234567890123456789012"

static struct request rq;

static int setup(void **state)
{
	(void)state;
	memset(&rq, 0, sizeof(rq));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	request_free(&rq);
	return 0;
}

static void regions(void **state)
{
	static const struct kho_region want[] = {
		{ "pool", 0x140000000, 0x200000 },
		{ "a.b_c+d-e", 4ull << 30, 2 << 20 },
		{ "fifteen-letters", 1, UINT64_MAX - 1 },
		{ "zero", 0, 1 },
	};

	(void)state;
	assert_int_equal(request_add_region(&rq, "pool=0x140000000,0x200000"), 0);
	assert_int_equal(request_add_region(&rq, "a.b_c+d-e=4G,2M"), 0);
	assert_int_equal(request_add_region(&rq, "fifteen-letters=1,18446744073709551614"), 0);
	assert_int_equal(request_add_region(&rq, "zero=0,1"), 0);
	assert_int_equal(rq.region_count, ARRAY_SIZE(want));
	assert_memory_equal(rq.region, want, sizeof(want));
}

static void bad_regions(void **state)
{
	static const char *const bad[] = { "", "pool", "pool=", "=1,1", "pool=1", "pool=1,", "pool=,1",
		"pool=1,0", "pool=1,1,", "pool=1,1x", "pool=1:1", "pool=2,18446744073709551615",
		"pool=-1,1", "pool= 1,1", "a b=1,1", "a@1=1,1", "a/b=1,1", "a,b=1,1", ".=1,1",
		"all=1,1",
		"sixteen-letters-=1,1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(request_add_region(&rq, bad[i]), -1);
	assert_int_equal(rq.region_count, 0);
}

static void many_regions(void **state)
{
	char value[32];

	(void)state;
	for (unsigned int i = 0; i <= KHO_REGIONS_MAX; i++) {
		snprintf(value, sizeof(value), "r%u=%u,1", i, i);
		assert_int_equal(request_add_region(&rq, value), i < KHO_REGIONS_MAX ? 0 : -1);
	}
	assert_int_equal(rq.region_count, KHO_REGIONS_MAX);
}

static void blobs(void **state)
{
	(void)state;
	assert_int_equal(request_add_blob(&rq, "conf=/etc/fstab"), 0);
	assert_int_equal(request_add_blob(&rq, "a.b=-"), 0);
	assert_int_equal(request_add_blob(&rq, NAME_63 "=x=y"), 0);
	assert_int_equal(rq.blob_count, 3);
	assert_string_equal(rq.blob[0].name, "conf");
	assert_string_equal(rq.blob[0].path, "/etc/fstab");
	assert_string_equal(rq.blob[1].name, "a.b");
	assert_string_equal(rq.blob[2].name, NAME_63);
	assert_string_equal(rq.blob[2].path, "x=y");
}

static void bad_blobs(void **state)
{
	static const char *const bad[] = { "", "conf", "conf=", "=file", "a b=file", "..=file",
					   "a,b=file", "all=file",
					   NAME_63 "x=file" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(request_add_blob(&rq, bad[i]), -1);
	assert_int_equal(rq.blob_count, 0);
}

static void many_blobs(void **state)
{
	char value[32];

	(void)state;
	for (unsigned int i = 0; i <= BLOBS_MAX; i++) {
		snprintf(value, sizeof(value), "b%u=file", i);
		assert_int_equal(request_add_blob(&rq, value), i < BLOBS_MAX ? 0 : -1);
	}
	assert_int_equal(rq.blob_count, BLOBS_MAX);
}

static void names_twice(void **state)
{
	(void)state;
	assert_int_equal(request_add_region(&rq, "a=1,1"), 0);
	assert_int_equal(request_add_region(&rq, "a=2,2"), -1);
	assert_int_equal(request_add_blob(&rq, "a=file"), -1);
	assert_int_equal(request_add_blob(&rq, "b=file"), 0);
	assert_int_equal(request_add_blob(&rq, "b=file"), -1);
	assert_int_equal(request_add_region(&rq, "b=3,3"), -1);
	assert_int_equal(rq.region_count, 1);
	assert_int_equal(rq.blob_count, 1);
}

static void name_sets(void **state)
{
	(void)state;
	assert_false(name_set_has(&rq.verify, "a"));
	assert_int_equal(request_add_verify(&rq, "a,b"), 0);
	assert_int_equal(request_add_verify(&rq, "c"), 0);
	assert_int_equal(rq.verify.count, 3);
	assert_true(name_set_has(&rq.verify, "b"));
	assert_true(name_set_has(&rq.verify, "c"));
	assert_false(name_set_has(&rq.verify, "d"));
	assert_false(rq.verify.all);
	assert_int_equal(request_add_verify(&rq, "d,all"), 0);
	assert_true(rq.verify.all);
	assert_true(name_set_has(&rq.verify, "anything"));
	assert_int_equal(rq.verify.count, 4);
}

static void sealed_names(void **state)
{
	(void)state;
	assert_int_equal(request_add_verify(&rq, "a,b:seal,c:load"), 0);
	assert_int_equal(rq.verify.count, 1);
	assert_int_equal(rq.load.count, 1);
	assert_int_equal(rq.seal.count, 1);
	assert_true(name_set_names(&rq.load, "c") && name_set_names(&rq.seal, "b"));
	assert_int_equal(request_add_verify(&rq, "c"), -1);
	assert_int_equal(request_add_verify(&rq, "c:seal"), -1);
	assert_int_equal(request_add_verify(&rq, "a:load"), -1);
	assert_int_equal(request_add_verify(&rq, "c:load"), 0);
	assert_int_equal(request_add_verify(&rq, "a:seal"), -1);
	assert_int_equal(request_add_verify(&rq, "b"), -1);
	assert_int_equal(request_add_verify(&rq, "b:seal"), 0);
	assert_int_equal(request_add_verify(&rq, "all:seal"), 0);
	assert_true(rq.seal.all && !rq.verify.all);
	assert_int_equal(request_add_verify(&rq, "all"), -1);
	assert_int_equal(request_add_verify(&rq, "all:load"), -1);
	/* A name of its own stays what it is. */
	assert_true(name_set_names(&rq.verify, "a") && !name_set_names(&rq.seal, "a"));
	assert_int_equal(request_add_carry(&rq, "a:seal"), 0);
	assert_true(name_set_names(&rq.carry, "a:seal"));
}

static void bad_name_sets(void **state)
{
	static const char *const bad[] = { "", ",", "a,", ",a", "a,,b", ":seal", "a:", "a:sealed",
					   "a:seal:load", "a:SEAL", ":" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(request_add_verify(&rq, bad[i]), -1);
}

static void carry(void **state)
{
	(void)state;
	assert_int_equal(request_add_carry(&rq, "a"), 0);
	assert_false(rq.carry.all);
	assert_int_equal(request_add_carry(&rq, NULL), 0);
	assert_true(rq.carry.all);
	assert_int_equal(request_add_carry(&rq, ""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(regions, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(many_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(blobs, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_blobs, setup, teardown),
		cmocka_unit_test_setup_teardown(many_blobs, setup, teardown),
		cmocka_unit_test_setup_teardown(names_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(name_sets, setup, teardown),
		cmocka_unit_test_setup_teardown(sealed_names, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_name_sets, setup, teardown),
		cmocka_unit_test_setup_teardown(carry, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
