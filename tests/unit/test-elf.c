// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of vmlinux files, made here.
 *
 *   test-elf                        the tests
 *   test-elf --write-corpus DIR     the seeds of tests/fuzz/fuzz-elf.c
 */
#include <asm/bootparam.h>
#include <elf.h>
#include <endian.h>
#include <stdio.h>

#include "kernel-file.h"
#include "said.h"
#include "unit.h"

#define START		0x1000000u
#define PAGE		0x1000u
#define SEGMENTS	4

/* As the linker script of Linux 6.1 lays them out: each has another way from file to memory. */
static const struct {
	uint32_t flags, offset, addr, filled, size;
} layout[SEGMENTS] = {
	{ PF_R | PF_X,		0x1000, START,		0x800, 0x1000 },
	{ PF_R | PF_W,		0x2000, START + 0x1000,	0x500, 0x1000 },
	{ PF_R | PF_W,		0x3000, START + 0x2000,	0x200, 0x200 },	/* of each CPU */
	{ PF_R | PF_W | PF_X,	0x3200, START + 0x2200,	0x700, 0x5000 },	/* with .bss */
};

#define FILE_SIZE	0x3900u
#define MEMORY_SIZE	0x7200u
#define FILLED_SIZE	0x2900u

static size_t header(size_t i, size_t field)
{
	return sizeof(Elf64_Ehdr) + i * sizeof(Elf64_Phdr) + field;
}

#define PHDR(i, field)	header(i, offsetof(Elf64_Phdr, field))

static void set(struct buffer *b, size_t at, unsigned int size, uint64_t value)
{
	value = htole64(value);
	memcpy(b->data + at, &value, size);
}

static struct buffer make_vmlinux(const char *release)
{
	Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = htole16(ET_EXEC), .e_machine = htole16(EM_X86_64),
		.e_version = htole32(EV_CURRENT), .e_entry = htole64(START + 0x100),
		.e_phoff = htole64(sizeof(ehdr)), .e_phentsize = htole16(sizeof(Elf64_Phdr)),
		.e_phnum = htole16(SEGMENTS),
	};
	struct buffer b = { .data = must_calloc(FILE_SIZE), .size = FILE_SIZE };

	memcpy(b.data, &ehdr, sizeof(ehdr));
	for (size_t i = 0; i < SEGMENTS; i++) {
		set(&b, PHDR(i, p_type), 4, PT_LOAD);
		set(&b, PHDR(i, p_flags), 4, layout[i].flags);
		set(&b, PHDR(i, p_offset), 8, layout[i].offset);
		set(&b, PHDR(i, p_paddr), 8, layout[i].addr);
		set(&b, PHDR(i, p_filesz), 8, layout[i].filled);
		set(&b, PHDR(i, p_memsz), 8, layout[i].size);
		memset(b.data + layout[i].offset, 'a' + (int)i, layout[i].filled);
	}
	snprintf((char *)b.data + layout[0].offset + 0x200, 0x100, "Linux version %s (kbuild@host)", release);
	return b;
}

static struct image image;
static struct kernel_extras extras = { .initrd_fd = -1 };

static int parse(struct buffer *file)
{
	kernel_extras_free(&extras);
	return kernel_file_parse("file", file, &image, &extras);
}

/* What is in the file is where it will be in memory, and the rest of it is 0. */
static void assert_gathered(const struct buffer *file, const struct buffer *raw)
{
	const unsigned char *memory = file->data + image.kernel_offset;
	size_t at = 0;

	assert_int_equal(image.kernel_size, FILLED_SIZE);
	assert_true(image.kernel_offset + image.kernel_size <= file->size);
	for (size_t i = 0; i < SEGMENTS; i++) {
		size_t start = layout[i].addr - START;

		for (; at < start; at++)
			assert_int_equal(memory[at], 0);
		assert_memory_equal(memory + start, raw->data + layout[i].offset, layout[i].filled);
		at = start + layout[i].filled;
	}
}

static void whole(void **state)
{
	struct buffer raw = make_vmlinux("6.1.0-test"), file = { .data = must_copy(raw.data, raw.size),
							     .size = raw.size };
	struct kernel_features features;

	(void)state;
	assert_says(0, NULL, parse(&file));
	assert_false(image.scattered);
	assert_true(image.segments_only);
	assert_true(image.relocatable);
	assert_int_equal(image.alignment, 2 << 20);
	assert_int_equal(image.pref_address, START);
	assert_int_equal(image.init_size, MEMORY_SIZE);
	assert_int_equal(image.entry, 0x100);
	assert_int_equal(image.cmdline_max, 2047);
	assert_int_equal(image.limit, 0);
	assert_int_equal(image.bzimage.header_size, 0);
	assert_false(image.bzimage.xloadflags & XLF_5LEVEL);
	assert_gathered(&file, &raw);
	/* It is still a vmlinux that can be searched. */
	assert_int_equal(kernel_file_scan("file", &file, &image, &features), 0);
	assert_string_equal(features.release, "6.1.0-test");
	buffer_free(&file);
	buffer_free(&raw);
}

/* A segment of .bss alone is memory too. */
static void memory_alone(void **state)
{
	struct buffer file = make_vmlinux("6.1.0");

	(void)state;
	set(&file, PHDR(3, p_memsz), 8, 0x700);
	set(&file, PHDR(2, p_filesz), 8, 0);
	set(&file, PHDR(2, p_paddr), 8, START + 0x10000);
	set(&file, PHDR(2, p_memsz), 8, 0x3000);
	assert_says(0, NULL, parse(&file));
	assert_int_equal(image.init_size, 0x13000);
	buffer_free(&file);
}

static void releases(void **state)
{
	static const struct {
		const char *release, *phrase;
	} row[] = {
		{ "3.14", NULL }, { "3.14.1", NULL }, { "4.0.0", NULL }, { "10.2-rc1", NULL },
		{ "3.13.9", "before 3.14" }, { "2.6.39", "before 3.14" }, { "%s", "no Linux kernel" },
		{ "6", "no Linux kernel" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct buffer file = make_vmlinux(row[i].release);

		assert_says(row[i].phrase ? -1 : 0, row[i].phrase, parse(&file));
		buffer_free(&file);
	}
}

/* ---- What is refused ------------------------------------------------------------------ */

#define EHDR(field)	offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)

/* One number that is wrong. */
static const struct bad {
	const char *name;
	size_t at;
	unsigned int size;
	uint64_t value;
	enum image_error err;
} bad[] = {
	{ "magic",		0, 1, 0, IMAGE_ERR_TYPE },
	{ "i386",		EHDR(e_machine), EM_386, IMAGE_ERR_NO_64BIT },
	{ "arm64",		EHDR(e_machine), EM_AARCH64, IMAGE_ERR_MACHINE },
	{ "class",		EI_CLASS, 1, ELFCLASS32, IMAGE_ERR_LAYOUT },
	{ "object",		EHDR(e_type), ET_REL, IMAGE_ERR_LAYOUT },
	{ "core",		EHDR(e_type), ET_CORE, IMAGE_ERR_LAYOUT },
	{ "no-segments",	EHDR(e_phnum), 0, IMAGE_ERR_LAYOUT },
	{ "entry-before",	EHDR(e_entry), START - 1, IMAGE_ERR_LAYOUT },
	{ "entry-not-filled",	EHDR(e_entry), START + 0x800, IMAGE_ERR_LAYOUT },
	{ "entry-virtual",	EHDR(e_entry), 0xffffffff81000100, IMAGE_ERR_LAYOUT },
	{ "start-odd",		sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_paddr), 8, START - PAGE,
				IMAGE_ERR_LAYOUT },
	{ "bytes-beyond",	sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 8, 0x7ff,
				IMAGE_ERR_LAYOUT },
	{ "overlap",		sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 8, 0x1001,
				IMAGE_ERR_LAYOUT },
	{ "order",		sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_paddr), 8,
				START - PAGE, IMAGE_ERR_LAYOUT },
	{ "wraps",		sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_memsz),
				8, UINT64_MAX, IMAGE_ERR_LAYOUT },
	{ "large",		sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_memsz),
				8, (1u << 30) - 0x2200 + 1, IMAGE_ERR_LAYOUT },
	{ "cut",		sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_filesz),
				8, 0x701, IMAGE_ERR_TRUNCATED },
};

static void bad_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buffer file = make_vmlinux("6.1.0");
		enum image_error err;

		set(&file, bad[i].at, bad[i].size, bad[i].value);
		err = image_parse(file.data, file.size, &image);
		if (err != bad[i].err)
			fail_msg("%s: %s", bad[i].name, image_strerror(err));
		assert_refused(image_strerror(err), parse(&file));
		buffer_free(&file);
	}
}

/* The last values that are taken. */
static void limits(void **state)
{
	struct buffer file = make_vmlinux("6.1.0");

	(void)state;
	set(&file, offsetof(Elf64_Ehdr, e_entry), 8, START + 0x7ff);
	set(&file, offsetof(Elf64_Ehdr, e_type), 2, ET_DYN);
	set(&file, PHDR(3, p_memsz), 8, (1u << 30) - 0x2200);
	assert_says(0, NULL, parse(&file));
	assert_int_equal(image.init_size, 1u << 30);
	assert_int_equal(image.entry, 0x7ff);
	buffer_free(&file);
}

/* Copies of their own size show reads past the end. */
static void cut(void **state)
{
	struct buffer whole = make_vmlinux("6.1.0");

	(void)state;
	for (size_t n = 0; n <= whole.size; n++) {
		struct buffer file = { .data = must_copy(whole.data, n), .size = n };
		enum image_error err = image_parse(file.data, n, &image);

		if (n < sizeof(Elf64_Ehdr))
			assert_int_equal(err, IMAGE_ERR_TYPE);
		else
			assert_int_equal(err, n < whole.size ? IMAGE_ERR_TRUNCATED : IMAGE_OK);
		buffer_free(&file);
	}
	buffer_free(&whole);
}

/* ---- Seeds ------------------------------------------------------------------------------ */

static void write_seed(const char *dir, const char *name, struct buffer *b)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (file_replace(path, "a seed", b->data, b->size))
		exit(1);
	buffer_free(b);
}

static int write_corpus(const char *dir)
{
	struct buffer b = make_vmlinux("6.1.0");

	write_seed(dir, "whole", &b);
	b = make_vmlinux("3.13.0");
	write_seed(dir, "old", &b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		b = make_vmlinux("6.1.0");
		set(&b, bad[i].at, bad[i].size, bad[i].value);
		write_seed(dir, bad[i].name, &b);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(memory_alone), cmocka_unit_test(releases),
		cmocka_unit_test(bad_numbers), cmocka_unit_test(limits), cmocka_unit_test(cut),
	};

	if (argc == 3 && !strcmp(argv[1], "--write-corpus"))
		return write_corpus(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
