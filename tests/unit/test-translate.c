// SPDX-License-Identifier: GPL-2.0-only
/* Handovers translated to other ABIs, and read again. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core.h"
#include "diff.h"
#include "dumps.h"
#include "rules.h"
#include "said.h"
#include "translate.h"
#include "unit.h"

static const char *const names[] = { "kho-v1-512", "kho-v1-page", "kho-v3", "kho-v4" };
static const enum kho_abi abis[] = { KHO_ABI_V1_512, KHO_ABI_V1, KHO_ABI_V2, KHO_ABI_V3,
				     KHO_ABI_V4 };

/* Write the new pages and the kept ones to a file, and open it. */
static struct opened_dump *reopen(const struct opened_dump *from, const struct translation *t)
{
	struct core_piece *piece = must_calloc((t->kept.count + 1) * sizeof(*piece));
	char path[] = "/tmp/kho-fdt-test.XXXXXX";
	struct opened_dump *d;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < t->kept.count; i++) {
		const struct kho_range *r = &t->kept.list[i];
		unsigned char *bytes = must_calloc(r->size);

		assert_int_equal(from->source.mem.read(from->source.mem.ctx, r->addr, bytes, r->size),
				 0);
		piece[i] = (struct core_piece){ r->addr, bytes, r->size };
	}
	piece[t->kept.count] = (struct core_piece){ t->base, t->bytes.data, t->bytes.size };
	assert_int_equal(core_write(path, piece, t->kept.count + 1), 0);
	for (size_t i = 0; i < t->kept.count; i++)
		free((void *)(uintptr_t)piece[i].bytes);
	free(piece);
	d = dump_source_path(path);
	unlink(path);
	return d;
}

static const struct translated_node *node(const struct translation *t, const char *name)
{
	for (size_t i = 0; i < t->node_count; i++)
		if (!strcmp(t->node[i].name, name))
			return &t->node[i];
	fail_msg("no node %s", name);
	return NULL;
}

/* No rule is broken, and nothing is missing or more. */
static void must_be_same(const struct decoded *from, const struct decoded *to)
{
	static struct rule_report report;
	struct diff diff;

	assert_int_equal(to->root_err, 0);
	assert_int_equal(to->map_err, 0);
	rules_check(to, &report);
	for (size_t i = 0; i < report.count; i++)
		if (report.outcome[i].result == RULE_BROKEN)
			fail_msg("%s: %s", report.outcome[i].id, report.outcome[i].finding[0]);
	assert_int_equal(diff_make(from, to, &diff), 0);
	assert_true(diff.same);
	diff_free(&diff);
}

static void check_pair(const char *name, enum kho_abi abi, bool expect)
{
	const struct translate_target to = translate_target_of(abi);
	struct opened_dump *from = dump_source(name), *back;
	struct decoded *decoded = dump_decoded(from);
	struct translation t;
	int err = translate(decoded, &to, translate_default_base(decoded), &t);

	if (!expect) {
		assert_int_equal(err, 1);
	} else {
		assert_int_equal(err, 0);
		back = reopen(from, &t);
		assert_int_equal(back->source.fdt_addr, t.base);
		must_be_same(decoded, dump_decoded(back));
		/* A map that libkho writes for v1 is read by both forms. */
		if (kho_abi_radix(abi))
			assert_int_equal(back->decoded.root.abi, abi);
		else
			assert_false(kho_abi_radix(back->decoded.root.abi));
		dump_done(back);
	}
	translate_free(&t);
	dump_done(from);
}

static void test_all_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t j = 0; j < ARRAY_SIZE(abis); j++)
			/* Its memfd can be sealed, and no reader of memfd-v1 could seal it. */
			check_pair(names[i], abis[j],
				   strcmp(names[i], "kho-v4") || kho_abi_radix(abis[j]));
}

/* There and back again. */
static void test_round_trip(void **state)
{
	const struct translate_target to = translate_target_of(KHO_ABI_V1);
	const struct translate_target home = translate_target_of(KHO_ABI_V3);
	struct opened_dump *first = dump_source("kho-v3"), *second, *third;
	struct translation there, back;

	(void)state;
	assert_int_equal(translate(dump_decoded(first), &to, 0x50000000, &there), 0);
	assert_int_equal(node(&there, "state")->fate, TRANSLATE_WRAPPED);
	assert_int_equal(node(&there, "kho_test")->fate, TRANSLATE_KEPT);
	assert_int_equal(node(&there, "memblock")->fate, TRANSLATE_KEPT);
	assert_int_equal(node(&there, KHO_NODE_METADATA)->fate, TRANSLATE_DROPPED);
	assert_non_null(node(&there, KHO_NODE_METADATA)->why);
	second = reopen(first, &there);
	assert_int_equal(translate(dump_decoded(second), &home, 0x60000000, &back), 0);
	assert_int_equal(node(&back, "state")->fate, TRANSLATE_UNWRAPPED);
	assert_int_equal(node(&back, "state")->size, 5000);
	third = reopen(second, &back);
	must_be_same(&second->decoded, dump_decoded(third));
	translate_free(&there);
	translate_free(&back);
	dump_done(third);
	dump_done(second);
	dump_done(first);
}

static void test_luo(void **state)
{
	const struct translate_target to = translate_target_of(KHO_ABI_V3);
	struct opened_dump *from = dump_source("kho-v4"), *back;
	struct decoded *decoded = dump_decoded(from);
	struct translation t;

	(void)state;
	assert_int_equal(translate(decoded, &to, 0x50000000, &t), 0);
	assert_int_equal(node(&t, KHO_NODE_LUO)->fate, TRANSLATE_CONVERTED);
	back = reopen(from, &t);
	dump_decoded(back);
	assert_int_equal(back->decoded.luo.abi, KHO_LUO_V1);
	assert_int_equal(back->decoded.luo.number, 3);
	assert_int_equal(back->decoded.luo.session_count, 1);
	assert_int_equal(back->decoded.luo.file_count, 1);
	/* Of the old blocks nothing is left; the file's struct and folios are where they were. */
	assert_false(kho_map_has(&back->decoded.blocks.map, DUMP_LUO, 0));
	assert_false(kho_map_has(&back->decoded.blocks.map, DUMP_LUO_SESSIONS, 0));
	assert_true(kho_map_has(&back->decoded.blocks.map, DUMP_LUO_MEMFD, 0));
	assert_true(kho_map_has(&back->decoded.blocks.map, DUMP_LUO_FOLIOS, 0));
	assert_false(kho_map_has(&back->decoded.blocks.map, DUMP_ROOT, 0));
	dump_done(back);
	translate_free(&t);
	dump_done(from);
}

/* A kernel without live update: with open sessions no, without any yes. */
static void test_luo_none(void **state)
{
	const struct translate_target to = { .formats = { .abi = KHO_ABI_V4 },
					      .name = "a kernel" };
	struct opened_dump *from = dump_source("kho-v4");
	const unsigned char none[8] = { 0 };
	struct translation t;

	(void)state;
	assert_int_equal(translate(dump_decoded(from), &to, 0x50000000, &t), 1);
	translate_free(&t);
	dump_done(from);

	from = dump_source("kho-v4");
	dump_patch(from, DUMP_LUO + 16, none, sizeof(none));
	assert_int_equal(translate(dump_decoded(from), &to, 0x50000000, &t), 0);
	assert_int_equal(node(&t, KHO_NODE_LUO)->fate, TRANSLATE_DROPPED);
	translate_free(&t);
	dump_done(from);
}

/* Each string of 7.1 is one that it panics on, or refuses files by, when another is there. */
static const struct kho_formats linux_7_1 = { KHO_ABI_V3, true, "luo-v1", "luo-session-v2",
					     "luo-flb-v1", "memfd-v2" };

/* What 6.19 hands over with liveupdate=on, when no session is open. */
static struct opened_dump *idle_6_19(void)
{
	const char *srcdir = getenv("srcdir");
	const unsigned char none[16] = { 0 };
	struct opened_dump *d;
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/data/vectors/6.19.elf", srcdir ? srcdir : ".");
	d = dump_source_path(path);
	dump_patch(d, 0x2db0000, none, sizeof(none));
	assert_int_equal(dump_decoded(d)->luo.abi, KHO_LUO_V1);
	assert_int_equal(d->decoded.luo.session_count, 0);
	assert_false(d->decoded.luo.flbs);
	return d;
}

/* luo-v1 of 6.19 has no place for FLBs, without which 7.1 panics. */
static void test_luo_flbs(void **state)
{
	const struct translate_target to = translate_target_of(KHO_ABI_V3);
	const struct translate_target image = { linux_7_1, "7.1" };
	const struct translate_target same = translate_target_of(KHO_ABI_V1);
	const struct translate_target *const targets[] = { &to, &image };
	struct opened_dump *from = idle_6_19(), *back;
	struct translation t;

	(void)state;
	assert_memory_equal(&to.formats, &linux_7_1, sizeof(linux_7_1));
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		assert_int_equal(translate(&from->decoded, targets[i], 0x50000000, &t), 0);
		assert_int_equal(node(&t, KHO_NODE_LUO)->fate, TRANSLATE_CONVERTED);
		back = reopen(from, &t);
		assert_true(dump_decoded(back)->luo.flbs);
		must_be_same(&from->decoded, &back->decoded);
		dump_done(back);
		translate_free(&t);
	}
	assert_int_equal(translate(&from->decoded, &same, 0x50000000, &t), 0);
	assert_int_equal(node(&t, KHO_NODE_LUO)->fate, TRANSLATE_KEPT);
	translate_free(&t);
	dump_done(from);
}

/* Versions to come are not none: state is refused for them, and the empty node left out. */
static void test_luo_to_come(void **state)
{
	struct translate_target to[4];
	struct opened_dump *idle = idle_6_19(), *from = dump_source("kho-v4");
	struct translation t;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(to); i++)
		to[i] = (struct translate_target){ linux_7_1, "a kernel" };
	strcpy(to[0].formats.luo, "luo-v6");
	strcpy(to[1].formats.luo_session, "luo-session-v3");
	strcpy(to[2].formats.luo_flb, "luo-flb-v2");
	strcpy(to[3].formats.memfd, "memfd-v3");
	dump_decoded(from);
	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		assert_int_equal(translate(&from->decoded, &to[i], 0x50000000, &t), 1);
		translate_free(&t);
		assert_int_equal(translate(&idle->decoded, &to[i], 0x50000000, &t), 0);
		assert_int_equal(node(&t, KHO_NODE_LUO)->fate,
				 i < 3 ? TRANSLATE_DROPPED : TRANSLATE_CONVERTED);
		translate_free(&t);
	}
	dump_done(from);
	dump_done(idle);
}

static void test_luo_unreadable(void **state)
{
	const struct translate_target to = translate_target_of(KHO_ABI_V3);
	struct opened_dump *from = dump_source("kho-v4");
	struct translation t;

	(void)state;
	dump_patch(from, DUMP_LUO, "luo-v9", 6);
	assert_int_equal(translate(dump_decoded(from), &to, 0x50000000, &t), 1);
	translate_free(&t);
	dump_done(from);
}

/* 2^31 bytes in one block: kernels up to 7.1 compute its size in 32 bits. */
static void test_order(void **state)
{
	const struct translate_target to = translate_target_of(KHO_ABI_V3);
	struct opened_dump *from = dump_source("kho-v3");
	struct decoded *decoded = dump_decoded(from);
	struct translation t;

	(void)state;
	assert_int_equal(blocks_add(&decoded->blocks, 1ull << 40, 19), 0);
	assert_int_equal(translate(decoded, &to, 0x50000000, &t), 1);
	translate_free(&t);
	dump_done(from);
}

static void test_base(void **state)
{
	const struct translate_target to = translate_target_of(KHO_ABI_V3);
	static const struct {
		uint64_t base;
		const char *why;
	} bad[] = {
		{ 0, "--base=0x0: a multiple of the page size" },
		{ 0x50000800, "--base=0x50000800: a multiple of the page size" },
		{ DUMP_R0, "would overlap preserved memory" },
		{ 0x20000000, "would lie in scratch" },
		{ DUMP_TEST - 4096, "would overlap preserved memory" },
		{ UINT64_MAX - 4095, "cannot be preserved" },
	};
	struct opened_dump *from = dump_source("kho-v3");
	struct decoded *decoded = dump_decoded(from);
	struct translation t;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_refused(bad[i].why, translate(decoded, &to, bad[i].base, &t));
		translate_free(&t);
	}
	/* After everything else: the last is the region "log". */
	assert_int_equal(translate_default_base(decoded), 0x3d210000);
	dump_done(from);
}

static void test_unreadable_node(void **state)
{
	const struct translate_target to = translate_target_of(KHO_ABI_V4);
	struct opened_dump *from = dump_source("kho-v3");
	struct translation t;

	(void)state;
	dump_hole(from, DUMP_STATE, 4096);
	assert_refused("cannot be read", translate(dump_decoded(from), &to, 0x50000000, &t));
	translate_free(&t);
	dump_done(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_luo),
		cmocka_unit_test(test_luo_none),
		cmocka_unit_test(test_luo_flbs),
		cmocka_unit_test(test_luo_to_come),
		cmocka_unit_test(test_luo_unreadable),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_unreadable_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
