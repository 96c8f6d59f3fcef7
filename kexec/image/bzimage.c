// SPDX-License-Identifier: GPL-2.0-only
/*
 * The setup header of an x86 bzImage: Documentation/arch/x86/boot.rst.
 */
#include "config.h"

#include <asm/bootparam.h>
#include <string.h>

#include "arch.h"
#include "get-le.h"
#include "image-type.h"

/* Offsets in the file, little-endian values. */
#define SETUP_SECTS		0x1f1	/* u8 */
#define SYSSIZE			0x1f4	/* u32, protected-mode part in 16 bytes */
#define BOOT_FLAG		0x1fe	/* u16 */
#define HEADER_LENGTH		0x201	/* u8, counted from 0x202 */
#define HEADER_MAGIC		0x202
#define PROTOCOL			0x206	/* u16 */
#define LOADFLAGS		0x211	/* u8 */
#define INITRD_ADDR_MAX		0x22c	/* u32 */
#define KERNEL_ALIGNMENT	0x230	/* u32 */
#define RELOCATABLE_KERNEL	0x234	/* u8 */
#define XLOADFLAGS		0x236	/* u16 */
#define CMDLINE_SIZE		0x238	/* u32 */
#define PAYLOAD_OFFSET		0x248	/* u32, from the protected-mode part on */
#define PAYLOAD_LENGTH		0x24c	/* u32 */
#define PREF_ADDRESS		0x258	/* u64 */
#define INIT_SIZE		0x260	/* u32 */

#define BOOT_FLAG_VALUE		0xaa55
#define PROTOCOL_INIT_SIZE	0x020a	/* 2.10, the first that says how much it needs */
#define PROTOCOL_XLOADFLAGS	0x020c	/* 2.12, the first with 64-bit entry flags */

#define HEADER_END_MIN		(INIT_SIZE + 4)
#define HEADER_END_MAX		0x290	/* what follows it in boot_params */

#define SECTOR			512
#define SYSSIZE_UNIT		16
#define SETUP_SECTS_DEFAULT	4	/* what 0 stands for */
/* Of the protected-mode part, boot.rst sections 1.13 and 1.14. */
#define ENTRY_32		0	/* startup_32 */
#define ENTRY_64		0x200	/* startup_64 */

#define ALIGNMENT_MIN		4096u
#define ALIGNMENT_MAX		(1u << 30)
#define INIT_SIZE_MAX		(1u << 30)
#define CMDLINE_MIN		255u	/* what every protocol version grants */
#define CMDLINE_MAX		65535u
#define PHYS_END		(1ull << 52)	/* of the architecture */
/*
 * A kernel for 32-bit CPUs maps itself into the last GiB, and refuses to be unpacked higher than this
 * (extract_kernel()). Its first page tables map some memory behind it too, and it falls if that is
 * more than its lowmem (native_pagetable_init() of 6.1), so it is best placed low.
 */
#define LIMIT_32BIT		0x38000000ull

static bool probe(const void *buf, size_t size)
{
	const uint8_t *p = buf;

	/* Too short to tell a cut bzImage from a small file given by mistake. */
	if (size < PROTOCOL + 2)
		return false;
	return get16(p + BOOT_FLAG) == BOOT_FLAG_VALUE && !memcmp(p + HEADER_MAGIC, "HdrS", 4);
}

/* Can the whole setup header be read, and is there a kernel for protected mode after it? */
static enum image_error check_header(const uint8_t *p, size_t size)
{
	uint32_t end;

	if (get16(p + PROTOCOL) < PROTOCOL_INIT_SIZE)
		return IMAGE_ERR_OLD_PROTOCOL;

	end = HEADER_MAGIC + p[HEADER_LENGTH];
	if (end < HEADER_END_MIN || end > HEADER_END_MAX)
		return IMAGE_ERR_HEADER;
	if (size < end)
		return IMAGE_ERR_TRUNCATED;

	return p[LOADFLAGS] & LOADED_HIGH ? IMAGE_OK : IMAGE_ERR_TYPE;	/* a zImage */
}

static uint16_t read_xloadflags(const uint8_t *p)
{
	return get16(p + PROTOCOL) < PROTOCOL_XLOADFLAGS ? 0 : get16(p + XLOADFLAGS);
}

static void read_fields(const uint8_t *p, struct image *img)
{
	img->relocatable = p[RELOCATABLE_KERNEL] != 0;
	img->alignment = get32(p + KERNEL_ALIGNMENT);
	img->pref_address = get64(p + PREF_ADDRESS);
	img->init_size = get32(p + INIT_SIZE);
	img->cmdline_max = get32(p + CMDLINE_SIZE);
	img->limit = read_xloadflags(p) & XLF_CAN_BE_LOADED_ABOVE_4G ? 0 : LIMIT_4G;
	img->initrd_limit = img->limit;
	img->entry = ENTRY_64;
	img->bzimage = (struct bzimage){
		.version = get16(p + PROTOCOL),
		.xloadflags = read_xloadflags(p),
		.header_size = HEADER_MAGIC + p[HEADER_LENGTH] - BZIMAGE_SETUP_HEADER_OFFSET,
		.initrd_max = get32(p + INITRD_ADDR_MAX),
	};
}

/* Every bzImage has this entry; a 64-bit kernel of Linux switches to 64-bit mode there. */
bool image_enter_32(struct image *img)
{
	if (img->entry_32)
		return true;
	if (!img->bzimage.header_size || img->pref_address > LIMIT_4G - img->init_size)
		return false;
	img->entry_32 = true;
	img->segments_only = true;
	img->entry = ENTRY_32;
	img->initrd_limit = (uint64_t)img->bzimage.initrd_max + 1;
	img->limit = LIMIT_4G;
	if (img->bzimage.xloadflags & XLF_KERNEL_64)
		return true;
	img->limit = img->initrd_limit < LIMIT_32BIT ? img->initrd_limit : LIMIT_32BIT;
	img->low = true;
	return true;
}

static enum image_error check_fields(const struct image *img)
{
	if (img->alignment < ALIGNMENT_MIN || img->alignment > ALIGNMENT_MAX ||
	    img->alignment & (img->alignment - 1))
		return IMAGE_ERR_HEADER;
	if (!img->init_size || img->init_size > INIT_SIZE_MAX)
		return IMAGE_ERR_HEADER;
	if (img->pref_address > PHYS_END - img->init_size)
		return IMAGE_ERR_HEADER;
	if (img->cmdline_max < CMDLINE_MIN || img->cmdline_max > CMDLINE_MAX)
		return IMAGE_ERR_HEADER;
	return IMAGE_OK;
}

/*
 * What syssize counts is loaded, and not what follows it: a signature, padding, or anything else.
 * Memtest86+ rounds the count up, so the end of the last unit may be missing. An image that counts
 * nothing goes up to the end of the file.
 */
static enum image_error find_kernel(const uint8_t *p, size_t size, struct image *img)
{
	unsigned int sects = p[SETUP_SECTS] ? p[SETUP_SECTS] : SETUP_SECTS_DEFAULT;
	uint64_t counted = (uint64_t)get32(p + SYSSIZE) * SYSSIZE_UNIT;
	size_t offset = (sects + 1) * SECTOR, length;

	if (size <= offset || size - offset <= ENTRY_64)
		return IMAGE_ERR_TRUNCATED;
	length = size - offset;
	if (counted >= (uint64_t)length + SYSSIZE_UNIT)
		return IMAGE_ERR_TRUNCATED;
	if (counted && counted < length)
		length = counted;
	if (length <= ENTRY_64 || length > img->init_size)
		return IMAGE_ERR_HEADER;

	img->kernel_offset = offset;
	img->kernel_size = length;
	return IMAGE_OK;
}

static enum image_error find_payload(const uint8_t *p, struct image *img)
{
	uint32_t offset = get32(p + PAYLOAD_OFFSET);
	uint32_t length = get32(p + PAYLOAD_LENGTH);

	if (!offset || !length)
		return IMAGE_OK;

	if (offset > img->kernel_size || length > img->kernel_size - offset)
		return IMAGE_ERR_TRUNCATED;
	img->payload_offset = img->kernel_offset + offset;
	img->payload_size = length;
	return IMAGE_OK;
}

static enum image_error parse(const void *buf, size_t size, struct image *ret)
{
	enum image_error err = check_header(buf, size);

	if (err)
		return err;
	read_fields(buf, ret);
	err = check_fields(ret);
	if (err)
		return err;
	err = find_kernel(buf, size, ret);
	if (err)
		return err;
	if (!(ret->bzimage.xloadflags & XLF_KERNEL_64) && !image_enter_32(ret))
		return IMAGE_ERR_HEADER;
	return find_payload(buf, ret);
}

const struct image_type bzimage_type = {
	.name = "x86 bzImages (boot protocol 2.10 and later)",
	.option = { "bzImage", "bzImage64" },
	.probe = probe,
	.parse = parse,
};
