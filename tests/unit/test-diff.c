// SPDX-License-Identifier: GPL-2.0-only
/* What two handovers differ in; and the picture of one. */
#include "diff.h"
#include "dumps.h"
#include "picture.h"
#include "unit.h"

static enum diff_fate fate_of(const struct diff *diff, const char *name)
{
	for (size_t i = 0; i < diff->node_count; i++)
		if (!strcmp(diff->node[i].name, name))
			return diff->node[i].fate;
	fail_msg("no node %s", name);
	return DIFF_SAME;
}

/* The v4 dump and the same with one change. */
static struct diff compare(void (*before)(struct opened_dump *d),
			   void (*after)(struct decoded *decoded))
{
	struct opened_dump *a = dump_source("kho-v4"), *b = dump_source("kho-v4");
	struct diff diff;

	if (before)
		before(b);
	dump_decoded(b);
	if (after)
		after(&b->decoded);
	assert_int_equal(diff_make(dump_decoded(a), &b->decoded, &diff), 0);
	dump_done(a);
	dump_done(b);
	return diff;
}

static void change_test(struct opened_dump *d) { dump_patch(d, DUMP_TEST + 130, "x", 1); }
static void change_state(struct opened_dump *d) { dump_patch(d, DUMP_STATE + 4999, "x", 1); }
static void hole_state(struct opened_dump *d) { dump_hole(d, DUMP_STATE + 4096, 1); }
static void change_metadata(struct opened_dump *d) { dump_patch(d, DUMP_METADATA + 69, "\5", 1); }
static void change_luo(struct opened_dump *d) { dump_patch(d, DUMP_LUO_SESSIONS + 16, "wm-1", 4); }
static void change_memfd(struct opened_dump *d) { dump_patch(d, DUMP_LUO_MEMFD, "\1", 1); }
static void change_region(struct decoded *decoded) { decoded->region[0].size += 4096; }
static void lose_region(struct decoded *decoded) { decoded->region_count--; }
static void rename_node(struct decoded *decoded) { strcpy(decoded->root.node[4].name, "other"); }

static void more_blocks(struct decoded *decoded)
{
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(blocks_add(&decoded->blocks, 0x50000000 + i * 8192, 1), 0);
	assert_int_equal(blocks_add(&decoded->blocks, 0x50010000, 0), 0);
}

/* The same memory, in other blocks, is another handover: restoring it fails. */
static void other_order(struct decoded *decoded)
{
	assert_int_equal(blocks_add(&decoded->blocks, DUMP_R0, 11), 0);
}

static void test_same(void **state)
{
	struct diff diff = compare(NULL, NULL);

	(void)state;
	assert_true(diff.same);
	assert_false(diff.abi_differs);
	assert_int_equal(diff.node_count, 5);
	assert_int_equal(diff.only_a.blocks + diff.only_b.blocks, 0);
	diff_free(&diff);
}

static void test_nodes(void **state)
{
	static const struct {
		const char *name;
		void (*before)(struct opened_dump *d);
		void (*after)(struct decoded *decoded);
		enum diff_fate fate;
	} changes[] = {
		{ "kho_test", change_test, NULL, DIFF_CHANGED },
		{ "state", change_state, NULL, DIFF_CHANGED },
		{ "state", hole_state, NULL, DIFF_UNREADABLE },
		{ "kexec-metadata", change_metadata, NULL, DIFF_CHANGED },
		{ "LUO", change_luo, NULL, DIFF_CHANGED },
		{ "LUO", change_memfd, NULL, DIFF_CHANGED },
		{ "memblock", NULL, change_region, DIFF_CHANGED },
		{ "memblock", NULL, lose_region, DIFF_CHANGED },
		{ "state", NULL, rename_node, DIFF_ONLY_A },
		{ "other", NULL, rename_node, DIFF_ONLY_B },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct diff diff = compare(changes[i].before, changes[i].after);

		assert_false(diff.same);
		assert_int_equal(fate_of(&diff, changes[i].name), changes[i].fate);
		diff_free(&diff);
	}
}

static void test_blocks(void **state)
{
	struct diff diff = compare(NULL, more_blocks);

	(void)state;
	assert_false(diff.same);
	assert_int_equal(diff.only_a.blocks, 0);
	assert_int_equal(diff.only_b.blocks, 4);
	assert_int_equal(diff.only_b.count, 2);
	assert_int_equal(diff.only_b.list[0].order, 1);
	assert_int_equal(diff.only_b.list[0].addr, 0x50000000);
	assert_int_equal(diff.only_b.list[0].size, 3 * 8192);
	assert_int_equal(diff.only_b.list[1].order, 0);
	diff_free(&diff);

	diff = compare(NULL, other_order);
	assert_false(diff.same);
	assert_int_equal(diff.only_b.blocks, 1);
	diff_free(&diff);
}

/* ---- Picture ----------------------------------------------------------------------- */

static enum picture_kind kind_at(const struct picture *p, uint64_t addr)
{
	bool full;
	enum picture_kind kind = picture_cell(p, addr, 4096, &full);

	assert_true(full);
	return kind;
}

static void test_picture(void **state)
{
	struct opened_dump *d = dump_source("kho-v4");
	struct picture p;
	uint64_t sum = 0;
	bool full;

	(void)state;
	assert_int_equal(picture_make(dump_decoded(d), &p), 0);
	assert_int_equal(kind_at(&p, DUMP_ROOT), PICTURE_HANDOVER);
	assert_int_equal(kind_at(&p, DUMP_MAP), PICTURE_MAP);
	assert_int_equal(kind_at(&p, DUMP_R0), PICTURE_PRESERVED);
	assert_int_equal(kind_at(&p, DUMP_LOG), PICTURE_PRESERVED);
	assert_int_equal(kind_at(&p, 0x20000000), PICTURE_SCRATCH);
	assert_int_equal(kind_at(&p, 0x1300000), PICTURE_FREE);
	assert_int_equal(kind_at(&p, 0x2000000), PICTURE_HOLE);
	assert_int_equal(picture_cell(&p, DUMP_LOG - 4096, 65536, &full), PICTURE_PRESERVED);
	assert_false(full);
	/* Without gaps, each kind's total what its ranges add up to. */
	for (size_t i = 0; i < p.count; i++) {
		if (i)
			assert_int_equal(p.list[i].addr, p.list[i - 1].addr + p.list[i - 1].size);
		sum += p.list[i].size;
	}
	for (size_t i = 0; i < PICTURE_KINDS; i++)
		sum -= p.total[i];
	assert_int_equal(sum, 0);
	assert_int_equal(p.total[PICTURE_SCRATCH], 96 << 20);
	assert_int_equal(p.total[PICTURE_CONFLICT], 0);
	picture_free(&p);
	d->source.scratch[1] = (struct kho_range){ DUMP_R0 - 8192, 16384 };
	assert_int_equal(picture_make(&d->decoded, &p), 0);
	assert_int_equal(p.total[PICTURE_CONFLICT], 8192);
	assert_int_equal(kind_at(&p, DUMP_R0), PICTURE_CONFLICT);
	picture_free(&p);
	dump_done(d);
}

/* However far apart things are, there are not more rows than asked for. */
static void test_picture_rows(void **state)
{
	struct opened_dump *d = dump_source("kho-v4");
	struct picture p;
	uint64_t row;

	(void)state;
	dump_decoded(d);
	assert_int_equal(ranges_add(&d->decoded.preserved, 1ull << 45, 1 << 20), 0);
	assert_int_equal(picture_make(&d->decoded, &p), 0);
	row = picture_row_size(&p, 64, 32);
	assert_int_equal(row & (row - 1), 0);
	assert_true(row >= 64 * 4096);
	assert_true(row <= 1ull << 40);
	picture_free(&p);
	dump_done(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_picture),
		cmocka_unit_test(test_picture_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
