// SPDX-License-Identifier: GPL-2.0-only
/* What a kernel that takes segments shows below /sys/kernel/kho. */
#include <errno.h>

#include "running.h"
#include "said.h"
#include "sysfs-kho.h"
#include "tree.h"
#include "unit.h"

static struct tree tree;

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static void put(const char *path, const char *text)
{
	tree_write(&tree, path, text, strlen(text));
}

static void features(void **state)
{
	static const struct {
		const char *text;
		enum features_result result;
		bool segment, verify, seal;
	} row[] = {
		{ "format 2\nsegment verify seal\n", FEATURES_OK, true, true, true },
		{ "format 2\nsegment\nverify\nseal\n", FEATURES_OK, true, true, true },
		{ "format 2\nseal segment", FEATURES_OK, true, false, true },
		{ "format 2\nsegments sea verify2 later\n", FEATURES_OK, false, false, false },
		{ "format 2\n", FEATURES_OK, false, false, false },
		{ "format 2", FEATURES_OK, false, false, false },
		{ "format 3\nsegment verify seal\n", FEATURES_FORMAT, false, false, false },
		{ "format 1\nsegment\n", FEATURES_FORMAT, false, false, false },
		{ "", FEATURES_BAD, false, false, false },
		{ "segment verify seal\n", FEATURES_BAD, false, false, false },
		{ "format\nsegment\n", FEATURES_BAD, false, false, false },
		{ "format \nsegment\n", FEATURES_BAD, false, false, false },
		{ "format 2 segment\n", FEATURES_BAD, false, false, false },
		{ "format x\nsegment\n", FEATURES_BAD, false, false, false },
		{ "format 00000000000000000000000000000002\nsegment\n", FEATURES_BAD, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		char *text = must_copy(row[i].text, strlen(row[i].text) + 1);
		struct kho_features f;

		assert_int_equal(features_parse(text, &f), row[i].result);
		assert_int_equal(f.segment, row[i].segment);
		assert_int_equal(f.verify, row[i].verify);
		assert_int_equal(f.seal, row[i].seal);
		free(text);
	}
}

static void features_file(void **state)
{
	struct kho_features f;

	(void)state;
	assert_int_equal(features_read(&tree.root, &f), FEATURES_ABSENT);
	assert_false(f.segment);
	put(SYSFS_KHO "/features", "format 2\nsegment seal\n");
	assert_int_equal(features_read(&tree.root, &f), FEATURES_OK);
	assert_true(f.segment && f.seal && !f.verify);
}

static int scratch(const char *text, size_t max, struct kho_range **list, size_t *count)
{
	put(SYSFS_KHO "/out/scratch", text);
	return sysfs_read_scratch(&tree.root, max, list, count);
}

static void scratch_areas(void **state)
{
	static const char *const bad[] = {
		"", "\n", "0x1000\n", "0x1000 \n", " 0x1000 0x2000\n", "0x1000 0x2000 0x3000\n",
		"0x1000 0x2000x\n", "0x1000 0x2000\nrubbish\n", "0x1 0x2\n0x3 0x4\n0x5 0x6\n0x7 0x8\n",
	};
	struct kho_range *list;
	size_t count;

	(void)state;
	assert_int_equal(sysfs_read_scratch(&tree.root, 3, &list, &count), -ENOENT);
	assert_int_equal(scratch("0x8000000 0x4000000\n0x10000000 0x0\n0x100000000 0x8000000\n", 3,
				 &list, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(list[0].addr, 0x8000000);
	assert_int_equal(list[0].size, 0x4000000);
	assert_int_equal(list[1].size, 0);
	assert_int_equal(list[2].addr, 0x100000000);
	free(list);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(scratch(bad[i], 3, &list, &count), -EINVAL);
}

static void root_fdt(void **state)
{
	unsigned char fdt[RUNNING_FDT_SIZE], whole[RUNNING_FDT_SIZE + 1] = { 1, 2, 3 };

	(void)state;
	assert_int_equal(sysfs_fdt_addr(&tree.root), 0);
	put("proc/kallsyms", "ffffffff81000000 T kexec_crash_size\n");
	assert_false(running_has_kho(&tree.root));
	assert_int_equal(running_read_fdt(&tree.root, NULL, 0x1000, fdt), -ENOENT);
	put(SYSFS_KHO "/out/fdt_addr", "0x7abc000\n");
	assert_int_equal(sysfs_fdt_addr(&tree.root), 0x7abc000);
	assert_true(running_has_kho(&tree.root));
	memset(fdt, 0xee, sizeof(fdt));
	put(SYSFS_KHO "/out/fdt", "\1\2\3");
	assert_int_equal(running_read_fdt(&tree.root, NULL, 0x7abc000, fdt), 0);
	assert_memory_equal(fdt, whole, sizeof(fdt));
	tree_write(&tree, SYSFS_KHO "/out/fdt", whole, sizeof(whole));
	assert_int_equal(running_read_fdt(&tree.root, NULL, 0x7abc000, fdt), -EFBIG);
	put(SYSFS_KHO "/out/fdt_addr", "somewhere\n");
	assert_int_equal(sysfs_fdt_addr(&tree.root), 0);
}

/* Without debugfs and sysfs: what the list of symbols says, if it does. */
static void signs_of_kho(void **state)
{
	static const struct {
		const char *kallsyms;
		bool has;
	} row[] = {
		{ "ffffffff81000000 T kexec_crash_size\n", false },
		{ "0000000000000000 T kexec_crash_size\n", false },
		{ "ffffffff81000000 T kho_populate\n", true },
		{ "0000000000000000 T kho_populate\n", true },
		/* /proc/kcore does not open here. */
		{ "ffffffff81000000 T kho_populate\nffffffff82000000 D kho_enable\n", true },
	};

	(void)state;
	assert_true(running_has_kho(&tree.root));
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put("proc/kallsyms", row[i].kallsyms);
		assert_int_equal(running_has_kho(&tree.root), row[i].has);
	}
	put("proc/kallsyms", row[0].kallsyms);
	/* The kernel has been asked, and has not done it. */
	put("proc/cmdline", "quiet kho=on\n");
	assert_false(running_has_kho(&tree.root));
	assert_says(0, "KHO is off: it has no KHO, or could not reserve",
		    (running_say_switched_off("kho=off kho=on"), 0));
	assert_says(0, NULL, (running_say_switched_off("kho=on kho=off"), 0));
	assert_says(0, NULL, (running_say_switched_off("quiet"), 0));
	put("sys/kernel/debug/kho/out/fdt", "x");
	assert_true(running_has_kho(&tree.root));
}

/* Without kallsyms and kcore: the kernel's own node tells which regions it has. */
static void regions(void **state)
{
	const struct kho_region pool = { .name = "pool", .addr = 0x4000000, .size = 0x200000 };
	struct kho_region region[KHO_REGIONS_MAX];
	unsigned char node[4096];
	size_t count = 9;

	(void)state;
	assert_int_equal(running_regions(&tree.root, region, &count), -1);
	put(SYSFS_KHO "/out/fdt_addr", "0x7abc000\n");
	assert_int_equal(running_regions(&tree.root, region, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(kho_memblock_write(&pool, 1, node, sizeof(node)), 0);
	tree_write(&tree, SYSFS_KHO "/out/nodes/memblock", node, sizeof(node));
	assert_int_equal(running_regions(&tree.root, region, &count), 0);
	assert_int_equal(count, 1);
	assert_memory_equal(&region[0], &pool, sizeof(pool));
	tree_write(&tree, SYSFS_KHO "/out/nodes/memblock", node, 100);
	assert_int_equal(running_regions(&tree.root, region, &count), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features),
		cmocka_unit_test_setup_teardown(features_file, setup, teardown),
		cmocka_unit_test_setup_teardown(scratch_areas, setup, teardown),
		cmocka_unit_test_setup_teardown(root_fdt, setup, teardown),
		cmocka_unit_test_setup_teardown(signs_of_kho, setup, teardown),
		cmocka_unit_test_setup_teardown(regions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
