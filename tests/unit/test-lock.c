// SPDX-License-Identifier: GPL-2.0-only
/* Only one kexec runs at a time, and another one says which process holds the lock. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock.h"
#include "message.h"
#include "tree.h"
#include "unit.h"

static struct tree tree;

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	tree_write(&tree, "run/here", "", 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

/* A process that takes the lock, and keeps it for MILLISECONDS. */
static pid_t hold(unsigned int milliseconds)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (!lock_take(&tree.root, true, 0) && write(ready[1], "", 1) == 1)
			usleep(milliseconds * 1000);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* In a process of its own, because this one keeps the locks it takes. */
static int take(bool describes, unsigned int seconds, char *said, size_t size)
{
	int out[2], status;
	ssize_t len = 0, n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (!pid) {
		dup2(out[1], STDERR_FILENO);
		close(out[0]);
		_exit(lock_take(&tree.root, describes, seconds) ? 1 : 0);
	}
	close(out[1]);
	while ((n = read(out[0], said + len, size - 1 - (size_t)len)) > 0)
		len += n;
	said[len] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void is_free(void **state)
{
	char said[512];

	(void)state;
	assert_int_equal(take(true, 0, said, sizeof(said)), 0);
	assert_string_equal(said, "");
	/* Whoever had it has ended. */
	assert_int_equal(take(true, 0, said, sizeof(said)), 0);
}

static void is_held(void **state)
{
	char said[512], who[64], path[64];
	pid_t pid = hold(60000);

	(void)state;
	snprintf(path, sizeof(path), "proc/%d/cmdline", (int)pid);
	tree_write(&tree, path, "kexec\0--kho\0-l\0\033[2J\0", 20);
	assert_int_equal(take(true, 1, said, sizeof(said)), 1);
	snprintf(who, sizeof(who), "process %d (kexec --kho -l  [2J)", (int)pid);
	assert_non_null(strstr(said, who));
	assert_non_null(strstr(said, "waiting for"));
	assert_non_null(strstr(said, "after 1 seconds"));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(take(true, 0, said, sizeof(said)), 0);
}

static void becomes_free(void **state)
{
	char said[512];
	pid_t pid = hold(500);

	(void)state;
	assert_int_equal(take(false, 30, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "waiting for"));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void without_run(void **state)
{
	char said[512];

	(void)state;
	tree_unlink(&tree, "run/here");
	assert_int_equal(unlinkat(tree.root.fd, "run", AT_REMOVEDIR), 0);
	assert_int_equal(take(false, 0, said, sizeof(said)), 0);
	assert_int_equal(faccessat(tree.root.fd, "run", F_OK, 0), -1);
	/* A handover needs it, and an initramfs may have none. */
	assert_int_equal(take(true, 0, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "made /run"));
	assert_int_equal(take(true, 0, said, sizeof(said)), 0);
	assert_string_equal(said, "");
}

/* No description can be where no lock can be. */
static void without_place(void **state)
{
	char said[512];

	(void)state;
	tree_unlink(&tree, "run/here");
	assert_int_equal(unlinkat(tree.root.fd, "run", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("nowhere", tree.root.fd, "run"), 0);
	assert_int_equal(take(false, 0, said, sizeof(said)), 0);
	assert_int_equal(take(true, 0, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "there is no /run"));
	assert_non_null(strstr(said, "/run/kexec-kho/lock"));
}

/* A lock that is there and cannot be opened is no free one. */
static void is_no_file(void **state)
{
	char said[512];

	(void)state;
	assert_int_equal(mkdirat(tree.root.fd, "run/kexec-kho", 0700), 0);
	assert_int_equal(symlinkat("/elsewhere", tree.root.fd, "run/kexec-kho/lock"), 0);
	assert_int_equal(take(false, 0, said, sizeof(said)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_free, setup, teardown),
		cmocka_unit_test_setup_teardown(is_held, setup, teardown),
		cmocka_unit_test_setup_teardown(becomes_free, setup, teardown),
		cmocka_unit_test_setup_teardown(without_run, setup, teardown),
		cmocka_unit_test_setup_teardown(without_place, setup, teardown),
		cmocka_unit_test_setup_teardown(is_no_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
