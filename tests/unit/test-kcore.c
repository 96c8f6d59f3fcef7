// SPDX-License-Identifier: GPL-2.0-only
/* /proc/kcore, as a small ELF core file of this test's own making. */
#include <elf.h>

#include "kcore.h"
#include "tree.h"
#include "unit.h"

#define DATA_OFFSET	0x1000
#define DATA_SIZE	0x3000
#define DIRECT		0xffff888000000000ull	/* virtual, of physical 0 */
#define TEXT		0xffffffff81000000ull

static struct {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[6];
	unsigned char pad[DATA_OFFSET - sizeof(Elf64_Ehdr) - 6 * sizeof(Elf64_Phdr)];
	unsigned char data[DATA_SIZE];
} core;

static struct tree tree;
static struct kcore kcore;

static Elf64_Phdr load(uint64_t virt, uint64_t phys, uint64_t size, uint64_t data)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = virt, .p_paddr = phys, .p_memsz = size,
			     .p_filesz = size, .p_offset = DATA_OFFSET + data };
}

static int setup(void **state)
{
	(void)state;
	core.ehdr = (Elf64_Ehdr){ .e_type = ET_CORE, .e_phoff = sizeof(Elf64_Ehdr),
				  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 6 };
	memcpy(core.ehdr.e_ident, ELFMAG, SELFMAG);
	core.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	core.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	core.phdr[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_memsz = 1000 };
	core.phdr[1] = load(TEXT, UINT64_MAX, 0x1000, 0);	/* phys not told */
	core.phdr[2] = load(DIRECT + 0x1000, 0x1000, 0x1000, 0x1000);
	core.phdr[3] = load(DIRECT + 0x100000, 0x100000, 0x1000, 0x2000);
	core.phdr[4] = load(-0x1000ull, 0, UINT64_MAX, 0);	/* wraps: left out */
	core.phdr[5] = load(DIRECT + 0x200000, 0x200000, 0x1000, INT64_MAX - DATA_OFFSET - 0xffe);
	for (unsigned int i = 0; i < DATA_SIZE; i++)
		core.data[i] = (unsigned char)(i * 2654435761u >> 13);
	tree_make(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static int reopen(size_t size)
{
	tree_write(&tree, "proc/kcore", &core, size);
	return kcore_open(&tree.root, &kcore);
}

static void reads(void **state)
{
	unsigned char buf[0x1000];

	(void)state;
	assert_int_equal(reopen(sizeof(core)), 0);
	assert_int_equal(kcore_read_virt(&kcore, TEXT, buf, 0x1000), 0);
	assert_memory_equal(buf, core.data, 0x1000);
	assert_int_equal(kcore_read_phys(&kcore, 0x1000, buf, 0x1000), 0);
	assert_memory_equal(buf, core.data + 0x1000, 0x1000);
	assert_int_equal(kcore_read_phys(&kcore, 0x100ffe, buf, 2), 0);
	assert_memory_equal(buf, core.data + 0x2ffe, 2);
	assert_int_equal(kcore_read_virt(&kcore, DIRECT + 0x100010, buf, 16), 0);
	assert_memory_equal(buf, core.data + 0x2010, 16);
	assert_int_equal(kcore_read_phys(&kcore, 0x1800, buf, 8), 0);
	assert_memory_equal(buf, core.data + 0x1800, 8);
	kcore_close(&kcore);
}

static void reads_outside(void **state)
{
	static const uint64_t phys[][2] = { { 0, 1 }, { 0xfff, 2 }, { 0x1fff, 2 }, { 0x2000, 1 },
					    { 0x101000, 1 }, { UINT64_MAX, 1 }, { 0x1000, UINT64_MAX },
					    { -1ull, 0 } };
	unsigned char buf[4];

	(void)state;
	assert_int_equal(reopen(sizeof(core)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(phys); i++)
		assert_int_equal(kcore_read_phys(&kcore, phys[i][0], buf, phys[i][1]), -1);
	assert_int_equal(kcore_read_virt(&kcore, TEXT - 1, buf, 1), -1);
	assert_int_equal(kcore_read_virt(&kcore, TEXT + 0x1000, buf, 1), -1);
	assert_int_equal(kcore_read_virt(&kcore, -0x1000ull, buf, 1), -1);
	kcore_close(&kcore);
}

static void virt_to_phys(void **state)
{
	(void)state;
	assert_int_equal(reopen(sizeof(core)), 0);
	assert_int_equal(kcore_virt_to_phys(&kcore, DIRECT + 0x1000), 0x1000);
	assert_int_equal(kcore_virt_to_phys(&kcore, DIRECT + 0x100fff), 0x100fff);
	assert_int_equal(kcore_virt_to_phys(&kcore, DIRECT + 0x101000), KCORE_NO_PHYS);
	assert_int_equal(kcore_virt_to_phys(&kcore, TEXT), KCORE_NO_PHYS);
	assert_int_equal(kcore_virt_to_phys(&kcore, 0), KCORE_NO_PHYS);
	/* Where no file can have it. */
	assert_int_equal(kcore_virt_to_phys(&kcore, DIRECT + 0x200000), KCORE_NO_PHYS);
	kcore_close(&kcore);
}

/* The file ends inside the memory a header promises. */
static void memory_cut(void **state)
{
	unsigned char buf[0x1000];

	(void)state;
	assert_int_equal(reopen(DATA_OFFSET + 0x1800), 0);
	assert_int_equal(kcore_read_phys(&kcore, 0x1000, buf, 0x800), 0);
	assert_int_equal(kcore_read_phys(&kcore, 0x1000, buf, 0x801), -1);
	kcore_close(&kcore);
}

static void no_core_file(void **state)
{
	(void)state;
	assert_int_equal(kcore_open(&tree.root, &kcore), -1);
	for (size_t size = 0; size < sizeof(Elf64_Ehdr) + 6 * sizeof(Elf64_Phdr); size += 7)
		assert_int_equal(reopen(size), -1);
#define DAMAGE(field, value) do { \
	const typeof(core.ehdr.field) was = core.ehdr.field; \
	core.ehdr.field = (value); \
	assert_int_equal(reopen(sizeof(core)), -1); \
	core.ehdr.field = was; \
} while (0)
	DAMAGE(e_ident[0], 0);
	DAMAGE(e_ident[EI_CLASS], ELFCLASS32);
	DAMAGE(e_ident[EI_DATA], ELFDATA2MSB);
	DAMAGE(e_type, ET_EXEC);
	DAMAGE(e_phentsize, sizeof(Elf64_Phdr) - 1);
	DAMAGE(e_phnum, UINT16_MAX);
	DAMAGE(e_phnum, 0);
	DAMAGE(e_phoff, sizeof(core));
	DAMAGE(e_phoff, UINT64_MAX);
#undef DAMAGE
	assert_int_equal(reopen(sizeof(core)), 0);
	kcore_close(&kcore);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(virt_to_phys, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(no_core_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
