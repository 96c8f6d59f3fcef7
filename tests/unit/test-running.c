/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel before and after it finalizes: a kernel of this test's own making
 * in a tree, its memory a small ELF core file. Its root FDT and map are there from the
 * start, as if it made them when out/finalize is written.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "blocks.h"
#include "finalize.h"
#include "handover.h"
#include "preserved.h"
#include "running.h"
#include "said.h"
#include "tree.h"
#include "unit.h"

#define FINALIZE	"sys/kernel/debug/kho/out/finalize"
#define FDT		"sys/kernel/debug/kho/out/fdt"
#define MARK		"run/kexec-kho/finalized"
#define BOOT_ID		"6bd2cc34-8a25-4a1f-9f0c-2f6a5b1d7e01"

#define VIRT		0xffff888000000000ull	/* of physical 0 */
#define BASE		0x100000ull
#define MAP_ADDR	(BASE + 0x4000)
#define MEMBLOCK_ADDR	(BASE + 0x2000)
#define REGION_ADDR	0x40000000ull
#define REGION_SIZE	0x200000ull
#define OTHERS_ADDR	0x50000000ull		/* preserved by an unknown client */
#define GIB		(1ull << 30)

/* Physical memory from BASE on. */
struct memory {
	uint64_t kho_enable;
	uint64_t kho_scratch;
	uint64_t kho_scratch_cnt;
	uint64_t kho_out;
	uint64_t reserved_mem_count;
	struct kho_region reserved_mem_table[KHO_REGIONS_MAX];
	struct kho_range scratch __attribute__((aligned(0x1000)));
	unsigned char memblock[0x1000] __attribute__((aligned(0x1000)));
	unsigned char fdt[0x1000];
	unsigned char map[0xc000];
};

static struct {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	struct memory m __attribute__((aligned(0x1000)));
} core;

_Static_assert(offsetof(struct memory, memblock) == MEMBLOCK_ADDR - BASE &&
	       offsetof(struct memory, map) == MAP_ADDR - BASE, "where it is said to be");

static struct tree tree;
static struct machine machine;
static struct kcore kcore;
static struct running running;

static void make_symbols(const char *more)
{
	static const struct { const char *name; size_t offset; } symbols[] = {
		{ "kho_enable", offsetof(struct memory, kho_enable) },
		{ "kho_scratch", offsetof(struct memory, kho_scratch) },
		{ "kho_scratch_cnt", offsetof(struct memory, kho_scratch_cnt) },
		{ "kho_out", offsetof(struct memory, kho_out) },
		{ "reserved_mem_count", offsetof(struct memory, reserved_mem_count) },
		{ "reserved_mem_table", offsetof(struct memory, reserved_mem_table) },
	};
	char text[1024];
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%016llx d %s\n",
					 VIRT + BASE + symbols[i].offset, symbols[i].name);
	used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", more);
	tree_write(&tree, "proc/kallsyms", text, used);
}

static void make_map(enum kho_abi abi, bool others)
{
	struct blocks blocks;
	uint64_t root;

	assert_int_equal(blocks_init(&blocks, 12), 0);
	assert_int_equal(blocks_add(&blocks, REGION_ADDR, 9), 0);
	assert_int_equal(blocks_add(&blocks, MEMBLOCK_ADDR, 0), 0);
	assert_int_equal(blocks_add(&blocks, BASE + 0x80000, 0), 0);	/* the root FDT */
	if (others)
		assert_int_equal(blocks_add(&blocks, OTHERS_ADDR, 0), 0);
	assert_int_equal(kho_map_encode(&blocks.map, abi, core.m.map, sizeof(core.m.map), MAP_ADDR, &root), 0);
	blocks_free(&blocks);
}

static void make_memory(enum kho_abi abi, bool others)
{
	struct kho_root root = { .abi = abi, .map = MAP_ADDR };

	memset(&core, 0, sizeof(core));
	core.ehdr = (Elf64_Ehdr){ .e_type = ET_CORE, .e_phoff = sizeof(Elf64_Ehdr),
				  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1 };
	memcpy(core.ehdr.e_ident, ELFMAG, SELFMAG);
	core.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	core.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	core.phdr = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = VIRT + BASE, .p_paddr = BASE,
				  .p_memsz = sizeof(core.m), .p_filesz = sizeof(core.m),
				  .p_offset = (uint64_t)((char *)&core.m - (char *)&core) };
	core.m.kho_enable = 1;
	core.m.kho_scratch = VIRT + BASE + offsetof(struct memory, scratch);
	core.m.kho_scratch_cnt = 1;
	core.m.kho_out = VIRT + BASE + offsetof(struct memory, fdt);
	core.m.scratch = (struct kho_range){ 0x20000000, 0x8000000 };
	core.m.reserved_mem_count = 1;
	core.m.reserved_mem_table[0] = (struct kho_region){ "r0", REGION_ADDR, REGION_SIZE };
	assert_int_equal(kho_memblock_write(core.m.reserved_mem_table, 1, core.m.memblock,
					    sizeof(core.m.memblock)), 0);
	assert_int_equal(kho_root_add(&root, KHO_NODE_MEMBLOCK, MEMBLOCK_ADDR, 0), 0);
	if (others)
		assert_int_equal(kho_root_add(&root, "others", MEMBLOCK_ADDR, 0), 0);
	assert_int_equal(kho_root_write(&root, core.m.fdt, sizeof(core.m.fdt)), 0);
	make_map(abi, others);
}

/* The machine runs RELEASE, and out/finalize says FINALIZED. */
static void boot(const char *release, bool others, const char *finalized)
{
	bool bitmap_512 = !strncmp(release, "6.17", 4);
	bool notifiers = strncmp(release, "6.19", 4);

	unlinkat(tree.root.fd, MARK, 0);
	make_memory(bitmap_512 ? KHO_ABI_V1_512 : KHO_ABI_V1, others);
	tree_write(&tree, "proc/kcore", &core, sizeof(core));
	tree_write(&tree, FINALIZE, finalized, strlen(finalized));
	if (notifiers)
		tree_write(&tree, FDT, core.m.fdt, sizeof(core.m.fdt));
	make_symbols(bitmap_512 ? "ffffffff81000000 T register_kho_notifier\n" :
		     notifiers ? "ffffffff81000000 T register_kho_notifier\n"
				 "ffffffff81000010 T kho_preserve_pages\n" :
				 "ffffffff81000010 T kho_preserve_pages\n");
	snprintf(machine.release, sizeof(machine.release), "%s", release);
	machine.root = tree.root;
	machine.ram_total = machine.ram_size = 2 * GIB;
	kcore_close(&kcore);
	assert_int_equal(kcore_open(&tree.root, &kcore), 0);
}

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	tree_write(&tree, "run/lock", "", 0);
	tree_write(&tree, "proc/sys/kernel/random/boot_id", BOOT_ID "\n", strlen(BOOT_ID) + 1);
	kcore.fd = -1;
	memset(&running, 0, sizeof(running));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	running_release(&running);
	kcore_close(&kcore);
	tree_remove(&tree);
	return 0;
}

static int look(bool dry_run)
{
	running_release(&running);
	return running_look(&machine, &kcore, dry_run, &running);
}

/* All of it, for a caller that changes nothing. */
static int observe(void)
{
	running_release(&running);
	return running_observe(&machine, &kcore, &running);
}

static int finish(void)
{
	return finalize_running(&machine, &kcore, &running);
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

static void assert_region(void)
{
	assert_int_equal(running.region_count, 1);
	assert_string_equal(running.region[0].name, "r0");
	assert_int_equal(running.region[0].addr, REGION_ADDR);
	assert_int_equal(running.region[0].size, REGION_SIZE);
	assert_int_equal(running.scratch_count, 1);
	assert_int_equal(running.root.abi, running.writes.abi);
}

static void looking_changes_nothing(void **state)
{
	static const char *const releases[] = { "6.17.3", "6.17.9", "6.18.1", "6.19.2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(releases); i++) {
		boot(releases[i], true, "0\n");
		for (int dry_run = 0; dry_run < 2; dry_run++) {
			assert_int_equal(look(dry_run), 0);
			assert_true(running.kho && running.map_pending);
			assert_false(running.finalized_now);
			assert_region();
			assert_int_equal(running.preserved.map.blocks, 0);
		}
		assert_int_equal(observe(), -1);
		assert_line(FINALIZE, "0");
		assert_false(marked());
		kcore_close(&kcore);
	}
}

/* From 6.19 on the nodes are there; before nothing is known of them. */
static void nodes_before_finalizing(void **state)
{
	(void)state;
	boot("6.19.2", true, "0\n");
	assert_int_equal(look(false), 0);
	assert_non_null(kho_root_find(&running.root, "others"));
	kcore_close(&kcore);
	boot("6.18.1", true, "0\n");
	assert_int_equal(look(false), 0);
	assert_int_equal(running.root.node_count, 0);
}

static void finishing_finalizes(void **state)
{
	(void)state;
	boot("6.18.1", false, "0\n");
	assert_int_equal(look(false), 0);
	assert_int_equal(finish(), 0);
	assert_line(FINALIZE, "1");
	assert_line(MARK, "s " BOOT_ID " 00000000");
	assert_false(running.map_pending);
	assert_true(running.finalized_now);
	assert_region();
	assert_int_equal(running.preserved.map.blocks, 3);
	assert_non_null(kho_root_find(&running.root, KHO_NODE_MEMBLOCK));
	/* Now there is nothing left to do. */
	assert_int_equal(look(true), 0);
	assert_false(running.map_pending);
	assert_int_equal(finish(), 0);
	assert_false(running.finalized_now);
	assert_int_equal(observe(), 0);
	assert_int_equal(running.preserved.map.blocks, 3);
}

/* 6.17 forgets nothing by an abort if only the notifiers have preserved. */
static void undo_where_nothing_is_lost(void **state)
{
	char expected[64];

	(void)state;
	boot("6.17.3", false, "0\n");
	assert_int_equal(look(false) || finish(), 0);
	snprintf(expected, sizeof(expected), "u " BOOT_ID " %08x", running_crc(&running));
	assert_line(MARK, expected);
	kcore_close(&kcore);
	boot("6.17.3", true, "0\n");
	assert_int_equal(look(false) || finish(), 0);
	assert_line(MARK, "s " BOOT_ID " 00000000");
}

/* What the test's own kernel has not: memory map, CPUs and the like. */
static void take_machine(void)
{
	static const char release[] = "6.17.3\n";
	char command[512];

	snprintf(command, sizeof(command), "tar -xzf '%s' -C '%s'", DATA "/machines/kho-6.18.tar.gz", tree.path);
	assert_int_equal(system(command), 0);
	tree_write(&tree, "proc/sys/kernel/osrelease", release, strlen(release));
}

/* "kexec -u", after another program has aborted, preserved something and finalized, or not. */
static void undo_what_is_ours(void **state)
{
	(void)state;
	take_machine();
	for (int another = 0; another < 2; another++) {
		boot("6.17.3", false, "0\n");
		assert_int_equal(look(false) || finish(), 0);
		make_memory(KHO_ABI_V1_512, another);
		tree_write(&tree, FDT, core.m.fdt, sizeof(core.m.fdt));
		tree_write(&tree, "proc/kcore", &core, sizeof(core));
		finalize_try_undo(tree.path);
		assert_line(FINALIZE, another ? "1" : "0");
		assert_false(marked());
		kcore_close(&kcore);
	}
}

/* An unload that cannot tell leaves it as it is. */
static void undo_not_to_be_told(void **state)
{
	(void)state;
	take_machine();
	boot("6.17.3", false, "0\n");
	assert_int_equal(look(false) || finish(), 0);
	tree_unlink(&tree, FDT);
	finalize_try_undo(tree.path);
	assert_line(FINALIZE, "1");
	assert_true(marked());
}

/* A command that only looks leaves the mark as it is, and so does a load that has not finalized. */
static void mark_is_of_finalizing(void **state)
{
	static const char mark[] = "s " BOOT_ID " 00000000";

	(void)state;
	boot("6.17.3", false, "1\n");
	tree_write(&tree, MARK, mark, strlen(mark));
	for (int dry_run = 0; dry_run < 2; dry_run++) {
		assert_int_equal(dry_run ? observe() : look(false) || finish(), 0);
		assert_line(MARK, mark);
	}
}

/* 6.19 writes its map at each load; for a dry run an older one will do. */
static void repeated(void **state)
{
	(void)state;
	boot("6.19.2", false, "2\n");
	assert_int_equal(look(true), 0);
	assert_false(running.map_pending);
	assert_int_equal(running.preserved.map.blocks, 3);
	assert_int_equal(look(false), 0);
	assert_true(running.map_pending);
	assert_line(FINALIZE, "2");
	assert_int_equal(finish(), 0);
	assert_line(FINALIZE, "1");
	assert_int_equal(running.preserved.map.blocks, 3);
	assert_false(marked());
}

/* Without them what the user says of regions could not be judged. */
static void without_table(void **state)
{
	static const char symbols[] = "ffff888000100000 d kho_enable\nffff888000100008 d kho_scratch\n"
				      "ffff888000100010 d kho_scratch_cnt\nffff888000100018 d kho_out\n"
				      "ffffffff81000000 T register_kho_notifier\n";

	(void)state;
	boot("6.18.1", false, "0\n");
	tree_write(&tree, "proc/kallsyms", symbols, sizeof(symbols) - 1);
	assert_int_equal(look(false), -1);
	assert_line(FINALIZE, "0");
}

/* The table has COUNT regions; the kernel hands them over if KHO is ON. */
static void put_table(bool on, const struct kho_region *region, size_t count)
{
	core.m.kho_enable = on;
	core.m.reserved_mem_count = count;
	memcpy(core.m.reserved_mem_table, region, count * sizeof(*region));
	tree_write(&tree, "proc/kcore", &core, sizeof(core));
}

/* Without KHO they would be lost in any case, and the others need not be. */
static void regions_left_out(void **state)
{
	static const struct kho_region region[] = {
		{ "vm/0", REGION_ADDR + REGION_SIZE, 0x1000 }, { "r0", REGION_ADDR, REGION_SIZE },
		{ "odd", OTHERS_ADDR, 5000 },
	};

	(void)state;
	boot("6.19.2", false, "0\n");
	put_table(false, region, 2);
	assert_says(0, "region 'vm/0' is not handed over, and what is in it will be lost: its name",
		    look(false));
	assert_int_equal(running.region_count, 1);
	assert_string_equal(running.region[0].name, "r0");
	put_table(false, region + 1, 2);
	assert_says(0, "region 'odd' is not handed over, and what is in it will be lost: its address",
		    look(false));
	assert_int_equal(running.region_count, 1);
	put_table(false, region + 2, 1);
	machine.cmdline = (char *)"reserve_mem=5000:64:odd";
	assert_says(0, "region 'odd' is not handed over", look(false));
	assert_int_equal(running.region_count, 0);
}

/* With KHO the kernel itself hands them over, so leaving one out would be our doing. */
static void regions_refused(void **state)
{
	static const struct kho_region named = { "vm/0", REGION_ADDR, REGION_SIZE };
	static const struct kho_region both[] = {
		{ "odd", OTHERS_ADDR, 5000 }, { "r0", REGION_ADDR, REGION_SIZE },
		{ "r1", OTHERS_ADDR, REGION_SIZE },
	};
	struct kho_region writable = named;
	static unsigned char broken[sizeof(core.m.memblock)];
	unsigned char *at;

	(void)state;
	boot("6.18.1", false, "0\n");
	put_table(true, &named, 1);
	assert_refused("region 'vm/0' cannot be handed over: its name", look(false));
	boot("6.19.2", false, "1\n");
	writable.name[2] = '_';
	assert_int_equal(kho_memblock_write(&writable, 1, core.m.memblock, sizeof(core.m.memblock)), 0);
	at = memmem(core.m.memblock, sizeof(core.m.memblock), "vm_0", 4);
	assert_non_null(at);
	at[2] = '/';
	memcpy(broken, core.m.memblock, sizeof(broken));
	put_table(true, &named, 1);
	assert_refused("region 'vm/0' cannot be handed over: its name", look(true));
	/* One that cannot be preserved costs the others, too. */
	boot("6.19.2", false, "1\n");
	put_table(true, both, 2);
	assert_refused("does not hand over region 'odd', because of region 'odd': its address", look(true));
	put_table(true, both + 1, 2);
	assert_refused("does not hand over region 'r1' (its log may say", look(true));
	boot("6.19.2", false, "1\n");
	memcpy(core.m.memblock, broken, sizeof(broken));
	/* The table does not tell either. */
	put_table(true, &writable, 1);
	assert_refused("node 'memblock' is broken", look(true));
}

/* ---- Would anything be lost? --------------------------------------------------------------- */

/* The root FDT of 6.19, with these nodes. */
static void put_root(const char *const *name)
{
	struct kho_root root = { .abi = KHO_ABI_V1, .map = MAP_ADDR };

	for (; *name; name++)
		assert_int_equal(kho_root_add(&root, *name, MEMBLOCK_ADDR, 0), 0);
	memset(core.m.fdt, 0, sizeof(core.m.fdt));
	assert_int_equal(kho_root_write(&root, core.m.fdt, sizeof(core.m.fdt)), 0);
	tree_write(&tree, "proc/kcore", &core, sizeof(core));
}

static void preserved(void **state)
{
	static const char *const kernels[] = { KHO_NODE_METADATA, KHO_NODE_LUO, NULL };
	static const char *const regions[] = { KHO_NODE_METADATA, KHO_NODE_MEMBLOCK, NULL };
	static const char *const clients[] = { KHO_NODE_LUO, "somebody", NULL };
	char what[PRESERVED_TEXT] = "";

	(void)state;
	boot("6.19.2", false, "0\n");
	put_root(kernels);
	assert_says(0, NULL, preserved_find(&tree.root, what));
	put_root(regions);
	assert_says(1, NULL, preserved_find(&tree.root, what));
	assert_string_equal(what, "reserve_mem region 'r0'");
	core.m.reserved_mem_count = 0;
	put_root(regions);
	assert_says(1, NULL, preserved_find(&tree.root, what));
	assert_string_equal(what, "reserve_mem regions");
	put_root(clients);
	assert_says(1, NULL, preserved_find(&tree.root, what));
	assert_string_equal(what, "node 'somebody'");
	/* A session is the file of a process, and leaves nothing in memory before the end. */
	put_root(kernels);
	tree_write(&tree, "proc/77/task/77/fd/0", "", 0);
	tree_unlink(&tree, "proc/77/task/77/fd/0");
	assert_says(0, NULL, preserved_find(&tree.root, what));
	assert_int_equal(symlinkat("anon_inode:[luo_session] alpha", tree.root.fd, "proc/77/task/77/fd/5"), 0);
	assert_says(1, NULL, preserved_find(&tree.root, what));
	assert_string_equal(what, "live update session 'alpha'");
	put_root(kernels + 2);
	assert_says(0, NULL, preserved_find(&tree.root, what));
}

/* What cannot be told counts as preserved. */
static void preserved_untold(void **state)
{
	char what[PRESERVED_TEXT] = "";

	(void)state;
	boot("6.18.1", false, "1\n");
	assert_refused("does not show what it preserves before it finalizes", preserved_find(&tree.root, what));
	boot("6.19.2", false, "0\n");
	memset(core.m.fdt, 0, sizeof(core.m.fdt));
	tree_write(&tree, "proc/kcore", &core, sizeof(core));
	assert_refused("root FDT cannot be read", preserved_find(&tree.root, what));
	tree_write(&tree, "proc/kallsyms", "ffffffff81000000 T kho_populate\n", 32);
	assert_refused("does not list kho_out", preserved_find(&tree.root, what));
	tree_write(&tree, "proc/kallsyms", "0000000000000000 T kho_populate\n", 32);
	assert_refused("hides its addresses", preserved_find(&tree.root, what));
	tree_unlink(&tree, "proc/kcore");
	assert_refused("/proc/kcore", preserved_find(&tree.root, what));
}

static struct handover *look_for_handover(void)
{
	const struct request request = { .kho = true };
	const struct kho_formats to = { .abi = KHO_ABI_V4, .reserve_mem = true };
	struct handover *h = must_calloc(sizeof(*h));

	machine.ram[0] = (struct kho_range){ 0, 2 * GIB };
	machine.ram_count = 1;
	machine.usable[0] = machine.ram[0];
	machine.usable_count = 1;
	machine.cmdline = (char *)"kho=on";
	assert_int_equal(handover_look(h, &machine, &request, &to), 0);
	assert_line(FINALIZE, "0");
	return h;
}

/* The reasons to refuse that only the map gives. */
static void told_by_the_map(void **state)
{
	static const struct kho_region theirs = { "theirs", OTHERS_ADDR, 0x1000 };

	(void)state;
	for (int what = 0; what < 5; what++) {
		struct handover *h;

		boot("6.18.1", true, "0\n");
		h = look_for_handover();
		assert_int_equal(handover_model(h), 0);
		if (what == 1)		/* a node of this name is there */
			strcpy(h->blob[h->blob_count++].name, "others");
		if (what == 2)		/* preserved already */
			h->region[h->region_count++] = (struct handover_region){ .region = theirs, .added = true };
		if (what == 3)		/* not in the table any more */
			h->region_count = 0;
		if (what == 4)		/* somewhere else in the table */
			h->region[0].region.addr += REGION_SIZE;
		assert_int_equal(handover_finish(h, false), what ? -1 : 0);
		assert_line(FINALIZE, "1");
		assert_int_equal(handover_model(h), 0);
		handover_release(h);
		free(h);
		kcore_close(&kcore);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(looking_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(nodes_before_finalizing, setup, teardown),
		cmocka_unit_test_setup_teardown(finishing_finalizes, setup, teardown),
		cmocka_unit_test_setup_teardown(undo_where_nothing_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(undo_what_is_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(undo_not_to_be_told, setup, teardown),
		cmocka_unit_test_setup_teardown(mark_is_of_finalizing, setup, teardown),
		cmocka_unit_test_setup_teardown(repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(without_table, setup, teardown),
		cmocka_unit_test_setup_teardown(regions_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(regions_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(preserved, setup, teardown),
		cmocka_unit_test_setup_teardown(preserved_untold, setup, teardown),
		cmocka_unit_test_setup_teardown(told_by_the_map, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
