// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image reader on real kernels: KHO_TEST_KERNELS="PATH ...", as "./check" sets it. What it
 * finds in the compressed code is compared with the setup header, and with what is known of
 * these releases. Without kernels the test is skipped.
 */
#include <stdio.h>
#include <time.h>

#include "files.h"
#include "image.h"
#include "unit.h"

#define SKIPPED		77	/* as automake understands it */
#define VERSION_AT	0x20e	/* boot.rst: where the release is, counted from 0x200 */
#define KERNEL_MAX	(256u << 20)

/* Of the kernels that tests/vm/kernel makes. */
static const struct {
	const char *release, *kho, *luo, *memfd;
	enum scratch_name scratch;
} known[] = {
	{ "6.12.", "", "", "", SCRATCH_NAME_UNKNOWN },
	{ "6.18.", "kho-v1", "", "", SCRATCH_NAME_SCRATCH },
	{ "7.3.", "kho-v4", "luo-v5", "memfd-v2", SCRATCH_NAME_SCRATCH },
	/* The stand-in, whose built-in initramfs says otherwise. */
	{ "7.4.", "kho-v4", "luo-v5", "memfd-v2", SCRATCH_NAME_BOOTMEM },
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* How much of the time is the search: scan the same bytes uncompressed. */
static void print_scan_time(const uint8_t *payload, size_t size, double scan_ms)
{
	struct kernel_features f;
	const char *format;
	double t;
	void *data;
	size_t n;

	assert_int_equal(image_unpack(payload, size, 1 << 30, &data, &n), IMAGE_OK);
	t = now_ms();
	assert_int_equal(image_scan(data, n, &f, &format), IMAGE_OK);
	print_message("  %zu bytes of vmlinux: scan %.1f ms in all, search alone %.1f ms\n", n,
		      scan_ms, now_ms() - t);
	free(data);
}

/* The first word of the text that the setup header points to. */
static void assert_release(const struct buffer *image, const char *release)
{
	size_t at = 0x200 + (image->data[VERSION_AT] | (size_t)image->data[VERSION_AT + 1] << 8);
	size_t length = strlen(release);

	assert_true(length > 0 && at + length < image->size);
	assert_memory_equal(image->data + at, release, length);
	assert_int_equal(image->data[at + length], ' ');
}

static void assert_features(const struct kernel_features *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strncmp(f->release, known[i].release, strlen(known[i].release)))
			continue;
		assert_string_equal(f->kho, known[i].kho);
		assert_string_equal(f->luo, known[i].luo);
		assert_string_equal(f->memfd, known[i].memfd);
		assert_int_equal(f->scratch_name, known[i].scratch);
		assert_false(f->kho_ambiguous || f->kho_disabled);
		return;
	}
	fail_msg("of release '%s' nothing is known: add a row", f->release);
}

static void read_kernel(const char *path)
{
	struct kernel_features f;
	const char *format;
	struct buffer image;
	struct image b;
	double t;

	assert_int_equal(file_read(path, "kernel", KERNEL_MAX, &image), 0);
	assert_int_equal(image_parse(image.data, image.size, &b), IMAGE_OK);
	assert_true(b.payload_size > 0);
	t = now_ms();
	assert_int_equal(image_scan(image.data + b.payload_offset, b.payload_size, &f, &format),
			 IMAGE_OK);
	t = now_ms() - t;
	print_message("%s:\n  %s release '%s' kho '%s' luo '%s' memfd '%s'\n", path, format,
		      f.release, f.kho, f.luo, f.memfd);
	assert_release(&image, f.release);
	assert_features(&f);
	print_scan_time(image.data + b.payload_offset, b.payload_size, t);
	buffer_free(&image);
}

static void real_kernels(void **state)
{
	char *list = strdup(getenv("KHO_TEST_KERNELS")), *rest = list, *path;

	(void)state;
	assert_non_null(list);
	while ((path = strsep(&rest, " ")))
		if (*path)
			read_kernel(path);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_kernels),
	};
	const char *list = getenv("KHO_TEST_KERNELS");

	if (!list || !*list) {
		puts("name kernels: make check-kernels KHO_TEST_KERNELS=\"bzImage ...\"");
		return EXIT_FAILURE;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
