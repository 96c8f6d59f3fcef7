// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel was handed, as sysfs shows it: a payload written down by hand,
 * then damaged in each of its parts.
 *
 *   test-incoming --write-corpus DIR     the seeds of tests/fuzz/fuzz-incoming.c
 */
#include <stdio.h>

#include "crc32c.h"
#include "incoming.h"
#include "tree.h"
#include "unit.h"

#define SETUP_DATA	"sys/kernel/boot_params/setup_data/"
#define ADDR		0x140000000ull
#define BLOB_SIZE	304

struct image {
	struct kho_setup_data header;	/* not in sysfs */
	struct kho_payload payload;
	unsigned char pad[KHO_REPORT_OFFSET - sizeof(struct kho_setup_data) -
			  sizeof(struct kho_payload)];
	struct kho_report report;
	struct {
		struct kho_table head;
		struct kho_entry entry[2];
		uint32_t digest[2];
	} table;
	struct kho_item item[4];
	unsigned char blob[BLOB_SIZE];
};

static struct image image;
static struct tree tree;
static struct incoming in;

static void fill_table(void)
{
	const uint64_t blob = ADDR + offsetof(struct image, blob);

	image.table.head = (struct kho_table){
		.magic = KHO_TABLE_MAGIC, .version = KHO_FORMAT_VERSION,
		.algorithm = KHO_DIGEST_CRC32C, .chunk_shift = KHO_CHUNK_SHIFT,
		.entry_count = 2, .digest_count = 2,
	};
	image.table.entry[0] = (struct kho_entry){ 0x1000000, 4096, KHO_CLASS_KERNEL, 0, 0, "kernel" };
	image.table.entry[1] = (struct kho_entry){ blob, BLOB_SIZE, KHO_CLASS_STATE, 0, 1, "conf" };
	image.table.digest[1] = crc32c(0, image.blob, BLOB_SIZE);
}

static void fill_image(void)
{
	memset(&image, 0, sizeof(image));
	for (unsigned int i = 0; i < BLOB_SIZE; i++)
		image.blob[i] = (unsigned char)(i * 31 + 7);
	image.payload = (struct kho_payload){
		.magic = KHO_PAYLOAD_MAGIC, .version = KHO_FORMAT_VERSION, .item_count = 4,
		.addr = ADDR, .size = sizeof(image),
		.table_offset = offsetof(struct image, table), .table_size = sizeof(image.table),
		.item_offset = offsetof(struct image, item), .hop = 3,
		.from_release = "7.3.4", .abi = "kho-v4",
	};
	image.report = (struct kho_report){ .magic = KHO_REPORT_MAGIC, .result = KHO_RESULT_VERIFIED };
	fill_table();
	image.item[0] = (struct kho_item){ "pool", KHO_ITEM_REGION, 0, 0x180000000, 0x200000 };
	image.item[1] = (struct kho_item){ "conf", KHO_ITEM_BLOB, KHO_ITEM_VERIFIED,
					   ADDR + offsetof(struct image, blob), BLOB_SIZE };
	image.item[2] = (struct kho_item){ "none", KHO_ITEM_BLOB, 0,
					   ADDR + offsetof(struct image, blob), 0 };
	image.item[3] = (struct kho_item){ "conf", KHO_ITEM_NODE, 0, 0x5000, 73 };
}

static int setup(void **state)
{
	(void)state;
	fill_image();
	tree_make(&tree);
	tree_write(&tree, SETUP_DATA "0/type", "0x4\n", 4);
	tree_write(&tree, SETUP_DATA "0/data", "efi", 3);
	tree_write(&tree, SETUP_DATA "12/type", "0x6b686f01\n", 11);
	tree_write(&tree, SETUP_DATA "13/type", "0x6b686f02\n", 11);
	tree_write(&tree, SETUP_DATA "13/data", "indirect", 8);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static int open_size(size_t size)
{
	tree_write(&tree, SETUP_DATA "12/data", (const char *)&image + sizeof(image.header), size);
	return incoming_open(&tree.root, &in);
}

static int reopen(void)
{
	return open_size(sizeof(image) - sizeof(image.header));
}

/* The result of reading item INDEX, which must be that of the good image on success. */
static int read_item(unsigned int index)
{
	struct buffer blob;
	int err;

	assert_int_equal(reopen(), 1);
	err = incoming_read_blob(&in, &in.item[index], &blob);
	if (!err) {
		assert_int_equal(blob.size, image.item[index].size);
		assert_memory_equal(blob.data, image.blob, blob.size);
		buffer_free(&blob);
	}
	incoming_close(&in);
	return err;
}

static void nothing(void **state)
{
	struct tree empty;

	(void)state;
	tree_make(&empty);
	assert_int_equal(incoming_open(&empty.root, &in), 0);
	tree_remove(&empty);
	tree_write(&tree, SETUP_DATA "12/type", "0x9\n", 4);
	assert_int_equal(reopen(), 0);
	tree_write(&tree, SETUP_DATA "x/type", "0x6b686f01\n", 11);
	tree_write(&tree, SETUP_DATA "12/type", "0x6b686f01 x\n", 13);
	assert_int_equal(reopen(), 0);
}

static void found(void **state)
{
	const struct kho_item *item;
	char name[KHO_NAME_MAX];

	(void)state;
	assert_int_equal(reopen(), 1);
	assert_memory_equal(&in.payload, &image.payload, sizeof(in.payload));
	assert_memory_equal(&in.report, &image.report, sizeof(in.report));
	assert_memory_equal(in.item, image.item, sizeof(image.item));
	item = incoming_find(&in, KHO_ITEM_BLOB, "conf");
	assert_ptr_equal(item, &in.item[1]);
	assert_ptr_equal(incoming_find(&in, KHO_ITEM_NODE, "conf"), &in.item[3]);
	assert_null(incoming_find(&in, KHO_ITEM_REGION, "conf"));
	assert_null(incoming_find(&in, KHO_ITEM_BLOB, "con"));
	incoming_entry_name(&in, 0, name);
	assert_string_equal(name, "kernel");
	incoming_entry_name(&in, 1, name);
	assert_string_equal(name, "conf");
	incoming_entry_name(&in, 2, name);
	assert_string_equal(name, "?");
	incoming_close(&in);
	assert_int_equal(read_item(1), 0);
	assert_int_equal(read_item(2), 0);
}

#define SEGMENT		"sys/kernel/kho/in/segment"

/* A kernel that shows it itself shows it whole, and comes first. */
static void shown_by_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(reopen(), 1);
	incoming_close(&in);
	image.payload.hop = 4;
	tree_write(&tree, SEGMENT, &image, sizeof(image));
	image.payload.hop = 3;
	tree_unlink(&tree, SETUP_DATA "12/type");
	assert_int_equal(incoming_open(&tree.root, &in), 1);
	assert_int_equal(in.payload.hop, 4);
	assert_memory_equal(in.item, image.item, sizeof(image.item));
	incoming_close(&in);
	tree_unlink(&tree, SEGMENT);
	assert_int_equal(incoming_open(&tree.root, &in), 0);
	tree_write(&tree, SEGMENT, "", 0);
	assert_int_equal(incoming_open(&tree.root, &in), 0);
	image.payload.item_offset = 15;
	tree_write(&tree, SEGMENT, &image, sizeof(image));
	assert_int_equal(incoming_open(&tree.root, &in), -1);
}

/* Both files, read by address: only one of them has the header. */
static void read_by_address(void **state)
{
	unsigned char buf[BLOB_SIZE];

	(void)state;
	for (unsigned int whole = 0; whole < 2; whole++) {
		if (whole)
			tree_write(&tree, SEGMENT, &image, sizeof(image));
		assert_int_equal(reopen(), 1);
		assert_int_equal(incoming_read(&in, ADDR + offsetof(struct image, blob), buf, BLOB_SIZE), 0);
		assert_memory_equal(buf, image.blob, BLOB_SIZE);
		assert_int_equal(incoming_read(&in, ADDR + offsetof(struct image, payload), buf, 8), 0);
		assert_memory_equal(buf, &image.payload.magic, 8);
		assert_int_equal(incoming_read(&in, ADDR, buf, 16), whole ? 0 : -1);
		assert_int_equal(incoming_read(&in, ADDR + sizeof(image) - 1, buf, 2), -1);
		assert_int_equal(incoming_read(&in, ADDR - 1, buf, 2), -1);
		incoming_close(&in);
	}
}

static void no_data(void **state)
{
	(void)state;
	assert_int_equal(reopen(), 1);
	incoming_close(&in);
	tree_unlink(&tree, SETUP_DATA "12/data");
	assert_int_equal(incoming_open(&tree.root, &in), -1);
}

static void truncated(void **state)
{
	const size_t header = sizeof(image.header);

	(void)state;
	for (size_t end = header; end < sizeof(image); end++) {
		struct buffer blob;
		int ret = open_size(end - header);

		assert_int_equal(ret, end < offsetof(struct image, blob) ? -1 : 1);
		if (ret < 0)
			continue;
		assert_int_equal(incoming_read_blob(&in, &in.item[1], &blob), -1);
		incoming_close(&in);
	}
}

static void trusted(void **state)
{
	static const bool want[] = {
		[KHO_RESULT_NONE] = false, [KHO_RESULT_VERIFIED] = true,
		[KHO_RESULT_MISMATCH] = false, [KHO_RESULT_SKIPPED] = true, [7] = false,
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		image.report.result = i;
		assert_int_equal(reopen(), 1);
		assert_int_equal(incoming_trusted(&in, "test"), want[i]);
		incoming_close(&in);
	}
}

/*
 * A damaged header is an error, unless purgatory has said so already: then the
 * report is what matters, and there are no items.
 */
static void assert_bad_header(void)
{
	assert_int_equal(reopen(), -1);
	image.report.result = KHO_RESULT_MISMATCH;
	assert_int_equal(reopen(), 1);
	assert_int_equal(in.payload.item_count, 0);
	assert_null(incoming_find(&in, KHO_ITEM_BLOB, "conf"));
	incoming_close(&in);
}

#define BAD_HEADER(field, value) do { \
	fill_image(); \
	image.payload.field = (value); \
	assert_bad_header(); \
} while (0)

static void bad_header(void **state)
{
	(void)state;
	BAD_HEADER(magic, KHO_PAYLOAD_MAGIC ^ 1);
	BAD_HEADER(version, KHO_FORMAT_VERSION + 1);
	BAD_HEADER(addr, UINT64_MAX);
	BAD_HEADER(size, UINT64_MAX);
	BAD_HEADER(size, 0);
	BAD_HEADER(size, offsetof(struct image, item[3]));
	BAD_HEADER(item_count, 257);
	BAD_HEADER(item_count, UINT32_MAX);
	BAD_HEADER(item_offset, 0);
	BAD_HEADER(item_offset, 15);
	BAD_HEADER(item_offset, sizeof(image));
	BAD_HEADER(item_offset, UINT64_MAX);
	BAD_HEADER(table_offset, 0);
	BAD_HEADER(table_offset, UINT64_MAX);
	BAD_HEADER(table_size, sizeof(image));
	BAD_HEADER(table_size, UINT64_MAX);
	fill_image();
	memset(image.payload.from_release, 'x', sizeof(image.payload.from_release));
	assert_bad_header();
	fill_image();
	memset(image.payload.abi, 'x', sizeof(image.payload.abi));
	assert_bad_header();
	fill_image();
	image.report.magic ^= 1;
	assert_int_equal(reopen(), -1);
}

static void bad_items(void **state)
{
	(void)state;
	memset(image.item[3].name, 'x', KHO_NAME_MAX);
	assert_int_equal(reopen(), -1);
	fill_image();
	image.payload.size += 4096;	/* more than sysfs has */
	image.payload.item_offset = sizeof(image);
	assert_int_equal(reopen(), -1);
}

static void blob_outside(void **state)
{
	static const struct {
		uint64_t addr, size;
	} bad[] = {
		{ 0, BLOB_SIZE },
		{ ADDR - 1, BLOB_SIZE },
		{ ADDR, BLOB_SIZE },		/* the header, which sysfs has not */
		{ ADDR + 15, 1 },
		{ ADDR + sizeof(image), 1 },
		{ ADDR + sizeof(image) - 1, 2 },
		{ ADDR + 16, UINT64_MAX },
		{ UINT64_MAX, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		image.item[1].addr = bad[i].addr;
		image.item[1].size = bad[i].size;
		assert_int_equal(read_item(1), -1);
	}
}

static void blob_damaged(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BLOB_SIZE; i += 13) {
		image.blob[i] ^= 0x10;
		image.report.result = KHO_RESULT_VERIFIED;
		assert_int_equal(read_item(1), -1);
		/* Nobody took digests: nothing to compare with. */
		image.report.result = KHO_RESULT_SKIPPED;
		assert_int_equal(read_item(1), 0);
		image.blob[i] ^= 0x10;
	}
}

#define BAD_TABLE(field, value) do { \
	fill_image(); \
	image.field = (value); \
	assert_int_equal(read_item(1), -1); \
} while (0)

static void table_damaged(void **state)
{
	(void)state;
	BAD_TABLE(table.head.magic, 0);
	BAD_TABLE(table.head.version, KHO_FORMAT_VERSION - 1);
	BAD_TABLE(table.head.algorithm, 2);
	BAD_TABLE(table.head.chunk_shift, 20);
	BAD_TABLE(table.head.entry_count, 1);
	BAD_TABLE(table.head.entry_count, 3);
	BAD_TABLE(table.head.entry_count, UINT32_MAX);
	BAD_TABLE(table.head.digest_count, 1);
	BAD_TABLE(table.head.digest_count, 3);
	BAD_TABLE(table.head.digest_count, UINT32_MAX);
	BAD_TABLE(table.entry[1].addr, ADDR);
	BAD_TABLE(table.entry[1].size, BLOB_SIZE - 1);
	BAD_TABLE(table.entry[1].first_digest, 2);
	BAD_TABLE(table.entry[1].first_digest, UINT32_MAX);
	BAD_TABLE(table.digest[1], 0);
	BAD_TABLE(payload.table_size, sizeof(image.table) - 1);
	BAD_TABLE(payload.table_size, 8);
}

static void entry_name_without_end(void **state)
{
	char name[KHO_NAME_MAX];

	(void)state;
	memset(image.table.entry[0].name, 'x', KHO_NAME_MAX);
	assert_int_equal(reopen(), 1);
	incoming_entry_name(&in, 0, name);
	assert_int_equal(strlen(name), KHO_NAME_MAX - 1);
	incoming_close(&in);
}

static int write_seed(const char *dir, const char *name)
{
	const size_t header = sizeof(image.header);
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f || fwrite((char *)&image + header, sizeof(image) - header, 1, f) != 1 || fclose(f)) {
		perror(path);
		return 1;
	}
	return 0;
}

static int write_corpus(const char *dir)
{
	int rc;

	fill_image();
	rc = write_seed(dir, "verified");
	image.blob[1] ^= 1;
	rc |= write_seed(dir, "blob-damaged");
	image.report.result = KHO_RESULT_SKIPPED;
	rc |= write_seed(dir, "skipped");
	image.report.result = KHO_RESULT_MISMATCH;
	image.payload.magic = 0;
	rc |= write_seed(dir, "header-damaged");
	return rc;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(found, setup, teardown),
		cmocka_unit_test_setup_teardown(shown_by_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(read_by_address, setup, teardown),
		cmocka_unit_test_setup_teardown(no_data, setup, teardown),
		cmocka_unit_test_setup_teardown(truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(trusted, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_header, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_items, setup, teardown),
		cmocka_unit_test_setup_teardown(blob_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(blob_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(table_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(entry_name_without_end, setup, teardown),
	};

	if (argc == 3 && !strcmp(argv[1], "--write-corpus"))
		return write_corpus(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
