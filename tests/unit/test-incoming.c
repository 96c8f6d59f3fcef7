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
#include "setup-data-sysfs.h"
#include "kho.h"
#include "message.h"
#include "report.h"
#include "said.h"
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
	/* What cannot be read may be ours. */
	tree_write(&tree, SETUP_DATA "12/type", "0x6b686f01 x\n", 13);
	assert_refused("cannot read what is in /", reopen());
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
	assert_ptr_equal(incoming_find(&in, KHO_ITEM_REGION, "pool"), &in.item[0]);
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
	assert_refused("header is damaged", incoming_open(&tree.root, &in));
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

/* The file may be longer than the payload says; the rest does not belong to it. */
static void read_up_to_its_size(void **state)
{
	const uint64_t blob = ADDR + offsetof(struct image, blob);
	unsigned char buf[BLOB_SIZE];

	(void)state;
	image.payload.size = offsetof(struct image, blob) + 10;
	assert_int_equal(reopen(), 1);
	assert_int_equal(incoming_read(&in, blob, buf, 10), 0);
	assert_memory_equal(buf, image.blob, 10);
	assert_int_equal(incoming_read(&in, blob, buf, 11), -1);
	assert_int_equal(incoming_read(&in, blob + 9, buf, 1), 0);
	assert_int_equal(incoming_read(&in, blob + 9, buf, 2), -1);
	assert_int_equal(incoming_read(&in, blob + 11, buf, 1), -1);
	incoming_close(&in);
}

/* Every entry of setup_data that has a number is looked at. */
static void entry_numbers(void **state)
{
	int number = -2;

	(void)state;
	tree_unlink(&tree, SETUP_DATA "12/type");
	tree_write(&tree, SETUP_DATA "2147483648/type", "0x6b686f01\n", 11);
	assert_int_equal(setup_data_find(&tree.root, KHO_SETUP_TYPE, &number), 0);
	assert_int_equal(number, -2);
	tree_write(&tree, SETUP_DATA "4096/type", "0x6b686f01\n", 11);
	assert_int_equal(setup_data_find(&tree.root, KHO_SETUP_TYPE, &number), 1);
	assert_int_equal(number, 4096);
	tree_write(&tree, SETUP_DATA "0/type", "x\n", 2);
	assert_refused("cannot read what is in /", setup_data_find(&tree.root, 4, &number));
}

static void no_data(void **state)
{
	(void)state;
	assert_int_equal(reopen(), 1);
	incoming_close(&in);
	tree_unlink(&tree, SETUP_DATA "12/data");
	assert_refused("cannot open /" SETUP_DATA "12/data", incoming_open(&tree.root, &in));
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
	assert_refused("header is damaged", reopen());
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
	assert_refused("has no report", reopen());
}

static void bad_items(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		memset(image.item[i].name, 'x', KHO_NAME_MAX);
		assert_refused("items are damaged", reopen());
		fill_image();
	}
	image.payload.size += 4096;	/* more than sysfs has */
	image.payload.item_offset = sizeof(image);
	assert_refused("cannot read the incoming handover's items", reopen());
	/* As many as there can be, and one more: neither is there. */
	image.payload.size = 1 << 20;
	image.payload.item_count = 256;
	assert_refused("cannot read the incoming handover's items", reopen());
	image.payload.item_count = 257;
	assert_refused("header is damaged", reopen());
}

/* Blobs without verification, because the table knows where the others are. */
static void blob_outside(void **state)
{
	static const struct {
		uint64_t addr, size;
		const char *why;
	} bad[] = {
		{ 0, BLOB_SIZE, "does not lie in the handover" },
		{ ADDR - 1, BLOB_SIZE, "does not lie in the handover" },
		{ ADDR, BLOB_SIZE, "does not lie in the handover" },	/* the header, which sysfs has not */
		{ ADDR + 15, 1, "does not lie in the handover" },
		{ ADDR + sizeof(image), 1, "does not lie in the handover" },
		{ ADDR + sizeof(image) - 1, 2, "does not lie in the handover" },
		{ ADDR + 16, UINT64_MAX, "does not lie in the handover" },
		{ UINT64_MAX, 1, "does not lie in the handover" },
	};
	struct buffer blob;

	(void)state;
	image.report.result = KHO_RESULT_SKIPPED;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		image.item[1].addr = bad[i].addr;
		image.item[1].size = bad[i].size;
		assert_int_equal(reopen(), 1);
		assert_refused(bad[i].why, incoming_read_blob(&in, &in.item[1], &blob));
		incoming_close(&in);
	}
	/* The first and the last byte of all. */
	image.item[1].addr = ADDR + 16;
	image.item[1].size = 1;
	assert_int_equal(reopen(), 1);
	assert_says(0, NULL, incoming_read_blob(&in, &in.item[1], &blob));
	assert_int_equal(blob.data[0], ((unsigned char *)&image)[16]);
	buffer_free(&blob);
	incoming_close(&in);
	image.item[1].addr = ADDR + sizeof(image) - 1;
	assert_int_equal(reopen(), 1);
	assert_says(0, NULL, incoming_read_blob(&in, &in.item[1], &blob));
	assert_int_equal(blob.data[0], image.blob[BLOB_SIZE - 1]);
	buffer_free(&blob);
	incoming_close(&in);
	/* A size that the header grants, and the file does not have. */
	image.payload.size = UINT64_MAX - ADDR;
	image.item[1].size = 1ull << 40;
	assert_int_equal(reopen(), 1);
	assert_refused("the handover ends before blob", incoming_read_blob(&in, &in.item[1], &blob));
	incoming_close(&in);
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

#define BAD_TABLE_AS_IS(field, value, phrase) do { \
	struct buffer blob_; \
	image.field = (value); \
	assert_int_equal(reopen(), 1); \
	assert_refused(phrase, incoming_read_blob(&in, &in.item[1], &blob_)); \
	incoming_close(&in); \
} while (0)

#define BAD_TABLE(field, value, phrase) do { \
	fill_image(); \
	BAD_TABLE_AS_IS(field, value, phrase); \
} while (0)

#define NO_DIGEST	"has no digest in the verification table"
#define BAD_DIGEST	"the verification table is damaged"

static void table_damaged(void **state)
{
	const uint64_t blob = ADDR + offsetof(struct image, blob);

	(void)state;
	BAD_TABLE(table.head.magic, 0, NO_DIGEST);
	BAD_TABLE(table.head.version, KHO_FORMAT_VERSION - 1, NO_DIGEST);
	BAD_TABLE(table.head.algorithm, 2, NO_DIGEST);
	BAD_TABLE(table.head.chunk_shift, 20, NO_DIGEST);
	BAD_TABLE(table.head.entry_count, 1, NO_DIGEST);
	BAD_TABLE(table.head.entry_count, 3, NO_DIGEST);
	BAD_TABLE(table.head.entry_count, UINT32_MAX, NO_DIGEST);
	BAD_TABLE(table.head.digest_count, 0, BAD_DIGEST);
	BAD_TABLE(table.head.digest_count, 1, BAD_DIGEST);
	BAD_TABLE(table.head.digest_count, 3, NO_DIGEST);
	BAD_TABLE(table.head.digest_count, UINT32_MAX, NO_DIGEST);
	BAD_TABLE(table.entry[1].addr, ADDR, NO_DIGEST);
	BAD_TABLE(table.entry[1].addr, blob + 1, NO_DIGEST);
	BAD_TABLE(table.entry[1].addr, blob - 1, NO_DIGEST);
	BAD_TABLE(table.entry[1].size, BLOB_SIZE - 1, NO_DIGEST);
	BAD_TABLE(table.entry[1].name[0], 'k', NO_DIGEST);
	BAD_TABLE(table.entry[1].first_digest, 2, BAD_DIGEST);
	BAD_TABLE(table.entry[1].first_digest, UINT32_MAX, BAD_DIGEST);
	BAD_TABLE(table.digest[1], 0, "has been damaged since this kernel started");
	BAD_TABLE(table.entry[1].size, BLOB_SIZE + 1, "does not lie in the handover");
	BAD_TABLE(payload.table_size, sizeof(image.table) - 1, NO_DIGEST);
	BAD_TABLE(payload.table_size, sizeof(struct kho_table) - 1, NO_DIGEST);
	/* An entry that ends before the blob begins. */
	fill_image();
	image.table.entry[1].size = 1;
	BAD_TABLE_AS_IS(table.entry[1].addr, ADDR, NO_DIGEST);
	/* One that begins before it, and ends in it. */
	BAD_TABLE_AS_IS(table.entry[1].addr, blob - 8, NO_DIGEST);
	image.table.entry[1].size = BLOB_SIZE;
	BAD_TABLE_AS_IS(table.entry[1].addr, blob - 8, NO_DIGEST);
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

/*
 * ---- What the user sees of it
 * -------------------------------------------------------------------
 */

static FILE *usual;
static char *printed;
static size_t printed_size;

/* The exit code of "kexec --kho-status" or "--kho-get"; PRINTED gets the standard output. */
static int run(const char *blob, bool json)
{
	int code;

	free(printed);
	printed = NULL;
	usual = stdout;
	stdout = open_memstream(&printed, &printed_size);
	code = blob ? report_get(tree.path, blob) : report_status(tree.path, json);
	fclose(stdout);
	stdout = usual;
	return code;
}

static void put_image(void)
{
	tree_write(&tree, SETUP_DATA "12/data", (const char *)&image + sizeof(image.header),
		   sizeof(image) - sizeof(image.header));
}

/* This kernel has taken one region, at ADDR. */
static void take_region(const char *name, uint64_t addr, uint64_t size)
{
	struct kho_region region = { .addr = addr, .size = size };
	unsigned char node[4096];

	strcpy(region.name, name);
	assert_int_equal(kho_memblock_write(&region, 1, node, sizeof(node)), 0);
	tree_write(&tree, "sys/kernel/kho/out/fdt_addr", "0x7abc000\n", 10);
	tree_write(&tree, "sys/kernel/kho/out/nodes/memblock", node, sizeof(node));
}

static void assert_status(int code, const char *line)
{
	put_image();
	assert_says(code, NULL, run(NULL, false));
	if (!strstr(printed, line))
		fail_msg("it prints '%s', not '%s'", printed, line);
}

#define POOL	"\nregion     pool             0x180000000, 2097152 bytes, "

static void status(void **state)
{
	(void)state;
	take_region("pool", 0x180000000, 0x200000);
	assert_status(0, "from:      7.3.4 (handover 3 of this chain, ABI kho-v4)\nresult:    verified\nchecked:");
	assert_null(strstr(printed, "damaged:"));
	assert_status(0, POOL "not verified, revived\n");
	assert_status(0, "\nblob       conf             0x1400");
	assert_status(0, ", 304 bytes, verified\n");
	assert_status(0, "\nnode       conf             0x5000, 73 bytes, not verified\n");
	image.item[0].flags = KHO_ITEM_VERIFIED;
	assert_status(0, POOL "verified, revived\n");
	image.report.entries_good = 5;
	image.report.entries_bad = 2;
	image.report.bytes = 1234;
	image.report.cycles = 77;
	assert_status(0, "checked:   5 of 7 ranges good, 1234 bytes in 77 cycles\n");
	image.report.result = KHO_RESULT_SKIPPED;
	assert_status(0, "result:    not verified\n");
	assert_status(0, POOL "not verified, revived\n");
	image.item[0].kind = 9;
	assert_status(0, "\nunknown    pool");
}

/* Exit code 2: a region of it is lost, or all of it. */
static void status_lost(void **state)
{
	static const struct {
		const char *name;
		uint64_t addr, size;
	} other[] = {
		{ "pond", 0x180000000, 0x200000 }, { "pool", 0x180001000, 0x200000 },
		{ "pool", 0x180000000, 0x201000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		take_region(other[i].name, other[i].addr, other[i].size);
		assert_status(EXIT_DROPPED, POOL "not verified, NOT REVIVED: this kernel has not taken it\n");
	}
	take_region("pool", 0x180000000, 0x200000);
	assert_status(0, "result:    verified\n");
	image.report.result = KHO_RESULT_NONE;
	assert_status(EXIT_DROPPED, "result:    purgatory did not run\n");
	image.report.result = 7;
	assert_status(EXIT_DROPPED, "result:    unknown\n");
	image.report.result = KHO_RESULT_MISMATCH;
	image.report.bad_entry = 1;
	image.report.bad_chunk = 3;
	image.report.expected = 0x12;
	image.report.actual = 0xabcdef01;
	image.report.reaction = KHO_REACTION_COLD;
	assert_status(EXIT_DROPPED, "\nresult:    mismatch\ndamaged:   'conf', chunk 3 of 2048 KiB: expected "
				    "0x00000012, found 0xabcdef01\nreaction:  handover dropped\n");
	image.report.reaction = KHO_REACTION_RESET;
	assert_status(EXIT_DROPPED, "\nreaction:  reset\n");
	image.report.reaction = KHO_REACTION_NONE;
	assert_status(EXIT_DROPPED, "\nreaction:  none\n");
	image.report.reaction = 9;
	assert_status(EXIT_DROPPED, "\nreaction:  unknown\n");
	image.report.actual = 0x12;
	assert_status(EXIT_DROPPED, "\ndamaged:   'conf': the kernel before could not read it\n");
}

/* Which regions this kernel has is not known: that is said, and is no success. */
static void status_regions_unknown(void **state)
{
	static const char phrase[] = "cannot tell whether this kernel has taken the regions";

	(void)state;
	put_image();
	assert_says(EXIT_DROPPED, phrase, run(NULL, false));
	assert_non_null(strstr(printed, POOL "not verified, NOT KNOWN whether revived\n"));
	assert_says(EXIT_DROPPED, phrase, run(NULL, true));
	assert_null(strstr(printed, "revived"));
	image.item[0].kind = KHO_ITEM_BLOB;
	put_image();
	assert_says(EXIT_OK, NULL, run(NULL, false));
}

static void assert_json(int code, const char *text)
{
	put_image();
	assert_says(code, NULL, run(NULL, true));
	if (!strstr(printed, text))
		fail_msg("it prints '%s', not '%s'", printed, text);
}

static void status_json(void **state)
{
	(void)state;
	take_region("pool", 0x180000000, 0x200000);
	assert_json(0, "\"from\":\"7.3.4\"");
	assert_json(0, "\"hop\":3,");
	assert_json(0, "\"abi\":\"kho-v4\"");
	assert_json(0, "\"result\":\"verified\"");
	assert_json(0, "\"addr\":6442450944,\n      \"size\":2097152,\n      \"verified\":false,\n"
		       "      \"revived\":true\n");
	assert_json(0, "\"size\":304,\n      \"verified\":true\n");
	assert_null(strstr(printed, "damaged"));
	image.report = (struct kho_report){ .magic = KHO_REPORT_MAGIC, .result = KHO_RESULT_MISMATCH,
					    .reaction = KHO_REACTION_COLD, .bad_entry = 1,
					    .bad_chunk = 3, .expected = 18, .actual = 19,
					    .entries_good = 5, .entries_bad = 2, .bytes = 1234,
					    .cycles = 77 };
	assert_json(EXIT_DROPPED, "\"name\":\"conf\",\n    \"chunk\":3,\n    \"chunk_size\":2097152,\n"
				  "    \"expected\":18,\n    \"actual\":19,\n    \"unreadable\":false,\n"
				  "    \"reaction\":\"handover dropped\"\n");
	assert_json(EXIT_DROPPED, "\"ranges_good\":5,\n  \"ranges_bad\":2,\n  \"bytes\":1234,\n"
				  "  \"cycles\":77,\n");
	image.report.actual = 18;
	assert_json(EXIT_DROPPED, "\"unreadable\":true");
}

static void get(void **state)
{
	(void)state;
	put_image();
	assert_says(0, NULL, run("conf", false));
	assert_int_equal(printed_size, BLOB_SIZE);
	assert_memory_equal(printed, image.blob, BLOB_SIZE);
	assert_says(0, NULL, run("none", false));
	assert_int_equal(printed_size, 0);
	assert_says(EXIT_REFUSED, "no blob 'pool' was handed to this kernel", run("pool", false));
	assert_says(EXIT_FAILED, "cannot open root directory", report_get("/no/such/folder", "conf"));
	assert_says(EXIT_FAILED, "cannot open root directory", report_status("/no/such/folder", false));
	image.blob[0] ^= 1;
	put_image();
	assert_says(EXIT_FAILED, "has been damaged since this kernel started", run("conf", false));
	assert_int_equal(printed_size, 0);
	image.report.result = KHO_RESULT_SKIPPED;
	put_image();
	assert_says(0, "blob 'conf' has not been verified", run("conf", false));
	assert_memory_equal(printed, image.blob, BLOB_SIZE);
	image.report.result = KHO_RESULT_MISMATCH;
	put_image();
	assert_says(EXIT_FAILED, "--kho-get: the handover to this kernel was damaged", run("conf", false));
	assert_int_equal(printed_size, 0);
	image.report.magic = 0;
	put_image();
	assert_says(EXIT_FAILED, "has no report", run("conf", false));
	assert_says(EXIT_FAILED, "has no report", run(NULL, false));
	tree_write(&tree, SETUP_DATA "12/type", "0x9\n", 4);
	assert_says(EXIT_REFUSED, "nothing was handed to this kernel", run("conf", false));
	assert_says(EXIT_REFUSED, "nothing was handed to this kernel", run(NULL, true));
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
		cmocka_unit_test_setup_teardown(read_up_to_its_size, setup, teardown),
		cmocka_unit_test_setup_teardown(entry_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(no_data, setup, teardown),
		cmocka_unit_test_setup_teardown(truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(trusted, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_header, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_items, setup, teardown),
		cmocka_unit_test_setup_teardown(blob_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(blob_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(table_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(entry_name_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(status, setup, teardown),
		cmocka_unit_test_setup_teardown(status_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(status_regions_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(status_json, setup, teardown),
		cmocka_unit_test_setup_teardown(get, setup, teardown),
	};

	if (argc == 3 && !strcmp(argv[1], "--write-corpus"))
		return write_corpus(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
