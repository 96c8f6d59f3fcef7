// SPDX-License-Identifier: GPL-2.0-only
#include "types.h"
#include "verify.h"

static bool name_terminated(const char *name)
{
	for (unsigned int i = 0; i < KHO_NAME_MAX; i++) {
		if (!name[i])
			return true;
	}
	return false;
}

static enum kho_table_error check_entry(const struct kho_table *table,
					const struct kho_entry *entry)
{
	u64 chunks;

	if (!entry->addr || !entry->size || entry->size - 1 > (~(u64)0) - entry->addr)
		return KHO_TABLE_E_RANGE;
	if ((entry->class != KHO_CLASS_KERNEL && entry->class != KHO_CLASS_STATE) ||
	    entry->flags & ~(KHO_ENTRY_SEAL | KHO_ENTRY_UNREADABLE))
		return KHO_TABLE_E_CLASS;
	if (!name_terminated(entry->name))
		return KHO_TABLE_E_NAME;
	chunks = kho_entry_chunks(table, entry);
	if (chunks > table->digest_count || entry->first_digest > table->digest_count - chunks)
		return KHO_TABLE_E_DIGESTS;
	return KHO_TABLE_OK;
}

static enum kho_table_error check_header(const struct kho_table *table, u64 size)
{
	if ((unsigned long)table % sizeof(u64))
		return KHO_TABLE_E_ALIGNMENT;
	if (size < sizeof(*table))
		return KHO_TABLE_E_TRUNCATED;
	if (table->magic != KHO_TABLE_MAGIC)
		return KHO_TABLE_E_MAGIC;
	if (table->version != KHO_FORMAT_VERSION)
		return KHO_TABLE_E_VERSION;
	if (table->algorithm != KHO_DIGEST_CRC32C)
		return KHO_TABLE_E_ALGORITHM;
	if (table->chunk_shift < KHO_TABLE_CHUNK_SHIFT_MIN ||
	    table->chunk_shift > KHO_TABLE_CHUNK_SHIFT_MAX)
		return KHO_TABLE_E_CHUNK;
	if (!table->entry_count)
		return KHO_TABLE_E_EMPTY;
	return kho_table_size(table) > size ? KHO_TABLE_E_TRUNCATED : KHO_TABLE_OK;
}

enum kho_table_error kho_table_check(const struct kho_table *table, u64 size)
{
	enum kho_table_error error = check_header(table, size);

	for (u32 i = 0; !error && i < table->entry_count; i++)
		error = check_entry(table, kho_table_entries(table) + i);
	return error;
}

const char *kho_table_error_text(enum kho_table_error error)
{
	switch (error) {
	case KHO_TABLE_OK:
		return "no error";
	case KHO_TABLE_E_ALIGNMENT:
		return "not aligned";
	case KHO_TABLE_E_TRUNCATED:
		return "longer than its memory";
	case KHO_TABLE_E_MAGIC:
		return "wrong magic number";
	case KHO_TABLE_E_VERSION:
		return "unknown version";
	case KHO_TABLE_E_ALGORITHM:
		return "unknown digest algorithm";
	case KHO_TABLE_E_CHUNK:
		return "impossible chunk size";
	case KHO_TABLE_E_EMPTY:
		return "no entries";
	case KHO_TABLE_E_RANGE:
		return "entry with impossible address or size";
	case KHO_TABLE_E_CLASS:
		return "entry of unknown class";
	case KHO_TABLE_E_NAME:
		return "entry name without end";
	case KHO_TABLE_E_DIGESTS:
		return "entry without digests";
	case KHO_TABLE_E_MAP:
		return "memory of an entry is not accessible";
	}
	return "unknown error";
}
