/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "crc32c.h"
#include "verify.h"
#include "table.h"

int table_add(struct table *table, const struct table_item *item)
{
	if (!item->size)
		return 0;
	if (table->count == TABLE_ENTRIES_MAX)
		return -1;
	table->item[table->count++] = *item;
	return 0;
}

static uint64_t digest_count(const struct table *table)
{
	uint64_t count = 0;

	for (size_t i = 0; i < table->count; i++)
		count += chunk_count(table->item[i].size);
	return count;
}

uint64_t table_size(const struct table *table)
{
	return sizeof(struct kho_table) + table->count * sizeof(struct kho_entry) +
	       digest_count(table) * sizeof(uint32_t);
}

static void write_entry(const struct table_item *item, uint32_t first, struct kho_entry *entry,
			uint32_t *digest)
{
	*entry = (struct kho_entry){
		.addr = item->addr,
		.size = item->size,
		.class = item->class,
		.flags = item->late ? KHO_ENTRY_SEAL : 0,
		.first_digest = first,
	};
	strncpy(entry->name, item->name, sizeof(entry->name) - 1);
	if (item->late)
		memset(digest + first, 0, chunk_count(item->size) * sizeof(*digest));
	else if (item->bytes)
		crc32c_chunks(item->bytes, item->size, KHO_CHUNK_SHIFT, digest + first);
	else
		memcpy(digest + first, item->digest, chunk_count(item->size) * sizeof(*digest));
}

void table_write(const struct table *table, void *buf)
{
	struct kho_table *header = buf;
	struct kho_entry *entry = (void *)(header + 1);
	uint32_t *digest = (void *)(entry + table->count);
	uint32_t first = 0;

	*header = (struct kho_table){
		.magic = KHO_TABLE_MAGIC,
		.version = KHO_FORMAT_VERSION,
		.algorithm = KHO_DIGEST_CRC32C,
		.chunk_shift = KHO_CHUNK_SHIFT,
		.entry_count = (uint32_t)table->count,
		.digest_count = (uint32_t)digest_count(table),
	};
	for (size_t i = 0; i < table->count; i++) {
		write_entry(&table->item[i], first, &entry[i], digest);
		first += (uint32_t)chunk_count(table->item[i].size);
	}
	header->crc = kho_table_crc(header);
}
