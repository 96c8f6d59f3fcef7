// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a kernel hides as zeros: a core file with the kernel's page tables in it,
 * /proc/kpageflags and memory blocks, written by hand.
 */
#include <elf.h>
#include <stdio.h>

#include "kcore.h"
#include "tree.h"
#include "unit.h"

#define RAM		0x200000ull		/* physical */
#define PAGES		1024u			/* two entries of a table of 2 MiB pages */
#define PAGE		0x1000ull
#define DIRECT		0xffff888000000000ull	/* virtual, of physical 0 */
#define TEXT		0xffffffff82000000ull	/* virtual, of the topmost table */
#define BLOCKS		"sys/devices/system/memory/"

#define PRESENT		1ull
#define LEAF		0x80ull

/* Pages with page tables; all others are zeros at first. */
enum { TOP = 1018, P4D, PUD, PMD, PT, TABLES_END };

static struct {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[3];
	Elf64_Nhdr other;
	char other_name[8], other_text[4];
	Elf64_Nhdr nhdr;
	char name[12], info[256];
	char pad[4096 - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr) - 2 * sizeof(Elf64_Nhdr) - 280];
	uint64_t page[PAGES][512];
} core;

static uint64_t flags[RAM / PAGE + PAGES];

static struct tree tree;

static uint64_t phys(unsigned int page)
{
	return RAM + page * PAGE;
}

/* How page tables divide a virtual address. */
static unsigned int index_of(uint64_t virt, unsigned int level)
{
	return virt >> (3 + 9 * level) & 511;
}

static void make_tables(unsigned int levels)
{
	const uint64_t virt = DIRECT + RAM;

	memset(core.page[TOP], 0, (TABLES_END - TOP) * PAGE);
	if (levels == 5)
		core.page[TOP][index_of(virt, 5)] = phys(P4D) | PRESENT;
	core.page[levels == 5 ? P4D : TOP][index_of(virt, 4)] = phys(PUD) | PRESENT;
	core.page[PUD][index_of(virt, 3)] = phys(PMD) | PRESENT;
	core.page[PMD][index_of(virt, 2)] = phys(PT) | PRESENT;
	for (unsigned int i = 0; i < 512; i++)
		core.page[PT][i] = phys(i) | PRESENT;
	core.page[PMD][index_of(virt, 2) + 1] = phys(512) | PRESENT | LEAF;
	snprintf(core.info, sizeof(core.info), "OSRELEASE=7.3\nSYMBOL(init_top_pgt)=%llx\n"
		 "NUMBER(pgtable_l5_enabled)=%u\nNUMBER(sme_mask)=0\n", TEXT, levels == 5);
}

static void make_core(void)
{
	const uint64_t data = offsetof(typeof(core), page), notes = offsetof(typeof(core), other);

	memset(&core, 0, sizeof(core));
	core.ehdr = (Elf64_Ehdr){ .e_type = ET_CORE, .e_phoff = sizeof(Elf64_Ehdr),
				  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3 };
	memcpy(core.ehdr.e_ident, ELFMAG, SELFMAG);
	core.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	core.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	core.phdr[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = notes,
				     .p_filesz = offsetof(typeof(core), pad) - notes };
	core.phdr[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = TEXT, .p_paddr = phys(TOP),
				     .p_memsz = PAGE, .p_offset = data + TOP * PAGE };
	core.phdr[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = DIRECT + RAM, .p_paddr = RAM,
				     .p_memsz = PAGES * PAGE, .p_offset = data };
	core.other = (Elf64_Nhdr){ 5, 3, NT_PRSTATUS };
	strcpy(core.other_name, "CORE");
	core.nhdr = (Elf64_Nhdr){ 11, sizeof(core.info), 0 };
	strcpy(core.name, "VMCOREINFO");
	make_tables(4);
}

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	tree.root.live = true;		/* only a running kernel hides anything */
	make_core();
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		flags[i] = 1ull << 32;	/* reserved */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

/* Read SIZE bytes of the machine in its current state. */
static int read_opened(uint64_t addr, size_t size)
{
	unsigned char *buf = must_calloc(size);
	struct kcore kcore;
	int err;

	tree_write(&tree, "proc/kcore", &core, sizeof(core));
	assert_int_equal(kcore_open(&tree.root, &kcore), 0);
	err = kcore_read_phys(&kcore, addr, buf, size);
	kcore_close(&kcore);
	free(buf);
	return err;
}

static int read_range(uint64_t addr, size_t size)
{
	tree_write(&tree, "proc/kpageflags", flags, sizeof(flags));
	return read_opened(addr, size);
}

static int read_page(unsigned int page)
{
	return read_range(phys(page), PAGE);
}

static void set_flags(unsigned int page, uint64_t value)
{
	flags[phys(page) / PAGE] = value;
}

static void zeros_are_believed(void **state)
{
	(void)state;
	assert_int_equal(read_page(0), 0);
	assert_int_equal(read_page(511), 0);
	assert_int_equal(read_page(512), 0);
	assert_int_equal(read_range(RAM, PAGES * PAGE), 0);
	assert_int_equal(read_range(RAM + 8, 1), 0);
}

/* Memory errors, pages offline in a balloon, and pages that are none. */
static void hidden_by_flags(void **state)
{
	static const unsigned int bits[] = { 19, 23, 20 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		set_flags(550, 1ull << bits[i]);
		assert_int_equal(read_page(550), -1);
		assert_int_equal(read_range(phys(550) + 8, 1), -1);
		assert_int_equal(read_range(RAM, PAGES * PAGE), -1);
		assert_int_equal(read_range(phys(549) + 8, PAGE), -1);
		assert_int_equal(read_range(phys(549), PAGE), 0);
		assert_int_equal(read_range(phys(551), PAGE), 0);
		/* What is not zeros was read. */
		core.page[550][511] = 1;
		assert_int_equal(read_page(550), 0);
		assert_int_equal(read_range(phys(550) + 8, 8), -1);
		core.page[550][511] = 0;
	}
}

/* From 7.2 on a page that is offline has no flags, and so have others. */
static void hidden_by_block(void **state)
{
	(void)state;
	set_flags(3, 0);
	assert_int_equal(read_page(3), 0);
	tree_write(&tree, BLOCKS "block_size_bytes", "100000\n", 7);
	assert_int_equal(read_page(3), -1);
	tree_write(&tree, BLOCKS "memory2/state", "online\n", 7);
	assert_int_equal(read_page(3), 0);
	tree_write(&tree, BLOCKS "memory2/state", "offline\n", 8);
	assert_int_equal(read_page(3), -1);
	assert_int_equal(read_page(4), 0);
	tree_write(&tree, BLOCKS "memory2/state", "online\n", 7);
	tree_unlink(&tree, BLOCKS "block_size_bytes");
	assert_int_equal(read_page(3), -1);
}

static void check_tables(unsigned int levels)
{
	static const unsigned int tables[] = { PT, PMD, PUD, P4D };
	const uint64_t virt = DIRECT + phys(7);

	for (unsigned int level = 1; level <= levels; level++) {
		uint64_t *entry = &core.page[level == levels ? TOP : tables[level - 1]][index_of(virt, level)];

		*entry ^= PRESENT;
		assert_int_equal(read_page(7), -1);
		assert_int_equal(read_range(phys(6), 3 * PAGE), -1);
		assert_int_equal(read_page(8), level == 1 ? 0 : -1);
		*entry ^= PRESENT;
		assert_int_equal(read_page(7), 0);
	}
	/* The next 2 MiB are mapped as one. */
	core.page[PMD][index_of(virt, 2) + 1] ^= PRESENT;
	assert_int_equal(read_page(511), 0);
	assert_int_equal(read_page(512), -1);
	assert_int_equal(read_range(phys(511), 2 * PAGE), -1);
}

static void hidden_by_mapping(void **state)
{
	(void)state;
	check_tables(4);
	make_tables(5);
	check_tables(5);
}

/* With memory encryption there is one more bit in the addresses. */
static void encrypted_tables(void **state)
{
	char *mask;

	(void)state;
	core.page[PUD][index_of(DIRECT + RAM, 3)] |= 1ull << 47;
	assert_int_equal(read_page(7), -1);
	mask = strstr(core.info, "sme_mask)=") + strlen("sme_mask)=");
	strcpy(mask, "140737488355328\n");
	assert_int_equal(read_page(7), 0);
	core.page[PT][7] = 0;
	assert_int_equal(read_page(7), -1);
}

/* Unknown is not zero. */
static void not_told(void **state)
{
	static const char *const keys[] = { "init_top_pgt", "pgtable_l5", "sme_mask" };

	(void)state;
	assert_int_equal(read_opened(RAM, PAGE), -1);		/* no kpageflags */
	core.page[0][0] = 1;
	assert_int_equal(read_opened(RAM, PAGE), 0);
	core.page[0][0] = 0;
	tree_write(&tree, "proc/kpageflags", flags, phys(5) / PAGE * 8);
	assert_int_equal(read_opened(phys(4), PAGE), 0);
	assert_int_equal(read_opened(phys(5), PAGE), -1);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		*strstr(core.info, keys[i]) = 'x';
		assert_int_equal(read_page(0), -1);
		make_tables(4);
		assert_int_equal(read_page(0), 0);
	}
	core.name[0] = 'v';
	assert_int_equal(read_page(0), -1);
	core.name[0] = 'V';
	core.phdr[0].p_filesz = 20;
	assert_int_equal(read_page(0), -1);
	core.phdr[0].p_type = PT_NULL;
	assert_int_equal(read_page(0), -1);
	tree.root.live = false;
	assert_int_equal(read_page(0), 0);
}

/* Notes that lie about their size. */
static void bad_notes(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 255, 65536, 65537, UINT32_MAX - 3, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		core.other.n_descsz = sizes[i];
		read_page(0);
		core.other.n_descsz = 3;
		core.other.n_namesz = sizes[i];
		read_page(0);
		core.other.n_namesz = 5;
		core.nhdr.n_descsz = sizes[i];
		read_page(0);
		core.nhdr.n_descsz = sizeof(core.info);
	}
	assert_int_equal(read_page(0), 0);
	memset(core.info, 'x', sizeof(core.info));	/* no line ends, and no text */
	assert_int_equal(read_page(0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(zeros_are_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_by_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_by_block, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_by_mapping, setup, teardown),
		cmocka_unit_test_setup_teardown(encrypted_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(not_told, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_notes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
