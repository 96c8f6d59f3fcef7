// SPDX-License-Identifier: GPL-2.0-only
/* EFI runtime services, as sysfs shows them. */
#include <asm/bootparam.h>
#include <stdio.h>

#include "boot-arch.h"
#include "efi.h"
#include "image.h"
#include "said.h"
#include "tree.h"
#include "unit.h"

#define EFI		"sys/firmware/efi/"
#define STRIDE		48		/* of the descriptors; 40 bytes are known */

static struct tree tree;
static struct machine machine;
static struct boot_firmware facts;

static void put(const char *path, const char *text)
{
	tree_write(&tree, path, text, strlen(text));
}

static void put_entry(unsigned int number, unsigned int base)
{
	static const char *const field[] = { "type", "phys_addr", "virt_addr", "num_pages", "attribute" };
	char path[96], value[24];

	for (unsigned int i = 0; i < ARRAY_SIZE(field); i++) {
		snprintf(path, sizeof(path), EFI "runtime-map/%u/%s", number, field[i]);
		snprintf(value, sizeof(value), "0x%x\n", base + i);
		put(path, value);
	}
}

static void set_stride(uint32_t stride)
{
	struct boot_params *bp = (void *)machine.arch.boot_params;

	bp->efi_info.efi_memdesc_size = stride;
	bp->efi_info.efi_memmap_size = 1;
}

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	memset(&machine, 0, sizeof(machine));
	machine.root = tree.root;
	set_stride(STRIDE);
	put(EFI "systab", "ACPI20=0x1014\nACPI=0x2014\nSMBIOS=0x3000\nSMBIOS3=0x4000\n");
	put(EFI "fw_vendor", "0x5000\n");
	put(EFI "config_table", "0x6000\n");
	put_entry(0, 0x100);
	put_entry(1, 0x200);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buffer_free(&facts.memmap);
	tree_remove(&tree);
	return 0;
}

static void observe(const char *phrase)
{
	buffer_free(&facts.memmap);
	assert_says(0, phrase, efi_observe(&machine, true, &facts));
}

static void assert_descriptor(unsigned int index, size_t stride, unsigned int base)
{
	const unsigned char *at = facts.memmap.data + index * stride;
	uint64_t value[4];
	uint32_t type[2];

	memcpy(type, at, sizeof(type));
	memcpy(value, at + sizeof(type), sizeof(value));
	assert_int_equal(type[0], base);
	assert_int_equal(type[1], 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(value[i], base + 1 + i);
	for (size_t i = 40; i < stride; i++)
		assert_int_equal(at[i], 0);
}

static void all(void **state)
{
	static const uint32_t stride[] = { 40, STRIDE, 4096 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stride); i++) {
		set_stride(stride[i]);
		observe(NULL);
		assert_int_equal(facts.fw_vendor, 0x5000);
		assert_int_equal(facts.config_table, 0x6000);
		assert_int_equal(facts.smbios, 0x3000);
		assert_int_equal(facts.rsdp, 0x1014);
		assert_int_equal(facts.memmap.size, 2 * stride[i]);
		assert_descriptor(0, stride[i], 0x100);
		assert_descriptor(1, stride[i], 0x200);
	}
}

static void tables(void **state)
{
	static const struct {
		const char *text;
		uint64_t rsdp, smbios;
	} row[] = {
		{ "ACPI=0x2014\nACPI20=0x1014\n", 0x1014, 0 },
		{ "ACPI=0x2014\n", 0x2014, 0 },
		{ "ACPI20=x\nACPI=0x2014\nSMBIOS=-1\n", 0x2014, 0 },
		{ "SMBIOS=0x3000", 0, 0x3000 },
		{ "xACPI20=0x1014\nACPI20 0x1014\nACPI2=0x1014\n", 0, 0 },
		{ "XXXXX0x55\n", 0, 0 },
		{ "SMBIOS=0x3000\nACPI=x\n", 0, 0x3000 },
		{ "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put(EFI "systab", row[i].text);
		observe(NULL);
		assert_int_equal(facts.rsdp, row[i].rsdp);
		assert_int_equal(facts.smbios, row[i].smbios);
	}
	tree_unlink(&tree, EFI "systab");
	observe(NULL);
	assert_int_equal(facts.rsdp, 0);
}

static void bad_strides(void **state)
{
	static const uint32_t stride[] = { 0, 39, 4097, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stride); i++) {
		set_stride(stride[i]);
		assert_refused("bytes are not understood", efi_observe(&machine, true, &facts));
		assert_null(facts.memmap.data);
	}
}

/* Each is needed for runtime services; without one there are none, and a notice. */
static void no_services(void **state)
{
	static const char *const needed[] = { EFI "fw_vendor", EFI "config_table" };

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		tree_unlink(&tree, needed[i]);
		observe("EFI runtime services are not passed on");
		assert_int_equal(facts.memmap.size, 0);
		/* The tables that firmware has are known all the same. */
		assert_int_equal(facts.rsdp, 0x1014);
		buffer_free(&facts.memmap);
		tree_remove(&tree);
		setup(state);
	}
	memset(machine.arch.boot_params, 0, sizeof(machine.arch.boot_params));
	observe("EFI runtime services are not passed on");
	assert_int_equal(facts.memmap.size, 0);
}

/* The map ends with the last entry, never with one that cannot be read. */
static void bad_entries(void **state)
{
	static const char *const field[] = { "type", "phys_addr", "virt_addr", "num_pages", "attribute" };
	char path[96];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		snprintf(path, sizeof(path), EFI "runtime-map/1/%s", field[i]);
		put(path, "x");
		assert_refused("cannot read /sys/firmware/efi/runtime-map/1", efi_observe(&machine, true, &facts));
		assert_null(facts.memmap.data);
		tree_unlink(&tree, path);
		if (i)
			assert_refused("cannot read /sys/firmware/efi/runtime-map/1",
				       efi_observe(&machine, true, &facts));
		put_entry(1, 0x200);
	}
	tree_unlink(&tree, EFI "runtime-map/1/type");
	observe(NULL);
	assert_int_equal(facts.memmap.size, STRIDE);
	tree_unlink(&tree, EFI "runtime-map/0/type");
	observe("EFI runtime services are not passed on");
}

static void many_entries(void **state)
{
	(void)state;
	for (unsigned int i = 2; i < 1024; i++)
		put_entry(i, i << 4);
	observe(NULL);
	assert_int_equal(facts.memmap.size, 1024 * STRIDE);
	assert_descriptor(1023, STRIDE, 1023 << 4);
	put_entry(1024, 1024 << 4);
	buffer_free(&facts.memmap);
	assert_refused("has more than 1024 entries", efi_observe(&machine, true, &facts));
}

static void no_efi(void **state)
{
	struct tree empty;

	(void)state;
	tree_make(&empty);
	machine.root = empty.root;
	observe(NULL);
	assert_int_equal(facts.rsdp, 0);
	assert_int_equal(facts.memmap.size, 0);
	tree_remove(&empty);
}

/*
 * Only an image that says so, and for a user who wants it, is told of services; the notice is for
 * services that were there.
 */
static void for_image(void **state)
{
	struct image takes = { .bzimage.xloadflags = XLF_EFI_KEXEC }, other = { 0 };
	struct boot_firmware *firmware;

	(void)state;
	assert_says(0, NULL, arch_read_firmware(&machine, &takes, true, &firmware));
	assert_int_equal(firmware->rsdp, 0x1014);
	assert_int_equal(firmware->memmap.size, 2 * STRIDE);
	arch_free_firmware(firmware);
	assert_says(0, "the new kernel does not take them (XLF_EFI_KEXEC)",
		    arch_read_firmware(&machine, &other, true, &firmware));
	/* Without services too the next kernel must find the ACPI tables. */
	assert_int_equal(firmware->rsdp, 0x1014);
	assert_int_equal(firmware->memmap.size, 0);
	arch_free_firmware(firmware);
	assert_says(0, NULL, arch_read_firmware(&machine, &other, false, &firmware));
	assert_int_equal(firmware->rsdp, 0x1014);
	arch_free_firmware(firmware);
	assert_says(0, NULL, arch_read_firmware(&machine, &takes, false, &firmware));
	assert_int_equal(firmware->rsdp, 0x1014);
	assert_int_equal(firmware->memmap.size, 0);
	arch_free_firmware(firmware);
	set_stride(39);
	assert_says(-1, "39 bytes", arch_read_firmware(&machine, &takes, true, &firmware));
	assert_null(firmware);
	/* --noefi is the remedy for a map that cannot be read. */
	assert_says(0, NULL, arch_read_firmware(&machine, &takes, false, &firmware));
	arch_free_firmware(firmware);
}

/* ---- The RSDP, for a multiboot2 kernel -------------------------------------------------- */

#define RSDP_AT		0x1014		/* what systab says */

/* REVISION 2 has 36 bytes. */
static void put_rsdp(unsigned int at, unsigned char revision, bool good)
{
	unsigned char memory[0x3000] = { 0 }, *p = memory + at, sum = 0;
	const size_t size = revision < 2 ? 20 : 36;

	memcpy(p, "RSD PTR ", 8);
	p[15] = revision;
	p[16] = 0x77;
	for (size_t i = 0; i < 20; i++)
		sum = (unsigned char)(sum + p[i]);
	p[8] = (unsigned char)-sum;
	if (size > 20) {
		p[20] = 36;
		p[24] = 0x88;
		p[32] = (unsigned char)(0 - 36 - 0x88);
	}
	p[size - 4] = (unsigned char)(p[size - 4] + !good);
	tree_write(&tree, "dev/mem", memory, sizeof(memory));
}

static size_t copied(const char *phrase)
{
	const struct image image = { .multiboot2.present = true };
	struct boot_firmware *firmware;
	size_t size;

	assert_says(0, phrase, arch_read_firmware(&machine, &image, false, &firmware));
	size = firmware->rsdp_size;
	if (size)
		assert_memory_equal(firmware->rsdp_copy, "RSD PTR ", 8);
	if (size)
		assert_int_equal(firmware->rsdp_copy[16], 0x77);
	arch_free_firmware(firmware);
	return size;
}

static void rsdp(void **state)
{
	struct boot_params *bp = (void *)machine.arch.boot_params;

	(void)state;
	assert_int_equal(copied(NULL), 0);	/* there is no /dev/mem, and a BIOS machine needs none */
	put_rsdp(RSDP_AT, 0, true);
	assert_int_equal(copied(NULL), 20);
	put_rsdp(RSDP_AT, 2, true);
	assert_int_equal(copied(NULL), 36);
	put_rsdp(RSDP_AT, 0, false);
	assert_int_equal(copied(NULL), 0);
	put_rsdp(RSDP_AT, 2, false);
	assert_int_equal(copied(NULL), 0);
	put_rsdp(RSDP_AT + 16, 0, true);
	assert_int_equal(copied(NULL), 0);
	bp->acpi_rsdp_addr = RSDP_AT + 16;
	assert_int_equal(copied(NULL), 20);
	bp->acpi_rsdp_addr = 0x2ff0;		/* cut off */
	assert_int_equal(copied(NULL), 0);
	bp->acpi_rsdp_addr = 0x100000;
	assert_int_equal(copied(NULL), 0);
	bp->acpi_rsdp_addr = UINT64_MAX;
	assert_int_equal(copied(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all, setup, teardown),
		cmocka_unit_test_setup_teardown(rsdp, setup, teardown),
		cmocka_unit_test_setup_teardown(tables, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_strides, setup, teardown),
		cmocka_unit_test_setup_teardown(no_services, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(many_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(no_efi, setup, teardown),
		cmocka_unit_test_setup_teardown(for_image, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
