// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of unified kernel images, made here around a kernel of tests/data.
 *
 *   test-uki                        the tests
 *   test-uki --write-corpus DIR     the seeds of tests/fuzz/fuzz-uki.c
 */
#include "config.h"

#include <endian.h>
#include <stdio.h>

#ifdef HAVE_CODEC_GZIP
#include <zlib.h>
#endif

#include "kernel-file.h"
#include "said.h"
#include "tree.h"
#include "uki-addons.h"
#include "unit.h"

#define PE_AT		0x80u
#define OPTIONAL_SIZE	0xf0u
#define TABLE_AT	(PE_AT + 24 + OPTIONAL_SIZE)
#define FILE_UNIT	512u

struct section {
	const char *name;
	const void *data;
	size_t size;
};

static struct buffer kernel;		/* a bzImage */

static void set16(struct buffer *b, size_t at, uint16_t v)
{
	v = htole16(v);
	memcpy(b->data + at, &v, sizeof(v));
}

static void set32(struct buffer *b, size_t at, uint32_t v)
{
	v = htole32(v);
	memcpy(b->data + at, &v, sizeof(v));
}

static size_t round_up(size_t size)
{
	return (size + FILE_UNIT - 1) & ~(size_t)(FILE_UNIT - 1);
}

/* Where the entry of section I has FIELD: 8 size in memory, 16 size in the file, 20 offset. */
static size_t entry(size_t i, size_t field)
{
	return TABLE_AT + i * 40 + field;
}

static struct buffer make_uki(const struct section *s, size_t count)
{
	size_t at = round_up(entry(count, 0));
	struct buffer b = { .data = NULL, .size = at };

	for (size_t i = 0; i < count; i++)
		b.size += round_up(s[i].size);
	b.data = must_calloc(b.size);
	memcpy(b.data, "MZ", 2);
	set32(&b, 0x3c, PE_AT);
	memcpy(b.data + PE_AT, "PE\0\0", 4);
	set16(&b, PE_AT + 4, 0x8664);
	set16(&b, PE_AT + 6, (uint16_t)count);
	set16(&b, PE_AT + 20, OPTIONAL_SIZE);
	for (size_t i = 0; i < count; i++) {
		strncpy((char *)b.data + entry(i, 0), s[i].name, 8);
		set32(&b, entry(i, 8), (uint32_t)s[i].size);
		set32(&b, entry(i, 16), (uint32_t)round_up(s[i].size));
		set32(&b, entry(i, 20), (uint32_t)at);
		memcpy(b.data + at, s[i].data, s[i].size);
		at += round_up(s[i].size);
	}
	return b;
}

#define TEXT_SECTION(name, text)	{ name, text, sizeof(text) - 1 }
#define LINUX				{ ".linux", kernel.data, kernel.size }
#define MAKE(sections)			make_uki(sections, ARRAY_SIZE(sections))

static struct buffer make_whole(void)
{
	const struct section sections[] = {
		TEXT_SECTION(".osrel", "ID=test"), TEXT_SECTION(".cmdline", " console=ttyS0\n\tquiet \n"),
		TEXT_SECTION(".initrd", "initrd"), TEXT_SECTION(".ucode", "ucode"), LINUX,
	};

	return MAKE(sections);
}

/* What a file contains, or the error that its parser ends with. */
static struct kernel_extras extras = { .initrd_fd = -1 };
static struct image image;

static int parse(struct buffer *file)
{
	kernel_extras_free(&extras);
	return kernel_file_parse("file", file, &image, &extras);
}

static void assert_kernel(const struct buffer *file)
{
	assert_int_equal(file->size, kernel.size);
	assert_memory_equal(file->data, kernel.data, kernel.size);
	assert_int_equal(image.kernel_offset, 1024);
	assert_true(extras.unpacked);
}

static void whole(void **state)
{
	struct buffer file = make_whole();

	(void)state;
	assert_says(0, NULL, parse(&file));
	assert_kernel(&file);
	assert_string_equal(extras.cmdline, "console=ttyS0  quiet");
	/* Microcode is in front, and the rest begins at a multiple of 4. */
	assert_int_equal(extras.initrd.size, 8 + 6);
	assert_memory_equal(extras.initrd.data, "ucode\0\0\0initrd", 14);
	assert_false(extras.dtb);
	buffer_free(&file);
}

/* A signature behind the sections is none of their business. */
static void with_signature(void **state)
{
	struct buffer file = make_whole();

	(void)state;
	file.data = realloc(file.data, file.size + 1000);
	assert_non_null(file.data);
	memset(file.data + file.size, 0xa5, 1000);
	file.size += 1000;
	assert_says(0, NULL, parse(&file));
	assert_kernel(&file);
	buffer_free(&file);
}

static void kernel_alone(void **state)
{
	const struct section sections[] = { LINUX, TEXT_SECTION(".dtb", "tree") };
	struct buffer file = MAKE(sections);

	(void)state;
	assert_says(0, NULL, parse(&file));
	assert_kernel(&file);
	assert_null(extras.cmdline);
	assert_int_equal(extras.initrd.size, 0);
	assert_true(extras.dtb);
	buffer_free(&file);
}

static void microcode_alone(void **state)
{
	const struct section sections[] = { LINUX, TEXT_SECTION(".ucode", "microcode") };
	struct buffer file = MAKE(sections);

	(void)state;
	assert_says(0, NULL, parse(&file));
	assert_int_equal(extras.initrd.size, 12);
	assert_memory_equal(extras.initrd.data, "microcode\0\0", 12);
	buffer_free(&file);
}

static void profiles(void **state)
{
	const struct section sections[] = {
		LINUX, TEXT_SECTION(".cmdline", "base"), TEXT_SECTION(".initrd", "base"),
		TEXT_SECTION(".profile", "ID=0"), TEXT_SECTION(".cmdline", "zero"),
		TEXT_SECTION(".cmdline", "again"),
		TEXT_SECTION(".profile", "ID=1"), TEXT_SECTION(".cmdline", "one"),
		TEXT_SECTION(".initrd", "one"), TEXT_SECTION(".ucode", "one"),
	};
	struct buffer file = MAKE(sections);

	(void)state;
	assert_says(0, NULL, parse(&file));
	assert_kernel(&file);
	assert_string_equal(extras.cmdline, "zero");
	assert_int_equal(extras.initrd.size, 4);
	assert_memory_equal(extras.initrd.data, "base", 4);
	buffer_free(&file);
}

/* A section that is longer in memory ends with the file's bytes; 0 bytes are none. */
static void sizes(void **state)
{
	static const struct {
		uint32_t memory, file;
		const char *cmdline;
	} row[] = {
		{ 2, 4, "ab" }, { 4, 2, "ab" }, { UINT32_MAX, 4, "abcd" }, { 0, 4, NULL }, { 4, 0, NULL },
	};
	const struct section sections[] = { LINUX, TEXT_SECTION(".cmdline", "abcd") };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct buffer file = MAKE(sections);

		set32(&file, entry(1, 8), row[i].memory);
		set32(&file, entry(1, 16), row[i].file);
		assert_says(0, NULL, parse(&file));
		if (row[i].cmdline)
			assert_string_equal(extras.cmdline, row[i].cmdline);
		else
			assert_null(extras.cmdline);
		buffer_free(&file);
	}
}

/* What follows a kernel stays with it, as a signature may, unless it is more than there is room for. */
static void tail(void **state)
{
	const size_t loaded = kernel.size - 1024;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct buffer file = { .data = must_calloc(kernel.size + 100 + more), .size = kernel.size + 100 + more };

		memcpy(file.data, kernel.data, kernel.size);
		set32(&file, 0x260, (uint32_t)loaded + 100);
		assert_says(0, NULL, parse(&file));
		assert_int_equal(image.kernel_size, loaded);
		assert_int_equal(extras.unpacked, more);
		assert_int_equal(file.size, more ? kernel.size : kernel.size + 100);
		buffer_free(&file);
	}
}

#ifdef HAVE_CODEC_GZIP
static struct buffer packed(const struct buffer *in)
{
	struct buffer out = { .data = must_calloc(in->size + 1000), .size = 0 };
	z_stream z = { .next_in = in->data, .avail_in = (uInt)in->size,
		       .next_out = out.data, .avail_out = (uInt)in->size + 1000 };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out.size = z.total_out;
	deflateEnd(&z);
	return out;
}

/* Compressed outside, inside, and both. */
static void compressed(void **state)
{
	struct buffer inner = packed(&kernel), uki;
	const struct section sections[] = { { ".linux", inner.data, inner.size },
					    TEXT_SECTION(".cmdline", "quiet") };

	(void)state;
	uki = MAKE(sections);
	for (int i = 0; i < 2; i++) {
		struct buffer file = i ? packed(&uki) : uki;

		assert_says(0, NULL, parse(&file));
		assert_kernel(&file);
		assert_string_equal(extras.cmdline, "quiet");
		buffer_free(&file);
		if (!i)
			uki = MAKE(sections);
	}
	buffer_free(&uki);
	buffer_free(&inner);
}
#endif

static void nested(void **state)
{
	struct buffer inner = make_whole(), file;
	const struct section sections[] = { { ".linux", inner.data, inner.size } };

	(void)state;
	file = MAKE(sections);
	assert_refused("another one inside", parse(&file));
	buffer_free(&file);
	buffer_free(&inner);
}

/* ---- Addons ----------------------------------------------------------------------------- */

static struct tree tree;
static char beside[300];		/* the kernel's path */

static int setup_addons(void **state)
{
	(void)state;
	tree_make(&tree);
	snprintf(beside, sizeof(beside), "%s/uki.efi", tree.path);
	tree_write(&tree, "uki.efi", "MZ", 2);
	kernel_extras_free(&extras);
	extras.cmdline = must_copy("own", 4);
	extras.uname = must_copy("7.3", 4);
	return 0;
}

static int teardown_addons(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static void put_addon(const char *name, const struct section *sections, size_t count)
{
	struct buffer file = make_uki(sections, count);
	char path[100];

	snprintf(path, sizeof(path), "uki.efi.extra.d/%s", name);
	tree_write(&tree, path, file.data, file.size);
	buffer_free(&file);
}

/* By name, whatever the folder lists first; the rest of it is named. */
static void addons(void **state)
{
	const struct section last[] = { TEXT_SECTION(".cmdline", "z\n") };
	const struct section first[] = { TEXT_SECTION(".cmdline", " a "), TEXT_SECTION(".uname", "7.3") };
	const struct section silent[] = { TEXT_SECTION(".dtb", "tree") };
	const struct section other[] = { TEXT_SECTION(".cmdline", "no"), TEXT_SECTION(".uname", "7.2") };

	(void)state;
	assert_says(0, NULL, uki_addons_append(beside, &extras));
	put_addon("b.addon.efi", last, 1);
	put_addon("a.addon.efi", first, 2);
	put_addon("c.addon.efi", silent, 1);
	assert_says(0, "of '", uki_addons_append(beside, &extras));
	assert_string_equal(extras.cmdline, "own a z");
	put_addon("other.addon.efi", other, 2);
	assert_says(0, "other.addon.efi' is left out, as it is for another kernel",
		    uki_addons_append(beside, &extras));
	assert_string_equal(extras.cmdline, "own a z a z");
	put_addon("x.cred", last, 1);
	assert_says(0, "x.cred' is not passed on", uki_addons_append(beside, &extras));
	free(extras.cmdline);
	extras.cmdline = NULL;
	assert_says(0, "other.addon.efi' is left out", uki_addons_append(beside, &extras));
	assert_string_equal(extras.cmdline, "a z");
}

static void addons_refused(void **state)
{
	const struct section whole[] = { TEXT_SECTION(".cmdline", "a"), LINUX };

	(void)state;
	put_addon("a.addon.efi", whole, 2);
	assert_refused("a.addon.efi' as an addon of the kernel: it has a kernel of its own", uki_addons_append(beside, &extras));
	tree_write(&tree, "uki.efi.extra.d/a.addon.efi", "MZ", 2);
	assert_refused("give the whole command line with --append", uki_addons_append(beside, &extras));
	assert_string_equal(extras.cmdline, "own");
}

/* ---- What is refused ------------------------------------------------------------------ */

/* One number of make_whole() that is wrong. Its sections: osrel, cmdline, initrd, ucode, linux. */
static const struct bad {
	const char *name;
	size_t at;
	unsigned int size;
	uint32_t value;
	enum image_error err;
} bad[] = {
	{ "pe-away",		0x3c, 4, UINT32_MAX, IMAGE_ERR_TYPE },
	{ "pe-at-end",		0x3c, 4, 0x1000, IMAGE_ERR_TYPE },
	{ "no-signature",	PE_AT, 4, 0, IMAGE_ERR_TYPE },
	{ "sections-many",	PE_AT + 6, 2, 0xffff, IMAGE_ERR_TYPE },
	{ "sections-none",	PE_AT + 6, 2, 0, IMAGE_ERR_TYPE },
	{ "optional-long",	PE_AT + 20, 2, 0xffff, IMAGE_ERR_TYPE },
	{ "name-longer",	TABLE_AT + 4 * 40 + 6, 2, 0x3232, IMAGE_ERR_TYPE },
	{ "arm64",		PE_AT + 4, 2, 0xaa64, IMAGE_ERR_MACHINE },
	{ "linux-empty",	TABLE_AT + 4 * 40 + 8, 4, 0, IMAGE_ERR_SECTIONS },
	{ "linux-away",		TABLE_AT + 4 * 40 + 20, 4, UINT32_MAX, IMAGE_ERR_TRUNCATED },
	{ "initrd-away",	TABLE_AT + 2 * 40 + 20, 4, 0x7fffffff, IMAGE_ERR_TRUNCATED },
	{ "cmdline-away",	TABLE_AT + 1 * 40 + 20, 4, 0x100000, IMAGE_ERR_TRUNCATED },
};

static struct buffer make_bad(const struct bad *b)
{
	struct buffer file = make_whole();

	if (b->size == 2)
		set16(&file, b->at, (uint16_t)b->value);
	else
		set32(&file, b->at, b->value);
	return file;
}

static void bad_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buffer file = make_bad(&bad[i]);
		enum image_error err = image_parse(file.data, file.size, &image);

		if (err != bad[i].err)
			fail_msg("%s: %s", bad[i].name, image_strerror(err));
		assert_refused(image_strerror(err), parse(&file));
		buffer_free(&file);
	}
}

/* What is wrong with the kernel inside is said of it. */
static void bad_kernel(void **state)
{
	const struct section sections[] = { { ".linux", kernel.data, kernel.size - 16 } };
	const struct section text[] = { TEXT_SECTION(".linux", "text") };
	struct buffer file = MAKE(sections);

	(void)state;
	assert_refused("in its .linux section, truncated", parse(&file));
	buffer_free(&file);
	file = MAKE(text);
	assert_refused("in its .linux section, of no known type", parse(&file));
	buffer_free(&file);
}

/* A kernel that only another profile has is none. */
static void kernel_of_another_profile(void **state)
{
	const struct section sections[] = { TEXT_SECTION(".profile", "ID=0"),
					    TEXT_SECTION(".profile", "ID=1"), LINUX };
	struct buffer file = MAKE(sections);

	(void)state;
	assert_refused("without a kernel", parse(&file));
	buffer_free(&file);
}

static void overlapping(void **state)
{
	struct buffer file = make_whole();

	(void)state;
	for (size_t i = 2; i < 4; i++) {
		set32(&file, entry(i, 8), (uint32_t)file.size);
		set32(&file, entry(i, 16), (uint32_t)file.size);
		set32(&file, entry(i, 20), 0);
	}
	assert_refused("sections that overlap", parse(&file));
	buffer_free(&file);
}

/* Copies of their own size show reads past the end. */
static void cut(void **state)
{
	struct buffer whole = make_whole();
	size_t last = whole.size - round_up(kernel.size) + kernel.size;

	(void)state;
	for (size_t n = 0; n <= whole.size; n++) {
		struct buffer file = { .data = must_copy(whole.data, n), .size = n };
		enum image_error err = image_parse(file.data, n, &image);

		if (n >= last)
			assert_int_equal(err, IMAGE_OK);
		else
			assert_int_equal(err, n < TABLE_AT + 5 * 40 ? IMAGE_ERR_TYPE : IMAGE_ERR_TRUNCATED);
		buffer_free(&file);
	}
	buffer_free(&whole);
}

static void cmdlines(void **state)
{
	static const struct {
		const char *raw, *clean;
	} row[] = {
		{ "", "" }, { " \n\t ", "" }, { "a", "a" }, { "\na\tb\n", "a b" }, { "a  b", "a  b" },
		{ "\xc3\xa4 \x7f", "\xc3\xa4 \x7f" },
	};
	char line[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		strcpy(line, row[i].raw);
		image_clean_cmdline(line);
		assert_string_equal(line, row[i].clean);
	}
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
	const struct section sections[] = {
		LINUX, TEXT_SECTION(".profile", "ID=0"), TEXT_SECTION(".cmdline", "zero"),
		TEXT_SECTION(".profile", "ID=1"), TEXT_SECTION(".cmdline", "one"),
	};
	const struct section addon[] = { TEXT_SECTION(".cmdline", "more"), TEXT_SECTION(".uname", "7.3") };
	struct buffer b = make_whole();

	write_seed(dir, "whole", &b);
	b = MAKE(sections);
	write_seed(dir, "profiles", &b);
	b = MAKE(addon);
	write_seed(dir, "addon", &b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		b = make_bad(&bad[i]);
		write_seed(dir, bad[i].name, &b);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(with_signature), cmocka_unit_test(kernel_alone),
		cmocka_unit_test(microcode_alone), cmocka_unit_test(profiles), cmocka_unit_test(sizes),
		cmocka_unit_test(tail),
#ifdef HAVE_CODEC_GZIP
		cmocka_unit_test(compressed),
#endif
		cmocka_unit_test_setup_teardown(addons, setup_addons, teardown_addons),
		cmocka_unit_test_setup_teardown(addons_refused, setup_addons, teardown_addons),
		cmocka_unit_test(nested), cmocka_unit_test(bad_numbers),
		cmocka_unit_test(bad_kernel), cmocka_unit_test(kernel_of_another_profile), cmocka_unit_test(overlapping),
		cmocka_unit_test(cut), cmocka_unit_test(cmdlines),
	};
	int failed;

	if (file_read(DATA "/target.bzImage", "kernel", KERNEL_FILE_MAX, &kernel))
		return 1;
	failed = argc == 3 && !strcmp(argv[1], "--write-corpus") ?
		 write_corpus(argv[2]) : cmocka_run_group_tests(tests, NULL, NULL);
	kernel_extras_free(&extras);
	buffer_free(&kernel);
	return failed;
}
