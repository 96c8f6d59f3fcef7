// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a crash kernel is told: from files written down by hand, to the headers of the dump, the
 * memory map and the command line. Then one of the files at a time says something else.
 */
#include <elf.h>
#include <stdio.h>

#include "arch.h"
#include "core-headers.h"
#include "crash-plan.h"
#include "ranges.h"
#include "said.h"
#include "tree.h"
#include "unit.h"

#define CPU		"sys/devices/system/cpu/"
#define KERNEL_VIRT	0xffffffff90000000ull
#define DIRECT_MAP	0xff11000000000000ull

static const char iomem[] =
	"00001000-0009fbff : System RAM\n"
	"000f0000-000fffff : Reserved\n"
	"00100000-7fffffff : System RAM\n"
	"  20000000-2fffffff : Crash kernel\n"
	"  30000000-30ffffff : Kernel code\n"
	"80000000-8000ffff : ACPI Tables\n"
	"100000000-17fffffff : System RAM\n"
	"  150000000-15fffffff : Crash kernel\n"
	"180000000-18fffffff : System RAM (kmem)\n"
	"190000000-19fffffff : System RAMdisk\n";

static struct tree tree;
static struct crash_memory memory;
static struct crash_plan plan;
static struct machine machine;

static void put(const char *path, const char *text)
{
	tree_write(&tree, path, text, strlen(text));
}

static Elf64_Phdr segment(uint64_t virt, uint64_t phys, uint64_t size)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = virt, .p_paddr = phys, .p_memsz = size };
}

static void put_kcore(const Elf64_Phdr *phdr, size_t count)
{
	const Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE, .e_phoff = sizeof(ehdr), .e_phentsize = sizeof(*phdr),
		.e_phnum = (Elf64_Half)count,
	};
	unsigned char file[1024];

	assert_true(sizeof(ehdr) + count * sizeof(*phdr) <= sizeof(file));
	memcpy(file, &ehdr, sizeof(ehdr));
	memcpy(file + sizeof(ehdr), phdr, count * sizeof(*phdr));
	tree_write(&tree, "proc/kcore", file, sizeof(ehdr) + count * sizeof(*phdr));
}

static void put_all(void)
{
	/* The kernel, two pieces of RAM, and what has no physical address. */
	const Elf64_Phdr phdr[] = {
		segment(KERNEL_VIRT, 0x30000000, 0x1800000),
		segment(0xffffffffc0000000, UINT64_MAX, 0x1000000),
		segment(DIRECT_MAP + 0x1000, 0x1000, 0x9e000),
		segment(DIRECT_MAP + 0x100000000, 0x100000000, 0x80000000),
		segment(0xffd4000000000000, UINT64_MAX, 0x1000000),
	};

	put_kcore(phdr, ARRAY_SIZE(phdr));
	put("proc/iomem", iomem);
	put("proc/cmdline", "quiet crashkernel=256M,high crashkernel=256M,low\n");
	put(CPU "cpu0/crash_notes", "7f000000\n");
	put(CPU "cpu0/crash_notes_size", "368\n");
	put(CPU "cpu2/crash_notes", "17f000100\n");
	put(CPU "cpu2/crash_notes_size", "368\n");
	put("sys/kernel/vmcoreinfo", "0x0000000105f0c000 1024\n");
}

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	put_all();
	memset(&machine, 0, sizeof(machine));
	machine.memmap[0] = (struct memmap_entry){ 0x1000, 0x9ec00, E820_RAM };
	machine.memmap[1] = (struct memmap_entry){ 0xf0000, 0x10000, E820_RESERVED };
	machine.memmap[2] = (struct memmap_entry){ 0x100000, 0x7ff00000, E820_RAM };
	machine.memmap[3] = (struct memmap_entry){ 0x80000000, 0x10000, E820_ACPI };
	machine.memmap[4] = (struct memmap_entry){ 0x80010000, 0x1000, E820_NVS };
	machine.memmap[5] = (struct memmap_entry){ 0x100000000, 0x80000000, E820_RAM };
	machine.memmap[6] = (struct memmap_entry){ 0x200000000, 0x80000000, E820_PMEM };
	machine.memmap_count = 7;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	crash_plan_free(&plan);
	crash_memory_free(&memory);
	tree_remove(&tree);
	return 0;
}

static int observe(void)
{
	crash_memory_free(&memory);
	return crash_memory_observe(&tree.root, 4, &memory);
}

static int make(uint64_t headers_size)
{
	crash_plan_free(&plan);
	return crash_plan_make(&machine, &memory, headers_size, &plan);
}

static void made(uint64_t headers_size)
{
	assert_says(0, NULL, observe());
	assert_says(0, NULL, make(headers_size));
}

static void assert_range(const struct kho_range *r, uint64_t addr, uint64_t size)
{
	assert_int_equal(r->addr, addr);
	assert_int_equal(r->size, size);
}

static void seen(void **state)
{
	(void)state;
	assert_says(0, NULL, observe());
	assert_int_equal(memory.reserved_count, 2);
	assert_range(&memory.reserved[0], 0x20000000, 0x10000000);
	assert_range(crash_memory_main(&memory), 0x150000000, 0x10000000);
	/* The last two of iomem touch, and a RAM disk is no RAM. */
	assert_int_equal(memory.ram.count, 3);
	assert_range(&memory.ram.list[2], 0x100000000, 0x90000000);
	assert_int_equal(memory.note_count, 2);
	assert_range(&memory.note[1], 0x17f000100, 368);
	assert_range(&memory.vmcoreinfo, 0x105f0c000, 0x1024);
	assert_range(&memory.text, 0x30000000, 0x1800000);
	assert_int_equal(memory.text_virt, KERNEL_VIRT);
	assert_int_equal(memory.direct_map, DIRECT_MAP);
	assert_int_equal(memory.cma.count, 0);
}

/* ---- The headers, decoded as fs/proc/vmcore.c reads them --------------------------------- */

static const Elf64_Phdr *header(size_t i)
{
	const Elf64_Ehdr *ehdr = (const void *)plan.headers_buf.data;

	assert_true(i < ehdr->e_phnum);
	return (const Elf64_Phdr *)(plan.headers_buf.data + ehdr->e_phoff) + i;
}

static void assert_header(size_t i, uint32_t type, uint64_t phys, uint64_t virt, uint64_t size)
{
	const Elf64_Phdr *p = header(i);

	assert_int_equal(p->p_type, type);
	assert_int_equal(p->p_offset, phys);
	assert_int_equal(p->p_paddr, phys);
	assert_int_equal(p->p_vaddr, virt);
	assert_int_equal(p->p_filesz, size);
	assert_int_equal(p->p_memsz, size);
	assert_int_equal(p->p_flags, type == PT_LOAD ? PF_R | PF_W | PF_X : 0);
}

static void assert_ram(size_t i, uint64_t start, uint64_t end)
{
	assert_header(i, PT_LOAD, start, DIRECT_MAP + start, end - start);
}

static void headers(void **state)
{
	const Elf64_Ehdr *ehdr;

	(void)state;
	made(0);
	ehdr = (const void *)plan.headers_buf.data;
	assert_memory_equal(ehdr->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(ehdr->e_ident[EI_CLASS], ELFCLASS64);
	assert_int_equal(ehdr->e_ident[EI_DATA], ELFDATA2LSB);
	assert_int_equal(ehdr->e_ident[EI_VERSION], EV_CURRENT);
	assert_int_equal(ehdr->e_type, ET_CORE);
	assert_int_equal(ehdr->e_machine, EM_X86_64);
	assert_int_equal(ehdr->e_version, EV_CURRENT);
	assert_int_equal(ehdr->e_ehsize, sizeof(Elf64_Ehdr));
	assert_int_equal(ehdr->e_phentsize, sizeof(Elf64_Phdr));
	assert_int_equal(ehdr->e_phnum, 8);
	assert_int_equal(plan.headers_buf.size, sizeof(*ehdr) + 8 * sizeof(Elf64_Phdr));
	assert_header(0, PT_NOTE, 0x7f000000, 0, 368);
	assert_header(1, PT_NOTE, 0x17f000100, 0, 368);
	assert_header(2, PT_NOTE, 0x105f0c000, 0, 0x1024);
	assert_header(3, PT_LOAD, 0x30000000, KERNEL_VIRT, 0x1800000);
	/* Without the first MiB, and without both ranges of the crash kernel. */
	assert_ram(4, 0x100000, 0x20000000);
	assert_ram(5, 0x30000000, 0x80000000);
	assert_ram(6, 0x100000000, 0x150000000);
	assert_ram(7, 0x160000000, 0x190000000);
}

/* What the crash kernel may use of the running kernel's memory is not dumped. */
static void cma(void **state)
{
	(void)state;
	put("sys/kernel/kexec_crash_cma_ranges", "40000000-4fffffff\n");
	made(0);
	assert_int_equal(memory.cma.count, 1);
	assert_ram(5, 0x30000000, 0x40000000);
	assert_ram(6, 0x50000000, 0x80000000);
	assert_int_equal(plan.memmap_count, 7);
	assert_int_equal(plan.memmap[3].addr, 0x40000000);
	assert_int_equal(plan.memmap[3].size, 0x10000000);
	assert_int_equal(plan.memmap[3].type, E820_RAM);
	put("sys/kernel/kexec_crash_cma_ranges", "\n");
	made(0);
	assert_int_equal(memory.cma.count, 0);
}

/* ---- What the kernel is told ------------------------------------------------------------- */

static void memory_map(void **state)
{
	static const struct memmap_entry expected[] = {
		{ 0x1000, 0x9ec00, E820_RAM }, { 0xf0000, 0x10000, E820_RESERVED },
		{ 0x20000000, 0x10000000, E820_RAM }, { 0x80000000, 0x10000, E820_ACPI },
		{ 0x80010000, 0x1000, E820_NVS }, { 0x150000000, 0xffff000, E820_RAM },
	};

	(void)state;
	made(0);
	assert_false(plan.updated);
	assert_range(&plan.headers, 0x15ffff000, 0x1000);
	assert_range(&plan.area, 0x150000000, 0xffff000);
	assert_int_equal(plan.memmap_count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(plan.memmap[i].addr, expected[i].addr);
		assert_int_equal(plan.memmap[i].size, expected[i].size);
		assert_int_equal(plan.memmap[i].type, expected[i].type);
	}
	/* RAM that begins below 1 MiB and ends above it. */
	machine.memmap[0] = (struct memmap_entry){ 0, 0x40000000, E820_RAM };
	made(0);
	assert_int_equal(plan.memmap[0].size, 0x100000);
}

static void cmdline(void **state)
{
	char *line;

	(void)state;
	made(0);
	line = crash_plan_cmdline(&plan, must_copy("quiet -- x", 11), false);
	assert_string_equal(line, "quiet elfcorehdr=0x000000015ffff000 -- x");
	free(line);
	line = crash_plan_cmdline(&plan, must_copy("", 1), true);
	assert_string_equal(line, "memmap=exactmap memmap=0x9ec00@0x1000 memmap=0x10000$0xf0000 "
				  "memmap=0x10000000@0x20000000 memmap=0x10000#0x80000000 "
				  "memmap=0x1000#0x80010000 memmap=0xffff000@0x150000000 "
				  "elfcorehdr=0x000000015ffff000");
	free(line);
}

/* One range only, which is the one that counts. */
static void one_range(void **state)
{
	(void)state;
	put("proc/iomem", "00100000-7fffffff : System RAM\n  20000000-2fffffff : Crash kernel\n"
			  "100000000-17fffffff : System RAM\n");
	made(0);
	assert_range(&plan.area, 0x20000000, 0xffff000);
	/* In another order they are the same. */
	put("proc/iomem", "100000000-17fffffff : System RAM\n  150000000-15fffffff : Crash kernel\n"
			  "00100000-7fffffff : System RAM\n  20000000-2fffffff : Crash kernel\n");
	made(0);
	assert_range(&plan.area, 0x150000000, 0xffff000);
	assert_range(&memory.reserved[0], 0x20000000, 0x10000000);
}

static void updated(void **state)
{
	(void)state;
	made(0x12345);
	assert_true(plan.updated);
	assert_range(&plan.headers, 0x15ffed000, 0x13000);
	assert_range(&plan.area, 0x150000000, 0xffed000);
	assert_refused("leave --hotplug out", make(plan.headers_buf.size - 1));
	assert_says(0, NULL, make(sizeof(Elf64_Ehdr) + 8 * sizeof(Elf64_Phdr)));
	assert_says(0, NULL, make(0xffff000));
	assert_refused("no room for the headers of the dump", make(0xffff001));
	assert_refused("no room for the headers of the dump", make(0x10000001));
	assert_refused("no room for the headers of the dump", make(UINT64_MAX));
}

/* ---- What is refused --------------------------------------------------------------------- */

#define RAM		"00100000-7fffffff : System RAM\n"
#define RESERVED(range)	"  " range " : Crash kernel\n"

static void refusals(void **state)
{
	static const struct {
		const char *path, *text, *phrase;
	} row[] = {
		{ "proc/iomem", "00000000-00000000 : System RAM\n", "shows no System RAM" },
		{ "proc/iomem", RAM, "no memory for a crash kernel any more" },
		{ "proc/iomem", RAM RESERVED("20000000-20ffffff") RESERVED("21000000-21ffffff")
		  RESERVED("22000000-22ffffff"), "more than 2 ranges" },
		{ "proc/iomem", RAM RESERVED("7f000000-80ffffff"), "that is not free System RAM" },
		{ "proc/iomem", "00001000-7fffffff : System RAM\n" RESERVED("000f0000-20ffffff"),
		  "that is not free System RAM" },
		{ "proc/iomem", RAM RESERVED("20000000-20ffffff") RESERVED("20f00000-21ffffff"),
		  "that is not free System RAM" },
		{ "sys/kernel/kexec_crash_cma_ranges", "40000000\n", "which is no RAM" },
		{ "sys/kernel/kexec_crash_cma_ranges", "80000000-8000ffff\n", "which is no RAM" },
		{ "sys/kernel/kexec_crash_cma_ranges", "4fffffff-40000000\n", "which is no RAM" },
		{ "sys/kernel/kexec_crash_cma_ranges", "50000000-4fffffff\n", "which is no RAM" },
		{ CPU "cpu2/crash_notes", "none\n", "which is no address" },
		{ CPU "cpu2/crash_notes", "80000000\n", "the notes of CPU 2, 368 bytes at 0x80000000" },
		{ CPU "cpu2/crash_notes_size", "x\n", "cannot read /" CPU "cpu2/crash_notes_size" },
		{ CPU "cpu2/crash_notes_size", "0\n", "the notes of CPU 2" },
		{ CPU "cpu2/crash_notes_size", "0xffffffffffffff00\n", "the notes of CPU 2" },
		{ "sys/kernel/vmcoreinfo", "0x100000\n", "which is no address and size" },
		{ "sys/kernel/vmcoreinfo", "0x7ffff000 2000\n", "which does not lie in RAM" },
		{ "proc/kcore", "no core", "is not an ELF core file" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put_all();
		put("sys/kernel/kexec_crash_cma_ranges", "");
		put(row[i].path, row[i].text);
		assert_refused(row[i].phrase, observe());
	}
}

static void missing(void **state)
{
	(void)state;
	assert_refused("counts 8193 CPUs", crash_memory_observe(&tree.root, 8193, &memory));
	crash_memory_free(&memory);
	assert_refused("shows no crash_notes", crash_memory_observe(&tree.root, 0, &memory));
	tree_unlink(&tree, "sys/kernel/vmcoreinfo");
	assert_refused("cannot read /sys/kernel/vmcoreinfo", observe());
	put_all();
	tree_unlink(&tree, "proc/kcore");
	assert_refused("needs root and CONFIG_PROC_KCORE", observe());
	put_all();
	tree_unlink(&tree, "proc/iomem");
	assert_refused("cannot read /proc/iomem", observe());
}

/* Without the file nobody knows whose memory CMA is; a kernel that was not asked for it has none. */
static void cma_unknown(void **state)
{
	(void)state;
	put("proc/cmdline", "crashkernel=64M crashkernel=512M,cma quiet\n");
	assert_refused("does not show which memory is that of crashkernel=...,cma", observe());
	put("sys/kernel/kexec_crash_cma_ranges", "");
	assert_says(0, NULL, observe());
	tree_unlink(&tree, "sys/kernel/kexec_crash_cma_ranges");
	put("proc/cmdline", "crashkernel=64M cma=512M\n");
	assert_says(0, NULL, observe());
	tree_unlink(&tree, "proc/cmdline");
	assert_refused("cannot read /proc/cmdline", observe());
}

/* What a crash kernel is loaded into: the last range. */
static void reserved(void **state)
{
	struct kho_range range;

	(void)state;
	assert_int_equal(crash_reserved(&tree.root, &range), 1);
	assert_int_equal(range.addr, 0x150000000);
	assert_int_equal(range.size, 0x10000000);
	put("proc/iomem", RAM);
	assert_int_equal(crash_reserved(&tree.root, &range), 0);
	put("proc/iomem", "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n");
	assert_refused("needs root", crash_reserved(&tree.root, &range));
}

/* One piece of kernel, one distance of RAM, and both. */
static void mappings(void **state)
{
	const Elf64_Phdr kernel = segment(KERNEL_VIRT, 0x30000000, 0x1000000);
	const Elf64_Phdr ram = segment(DIRECT_MAP + 0x100000000, 0x100000000, 0x1000);
	const Elf64_Phdr apart = segment(DIRECT_MAP + 0x110000000, 0x100000000, 0x1000);
	const Elf64_Phdr outside = segment(DIRECT_MAP + 0x80000000, 0x80000000, 0x1000);
	const Elf64_Phdr other = segment(KERNEL_VIRT + 0x2000000, 0x32000000, 0x1000);

	(void)state;
	put_kcore((Elf64_Phdr[]){ kernel, ram }, 2);
	assert_says(0, NULL, observe());
	put_kcore((Elf64_Phdr[]){ kernel, outside }, 2);
	assert_refused("where the kernel maps itself and RAM", observe());
	put_kcore((Elf64_Phdr[]){ ram }, 1);
	assert_refused("where the kernel maps itself and RAM", observe());
	put_kcore((Elf64_Phdr[]){ kernel, ram, apart }, 3);
	assert_refused("where the kernel maps itself and RAM", observe());
	put_kcore((Elf64_Phdr[]){ kernel, other, ram }, 3);
	assert_refused("where the kernel maps itself and RAM", observe());
}

/* ---- Ranges ------------------------------------------------------------------------------ */

static void put_ranges(struct ranges *r, const uint64_t *ends, size_t count)
{
	for (size_t i = 0; i < count; i += 2)
		assert_int_equal(ranges_add(r, ends[i], ends[i + 1] - ends[i]), 0);
}

/* Against a set of single bytes. */
static void subtraction(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct ranges set[2] = { { 0 }, { 0 } }, rest = { 0 };
		bool has[2][64] = { { false } };
		uint64_t left = 0;

		for (int s = 0; s < 2; s++)
			for (int i = 0; i < 4; i++) {
				uint64_t at = random_next(&random) % 60, size = random_next(&random) % 9;

				put_ranges(&set[s], (uint64_t[]){ at, at + size < 64 ? at + size : 64 }, 2);
				for (uint64_t b = at; b < at + size && b < 64; b++)
					has[s][b] = true;
			}
		ranges_merge(&set[0]);
		ranges_merge(&set[1]);
		assert_int_equal(ranges_subtract(&set[0], &set[1], &rest), 0);
		for (uint64_t b = 0; b < 64; b++) {
			assert_int_equal(ranges_touch(&rest, b, 1), has[0][b] && !has[1][b]);
			left += has[0][b] && !has[1][b];
		}
		assert_int_equal(ranges_total(&rest), left);
		ranges_free(&set[0]);
		ranges_free(&set[1]);
		ranges_free(&rest);
	}
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(seen), TEST(headers), TEST(cma), TEST(memory_map), TEST(cmdline), TEST(one_range),
		TEST(updated), TEST(refusals), TEST(missing), TEST(cma_unknown), TEST(reserved), TEST(mappings), TEST(subtraction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
