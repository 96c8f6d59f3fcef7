// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is read of a machine, in a tree that stands in for it: nothing is cut off silently, no
 * link leads out, and what is unknown never counts as good.
 */
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handover.h"
#include "incoming.h"
#include "live-update.h"
#include "machine.h"
#include "prebuilt.h"
#include "symbols.h"
#include "tree.h"
#include "unit.h"

#define SESSION	"anon_inode:[luo_session] vm"

static struct tree tree;
static struct machine machine;

static void write_text(const char *path, const char *text)
{
	tree_write(&tree, path, text, strlen(text));
}

static void link_to(const char *target, const char *path)
{
	/* The folder alone. */
	write_text(path, "");
	tree_unlink(&tree, path);
	assert_int_equal(symlinkat(target, tree.root.fd, path), 0);
}

static int setup(void **state)
{
	static const char page[4096];

	(void)state;
	tree_make(&tree);
	write_text("proc/sys/kernel/osrelease", "7.3.4\n");
	write_text("proc/cmdline", "quiet\n");
	write_text("proc/meminfo", "MemTotal: 1000000 kB\n");
	write_text("proc/cpuinfo", "flags : fpu\n");
	write_text("proc/zoneinfo", "Node 0, zone DMA\n  start_pfn:           1\n");
	write_text("proc/iomem", "00100000-3fffffff : System RAM\n");
	write_text("sys/devices/system/cpu/possible", "0-3\n");
	write_text("sys/firmware/memmap/0/start", "0x100000\n");
	write_text("sys/firmware/memmap/0/end", "0x3fffffff\n");
	write_text("sys/firmware/memmap/0/type", "System RAM\n");
	tree_write(&tree, "sys/kernel/boot_params/data", page, sizeof(page));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static int observe(void)
{
	int err = machine_observe(&machine, tree.path);

	machine_release(&machine);
	return err;
}

/* ---- The machine ---------------------------------------------------------------------- */

static void write_taken(unsigned int count)
{
	char text[4096];
	int len = snprintf(text, sizeof(text), "00100000-3fffffff : System RAM\n");

	for (unsigned int i = 1; i < count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "  %08x-%08x : Kernel %s\n",
				i << 20, (i << 20) + 0xfff, i % 2 ? "code" : "data");
	snprintf(text + len, sizeof(text) - (size_t)len, "  30000000-30ffffff : Crash kernel\n");
	write_text("proc/iomem", text);
}

static void taken(void **state)
{
	(void)state;
	write_taken(TAKEN_MAX);
	assert_int_equal(observe(), 0);
	assert_int_equal(machine.taken_count, TAKEN_MAX);
	assert_int_equal(machine.taken[0].addr, 0x100000);
	assert_int_equal(machine.taken[0].size, 0x1000);
	assert_int_equal(machine.taken[TAKEN_MAX - 1].addr, 0x30000000);
	write_taken(TAKEN_MAX + 1);
	assert_int_equal(observe(), -1);
}

/* Without root every address is 0: it is not known what the kernel uses as RAM. */
static void iomem_hidden(void **state)
{
	(void)state;
	assert_int_equal(observe(), 0);
	assert_int_equal(machine.usable_count, 1);
	assert_int_equal(machine_check_usable(&machine), 0);
	write_text("proc/iomem", "00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n");
	assert_int_equal(observe(), 0);
	assert_int_equal(machine.usable_count, 0);
	assert_int_equal(machine_check_usable(&machine), -1);
}

/* A line of any length is one line. */
static void long_lines(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'x', 255);
	strcpy(text + 255, "00100000-001fffff : System RAM\n00200000-002fffff : System RAM\n");
	write_text("proc/iomem", text);
	assert_int_equal(observe(), 0);
	assert_int_equal(machine.usable_count, 1);
	assert_int_equal(machine.usable[0].addr, 0x200000);
	strcpy(text + 255, "Node 99, zone DMA\nNode 0, zone DMA\n  start_pfn: 1\n");
	write_text("proc/zoneinfo", text);
	assert_int_equal(observe(), 0);
	assert_int_equal(machine.node_count, 1);
}

/* 1.5 KiB for each CPU. */
static void many_cpus(void **state)
{
	const size_t size = 13 << 20;
	char *text = must_calloc(size);

	(void)state;
	memset(text, 'x', size);
	memcpy(text + size - 7, " la57\n", 6);
	tree_write(&tree, "proc/cpuinfo", text, size - 1);
	assert_int_equal(observe(), 0);
	assert_true(machine.arch.la57);
	free(text);
}

static void symbols_cut_short(void **state)
{
	struct symbol symbol = { .name = "kho_out" };

	(void)state;
	write_text("proc/kallsyms", "ffffffff81000000 T _text\nffffffff82000000 d kho_out\n");
	assert_int_equal(symbols_find(&tree.root, &symbol, 1), 0);
	assert_int_equal(symbol.addr, 0xffffffff82000000);
	tree_unlink(&tree, "proc/kallsyms");
	write_text("proc/kallsyms/folder", "");		/* it opens, and then fails to be read */
	assert_int_equal(symbols_find(&tree.root, &symbol, 1), -EISDIR);
}

/* What is said while the log's writers are provoked, into a file of the tree. */
static void provoke(char *said, size_t size)
{
	int fd = root_open(&tree.root, "said", O_RDWR | O_CREAT | O_TRUNC), stderr_fd = dup(STDERR_FILENO);
	ssize_t len;

	assert_true(fd >= 0 && stderr_fd >= 0);
	dup2(fd, STDERR_FILENO);
	handover_provoke_writers(&tree.root);
	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	len = pread(fd, said, size - 1, 0);
	close(fd);
	assert_true(len >= 0);
	said[len] = '\0';
}

static void log_writers(void **state)
{
	char said[256];

	(void)state;
	provoke(said, sizeof(said));
	assert_string_equal(said, "");		/* a captured tree has no log */
	tree.root.live = true;
	provoke(said, sizeof(said));
	assert_non_null(strstr(said, "cannot write to /dev/kmsg"));
	write_text("dev/kmsg", "");
	provoke(said, sizeof(said));
	assert_string_equal(said, "");
	assert_int_equal(root_read_line(&tree.root, "dev/kmsg", said, sizeof(said)), 0);
	assert_non_null(strstr(said, "taking digests"));
}

/* ---- Live update sessions --------------------------------------------------------------- */

/* Of another tree, which no link of this one may reach. */
static void sessions_outside(void **state)
{
	struct tree ours = tree, outside;
	char name[LUO_SESSION_NAME], path[128];

	(void)state;
	tree_make(&outside);
	tree = outside;
	link_to(SESSION, "proc/17/task/17/fd/3");
	assert_int_equal(luo_find_session(&tree.root, name), 1);
	tree = ours;
	write_text("proc/18/stat", "");
	snprintf(path, sizeof(path), "%s/proc/17/task", outside.path);
	link_to(path, "proc/18/task");
	assert_int_equal(luo_find_session(&tree.root, name), 0);
	snprintf(path, sizeof(path), "../../../../../..%s/proc/17", outside.path);
	link_to(path, "proc/19");
	assert_int_equal(luo_find_session(&tree.root, name), 0);
	tree_remove(&outside);
}

/* In a PID namespace of its own a process sees some of all. */
static void sessions_in_namespace(void **state)
{
	char name[LUO_SESSION_NAME];

	(void)state;
	assert_int_equal(luo_find_session(&tree.root, name), 0);
	/* The /proc of another namespace has no "self" for us. */
	tree.root.live = true;
	assert_int_equal(luo_find_session(&tree.root, name), -1);
	tree_write(&tree, "proc/self/ns/mnt", "", 0);
	assert_int_equal(luo_find_session(&tree.root, name), 0);
	tree.root.live = false;
	link_to("pid:[4026532177]", "proc/self/ns/pid");
	assert_int_equal(luo_find_session(&tree.root, name), -1);
	tree_unlink(&tree, "proc/self/ns/pid");
	link_to("pid:[4026531836]", "proc/self/ns/pid");
	assert_int_equal(luo_find_session(&tree.root, name), 0);
}

/* ---- Files ------------------------------------------------------------------------------ */

static void incoming_not_listed(void **state)
{
	struct incoming in;

	(void)state;
	assert_int_equal(incoming_open(&tree.root, &in), 0);
	write_text("sys/kernel/boot_params/setup_data", "");
	assert_int_equal(incoming_open(&tree.root, &in), -1);
}

static void end_of_file(void **state)
{
	char buf[4];
	int fd;

	(void)state;
	write_text("file", "abc");
	fd = root_open(&tree.root, "file", O_RDONLY);
	errno = EPERM;
	assert_int_equal(read_at(fd, buf, 3, 0), 0);
	assert_int_equal(read_at(fd, buf, 4, 0), -1);
	assert_int_equal(errno, ENODATA);
	close(fd);
}

static void path_of(const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", tree.path, name);
}

static void assert_saved(const char *path, const char *text)
{
	char buf[16] = "";
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(read(fd, buf, sizeof(buf) - 1), strlen(text));
	assert_string_equal(buf, text);
	close(fd);
}

static unsigned int files_in_tree(void)
{
	DIR *dir = root_opendir(&tree.root, ".");
	unsigned int count = 0;

	while (next_entry(dir))
		count++;
	closedir(dir);
	return count;
}

/*
 * A prebuilt handover may contain secrets, and is written as root: nobody else may decide
 * where PATH leads.
 */
static void prebuilt_saved(void **state)
{
	unsigned int files = files_in_tree();
	char path[128], other[128];

	(void)state;
	path_of("segment", path, sizeof(path));
	assert_int_equal(prebuilt_save(path, "one", 3), 0);
	assert_saved(path, "one");
	assert_int_equal(chmod(path, 0666), 0);
	path_of("hard", other, sizeof(other));
	assert_int_equal(link(path, other), 0);
	assert_int_equal(prebuilt_save(path, "two", 3), 0);
	assert_saved(path, "two");
	assert_int_equal(chmod(other, 0600), 0);
	assert_saved(other, "one");
	assert_int_equal(unlink(path), 0);

	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(prebuilt_save(path, "three", 5), -1);
	assert_saved(other, "one");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("none", path), 0);
	assert_int_equal(prebuilt_save(path, "three", 5), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(prebuilt_save(path, "three", 5), -1);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(prebuilt_save("/dev/full", "three", 5), -1);
	assert_int_equal(files_in_tree(), files + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(taken, setup, teardown),
		cmocka_unit_test_setup_teardown(iomem_hidden, setup, teardown),
		cmocka_unit_test_setup_teardown(long_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(many_cpus, setup, teardown),
		cmocka_unit_test_setup_teardown(symbols_cut_short, setup, teardown),
		cmocka_unit_test_setup_teardown(log_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(sessions_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(sessions_in_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(incoming_not_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(end_of_file, setup, teardown),
		cmocka_unit_test_setup_teardown(prebuilt_saved, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
