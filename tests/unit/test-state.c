// SPDX-License-Identifier: GPL-2.0-only
/* The description of the loaded image: "kexec -e" reads what the load has written. */
#include <stdio.h>

#include "boot-id.h"
#include "said.h"
#include "state.h"
#include "tree.h"
#include "unit.h"

#define STATE_FILE	STATE_DIR "/loaded.json"
#define THIS_BOOT	"6bd2cc34-8a25-4a1f-9f0c-2f6a5b1d7e01"
#define OTHER_BOOT	"0e1f8a52-93d1-4c0e-8f6b-1a2b3c4d5e6f"

static struct tree tree;
static struct handover handover;
static struct target target;
static struct request request;
static struct loaded_record record;

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	tree_write(&tree, "run/here", "", 0);
	tree_write(&tree, BOOT_ID_FILE, THIS_BOOT "\n", strlen(THIS_BOOT) + 1);
	memset(&handover, 0, sizeof(handover));
	memset(&target, 0, sizeof(target));
	memset(&request, 0, sizeof(request));
	handover.kcore.fd = -1;
	request.kernel = must_copy("/no/such/kernel", 16);
	target.reads = (struct kho_formats){ .abi = KHO_ABI_V4, .reserve_mem = true, .luo = "luo-v5" };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	request_free(&record.request);
	request_free(&request);
	handover_release(&handover);
	tree_remove(&tree);
	return 0;
}

static struct handover_region *add_region(const char *name, uint64_t addr)
{
	struct handover_region *r = &handover.region[handover.region_count++];

	memset(r, 0, sizeof(*r));
	strcpy(r->region.name, name);
	r->region.addr = addr;
	r->region.size = 0x1000;
	return r;
}

static void save_and_load(const char *method)
{
	const struct image_id id = { 0x1234, { 0x4000, 0x2000 }, 0x5678 };
	struct state s;

	state_describe(&s, &request, &target, &handover, "quiet kho=on", method);
	assert_int_equal(state_prepare(&tree.root, &handover), 0);
	/* Killed here, it is unknown whether the kernel has the new image or the old one. */
	assert_int_equal(state_load(&tree.root, &record), -1);
	assert_int_equal(state_commit(&tree.root, &s, &id), 0);
	state_release(&s);
	assert_int_equal(state_load(&tree.root, &record), 1);
	assert_string_equal(record.request.kernel, "/no/such/kernel");
	assert_string_equal(record.request.cmdline, "quiet kho=on");
	assert_memory_equal(&record.id, &id, sizeof(id));
	assert_int_equal(record.request.reads.abi, KHO_ABI_V4);
	assert_true(record.request.kho && record.request.reloading);
}

static void by_kexec_load(void **state)
{
	struct handover_region *r;

	(void)state;
	assert_int_equal(state_load(&tree.root, &record), 0);
	r = add_region("r0", 0x100000);
	r->verify = true;
	r->digest = must_calloc(4);
	add_region("mine", 0x200000)->added = true;
	save_and_load("kexec_load");
	assert_int_equal(record.request.method, METHOD_SEGMENTS);
	assert_null(record.request.prebuilt);
	assert_int_equal(record.region_count, 1);
	assert_int_equal(record.region_crc[0], handover_region_crc(&handover.region[0]));
	assert_true(name_set_names(&record.request.verify, "r0"));
	assert_true(name_set_empty(&record.request.late));
	assert_int_equal(record.request.region_count, 1);
	assert_string_equal(record.request.region[0].name, "mine");
}

/* A region that the kernel digests late is not looked at, and is late again in the next load. */
static void by_the_kernel(void **state)
{
	struct handover_region *r;

	(void)state;
	r = add_region("r0", 0x100000);
	r->verify = r->late = true;
	save_and_load("kexec_file_load");
	assert_int_equal(record.request.method, METHOD_FILE);
	assert_int_equal(record.region_count, 0);
	assert_true(name_set_names(&record.request.late, "r0"));
	assert_true(name_set_empty(&record.request.verify));
}

/* Of a region that must not change each digest comes back. */
static void immutable(void **state)
{
	struct handover_region *r;

	(void)state;
	r = add_region("r0", 0x100000);
	r->region.size = 5u << 20;
	r->verify = r->fixed = true;
	r->digest = must_calloc(3 * sizeof(*r->digest));
	r->digest[0] = 0xfedcba98;
	r->digest[2] = 7;
	save_and_load("kexec_load");
	assert_true(record.region[0].fixed);
	assert_int_equal(record.region_crc[0], handover_region_crc(r));
	assert_true(name_set_names(&record.request.load, "r0"));
	assert_true(name_set_empty(&record.request.verify));
	assert_int_equal(record.request.first_count, 1);
	assert_string_equal(record.request.first[0].name, "r0");
	assert_int_equal(record.request.first[0].count, 3);
	assert_memory_equal(record.request.first[0].digest, r->digest, 3 * sizeof(*r->digest));
	assert_int_equal(handover_check_fixed(&handover, &record.request), 0);
	r->digest[2] ^= 1;
	assert_int_equal(handover_check_fixed(&handover, &record.request), -1);
	r->digest[2] ^= 1;
	record.request.first[0].name[0] = 'x';
	assert_int_equal(handover_check_fixed(&handover, &record.request), -1);
}

static void abandoned(void **state)
{
	(void)state;
	save_and_load("kexec_load");
	assert_false(state_unknown(&tree.root));
	assert_int_equal(state_prepare(&tree.root, &handover), 0);
	state_abandon(&tree.root, false);
	request_free(&record.request);
	assert_int_equal(state_load(&tree.root, &record), 1);
	/* One that fails after one that was cut off knows no more. */
	assert_int_equal(state_prepare(&tree.root, &handover), 0);
	assert_true(state_unknown(&tree.root));
	state_abandon(&tree.root, true);
	request_free(&record.request);
	assert_int_equal(state_load(&tree.root, &record), -1);
	state_forget(&tree.root);
	assert_int_equal(state_load(&tree.root, &record), 0);
}

static void made_before(void **state)
{
	(void)state;
	request.prebuilt = must_copy("/no/such/segment", 17);
	save_and_load("kexec_file_load");
	assert_string_equal(record.request.prebuilt, "/no/such/segment");
	state_forget(&tree.root);
	request_free(&record.request);
	assert_int_equal(state_load(&tree.root, &record), 0);
}

/*
 * ---- Damage: what the load writes, with one thing in it changed at a time
 * -----------------------
 */

static char *description(void)
{
	struct buffer buf;
	char *text;

	assert_int_equal(root_read(&tree.root, STATE_FILE, 1 << 20, &buf), 0);
	text = must_calloc(buf.size + 1);
	memcpy(text, buf.data, buf.size);
	buffer_free(&buf);
	return text;
}

static void describe_all(void)
{
	const struct image_id id = { 0x1234, { 0x4000, 0x2000 }, 0x5678 };
	struct handover_region *r;
	struct state s;

	add_region("r0", 0x100000);
	r = add_region("r1", 0x200000);
	r->verify = r->fixed = true;
	r->digest = must_calloc(4);
	r->digest[0] = 0x12345678;
	strcpy(handover.blob[0].name, "notes");
	handover.blob[0].data = (struct buffer){ .data = must_copy("hello", 5), .size = 5 };
	handover.blob_count = 1;
	state_describe(&s, &request, &target, &handover, "quiet", "kexec_load");
	assert_int_equal(state_prepare(&tree.root, &handover), 0);
	assert_int_equal(state_commit(&tree.root, &s, &id), 0);
	state_release(&s);
}

/* The description with NOW in the place of WAS, which is in it once. */
static void write_edited(const char *text, const char *was, const char *now)
{
	const char *at = strstr(text, was);
	char *edited = must_calloc(strlen(text) + strlen(now) + 1);

	assert_non_null(at);
	assert_null(strstr(at + 1, was));
	memcpy(edited, text, (size_t)(at - text));
	strcat(strcat(edited, now), at + strlen(was));
	tree_write(&tree, STATE_FILE, edited, strlen(edited));
	free(edited);
}

static void assert_loads(const char *text, const char *was, const char *now)
{
	write_edited(text, was, now);
	assert_int_equal(state_load(&tree.root, &record), 1);
	request_free(&record.request);
}

static void assert_damaged(const char *text, const char *was, const char *now)
{
	write_edited(text, was, now);
	assert_refused("loaded.json is damaged", state_load(&tree.root, &record));
}

#define NAME_63	"a12345678901234567890123456789012345678901234567890123456789012"

static void damaged(void **state)
{
	static const struct {
		const char *was, *now;
	} row[] = {
		{ "\"version\":", "\"version\":1" },
		{ "\"version\":", "\"versions\":" },
		{ "\"kernel\":", "\"kernels\":" },
		{ "\"cmdline\":", "\"cmdlines\":" },
		{ "\"method\":", "\"methods\":" },
		{ "\"method\":\"kexec_load", "\"method\":\"magic" },
		{ "\"reads\":", "\"read\":" },
		{ "\"abi\":", "\"abis\":" },
		{ "\"abi\":\"kho-v4", "\"abi\":\"kho-v9" },
		{ "\"regions\":", "\"region\":" },
		{ "\"regions\":", "\"regions\":{}, \"was\":" },
		{ "\"name\":\"r0", "\"names\":\"r0" },
		{ "\"name\":\"r0", "\"name\":\"sixteen-letters-" },
		{ "\"digests\":", "\"digest\":" },
		{ "12345678", "1234567" },
		{ "12345678", "123456781" },
		{ "12345678", "1234567812345678" },
		{ "12345678", "1234567g" },
		{ "\"blobs\":", "\"blob\":" },
		{ "\"boot_id\":", "\"boot\":" },
		{ "\"blobs\":", "\"blobs\":{}, \"was\":" },
		{ "\"notes\"", "null" },
		{ "\"notes\"", "\"" NAME_63 "4\"" },
	};
	char *text;

	(void)state;
	describe_all();
	text = description();
	assert_loads(text, "\"notes\"", "\"notes\"");
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_damaged(text, row[i].was, row[i].now);
	/* The longest names possible, and unknown members. */
	assert_loads(text, "\"notes\"", "\"" NAME_63 "\"");
	assert_loads(text, "\"name\":\"r0", "\"name\":\"fifteen-letters");
	assert_loads(text, "\"version\":", "\"more\":1,\"version\":");
	tree_write(&tree, STATE_FILE, text, strlen(text) / 2);
	assert_refused("loaded.json is damaged", state_load(&tree.root, &record));
	tree_write(&tree, STATE_FILE, "", 0);
	assert_refused("loaded.json is damaged", state_load(&tree.root, &record));
	free(text);
}

/* COUNT times ITEM, in front of the present contents of LIST. */
static void write_many(const char *text, const char *list, const char *item, size_t count)
{
	char was[32], *now = must_calloc(count * strlen(item) + sizeof(was));

	snprintf(was, sizeof(was), "\"%s\":[", list);
	strcpy(now, was);
	for (size_t i = 0; i < count; i++)
		strcat(now, item);
	write_edited(text, was, now);
	free(now);
}

static void many(void **state)
{
	static const struct {
		const char *list, *item;
		size_t room;
	} row[] = {
		{ "regions", "{\"name\":\"r\",\"added\":true,\"crc\":1},", KHO_REGIONS_MAX - 2 },
		{ "blobs", "\"b\",", BLOBS_MAX - 1 },
	};
	char *text;

	(void)state;
	describe_all();
	text = description();
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		write_many(text, row[i].list, row[i].item, row[i].room);
		assert_int_equal(state_load(&tree.root, &record), 1);
		request_free(&record.request);
		write_many(text, row[i].list, row[i].item, row[i].room + 1);
		assert_refused("loaded.json is damaged", state_load(&tree.root, &record));
	}
	free(text);
}

/* If /run survives the boot, what was loaded then is not loaded now. */
static void of_another_boot(void **state)
{
	(void)state;
	describe_all();
	tree_write(&tree, BOOT_ID_FILE, OTHER_BOOT "\n", strlen(OTHER_BOOT) + 1);
	assert_int_equal(state_load(&tree.root, &record), 0);
	tree_unlink(&tree, BOOT_ID_FILE);
	assert_refused("cannot read /" BOOT_ID_FILE, state_load(&tree.root, &record));
}

/* A file larger than any load writes. */
static void too_large(void **state)
{
	size_t size = (64u << 20) + 1;
	char *spaces = must_calloc(size);

	(void)state;
	memset(spaces, ' ', size);
	tree_write(&tree, STATE_FILE, spaces, size);
	assert_refused("cannot read /" STATE_FILE, state_load(&tree.root, &record));
	free(spaces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_kexec_load, setup, teardown),
		cmocka_unit_test_setup_teardown(by_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(immutable, setup, teardown),
		cmocka_unit_test_setup_teardown(abandoned, setup, teardown),
		cmocka_unit_test_setup_teardown(made_before, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(many, setup, teardown),
		cmocka_unit_test_setup_teardown(of_another_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(too_large, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
