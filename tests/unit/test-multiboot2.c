// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of multiboot2 kernels, made here, and of what they are told.
 *
 *   test-multiboot2                        the tests
 *   test-multiboot2 --write-corpus DIR     the seeds of tests/fuzz/fuzz-multiboot2.c
 */
#include <asm/bootparam.h>
#include <elf.h>
#include <endian.h>
#include <stdio.h>

#include "boot-arch.h"
#include "efi.h"
#include "image-type.h"
#include "kernel-file.h"
#include "machine.h"
#include "params.h"
#include "said.h"
#include "unit.h"

#define START		0x200000u
#define HEADER		0x80u
#define FIRST_FILLED	0x180u
#define SECOND		0x200u
#define SECOND_AT	0x2000u		/* in memory, from START on */
#define SECOND_FILLED	0x40u
#define FILE_SIZE	(SECOND + SECOND_FILLED)
#define MEMORY_SIZE	0x5000u

static void set(struct buffer *b, size_t at, unsigned int size, uint64_t value)
{
	value = htole64(value);
	memcpy(b->data + at, &value, size);
}

/* ---- Headers ---------------------------------------------------------------------------- */

static size_t tags_end;

static void begin_tags(struct buffer *b)
{
	set(b, HEADER, 4, 0xe85250d6);
	set(b, HEADER + 4, 4, 0);
	tags_end = HEADER + 16;
}

/* The offset of its values. */
static size_t add_tag(struct buffer *b, unsigned int type, unsigned int flags, const uint32_t *value,
		      size_t count)
{
	size_t at = tags_end;

	set(b, at, 2, type);
	set(b, at + 2, 2, flags);
	set(b, at + 4, 4, 8 + 4 * count);
	for (size_t i = 0; i < count; i++)
		set(b, at + 8 + 4 * i, 4, value[i]);
	tags_end = (at + 8 + 4 * count + 7) & ~(size_t)7;
	return at + 8;
}

#define ADD_TAG(b, type, flags, ...) \
	add_tag(b, type, flags, (const uint32_t[]){ __VA_ARGS__ }, \
		sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void set_length(struct buffer *b, uint32_t length)
{
	set(b, HEADER + 8, 4, length);
	set(b, HEADER + 12, 4, (uint32_t)-(0xe85250d6u + length));
}

static void end_tags(struct buffer *b)
{
	add_tag(b, 0, 0, NULL, 0);
	assert_true(tags_end <= SECOND);
	set_length(b, (uint32_t)(tags_end - HEADER));
}

/* The tags of Xen 4.17. */
static void put_xen_tags(struct buffer *b)
{
	begin_tags(b);
	ADD_TAG(b, 1, 0, 4, 6);
	add_tag(b, 6, 0, NULL, 0);
	ADD_TAG(b, 10, 1, START, 0xffffffff, 0x200000, 2);
	ADD_TAG(b, 4, 1, 2);
	ADD_TAG(b, 5, 1, 0, 0, 0);
	add_tag(b, 7, 1, NULL, 0);
	ADD_TAG(b, 9, 1, START + 0x20);
	end_tags(b);
}

/* ---- Files ------------------------------------------------------------------------------ */

#define PHDR(i, field)	(sizeof(Elf32_Ehdr) + (i) * sizeof(Elf32_Phdr) + offsetof(Elf32_Phdr, field))
#define EHDR(field)	offsetof(Elf32_Ehdr, field)

static void put_segment(struct buffer *b, size_t i, uint32_t offset, uint32_t addr, uint32_t filled,
			uint32_t size)
{
	set(b, PHDR(i, p_type), 4, PT_LOAD);
	set(b, PHDR(i, p_offset), 4, offset);
	set(b, PHDR(i, p_vaddr), 4, addr);
	set(b, PHDR(i, p_paddr), 4, addr);
	set(b, PHDR(i, p_filesz), 4, filled);
	set(b, PHDR(i, p_memsz), 4, size);
}

static struct buffer make_file(void)
{
	struct buffer b = { .data = must_calloc(FILE_SIZE), .size = FILE_SIZE };

	for (size_t i = HEADER; i < FILE_SIZE; i++)
		b.data[i] = (unsigned char)(i * 3 + 1);
	return b;
}

/* An ELF file of 32 bits with two segments, the first of which begins with the header. */
static struct buffer make_kernel(void)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT };
	struct buffer b = make_file();

	memcpy(b.data, ident, sizeof(ident));
	set(&b, EHDR(e_type), 2, ET_EXEC);
	set(&b, EHDR(e_machine), 2, EM_386);
	set(&b, EHDR(e_entry), 4, START + 0x10);
	set(&b, EHDR(e_phoff), 4, sizeof(Elf32_Ehdr));
	set(&b, EHDR(e_phentsize), 2, sizeof(Elf32_Phdr));
	set(&b, EHDR(e_phnum), 2, 2);
	put_segment(&b, 0, HEADER, START, FIRST_FILLED, 0x1000);
	put_segment(&b, 1, SECOND, START + SECOND_AT, SECOND_FILLED, 0x3000);
	put_xen_tags(&b);
	return b;
}

/* The same without ELF headers. */
static struct buffer make_bare(uint32_t load_addr, uint32_t load_end, uint32_t bss_end)
{
	struct buffer b = make_file();

	begin_tags(&b);
	ADD_TAG(&b, 2, 0, START + HEADER, load_addr, load_end, bss_end);
	ADD_TAG(&b, 3, 0, START + 0x100);
	end_tags(&b);
	return b;
}

static struct image image;
static struct kernel_extras extras;

static int parse(struct buffer *file)
{
	kernel_extras_free(&extras);
	return kernel_file_parse("file", file, &image, &extras);
}

static enum image_error parse_raw(const struct buffer *file)
{
	return image_parse(file->data, file->size, &image);
}

/* ---- What is taken ---------------------------------------------------------------------- */

static void assert_gathered(const struct buffer *memory, const struct buffer *raw)
{
	assert_int_equal(image.kernel_offset, 0);
	assert_int_equal(image.kernel_size, SECOND_AT + SECOND_FILLED);
	assert_int_equal(memory->size, image.kernel_size);
	assert_memory_equal(memory->data, raw->data + HEADER, FIRST_FILLED);
	for (size_t i = FIRST_FILLED; i < SECOND_AT; i++)
		assert_int_equal(memory->data[i], 0);
	assert_memory_equal(memory->data + SECOND_AT, raw->data + SECOND, SECOND_FILLED);
}

static void whole(void **state)
{
	struct buffer raw = make_kernel(), file = { .data = must_copy(raw.data, raw.size), .size = raw.size };

	(void)state;
	assert_says(0, NULL, parse(&file));
	assert_string_equal(image.type->option[0], "multiboot2-x86");
	assert_true(image.multiboot2.present && image.entry_32 && image.segments_only);
	assert_true(image.relocatable);
	assert_int_equal(image.multiboot2.wanted, 1 << 4 | 1 << 6);
	assert_int_equal(image.alignment, 0x200000);
	assert_int_equal(image.pref_address, START);
	assert_int_equal(image.limit, 1ull << 32);
	assert_int_equal(image.initrd_limit, (1ull << 32) - 4096);
	assert_int_equal(image.init_size, MEMORY_SIZE);
	assert_int_equal(image.entry, 0x10);
	assert_int_equal(image.bzimage.header_size, 0);
	assert_true(image_enter_32(&image));
	assert_gathered(&file, &raw);
	buffer_free(&file);
	buffer_free(&raw);
}

/* What no list of wishes has: a kernel at one place, which is told nothing in particular. */
static void fixed(void **state)
{
	struct buffer file = make_kernel();

	(void)state;
	begin_tags(&file);
	end_tags(&file);
	assert_says(0, NULL, parse(&file));
	assert_false(image.relocatable);
	assert_int_equal(image.multiboot2.wanted, 0);
	assert_int_equal(image.alignment, 4096);
	assert_int_equal(image.pref_address, START);
	assert_int_equal(image.limit, 1ull << 32);
	buffer_free(&file);
}

/* A file of 64 bits is entered at the physical address of its entry point. */
static void wide(void **state)
{
	const Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = htole16(ET_EXEC), .e_machine = htole16(EM_X86_64),
		.e_entry = htole64(0xffffffff80000010), .e_phoff = htole64(SECOND),
		.e_phentsize = htole16(sizeof(Elf64_Phdr)), .e_phnum = htole16(1),
	};
	const Elf64_Phdr phdr = {
		.p_type = htole32(PT_LOAD), .p_offset = htole64(HEADER), .p_paddr = htole64(START),
		.p_vaddr = htole64(0xffffffff80000000), .p_filesz = htole64(FIRST_FILLED),
		.p_memsz = htole64(0x1000),
	};
	struct buffer file = make_kernel();

	(void)state;
	memcpy(file.data, &ehdr, sizeof(ehdr));
	memcpy(file.data + SECOND, &phdr, sizeof(phdr));
	assert_says(0, NULL, parse(&file));
	assert_int_equal(image.entry, 0x10);
	assert_int_equal(image.init_size, 0x1000);
	assert_int_equal(image.kernel_size, FIRST_FILLED);
	buffer_free(&file);
}

static void bare(void **state)
{
	static const struct {
		uint32_t load_addr, load_end, bss_end;
		uint64_t size, filled;
	} row[] = {
		{ START, 0, 0, FILE_SIZE, FILE_SIZE },
		{ START, START + 0x180, 0, 0x180, 0x180 },
		{ START, START + 0x180, START + 0x2000, 0x2000, 0x180 },
		{ UINT32_MAX, 0, START + 0x2000, 0x2000, FILE_SIZE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct buffer raw = make_bare(row[i].load_addr, row[i].load_end, row[i].bss_end);
		struct buffer file = { .data = must_copy(raw.data, raw.size), .size = raw.size };

		assert_says(0, NULL, parse(&file));
		assert_int_equal(image.pref_address, START);
		assert_int_equal(image.init_size, row[i].size);
		assert_int_equal(image.kernel_size, row[i].filled);
		assert_int_equal(image.entry, 0x100);
		assert_memory_equal(file.data, raw.data, row[i].filled);
		buffer_free(&file);
		buffer_free(&raw);
	}
}

/* ---- What is refused -------------------------------------------------------------------- */

static const struct bad_tag {
	const char *name;
	unsigned int type, flags;
	size_t count;
	uint32_t value[4];
	enum image_error err;
} bad_tags[] = {
	{ "unknown",		11, 0, 0, { 0 }, IMAGE_ERR_MULTIBOOT2_TAG },
	{ "unknown-optional",	11, 1, 0, { 0 }, IMAGE_OK },
	{ "information-32",	1, 0, 1, { 32 }, IMAGE_ERR_MULTIBOOT2_TAG },
	{ "information-31",	1, 0, 1, { 31 }, IMAGE_OK },
	{ "information-optional", 1, 1, 1, { 32 }, IMAGE_OK },
	{ "address-short",	2, 0, 3, { START, START, 0 }, IMAGE_ERR_MULTIBOOT2 },
	{ "address-no-entry",	2, 0, 4, { START + HEADER, START, 0, 0 }, IMAGE_ERR_MULTIBOOT2 },
	{ "entry-short",	3, 0, 0, { 0 }, IMAGE_ERR_MULTIBOOT2 },
	{ "entry-elsewhere",	3, 0, 1, { START + FIRST_FILLED }, IMAGE_ERR_MULTIBOOT2 },
	{ "console-short",	4, 0, 0, { 0 }, IMAGE_ERR_MULTIBOOT2 },
	{ "relocatable-short",	10, 0, 3, { START, UINT32_MAX, 4096 }, IMAGE_ERR_MULTIBOOT2 },
	{ "align-odd",		10, 0, 4, { START, UINT32_MAX, 4097, 0 }, IMAGE_ERR_MULTIBOOT2 },
	{ "align-large",	10, 0, 4, { START, UINT32_MAX, 1u << 31, 0 }, IMAGE_ERR_MULTIBOOT2 },
};

static struct buffer make_with_tag(const struct bad_tag *t)
{
	struct buffer b = make_kernel();

	begin_tags(&b);
	add_tag(&b, t->type, t->flags, t->value, t->count);
	end_tags(&b);
	return b;
}

static void tags(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_tags); i++) {
		struct buffer file = make_with_tag(&bad_tags[i]);
		enum image_error err = parse_raw(&file);

		if (err != bad_tags[i].err)
			fail_msg("%s: %s", bad_tags[i].name, image_strerror(err));
		if (err)
			assert_refused(image_strerror(err), parse(&file));
		buffer_free(&file);
	}
}

/* A console that must be there is one that the kernel must be told of. */
static void console(void **state)
{
	struct buffer file = make_kernel();

	(void)state;
	begin_tags(&file);
	ADD_TAG(&file, 4, 0, 3);
	end_tags(&file);
	assert_int_equal(parse_raw(&file), IMAGE_OK);
	assert_int_equal(image.multiboot2.wanted, 1 << 8);
	begin_tags(&file);
	ADD_TAG(&file, 4, 1, 3);
	end_tags(&file);
	assert_int_equal(parse_raw(&file), IMAGE_OK);
	assert_int_equal(image.multiboot2.wanted, 0);
	buffer_free(&file);
}

/* One number that is wrong; those of the header itself have their checksum set again. */
static const struct bad {
	const char *name;
	size_t at;
	unsigned int size;
	uint64_t value;
	enum image_error err;
} bad[] = {
	{ "machine",		HEADER + 4, 4, 4, IMAGE_ERR_MACHINE },
	{ "length-0",		HEADER + 8, 4, 0, IMAGE_ERR_MULTIBOOT2 },
	{ "length-short",	HEADER + 8, 4, 16 + 32, IMAGE_ERR_MULTIBOOT2 },
	{ "length-cut",		HEADER + 8, 4, FILE_SIZE - HEADER + 1, IMAGE_ERR_TRUNCATED },
	{ "length-far",		HEADER + 8, 4, 32768 - HEADER + 1, IMAGE_ERR_MULTIBOOT2 },
	{ "length-wraps",	HEADER + 8, 4, UINT32_MAX, IMAGE_ERR_MULTIBOOT2 },
	{ "tag-size-0",		HEADER + 16 + 4, 4, 0, IMAGE_ERR_MULTIBOOT2 },
	{ "tag-size-7",		HEADER + 16 + 4, 4, 7, IMAGE_ERR_MULTIBOOT2 },
	{ "tag-size-wraps",	HEADER + 16 + 4, 4, UINT32_MAX, IMAGE_ERR_MULTIBOOT2 },
	{ "not-elf",		0, 1, 0, IMAGE_ERR_MULTIBOOT2 },
	{ "phentsize",		EHDR(e_phentsize), 2, 56, IMAGE_ERR_MULTIBOOT2 },
	{ "no-segments",	EHDR(e_phnum), 2, 0, IMAGE_ERR_MULTIBOOT2 },
	{ "many-segments",	EHDR(e_phnum), 2, UINT16_MAX, IMAGE_ERR_TRUNCATED },
	{ "phoff",		EHDR(e_phoff), 4, UINT32_MAX, IMAGE_ERR_TRUNCATED },
	{ "phoff-end",		EHDR(e_phoff), 4, FILE_SIZE - 63, IMAGE_ERR_TRUNCATED },
	{ "entry-before",	EHDR(e_entry), 4, START - 1, IMAGE_ERR_MULTIBOOT2 },
	{ "entry-not-filled",	EHDR(e_entry), 4, START + FIRST_FILLED, IMAGE_ERR_MULTIBOOT2 },
	{ "filled-beyond",	PHDR(0, p_memsz), 4, FIRST_FILLED - 1, IMAGE_ERR_MULTIBOOT2 },
	{ "overlap",		PHDR(0, p_memsz), 4, SECOND_AT + 1, IMAGE_ERR_MULTIBOOT2 },
	{ "wraps",		PHDR(1, p_memsz), 4, UINT32_MAX, IMAGE_ERR_MULTIBOOT2 },
	{ "large",		PHDR(1, p_memsz), 4, (1u << 30) - SECOND_AT + 1, IMAGE_ERR_MULTIBOOT2 },
	{ "start-odd",		PHDR(0, p_paddr), 4, START - 0x800, IMAGE_ERR_MULTIBOOT2 },
	{ "cut",		PHDR(1, p_filesz), 4, SECOND_FILLED + 1, IMAGE_ERR_TRUNCATED },
	{ "offset-wraps",	PHDR(1, p_offset), 4, UINT32_MAX, IMAGE_ERR_TRUNCATED },
};

static struct buffer make_bad(const struct bad *row)
{
	struct buffer b = make_kernel();
	uint32_t sum = 0, value;

	set(&b, row->at, row->size, row->value);
	for (size_t i = 0; i < 12; i += 4) {
		memcpy(&value, b.data + HEADER + i, sizeof(value));
		sum += le32toh(value);
	}
	set(&b, HEADER + 12, 4, (uint32_t)-sum);
	return b;
}

static void bad_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buffer file = make_bad(&bad[i]);
		enum image_error err = parse_raw(&file);

		if (err != bad[i].err)
			fail_msg("%s: %s", bad[i].name, image_strerror(err));
		buffer_free(&file);
	}
}

static void bad_addresses(void **state)
{
	static const struct {
		const char *name;
		uint32_t load_addr, load_end, bss_end;
		enum image_error err;
	} row[] = {
		{ "behind the header", START + HEADER + 1, 0, 0, IMAGE_ERR_MULTIBOOT2 },
		{ "before the file", START - 1, 0, 0, IMAGE_ERR_MULTIBOOT2 },
		{ "end before", START, START - 1, 0, IMAGE_ERR_MULTIBOOT2 },
		{ "end cut", START, START + FILE_SIZE + 1, 0, IMAGE_ERR_TRUNCATED },
		{ "bss before", START, 0, START - 1, IMAGE_ERR_MULTIBOOT2 },
		{ "bss in the file", START, START + 0x180, START + 0x17f, IMAGE_ERR_MULTIBOOT2 },
		{ "entry not loaded", START, START + 0x100, 0, IMAGE_ERR_MULTIBOOT2 },
		{ "odd", START + 1, 0, 0, IMAGE_ERR_MULTIBOOT2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct buffer file = make_bare(row[i].load_addr, row[i].load_end, row[i].bss_end);
		enum image_error err = parse_raw(&file);

		if (err != row[i].err)
			fail_msg("%s: %s", row[i].name, image_strerror(err));
		buffer_free(&file);
	}
}

/* What is no header is no multiboot2 kernel, and an ELF file of 32 bits is then for nobody. */
static void no_header(void **state)
{
	struct buffer file = make_kernel();

	(void)state;
	set(&file, HEADER + 12, 4, 1);
	assert_int_equal(parse_raw(&file), IMAGE_ERR_NO_64BIT);
	put_xen_tags(&file);
	assert_int_equal(parse_raw(&file), IMAGE_OK);
	memmove(file.data + HEADER + 4, file.data + HEADER, SECOND - HEADER - 4);
	set(&file, HEADER, 4, 0);
	assert_int_equal(parse_raw(&file), IMAGE_ERR_NO_64BIT);
	buffer_free(&file);
}

/* Copies of their own size show reads past the end. */
static void cut(void **state)
{
	struct buffer raw = make_kernel();

	(void)state;
	for (size_t n = 0; n <= raw.size; n++) {
		struct buffer file = { .data = must_copy(raw.data, n), .size = n };
		enum image_error err = parse_raw(&file);

		if (n == raw.size)
			assert_int_equal(err, IMAGE_OK);
		else if (n >= HEADER + 16)
			assert_int_equal(err, IMAGE_ERR_TRUNCATED);
		else
			assert_true(err == IMAGE_ERR_TYPE || err == IMAGE_ERR_NO_64BIT);
		buffer_free(&file);
	}
	buffer_free(&raw);
}

/* ---- What the kernel is told ------------------------------------------------------------ */

static struct machine machine;
static struct boot_firmware firmware;
static uint64_t bios_area;

static const struct boot_module modules[] = {
	{ "/boot/vmlinuz console=hvc0", 0x3000000, 0x123456 },
	{ "initrd", 0x4000000, 1 },
};

static int setup(void **state)
{
	static const struct memmap_entry map[] = {
		{ 0, 0x9fc00, E820_RAM }, { 0x9fc00, 0x400, E820_RESERVED },
		{ 0x100000, 0x3fee0000, E820_RAM }, { 0x3ffe0000, 0x10000, E820_ACPI },
		{ 0x3fff0000, 0x10000, E820_NVS }, { 0x50000000, 0x1000, E820_UNUSABLE },
		{ 0x100000000, 0x80000000, E820_RAM }, { 0x200000000, 0x1000, E820_PMEM },
	};

	(void)state;
	memset(&machine, 0, sizeof(machine));
	memset(&firmware, 0, sizeof(firmware));
	image = (struct image){ .entry_32 = true, .relocatable = true, .entry = 0x10,
				.multiboot2.present = true };
	machine.memmap_count = ARRAY_SIZE(map);
	memcpy(machine.memmap, map, sizeof(map));
	return 0;
}

static struct screen_info *screen(void)
{
	struct boot_params *bp = (void *)machine.arch.boot_params;

	return &bp->screen_info;
}

static int build(struct buffer *ret)
{
	const struct boot_input in = {
		.machine = &machine, .firmware = &firmware, .image = &image,
		.cmdline = "xen.gz com1=115200", .kernel_addr = 0x3fc00000,
		.bios_area = bios_area, .bios_area_addr = bios_area,
		.memmap = machine.memmap, .memmap_count = machine.memmap_count,
		.module = modules, .module_count = ARRAY_SIZE(modules),
	};
	uint64_t next;

	return arch_build_boot_data(&in, 0x1000, ret, &next);
}

/* The values of the Nth tag of TYPE, and how many bytes; NULL if there is none. */
static const unsigned char *find(const struct buffer *info, uint32_t type, size_t n, uint32_t *ret_size)
{
	uint32_t total, tag[2];
	size_t at = 8;

	memcpy(&total, info->data, sizeof(total));
	assert_int_equal(total, info->size);
	for (;;) {
		assert_true(at + 8 <= info->size);
		memcpy(tag, info->data + at, sizeof(tag));
		assert_true(tag[1] >= 8 && tag[1] <= info->size - at);
		if (tag[0] == type && !n--) {
			*ret_size = tag[1] - 8;
			return info->data + at + 8;
		}
		if (!tag[0])
			break;
		at += (tag[1] + 7u) & ~7u;
	}
	assert_int_equal(at + 8, info->size);
	return NULL;
}

static uint64_t value(const unsigned char *p, size_t at, unsigned int size)
{
	uint64_t v = 0;

	memcpy(&v, p + at, size);
	return le64toh(v);
}

static void assert_text(const struct buffer *info, uint32_t type, size_t n, size_t skip, const char *text)
{
	uint32_t size;
	const unsigned char *p = find(info, type, n, &size);

	assert_non_null(p);
	assert_int_equal(size, skip + strlen(text) + 1);
	assert_string_equal((const char *)p + skip, text);
}

static void told(void **state)
{
	struct buffer info;
	const unsigned char *p;
	uint32_t size;

	setup(state);
	image.multiboot2.wanted = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 21;
	assert_says(0, NULL, build(&info));
	assert_text(&info, 1, 0, 0, "xen.gz com1=115200");
	assert_text(&info, 3, 0, 8, "/boot/vmlinuz console=hvc0");
	assert_text(&info, 3, 1, 8, "initrd");
	assert_null(find(&info, 3, 2, &size));
	p = find(&info, 3, 0, &size);
	assert_int_equal(value(p, 0, 4), 0x3000000);
	assert_int_equal(value(p, 4, 4), 0x3123456);
	p = find(&info, 2, 0, &size);
	assert_memory_equal(p, "kexec-kho ", 10);
	p = find(&info, 4, 0, &size);
	assert_int_equal(value(p, 0, 4), 0x9fc00 >> 10);
	assert_int_equal(value(p, 4, 4), 0x3fee0000 >> 10);
	p = find(&info, 21, 0, &size);
	assert_int_equal(value(p, 0, 4), 0x3fc00000);
	assert_null(find(&info, 8, 0, &size));
	assert_null(find(&info, 14, 0, &size));
	buffer_free(&info);
	/* Linux keeps some of the first pages; that they are missing is no hole. */
	machine.memmap[0].addr = 0x1000;
	image.relocatable = false;
	image.multiboot2.wanted = 0;
	assert_says(0, NULL, build(&info));
	assert_null(find(&info, 21, 0, &size));
	assert_int_equal(value(find(&info, 4, 0, &size), 0, 4), (0x1000 + 0x9fc00) >> 10);
	buffer_free(&info);
}

static void memory_map(void **state)
{
	static const uint32_t type[] = { 1, 2, 1, 3, 4, 5, 1, 2 };
	struct buffer info;
	const unsigned char *p;
	uint32_t size;

	setup(state);
	assert_says(0, NULL, build(&info));
	p = find(&info, 6, 0, &size);
	assert_int_equal(size, 8 + 24 * ARRAY_SIZE(type));
	assert_int_equal(value(p, 0, 4), 24);
	assert_int_equal(value(p, 4, 4), 0);
	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		assert_int_equal(value(p, 8 + 24 * i, 8), machine.memmap[i].addr);
		assert_int_equal(value(p, 16 + 24 * i, 8), machine.memmap[i].size);
		assert_int_equal(value(p, 24 + 24 * i, 4), type[i]);
	}
	buffer_free(&info);
}

static void framebuffer(void **state)
{
	struct buffer info;
	const unsigned char *p;
	uint32_t size;

	setup(state);
	*screen() = (struct screen_info){ .orig_video_isVGA = 1, .orig_video_cols = 80,
					  .orig_video_lines = 25 };
	assert_says(0, NULL, build(&info));
	p = find(&info, 8, 0, &size);
	assert_int_equal(size, 24);
	assert_int_equal(value(p, 0, 8), 0xb8000);
	assert_int_equal(value(p, 8, 4), 160);
	assert_int_equal(value(p, 12, 4), 80);
	assert_int_equal(value(p, 16, 4), 25);
	assert_int_equal(value(p, 20, 1), 16);
	assert_int_equal(value(p, 21, 1), 2);
	buffer_free(&info);
	*screen() = (struct screen_info){
		.orig_video_isVGA = 0x70, .lfb_base = 0xc0000000, .ext_lfb_base = 2, .capabilities = 2,
		.lfb_linelength = 4096, .lfb_width = 1024, .lfb_height = 768, .lfb_depth = 32,
		.red_size = 8, .red_pos = 16, .green_size = 7, .green_pos = 8, .blue_size = 6, .blue_pos = 1,
	};
	assert_says(0, NULL, build(&info));
	p = find(&info, 8, 0, &size);
	assert_int_equal(size, 30);
	assert_int_equal(value(p, 0, 8), 0x2c0000000);
	assert_int_equal(value(p, 8, 4), 4096);
	assert_int_equal(value(p, 12, 4), 1024);
	assert_int_equal(value(p, 16, 4), 768);
	assert_int_equal(value(p, 20, 1), 32);
	assert_int_equal(value(p, 21, 1), 1);
	assert_memory_equal(p + 24, "\x10\x08\x08\x07\x01\x06", 6);
	buffer_free(&info);
	screen()->lfb_depth = 8;
	assert_says(0, NULL, build(&info));
	assert_null(find(&info, 8, 0, &size));
	buffer_free(&info);
	screen()->lfb_depth = 32;
	screen()->capabilities = 0;
	assert_says(0, NULL, build(&info));
	assert_int_equal(value(find(&info, 8, 0, &size), 0, 8), 0xc0000000);
	buffer_free(&info);
}

static void acpi(void **state)
{
	static const struct {
		size_t size;
		uint32_t type, other;
	} row[] = { { 20, 14, 15 }, { 36, 15, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct buffer info;
		uint32_t size;

		setup(state);
		memset(firmware.rsdp_copy, 0x5a, sizeof(firmware.rsdp_copy));
		firmware.rsdp_size = row[i].size;
		assert_says(0, NULL, build(&info));
		assert_memory_equal(find(&info, row[i].type, 0, &size), firmware.rsdp_copy, row[i].size);
		assert_int_equal(size, row[i].size);
		if (row[i].other)
			assert_null(find(&info, row[i].other, 0, &size));
		assert_memory_equal(find(&info, 14, 0, &size), firmware.rsdp_copy, 20);
		assert_int_equal(size, 20);
		buffer_free(&info);
	}
}

/* A kernel that must be told what nobody knows is not started without it. */
static void wanted(void **state)
{
	static const int type[] = { 0, 5, 7, 8, 14, 15, 31 };
	struct buffer info;

	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		char phrase[64];

		setup(state);
		image.multiboot2.wanted = 1u << type[i];
		snprintf(phrase, sizeof(phrase), "information of type %d,", type[i]);
		if (type[i]) {
			assert_refused(phrase, build(&info));
		} else {
			assert_says(0, NULL, build(&info));
			buffer_free(&info);
		}
	}
}

/* ---- How it is entered ------------------------------------------------------------------ */

static void enter(const struct image *what, uint64_t kernel, uint64_t data, uint64_t area,
		  struct kho_purgatory_params *params)
{
	const struct boot_entry at = { kernel, data, area };

	arch_set_entry(&machine, what, &firmware, &at, params);
}

/* On a machine without a BIOS, a multiboot2 kernel gets a page that stands in for one. */
static void without_bios(void **state)
{
	struct kho_purgatory_params params = { 0 };
	struct image linux_32 = { .entry_32 = true };
	struct boot_words words;
	struct kho_range where;
	struct buffer info;
	const unsigned char *p;
	uint32_t size;

	setup(state);
	assert_false(arch_wants_bios_area(&machine, &image, &firmware, &where));
	firmware.rsdp = 0xf5ad0;
	assert_false(arch_wants_bios_area(&machine, &image, &firmware, &where));
	firmware.rsdp = 0x3ffe0014;
	assert_false(arch_wants_bios_area(&machine, &linux_32, &firmware, &where));
	assert_true(arch_wants_bios_area(&machine, &image, &firmware, &where));
	assert_int_equal(kho_range_end(&where), 0xa0000);
	arch_words_without_bios(&machine, &firmware, &words);
	assert_string_equal(words.own, "no-real-mode");
	assert_string_equal(words.module, "acpi_rsdp=0x3ffe0014");
	enter(&image, 0x3fc00000, 0x3fbff000, 0x9f000, &params);
	assert_int_equal(params.bios.rsdp, 0x3ffe0014);
	assert_int_equal(params.bios.data, 0x400);
	assert_int_equal(params.bios.area, 0x9f000);
	/* Nobody reads where there is nothing. */
	firmware.rsdp = 0x40000000;
	enter(&image, 0x3fc00000, 0x3fbff000, 0x9f000, &params);
	assert_int_equal(params.bios.rsdp, 0);
	/* Nor where an image may be loaded. */
	firmware.rsdp = 0x200000;
	enter(&image, 0x3fc00000, 0x3fbff000, 0x9f000, &params);
	assert_int_equal(params.bios.rsdp, 0);
	firmware.rsdp = 0x3ffeffe0;
	enter(&image, 0x3fc00000, 0x3fbff000, 0x9f000, &params);
	assert_int_equal(params.bios.rsdp, 0);
	bios_area = 0x9e000;
	assert_says(0, NULL, build(&info));
	bios_area = 0;
	assert_int_equal(value(find(&info, 4, 0, &size), 0, 4), 0x9e000 >> 10);
	p = find(&info, 6, 0, &size);
	assert_int_equal(size, 8 + 24 * (machine.memmap_count + 1));
	assert_int_equal(value(p, 8 + 24 * machine.memmap_count, 8), 0x9e000);
	assert_int_equal(value(p, 16 + 24 * machine.memmap_count, 8), 0x1000);
	assert_int_equal(value(p, 24 + 24 * machine.memmap_count, 4), 2);
	buffer_free(&info);
}

static void entry(void **state)
{
	struct kho_purgatory_params params = { 0 };
	struct image linux_32 = { .entry_32 = true }, linux_64 = { .entry = 0x200 };

	setup(state);
	enter(&image, 0x3fc00000, 0x3fbff000, 0, &params);
	assert_int_equal(params.kernel_entry, 0x3fc00010);
	assert_int_equal(params.entry_32.used, 1);
	assert_int_equal(params.entry_32.eax, 0x36d76289);
	assert_int_equal(params.entry_32.ebx, 0x3fbff000);
	assert_int_equal(params.entry_32.esi, 0);
	memset(&params, 0, sizeof(params));
	enter(&linux_32, 0x1000000, 0x2000000, 0, &params);
	assert_int_equal(params.kernel_entry, 0x1000000);
	assert_int_equal(params.entry_32.used, 1);
	assert_int_equal(params.entry_32.eax, 0);
	assert_int_equal(params.entry_32.ebx, 0);
	assert_int_equal(params.entry_32.esi, 0x2000000);
	memset(&params, 0, sizeof(params));
	enter(&linux_64, 0x101000000, 0x102000000, 0, &params);
	assert_int_equal(params.kernel_entry, 0x101000200);
	assert_int_equal(params.boot_params, 0x102000000);
	assert_int_equal(params.entry_32.used, 0);
}

/* ---- Seeds ------------------------------------------------------------------------------ */

static void write_seed(const char *dir, const char *name, struct buffer b)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (file_replace(path, "a seed", b.data, b.size))
		exit(1);
	buffer_free(&b);
}

static int write_corpus(const char *dir)
{
	struct buffer none = make_kernel();

	write_seed(dir, "whole", make_kernel());
	set(&none, HEADER, 4, 0);
	write_seed(dir, "no-header", none);
	write_seed(dir, "bare", make_bare(START, START + 0x180, START + 0x2000));
	write_seed(dir, "bare-whole-file", make_bare(UINT32_MAX, 0, 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad_tags); i++)
		write_seed(dir, bad_tags[i].name, make_with_tag(&bad_tags[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		write_seed(dir, bad[i].name, make_bad(&bad[i]));
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(fixed), cmocka_unit_test(wide),
		cmocka_unit_test(bare), cmocka_unit_test(tags), cmocka_unit_test(console),
		cmocka_unit_test(bad_numbers), cmocka_unit_test(bad_addresses), cmocka_unit_test(no_header),
		cmocka_unit_test(cut), cmocka_unit_test(told), cmocka_unit_test(memory_map),
		cmocka_unit_test(framebuffer), cmocka_unit_test(acpi), cmocka_unit_test(wanted),
		cmocka_unit_test(without_bios), cmocka_unit_test(entry),
	};

	if (argc == 3 && !strcmp(argv[1], "--write-corpus"))
		return write_corpus(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
