/* SPDX-License-Identifier: GPL-2.0-only */
/* Finalizing, and live update sessions, in a tree that stands in for the system. */
#include <sys/stat.h>
#include <unistd.h>

#include "finalize.h"
#include "live-update.h"
#include "tree.h"
#include "unit.h"

#define DEBUGFS	"sys/kernel/debug/kho/out/finalize"
#define MARK	"run/kexec-kho/finalized"
#define BOOT_ID	"proc/sys/kernel/random/boot_id"

#define THIS_BOOT	"6bd2cc34-8a25-4a1f-9f0c-2f6a5b1d7e01"
#define OTHER_BOOT	"0f9d1c77-53a8-4f63-b6d8-91a20c4e5f02"

static struct tree tree;

static void write_line(const char *path, const char *line)
{
	tree_write(&tree, path, line, strlen(line));
}

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	tree_write(&tree, "run/lock", "", 0);
	return 0;
}

static int setup_booted(void **state)
{
	setup(state);
	write_line(BOOT_ID, THIS_BOOT "\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static void debugfs_says(const char *value)
{
	write_line(DEBUGFS, value);
}

static void assert_line(const char *path, const char *expected)
{
	char line[64];

	assert_int_equal(root_read_line(&tree.root, path, line, sizeof(line)), 0);
	assert_string_equal(line, expected);
}

static bool marked(void)
{
	return !faccessat(tree.root.fd, MARK, F_OK, 0);
}

static int pending(enum finalize_kind kind)
{
	return finalize_pending(&tree.root, kind, false);
}

static int finalize(enum finalize_kind kind)
{
	return finalize_now(&tree.root, kind);
}

/* Finalized by this program; what the kernel hands over then is HANDOVER. */
static void finalize_for(uint32_t handover)
{
	debugfs_says("0\n");
	assert_int_equal(finalize(FINALIZE_ONCE), 0);
	assert_int_equal(finalize_allow_undo(&tree.root, handover), 0);
	assert_line(DEBUGFS, "1");
	debugfs_says("1\n");
}

/* What "kexec -u" does, with HANDOVER what the kernel hands over now. */
static void undo(uint32_t handover)
{
	if (finalize_can_undo(&tree.root))
		finalize_undo(&tree.root, handover);
}

static void without_debugfs(void **state)
{
	(void)state;
	assert_int_equal(pending(FINALIZE_ONCE), -1);
	assert_int_equal(finalize(FINALIZE_ONCE), -1);
	assert_false(marked());
	assert_int_equal(pending(FINALIZE_NEVER), 0);
}

static void looking_changes_nothing(void **state)
{
	(void)state;
	debugfs_says("0\n");
	for (int dry_run = 0; dry_run < 2; dry_run++) {
		assert_int_equal(finalize_pending(&tree.root, FINALIZE_ONCE, dry_run), 1);
		assert_int_equal(finalize_pending(&tree.root, FINALIZE_REPEATABLE, dry_run), 1);
	}
	assert_int_equal(finalize_refused(), -1);
	assert_line(DEBUGFS, "0");
	assert_false(marked());
	debugfs_says("1\n");
	assert_int_equal(pending(FINALIZE_ONCE), 0);
	assert_int_equal(pending(FINALIZE_REPEATABLE), 1);
	assert_int_equal(finalize_pending(&tree.root, FINALIZE_REPEATABLE, true), 0);
	assert_false(marked());
}

/* What cannot be undone without loss stays. */
static void undo_only_if_allowed(void **state)
{
	(void)state;
	debugfs_says("0\n");
	assert_int_equal(finalize(FINALIZE_ONCE), 0);
	assert_line(DEBUGFS, "1");
	assert_line(MARK, "s " THIS_BOOT " 00000000");
	undo(0);
	assert_line(DEBUGFS, "1");
	/* What another program has aborted is forgotten, and must not be finalized again. */
	debugfs_says("0\n");
	undo(0);
	assert_int_equal(pending(FINALIZE_ONCE), -1);
	debugfs_says("1\n");
	assert_int_equal(pending(FINALIZE_ONCE), 0);
	assert_int_equal(finalize_allow_undo(&tree.root, 0x123abc), 0);
	assert_line(MARK, "u " THIS_BOOT " 00123abc");
	undo(0x123abc);
	assert_line(DEBUGFS, "0");
	assert_false(marked());
}

/* Another program has aborted, preserved more and finalized: undoing that would lose it. */
static void undo_only_what_is_ours(void **state)
{
	(void)state;
	finalize_for(7);
	undo(8);
	assert_line(DEBUGFS, "1");
	assert_false(marked());
	undo(7);
	assert_line(DEBUGFS, "1");
}

/* Another program has aborted, and there is nothing to undo. */
static void undone_already(void **state)
{
	(void)state;
	finalize_for(7);
	debugfs_says("0\n");
	undo(7);
	assert_line(DEBUGFS, "0");
	assert_false(marked());
}

/* What another program has finalized is not ours to undo. */
static void of_another_program(void **state)
{
	(void)state;
	debugfs_says("1\n");
	assert_int_equal(pending(FINALIZE_ONCE), 0);
	assert_int_equal(finalize_allow_undo(&tree.root, 7), 0);
	assert_false(marked());
	undo(7);
	assert_line(DEBUGFS, "1");
}

/* A /run that outlives the boot: its marks say nothing of this one. */
static void of_another_boot(void **state)
{
	static const char *const marks[] = { "s " OTHER_BOOT " 00000000\n", "l " OTHER_BOOT " 00000000\n",
					     "u " OTHER_BOOT " 00000007\n" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		write_line(MARK, marks[i]);
		debugfs_says("1\n");
		undo(7);
		assert_line(DEBUGFS, "1");
		debugfs_says("0\n");
		assert_int_equal(pending(FINALIZE_ONCE), 1);
	}
	finalize_for(7);
	assert_line(MARK, "u " THIS_BOOT " 00000007");
}

/* A mark that says nothing for certain allows nothing. */
static void damaged_mark(void **state)
{
	static const char *const marks[] = {
		"", "\n", "u", "s", "u " THIS_BOOT "\n", "u " THIS_BOOT " 00000007x\n", "x " THIS_BOOT " 00000007\n",
		"u 6bd2cc34 00000007\n", "u " THIS_BOOT "0 00000007\n", "u " THIS_BOOT " \n",
		"u                                                                                        7\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		write_line(MARK, marks[i]);
		debugfs_says("0\n");
		assert_int_equal(pending(FINALIZE_ONCE), -1);
		debugfs_says("1\n");
		assert_int_equal(pending(FINALIZE_ONCE), 0);
		undo(7);
		assert_line(DEBUGFS, "1");
	}
}

/* Without the boot's ID a mark could be of another boot. */
static void without_boot_id(void **state)
{
	(void)state;
	finalize_for(7);
	tree_unlink(&tree, BOOT_ID);
	undo(7);
	assert_line(DEBUGFS, "1");
	tree_unlink(&tree, MARK);
	debugfs_says("0\n");
	assert_int_equal(finalize(FINALIZE_ONCE), -1);
	assert_line(DEBUGFS, "0");
}

/* A finalizing that fails makes the kernel forget: no later one may succeed. */
static void failed_once(void **state)
{
	(void)state;
	debugfs_says("0\n");
	write_line(MARK, "l " THIS_BOOT " 00000000\n");
	assert_int_equal(pending(FINALIZE_ONCE), -1);
	undo(0);
	assert_true(marked());
	debugfs_says("1\n");
	assert_int_equal(pending(FINALIZE_ONCE), -1);
}

static void due(void **state)
{
	(void)state;
	assert_false(finalize_is_due(&tree.root));
	debugfs_says("0\n");
	assert_true(finalize_is_due(&tree.root));
	debugfs_says("1\n");
	assert_false(finalize_is_due(&tree.root));
}

static void every_time(void **state)
{
	(void)state;
	debugfs_says("2\n");
	assert_int_equal(pending(FINALIZE_REPEATABLE), 1);
	assert_int_equal(finalize(FINALIZE_REPEATABLE), 0);
	assert_line(DEBUGFS, "1");
	assert_false(marked());
}

static void add_file(const char *path, const char *target)
{
	/* Only the folder, because it contains links. */
	tree_write(&tree, "proc/17/task/17/fd/0", "", 0);
	tree_unlink(&tree, "proc/17/task/17/fd/0");
	assert_int_equal(symlinkat(target, tree.root.fd, path), 0);
}

static void sessions(void **state)
{
	char name[LUO_SESSION_NAME];

	(void)state;
	assert_int_equal(luo_check_idle(&tree.root), -1);	/* no /proc: unknown */
	add_file("proc/17/task/17/fd/1", "/dev/liveupdate");
	add_file("proc/17/task/17/fd/2", "anon_inode:[eventfd]");
	assert_int_equal(luo_find_session(&tree.root, name), 0);
	assert_int_equal(luo_check_idle(&tree.root), 0);
	/* A process whose files cannot be looked at may hold one. */
	tree_write(&tree, "proc/18/task", "", 0);
	assert_int_equal(luo_check_idle(&tree.root), -1);
	tree_unlink(&tree, "proc/18/task");
	/* The first thread may have ended, and each can have files of its own. */
	tree_write(&tree, "proc/17/task/19/fd/0", "", 0);
	tree_unlink(&tree, "proc/17/task/19/fd/0");
	assert_int_equal(luo_check_idle(&tree.root), 0);
	assert_int_equal(symlinkat("anon_inode:[luo_session] vm 1", tree.root.fd, "proc/17/task/19/fd/3"), 0);
	assert_int_equal(luo_find_session(&tree.root, name), 1);
	assert_string_equal(name, "vm 1");
	assert_int_equal(luo_check_idle(&tree.root), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_debugfs, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(looking_changes_nothing, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(undo_only_if_allowed, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(undo_only_what_is_ours, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(undone_already, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(of_another_program, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(of_another_boot, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(damaged_mark, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(without_boot_id, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(failed_once, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(due, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(every_time, setup_booted, teardown),
		cmocka_unit_test_setup_teardown(sessions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
