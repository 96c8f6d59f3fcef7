// SPDX-License-Identifier: GPL-2.0-only
#include "kho.h"
#include "unit.h"

/* kho-abi.md, 5.2: u32 version, char[65] release, u32 count; packed. */
static const unsigned char known[KHO_METADATA_SIZE] = {
	1, 0, 0, 0,
	'7', '.', '3', '.', '4',
	[69] = 0x04, 0x03, 0x02, 0x01,
};

static void write_known(void **state)
{
	const struct kho_metadata meta = { "7.3.4", 0x01020304 };
	unsigned char buf[KHO_METADATA_SIZE + 1];

	(void)state;
	memset(buf, 0xee, sizeof(buf));
	kho_metadata_write(&meta, buf);
	assert_memory_equal(buf, known, sizeof(known));
	assert_int_equal(buf[KHO_METADATA_SIZE], 0xee);
}

static void read_known(void **state)
{
	unsigned char *exact = must_copy(known, sizeof(known));
	unsigned char longer[100] = { 0 };
	struct kho_metadata meta;

	(void)state;
	memset(&meta, 0xee, sizeof(meta));
	assert_int_equal(kho_metadata_read(exact, sizeof(known), &meta), 0);
	assert_string_equal(meta.previous_release, "7.3.4");
	assert_int_equal(meta.kexec_count, 0x01020304);
	memcpy(longer, known, sizeof(known));
	assert_int_equal(kho_metadata_read(longer, sizeof(longer), &meta), 0);
	free(exact);
}

static void longest_release(void **state)
{
	struct kho_metadata in = { .kexec_count = UINT32_MAX }, out;
	unsigned char buf[KHO_METADATA_SIZE];

	(void)state;
	memset(in.previous_release, 'r', KHO_RELEASE_MAX - 1);
	kho_metadata_write(&in, buf);
	assert_int_equal(kho_metadata_read(buf, sizeof(buf), &out), 0);
	assert_string_equal(out.previous_release, in.previous_release);
	assert_int_equal(out.kexec_count, UINT32_MAX);
	/* One too long is cut, never left without its NUL. */
	in.previous_release[KHO_RELEASE_MAX - 1] = 'r';
	kho_metadata_write(&in, buf);
	assert_int_equal(kho_metadata_read(buf, sizeof(buf), &out), 0);
	assert_int_equal(strlen(out.previous_release), KHO_RELEASE_MAX - 1);
}

static void damaged(void **state)
{
	struct kho_metadata meta = { "untouched", 7 };
	unsigned char buf[KHO_METADATA_SIZE];

	(void)state;
	for (size_t size = 0; size < sizeof(known); size++) {
		void *cut = must_copy(known, size);

		assert_int_equal(kho_metadata_read(cut, size, &meta), -KHO_ERR_BADNODE);
		free(cut);
	}
	for (unsigned int byte = 0; byte < 4; byte++) {
		memcpy(buf, known, sizeof(buf));
		buf[byte] ^= 2;
		assert_int_equal(kho_metadata_read(buf, sizeof(buf), &meta), -KHO_ERR_BADNODE);
	}
	memcpy(buf, known, sizeof(buf));
	memset(buf + 4, 'x', KHO_RELEASE_MAX);
	assert_int_equal(kho_metadata_read(buf, sizeof(buf), &meta), -KHO_ERR_BADNODE);
	assert_string_equal(meta.previous_release, "untouched");
	assert_int_equal(meta.kexec_count, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_known),
		cmocka_unit_test(read_known),
		cmocka_unit_test(longest_release),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
