/* SPDX-License-Identifier: GPL-2.0-only */
#include "config.h"

#include <asm/bootparam.h>
#include <stdlib.h>
#include <string.h>

#include "efi.h"
#include "grow.h"
#include "image.h"
#include "machine.h"
#include "message.h"
#include "multiboot2-info.h"

#define INFO_MAX		(64 * MIB)	/* more than any command line and memory map */
#define INFO_HEADER		8		/* total size, and 0 */
#define TAG_ALIGN		8
#define FIRST_PAGES		(64 << 10)	/* CONFIG_X86_RESERVE_LOW, as much as kernels kept */

enum info_type {
	INFO_END = 0, INFO_CMDLINE = 1, INFO_LOADER = 2, INFO_MODULE = 3, INFO_MEMORY = 4,
	INFO_MEMORY_MAP = 6, INFO_FRAMEBUFFER = 8, INFO_ACPI_OLD = 14, INFO_ACPI_NEW = 15,
	INFO_LOAD_BASE = 21,
};

struct tag {
	uint32_t type, size;		/* SIZE counts these too, and no padding */
};

struct memory {				/* KiB from 0 on, and from 1 MiB on to the first hole */
	uint32_t lower, upper;
};

struct map_header {
	uint32_t entry_size, entry_version;
};

struct map_entry {
	uint64_t addr, size;
	uint32_t type, reserved;
};

enum framebuffer_type { FRAMEBUFFER_RGB = 1, FRAMEBUFFER_TEXT = 2 };

struct framebuffer {
	uint64_t addr;
	uint32_t pitch, width, height;	/* pitch in bytes, the others in pixels or characters */
	uint8_t bpp, type;
	uint16_t reserved;		/* one byte in the text, two in its multiboot2.h */
	struct {
		uint8_t position, size;	/* of a color's bits */
	} red, green, blue;		/* FRAMEBUFFER_RGB only */
} __attribute__((packed));

#define FRAMEBUFFER_TEXT_SIZE	offsetof(struct framebuffer, red)

#define TEXT_SCREEN		0xb8000
#define TEXT_CELL		2		/* bytes of a character and its colors */
#define VIDEO_TEXT		1		/* orig_video_isVGA, linux/screen_info.h */
#define VIDEO_VESA		0x23
#define VIDEO_EFI		0x70
#define PALETTE_DEPTH		8		/* up to this, colors are those of a palette that nobody knows */

struct builder {
	unsigned char *data;
	size_t size, room;
	uint32_t given;			/* bit N: there is information of type N */
	bool failed;
};

/* SIZE further bytes, which are 0; NULL without memory. */
static unsigned char *extend(struct builder *b, size_t size)
{
	unsigned char *data = grow(b->data, &b->room, b->size + size, INFO_MAX, 1);

	if (!data) {
		b->failed = true;
		return NULL;
	}
	b->data = data;
	data += b->size;
	memset(data, 0, size);
	b->size += size;
	return data;
}

/* A tag with SIZE bytes of values in two parts, the second of which may be none. */
static void put_parts(struct builder *b, enum info_type type, const void *first, size_t first_size,
		      const void *second, size_t second_size)
{
	struct tag tag = { type, (uint32_t)(sizeof(tag) + first_size + second_size) };
	unsigned char *at = extend(b, (tag.size + TAG_ALIGN - 1) & ~(size_t)(TAG_ALIGN - 1));

	if (!at)
		return;
	b->given |= 1u << type;
	memcpy(at, &tag, sizeof(tag));
	if (first_size)
		memcpy(at + sizeof(tag), first, first_size);
	if (second_size)
		memcpy(at + sizeof(tag) + first_size, second, second_size);
}

static void put(struct builder *b, enum info_type type, const void *values, size_t size)
{
	put_parts(b, type, values, size, NULL, 0);
}

static void put_modules(struct builder *b, const struct boot_input *in)
{
	for (size_t i = 0; i < in->module_count; i++) {
		const struct boot_module *m = &in->module[i];
		const uint32_t range[2] = { (uint32_t)m->addr, (uint32_t)(m->addr + m->size) };

		put_parts(b, INFO_MODULE, range, sizeof(range), m->string, strlen(m->string) + 1);
	}
}

/* What of [FROM, TO) is RAM in one piece, from no further than SLACK behind FROM on, in KiB. */
static uint32_t kib_from(const struct boot_input *in, uint64_t from, uint64_t slack, uint64_t to)
{
	for (size_t i = 0; i < in->memmap_count; i++) {
		const struct memmap_entry *e = &in->memmap[i];
		uint64_t end = e->addr + e->size;

		if (e->type == E820_RAM && e->addr <= from + slack && end > from + slack)
			return (uint32_t)(((end < to ? end : to) - from) >> 10);
	}
	return 0;
}

/* Linux keeps the first page of RAM, or more, to itself; it is RAM all the same. */
static void put_memory(struct builder *b, const struct boot_input *in)
{
	const struct memory memory = {
		.lower = kib_from(in, 0, FIRST_PAGES, in->bios_area_addr ? in->bios_area_addr : MIB),
		.upper = kib_from(in, MIB, 0, (uint64_t)UINT32_MAX << 10),
	};

	put(b, INFO_MEMORY, &memory, sizeof(memory));
}

/* The first five types of both are the same; multiboot2 has no others. */
static uint32_t map_type(uint32_t type)
{
	return type <= E820_UNUSABLE ? type : E820_RESERVED;
}

static void put_memory_map(struct builder *b, const struct boot_input *in)
{
	const struct map_header header = { sizeof(struct map_entry), 0 };
	struct map_entry entry[MEMMAP_MAX + 1];
	size_t count = in->memmap_count;

	for (size_t i = 0; i < count; i++)
		entry[i] = (struct map_entry){ in->memmap[i].addr, in->memmap[i].size,
					       map_type(in->memmap[i].type), 0 };
	/* Of two ranges that overlap, kernels take the one that is less free. */
	if (in->bios_area)
		entry[count++] = (struct map_entry){ in->bios_area_addr, PAGE_SIZE, E820_RESERVED, 0 };
	put_parts(b, INFO_MEMORY_MAP, &header, sizeof(header), entry, count * sizeof(entry[0]));
}

static void put_text_screen(struct builder *b, const struct screen_info *s)
{
	const struct framebuffer text = {
		.addr = TEXT_SCREEN, .pitch = s->orig_video_cols * TEXT_CELL,
		.width = s->orig_video_cols, .height = s->orig_video_lines,
		.bpp = 8 * TEXT_CELL, .type = FRAMEBUFFER_TEXT,
	};

	put(b, INFO_FRAMEBUFFER, &text, FRAMEBUFFER_TEXT_SIZE);
}

static void put_pixel_screen(struct builder *b, const struct screen_info *s)
{
	const struct framebuffer pixels = {
		.addr = s->lfb_base | (s->capabilities & VIDEO_CAPABILITY_64BIT_BASE ?
				       (uint64_t)s->ext_lfb_base << 32 : 0),
		.pitch = s->lfb_linelength, .width = s->lfb_width, .height = s->lfb_height,
		.bpp = (uint8_t)s->lfb_depth, .type = FRAMEBUFFER_RGB,
		.red = { s->red_pos, s->red_size }, .green = { s->green_pos, s->green_size },
		.blue = { s->blue_pos, s->blue_size },
	};

	put(b, INFO_FRAMEBUFFER, &pixels, sizeof(pixels));
}

/* The screen as the running kernel has found it. */
static void put_framebuffer(struct builder *b, const struct machine *m)
{
	const struct boot_params *bp = (const void *)m->arch.boot_params;
	const struct screen_info *s = &bp->screen_info;

	if (s->orig_video_isVGA == VIDEO_TEXT)
		put_text_screen(b, s);
	else if ((s->orig_video_isVGA == VIDEO_VESA || s->orig_video_isVGA == VIDEO_EFI) &&
		 s->lfb_depth > PALETTE_DEPTH)
		put_pixel_screen(b, s);
}

static void put_acpi(struct builder *b, const struct boot_firmware *firmware)
{
	if (!firmware || !firmware->rsdp_size)
		return;
	/* A new one begins with an old one. */
	put(b, INFO_ACPI_OLD, firmware->rsdp_copy, RSDP_V1_SIZE);
	if (firmware->rsdp_size > RSDP_V1_SIZE)
		put(b, INFO_ACPI_NEW, firmware->rsdp_copy, firmware->rsdp_size);
}

static int check_wanted(const struct builder *b, const struct boot_input *in)
{
	uint32_t missing = in->image->multiboot2.wanted & ~b->given;

	if (!missing)
		return 0;
	if (missing & 1u << INFO_MODULE)
		return error("the new kernel demands modules: name them with --module");
	return error("the new kernel demands multiboot2 information of type %d, which this program "
		     "or this machine does not have", __builtin_ctz(missing));
}

static void put_all(struct builder *b, const struct boot_input *in)
{
	const uint32_t load_base = (uint32_t)in->kernel_addr;

	extend(b, INFO_HEADER);
	put(b, INFO_CMDLINE, in->cmdline, strlen(in->cmdline) + 1);
	put(b, INFO_LOADER, PACKAGE_STRING, sizeof(PACKAGE_STRING));
	put_modules(b, in);
	put_memory(b, in);
	put_memory_map(b, in);
	put_framebuffer(b, in->machine);
	put_acpi(b, in->firmware);
	if (in->image->relocatable)
		put(b, INFO_LOAD_BASE, &load_base, sizeof(load_base));
	put(b, INFO_END, NULL, 0);
}

int multiboot2_build_info(const struct boot_input *in, struct buffer *ret)
{
	struct builder b = { 0 };
	uint32_t total;

	put_all(&b, in);
	if (!b.failed && check_wanted(&b, in)) {
		free(b.data);
		return -1;
	}
	if (b.failed) {
		free(b.data);
		return error("no memory for the information of multiboot2");
	}
	total = (uint32_t)b.size;
	memcpy(b.data, &total, sizeof(total));
	*ret = (struct buffer){ .data = b.data, .size = b.size };
	return 0;
}
