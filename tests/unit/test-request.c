// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "request.h"
#include "said.h"
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

/* Each differs in one thing from "pool=1,1", which is accepted. */
static void bad_regions(void **state)
{
	static const struct {
		const char *value, *why;
	} bad[] = {
		{ "", "needs NAME= and" },
		{ "pool", "needs NAME= and" },
		{ "=1,1", "needs NAME= and" },
		{ "pool=", "needs NAME=ADDR,SIZE" },
		{ "pool=1", "needs NAME=ADDR,SIZE" },
		{ "pool=1,", "needs NAME=ADDR,SIZE" },
		{ "pool=,1", "needs NAME=ADDR,SIZE" },
		{ "pool=1,1,", "needs NAME=ADDR,SIZE" },
		{ "pool=1,1x", "needs NAME=ADDR,SIZE" },
		{ "pool=1:1", "needs NAME=ADDR,SIZE" },
		{ "pool=-1,1", "needs NAME=ADDR,SIZE" },
		{ "pool= 1,1", "needs NAME=ADDR,SIZE" },
		{ "pool=1,0", "no memory can have this address and size" },
		{ "pool=2,18446744073709551614", "no memory can have this address and size" },
		{ "a b=1,1", "cannot be a name" },
		{ "a@1=1,1", "cannot be a name" },
		{ "a/b=1,1", "cannot be a name" },
		{ "a,b=1,1", "cannot be a name" },
		{ ".=1,1", "cannot be a name" },
		{ "all=1,1", "cannot be a name" },
		{ "sixteen-letters-=1,1", "a name has at most 15 characters" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bad[i].why, request_add_region(&rq, bad[i].value));
	assert_int_equal(rq.region_count, 0);
	assert_says(0, NULL, request_add_region(&rq, "pool=1,1"));
	assert_says(0, NULL, request_add_region(&rq, "last=2,18446744073709551613"));
}

static void many_regions(void **state)
{
	char value[32];

	(void)state;
	for (unsigned int i = 0; i <= KHO_REGIONS_MAX; i++) {
		snprintf(value, sizeof(value), "r%u=%u,1", i, i);
		if (i < KHO_REGIONS_MAX)
			assert_says(0, NULL, request_add_region(&rq, value));
		else
			assert_refused("at most 8 regions", request_add_region(&rq, value));
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
	static const struct {
		const char *value, *why;
	} bad[] = {
		{ "", "needs NAME= and" },
		{ "conf", "needs NAME= and" },
		{ "=file", "needs NAME= and" },
		{ "conf=", "needs NAME=FILE" },
		{ "a b=file", "cannot be a name" },
		{ "..=file", "cannot be a name" },
		{ "a,b=file", "cannot be a name" },
		{ "all=file", "cannot be a name" },
		{ NAME_63 "x=file", "a name has at most 63 characters" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bad[i].why, request_add_blob(&rq, bad[i].value));
	assert_int_equal(rq.blob_count, 0);
}

static void many_blobs(void **state)
{
	char value[32];

	(void)state;
	for (unsigned int i = 0; i <= BLOBS_MAX; i++) {
		snprintf(value, sizeof(value), "b%u=file", i);
		if (i < BLOBS_MAX)
			assert_says(0, NULL, request_add_blob(&rq, value));
		else
			assert_refused("at most 48 blobs", request_add_blob(&rq, value));
	}
	assert_int_equal(rq.blob_count, BLOBS_MAX);
}

static void names_twice(void **state)
{
	(void)state;
	assert_int_equal(request_add_region(&rq, "a=1,1"), 0);
	assert_refused("the name 'a' is given twice", request_add_region(&rq, "a=2,2"));
	assert_refused("the name 'a' is given twice", request_add_blob(&rq, "a=file"));
	assert_int_equal(request_add_blob(&rq, "b=file"), 0);
	assert_refused("the name 'b' is given twice", request_add_blob(&rq, "b=file"));
	assert_refused("the name 'b' is given twice", request_add_region(&rq, "b=3,3"));
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

static void late_names(void **state)
{
	(void)state;
	assert_int_equal(request_add_verify(&rq, "a,b:late,c:load"), 0);
	assert_int_equal(rq.verify.count, 1);
	assert_int_equal(rq.load.count, 1);
	assert_int_equal(rq.late.count, 1);
	assert_true(name_set_names(&rq.load, "c") && name_set_names(&rq.late, "b"));
	assert_refused("once as 'c:load'", request_add_verify(&rq, "c"));
	assert_refused("once as 'c:load'", request_add_verify(&rq, "c:late"));
	assert_refused("once as 'a'", request_add_verify(&rq, "a:load"));
	assert_int_equal(request_add_verify(&rq, "c:load"), 0);
	assert_refused("once as 'a'", request_add_verify(&rq, "a:late"));
	assert_refused("once as 'b:late'", request_add_verify(&rq, "b"));
	assert_int_equal(request_add_verify(&rq, "b:late"), 0);
	assert_int_equal(request_add_verify(&rq, "all:late"), 0);
	assert_true(rq.late.all && !rq.verify.all);
	assert_refused("once as 'all:late'", request_add_verify(&rq, "all"));
	assert_refused("once as 'all:late'", request_add_verify(&rq, "all:load"));
	/* A name of its own stays what it is. */
	assert_true(name_set_names(&rq.verify, "a") && !name_set_names(&rq.late, "a"));
	assert_int_equal(request_add_carry(&rq, "a:late"), 0);
	assert_true(name_set_names(&rq.carry, "a:late"));
}

/* ":seal" is another word for ":late". */
static void seal_is_late(void **state)
{
	(void)state;
	assert_int_equal(request_add_verify(&rq, "a:seal,b:late"), 0);
	assert_true(name_set_names(&rq.late, "a") && name_set_names(&rq.late, "b"));
	assert_int_equal(request_add_verify(&rq, "a:late,b:seal"), 0);
	assert_refused("once as 'a:late'", request_add_verify(&rq, "a"));
	assert_refused("once as 'b:late'", request_add_verify(&rq, "b:load"));
	assert_int_equal(request_add_verify(&rq, "c:load"), 0);
	assert_refused("once as 'c:load'", request_add_verify(&rq, "c:seal"));
	assert_int_equal(request_add_verify(&rq, "all:seal"), 0);
	assert_true(rq.late.all && !rq.verify.all);
}

static void bad_name_sets(void **state)
{
	static const struct {
		const char *value, *why;
	} bad[] = {
		{ "", "an empty name" },
		{ ",", "an empty name" },
		{ "a,", "an empty name" },
		{ ",a", "an empty name" },
		{ "a,,b", "an empty name" },
		{ ":late", "an empty name" },
		{ "a:", "needs :load or :late" },
		{ ":", "needs :load or :late" },
		{ "a:sealed", "needs :load or :late" },
		{ "a:later", "needs :load or :late" },
		{ "a:late:load", "needs :load or :late" },
		{ "a:LATE", "needs :load or :late" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_refused(bad[i].why, request_add_verify(&rq, bad[i].value));
		request_free(&rq);
	}
}

static void carry(void **state)
{
	(void)state;
	assert_int_equal(request_add_carry(&rq, "a"), 0);
	assert_false(rq.carry.all);
	assert_int_equal(request_add_carry(&rq, NULL), 0);
	assert_true(rq.carry.all);
	assert_refused("an empty name", request_add_carry(&rq, ""));
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
		cmocka_unit_test_setup_teardown(late_names, setup, teardown),
		cmocka_unit_test_setup_teardown(seal_is_late, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_name_sets, setup, teardown),
		cmocka_unit_test_setup_teardown(carry, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
