// SPDX-License-Identifier: GPL-2.0-only
/* The verification table kexec writes, read by the code purgatory runs. */
#include <stdio.h>

#include "crc32c.h"
#include "table.h"
#include "unit.h"
#include "verify.h"

#define CHUNK		(1ull << KHO_CHUNK_SHIFT)
#define MEM_ADDR	0x100000000ull
#define MEM_SIZE	(4 * CHUNK)

static unsigned char *mem;
static struct table table;

static int setup(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	mem = must_calloc(MEM_SIZE);
	for (uint64_t i = 0; i < MEM_SIZE; i++)
		mem[i] = (unsigned char)(i * 2654435761u >> 21);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(mem);
	return 0;
}

static const void *map(void *ctx, uint64_t addr, uint64_t size)
{
	(void)ctx;
	if (addr < MEM_ADDR || addr - MEM_ADDR > MEM_SIZE || size > MEM_SIZE - (addr - MEM_ADDR))
		return NULL;
	return mem + (addr - MEM_ADDR);
}

static int add(const char *name, uint64_t offset, uint64_t size)
{
	return table_add(&table, &(struct table_item){
		name, KHO_CLASS_STATE, MEM_ADDR + offset, size, mem + offset, NULL, false });
}

static void verify(const void *buf, uint64_t size, struct kho_verify_outcome *outcome)
{
	const struct kho_verify_ops ops = { .map = map };

	assert_int_equal(kho_table_verify(buf, size, &ops, outcome), KHO_TABLE_OK);
}

static void chunk_counts(void **state)
{
	(void)state;
	assert_int_equal(chunk_count(0), 0);
	assert_int_equal(chunk_count(1), 1);
	assert_int_equal(chunk_count(CHUNK), 1);
	assert_int_equal(chunk_count(CHUNK + 1), 2);
}

/* The table's own CRC, computed as the format says. */
static void assert_every_bit_counts(void *buf, uint64_t size)
{
	struct kho_table *t = buf;
	unsigned char *p = buf;
	uint32_t crc = t->crc;

	t->crc = 0;
	assert_int_equal(crc, crc32c(0, buf, size));
	t->crc = crc;
	/* Counts stay: with others the table would be longer than its memory. */
	for (uint64_t i = sizeof(*t); i < size; i++) {
		p[i] ^= 0x40;
		assert_int_not_equal(kho_table_crc(buf), crc);
		p[i] ^= 0x40;
	}
	t->magic ^= 1;
	assert_int_not_equal(kho_table_crc(buf), crc);
	t->magic ^= 1;
	assert_int_equal(kho_table_crc(buf), crc);
}

static void verified_by_purgatory(void **state)
{
	struct kho_verify_outcome outcome;
	uint64_t size;
	void *buf;

	(void)state;
	assert_int_equal(add("small", 16, 1), 0);
	assert_int_equal(add("empty", 0, 0), 0);
	assert_int_equal(add("and a byte", CHUNK, 2 * CHUNK + 1), 0);
	assert_int_equal(add("one chunk", CHUNK, CHUNK), 0);
	assert_int_equal(table.count, 3);
	size = table_size(&table);
	assert_int_equal(size, sizeof(struct kho_table) + 3 * sizeof(struct kho_entry) + 5 * 4);
	buf = must_calloc(size);
	memset(buf, 0xee, size);
	table_write(&table, buf);
	assert_int_equal(kho_table_check(buf, size), KHO_TABLE_OK);
	assert_int_equal(kho_table_check(buf, size - 1), KHO_TABLE_E_TRUNCATED);
	verify(buf, size, &outcome);
	assert_int_equal(outcome.entries_good, 3);
	assert_int_equal(outcome.bytes, 1 + CHUNK + 2 * CHUNK + 1);
	assert_every_bit_counts(buf, size);
	mem[3 * CHUNK] ^= 1;
	verify(buf, size, &outcome);
	assert_int_equal(outcome.entries_bad, 1);
	assert_string_equal(outcome.first.entry->name, "and a byte");
	assert_int_equal(outcome.first.chunk, 2);
	assert_int_equal(outcome.kernel_bad, 0);
	free(buf);
}

static void given_digests(void **state)
{
	const uint64_t size = CHUNK + 100;
	uint32_t digest[2] = { crc32c(0, mem, CHUNK), crc32c(0, mem + CHUNK, 100) };
	const struct table_item item = { "region", KHO_CLASS_KERNEL, MEM_ADDR, size, NULL, digest, false };
	struct kho_verify_outcome outcome;
	void *buf;

	(void)state;
	for (unsigned int wrong = 0; wrong < 2; wrong++) {
		digest[1] ^= wrong;
		table.count = 0;
		assert_int_equal(add("before", 0, 10), 0);
		assert_int_equal(table_add(&table, &item), 0);
		buf = must_calloc(table_size(&table));
		table_write(&table, buf);
		verify(buf, table_size(&table), &outcome);
		assert_int_equal(outcome.entries_bad, wrong);
		assert_int_equal(outcome.kernel_bad, wrong);
		free(buf);
	}
}

/* Digests that the running kernel is to take are 0 until then, and say so. */
static void digested_later(void **state)
{
	const struct table_item item = { "region", KHO_CLASS_STATE, MEM_ADDR, CHUNK + 1, NULL, NULL,
					 true };
	const struct kho_entry *entry;
	const uint32_t *digest;
	void *buf;

	(void)state;
	assert_int_equal(add("before", 5, 10), 0);
	assert_int_equal(table_add(&table, &item), 0);
	assert_int_equal(add("after", 0, 10), 0);
	buf = must_calloc(table_size(&table));
	memset(buf, 0xee, table_size(&table));
	table_write(&table, buf);
	assert_int_equal(kho_table_check(buf, table_size(&table)), KHO_TABLE_OK);
	entry = kho_table_entries(buf);
	digest = kho_table_digests(buf);
	assert_int_equal(entry[0].flags, 0);
	assert_int_equal(entry[1].flags, KHO_ENTRY_SEAL);
	assert_int_equal(entry[2].flags, 0);
	assert_int_equal(entry[2].first_digest, 3);
	assert_int_equal(digest[0], crc32c(0, mem + 5, 10));
	assert_int_equal(digest[1] | digest[2], 0);
	assert_int_equal(digest[3], crc32c(0, mem, 10));
	free(buf);
}

static void full(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < TABLE_ENTRIES_MAX; i++)
		assert_int_equal(add("x", i, 1), 0);
	assert_int_equal(add("one more", 0, 1), -1);
	assert_int_equal(add("none", 0, 0), 0);
	assert_int_equal(table.count, TABLE_ENTRIES_MAX);
}

static void long_name(void **state)
{
	char name[KHO_NAME_MAX + 10];
	const struct kho_entry *entry;
	void *buf;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(add(name, 0, 1), 0);
	buf = must_calloc(table_size(&table));
	table_write(&table, buf);
	entry = (const void *)((const struct kho_table *)buf + 1);
	assert_int_equal(kho_table_check(buf, table_size(&table)), KHO_TABLE_OK);
	assert_int_equal(strlen(entry->name), KHO_NAME_MAX - 1);
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunk_counts),
		cmocka_unit_test_setup_teardown(verified_by_purgatory, setup, teardown),
		cmocka_unit_test_setup_teardown(given_digests, setup, teardown),
		cmocka_unit_test_setup_teardown(digested_later, setup, teardown),
		cmocka_unit_test_setup_teardown(full, setup, teardown),
		cmocka_unit_test_setup_teardown(long_name, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
