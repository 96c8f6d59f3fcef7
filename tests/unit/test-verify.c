// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crc32c.h"
#include "verify.h"

#define SHIFT		12
#define CHUNK		(1u << SHIFT)

/* Physical memory: an array that begins at this address. */
#define MEM_ADDR	0x100000000ull
#define MEM_SIZE	(128 * CHUNK)

/*
 * Three entries with gaps between them: one that ends inside a chunk, one
 * shorter than a chunk, one of more chunks than are digested by one call.
 */
#define ENTRIES		3

static const struct layout {
	const char *name;
	uint64_t offset;
	uint64_t size;
	uint32_t class;
} layout[ENTRIES] = {
	{ "kernel", CHUNK, 7 * CHUNK + CHUNK / 2, KHO_CLASS_KERNEL },
	{ "boot_params", 10 * CHUNK + 16, 100, KHO_CLASS_KERNEL },
	{ "memory pool", 20 * CHUNK, 100 * CHUNK + 1, KHO_CLASS_STATE },
};

#define DIGESTS		(8 + 1 + 101)
#define TABLE_SIZE	(sizeof(struct kho_table) + ENTRIES * sizeof(struct kho_entry) + \
			 DIGESTS * sizeof(uint32_t))

struct fixture {
	unsigned char *mem;
	struct kho_table *table;	/* of exactly TABLE_SIZE bytes */
	struct kho_entry *entry;
	uint32_t *digest;
	uint64_t mapped;		/* bytes asked of map() */
	unsigned int bad_calls;
	struct kho_verify_bad bad[ENTRIES];	/* arguments of bad_entry() */
	struct kho_verify_outcome outcome;
};

static const void *map(void *ctx, uint64_t addr, uint64_t size)
{
	struct fixture *f = ctx;

	if (addr < MEM_ADDR || addr - MEM_ADDR > MEM_SIZE || size > MEM_SIZE - (addr - MEM_ADDR))
		return NULL;
	f->mapped += size;
	return f->mem + (addr - MEM_ADDR);
}

static void bad_entry(void *ctx, const struct kho_verify_bad *bad)
{
	struct fixture *f = ctx;

	assert_true(f->bad_calls < ENTRIES);
	f->bad[f->bad_calls++] = *bad;
}

static enum kho_table_error run_size(struct fixture *f, uint64_t size)
{
	const struct kho_verify_ops ops = { .map = map, .bad_entry = bad_entry, .ctx = f };

	f->mapped = 0;
	f->bad_calls = 0;
	return kho_table_verify(f->table, size, &ops, &f->outcome);
}

static enum kho_table_error run(struct fixture *f)
{
	return run_size(f, TABLE_SIZE);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint32_t first = 0;

	assert_non_null(f);
	f->mem = malloc(MEM_SIZE);
	f->table = calloc(1, TABLE_SIZE);
	assert_true(f->mem && f->table);
	f->entry = (struct kho_entry *)(f->table + 1);
	f->digest = (uint32_t *)(f->entry + ENTRIES);
	for (unsigned int i = 0; i < MEM_SIZE; i++)
		f->mem[i] = (unsigned char)(i * 2654435761u >> 13);

	*f->table = (struct kho_table){
		.magic = KHO_TABLE_MAGIC,
		.version = KHO_FORMAT_VERSION,
		.algorithm = KHO_DIGEST_CRC32C,
		.chunk_shift = SHIFT,
		.entry_count = ENTRIES,
		.digest_count = DIGESTS,
	};
	for (unsigned int i = 0; i < ENTRIES; i++) {
		f->entry[i] = (struct kho_entry){
			.addr = MEM_ADDR + layout[i].offset,
			.size = layout[i].size,
			.class = layout[i].class,
			.first_digest = first,
		};
		strcpy(f->entry[i].name, layout[i].name);
		crc32c_chunks(f->mem + layout[i].offset, layout[i].size, SHIFT, f->digest + first);
		first += (uint32_t)((layout[i].size + CHUNK - 1) >> SHIFT);
	}
	assert_int_equal(first, DIGESTS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->table);
	free(f->mem);
	free(f);
	return 0;
}

static void assert_all_good(struct fixture *f)
{
	assert_int_equal(run(f), KHO_TABLE_OK);
	assert_int_equal(f->outcome.entries_good, ENTRIES);
	assert_int_equal(f->outcome.entries_bad, 0);
	assert_int_equal(f->outcome.kernel_bad, 0);
	assert_int_equal(f->bad_calls, 0);
}

static void good(void **state)
{
	struct fixture *f = *state;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < ENTRIES; i++)
		bytes += layout[i].size;
	assert_all_good(f);
	assert_int_equal(f->outcome.bytes, bytes);
	assert_int_equal(f->mapped, bytes);
	assert_int_equal(run_size(f, TABLE_SIZE + 4096), KHO_TABLE_OK);
}

/* A bit of each chunk: of its first byte, and of one further in. */
static void one_bit(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < ENTRIES; i++) {
		for (uint64_t at = 0; at < layout[i].size; at += at % CHUNK ? CHUNK - 777 : 777) {
			unsigned char *byte = f->mem + layout[i].offset + at;
			const struct kho_verify_bad *first = &f->outcome.first;
			uint32_t chunk = (uint32_t)(at >> SHIFT);

			*byte ^= (unsigned char)(1u << at % 8);
			assert_int_equal(run(f), KHO_TABLE_OK);
			assert_int_equal(f->outcome.entries_bad, 1);
			assert_int_equal(f->outcome.entries_good, ENTRIES - 1);
			assert_int_equal(f->outcome.kernel_bad, layout[i].class == KHO_CLASS_KERNEL);
			assert_ptr_equal(first->entry, f->entry + i);
			assert_int_equal(first->entry_index, i);
			assert_int_equal(first->chunk, chunk);
			assert_int_equal(first->chunk_addr, f->entry[i].addr + (uint64_t)chunk * CHUNK);
			assert_int_equal(first->expected, f->digest[f->entry[i].first_digest + chunk]);
			assert_int_not_equal(first->actual, first->expected);
			assert_int_equal(first->bad_chunks, 1);
			assert_int_equal(f->bad_calls, 1);
			assert_memory_equal(&f->bad[0], first, sizeof(*first));
			*byte ^= (unsigned char)(1u << at % 8);
		}
	}
	assert_all_good(f);
}

static void last_byte(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < ENTRIES; i++) {
		unsigned char *end = f->mem + layout[i].offset + layout[i].size;

		end[-1] ^= 0x80;
		assert_int_equal(run(f), KHO_TABLE_OK);
		assert_int_equal(f->outcome.first.entry_index, i);
		assert_int_equal(f->outcome.first.chunk, f->outcome.first.chunks - 1);
		end[-1] ^= 0x80;
	}
}

/* What no entry covers may change. */
static void gaps(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ENTRIES; i++) {
		f->mem[layout[i].offset - 1] ^= 1;
		f->mem[layout[i].offset + layout[i].size] ^= 1;
	}
	assert_all_good(f);
}

static void each_digest(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < DIGESTS; i++) {
		f->digest[i] ^= 1;
		assert_int_equal(run(f), KHO_TABLE_OK);
		assert_int_equal(f->outcome.entries_bad, 1);
		assert_int_equal(f->outcome.first.entry->first_digest + f->outcome.first.chunk, i);
		assert_int_equal(f->outcome.first.expected ^ 1, f->outcome.first.actual);
		f->digest[i] ^= 1;
	}
}

static void several_bad(void **state)
{
	struct fixture *f = *state;

	f->mem[layout[0].offset + 2 * CHUNK] ^= 1;
	f->mem[layout[0].offset + 5 * CHUNK] ^= 1;
	f->mem[layout[2].offset + 60 * CHUNK] ^= 1;
	f->mem[layout[2].offset + 99 * CHUNK] ^= 1;
	f->mem[layout[2].offset + 100 * CHUNK] ^= 1;
	assert_int_equal(run(f), KHO_TABLE_OK);
	assert_int_equal(f->outcome.entries_good, 1);
	assert_int_equal(f->outcome.entries_bad, 2);
	assert_int_equal(f->outcome.kernel_bad, 1);
	assert_int_equal(f->outcome.first.entry_index, 0);
	assert_int_equal(f->outcome.first.chunk, 2);
	assert_int_equal(f->outcome.first.bad_chunks, 2);
	assert_int_equal(f->bad_calls, 2);
	assert_int_equal(f->bad[1].entry_index, 2);
	assert_int_equal(f->bad[1].chunk, 60);
	assert_int_equal(f->bad[1].bad_chunks, 3);
	assert_int_equal(f->bad[1].chunks, 101);
}

static void nobody_to_tell(void **state)
{
	struct fixture *f = *state;
	const struct kho_verify_ops ops = { .map = map, .ctx = f };

	f->mem[layout[1].offset] ^= 1;
	assert_int_equal(kho_table_verify(f->table, TABLE_SIZE, &ops, &f->outcome), KHO_TABLE_OK);
	assert_int_equal(f->outcome.entries_bad, 1);
}

/* What the kernel could not read is bad, and purgatory does not touch it. */
static void unreadable(void **state)
{
	struct fixture *f = *state;

	f->entry[1].flags = KHO_ENTRY_SEAL | KHO_ENTRY_UNREADABLE;
	f->entry[1].addr = 1ull << 50;
	assert_int_equal(run(f), KHO_TABLE_OK);
	assert_int_equal(f->outcome.entries_bad, 1);
	assert_int_equal(f->outcome.first.entry_index, 1);
	assert_int_equal(f->outcome.first.chunk_addr, 1ull << 50);
}

/* Refused before any memory is looked at. */
static void assert_refused(struct fixture *f, enum kho_table_error error)
{
	assert_int_equal(run(f), error);
	assert_int_equal(kho_table_check(f->table, TABLE_SIZE), error);
	assert_int_equal(f->mapped, 0);
	assert_int_equal(f->outcome.entries_good, 0);
	assert_string_not_equal(kho_table_error_text(error), kho_table_error_text(KHO_TABLE_OK));
}

/* Set FIELD to VALUE, expect ERROR, and put it back. */
#define REFUSED(f, field, value, error)			\
	do {						\
		__typeof__(field) saved_ = (field);	\
							\
		(field) = (value);			\
		assert_refused((f), (error));		\
		(field) = saved_;			\
	} while (0)

static void bad_header(void **state)
{
	struct fixture *f = *state;

	REFUSED(f, f->table->magic, 0, KHO_TABLE_E_MAGIC);
	REFUSED(f, f->table->magic, KHO_TABLE_MAGIC ^ 1ull << 63, KHO_TABLE_E_MAGIC);
	REFUSED(f, f->table->version, 0, KHO_TABLE_E_VERSION);
	REFUSED(f, f->table->version, KHO_FORMAT_VERSION + 1, KHO_TABLE_E_VERSION);
	REFUSED(f, f->table->algorithm, 0, KHO_TABLE_E_ALGORITHM);
	REFUSED(f, f->table->algorithm, 2, KHO_TABLE_E_ALGORITHM);
	REFUSED(f, f->table->chunk_shift, 0, KHO_TABLE_E_CHUNK);
	REFUSED(f, f->table->chunk_shift, 11, KHO_TABLE_E_CHUNK);
	REFUSED(f, f->table->chunk_shift, 31, KHO_TABLE_E_CHUNK);
	REFUSED(f, f->table->chunk_shift, 64, KHO_TABLE_E_CHUNK);
	REFUSED(f, f->table->chunk_shift, UINT32_MAX, KHO_TABLE_E_CHUNK);
	assert_all_good(f);
}

/* 12 and 30 are taken; where the digests end is then another matter. */
static void chunk_limits(void **state)
{
	struct fixture *f = *state;
	const uint32_t shift[] = { KHO_TABLE_CHUNK_SHIFT_MIN, KHO_TABLE_CHUNK_SHIFT_MAX };

	assert_int_equal(shift[0], 12);
	assert_int_equal(shift[1], 30);
	for (unsigned int i = 0; i < 2; i++) {
		enum kho_table_error error;

		f->table->chunk_shift = shift[i];
		error = kho_table_check(f->table, TABLE_SIZE);
		assert_true(error == KHO_TABLE_OK || error == KHO_TABLE_E_DIGESTS);
	}
}

static void bad_counts(void **state)
{
	struct fixture *f = *state;

	REFUSED(f, f->table->entry_count, 0, KHO_TABLE_E_EMPTY);
	f->table->entry_count = 0;
	assert_int_equal(kho_table_check(f->table, sizeof(*f->table)), KHO_TABLE_E_EMPTY);
	assert_int_equal(kho_table_check(f->table, sizeof(*f->table) - 1), KHO_TABLE_E_TRUNCATED);
	f->table->entry_count = ENTRIES;
	REFUSED(f, f->table->entry_count, ENTRIES + 1, KHO_TABLE_E_TRUNCATED);
	/* 88 times this is 16 modulo 2^32: too small if computed in 32 bits. */
	REFUSED(f, f->table->entry_count, 0x745d1746, KHO_TABLE_E_TRUNCATED);
	REFUSED(f, f->table->entry_count, UINT32_MAX, KHO_TABLE_E_TRUNCATED);
	REFUSED(f, f->table->digest_count, DIGESTS + 1, KHO_TABLE_E_TRUNCATED);
	REFUSED(f, f->table->digest_count, 0x40000001, KHO_TABLE_E_TRUNCATED);
	REFUSED(f, f->table->digest_count, UINT32_MAX, KHO_TABLE_E_TRUNCATED);
	REFUSED(f, f->table->digest_count, DIGESTS - 1, KHO_TABLE_E_DIGESTS);
	REFUSED(f, f->table->digest_count, 0, KHO_TABLE_E_DIGESTS);
	assert_all_good(f);
}

/* Every size short of the whole, in a buffer that ends there (for ASan). */
static void truncated(void **state)
{
	struct fixture *f = *state;

	for (uint64_t size = 0; size < TABLE_SIZE; size++) {
		struct kho_table *part = malloc(size + !size);

		assert_non_null(part);
		memcpy(part, f->table, size);
		assert_int_equal(kho_table_check(part, size), KHO_TABLE_E_TRUNCATED);
		free(part);
	}
}

static void misaligned(void **state)
{
	struct fixture *f = *state;
	unsigned char *buf = malloc(TABLE_SIZE + 8);

	assert_non_null(buf);
	for (unsigned int offset = 1; offset < 8; offset++) {
		memcpy(buf + offset, f->table, TABLE_SIZE);
		assert_int_equal(kho_table_check((void *)(uintptr_t)(buf + offset), TABLE_SIZE),
				 KHO_TABLE_E_ALIGNMENT);
	}
	free(buf);
}

static void bad_entries(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ENTRIES; i++) {
		struct kho_entry *e = f->entry + i;

		REFUSED(f, e->addr, 0, KHO_TABLE_E_RANGE);
		REFUSED(f, e->addr, UINT64_MAX, KHO_TABLE_E_RANGE);
		REFUSED(f, e->addr, 0 - e->size + 1, KHO_TABLE_E_RANGE);
		REFUSED(f, e->size, 0, KHO_TABLE_E_RANGE);
		REFUSED(f, e->size, UINT64_MAX, KHO_TABLE_E_RANGE);
		REFUSED(f, e->size, 0 - e->addr + 1, KHO_TABLE_E_RANGE);
		/* In range now: ends with the last byte there is. */
		REFUSED(f, e->size, 0 - e->addr, KHO_TABLE_E_DIGESTS);
		REFUSED(f, e->size, (uint64_t)CHUNK * (DIGESTS + 1), KHO_TABLE_E_DIGESTS);
		/* 2^32 chunks and some: right if cut to 32 bits. */
		REFUSED(f, e->size, e->size + ((uint64_t)CHUNK << 32), KHO_TABLE_E_DIGESTS);
		REFUSED(f, e->class, 0, KHO_TABLE_E_CLASS);
		REFUSED(f, e->class, 3, KHO_TABLE_E_CLASS);
		REFUSED(f, e->flags, 4, KHO_TABLE_E_CLASS);
		REFUSED(f, e->first_digest, DIGESTS, KHO_TABLE_E_DIGESTS);
		REFUSED(f, e->first_digest, UINT32_MAX, KHO_TABLE_E_DIGESTS);
	}
	REFUSED(f, f->entry[2].first_digest, DIGESTS - 100, KHO_TABLE_E_DIGESTS);
	assert_all_good(f);
	memset(f->entry[1].name, 'x', KHO_NAME_MAX);
	assert_refused(f, KHO_TABLE_E_NAME);
	f->entry[1].name[KHO_NAME_MAX - 1] = '\0';
	assert_all_good(f);
	f->entry[1].name[KHO_NAME_MAX - 1] = 'x';
	f->entry[1].name[0] = '\0';
	assert_all_good(f);
}

static void unmapped(void **state)
{
	struct fixture *f = *state;

	/* Only the third part of its memory is not there: found out half-way. */
	f->entry[2].addr += MEM_SIZE - 119 * CHUNK;
	assert_int_equal(run(f), KHO_TABLE_E_MAP);
	assert_int_equal(f->outcome.entries_good, 2);
	f->entry[0].addr = MEM_ADDR - 1;
	assert_int_equal(run(f), KHO_TABLE_E_MAP);
	assert_int_equal(f->outcome.entries_good, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good, setup, teardown),
		cmocka_unit_test_setup_teardown(one_bit, setup, teardown),
		cmocka_unit_test_setup_teardown(last_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(gaps, setup, teardown),
		cmocka_unit_test_setup_teardown(each_digest, setup, teardown),
		cmocka_unit_test_setup_teardown(several_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_to_tell, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_header, setup, teardown),
		cmocka_unit_test_setup_teardown(chunk_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(misaligned, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(unmapped, setup, teardown),
		cmocka_unit_test_setup_teardown(unreadable, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
