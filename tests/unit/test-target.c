// SPDX-License-Identifier: GPL-2.0-only
/* What is refused of the kernel to be loaded, and of its files. */
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot-arch.h"
#include "message.h"
#include "said.h"
#include "target.h"
#include "tree.h"
#include "unit.h"

static struct tree tree;
static struct target target;
static struct request request;
static int writer = -1;			/* of the initrd */

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	memset(&request, 0, sizeof(request));
	memset(&target, 0, sizeof(target));
	target.kernel_fd = target.initrd_fd = target.prebuilt_fd = target.extras.initrd_fd = -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	target_release(&target);
	request_free(&request);
	tree_remove(&tree);
	if (writer >= 0)
		close(writer);
	writer = -1;
	return 0;
}

static char *in_tree(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tree.path, name);
	return must_copy(path, strlen(path) + 1);
}

/* The kernel is one of DATA, and the initrd a file that can be written. */
static void open_files(const char *kernel)
{
	char path[256];

	snprintf(path, sizeof(path), DATA "/%s", kernel);
	request.kernel = must_copy(path, strlen(path) + 1);
	request.initrd = in_tree("initrd");
	tree_write(&tree, "initrd", "initrd", 6);
	assert_int_equal(target_open(&target, &request), 0);
	assert_int_equal(target_read(&target, &request), 0);
}

/* The same while somebody has the initrd open for writing. */
static void open_files_written(const char *kernel)
{
	tree_write(&tree, "initrd", "initrd", 6);
	writer = root_open(&tree.root, "initrd", O_WRONLY);
	assert_true(writer >= 0);
	open_files(kernel);
	assert_int_equal(target.initrd.mapped, 0);
}

static void write_initrd(const char *text)
{
	assert_int_equal(pwrite(writer, text, 6, 0), 6);
}

/* ---- Where it will run ----------------------------------------------------------------- */

static void entered(void **state)
{
	struct machine m = { 0 };

	(void)state;
	target.image.relocatable = true;
	target.image.cmdline_max = 5;
	assert_says(0, NULL, target_check(&target, &m, &request, "quiet"));
	assert_refused("the command line has 6 characters, the new kernel reads 5",
		       target_check(&target, &m, &request, "quiet2"));
	m.arch.la57 = true;
	assert_refused("5-level page tables", target_check(&target, &m, &request, "quiet"));
	assert_refused("a vmlinux does not tell", target_check(&target, &m, &request, "quiet"));
	target.image.bzimage.header_size = 1;
	assert_refused("the new kernel cannot start with them",
		       target_check(&target, &m, &request, "quiet"));
	target.image.bzimage.xloadflags = XLF_5LEVEL;
	assert_says(0, NULL, target_check(&target, &m, &request, "quiet"));
	target.image.relocatable = false;
	assert_says(0, NULL, target_check(&target, &m, &request, "quiet"));
	request.kho = true;
	assert_refused("not relocatable", target_check(&target, &m, &request, "quiet"));
}

static void regions(void **state)
{
	(void)state;
	request.kernel = in_tree("kernel");
	assert_says(0, NULL, target_check_regions(&target, &request, 0));
	assert_refused("cannot revive reserve_mem regions", target_check_regions(&target, &request, 1));
	target.reads.reserve_mem = true;
	assert_says(0, NULL, target_check_regions(&target, &request, 1));
}

/* ---- What it reads ----------------------------------------------------------------------- */

static void abis(void **state)
{
	static const struct {
		const char *kernel, *phrase;
		enum kho_abi abi;
	} row[] = {
		{ "target.bzImage", NULL, KHO_ABI_V4 },
		{ "target-none.bzImage", "has no KHO", KHO_ABI_UNKNOWN },
		{ "target-v9.bzImage", "reads handovers of ABI kho-v9", KHO_ABI_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		teardown(state);
		setup(state);
		open_files(row[i].kernel);
		assert_says(row[i].phrase ? -1 : 0, row[i].phrase, target_find_abis(&target, &request));
		assert_int_equal(target.reads.abi, row[i].abi);
	}
}

/* Loaded again, it reads what it did then, and is not looked at. */
static void abis_of_the_first_load(void **state)
{
	(void)state;
	open_files("target-none.bzImage");
	request.reloading = true;
	request.reads.abi = KHO_ABI_V3;
	assert_says(0, NULL, target_find_abis(&target, &request));
	assert_int_equal(target.reads.abi, KHO_ABI_V3);
}

/* ---- Its files ---------------------------------------------------------------------------- */

static void initrd_written(void **state)
{
	(void)state;
	open_files_written("target.bzImage");
	assert_says(0, NULL, target_check_files(&target, &request));
	write_initrd("INITRD");
	assert_refused("initrd' was written", target_check_files(&target, &request));
}

/* A file in memory, whose file system has leases; open_files() with it. */
static void open_in_memory(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/kexec-kho-test-%d", (int)getpid());
	request.kernel = must_copy(DATA "/target.bzImage", sizeof(DATA "/target.bzImage"));
	request.initrd = must_copy(path, strlen(path) + 1);
	assert_int_equal(file_replace(path, "initrd", "initrd", 6), 0);
	assert_int_equal(target_open(&target, &request), 0);
	assert_int_equal(target_read(&target, &request), 0);
	assert_true(target.initrd.mapped);
	assert_memory_equal(target.initrd.data, "initrd", 6);
}

/* While it is mapped, a writer must wait; what counts is what it contains then. */
static void initrd_mapped(void **state)
{
	int fd;

	(void)state;
	open_in_memory();
	assert_says(0, NULL, target_check_mapped(&target, &request));
	assert_int_equal(open(request.initrd, O_WRONLY | O_NONBLOCK), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_says(0, NULL, target_check_mapped(&target, &request));
	file_let_go(target.initrd_fd);
	fd = open(request.initrd, O_WRONLY | O_NONBLOCK);
	assert_int_equal(pwrite(fd, "INITRD", 6, 0), 6);
	close(fd);
	assert_refused("was written while it was being loaded", target_check_mapped(&target, &request));
	unlink(request.initrd);
}

/* In a file in memory, to map a hole is to fill it. */
static void initrd_with_hole(void **state)
{
	(void)state;
	open_in_memory();
	file_let_go(target.initrd_fd);
	assert_int_equal(truncate(request.initrd, 1 << 20), 0);
	target.was_read = false;
	assert_int_equal(target_read(&target, &request), 0);
	assert_int_equal(target.initrd.mapped, 0);
	assert_int_equal(target.initrd.size, 1 << 20);
	unlink(request.initrd);
}

/* The kernel's file can be written again at once. */
static void kernel_let_go(void **state)
{
	struct buffer kernel;
	int fd;

	(void)state;
	assert_int_equal(file_read(DATA "/target.bzImage", "kernel", SIZE_MAX, &kernel), 0);
	tree_write(&tree, "kernel", kernel.data, kernel.size);
	buffer_free(&kernel);
	request.kernel = in_tree("kernel");
	assert_int_equal(target_open(&target, &request), 0);
	assert_int_equal(target_read_kernel(&target, &request), 0);
	assert_int_equal(target.kernel.mapped, 0);
	fd = open(request.kernel, O_WRONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	close(fd);
}

/* Held, it stays as it is, whichever system call loads it. */
static void mapped_is_held(void **state)
{
	(void)state;
	open_in_memory();
	request.method = METHOD_SEGMENTS;
	assert_says(0, NULL, target_hold(&target, &request));
	assert_true(file_is_sealed(target.initrd_fd));
	assert_int_equal(file_replace(request.initrd, "initrd", "INITRD", 6), 0);
	assert_memory_equal(target.initrd.data, "initrd", 6);
	unlink(request.initrd);
}

/* Cut off while it is mapped: the program ends by itself, and says why. */
static void mapped_is_cut_off(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	open_in_memory();
	file_let_go(target.initrd_fd);
	assert_int_equal(truncate(request.initrd, 0), 0);
	pid = fork();
	if (!pid) {
		fclose(stderr);
		_exit(target.initrd.data[0]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILED);
	unlink(request.initrd);
}

/* ---- A unified kernel image ----------------------------------------------------------- */

#define UKI	DATA "/../fuzz/corpus/uki/whole"

static void open_uki(bool initrd)
{
	request.kernel = must_copy(UKI, sizeof(UKI));
	if (initrd) {
		tree_write(&tree, "initrd", "another", 7);
		request.initrd = in_tree("initrd");
	}
	assert_int_equal(target_open(&target, &request), 0);
}

static void own_initrd(void **state)
{
	(void)state;
	open_uki(false);
	assert_says(0, "the initrd in '" UKI "' is loaded", target_read(&target, &request));
	assert_int_equal(target.initrd.size, 14);
	assert_memory_equal(target.initrd.data + 8, "initrd", 6);
	assert_int_equal(target.initrd_crc, 0);
	assert_string_equal(target.extras.cmdline, "console=ttyS0  quiet");
	/* What was taken out of the file is not looked for in it again. */
	target.kernel_crc ^= 1;
	assert_says(0, NULL, target_check_files(&target, &request));
}

static void initrd_of_the_user(void **state)
{
	(void)state;
	open_uki(true);
	assert_says(0, "in place of the initrd in", target_read(&target, &request));
	assert_int_equal(target.initrd.size, 7);
	assert_memory_equal(target.initrd.data, "another", 7);
}

/* Loaded again, nothing of it is news. */
static void uki_again(void **state)
{
	(void)state;
	open_uki(false);
	assert_int_equal(target_read(&target, &request), 0);
	request.reloading = true;
	request.kernel_crc = target.kernel_crc;
	target_release(&target);
	assert_int_equal(target_open(&target, &request), 0);
	assert_says(0, NULL, target_read(&target, &request));
	assert_int_equal(target.initrd.size, 14);
	request.kernel_crc ^= 1;
	target_release(&target);
	assert_int_equal(target_open(&target, &request), 0);
	assert_says(EXIT_REFUSED, "has changed since it was loaded", target_read(&target, &request));
}

/* Not there, or nothing in it. */
static void not_there(void **state)
{
	static const struct {
		const char *kernel, *initrd, *segment, *phrase;
	} row[] = {
		{ "none", NULL, NULL, "none'" }, { "here", "no-initrd", NULL, "no-initrd'" },
		{ "here", NULL, "no-segment", "no-segment'" }, { "here", "empty", NULL, "empty' is empty" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		teardown(state);
		setup(state);
		tree_write(&tree, "here", "x", 1);
		tree_write(&tree, "empty", "", 0);
		request.kernel = in_tree(row[i].kernel);
		request.initrd = row[i].initrd ? in_tree(row[i].initrd) : NULL;
		request.prebuilt = row[i].segment ? in_tree(row[i].segment) : NULL;
		assert_refused(row[i].phrase, target_open(&target, &request));
	}
}

/* Files that are loaded again are those of the first load, kernel and initrd. */
static void changed(void **state)
{
	(void)state;
	open_files("target.bzImage");
	request.reloading = true;
	request.kernel_crc = target.kernel_crc;
	request.initrd_crc = target.initrd_crc;
	target.was_read = target.kernel_was_read = false;
	assert_says(0, NULL, target_read(&target, &request));
	request.initrd_crc ^= 1;
	target.was_read = false;
	assert_says(EXIT_REFUSED, "has changed since it was loaded", target_read(&target, &request));
	request.initrd_crc ^= 1;
	request.kernel_crc ^= 1;
	target.kernel_was_read = false;
	assert_says(EXIT_REFUSED, "has changed since it was loaded", target_read(&target, &request));
}

/* A held target keeps what was read, whatever happens to the file. */
static void held(void **state)
{
	char bytes[6];

	(void)state;
	open_files_written("target.bzImage");
	request.method = METHOD_FILE;
	write_initrd("INITRD");
	assert_refused("initrd' was written", target_hold(&target, &request));
	assert_false(target.held);
	target_release(&target);
	target.was_read = target.kernel_was_read = false;
	write_initrd("initrd");
	close(writer);
	writer = -1;
	assert_int_equal(target_open(&target, &request), 0);
	assert_int_equal(target_read(&target, &request), 0);
	assert_says(0, NULL, target_hold(&target, &request));
	assert_true(target.initrd.mapped);
	tree_write(&tree, "initrd", "INITRD", 6);
	assert_int_equal(pread(target.initrd_fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_memory_equal(bytes, "initrd", sizeof(bytes));
	assert_int_equal(pwrite(target.initrd_fd, bytes, sizeof(bytes), 0), -1);
	assert_says(0, NULL, target_check_files(&target, &request));
}

/* ---- Kinds of kernels ----------------------------------------------------------------- */

#define MULTIBOOT2	DATA "/../fuzz/corpus/multiboot2/whole"

static void read_kind(const char *path, int code, const char *phrase)
{
	request.kernel = must_copy(path, strlen(path) + 1);
	assert_int_equal(target_open(&target, &request), 0);
	assert_says(code, phrase, target_read(&target, &request));
}

static void again(void **state)
{
	teardown(state);
	setup(state);
}

static void modules(void **state)
{
	char string[300];

	tree_write(&tree, "m1", "one", 3);
	tree_write(&tree, "m2", "second", 6);
	snprintf(string, sizeof(string), "%s/m1 a  b", tree.path);
	assert_int_equal(request_add_module(&request, string), 0);
	snprintf(string, sizeof(string), "%s/m2", tree.path);
	assert_int_equal(request_add_module(&request, string), 0);
	read_kind(MULTIBOOT2, 0, NULL);
	assert_int_equal(target.module_count, 2);
	assert_int_equal(target.module[0].data.size, 3);
	assert_memory_equal(target.module[0].data.data, "one", 3);
	assert_string_equal(target.module[0].string, request.module[0]);
	assert_string_equal(target.module[1].name, "module 2");
	assert_memory_equal(target.module[1].data.data, "second", 6);
	again(state);
	assert_int_equal(request_add_module(&request, "/none x"), 0);
	read_kind(MULTIBOOT2, EXIT_REFUSED, "cannot open module '/none'");
}

static void kinds(void **state)
{
	request.type = image_type_named("uki");
	read_kind(UKI, 0, "the initrd in '" UKI "' is loaded");
	again(state);
	request.type = image_type_named("uki");
	read_kind(DATA "/target.bzImage", EXIT_FAILED, "is of type bzImage");
	again(state);
	request.entry_32 = true;
	read_kind(DATA "/target.bzImage", 0, NULL);
	assert_true(target.image.entry_32);
	again(state);
	request.entry_32 = true;
	read_kind(DATA "/../fuzz/corpus/elf/whole", EXIT_REFUSED, "has no 32-bit entry point");
}

/* In 32-bit mode there are no 5-level page tables, but a vmlinux has no entry for it. */
static void chosen_entry(void **state)
{
	struct machine m = { 0 };

	(void)state;
	read_kind(DATA "/target.bzImage", 0, NULL);
	target.image.bzimage.xloadflags &= (uint16_t)~XLF_5LEVEL;
	said_begin();
	arch_choose_entry(&m, &target.image);
	assert_said(said_end(), NULL);
	assert_false(target.image.entry_32);
	m.arch.la57 = true;
	said_begin();
	arch_choose_entry(&m, &target.image);
	assert_said(said_end(), "is entered in 32-bit mode");
	assert_true(target.image.entry_32);
	assert_says(0, NULL, target_check(&target, &m, &request, "quiet"));
	again(state);
	read_kind(DATA "/../fuzz/corpus/elf/whole", 0, NULL);
	said_begin();
	arch_choose_entry(&m, &target.image);
	assert_said(said_end(), NULL);
	assert_refused("a vmlinux does not tell", target_check(&target, &m, &request, "quiet"));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entered), TEST(regions), TEST(abis), TEST(abis_of_the_first_load),
		TEST(initrd_written), TEST(initrd_mapped), TEST(initrd_with_hole), TEST(kernel_let_go), TEST(mapped_is_held),
		TEST(mapped_is_cut_off), TEST(own_initrd), TEST(initrd_of_the_user), TEST(uki_again), TEST(not_there), TEST(changed), TEST(held),
		TEST(modules), TEST(kinds), TEST(chosen_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
