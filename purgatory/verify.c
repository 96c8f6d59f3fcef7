// SPDX-License-Identifier: GPL-2.0-only
#include "types.h"
#include "crc32c.h"
#include "verify.h"

/*
 * Chunks digested by one call: a multiple of the lanes of crc32c_chunks(), and
 * few enough for a stack.
 */
#define BATCH	48

u32 kho_table_crc(const struct kho_table *table)
{
	struct kho_table header = *table;
	u32 crc;

	header.crc = 0;
	crc = crc32c(0, &header, sizeof(header));
	return crc32c(crc, table + 1, kho_table_size(table) - sizeof(header));
}

/* Compare COUNT digests, those of the entry's chunks from FIRST on. */
static void compare(const struct kho_table *table, const u32 *actual, u64 first, u64 count,
		    struct kho_verify_bad *bad)
{
	const u32 *expected = kho_table_digests(table) + bad->entry->first_digest + first;

	for (u64 i = 0; i < count; i++) {
		if (actual[i] == expected[i])
			continue;
		if (!bad->bad_chunks++) {
			bad->chunk = (u32)(first + i);
			bad->chunk_addr = bad->entry->addr + ((first + i) << table->chunk_shift);
			bad->expected = expected[i];
			bad->actual = actual[i];
		}
	}
}

static enum kho_table_error verify_entry(const struct kho_table *table,
					 const struct kho_verify_ops *ops,
					 struct kho_verify_bad *bad, u64 *bytes)
{
	const struct kho_entry *entry = bad->entry;
	u32 actual[BATCH];
	u64 count, size;

	bad->chunks = kho_entry_chunks(table, entry);
	if (entry->flags & KHO_ENTRY_UNREADABLE) {
		bad->bad_chunks = bad->chunks;
		bad->chunk_addr = entry->addr;
		return KHO_TABLE_OK;
	}
	for (u64 first = 0; first < bad->chunks; first += count) {
		u64 offset = first << table->chunk_shift;
		const void *mem;

		count = bad->chunks - first;
		size = entry->size - offset;
		if (count > BATCH) {
			count = BATCH;
			size = (u64)BATCH << table->chunk_shift;
		}
		mem = ops->map(ops->ctx, entry->addr + offset, size);
		if (!mem)
			return KHO_TABLE_E_MAP;
		crc32c_chunks(mem, size, table->chunk_shift, actual);
		*bytes += size;
		compare(table, actual, first, count, bad);
	}
	return KHO_TABLE_OK;
}

enum kho_table_error kho_table_verify(const struct kho_table *table, u64 size,
				      const struct kho_verify_ops *ops,
				      struct kho_verify_outcome *outcome)
{
	enum kho_table_error error;

	*outcome = (struct kho_verify_outcome){ 0 };
	error = kho_table_check(table, size);
	if (error)
		return error;

	for (u32 i = 0; i < table->entry_count; i++) {
		struct kho_verify_bad bad = {
			.entry = kho_table_entries(table) + i,
			.entry_index = i,
		};

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
	return KHO_TABLE_OK;
}
