/* SPDX-License-Identifier: GPL-2.0-only */
/* Finalizing, and live update sessions, in a tree that stands in for the system. */
#include <sys/stat.h>
#include <unistd.h>

#include "finalize.h"
#include "luo.h"
#include "tree.h"
#include "unit.h"

#define DEBUGFS	"sys/kernel/debug/kho/out/finalize"
#define MARK	"run/kexec-kho/finalized"

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
	return finalize_now(&tree.root, kind, false);
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
	assert_int_equal(finalize_now(&tree.root, FINALIZE_ONCE, true), -1);
	assert_int_equal(finalize_now(&tree.root, FINALIZE_REPEATABLE, true), -1);
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
	assert_line(MARK, "s");
	finalize_undo(&tree.root);
	assert_line(DEBUGFS, "1");
	/* What another program has aborted is forgotten, and must not be finalized again. */
	debugfs_says("0\n");
	assert_int_equal(pending(FINALIZE_ONCE), -1);
	debugfs_says("1\n");
	assert_int_equal(pending(FINALIZE_ONCE), 0);
	assert_int_equal(finalize_allow_undo(&tree.root), 0);
	assert_line(MARK, "u");
	finalize_undo(&tree.root);
	assert_line(DEBUGFS, "0");
	assert_false(marked());
}

/* What another program has finalized is not ours to undo. */
static void of_another_program(void **state)
{
	(void)state;
	debugfs_says("1\n");
	assert_int_equal(pending(FINALIZE_ONCE), 0);
	assert_int_equal(finalize_allow_undo(&tree.root), 0);
	assert_false(marked());
	finalize_undo(&tree.root);
	assert_line(DEBUGFS, "1");
}

/* A finalizing that fails makes the kernel forget: no later one may succeed. */
static void failed_once(void **state)
{
	(void)state;
	debugfs_says("0\n");
	write_line(MARK, "l");
	assert_int_equal(pending(FINALIZE_ONCE), -1);
	finalize_undo(&tree.root);
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
	/* The folder alone: what is in it are links. */
	tree_write(&tree, "proc/17/fd/0", "", 0);
	tree_unlink(&tree, "proc/17/fd/0");
	assert_int_equal(symlinkat(target, tree.root.fd, path), 0);
}

static void sessions(void **state)
{
	char name[LUO_SESSION_NAME];

	(void)state;
	assert_int_equal(luo_check_idle(&tree.root), -1);	/* no /proc: not to be told */
	add_file("proc/17/fd/1", "/dev/liveupdate");
	add_file("proc/17/fd/2", "anon_inode:[eventfd]");
	assert_int_equal(luo_find_session(&tree.root, name), 0);
	assert_int_equal(luo_check_idle(&tree.root), 0);
	/* A process whose files cannot be looked at may hold one. */
	tree_write(&tree, "proc/18/fd", "", 0);
	assert_int_equal(luo_check_idle(&tree.root), -1);
	tree_unlink(&tree, "proc/18/fd");
	add_file("proc/17/fd/3", "anon_inode:[luo_session] vm 1");
	assert_int_equal(luo_find_session(&tree.root, name), 1);
	assert_string_equal(name, "vm 1");
	assert_int_equal(luo_check_idle(&tree.root), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_debugfs, setup, teardown),
		cmocka_unit_test_setup_teardown(looking_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(undo_only_if_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(of_another_program, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_once, setup, teardown),
		cmocka_unit_test_setup_teardown(due, setup, teardown),
		cmocka_unit_test_setup_teardown(every_time, setup, teardown),
		cmocka_unit_test_setup_teardown(sessions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
