// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load up to its system calls, on a captured machine: what is refused before them, and what
 * remains after them. Functions of this file stand in for the kernel. They keep the image they
 * were given where /proc/kcore shows it, and log each call: l kexec_load, c whether it is
 * open, k kexec_file_load, u and f unloading through the one and the other.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch.h"
#include "auto.h"
#include "boot-id.h"
#include "file-load.h"
#include "finalize.h"
#include "kho-handover.h"
#include "load.h"
#include "message.h"
#include "refusal.h"
#include "said.h"
#include "state.h"
#include "syscalls.h"
#include "tree.h"
#include "unit.h"

#define SYMBOL		0xffffffffc0000000ull	/* kexec_image, in no part of the captured memory */
#define KIMAGE		0xffff800000000000ull
#define TABLE		0xffffffffa1a40670ull	/* reserved_mem_count of machine kho-6.18 */
#define HEADERS		64

#define FINALIZE	"sys/kernel/debug/kho/out/finalize"
#define MARK		STATE_DIR "/finalized"
#define LOCKDOWN	"sys/kernel/security/lockdown"
#define LOAD_DISABLED	"proc/sys/kernel/kexec_load_disabled"
#define LOAD_LIMIT	"proc/sys/kernel/kexec_load_limit_reboot"
#define BOOT_ID		"6bd2cc34-8a25-4a1f-9f0c-2f6a5b1d7e01"

/* What the kernel shows of its image, after the end of the captured core. */
static struct {
	uint64_t pointer;
	uint64_t kimage[128];
	struct {
		uint64_t count[2];
		struct kho_region region[KHO_REGIONS_MAX];
	} table;
	Elf64_Phdr phdr[HEADERS];
} shown;

static struct tree tree;
static struct request request;
static struct target target;
static char done[16];
static int load_errno;			/* of both ways to load */
static int check_errno;			/* of the question whether kexec_load is open */
static void (*while_loading)(void);
static int (*then)(void);
static uint64_t foreign;		/* the kernel has this instead of what was loaded */
static off_t core_end;			/* of the captured core */
static struct given {
	off_t size;			/* -1: no file */
	int seals;			/* -1: not in sealed memory */
} given_kernel, given_initrd;		/* what the kernel was last told to read */

static void did(char what)
{
	size_t len = strlen(done);

	assert_true(len + 1 < sizeof(done));
	done[len] = what;
}

/* The kernel has an image with a segment at ADDR. */
static void kernel_has(uint64_t addr, uint64_t size)
{
	int fd = root_open(&tree.root, "proc/kcore", O_WRONLY);

	shown.pointer = addr ? KIMAGE : 0;
	shown.kimage[3] = 0x1000;
	shown.kimage[20] = addr;
	shown.kimage[21] = size;
	assert_int_equal(pwrite(fd, &shown, sizeof(shown), core_end), sizeof(shown));
	close(fd);
}

/* ---- In the place of the kernel ------------------------------------------------------ */

static int answer(uint64_t addr, uint64_t size)
{
	if (while_loading)
		while_loading();
	errno = load_errno;
	if (load_errno)
		return -1;
	kernel_has(foreign ? foreign : addr, size);
	return 0;
}

static unsigned long given_flags;
static struct segment given_core;	/* its buffer is not valid any more */
static uint64_t lowest, highest;	/* of all segments */
static char given_magic[4];

static void note_segments(const struct segments *segments)
{
	lowest = UINT64_MAX;
	highest = 0;
	given_core = (struct segment){ 0 };
	for (size_t i = 0; i < segments->count; i++) {
		const struct segment *s = &segments->list[i];

		lowest = s->addr < lowest ? s->addr : lowest;
		highest = s->addr + s->size > highest ? s->addr + s->size : highest;
		if (strcmp(s->name, "core headers"))
			continue;
		given_core = *s;
		memcpy(given_magic, s->buf, sizeof(given_magic));
	}
}

int sys_kexec_load(const struct segments *segments, unsigned long flags)
{
	did('l');
	given_flags = flags;
	note_segments(segments);
	for (size_t i = 0; i < segments->count; i++)
		if (!strcmp(segments->list[i].name, "handover"))
			return answer(segments->list[i].addr, segments->list[i].size);
	return answer(0, 0);
}

int sys_kexec_load_check(void)
{
	did('c');
	errno = check_errno;
	return check_errno ? -1 : 0;
}

static struct given look_at(int fd)
{
	struct stat st = { .st_size = -1 };

	if (fd >= 0)
		assert_int_equal(fstat(fd, &st), 0);
	return (struct given){ st.st_size, fcntl(fd, F_GET_SEALS) };
}

int sys_kexec_file_load(int kernel_fd, int initrd_fd, const char *cmdline, unsigned long flags,
			int kho_fd)
{
	struct kho_payload payload;

	did('k');
	given_flags = flags;
	assert_true(kernel_fd >= 0);
	assert_int_equal(!!(flags & KEXEC_FILE_NO_INITRAMFS), initrd_fd < 0);
	given_kernel = look_at(kernel_fd);
	given_initrd = look_at(initrd_fd);
	assert_non_null(cmdline);
	if (!(flags & KEXEC_FILE_KHO))
		return answer(0, 0);
	assert_int_equal(pread(kho_fd, &payload, sizeof(payload), sizeof(struct kho_setup_data)),
			 sizeof(payload));
	return answer(payload.addr, payload.size);
}

static int unload_errno;

static int unloaded(char what)
{
	did(what);
	errno = unload_errno;
	return unload_errno ? -1 : 0;
}

int sys_kexec_unload(bool crash)
{
	assert_false(crash);
	return unloaded('u');
}

int sys_kexec_file_unload(bool crash)
{
	assert_false(crash);
	return unloaded('f');
}

int sys_reboot_kexec(void)
{
	fail();
	return -1;
}

/* ---- The machine --------------------------------------------------------------------- */

static void run(const char *format, const char *a, const char *b)
{
	char command[512];

	assert_true((size_t)snprintf(command, sizeof(command), format, a, b) < sizeof(command));
	assert_int_equal(system(command), 0);
}

static Elf64_Phdr part(uint64_t virt, size_t size, size_t offset)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = virt, .p_paddr = UINT64_MAX,
			     .p_memsz = size, .p_filesz = size, .p_offset = (uint64_t)core_end + offset };
}

/* Add kexec_image and a struct kimage to the captured core. */
static void extend_core(void)
{
	int fd = root_open(&tree.root, "proc/kcore", O_RDWR);
	Elf64_Ehdr ehdr;
	size_t count;

	assert_true(fd >= 0);
	core_end = lseek(fd, 0, SEEK_END);
	assert_int_equal(pread(fd, &ehdr, sizeof(ehdr), 0), sizeof(ehdr));
	count = ehdr.e_phnum;
	assert_true(count + 3 <= HEADERS);
	assert_int_equal(pread(fd, shown.phdr, count * sizeof(shown.phdr[0]), (off_t)ehdr.e_phoff),
			 count * sizeof(shown.phdr[0]));
	shown.phdr[count] = part(SYMBOL, sizeof(shown.pointer), 0);
	shown.phdr[count + 1] = part(KIMAGE, sizeof(shown.kimage), sizeof(shown.pointer));
	shown.phdr[count + 2] = part(TABLE, sizeof(shown.table), offsetof(__typeof__(shown), table));
	ehdr.e_phnum = (Elf64_Half)(count + 3);
	ehdr.e_phoff = (uint64_t)core_end + offsetof(__typeof__(shown), phdr);
	assert_int_equal(pwrite(fd, &ehdr, sizeof(ehdr), 0), sizeof(ehdr));
	close(fd);
	kernel_has(0, 0);
}

static void list_symbol(void)
{
	int fd = root_open(&tree.root, "proc/kallsyms", O_WRONLY | O_APPEND);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%llx B kexec_image\n", (unsigned long long)SYMBOL) > 0);
	close(fd);
}

static void boot(const char *captured)
{
	char path[256];

	memset(done, 0, sizeof(done));
	memset(&request, 0, sizeof(request));
	memset(&shown, 0, sizeof(shown));
	shown.table.count[0] = 1;
	shown.table.region[0] = (struct kho_region){ "r0", 0x3c800000, 0x1000000 };
	load_errno = check_errno = 0;
	while_loading = NULL;
	then = NULL;
	foreign = 0;
	tree_make(&tree);
	snprintf(path, sizeof(path), DATA "/machines/%s.tar.gz", captured);
	run("tar -xzf '%s' -C '%s'", path, tree.path);
	tree_write(&tree, "run/here", "", 0);
	tree_write(&tree, BOOT_ID_FILE, BOOT_ID "\n", strlen(BOOT_ID) + 1);
	list_symbol();
	extend_core();
	snprintf(path, sizeof(path), "%s/vmlinuz", tree.path);
	run("cp '%s' '%s'", DATA "/target.bzImage", path);
	request.kernel = must_copy(path, strlen(path) + 1);
	request.cmdline = must_copy("quiet", 6);
	request.kho = true;
	request.method = METHOD_SEGMENTS;
	assert_int_equal(target_open(&target, &request), 0);
	target.image.cmdline_max = 2047;	/* for loads that do not look into the kernel */
}

static int setup(void **state)
{
	(void)state;
	boot("kho-on");
	return 0;
}

/* One that has not finalized: its handover is as it will be. */
static int setup_pending(void **state)
{
	(void)state;
	boot("kho-6.18");
	tree_write(&tree, FINALIZE, "0\n", 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	target_release(&target);
	request_free(&request);
	tree_remove(&tree);
	return 0;
}

/* From now on a kernel that takes segments, and is asked to. */
static void takes_segments(void)
{
	static const char features[] = "format 2\nsegment verify seal\n";

	tree_write(&tree, "sys/kernel/kho/features", features, sizeof(features) - 1);
	request.method = METHOD_FILE;
}

/* In place of the description's state: it is unknown, and -e refuses. */
#define UNKNOWN	(-1)

/* A load ends with CODE after these calls; whether an image is described then. */
static void loads(int code, const char *calls, int described)
{
	struct loaded_record record;
	int got = load_image(&request, &target, tree.path, then), saved_errno = errno;

	if (got != code)
		fail_msg("status %d, not %d", got, code);
	assert_string_equal(done, calls);
	assert_int_equal(state_load(&tree.root, &record), described);
	if (described > 0)
		request_free(&record.request);
	memset(done, 0, sizeof(done));
	errno = saved_errno;
}

/* ---- In the place of reboot(2) ---------------------------------------------------------- */

static int load_foreign(void)
{
	did('t');
	kernel_has(0x7000, 0x1000);
	return EXIT_OK;
}

static int nothing_is_described(void)
{
	struct loaded_record record;

	did('t');
	assert_int_equal(state_load(&tree.root, &record), UNKNOWN);
	errno = ESTALE;
	return EXIT_OK;
}

static int refuse(void)
{
	did('t');
	return EXIT_REFUSED;
}

/* ---- Tests ---------------------------------------------------------------------------- */

static void by_kexec_load(void **state)
{
	struct loaded_record record;
	struct kcore kcore;

	(void)state;
	loads(EXIT_OK, "l", true);
	assert_int_equal(state_load(&tree.root, &record), 1);
	assert_int_equal(record.id.symbol, SYMBOL);
	assert_int_equal(record.id.payload.addr, shown.kimage[20]);
	assert_int_equal(kcore_open(&tree.root, &kcore), 0);
	assert_int_equal(running_image_owner(&kcore, &record.id), IMAGE_OURS);
	kernel_has(shown.kimage[20] + 0x1000, shown.kimage[21]);
	assert_int_equal(running_image_owner(&kcore, &record.id), IMAGE_FOREIGN);
	kernel_has(0, 0);
	assert_int_equal(running_image_owner(&kcore, &record.id), IMAGE_NONE);
	record.id.symbol = 0x1000;
	assert_int_equal(running_image_owner(&kcore, &record.id), IMAGE_UNTOLD);
	kcore_close(&kcore);
	request_free(&record.request);
}

static void by_the_kernel(void **state)
{
	(void)state;
	takes_segments();
	loads(EXIT_OK, "k", true);
}

static void not_told(void **state)
{
	struct loaded_record record;

	(void)state;
	run("sed -i /kexec_image/d '%s%s'", tree.path, "/proc/kallsyms");
	loads(EXIT_OK, "l", true);
	assert_int_equal(state_load(&tree.root, &record), 1);
	assert_int_equal(record.id.symbol, 0);
	request_free(&record.request);
}

/* What was loaded before, and its description, stay. */
static void kernel_refuses(void **state)
{
	(void)state;
	load_errno = EPERM;
	loads(EXIT_FAILED, "l", false);
	load_errno = 0;
	loads(EXIT_OK, "l", true);
	load_errno = ENOMEM;
	loads(EXIT_FAILED, "l", true);
	takes_segments();
	loads(EXIT_FAILED, "k", true);
}

/* Somebody else's image is neither described nor unloaded. */
static void another_loads(void **state)
{
	(void)state;
	loads(EXIT_OK, "l", true);
	foreign = 0x7000;
	loads(EXIT_FAILED, "l", UNKNOWN);
	takes_segments();
	loads(EXIT_FAILED, "k", UNKNOWN);
	/* A load that fails later knows no more. */
	load_errno = ENOMEM;
	loads(EXIT_FAILED, "k", UNKNOWN);
	load_errno = 0;
	foreign = 0;
	loads(EXIT_OK, "k", true);
}

static void overwrite(void)
{
	int fd = open(request.kernel, O_WRONLY);

	assert_int_equal(pwrite(fd, "x", 1, 3000), 1);
	close(fd);
}

/* The kernel reads the file itself, and gets another one than was checked. */
static void file_written(void **state)
{
	(void)state;
	takes_segments();
	loads(EXIT_OK, "k", true);
	while_loading = overwrite;
	loads(EXIT_FAILED, "kf", false);
	while_loading = NULL;
	request.method = METHOD_SEGMENTS;
	loads(EXIT_OK, "l", true);
}

static ino_t loaded_inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* Another file under its name is none of a load that has begun. */
static void file_renamed(void **state)
{
	ino_t judged = loaded_inode(target.kernel_fd);

	(void)state;
	run("mv '%s' '%s.old'", request.kernel, request.kernel);
	run("cp '%s' '%s'", DATA "/target-none.bzImage", request.kernel);
	takes_segments();
	loads(EXIT_OK, "k", true);
	assert_int_equal(loaded_inode(target.kernel_fd), judged);
}

static void no_place_to_describe(void **state)
{
	(void)state;
	tree_unlink(&tree, "run/here");
	assert_int_equal(unlinkat(tree.root.fd, "run", AT_REMOVEDIR), 0);
	tree_write(&tree, "run", "", 0);
	loads(EXIT_FAILED, "", UNKNOWN);
}

/* An image that cannot be described must not stay. */
static void cannot_describe(void **state)
{
	(void)state;
	tree_write(&tree, STATE_DIR "/loaded.json.new/here", "", 0);
	loads(EXIT_FAILED, "lu", false);
	takes_segments();
	loads(EXIT_FAILED, "kf", false);
	/* An image that stays anyway must not be started. */
	unload_errno = EPERM;
	loads(EXIT_FAILED, "kf", UNKNOWN);
	unload_errno = 0;
}

/* Nor is somebody else's unloaded, which has come while the files were looked at. */
static void another_loads_at_the_end(void **state)
{
	(void)state;
	tree_write(&tree, STATE_DIR "/loaded.json.new/here", "", 0);
	then = load_foreign;
	loads(EXIT_FAILED, "lt", UNKNOWN);
	takes_segments();
	loads(EXIT_FAILED, "kt", UNKNOWN);
	/* Nor any, where the kernel does not tell. */
	run("sed -i /kexec_image/d '%s%s'", tree.path, "/proc/kallsyms");
	then = NULL;
	loads(EXIT_FAILED, "k", UNKNOWN);
}

/* What follows the load comes right after it: nothing is read or written before. */
static void followed(void **state)
{
	(void)state;
	takes_segments();
	assert_int_equal(target_read(&target, &request), 0);
	assert_int_equal(target_hold(&target, &request), 0);
	overwrite();
	then = nothing_is_described;
	loads(EXIT_OK, "kt", true);
	assert_int_equal(errno, ESTALE);
	request.method = METHOD_SEGMENTS;
	loads(EXIT_OK, "lt", true);
	then = refuse;
	loads(EXIT_REFUSED, "lt", true);
	load_errno = ENOMEM;
	loads(EXIT_FAILED, "l", true);
}

static void dry_run(void **state)
{
	(void)state;
	request.dry_run = true;
	loads(EXIT_OK, "", false);
	assert_int_equal(faccessat(tree.root.fd, STATE_DIR, F_OK, 0), -1);
}

static void lockdown(void **state)
{
	static const char *const modes[] = { "none [integrity] confidentiality\n",
					     "none integrity [confidentiality]\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		tree_write(&tree, "sys/kernel/security/lockdown", modes[i], strlen(modes[i]));
		loads(EXIT_REFUSED, "", false);
	}
}

/* Loaded again, the files must be those of the first time. */
static void other_files(void **state)
{
	(void)state;
	loads(EXIT_OK, "l", true);
	request.reloading = true;
	request.reads = target.reads;
	request.kernel_crc = target.kernel_crc;
	loads(EXIT_OK, "l", true);
	request.kernel_crc ^= 1;
	target_release(&target);
	assert_int_equal(target_open(&target, &request), 0);
	loads(EXIT_REFUSED, "", true);
}

/* With its files read once, an image can be loaded again without them. */
static void files_out_of_reach(void **state)
{
	(void)state;
	assert_int_equal(target_read(&target, &request), 0);
	close(target.kernel_fd);
	target.kernel_fd = -1;
	loads(EXIT_OK, "l", true);
}

/* The kernel reads files by itself, and what it is given then lies in memory. */
static void files_held(void **state)
{
	ino_t file = loaded_inode(target.kernel_fd);

	(void)state;
	assert_int_equal(target_read(&target, &request), 0);
	assert_int_equal(target_hold(&target, &request), 0);
	assert_int_equal(loaded_inode(target.kernel_fd), file);
	takes_segments();
	assert_int_equal(target_hold(&target, &request), 0);
	assert_true(loaded_inode(target.kernel_fd) != file);
	overwrite();
	loads(EXIT_OK, "k", true);
}

static void put_text(const char *path, const char *text)
{
	tree_write(&tree, path, text, strlen(text));
}

/* Newer kernels add a seal for the executable bit. */
static void assert_sealed(int seals)
{
	const int all = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

	assert_true(seals != -1);
	assert_int_equal(seals & all, all);
}

/* The kernel named NAME is loaded by the kernel's own loader. */
static void load_file(const char *name)
{
	int err;

	target_release(&target);
	free(request.kernel);
	request.kernel = must_copy(name, strlen(name) + 1);
	assert_int_equal(target_open(&target, &request), 0);
	assert_int_equal(target_read_kernel(&target, &request), 0);
	assert_int_equal(load_image_file(&tree.root, &request, &target, &err), FILE_LOAD_OK);
}

/* A bzImage is loaded from its file, and what had to be unpacked from sealed memory. */
static void unpacked(void **state)
{
	char name[300];
	off_t size;

	(void)state;
	snprintf(name, sizeof(name), "%s", request.kernel);
	load_file(name);
	assert_int_equal(given_kernel.seals, -1);
	assert_int_equal(given_initrd.size, -1);
	size = given_kernel.size;
	run("gzip -k '%s%s'", name, "");
	strcat(name, ".gz");
	load_file(name);
	assert_int_equal(given_kernel.size, size);
	assert_sealed(given_kernel.seals);
	assert_int_equal(given_initrd.size, -1);
}

/* With the initrd inside, unless the user names another one. */
static void unified(void **state)
{
	(void)state;
	load_file(DATA "/../fuzz/corpus/uki/whole");
	assert_sealed(given_kernel.seals);
	assert_sealed(given_initrd.seals);
	assert_int_equal(given_initrd.size, 14);
	request.initrd = must_copy(request.kernel, strlen(request.kernel) + 1);
	load_file(DATA "/../fuzz/corpus/uki/whole");
	assert_sealed(given_kernel.seals);
	assert_int_equal(given_initrd.seals, -1);
	assert_true(given_initrd.size > 14);
}

/* A call that must fail is not made: it may be counted. */
static void line_too_long(void **state)
{
	(void)state;
	request.kho = false;
	request.method = METHOD_FILE;
	target.image.cmdline_max = strlen(request.cmdline) - 1;
	assert_says(EXIT_REFUSED, "the command line has 5 characters, the new kernel reads 4",
		    load_auto(&tree.root, &request, &target));
	assert_string_equal(done, "");
}

/* A vmlinux is not even offered to the kernel's own loader. */
static void segments_only(void **state)
{
	(void)state;
	target.image.segments_only = true;
	request.kho = false;
	request.method = METHOD_FILE;
	assert_says(EXIT_FAILED, ", or use -c", load_auto(&tree.root, &request, &target));
	put_text(LOCKDOWN, "none [integrity] confidentiality\n");
	for (int method = METHOD_AUTO; method <= METHOD_FILE; method++) {
		request.method = method;
		said_begin();
		assert_int_equal(load_auto(&tree.root, &request, &target), EXIT_FAILED);
		assert_null(strstr(said_end(), "-c"));
	}
	target.image.entry_32 = true;
	assert_says(EXIT_FAILED, "lockdown leaves no other way", load_auto(&tree.root, &request, &target));
	put_text(LOCKDOWN, "[none] integrity confidentiality\n");
	assert_says(EXIT_FAILED, "has no 64-bit entry point: use -c", load_auto(&tree.root, &request, &target));
	assert_string_equal(done, "");
}

/* A handover goes with it too, and the file may change after it was unpacked. */
static void unpacked_handed_over(void **state)
{
	(void)state;
	run("gzip '%s%s'", request.kernel, "");
	run("mv '%s.gz' '%s'", request.kernel, request.kernel);
	target_release(&target);
	assert_int_equal(target_open(&target, &request), 0);
	takes_segments();
	assert_int_equal(target_read(&target, &request), 0);
	overwrite();
	loads(EXIT_OK, "k", true);
	assert_sealed(given_kernel.seals);
}

/* It was mapped, and can be written once its lease is gone. */
static void write_mapped(void)
{
	int fd;

	file_let_go(target.initrd_fd);
	fd = open(request.initrd, O_WRONLY | O_NONBLOCK);
	assert_int_equal(pwrite(fd, "INITRD", 6, 0), 6);
	close(fd);
}

static void open_mapped(const char *path)
{
	assert_int_equal(file_replace(path, "initrd", "initrd", 6), 0);
	target_release(&target);
	target.was_read = target.kernel_was_read = false;
	free(request.initrd);
	request.initrd = must_copy(path, strlen(path) + 1);
	assert_int_equal(target_open(&target, &request), 0);
	unload_errno = 0;
	while_loading = NULL;
}

/* What was loaded differs from its digests then, and does not stay, or is not started. */
static void mapped_initrd_written(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/dev/shm/kexec-kho-test-%d", (int)getpid());
	for (int kho = 0; kho < 2; kho++) {
		request.kho = kho;
		open_mapped(path);
		loads(EXIT_OK, "l", kho);
		open_mapped(path);
		while_loading = write_mapped;
		said_begin();
		loads(EXIT_FAILED, "lu", false);
		assert_said(said_end(), "was written while it was being loaded");
		open_mapped(path);
		while_loading = write_mapped;
		unload_errno = EPERM;
		loads(EXIT_FAILED, "lu", UNKNOWN);
		assert_true(state_unknown(&tree.root));
		state_forget(&tree.root);
	}
	unload_errno = 0;
	unlink(path);
}

static void plain(void **state)
{
	(void)state;
	loads(EXIT_OK, "l", true);
	request.kho = false;
	load_errno = EPERM;
	loads(EXIT_FAILED, "l", true);
	load_errno = 0;
	loads(EXIT_OK, "l", false);
}

static void plain_by_the_kernel(void **state)
{
	static const struct {
		int err;
		enum file_load_result result;
	} answers[] = {
		{ 0, FILE_LOAD_OK }, { ENOSYS, FILE_LOAD_UNSUPPORTED }, { EINVAL, FILE_LOAD_UNSUPPORTED },
		{ ENOEXEC, FILE_LOAD_UNSUPPORTED }, { ENOTSUP, FILE_LOAD_UNSUPPORTED },
		{ EPERM, FILE_LOAD_FAILED }, { EKEYREJECTED, FILE_LOAD_FAILED },
		{ EADDRNOTAVAIL, FILE_LOAD_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		int err = -2;

		load_errno = answers[i].err;
		assert_int_equal(load_image_file(&tree.root, &request, &target, &err), answers[i].result);
		assert_int_equal(err, load_errno);
	}
}

/* ---- Why not, as the system tells ----------------------------------------------------- */

static void not_allowed(void **state)
{
	static const struct {
		const char *path, *text, *phrase;
		int err;
		const char *calls;
	} row[] = {
		{ LOAD_DISABLED, "1\n", "kernel.kexec_load_disabled is 1", 0, "" },
		{ LOAD_LIMIT, "0\n", "kernel.kexec_load_limit_reboot is 0", 0, "" },
		{ LOAD_DISABLED, "0\n", "kexec_load needs root (CAP_SYS_BOOT), no lockdown", EPERM, "l" },
		{ LOAD_LIMIT, "-1\n", "kexec_load needs root (CAP_SYS_BOOT), no lockdown", EPERM, "l" },
		{ "proc/self/status", "Name:\tx\nCapEff:\t000001ffffbfffff\n", "does not have CAP_SYS_BOOT",
		  EPERM, "l" },
		{ "proc/self/status", "Name:\tx\nCapEff:\t0000000000400000\n", "none of these shows as the cause",
		  EPERM, "l" },
		{ LOAD_DISABLED, "0\n", "another program loads or unloads", EBUSY, "l" },
		{ LOAD_DISABLED, "0\n", "without CONFIG_KEXEC,", ENOSYS, "l" },
		{ LOAD_DISABLED, "0\n", "a segment lies where the kernel has no memory", EADDRNOTAVAIL, "l" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		teardown(state);
		setup(state);
		request.kho = false;
		put_text(row[i].path, row[i].text);
		load_errno = row[i].err;
		said_begin();
		loads(EXIT_FAILED, row[i].calls, false);
		assert_said(said_end(), row[i].phrase);
	}
}

static void not_allowed_by_file(void **state)
{
	static const struct {
		const char *path, *text, *phrase;
		int err;
		const char *calls;
	} row[] = {
		{ LOAD_DISABLED, "1\n", "kernel.kexec_load_disabled is 1", 0, "" },
		{ LOAD_LIMIT, "0\n", "kernel.kexec_load_limit_reboot is 0", 0, "" },
		{ LOCKDOWN, "none [integrity] confidentiality\n", "takes no kernel without a signature", EPERM,
		  "k" },
		{ LOAD_DISABLED, "0\n", "is signed by a key that the kernel does not have", ENOKEY, "k" },
		{ LOAD_DISABLED, "0\n", "takes only signed images", ENODATA, "k" },
		{ LOAD_DISABLED, "0\n", "does not fit the file", EKEYREJECTED, "k" },
		{ LOAD_DISABLED, "0\n", "IMA's policy", EACCES, "k" },
		{ LOAD_DISABLED, "0\n", "somebody is writing", ETXTBSY, "k" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		teardown(state);
		setup(state);
		put_text(row[i].path, row[i].text);
		load_errno = row[i].err;
		request.kho = false;
		request.method = METHOD_AUTO;
		assert_says(EXIT_FAILED, row[i].phrase, load_auto(&tree.root, &request, &target));
		assert_string_equal(done, row[i].calls);
	}
}

/* Which way is left depends on lockdown: no advice leads back to where it came from. */
static void no_circle(void **state)
{
	(void)state;
	assert_says(0, "-c may load it", (refusal_explain(&tree.root, CALL_KEXEC_FILE_LOAD, false, ENOEXEC), 0));
	assert_says(0, "scratch areas", (refusal_explain(&tree.root, CALL_KEXEC_FILE_LOAD, false, EADDRNOTAVAIL), 0));
	put_text(LOCKDOWN, "none [integrity] confidentiality\n");
	assert_says(0, "load a signed bzImage, because lockdown closes kexec_load",
		    (refusal_explain(&tree.root, CALL_KEXEC_FILE_LOAD, false, ENOEXEC), 0));
	assert_says(0, "use kexec_file_load (-s)", (refusal_explain(&tree.root, CALL_KEXEC_LOAD, false, EPERM), 0));
	request.kho = false;
	said_begin();
	loads(EXIT_REFUSED, "", false);
	assert_said(said_end(), "load a signed kernel with 'kexec -s -l'");
	request.no_efi = true;
	said_begin();
	loads(EXIT_REFUSED, "", false);
	assert_said(said_end(), "nothing else knows --noefi: leave it out");
}

/* ---- Crash kernels --------------------------------------------------------------------- */

#define CRASH_START	0x10000000ull
#define CRASH_END	0x14000000ull

/* What every crash load reads; the captured core does not show the kernel as a whole. */
static void reserve(void)
{
	const struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdr[2];
	} core = {
		{ .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		  .e_type = ET_CORE, .e_phoff = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
		  .e_phnum = 2 },
		{ { .p_type = PT_LOAD, .p_vaddr = 0xffffffff81000000, .p_paddr = 0x37c00000,
		    .p_memsz = 0xa00000 },
		  { .p_type = PT_LOAD, .p_vaddr = 0xffff888000100000, .p_paddr = 0x100000,
		    .p_memsz = 0x3fee0000 } },
	};

	put_text("proc/iomem", "00100000-3ffdffff : System RAM\n  10000000-13ffffff : Crash kernel\n");
	put_text("sys/devices/system/cpu/cpu0/crash_notes", "3fc00000\n");
	put_text("sys/devices/system/cpu/cpu0/crash_notes_size", "368\n");
	put_text("sys/kernel/vmcoreinfo", "0x3fd00000 1024\n");
	put_text("sys/kernel/kexec_crash_size", "67108864\n");
	put_text("sys/kernel/kexec_crash_loaded", "0\n");
	tree_write(&tree, "proc/kcore", &core, sizeof(core));
	request.kho = false;
	request.crash = true;
}

/* What was loaded for kexec -e keeps its description. */
static void crash(void **state)
{
	int err;

	(void)state;
	loads(EXIT_OK, "l", true);
	assert_int_equal(given_flags, 0);
	reserve();
	loads(EXIT_OK, "l", true);
	assert_int_equal(given_flags, KEXEC_ON_CRASH);
	assert_true(lowest >= CRASH_START);
	assert_int_equal(highest, CRASH_END);
	assert_int_equal(given_core.addr + given_core.size, CRASH_END);
	assert_int_equal(given_core.size, 4096);
	assert_memory_equal(given_magic, ELFMAG, SELFMAG);
	assert_int_equal(load_image_file(&tree.root, &request, &target, &err), FILE_LOAD_OK);
	assert_int_equal(given_flags, KEXEC_FILE_ON_CRASH | KEXEC_FILE_NO_INITRAMFS);
	put_text("proc/sys/kernel/kexec_load_disabled", "0\n");
	assert_int_equal(load_auto(&tree.root, &request, &target), EXIT_OK);
	memset(done, 0, sizeof(done));
	loads(EXIT_OK, "l", true);
}

static void crash_updated(void **state)
{
	(void)state;
	reserve();
	request.crash_update = true;
	said_begin();
	loads(EXIT_REFUSED, "", false);
	assert_said(said_end(), "needs CONFIG_CRASH_HOTPLUG");
	assert_says(EXIT_REFUSED, "needs CONFIG_CRASH_HOTPLUG", load_auto(&tree.root, &request, &target));
	put_text("sys/kernel/crash_elfcorehdr_size", "20000\n");
	loads(EXIT_OK, "l", false);
	assert_int_equal(given_flags, KEXEC_ON_CRASH | KEXEC_UPDATE_ELFCOREHDR);
	assert_int_equal(given_core.size, 20480);
	put_text("sys/kernel/crash_elfcorehdr_size", "100\n");
	said_begin();
	loads(EXIT_REFUSED, "", false);
	assert_said(said_end(), "leave --hotplug out");
}

static void crash_refused(void **state)
{
	static const struct {
		const char *path, *text, *phrase;
		int err;
		const char *calls;
	} row[] = {
		{ "proc/sys/kernel/kexec_load_limit_panic", "0\n", "kernel.kexec_load_limit_panic is 0", 0, "" },
		{ "sys/kernel/kexec_crash_loaded", "0\n", "no crash kernel is loaded now", EINVAL, "l" },
		{ "sys/kernel/kexec_crash_loaded", "1\n", "what was loaded before is still loaded", EPERM, "l" },
		{ "sys/kernel/kexec_crash_loaded", "0\n", "does not fit into the 64 MiB", EADDRNOTAVAIL, "l" },
		{ "sys/kernel/kexec_crash_loaded", "0\n", "does not fit into the 64 MiB", ENOMEM, "l" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		teardown(state);
		setup(state);
		reserve();
		put_text(LOAD_LIMIT, "0\n");
		put_text(row[i].path, row[i].text);
		load_errno = row[i].err;
		said_begin();
		loads(EXIT_FAILED, row[i].calls, false);
		assert_said(said_end(), row[i].phrase);
	}
}

static void crash_without_room(void **state)
{
	(void)state;
	reserve();
	put_text("proc/iomem", "00100000-3ffdffff : System RAM\n  10000000-100fffff : Crash kernel\n");
	said_begin();
	loads(EXIT_REFUSED, "", false);
	assert_said(said_end(), "no room for the kernel");
	put_text("proc/iomem", "00100000-3ffdffff : System RAM\n");
	said_begin();
	loads(EXIT_REFUSED, "", false);
	assert_said(said_end(), "no memory for a crash kernel any more");
	reserve();
	put_text(LOCKDOWN, "none [integrity] confidentiality\n");
	said_begin();
	loads(EXIT_REFUSED, "", false);
	assert_said(said_end(), "load a signed kernel with 'kexec -s -p'");
	free(request.cmdline);
	request.cmdline = must_copy("a=\"b", 5);
	put_text(LOCKDOWN, "[none] integrity confidentiality\n");
	said_begin();
	loads(EXIT_REFUSED, "", false);
	assert_said(said_end(), "close the quote");
}

/* A call that fails counts too. */
static void one_call_where_they_count(void **state)
{
	int err;

	(void)state;
	load_errno = EINVAL;
	debug_enabled = true;
	request.file_flags = KEXEC_FILE_NO_CMA;
	load_image_file(&tree.root, &request, &target, &err);
	assert_string_equal(done, "kkk");
	memset(done, 0, sizeof(done));
	put_text(LOAD_LIMIT, "2\n");
	load_image_file(&tree.root, &request, &target, &err);
	assert_string_equal(done, "k");
	debug_enabled = false;
}

/* ---- A kernel that is made to finalize ------------------------------------------------ */

static void finalized(const char *expected)
{
	char line[16];

	assert_int_equal(root_read_line(&tree.root, FINALIZE, line, sizeof(line)), 0);
	assert_string_equal(line, expected);
	assert_int_equal(faccessat(tree.root.fd, MARK, F_OK, 0), *expected == '0' ? -1 : 0);
}

static void add_blob(const char *name, const char *path, off_t size)
{
	struct blob_request *blob = &request.blob[request.blob_count++];
	char full[256];

	strcpy(blob->name, name);
	snprintf(full, sizeof(full), "%s/%s", tree.path, path);
	blob->path = must_copy(full, strlen(full) + 1);
	if (size)
		tree_write(&tree, path, "x", 1);
	assert_int_equal(size ? truncate(full, size) : 0, 0);
}

static void add_region(uint64_t addr, uint64_t size)
{
	request.region[request.region_count++] = (struct kho_region){ "added", addr, size };
}

static void say(const char *cmdline)
{
	free(request.cmdline);
	request.cmdline = must_copy(cmdline, strlen(cmdline) + 1);
}

static void verify_nobody(void) { assert_int_equal(name_set_add(&request.verify, "nobody"), 0); }
static void verify_unreadable(void) { assert_int_equal(name_set_add(&request.verify, "r0"), 0); }
static void carry_nothing(void) { assert_int_equal(name_set_add(&request.carry, "nothing"), 0); }
static void no_blob(void) { add_blob("b", "no-such-file", 0); }
static void blob_like_region(void) { add_blob("r0", "blob", 1); }
static void no_room(void) { add_blob("b", "blob", 140 << 20); }
/* There are 0x6a00000 bytes below the kernel in its scratch area: enough for all but the map. */
static void no_room_for_map(void) { add_blob("b", "blob", 0x6a00000 - (512 << 10)); }
static void region_in_scratch(void) { add_region(0x30400000, 0x1000); }
static void region_in_region(void) { add_region(0x3c800000, 0x1000); }
static void region_nowhere(void) { add_region(0xfee00000, 0x1000); }
static void switched_off(void) { say("kho=off"); }
static void out_of_reach(void) { say("mem=512M"); }
static void kexec_load_closed(void) { check_errno = EPERM; }
static void no_loads_left(void) { tree_write(&tree, LOAD_LIMIT, "0\n", 2); }
static void only_looking(void) { request.dry_run = true; }

static void run_full(void)
{
	add_blob("b", "blob", 1);
	tree_write(&tree, STATE_DIR "/blob.0.new/here", "", 0);
}

static void refused_before_finalizing(void **state)
{
	static const struct {
		void (*ask)(void);
		int code;
		const char *calls, *phrase;
	} refused[] = {
		{ verify_nobody, EXIT_REFUSED, "", "there is no region 'nobody' to verify" },
		{ verify_unreadable, EXIT_REFUSED, "", "region 'r0' cannot be verified" },
		{ carry_nothing, EXIT_REFUSED, "", "--kho-carry: nothing was handed to this kernel" },
		{ no_blob, EXIT_REFUSED, "", "no-such-file" },
		{ blob_like_region, EXIT_REFUSED, "", "blob 'r0': a region has this name" },
		{ no_room, EXIT_REFUSED, "", "no room in the running kernel" },
		{ no_room_for_map, EXIT_REFUSED, "", "no room in the running kernel" },
		{ region_in_scratch, EXIT_REFUSED, "", "overlaps scratch" },
		{ region_in_region, EXIT_REFUSED, "", "regions 'added' and 'r0' overlap" },
		{ region_nowhere, EXIT_REFUSED, "", "is not all RAM" },
		{ switched_off, EXIT_REFUSED, "", "kho=off" },
		{ out_of_reach, EXIT_REFUSED, "", "mem=512M" },
		{ kexec_load_closed, EXIT_REFUSED, "c", "kexec_load failed" },
		{ no_loads_left, EXIT_REFUSED, "", "kexec_load_limit_reboot is 0" },
		{ only_looking, EXIT_REFUSED, "", "has not finalized" },
		{ run_full, EXIT_FAILED, "", "blob.0.new: Is a directory" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		teardown(state);
		setup_pending(state);
		refused[i].ask();
		said_begin();
		loads(refused[i].code, refused[i].calls, false);
		assert_said(said_end(), refused[i].phrase);
		finalized("0");
	}
}

static void finalized_last(void **state)
{
	(void)state;
	add_blob("b", "blob", 5000);
	loads(EXIT_OK, "cl", true);
	finalized("1");
	/* Once that is done it is a kernel like any other. */
	loads(EXIT_OK, "l", true);
}

/* The kernel is not asked where that would cost one of the loads it allows. */
static void loads_counted(void **state)
{
	(void)state;
	tree_write(&tree, LOAD_LIMIT, "1\n", 2);
	loads(EXIT_OK, "l", true);
	finalized("1");
}

static void loads_not_counted(void **state)
{
	(void)state;
	tree_write(&tree, LOAD_LIMIT, "-1\n", 3);
	loads(EXIT_OK, "cl", true);
}

/* 6.18 stays finalized, also when it is unloaded. */
static void fails_after_finalizing(void **state)
{
	(void)state;
	load_errno = ENOMEM;
	loads(EXIT_FAILED, "cl", false);
	finalized("1");
	finalize_try_undo(tree.path);
	finalized("1");
}

/* ---- A handover prebuilt and saved ---------------------------------------------------- */

/* The region of a captured machine whose memory is in its core, in the place of r0. */
#define ADDED		0x3c000000ull
static unsigned char added[PAGE_SIZE];

/* Make region "added" readable, with BYTE in all of it. */
static void fill_added(int byte)
{
	int fd = root_open(&tree.root, "proc/kcore", O_RDWR);
	off_t at = core_end + (off_t)sizeof(shown);
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr = part(0xffff888000000000ull + ADDED, sizeof(added), sizeof(shown));

	phdr.p_paddr = ADDED;
	memset(added, byte, sizeof(added));
	assert_int_equal(pread(fd, &ehdr, sizeof(ehdr), 0), sizeof(ehdr));
	if (lseek(fd, 0, SEEK_END) <= at) {
		shown.phdr[ehdr.e_phnum++] = phdr;
		assert_true(ehdr.e_phnum <= HEADERS);
		assert_int_equal(pwrite(fd, &shown, sizeof(shown), core_end), sizeof(shown));
		assert_int_equal(pwrite(fd, &ehdr, sizeof(ehdr), 0), sizeof(ehdr));
	}
	assert_int_equal(pwrite(fd, added, sizeof(added), at), sizeof(added));
	close(fd);
}

static char *in_tree(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tree.path, name);
	return must_copy(path, strlen(path) + 1);
}

static int make_prebuilt(void)
{
	int code;

	request.save_prebuilt = in_tree("segment");
	code = load_image(&request, &target, tree.path, NULL);
	request.prebuilt = request.save_prebuilt;
	request.save_prebuilt = NULL;
	target_release(&target);
	if (code == EXIT_OK)
		assert_int_equal(target_open(&target, &request), 0);
	return code;
}

/* What is to be loaded is that handover, with region "added" verified in it. */
static void prebuilt_made(void)
{
	struct request made;

	takes_segments();
	request.region[request.region_count++] = (struct kho_region){ "added", ADDED, sizeof(added) };
	assert_int_equal(name_set_add(&request.verify, "added"), 0);
	fill_added(7);
	assert_int_equal(make_prebuilt(), EXIT_OK);
	/* Of the request only the files are left. */
	made = request;
	memset(&request, 0, sizeof(request));
	request.kernel = made.kernel;
	request.prebuilt = made.prebuilt;
	request.cmdline = made.cmdline;
	request.kho = true;
	request.method = METHOD_FILE;
	made.kernel = made.prebuilt = made.cmdline = NULL;
	request_free(&made);
}

static void made_before(void **state)
{
	struct loaded_record record;

	(void)state;
	prebuilt_made();
	loads(EXIT_OK, "k", true);
	assert_int_equal(state_load(&tree.root, &record), 1);
	assert_int_equal(record.region_count, 1);
	assert_string_equal(record.region[0].region.name, "added");
	request_free(&record.request);
}

static void written(void) { fill_added(8); }

static void other_release(void)
{
	tree_write(&tree, "proc/sys/kernel/osrelease", "6.5.4\n", 6);
}

static void locked(void)
{
	tree_write(&tree, "sys/kernel/security/lockdown", "none [integrity] confidentiality\n", 33);
}

static void does_not_verify(void)
{
	tree_write(&tree, "sys/kernel/kho/features", "format 2\nsegment\n", 17);
}

/* Change COUNT bytes of the segment's file at OFFSET. */
static void change_segment(off_t offset, size_t count)
{
	int fd = root_open(&tree.root, "segment", O_RDWR);
	unsigned char byte;

	assert_true(fd >= 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(pread(fd, &byte, 1, offset + (off_t)i), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, offset + (off_t)i), 1);
	}
	close(fd);
}

static void damaged(void)
{
	change_segment((off_t)sizeof(struct kho_setup_data), 8);
}

/* Refused for one reason, and before the kernel is asked. */
static void unfit_segment(void **state)
{
	static const struct {
		void (*spoil)(void);
		const char *phrase;
	} row[] = {
		{ written, "region 'added' has been written since" },
		{ other_release, "was made by kernel" },
		{ locked, "is not signed" },
		{ does_not_verify, "cannot be loaded: " },
		{ damaged, "cannot use segment" },
		{ switched_off, "kho=off" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		teardown(state);
		setup(state);
		prebuilt_made();
		row[i].spoil();
		said_begin();
		loads(EXIT_REFUSED, "", false);
		assert_said(said_end(), row[i].phrase);
	}
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define PENDING(name)	cmocka_unit_test_setup_teardown(name, setup_pending, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_kexec_load), TEST(by_the_kernel), TEST(not_told), TEST(kernel_refuses),
		TEST(another_loads), TEST(file_written), TEST(file_renamed), TEST(no_place_to_describe),
		TEST(cannot_describe), TEST(another_loads_at_the_end), TEST(followed),
		TEST(dry_run), TEST(lockdown), TEST(other_files),
		TEST(files_out_of_reach), TEST(files_held), TEST(unpacked), TEST(unified), TEST(line_too_long),
		TEST(segments_only), TEST(unpacked_handed_over), TEST(mapped_initrd_written),
		TEST(plain), TEST(plain_by_the_kernel),
		TEST(not_allowed), TEST(not_allowed_by_file), TEST(no_circle), TEST(one_call_where_they_count),
		TEST(made_before), TEST(unfit_segment),
		TEST(crash), TEST(crash_updated), TEST(crash_refused), TEST(crash_without_room),
		PENDING(refused_before_finalizing), PENDING(finalized_last), PENDING(loads_counted),
		PENDING(loads_not_counted), PENDING(fails_after_finalizing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
