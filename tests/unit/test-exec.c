// SPDX-License-Identifier: GPL-2.0-only
/*
 * "kexec -e" and "kexec -u" up to their system calls. The system is a tree; the system
 * calls, loading and the network interfaces are functions of this file, which write down
 * that they were called: D interfaces down, U up, I the look for live update sessions,
 * L load, R reboot.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot-id.h"
#include "exec.h"
#include "interfaces.h"
#include "load.h"
#include "live-update.h"
#include "message.h"
#include "said.h"
#include "state.h"
#include "syscalls.h"
#include "tree.h"
#include "unit.h"

#define TEXT		0xffffffff81000000ull
#define DIRECT		0xffff888000000000ull
#define PHYS		0x100000ull		/* region r0 */
#define KIMAGE		0x2000u			/* offset of a struct kimage after it */
#define SYMBOL		(TEXT + 0x100)
#define BOOT_ID		"6bd2cc34-8a25-4a1f-9f0c-2f6a5b1d7e01"

static struct {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[2];
	unsigned char pad[0x1000 - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
	uint64_t text[0x200];
	unsigned char memory[0x3000];
} core;

static struct tree tree;
#define CALLS_MAX	32
static char *done;			/* the calls; shared with a child */
static void (*on_down)(void), (*on_look)(void), (*on_load)(void);
static int load_code;
static const int *reboot_errno;		/* of one call after the other */
static int unload_errno;

/* What state_describe() is given; changed by a test before describe(). */
static struct handover handover;
static struct target target;
static struct request request;
static struct image_id id;
static const char *method;

static void did(char what)
{
	size_t len = strlen(done);

	assert_true(len + 1 < CALLS_MAX);
	done[len] = what;
}

static void call(void (*hook)(void))
{
	if (hook)
		hook();
}

/* ---- In the place of the system ---------------------------------------------------- */

int sys_reboot_kexec(void)
{
	did('R');
	errno = *reboot_errno++;
	return -1;
}

int sys_kexec_unload(bool crash)
{
	did(crash ? 'c' : 'u');
	errno = unload_errno;
	return unload_errno ? -1 : 0;
}

int sys_kexec_file_unload(bool crash)
{
	did(crash ? 'k' : 'f');
	errno = ENOSYS;
	return -1;
}

int sys_kexec_load(const struct segments *segments, unsigned long flags)
{
	(void)segments;
	(void)flags;
	fail();
	return -1;
}

int sys_kexec_load_check(void)
{
	fail();
	return -1;
}

int sys_kexec_file_load(int kernel_fd, int initrd_fd, const char *cmdline, unsigned long flags,
			int kho_fd)
{
	(void)kernel_fd;
	(void)initrd_fd;
	(void)cmdline;
	(void)flags;
	(void)kho_fd;
	fail();
	return -1;
}

size_t interfaces_down(struct interfaces *n)
{
	(void)n;
	did('D');
	call(on_down);
	return 1;
}

void interfaces_up(struct interfaces *n)
{
	(void)n;
	did('U');
}

int luo_check_idle(const struct root *root)
{
	(void)root;
	did('I');
	call(on_look);
	return 0;
}

int luo_find_session(const struct root *root, char name[LUO_SESSION_NAME])
{
	(void)root;
	(void)name;
	return 0;
}

int luo_read_abis(const struct kho_mem *mem, const struct kho_node *node, struct kho_formats *ret)
{
	(void)mem;
	(void)node;
	(void)ret;
	return 0;
}

static void describe(void);

int load_image(const struct request *rq, struct target *t, const char *root_dir, int (*then)(void))
{
	assert_non_null(strstr(rq->kernel, "target.bzImage"));
	assert_string_equal(root_dir, tree.path);
	assert_true(rq->reloading);
	assert_int_equal(target_read(t, rq), 0);
	did('L');
	/* Nothing is read from files any more by a load that is the last act. */
	assert_true(!then || rq->method != METHOD_FILE || t->held);
	if (load_code == EXIT_OK)
		describe();
	call(on_load);
	return load_code == EXIT_OK && then ? then() : load_code;
}

/* ---- The machine ------------------------------------------------------------------- */

static Elf64_Phdr segment(uint64_t virt, uint64_t phys, uint64_t size, uint64_t offset)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = virt, .p_paddr = phys, .p_memsz = size,
			     .p_filesz = size, .p_offset = offset };
}

static void write_core(void)
{
	tree_write(&tree, "proc/kcore", &core, sizeof(core));
}

/* The kernel has an image with one segment at ADDR; its entry point too. */
static void kernel_has(uint64_t addr)
{
	uint64_t *kimage = (void *)(core.memory + KIMAGE);

	core.text[0x100 / 8] = DIRECT + PHYS + KIMAGE;
	kimage[3] = addr;
	kimage[9] = addr;
	kimage[10] = 0x2000;
	write_core();
}

static void make_core(void)
{
	memset(&core, 0, sizeof(core));
	core.ehdr = (Elf64_Ehdr){ .e_type = ET_CORE, .e_phoff = sizeof(Elf64_Ehdr),
				  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 };
	memcpy(core.ehdr.e_ident, ELFMAG, SELFMAG);
	core.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	core.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	core.phdr[0] = segment(TEXT, UINT64_MAX, sizeof(core.text), 0x1000);
	core.phdr[1] = segment(DIRECT + PHYS, PHYS, sizeof(core.memory), 0x2000);
	kernel_has(0x4000);
}

/* What a load does: digests, and a description of the image that the kernel has. */
static void describe(void)
{
	struct state s;

	assert_int_equal(kcore_open(&tree.root, &handover.kcore), 0);
	assert_int_equal(handover_digest(&handover), 0);
	assert_int_equal(running_image(&handover.kcore, id.symbol, &id.payload, &id.image),
			 id.symbol ? IMAGE_OURS : IMAGE_UNTOLD);
	state_describe(&s, &request, &target, &handover, "quiet", method);
	assert_int_equal(state_prepare(&tree.root, &handover), 0);
	assert_int_equal(state_commit(&tree.root, &s, &id), 0);
	state_release(&s);
	kcore_close(&handover.kcore);
}

static int setup(void **state)
{
	static const int not_leaving[] = { EPERM, EPERM };
	struct handover_region *r = &handover.region[0];

	(void)state;
	memset(done, 0, CALLS_MAX);
	on_down = on_look = on_load = NULL;
	load_code = EXIT_OK;
	reboot_errno = not_leaving;
	unload_errno = 0;
	tree_make(&tree);
	tree_write(&tree, "run/here", "", 0);
	tree_write(&tree, BOOT_ID_FILE, BOOT_ID "\n", strlen(BOOT_ID) + 1);
	tree_write(&tree, "sys/kernel/kexec_loaded", "1\n", 2);
	make_core();
	memset(&request, 0, sizeof(request));
	request.kernel = must_copy(TARGET, sizeof(TARGET));
	assert_int_equal(target_open(&target, &request), 0);
	assert_int_equal(target_read(&target, &request), 0);
	target.reads = (struct kho_formats){ .abi = KHO_ABI_V4, .reserve_mem = true };
	memset(&handover, 0, sizeof(handover));
	handover.kcore.fd = -1;
	handover.luo_dropped = true;
	handover.region_count = 1;
	strcpy(r->region.name, "r0");
	r->region.addr = PHYS;
	r->region.size = 0x1000;
	r->verify = true;
	id = (struct image_id){ SYMBOL, { 0x4000, 0x2000 }, 0 };
	method = "kexec_load";
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	target_release(&target);
	request_free(&request);
	handover_release(&handover);
	tree_remove(&tree);
	return 0;
}

/* "kexec -e" ends with CODE after these calls, and says PHRASE. */
static void ends(bool no_ifdown, int code, const char *calls, const char *phrase)
{
	assert_says(code, phrase, execute(tree.path, true, no_ifdown));
	assert_string_equal(done, calls);
}

static void refuses(const char *calls, const char *phrase)
{
	ends(false, EXIT_REFUSED, calls, phrase);
}

/* It would leave, but that reboot(2) fails here. */
static void leaves(const char *calls)
{
	ends(false, EXIT_FAILED, calls, "the kernel did not start the loaded image");
}

#define FOREIGN	"another program has loaded an image without the handover"

/* ---- Whose image it is ------------------------------------------------------------- */

static void nothing_loaded(void **state)
{
	(void)state;
	tree_write(&tree, "sys/kernel/kexec_loaded", "0\n", 2);
	refuses("U", "Nothing has been loaded!");
}

static void not_to_be_told(void **state)
{
	(void)state;
	tree_unlink(&tree, "sys/kernel/kexec_loaded");
	refuses("U", "cannot read /sys/kernel/kexec_loaded");
}

/* An image without a handover, through whatever program. */
static void no_description(void **state)
{
	(void)state;
	leaves("DRU");
}

static void unchanged(void **state)
{
	(void)state;
	describe();
	leaves("IDIRU");
}

static void interfaces_stay(void **state)
{
	(void)state;
	describe();
	ends(true, EXIT_FAILED, "IRU", "the kernel did not start the loaded image");
}

static void damaged_description(void **state)
{
	(void)state;
	describe();
	tree_write(&tree, STATE_DIR "/loaded.json", "{", 1);
	refuses("U", "loaded.json is damaged");
}

static void remove_description(void)
{
	tree_unlink(&tree, STATE_DIR "/loaded.json");
}

/* One that was there and is gone is not one that never was. */
static void description_vanishes(void **state)
{
	(void)state;
	describe();
	on_down = remove_description;
	refuses("IDU", "no longer describes the loaded image");
}

static void load_cut_off(void **state)
{
	(void)state;
	describe();
	assert_int_equal(state_prepare(&tree.root, &handover), 0);
	refuses("U", "left an unknown image");
}

static void no_kcore(void **state)
{
	(void)state;
	describe();
	tree_unlink(&tree, "proc/kcore");
	refuses("U", "/proc/kcore");
}

static void load_another(void)
{
	kernel_has(0x8000);
}

static void unload_all(void)
{
	core.text[0x100 / 8] = 0;
	write_core();
}

static void another_image(void **state)
{
	(void)state;
	describe();
	load_another();
	refuses("U", FOREIGN);
}

static void unloaded_by_another(void **state)
{
	(void)state;
	describe();
	unload_all();
	refuses("U", "another program has unloaded the image");
}

/* Another image can have our entry, or lie where ours has been. */
static void nearly_ours(void **state)
{
	uint64_t *kimage = (void *)(core.memory + KIMAGE);

	(void)state;
	describe();
	kimage[10] += 0x1000;
	write_core();
	refuses("U", FOREIGN);
	kimage[10] -= 0x1000;
	kimage[0] = 1;
	write_core();
	refuses("UU", FOREIGN);
}

static void another_while_interfaces_go_down(void **state)
{
	(void)state;
	describe();
	on_down = load_another;
	refuses("IDU", FOREIGN);
}

static int looks;

static void load_another_at_the_end(void)
{
	if (++looks == 2)
		load_another();
}

/* After everything read before. */
static void another_at_the_last_look(void **state)
{
	(void)state;
	describe();
	looks = 0;
	on_look = load_another_at_the_end;
	refuses("IDIU", FOREIGN);
}

static void another_with_interfaces_up(void **state)
{
	(void)state;
	describe();
	looks = 1;
	on_look = load_another_at_the_end;
	ends(true, EXIT_REFUSED, "IU", FOREIGN);
}

/* ---- Signals -------------------------------------------------------------------------- */

static void terminate(void)
{
	raise(SIGTERM);
}

static void terminate_at_the_last_look(void)
{
	if (++looks == 2)
		terminate();
}

/* SIGTERM ends "kexec -e" after these calls. */
static void killed(bool no_ifdown, const char *calls)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(execute(tree.path, true, no_ifdown));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_string_equal(done, calls);
}

/* The interfaces come up before it takes effect, and no kernel is started. */
static void signal_with_interfaces_down(void **state)
{
	(void)state;
	describe();
	on_down = terminate;
	killed(false, "IDU");
}

static void signal_without_a_handover(void **state)
{
	(void)state;
	on_down = terminate;
	killed(false, "DU");
}

static void signal_at_the_last_look(void **state)
{
	(void)state;
	describe();
	looks = 0;
	on_look = terminate_at_the_last_look;
	killed(false, "IDIU");
}

/* At the load that makes the image ours, the last step. */
static void signal_while_loading(void **state)
{
	(void)state;
	id.symbol = 0;
	describe();
	on_load = terminate;
	killed(false, "IDILU");
}

/* With interfaces up it does not wait. */
static void signal_with_interfaces_up(void **state)
{
	(void)state;
	describe();
	on_look = terminate;
	killed(true, "I");
}

static void signal_before_interfaces_go_down(void **state)
{
	(void)state;
	describe();
	on_look = terminate;
	killed(false, "I");
}

/* ---- A kernel that does not tell ---------------------------------------------------- */

static void no_symbol(void **state)
{
	(void)state;
	id.symbol = 0;
	describe();
	leaves("IDILRU");
}

/* What the kernel reads by itself then lies in memory, also with the interfaces up. */
static void no_symbol_by_kernel(void **state)
{
	(void)state;
	id.symbol = 0;
	method = "kexec_file_load";
	describe();
	ends(true, EXIT_FAILED, "ILRU", "the kernel did not start the loaded image");
}

static void no_symbol_no_load(void **state)
{
	(void)state;
	id.symbol = 0;
	describe();
	load_code = EXIT_FAILED;
	ends(false, EXIT_FAILED, "IDILU", "not leaving this kernel");
}

static void files_are_gone(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/gone", tree.path);
	free(request.kernel);
	request.kernel = must_copy(path, strlen(path) + 1);
}

/* A missing file is found while the interfaces are up. */
static void no_symbol_no_files(void **state)
{
	(void)state;
	id.symbol = 0;
	files_are_gone();
	describe();
	refuses("IU", "needs these files as they were");
}

static void no_files(void **state)
{
	(void)state;
	files_are_gone();
	describe();
	leaves("IDIRU");
}

static void other_files(void **state)
{
	(void)state;
	target.kernel_crc ^= 1;
	id.symbol = 0;
	describe();
	refuses("IU", "has changed since it was loaded");
}

/* ---- What it takes over ------------------------------------------------------------- */

static void write_region(void)
{
	core.memory[7]++;
	write_core();
}

static void region_written(void **state)
{
	(void)state;
	describe();
	write_region();
	leaves("ILIDIRU");
}

static void region_written_late(void **state)
{
	(void)state;
	describe();
	on_down = write_region;
	leaves("IDILIRU");
}

/* The change was seen, and the signal as well: nothing is loaded any more. */
static void region_written_and_signal(void **state)
{
	(void)state;
	describe();
	looks = 0;
	on_down = write_region;
	on_look = terminate_at_the_last_look;
	killed(false, "IDIU");
}

static void region_always_written(void **state)
{
	(void)state;
	describe();
	write_region();
	on_load = write_region;
	refuses("ILILIU", "changes faster than the image can be loaded again");
}

static void region_fixed(void **state)
{
	(void)state;
	handover.region[0].fixed = true;
	describe();
	leaves("IDIRU");
	memset(done, 0, CALLS_MAX);
	write_region();
	refuses("U", "region 'r0'");
}

static void region_fixed_written_late(void **state)
{
	(void)state;
	handover.region[0].fixed = true;
	describe();
	on_down = write_region;
	refuses("IDU", "region 'r0'");
}

static void region_unreadable(void **state)
{
	(void)state;
	describe();
	core.phdr[1].p_paddr += 0x1000;
	write_core();
	refuses("U", "region 'r0' cannot be verified");
}

static void load_fails(void **state)
{
	(void)state;
	describe();
	write_region();
	load_code = EXIT_FAILED;
	ends(false, EXIT_FAILED, "ILU", "not leaving this kernel");
}

/* A signed prebuilt handover cannot be made again, so everything it was made of must stay. */
static void prebuilt_written(void **state)
{
	(void)state;
	method = "kexec_file_load";
	request.prebuilt = must_copy("/segment", 9);
	describe();
	leaves("IDIRU");
	memset(done, 0, CALLS_MAX);
	write_region();
	refuses("IU", "cannot make it again");
}

/* The tree has no memory map, so it is unknown whether the kernel's map has changed. */
static void map_not_to_be_told(void **state)
{
	(void)state;
	handover.running.kho = true;
	handover.map = MAP_OWN;
	assert_int_equal(blocks_init(&handover.running.preserved, 12), 0);
	describe();
	refuses("U", "/proc/sys/kernel/osrelease");
}

static void fdt_not_to_be_told(void **state)
{
	(void)state;
	handover.running.kho = true;
	handover.running.root.abi = KHO_ABI_V4;
	handover.running.fdt_addr = 0x7000000;
	handover.map = MAP_LIVE;
	describe();
	refuses("U", "cannot read the running kernel's root FDT again");
}

/* ---- The end ------------------------------------------------------------------------- */

static void stale(void **state)
{
	static const int twice[] = { ESTALE, ESTALE };

	(void)state;
	describe();
	reboot_errno = twice;
	leaves("IDIRLIRU");
}

static void stale_and_foreign(void **state)
{
	static const int once[] = { ESTALE, EPERM };

	(void)state;
	describe();
	reboot_errno = once;
	on_load = load_another;
	refuses("IDIRLU", FOREIGN);
}

static void stale_plain(void **state)
{
	static const int once[] = { ESTALE, EPERM };

	(void)state;
	reboot_errno = once;
	leaves("DRU");
}

static bool described(void)
{
	struct loaded_record record;
	int found = state_load(&tree.root, &record);

	if (found > 0)
		request_free(&record.request);
	return found > 0;
}

static void unloads(void **state)
{
	(void)state;
	describe();
	assert_int_equal(unload(tree.path, METHOD_AUTO), EXIT_OK);
	assert_string_equal(done, "fu");
	assert_false(described());
}

/* What stays loaded stays described. */
static void unload_fails(void **state)
{
	(void)state;
	describe();
	assert_int_equal(unload(tree.path, METHOD_FILE), EXIT_FAILED);
	unload_errno = EPERM;
	assert_int_equal(unload(tree.path, METHOD_SEGMENTS), EXIT_FAILED);
	assert_string_equal(done, "fu");
	assert_true(described());
}

#define CRASH_LOADED	"sys/kernel/kexec_crash_loaded"

/* What the description is of stays loaded. */
static void unloads_crash(void **state)
{
	(void)state;
	describe();
	tree_write(&tree, CRASH_LOADED, "0\n", 2);
	assert_int_equal(unload_crash(tree.path, METHOD_AUTO), EXIT_OK);
	assert_string_equal(done, "kc");
	assert_true(described());
	unload_errno = EPERM;
	assert_int_equal(unload_crash(tree.path, METHOD_SEGMENTS), EXIT_FAILED);
	assert_string_equal(done, "kcc");
	tree_write(&tree, "proc/sys/kernel/kexec_load_limit_panic", "0\n", 2);
	assert_says(EXIT_FAILED, "kernel.kexec_load_limit_panic is 0", unload_crash(tree.path, METHOD_AUTO));
	assert_string_equal(done, "kcc");
}

/* A kernel that does not know of crash kernels would unload the image for kexec -e. */
static void no_crash_kernels(void **state)
{
	(void)state;
	assert_says(EXIT_OK, "nothing to unload", unload_crash(tree.path, METHOD_AUTO));
	tree_unlink(&tree, "sys/kernel/kexec_loaded");
	assert_says(EXIT_FAILED, "is /sys mounted", unload_crash(tree.path, METHOD_AUTO));
	assert_string_equal(done, "");
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_loaded), TEST(not_to_be_told), TEST(no_description), TEST(unchanged),
		TEST(interfaces_stay), TEST(damaged_description), TEST(description_vanishes),
		TEST(load_cut_off), TEST(no_kcore),
		TEST(another_image), TEST(unloaded_by_another), TEST(nearly_ours),
		TEST(another_while_interfaces_go_down), TEST(another_at_the_last_look),
		TEST(another_with_interfaces_up), TEST(signal_with_interfaces_down),
		TEST(signal_without_a_handover), TEST(signal_at_the_last_look),
		TEST(signal_while_loading), TEST(signal_with_interfaces_up),
		TEST(signal_before_interfaces_go_down),
		TEST(no_symbol), TEST(no_symbol_by_kernel), TEST(no_symbol_no_load), TEST(no_symbol_no_files), TEST(no_files),
		TEST(other_files),
		TEST(region_written), TEST(region_written_late), TEST(region_written_and_signal),
		TEST(region_always_written),
		TEST(region_fixed), TEST(region_fixed_written_late), TEST(region_unreadable),
		TEST(load_fails), TEST(prebuilt_written), TEST(map_not_to_be_told),
		TEST(fdt_not_to_be_told),
		TEST(stale), TEST(stale_and_foreign), TEST(stale_plain),
		TEST(unloads), TEST(unload_fails), TEST(unloads_crash), TEST(no_crash_kernels),
	};

	done = mmap(NULL, CALLS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (done == MAP_FAILED)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
