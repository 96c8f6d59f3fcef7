/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boot data of x86: boot_params, command line, EFI memory map and the small setup_data
 * entries, in one piece of memory. The chain of setup_data is: EFI, RNG seed, further E820
 * entries; payload; KHO, reserved ranges. Purgatory cuts it after the payload. Pure, except
 * for the random seed. Fields: Documentation/arch/x86/boot.rst and zero-page.rst.
 */
#include <asm/bootparam.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "boot-arch.h"
#include "efi.h"
#include "grow.h"
#include "image.h"
#include "kho-handover.h"
#include "machine.h"
#include "message.h"
#include "multiboot2-info.h"
#include "setup-data.h"

#define LOADER_TYPE_KEXEC	0xd0
#define BOOT_FLAG		0xaa55
#define PROTOCOL_XLOADFLAGS	0x020c	/* 2.12 */
#define RNG_SEED_SIZE		32
#define BOOT_PARAMS_MAX		(256 * MIB)	/* more than any command line and memory map */
#define E820_INLINE_MAX		(sizeof(((struct boot_params *)0)->e820_table) / \
				 sizeof(struct boot_e820_entry))

/* Payloads of setup_data entries that linux/uapi does not name. */
struct efi_setup_data {
	uint64_t fw_vendor, unused, tables, smbios, reserved[8];
};

struct indirect_payload {
	uint32_t type, reserved;
	uint64_t len, addr;
};

_Static_assert(sizeof(struct boot_params) == 4096, "boot_params is one page");

#define LINK_IN_PAYLOAD	SIZE_MAX

/* The segment as it grows, and the chain of setup_data in it. */
struct builder {
	unsigned char *data;
	size_t size, room;
	uint64_t addr;
	size_t link;			/* offset of the "next" to be filled in, or: */
	uint64_t payload_next;		/* the payload's "next", kept elsewhere */
	bool failed;
};

/* Append SIZE bytes, 16-byte aligned; returns their offset. */
static size_t put(struct builder *b, const void *bytes, size_t size)
{
	size_t offset = (b->size + 15) & ~(size_t)15;
	unsigned char *data = grow(b->data, &b->room, offset + size, BOOT_PARAMS_MAX, 1);

	if (!data) {
		b->failed = true;
		return 0;
	}
	b->data = data;
	memset(data + b->size, 0, offset - b->size);
	memcpy(data + offset, bytes, size);
	b->size = offset + size;
	return offset;
}

static void set_link(struct builder *b, uint64_t target)
{
	if (b->link == LINK_IN_PAYLOAD)
		b->payload_next = target;
	else if (!b->failed)
		memcpy(b->data + b->link, &target, sizeof(target));
}

/* Append a setup_data entry and link it into the chain. */
static void put_setup_data(struct builder *b, uint32_t type, const void *bytes, size_t size)
{
	const struct kho_setup_data header = { .type = type, .len = (uint32_t)size };
	size_t offset = put(b, &header, sizeof(header));

	put(b, bytes, size);
	set_link(b, b->addr + offset);
	b->link = offset + offsetof(struct kho_setup_data, next);
}

static const struct boot_params *running(const struct boot_input *in)
{
	return (const void *)in->machine->arch.boot_params;
}

/* Legacy memory sizes, still read by the kernel when the E820 table is empty. */
static void set_memory_sizes(struct boot_params *bp, const struct boot_input *in)
{
	for (size_t i = 0; i < in->memmap_count; i++) {
		uint64_t start = in->memmap[i].addr, end = start + in->memmap[i].size, kib;

		if (in->memmap[i].type != E820_RAM || start > 0x100000 || end <= 0x100000)
			continue;
		kib = (end - 0x100000) >> 10;
		bp->screen_info.ext_mem_k = kib > 0xfc00 ? 0xfc00 : (uint16_t)kib;
		bp->alt_mem_k = kib > UINT32_MAX ? UINT32_MAX : (uint32_t)kib;
	}
}

static struct boot_e820_entry e820_entry(const struct memmap_entry *e)
{
	return (struct boot_e820_entry){ e->addr, e->size, e->type };
}

static void set_e820(struct boot_params *bp, const struct boot_input *in)
{
	size_t count = in->memmap_count < E820_INLINE_MAX ? in->memmap_count : E820_INLINE_MAX;

	for (size_t i = 0; i < count; i++)
		bp->e820_table[i] = e820_entry(&in->memmap[i]);
	bp->e820_entries = (uint8_t)count;
}

/* What the running kernel was told of the hardware is true for the next one as well. */
static void inherit(struct boot_params *bp, const struct boot_input *in)
{
	const struct boot_params *old = running(in);

	bp->screen_info = old->screen_info;
	bp->hdr.hardware_subarch = old->hdr.hardware_subarch;
	bp->hdr.hardware_subarch_data = old->hdr.hardware_subarch_data;
	bp->acpi_rsdp_addr = old->acpi_rsdp_addr;
	if (!bp->acpi_rsdp_addr && in->firmware)
		bp->acpi_rsdp_addr = in->firmware->rsdp;
	bp->eddbuf_entries = old->eddbuf_entries;
	memcpy(bp->eddbuf, old->eddbuf, sizeof(bp->eddbuf));
	bp->edd_mbr_sig_buf_entries = old->edd_mbr_sig_buf_entries;
	memcpy(bp->edd_mbr_sig_buffer, old->edd_mbr_sig_buffer, sizeof(bp->edd_mbr_sig_buffer));
}

/* What a boot loader would say that has found no setup header in its kernel. */
static void make_header(struct boot_params *bp, const struct image *image)
{
	bp->hdr.boot_flag = BOOT_FLAG;
	memcpy(&bp->hdr.header, "HdrS", 4);
	bp->hdr.version = PROTOCOL_XLOADFLAGS;
	bp->hdr.loadflags = LOADED_HIGH;
	bp->hdr.kernel_alignment = (uint32_t)image->alignment;
	bp->hdr.relocatable_kernel = image->relocatable;
	bp->hdr.xloadflags = image->bzimage.xloadflags;
	bp->hdr.cmdline_size = image->cmdline_max;
	bp->hdr.pref_address = image->pref_address;
	bp->hdr.init_size = (uint32_t)image->init_size;
}

static void set_header(struct boot_params *bp, const struct boot_input *in)
{
	size_t size = in->image->bzimage.header_size;

	if (size > sizeof(bp->hdr))
		size = sizeof(bp->hdr);
	if (size)
		memcpy(&bp->hdr, in->kernel + BZIMAGE_SETUP_HEADER_OFFSET, size);
	else
		make_header(bp, in->image);
	bp->hdr.type_of_loader = LOADER_TYPE_KEXEC;
	bp->hdr.setup_data = 0;
	bp->hdr.ramdisk_image = (uint32_t)in->initrd_addr;
	bp->ext_ramdisk_image = (uint32_t)(in->initrd_addr >> 32);
	bp->hdr.ramdisk_size = (uint32_t)in->initrd_size;
	bp->ext_ramdisk_size = (uint32_t)(in->initrd_size >> 32);
}

static void put_cmdline(struct builder *b, const char *cmdline)
{
	struct boot_params *bp;
	uint64_t addr = b->addr + put(b, cmdline, strlen(cmdline) + 1);

	if (b->failed)
		return;
	bp = (void *)b->data;
	bp->hdr.cmd_line_ptr = (uint32_t)addr;
	bp->ext_cmd_line_ptr = (uint32_t)(addr >> 32);
}

static void put_efi(struct builder *b, const struct boot_input *in)
{
	const struct boot_firmware *efi = in->firmware;
	const struct efi_setup_data data = {
		.fw_vendor = efi->fw_vendor,
		.tables = efi->config_table,
		.smbios = efi->smbios,
	};
	uint64_t map = b->addr + put(b, efi->memmap.data, efi->memmap.size);
	struct efi_info info = running(in)->efi_info;
	struct boot_params *bp;

	if (b->failed)
		return;
	info.efi_memmap = (uint32_t)map;
	info.efi_memmap_hi = (uint32_t)(map >> 32);
	info.efi_memmap_size = (uint32_t)efi->memmap.size;
	bp = (void *)b->data;
	bp->efi_info = info;
	bp->secure_boot = running(in)->secure_boot;
	put_setup_data(b, SETUP_TYPE_EFI, &data, sizeof(data));
}

static void put_rng_seed(struct builder *b)
{
	unsigned char seed[RNG_SEED_SIZE];

	/* The next kernel has other sources of randomness, so this one may fail. */
	if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed))
		put_setup_data(b, SETUP_TYPE_RNG_SEED, seed, sizeof(seed));
}

static void put_e820_rest(struct builder *b, const struct boot_input *in)
{
	struct boot_e820_entry *entry;
	size_t count = in->memmap_count > E820_INLINE_MAX ? in->memmap_count - E820_INLINE_MAX : 0;

	if (!count)
		return;
	entry = calloc(count, sizeof(*entry));
	for (size_t i = 0; entry && i < count; i++)
		entry[i] = e820_entry(&in->memmap[E820_INLINE_MAX + i]);
	if (entry)
		put_setup_data(b, SETUP_TYPE_E820_EXT, entry, count * sizeof(*entry));
	else
		b->failed = true;
	free(entry);
}

/* The payload, which lies elsewhere, and the entries after it. */
static void put_handover(struct builder *b, const struct boot_input *in)
{
	set_link(b, in->payload_addr);
	b->link = LINK_IN_PAYLOAD;
	put_setup_data(b, SETUP_TYPE_KEXEC_KHO, &in->handed, sizeof(in->handed));
	for (size_t i = 0; i < in->reserve_count; i++) {
		const struct indirect_payload keep = { .type = KHO_SETUP_RESERVE,
						       .len = in->reserve[i].size,
						       .addr = in->reserve[i].addr };

		put_setup_data(b, SETUP_TYPE_INDIRECT, &keep, sizeof(keep));
	}
}

static int build_boot_params(const struct boot_input *in, uint64_t addr, struct buffer *ret,
			     uint64_t *ret_payload_next)
{
	struct builder b = { .addr = addr, .link = offsetof(struct boot_params, hdr.setup_data) };
	struct boot_params bp;

	memset(&bp, 0, sizeof(bp));
	set_header(&bp, in);
	inherit(&bp, in);
	set_memory_sizes(&bp, in);
	set_e820(&bp, in);
	put(&b, &bp, sizeof(bp));
	put_cmdline(&b, in->cmdline);
	if (in->firmware && in->firmware->memmap.size)
		put_efi(&b, in);
	put_rng_seed(&b);
	put_e820_rest(&b, in);
	if (in->handover)
		put_handover(&b, in);
	if (b.failed) {
		free(b.data);
		return error("no memory for boot_params");
	}
	*ret = (struct buffer){ .data = b.data, .size = b.size };
	*ret_payload_next = b.payload_next;
	return 0;
}

int arch_build_boot_data(const struct boot_input *in, uint64_t addr, struct buffer *ret,
			 uint64_t *ret_payload_next)
{
	if (!in->image->multiboot2.present)
		return build_boot_params(in, addr, ret, ret_payload_next);
	*ret_payload_next = 0;
	return multiboot2_build_info(in, ret);
}
