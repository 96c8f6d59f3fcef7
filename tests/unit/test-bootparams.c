// SPDX-License-Identifier: GPL-2.0-only
/* boot_params and its chain of setup_data, followed as the kernel follows it. */
#include <asm/bootparam.h>

#include "boot-arch.h"
#include "efi.h"
#include "image.h"
#include "kho-handover.h"
#include "unit.h"
#include "setup-data.h"

#define ADDR		0x123450000ull		/* of the segment, above 4 GiB */
#define PAYLOAD		0x200000000ull
#define INITRD		0x1fedcb000ull
#define EFI_MAP		96

static struct machine machine;
static unsigned char kernel[1024];
static const struct image image = { .bzimage.header_size = 0x7b };
static unsigned char efi_map[EFI_MAP];
static const struct kho_range reserve[2] = { { 0x140000000, 0x200000 }, { 0x150000000, 0x1000 } };

static const struct boot_firmware efi = {
	.fw_vendor = 0x1111, .config_table = 0x2222, .smbios = 0x3333, .rsdp = 0x4444,
	.memmap = { .data = efi_map, .size = sizeof(efi_map) },
};

struct bootparams {
	struct buffer buf;
	uint64_t payload_next;
};

static struct boot_input input(void)
{
	return (struct boot_input){
		.machine = &machine, .firmware = &efi, .kernel = kernel, .image = &image,
		.cmdline = "root=/dev/vda kho=on",
		.memmap = machine.memmap, .memmap_count = machine.memmap_count,
		.initrd_addr = INITRD, .initrd_size = 0x140001000,
		.handover = true, .payload_addr = PAYLOAD,
		.handed = { 0x5555000, 0x4000, 0x6666000, 48 },
		.reserve = reserve, .reserve_count = 2,
	};
}

static int setup(void **state)
{
	struct boot_params *old = (void *)machine.arch.boot_params;

	(void)state;
	memset(&machine, 0, sizeof(machine));
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (unsigned char)(i * 7 + 1);
	for (size_t i = 0; i < sizeof(efi_map); i++)
		efi_map[i] = (unsigned char)(200 - i);
	machine.memmap_count = 1;
	machine.memmap[0] = (struct memmap_entry){ 0x100000, 0x7ff00000, E820_RAM };
	old->efi_info.efi_systab = 0x7777;
	old->efi_info.efi_memdesc_size = 48;
	old->efi_info.efi_memmap = 0x8888;
	return 0;
}

static void build(const struct boot_input *in, uint64_t addr, struct bootparams *bp)
{
	assert_int_equal(arch_build_boot_data(in, addr, &bp->buf, &bp->payload_next), 0);
	assert_true(bp->buf.size >= sizeof(struct boot_params));
}

static const struct boot_params *params(const struct bootparams *bp)
{
	return (const void *)bp->buf.data;
}

/* SIZE bytes at physical ADDR, which must lie in the segment. */
static const void *at(const struct bootparams *bp, uint64_t base, uint64_t addr, size_t size)
{
	assert_true(addr >= base && addr - base <= bp->buf.size);
	assert_true(size <= bp->buf.size - (addr - base));
	return bp->buf.data + (addr - base);
}

static const struct kho_setup_data *entry(const struct bootparams *bp, uint64_t addr,
					  uint32_t type, size_t len)
{
	const struct kho_setup_data *e = at(bp, ADDR, addr, sizeof(*e));

	assert_int_equal(addr % 8, 0);
	assert_int_equal(e->type, type);
	assert_int_equal(e->len, len);
	at(bp, ADDR, addr + sizeof(*e), len);
	return e;
}

static void chain(void **state)
{
	struct boot_input in = input();
	const struct kho_setup_data *e;
	struct bootparams bp;
	uint64_t value[4];

	(void)state;
	build(&in, ADDR, &bp);
	e = entry(&bp, params(&bp)->hdr.setup_data, SETUP_TYPE_EFI, 96);
	memcpy(value, e + 1, sizeof(value));
	assert_int_equal(value[0], 0x1111);
	assert_int_equal(value[2], 0x2222);
	assert_int_equal(value[3], 0x3333);
	e = entry(&bp, e->next, SETUP_TYPE_RNG_SEED, 32);
	assert_int_equal(e->next, PAYLOAD);
	e = entry(&bp, bp.payload_next, SETUP_TYPE_KEXEC_KHO, 32);
	memcpy(value, e + 1, sizeof(value));
	assert_int_equal(value[0], 0x5555000);
	assert_int_equal(value[1], 0x4000);
	assert_int_equal(value[2], 0x6666000);
	assert_int_equal(value[3], 48);
	for (unsigned int i = 0; i < 2; i++) {
		e = entry(&bp, e->next, SETUP_TYPE_INDIRECT, 24);
		memcpy(value, e + 1, 24);
		/* A type of its own: our reader looks for the payload's. */
		assert_int_equal(value[0], KHO_SETUP_RESERVE);
		assert_int_equal(value[1], reserve[i].size);
		assert_int_equal(value[2], reserve[i].addr);
	}
	assert_int_equal(e->next, 0);
	buffer_free(&bp.buf);
}

static void chain_without_handover(void **state)
{
	struct boot_input in = input();
	const struct kho_setup_data *e;
	struct bootparams bp;

	(void)state;
	in.handover = false;
	in.firmware = NULL;
	build(&in, ADDR, &bp);
	e = entry(&bp, params(&bp)->hdr.setup_data, SETUP_TYPE_RNG_SEED, 32);
	assert_int_equal(e->next, 0);
	assert_int_equal(bp.payload_next, 0);
	assert_int_equal(params(&bp)->efi_info.efi_systab, 0);
	buffer_free(&bp.buf);
}

static void header_and_texts(void **state)
{
	struct boot_input in = input();
	const struct boot_params *p;
	struct bootparams bp;
	uint64_t addr;

	(void)state;
	build(&in, ADDR, &bp);
	p = params(&bp);
	assert_int_equal(p->hdr.setup_sects, kernel[BZIMAGE_SETUP_HEADER_OFFSET]);
	assert_int_equal(p->hdr.type_of_loader, 0xd0);
	assert_int_equal(p->hdr.ramdisk_image | (uint64_t)p->ext_ramdisk_image << 32, INITRD);
	assert_int_equal(p->hdr.ramdisk_size | (uint64_t)p->ext_ramdisk_size << 32, 0x140001000);
	addr = p->hdr.cmd_line_ptr | (uint64_t)p->ext_cmd_line_ptr << 32;
	assert_string_equal(at(&bp, ADDR, addr, strlen(in.cmdline) + 1), in.cmdline);
	addr = p->efi_info.efi_memmap | (uint64_t)p->efi_info.efi_memmap_hi << 32;
	assert_int_equal(p->efi_info.efi_memmap_size, EFI_MAP);
	assert_memory_equal(at(&bp, ADDR, addr, EFI_MAP), efi_map, EFI_MAP);
	assert_int_equal(p->efi_info.efi_systab, 0x7777);
	assert_int_equal(p->efi_info.efi_memdesc_size, 48);
	assert_int_equal(p->acpi_rsdp_addr, 0x4444);
	assert_int_equal(p->alt_mem_k, 0x7ff00000 >> 10);
	buffer_free(&bp.buf);
}

/* A header longer than the struct, as a later protocol's, is cut to it. */
static void header_sizes(void **state)
{
	struct image longer = { .bzimage.header_size = 0x100 }, shorter = { .bzimage.header_size = 0x30 };
	struct boot_input in = input();
	struct bootparams bp;

	(void)state;
	in.firmware = NULL;
	in.image = &longer;
	build(&in, ADDR, &bp);
	for (size_t i = 0; i < sizeof(params(&bp)->_pad7); i++)
		assert_int_equal(params(&bp)->_pad7[i], 0);
	buffer_free(&bp.buf);
	in.image = &shorter;
	build(&in, ADDR, &bp);
	assert_int_equal(params(&bp)->hdr.init_size, 0);
	buffer_free(&bp.buf);
}

/* A kernel without a header is told what a boot loader would have found in one. */
static void no_header(void **state)
{
	const struct image vmlinux = {
		.relocatable = true, .alignment = 0x200000, .pref_address = 0x1000000,
		.init_size = 0x3000000, .cmdline_max = 2047, .bzimage.xloadflags = XLF_KERNEL_64,
	};
	struct boot_input in = input();
	const struct setup_header *hdr;
	struct bootparams bp;

	(void)state;
	in.image = &vmlinux;
	in.kernel = NULL;
	build(&in, ADDR, &bp);
	hdr = &params(&bp)->hdr;
	assert_int_equal(hdr->boot_flag, 0xaa55);
	assert_int_equal(hdr->header, 0x53726448);
	assert_int_equal(hdr->version, 0x020c);
	assert_int_equal(hdr->type_of_loader, 0xd0);
	assert_int_equal(hdr->loadflags, 1);
	assert_int_equal(hdr->kernel_alignment, 0x200000);
	assert_int_equal(hdr->relocatable_kernel, 1);
	assert_int_equal(hdr->xloadflags, XLF_KERNEL_64);
	assert_int_equal(hdr->cmdline_size, 2047);
	assert_int_equal(hdr->pref_address, 0x1000000);
	assert_int_equal(hdr->init_size, 0x3000000);
	assert_int_equal(hdr->ramdisk_image, (uint32_t)INITRD);
	assert_int_equal(hdr->setup_sects, 0);
	buffer_free(&bp.buf);
}

/* The RAM at 1 MiB, in KiB, as far as each field counts. */
static void memory_sizes(void **state)
{
	static const struct {
		uint64_t addr, size;
		uint32_t ext, alt;
	} row[] = {
		{ 0x100000, 0x100000, 1024, 1024 },
		{ 0, 0x200000, 1024, 1024 },
		{ 0, 0x100400, 1, 1 },
		{ 0, 0x100000, 0, 0 },
		{ 0x100001, 0x100000, 0, 0 },
		{ 0x80000, 0x1000, 0, 0 },
		{ 0x100000, 0xfc00ull << 10, 0xfc00, 0xfc00 },
		{ 0x100000, 0xfc01ull << 10, 0xfc00, 0xfc01 },
		{ 0x100000, 0x40000000000, 0xfc00, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct boot_input in = input();
		struct bootparams bp;

		machine.memmap[0] = (struct memmap_entry){ 0x100000, 0x10000000, E820_RESERVED };
		machine.memmap[1] = (struct memmap_entry){ row[i].addr, row[i].size, E820_RAM };
		machine.memmap[2] = (struct memmap_entry){ 0x100000000, 0x100000, E820_RAM };
		in.memmap_count = 3;
		build(&in, ADDR, &bp);
		assert_int_equal(params(&bp)->screen_info.ext_mem_k, row[i].ext);
		assert_int_equal(params(&bp)->alt_mem_k, row[i].alt);
		buffer_free(&bp.buf);
	}
}

/* What the running kernel knows comes first; tables without a memory map are no services. */
static void rsdp(void **state)
{
	struct boot_firmware tables = { .rsdp = 0x4444 };
	struct boot_input in = input();
	const struct kho_setup_data *e;
	struct bootparams bp;

	(void)state;
	((struct boot_params *)machine.arch.boot_params)->acpi_rsdp_addr = 0x9999;
	build(&in, ADDR, &bp);
	assert_int_equal(params(&bp)->acpi_rsdp_addr, 0x9999);
	buffer_free(&bp.buf);
	setup(state);
	in.firmware = &tables;
	build(&in, ADDR, &bp);
	assert_int_equal(params(&bp)->acpi_rsdp_addr, 0x4444);
	e = entry(&bp, params(&bp)->hdr.setup_data, SETUP_TYPE_RNG_SEED, 32);
	assert_int_equal(e->next, PAYLOAD);
	assert_int_equal(params(&bp)->efi_info.efi_systab, 0);
	buffer_free(&bp.buf);
}

static void same_size_anywhere(void **state)
{
	struct boot_input in = input(), none = input();
	struct bootparams first, again;

	(void)state;
	none.payload_addr = none.handed.fdt_addr = none.handed.scratch_addr = none.initrd_addr = 0;
	build(&none, 0, &first);
	for (uint64_t addr = 0x1000; addr; addr <<= 1) {
		in.payload_addr = addr << 3;
		in.handed.fdt_addr = addr << 5;
		build(&in, addr, &again);
		assert_int_equal(again.buf.size, first.buf.size);
		buffer_free(&again.buf);
	}
	buffer_free(&first.buf);
}

static void fill_memmap(size_t count)
{
	machine.memmap_count = count;
	for (size_t i = 0; i < count; i++)
		machine.memmap[i] = (struct memmap_entry){ i << 24, (i + 1) << 12,
							   (uint32_t)(i % 5 + 1) };
}

static void assert_e820(const struct boot_e820_entry *e, size_t index)
{
	struct boot_e820_entry copy;

	memcpy(&copy, e, sizeof(copy));		/* packed: 20 bytes */
	assert_int_equal(copy.addr, machine.memmap[index].addr);
	assert_int_equal(copy.size, machine.memmap[index].size);
	assert_int_equal(copy.type, machine.memmap[index].type);
}

/* The first 128 entries in boot_params, the others in an entry of their own. */
static void e820(void **state)
{
	static const size_t counts[] = { 0, 1, 127, 128, 129, 300, MEMMAP_MAX };
	const size_t size = sizeof(struct boot_e820_entry);

	(void)state;
	assert_int_equal(size, 20);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		size_t count = counts[i], here = count < 128 ? count : 128;
		const struct kho_setup_data *e;
		struct boot_input in;
		struct bootparams bp;

		fill_memmap(count);
		in = input();
		build(&in, ADDR, &bp);
		assert_int_equal(params(&bp)->e820_entries, here);
		for (size_t j = 0; j < here; j++)
			assert_e820(&params(&bp)->e820_table[j], j);
		e = entry(&bp, params(&bp)->hdr.setup_data, SETUP_TYPE_EFI, 96);
		e = entry(&bp, e->next, SETUP_TYPE_RNG_SEED, 32);
		if (count > 128) {
			e = entry(&bp, e->next, SETUP_TYPE_E820_EXT, (count - 128) * size);
			for (size_t j = 128; j < count; j++)
				assert_e820((const struct boot_e820_entry *)(e + 1) + (j - 128), j);
		}
		assert_int_equal(e->next, PAYLOAD);
		buffer_free(&bp.buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(chain, setup),
		cmocka_unit_test_setup(chain_without_handover, setup),
		cmocka_unit_test_setup(header_and_texts, setup),
		cmocka_unit_test_setup(header_sizes, setup),
		cmocka_unit_test_setup(no_header, setup),
		cmocka_unit_test_setup(memory_sizes, setup),
		cmocka_unit_test_setup(rsdp, setup),
		cmocka_unit_test_setup(same_size_anywhere, setup),
		cmocka_unit_test_setup(e820, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
