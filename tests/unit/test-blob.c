// SPDX-License-Identifier: GPL-2.0-only
/* A blob inside of an FDT, seen by libfdt; hostile FDTs that claim to be one. */
#include <endian.h>

#include <libfdt.h>

#include "kho.h"
#include "unit.h"

#define DATA_SIZE	1000

/* Wrap SIZE bytes of DATA into a buffer of just the size asked for. */
static unsigned char *wrap(const void *data, size_t size, size_t *ret_offset)
{
	size_t total = kho_blob_wrapped_size(size);
	unsigned char *buf = must_calloc(total);

	memset(buf, 0xee, total);
	assert_int_equal(kho_blob_wrap(buf, total, size, ret_offset), 0);
	assert_true(*ret_offset + size <= total);
	memcpy(buf + *ret_offset, data, size);
	return buf;
}

/* What debugfs of 6.18 reads: as many bytes as bytes 4 to 7 say. */
static uint32_t size_by_debugfs(const unsigned char *buf)
{
	return (uint32_t)buf[4] << 24 | (uint32_t)buf[5] << 16 | (uint32_t)buf[6] << 8 | buf[7];
}

static void every_size(void **state)
{
	unsigned char data[DATA_SIZE];
	uint32_t seed = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)random_next(&seed);
	for (size_t size = 0; size <= sizeof(data); size++) {
		size_t total = kho_blob_wrapped_size(size), offset, found_offset, found_size;
		unsigned char *buf = wrap(data, size, &offset);
		const void *prop;
		int len;

		assert_int_equal(fdt_check_full(buf, total), 0);
		assert_int_equal(size_by_debugfs(buf), total);
		assert_int_equal(fdt_node_check_compatible(buf, 0, "kho-blob-v1"), 0);
		prop = fdt_getprop(buf, 0, "data", &len);
		assert_ptr_equal(prop, buf + offset);
		assert_int_equal(len, size);
		assert_int_equal(offset % 4, 0);
		/* Padding tells nothing of the buffer. */
		for (size_t i = size; i % 4; i++)
			assert_int_equal(buf[offset + i], 0);
		assert_int_equal(kho_blob_unwrap(buf, total, &found_offset, &found_size), 0);
		assert_int_equal(found_offset, offset);
		assert_int_equal(found_size, size);
		assert_memory_equal(buf + offset, data, size);
		free(buf);
	}
}

static void wrap_errors(void **state)
{
	_Alignas(8) unsigned char buf[512];
	size_t need = kho_blob_wrapped_size(5), offset = 42;

	(void)state;
	for (size_t size = 0; size < need; size++)
		assert_int_equal(kho_blob_wrap(buf, size, 5, &offset), -KHO_ERR_NOSPACE);
	assert_int_equal(offset, 42);
	assert_int_equal(kho_blob_wrap(buf, sizeof(buf), 5, &offset), 0);
	assert_int_equal(size_by_debugfs(buf), need);
}

/* An FDT's sizes are ints for libfdt. */
static void size_limit(void **state)
{
	size_t overhead = kho_blob_wrapped_size(0), offset = 42;
	size_t most = INT32_MAX - overhead - 4;

	(void)state;
	assert_true(overhead > 0 && overhead < 200);
	assert_int_equal(kho_blob_wrapped_size(most), (most + 3) / 4 * 4 + overhead);
	for (size_t size = most + 1; size; size = size < SIZE_MAX / 2 ? size * 2 : 0) {
		assert_int_equal(kho_blob_wrapped_size(size), 0);
		assert_int_equal(kho_blob_wrap(NULL, SIZE_MAX, size, &offset), -KHO_ERR_LIMIT);
	}
	assert_int_equal(kho_blob_wrapped_size(SIZE_MAX), 0);
	assert_int_equal(offset, 42);
}

/* Cut at every byte; then with a header that agrees with the cut. */
static void truncated(void **state)
{
	size_t total = kho_blob_wrapped_size(9), offset, size;
	unsigned char *whole = wrap("123456789", 9, &offset);

	(void)state;
	for (size_t len = 0; len < total; len++) {
		unsigned char *cut = must_copy(whole, len);

		assert_int_equal(kho_blob_unwrap(cut, len, &offset, &size), -KHO_ERR_BADFDT);
		if (len >= 8) {
			fdt_set_totalsize(cut, (uint32_t)len);
			assert_int_equal(kho_blob_unwrap(cut, len, &offset, &size),
					 -KHO_ERR_BADFDT);
		}
		free(cut);
	}
	free(whole);
}

/* Whichever byte is changed, the result lies in the buffer. */
static void any_byte(void **state)
{
	size_t total = kho_blob_wrapped_size(9), offset;
	unsigned char *buf = wrap("123456789", 9, &offset);

	(void)state;
	for (size_t i = 0; i < total; i++) {
		const unsigned char was = buf[i];

		for (unsigned int value = 0; value < 256; value++) {
			size_t found = SIZE_MAX, size = SIZE_MAX;
			int err;

			buf[i] = (unsigned char)value;
			err = kho_blob_unwrap(buf, total, &found, &size);
			if (err)
				assert_true(err == -KHO_ERR_BADFDT || err == -KHO_ERR_ABI ||
					    err == -KHO_ERR_BADNODE);
			else
				assert_true(found <= total && size <= total - found);
			assert_true(!err || (found == SIZE_MAX && size == SIZE_MAX));
		}
		buf[i] = was;
	}
	free(buf);
}

static void *other_fdt(const char *compatible, const char *prop, size_t size)
{
	void *fdt = must_calloc(size);

	assert_int_equal(fdt_create(fdt, (int)size), 0);
	assert_int_equal(fdt_finish_reservemap(fdt), 0);
	assert_int_equal(fdt_begin_node(fdt, ""), 0);
	if (compatible)
		assert_int_equal(fdt_property_string(fdt, "compatible", compatible), 0);
	assert_int_equal(fdt_property_u32(fdt, prop, 7), 0);
	assert_int_equal(fdt_end_node(fdt), 0);
	assert_int_equal(fdt_finish(fdt), 0);
	return fdt;
}

static void other_fdts(void **state)
{
	static const struct {
		const char *compatible, *prop;
		int err;
	} fdt[] = {
		{ "kho-blob-v1", "data", 0 },
		{ "kho-blob-v1", "date", -KHO_ERR_BADNODE },
		{ "kho-blob-v2", "data", -KHO_ERR_ABI },
		{ "kho-blob-v11", "data", -KHO_ERR_ABI },
		{ "memblock-v1", "data", -KHO_ERR_ABI },
		{ "", "data", -KHO_ERR_ABI },
		{ NULL, "data", -KHO_ERR_ABI },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fdt); i++) {
		void *buf = other_fdt(fdt[i].compatible, fdt[i].prop, 512);
		size_t offset = 42, size = 42;

		assert_int_equal(kho_blob_unwrap(buf, 512, &offset, &size), fdt[i].err);
		assert_int_equal(size, fdt[i].err ? 42 : 4);
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size),
		cmocka_unit_test(wrap_errors),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(truncated),
		cmocka_unit_test(any_byte),
		cmocka_unit_test(other_fdts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
