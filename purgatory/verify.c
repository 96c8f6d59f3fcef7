// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stddef.h>

#include "crc32c.h"
#include "verify.h"

/*
 * Chunks digested by one call: a multiple of the lanes of crc32c_chunks(), and
 * few enough for a stack.
 */
#define BATCH	48

static const struct kho_entry *table_entries(const struct kho_table *table)
{
	return (const struct kho_entry *)(table + 1);
}

static const uint32_t *table_digests(const struct kho_table *table)
{
	return (const uint32_t *)(table_entries(table) + table->entry_count);
}

/* Of an entry whose size is not 0. */
static uint64_t entry_chunks(const struct kho_table *table, const struct kho_entry *entry)
{
	return ((entry->size - 1) >> table->chunk_shift) + 1;
}

static bool name_terminated(const char *name)
{
	for (unsigned int i = 0; i < KHO_NAME_MAX; i++) {
		if (!name[i])
			return true;
	}
	return false;
}

static enum verify_error check_entry(const struct kho_table *table, const struct kho_entry *entry)
{
	uint64_t chunks;

	if (!entry->addr || !entry->size || entry->size - 1 > UINT64_MAX - entry->addr)
		return VERIFY_E_RANGE;
	if (entry->class != KHO_CLASS_KERNEL && entry->class != KHO_CLASS_STATE)
		return VERIFY_E_CLASS;
	if (!name_terminated(entry->name))
		return VERIFY_E_NAME;
	chunks = entry_chunks(table, entry);
	if (chunks > table->digest_count || entry->first_digest > table->digest_count - chunks)
		return VERIFY_E_DIGESTS;
	return VERIFY_OK;
}

static enum verify_error check_header(const struct kho_table *table, uint64_t size)
{
	uint64_t need;

	if ((uintptr_t)table % _Alignof(struct kho_table))
		return VERIFY_E_ALIGNMENT;
	if (size < sizeof(*table))
		return VERIFY_E_TRUNCATED;
	if (table->magic != KHO_TABLE_MAGIC)
		return VERIFY_E_MAGIC;
	if (table->version != KHO_FORMAT_VERSION)
		return VERIFY_E_VERSION;
	if (table->algorithm != KHO_DIGEST_CRC32C)
		return VERIFY_E_ALGORITHM;
	if (table->chunk_shift < VERIFY_CHUNK_SHIFT_MIN ||
	    table->chunk_shift > VERIFY_CHUNK_SHIFT_MAX)
		return VERIFY_E_CHUNK;
	if (!table->entry_count)
		return VERIFY_E_EMPTY;

	/* Two 32-bit counts times small sizes: 64 bits cannot overflow. */
	need = sizeof(*table) + (uint64_t)table->entry_count * sizeof(struct kho_entry) +
	       (uint64_t)table->digest_count * sizeof(uint32_t);
	return need > size ? VERIFY_E_TRUNCATED : VERIFY_OK;
}

enum verify_error verify_check_table(const struct kho_table *table, uint64_t size)
{
	enum verify_error error = check_header(table, size);

	for (uint32_t i = 0; !error && i < table->entry_count; i++)
		error = check_entry(table, table_entries(table) + i);
	return error;
}

/* Compare COUNT digests, those of the entry's chunks from FIRST on. */
static void compare(const struct kho_table *table, const uint32_t *actual, uint64_t first,
		    uint64_t count, struct verify_bad *bad)
{
	const uint32_t *expected = table_digests(table) + bad->entry->first_digest + first;

	for (uint64_t i = 0; i < count; i++) {
		if (actual[i] == expected[i])
			continue;
		if (!bad->bad_chunks++) {
			bad->chunk = (uint32_t)(first + i);
			bad->chunk_addr = bad->entry->addr + ((first + i) << table->chunk_shift);
			bad->expected = expected[i];
			bad->actual = actual[i];
		}
	}
}

static enum verify_error verify_entry(const struct kho_table *table, const struct verify_ops *ops,
				      struct verify_bad *bad, uint64_t *bytes)
{
	const struct kho_entry *entry = bad->entry;
	uint32_t actual[BATCH];
	uint64_t count, size;

	bad->chunks = entry_chunks(table, entry);
	for (uint64_t first = 0; first < bad->chunks; first += count) {
		uint64_t offset = first << table->chunk_shift;
		const void *mem;

		count = bad->chunks - first;
		size = entry->size - offset;
		if (count > BATCH) {
			count = BATCH;
			size = (uint64_t)BATCH << table->chunk_shift;
		}
		mem = ops->map(ops->ctx, entry->addr + offset, size);
		if (!mem)
			return VERIFY_E_MAP;
		crc32c_chunks(mem, size, table->chunk_shift, actual);
		*bytes += size;
		compare(table, actual, first, count, bad);
	}
	return VERIFY_OK;
}

enum verify_error verify_table(const struct kho_table *table, uint64_t size,
			       const struct verify_ops *ops, struct verify_outcome *outcome)
{
	enum verify_error error;

	*outcome = (struct verify_outcome){ 0 };
	error = verify_check_table(table, size);
	if (error)
		return error;

	for (uint32_t i = 0; i < table->entry_count; i++) {
		struct verify_bad bad = { .entry = table_entries(table) + i, .entry_index = i };

		error = verify_entry(table, ops, &bad, &outcome->bytes);
		if (error)
			return error;
		if (!bad.bad_chunks) {
			outcome->entries_good++;
			continue;
		}
		if (!outcome->entries_bad++)
			outcome->first = bad;
		if (bad.entry->class == KHO_CLASS_KERNEL)
			outcome->kernel_bad++;
		if (ops->bad_entry)
			ops->bad_entry(ops->ctx, &bad);
	}
	return VERIFY_OK;
}

const char *verify_error_text(enum verify_error error)
{
	switch (error) {
	case VERIFY_OK:
		return "no error";
	case VERIFY_E_ALIGNMENT:
		return "not aligned";
	case VERIFY_E_TRUNCATED:
		return "longer than its memory";
	case VERIFY_E_MAGIC:
		return "wrong magic number";
	case VERIFY_E_VERSION:
		return "unknown version";
	case VERIFY_E_ALGORITHM:
		return "unknown digest algorithm";
	case VERIFY_E_CHUNK:
		return "impossible chunk size";
	case VERIFY_E_EMPTY:
		return "no entries";
	case VERIFY_E_RANGE:
		return "entry with impossible address or size";
	case VERIFY_E_CLASS:
		return "entry of unknown class";
	case VERIFY_E_NAME:
		return "entry name without end";
	case VERIFY_E_DIGESTS:
		return "entry without digests";
	case VERIFY_E_MAP:
		return "memory of an entry is not accessible";
	}
	return "unknown error";
}
