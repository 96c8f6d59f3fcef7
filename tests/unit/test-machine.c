// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine, from files written down by hand; then one of them at a time is missing, or
 * says something that cannot be.
 */
#include <stdio.h>

#include "arch.h"
#include "machine.h"
#include "said.h"
#include "tree.h"
#include "unit.h"

#define MEMMAP	"sys/firmware/memmap/"

static struct tree tree;
static struct machine m;
static unsigned char boot_params[4096];

static void put(const char *path, const char *text)
{
	tree_write(&tree, path, text, strlen(text));
}

static void put_memmap(const char *number, const char *start, const char *end, const char *type)
{
	char path[64];

	snprintf(path, sizeof(path), MEMMAP "%s/start", number);
	put(path, start);
	snprintf(path, sizeof(path), MEMMAP "%s/end", number);
	put(path, end);
	snprintf(path, sizeof(path), MEMMAP "%s/type", number);
	put(path, type);
}

/* 1 GiB of RAM in two pieces, a reserved one, and the part of them that the kernel uses. */
static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	put("proc/sys/kernel/osrelease", "7.3.4-test\n");
	put("proc/cmdline", "quiet root=/dev/vda\n");
	put_memmap("0", "0x100000000\n", "0x11fffffff\n", "System RAM\n");
	put_memmap("1", "0x100000\n", "0x1fffffff\n", "System RAM\n");
	put_memmap("2", "0x20000000\n", "0x2000ffff\n", "ACPI Tables\n");
	put("proc/iomem", "00100000-1fffffff : System RAM\n"
			  "  01000000-01ffffff : Kernel code\n"
			  "  02000000-02ffffff : Crash kernel\n"
			  "20000000-2000ffff : ACPI Tables\n"
			  "110000000-12fffffff : System RAM\n");
	put("proc/meminfo", "Junk: 1 kB\nMemTotal:  1000000 kB\nMemFree: 5 kB\n");
	put("proc/cpuinfo", "flags\t\t: fpu vme la57\nbugs\t:\n");
	put("sys/devices/system/cpu/possible", "0-3\n");
	put("proc/zoneinfo", "Node 0, zone DMA\n  start_pfn:           1\n"
			     "Node 0, zone Normal\n  start_pfn: 4096\n"
			     "Node 1, zone Normal\n  start_pfn: 1048576\nNode 1, zone Movable\n"
			     "  start_pfn: 0\n");
	for (size_t i = 0; i < sizeof(boot_params); i++)
		boot_params[i] = (unsigned char)(i * 3);
	tree_write(&tree, "sys/kernel/boot_params/data", boot_params, sizeof(boot_params));
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
	return machine_observe(&m, tree.path);
}

/* It is taken; the caller looks at M. */
static void observe_well(void)
{
	assert_says(0, NULL, observe());
	machine_release(&m);
}

static void assert_bad(const char *phrase)
{
	assert_refused(phrase, observe());
	machine_release(&m);
}

static void assert_range(const struct kho_range *r, uint64_t addr, uint64_t size)
{
	assert_int_equal(r->addr, addr);
	assert_int_equal(r->size, size);
}

static void all(void **state)
{
	(void)state;
	assert_says(0, NULL, observe());
	assert_string_equal(m.release, "7.3.4-test");
	assert_string_equal(m.cmdline, "quiet root=/dev/vda");
	assert_memory_equal(m.arch.boot_params, boot_params, sizeof(boot_params));
	assert_true(m.arch.la57);
	assert_int_equal(m.cpus, 4);
	assert_int_equal(m.ram_size, 1000000ull << 10);
	/* Sorted by address, whatever the folder's order. */
	assert_int_equal(m.memmap_count, 3);
	assert_int_equal(m.memmap[0].addr, 0x100000);
	assert_int_equal(m.memmap[0].size, 0x1ff00000);
	assert_int_equal(m.memmap[1].type, E820_ACPI);
	assert_int_equal(m.memmap[2].addr, 0x100000000);
	assert_int_equal(m.ram_count, 2);
	assert_range(&m.ram[0], 0x100000, 0x1ff00000);
	assert_range(&m.ram[1], 0x100000000, 0x20000000);
	assert_int_equal(m.ram_total, 0x3ff00000);
	/* What both call RAM. */
	assert_int_equal(m.usable_count, 2);
	assert_range(&m.usable[0], 0x100000, 0x1ff00000);
	assert_range(&m.usable[1], 0x110000000, 0x10000000);
	assert_int_equal(m.taken_count, 2);
	assert_range(&m.taken[0], 0x1000000, 0x1000000);
	assert_range(&m.taken[1], 0x2000000, 0x1000000);
	assert_int_equal(m.node_count, 2);
	assert_int_equal(m.node[0].start, 4096);
	assert_int_equal(m.node[1].start, 0x100000000);
	machine_release(&m);
	assert_null(m.cmdline);
	assert_int_equal(m.root.fd, -1);
}

static void types(void **state)
{
	static const struct {
		const char *name;
		uint32_t type;
	} row[] = {
		{ "System RAM", E820_RAM },
		{ "Reserved", E820_RESERVED },
		{ "ACPI Tables", E820_ACPI },
		{ "ACPI Non-volatile Storage", E820_NVS },
		{ "Unusable memory", E820_UNUSABLE },
		{ "Persistent Memory", E820_PMEM },
		{ "Persistent Memory (legacy)", E820_PRAM },
		{ "Soft Reserved", E820_SOFT_RESERVED },
		{ "Unknown E820 type", E820_RESERVED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put_memmap("2", "0x20000000\n", "0x2000ffff\n", row[i].name);
		observe_well();
		assert_int_equal(m.memmap[1].type, row[i].type);
	}
}

/* Each is needed; a missing one is named. */
static void missing(void **state)
{
	static const struct {
		const char *path, *why;
	} row[] = {
		{ "proc/sys/kernel/osrelease", "osrelease; is /proc mounted" },
		{ "proc/cmdline", "cannot read /proc/cmdline: No such file" },
		{ MEMMAP "1/start", "cannot read /" MEMMAP "1/start" },
		{ MEMMAP "1/end", "cannot read /" MEMMAP "1/end" },
		{ MEMMAP "1/type", "cannot read /" MEMMAP "1/type" },
		{ "proc/iomem", "cannot read /proc/iomem: No such file" },
		{ "proc/meminfo", "cannot read /proc/meminfo: No such file" },
		{ "proc/cpuinfo", "cannot read /proc/cpuinfo: No such file" },
		{ "sys/devices/system/cpu/possible", "cannot read /sys/devices/system/cpu/possible" },
		{ "sys/kernel/boot_params/data", "cannot read /sys/kernel/boot_params/data: No such file" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		tree_unlink(&tree, row[i].path);
		assert_bad(row[i].why);
		teardown(state);
		setup(state);
	}
	observe_well();
	assert_refused("cannot open root directory", machine_observe(&m, "/no/such/folder"));
}

/* ---- Without the firmware's map --------------------------------------------------------- */

static void assert_iomem(void)
{
	observe_well();
	assert_int_equal(m.memmap_count, 3);
	assert_int_equal(m.memmap[0].type, E820_RESERVED);
	assert_int_equal(m.memmap[1].type, E820_RAM);
	assert_int_equal(m.memmap[2].type, E820_ACPI);
	assert_int_equal(m.ram_count, 1);
	assert_range(&m.ram[0], 0x100000, 0x1ff00000);
	assert_int_equal(m.usable_count, 1);
	assert_int_equal(m.taken_count, 1);
}

static void from_iomem(void **state)
{
	static const char iomem[] = "00000000-00000fff : Reserved\n"
				    "000a0000-000bffff : PCI Bus 0000:00\n"
				    "00100000-1fffffff : System RAM\n"
				    "  01000000-01ffffff : Kernel code\n"
				    "  10000000-10000fff : reserved\n"
				    "20000000-2000ffff : ACPI Tables\n"
				    "fee00000-fee00fff : Local APIC\n";

	(void)state;
	put("proc/iomem", iomem);
	observe_well();
	assert_int_equal(m.memmap[0].size, 0x1ff00000);
	assert_int_equal(m.ram_count, 2);
	put("proc/cmdline", "quiet add_efi_memmap\n");
	assert_iomem();
	put("proc/cmdline", "quiet\n");
	put("proc/xen/capabilities", "control_d\n");
	assert_iomem();
	assert_int_equal(renameat(tree.root.fd, "proc/xen", tree.root.fd, "xen"), 0);
	assert_int_equal(renameat(tree.root.fd, "sys/firmware/memmap", tree.root.fd, "memmap"), 0);
	assert_iomem();
	/* As users without privileges see it. */
	put("proc/iomem", "00000000-00000000 : System RAM\n");
	assert_bad("/proc/iomem shows no RAM (needs root");
}

static void many_in_iomem(void **state)
{
	static char text[(MEMMAP_MAX + 2) * 40];
	size_t used = 0, last;

	(void)state;
	assert_int_equal(renameat(tree.root.fd, "sys/firmware/memmap", tree.root.fd, "memmap"), 0);
	for (size_t i = 0; i <= MEMMAP_MAX; i++) {
		last = used;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%zx-%zx : %s\n", i * 0x1000,
					 i * 0x1000 + 0xfff, i ? "Reserved" : "System RAM");
	}
	put("proc/iomem", text);
	assert_bad("/proc/iomem has more than 2048 ranges of memory");
	text[last] = '\0';
	put("proc/iomem", text);
	observe_well();
	assert_int_equal(m.memmap_count, MEMMAP_MAX);
}

static void bad_memmap(void **state)
{
	put_memmap("1", "0x100000\n", "0x100000\n", "System RAM\n");
	observe_well();
	assert_int_equal(m.ram[0].size, 1);
	put_memmap("1", "0x100000\n", "0xfffff\n", "System RAM\n");
	assert_bad(MEMMAP "1/end");
	put_memmap("1", "0x100000\n", "all\n", "System RAM\n");
	assert_bad(MEMMAP "1/end");
	put_memmap("1", "-1\n", "0x1fffffff\n", "System RAM\n");
	assert_bad(MEMMAP "1/start");
	teardown(state);
	setup(state);
	put_memmap("0", "0x100000000\n", "0x11fffffff\n", "Reserved\n");
	put_memmap("1", "0x100000\n", "0x1fffffff\n", "Reserved\n");
	assert_bad("/sys/firmware/memmap names no RAM");
}

static void many_memmap(void **state)
{
	char number[16], start[24];

	(void)state;
	for (unsigned int i = 3; i <= MEMMAP_MAX; i++) {
		snprintf(number, sizeof(number), "%u", i);
		snprintf(start, sizeof(start), "0x%x0000000", i + 0x100);
		put_memmap(number, start, start, "Reserved");
		if (i == MEMMAP_MAX - 1)
			observe_well();
	}
	assert_int_equal(m.memmap_count, MEMMAP_MAX);
	assert_bad("more than 2048 entries");
}

/* What counts as RAM of the kernel in /proc/iomem, in addition to the two of setup(). */
static void iomem(void **state)
{
	static const struct {
		const char *text;
		size_t usable;
		uint64_t first, size;
	} row[] = {
		{ "00200000-002fffff : System RAM\n", 1, 0x200000, 0x100000 },
		/* Both ends in common with firmware's. */
		{ "00000000-00100000 : System RAM\n", 1, 0x100000, 1 },
		{ "1fffffff-20000001 : System RAM\n", 1, 0x1fffffff, 1 },
		{ "00000000-fffffffff : System RAM\n", 2, 0x100000, 0x1ff00000 },
		/* None of it: nothing is known to be usable. */
		{ "00000000-000fffff : System RAM\n", 0, 0, 0 },
		{ "20000000-2000ffff : System RAM\n", 0, 0, 0 },
		{ "00000000-00000000 : System RAM\n", 0, 0, 0 },
		{ "  00200000-002fffff : System RAM\n", 0, 0, 0 },
		{ "00200000-002fffff : System RAM (kmem)\n", 0, 0, 0 },
		{ "00200000-00200000 : System RAM\n", 0, 0, 0 },
		{ "002fffff-00200000 : System RAM\n", 0, 0, 0 },
		{ "rubbish\n\n", 0, 0, 0 },
		{ "", 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put("proc/iomem", row[i].text);
		observe_well();
		assert_int_equal(m.usable_count, row[i].usable);
		assert_int_equal(machine_check_usable(&m), row[i].usable ? 0 : -1);
		if (row[i].usable)
			assert_range(&m.usable[0], row[i].first, row[i].size);
		assert_int_equal(m.taken_count, 0);
	}
}

static void taken(void **state)
{
	char text[1024] = "";

	(void)state;
	put("proc/iomem", "  01000000-01000fff : Kernel bss\n"
			  "  02000000-02000fff : Crash kernel\n"
			  "    03000000-03000fff : Kernel data\n"
			  "  04000000-04000fff : Crash kernels\n"
			  "  05000000-05000fff : kernel code\n"
			  "  06000000-06000000 : Kernel code\n");
	observe_well();
	assert_int_equal(m.taken_count, 3);
	assert_range(&m.taken[2], 0x3000000, 0x1000);
	for (unsigned int i = 0; i <= TAKEN_MAX; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "  %xf00000-%xf00fff : Kernel data\n", i + 1, i + 1);
		put("proc/iomem", text);
		if (i < TAKEN_MAX)
			observe_well();
	}
	assert_int_equal(m.taken_count, TAKEN_MAX);
	assert_bad("/proc/iomem names more than 16 ranges of the kernel's own");
}

static void many_usable(void **state)
{
	char *text = must_calloc((MEMMAP_MAX + 1) * 40), *end = text;

	(void)state;
	for (unsigned int i = 0; i <= MEMMAP_MAX; i++) {
		end += sprintf(end, "%08x-%08x : System RAM\n", 0x100000 + i * 16, 0x10000f + i * 16);
		if (i == MEMMAP_MAX - 1) {
			put("proc/iomem", text);
			observe_well();
		}
	}
	assert_int_equal(m.usable_count, MEMMAP_MAX);
	put("proc/iomem", text);
	assert_bad("/proc/iomem names more than 2048 ranges");
	free(text);
}

static void cpus(void **state)
{
	static const struct {
		const char *text;
		unsigned int cpus;		/* 0: refused */
	} row[] = {
		{ "0\n", 1 }, { "0-1\n", 2 }, { "0-3,8-11\n", 12 }, { "0,2\n", 3 }, { "0-3,9\n", 10 },
		{ "none\n", 0 }, { "0-\n", 0 }, { "0,\n", 0 }, { "\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put("sys/devices/system/cpu/possible", row[i].text);
		if (!row[i].cpus) {
			assert_bad("/sys/devices/system/cpu/possible");
			continue;
		}
		observe_well();
		assert_int_equal(m.cpus, row[i].cpus);
	}
}

static void five_levels(void **state)
{
	static const struct {
		const char *text;
		bool used;
	} row[] = {
		{ "flags : fpu la57 vme\n", true }, { "flags : fpu la57\n", true },
		{ "flags : fpu la57x\n", false }, { "flags : fpu xla57 vme\n", false },
		{ "flags : fpu\n", false }, { "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put("proc/cpuinfo", row[i].text);
		observe_well();
		assert_int_equal(m.arch.la57, row[i].used);
	}
}

static void memory_size(void **state)
{
	(void)state;
	put("proc/meminfo", "MemTotal:       1 kB\n");
	observe_well();
	assert_int_equal(m.ram_size, 1024);
	put("proc/meminfo", "MemTotal: lots\n");
	assert_bad("/proc/meminfo has no MemTotal line");
	put("proc/meminfo", "MemFree: 1 kB\n");
	assert_bad("/proc/meminfo has no MemTotal line");
}

/* COUNT nodes with numbers that have gaps. */
static void put_nodes(unsigned int count)
{
	char text[4096];
	size_t used = 0;

	for (unsigned int i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "Node %u, zone Normal\n  start_pfn: %u\n", i * 100, i + 1);
	assert_true(used < sizeof(text));
	put("proc/zoneinfo", text);
}

static void nodes(void **state)
{
	(void)state;
	put("proc/zoneinfo", "Node 0, zone DMA\n  start_pfn: 16\nNode 0, zone DMA32\n  start_pfn: 8\n"
			     "Node 1, zone Normal\n  start_pfn: 0\n"
			     "Node 255, zone Normal\n  start_pfn: 512\nNode 0, zone Movable\n  start_pfn: 9\n");
	observe_well();
	assert_int_equal(m.node_count, 2);
	assert_int_equal(m.node[0].number, 0);
	assert_int_equal(m.node[0].start, 8 << PAGE_SHIFT);
	assert_int_equal(m.node[1].number, 255);
	assert_int_equal(m.node[1].start, 512 << PAGE_SHIFT);
	assert_says(0, NULL, machine_check_nodes(&m));
	put("proc/zoneinfo", "  start_pfn: 16\nNode 0, zone DMA\n");
	observe_well();
	assert_int_equal(m.node_count, 0);
	put_nodes(NODES_MAX);
	observe_well();
	assert_int_equal(m.node_count, NODES_MAX);
	assert_int_equal(m.node[NODES_MAX - 1].number, (NODES_MAX - 1) * 100);
	assert_says(0, NULL, machine_check_nodes(&m));
}

/* Not needed without a handover. */
static void nodes_unknown(void **state)
{
	(void)state;
	put_nodes(NODES_MAX + 1);
	observe_well();
	assert_int_equal(m.node_count, 0);
	assert_refused("more than 64 nodes with memory", machine_check_nodes(&m));
	tree_unlink(&tree, "proc/zoneinfo");
	observe_well();
	assert_refused("/proc/zoneinfo cannot be read", machine_check_nodes(&m));
}

static void boot_params_size(void **state)
{
	unsigned char more[4097] = { 0 };

	(void)state;
	tree_write(&tree, "sys/kernel/boot_params/data", boot_params, 4095);
	assert_bad("has 4095 bytes instead of 4096");
	tree_write(&tree, "sys/kernel/boot_params/data", more, sizeof(more));
	assert_bad("cannot read /sys/kernel/boot_params/data: File too large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all, setup, teardown),
		cmocka_unit_test_setup_teardown(types, setup, teardown),
		cmocka_unit_test_setup_teardown(missing, setup, teardown),
		cmocka_unit_test_setup_teardown(from_iomem, setup, teardown),
		cmocka_unit_test_setup_teardown(many_in_iomem, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_memmap, setup, teardown),
		cmocka_unit_test_setup_teardown(many_memmap, setup, teardown),
		cmocka_unit_test_setup_teardown(iomem, setup, teardown),
		cmocka_unit_test_setup_teardown(taken, setup, teardown),
		cmocka_unit_test_setup_teardown(many_usable, setup, teardown),
		cmocka_unit_test_setup_teardown(cpus, setup, teardown),
		cmocka_unit_test_setup_teardown(five_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_size, setup, teardown),
		cmocka_unit_test_setup_teardown(nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(nodes_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(boot_params_size, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
