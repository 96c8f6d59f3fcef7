// SPDX-License-Identifier: GPL-2.0-only
/* Every pair of releases, against a table written from the kernels' sources. */
#include "kho.h"
#include "unit.h"

enum { R_6_17, R_6_18, R_6_19, R_7_1, R_7_2, R_7_3, R_NO_KHO, R_COUNT };

/* The strings in the sources of each release. */
static const struct kho_formats release[R_COUNT] = {
	[R_6_17] = { .abi = KHO_ABI_V1_512, .reserve_mem = true },
	[R_6_18] = { .abi = KHO_ABI_V1, .reserve_mem = true },
	[R_6_19] = { KHO_ABI_V1, true, "luo-v1", "luo-session-v2", "", "memfd-v1" },
	[R_7_1] = { KHO_ABI_V3, true, "luo-v1", "luo-session-v2", "luo-flb-v1", "memfd-v2" },
	[R_7_2] = { KHO_ABI_V4, true, "luo-v5", "", "", "memfd-v2" },
	[R_7_3] = { KHO_ABI_V4, true, "luo-v5", "", "", "memfd-v2" },
	[R_NO_KHO] = { .abi = KHO_ABI_UNKNOWN },
};

#define N KHO_FATE_NATIVE
#define T KHO_FATE_TRANSLATED
#define D KHO_FATE_DROPPED
#define X KHO_FATE_REFUSED

static void check(struct kho_verdict verdict, enum kho_fate want)
{
	assert_int_equal(verdict.fate, want);
	if (want == N) {
		assert_null(verdict.reason);
		return;
	}
	/* A fragment for the middle of a sentence. */
	assert_non_null(verdict.reason);
	assert_true(strlen(verdict.reason) > 10);
	assert_true(verdict.reason[0] >= 'a' && verdict.reason[0] <= 'z');
	assert_true(verdict.reason[strlen(verdict.reason) - 1] != '.');
}

static void maps(void **state)
{
	static const enum kho_fate want[R_COUNT][R_COUNT] = {
		/*	    6.17 6.18 6.19 7.1 7.2 7.3 none */
		[R_6_17] = { N, T, T, T, T, T, X },
		[R_6_18] = { T, N, N, T, T, T, X },
		[R_6_19] = { T, N, N, T, T, T, X },
		[R_7_1] =  { T, T, T, N, T, T, X },
		[R_7_2] =  { T, T, T, T, N, N, X },
		[R_7_3] =  { T, T, T, T, N, N, X },
		[R_NO_KHO] = { X, X, X, X, X, X, X },
	};

	(void)state;
	for (unsigned int from = 0; from < R_COUNT; from++)
		for (unsigned int to = 0; to < R_COUNT; to++)
			check(kho_compat_map(&release[from], &release[to]), want[from][to]);
}

/* 7.2 and 7.3 alone agree in all four strings; one release always does with itself. */
static void live_update(void **state)
{
	static const bool crosses[R_COUNT][R_COUNT] = {
		[R_6_19][R_6_19] = true,
		[R_7_1][R_7_1] = true,
		[R_7_2][R_7_2] = true, [R_7_2][R_7_3] = true,
		[R_7_3][R_7_2] = true, [R_7_3][R_7_3] = true,
	};

	(void)state;
	for (unsigned int from = 0; from < R_COUNT; from++) {
		for (unsigned int to = 0; to < R_COUNT; to++) {
			check(kho_compat_node(&release[from], &release[to], "LUO", true),
			      crosses[from][to] ? N : X);
			check(kho_compat_node(&release[from], &release[to], "LUO", false),
			      crosses[from][to] ? N : D);
		}
	}
}

/* Any one of the strings parts two kernels; the map's ABI alone does not. */
static void live_update_strings(void **state)
{
	const struct kho_formats from = release[R_7_2];
	struct kho_formats to = from;

	(void)state;
	to.abi = KHO_ABI_V3;
	check(kho_compat_node(&from, &to, "LUO", true), N);
	check(kho_compat_node(&from, &to, "LUO/2", true), N);
	to.abi = KHO_ABI_UNKNOWN;
	check(kho_compat_node(&from, &to, "LUO", true), X);
	check(kho_compat_node(&from, &to, "LUO", false), D);
	for (unsigned int i = 0; i < 4; i++) {
		to = from;
		strcpy(i == 0 ? to.luo : i == 1 ? to.luo_session : i == 2 ? to.luo_flb : to.memfd,
		       "other");
		check(kho_compat_node(&from, &to, "LUO", true), X);
		check(kho_compat_node(&from, &to, "LUO", false), D);
		/* What is below a node goes where that goes. */
		check(kho_compat_node(&from, &to, "LUO/2", true), X);
		check(kho_compat_node(&from, &to, "LUO/2", false), D);
		check(kho_compat_node(&from, &to, "LUO2", true), N);
	}
}

static void other_nodes(void **state)
{
	(void)state;
	for (unsigned int from = 0; from < R_NO_KHO; from++) {
		for (unsigned int to = 0; to < R_NO_KHO; to++) {
			check(kho_compat_node(&release[from], &release[to], "memblock", true), N);
			check(kho_compat_node(&release[from], &release[to], "kho_test", true), N);
			check(kho_compat_node(&release[from], &release[to], "kexec-metadata", true),
			      to < R_7_1 ? D : N);
		}
		check(kho_compat_node(&release[from], &release[R_NO_KHO], "memblock", false), X);
		check(kho_compat_node(&release[from], &release[R_NO_KHO], "kho_test", false), X);
		check(kho_compat_node(&release[from], &release[R_NO_KHO], "kexec-metadata", false),
		      D);
	}
}

static void no_reserve_mem(void **state)
{
	struct kho_formats to = release[R_7_3];

	(void)state;
	to.reserve_mem = false;
	check(kho_compat_node(&release[R_7_3], &to, "memblock", false), X);
	check(kho_compat_node(&release[R_7_3], &to, "memblock/2", false), X);
	check(kho_compat_node(&release[R_7_3], &to, "memblocks", false), N);
}

/* v2 has a radix tree, but no sizes. No release reads it. */
static void abi_v2(void **state)
{
	const struct kho_formats v2 = { .abi = KHO_ABI_V2, .reserve_mem = true };

	(void)state;
	check(kho_compat_map(&v2, &v2), X);
	for (unsigned int i = 0; i < R_NO_KHO; i++) {
		check(kho_compat_map(&v2, &release[i]), T);
		check(kho_compat_map(&release[i], &v2), X);
		check(kho_compat_node(&release[i], &v2, "memblock", false), X);
		check(kho_compat_node(&release[i], &v2, "kexec-metadata", false), D);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),
		cmocka_unit_test(live_update),
		cmocka_unit_test(live_update_strings),
		cmocka_unit_test(other_nodes),
		cmocka_unit_test(no_reserve_mem),
		cmocka_unit_test(abi_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
