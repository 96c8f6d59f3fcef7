/* SPDX-License-Identifier: GPL-2.0-only */
/* Building the verification table. Pure. */
#ifndef KEXEC_TABLE_H
#define KEXEC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kho-handover.h"

#define TABLE_ENTRIES_MAX	128
#define PAYLOAD_ITEMS_MAX	256	/* that a reader accepts; no payload of ours has more */

/* One range to verify: its bytes, or digests of them taken elsewhere. */
struct table_item {
	const char *name;
	enum kho_class class;
	uint64_t addr;
	uint64_t size;			/* 0: left out of the table */
	const void *bytes;		/* or NULL, and then: */
	const uint32_t *digest;		/* one for each chunk */
	bool late;			/* no bytes, no digest: the kernel takes them at the end */
};

struct table {
	struct table_item item[TABLE_ENTRIES_MAX];
	size_t count;
};

/* Number of chunks, and so of digests, of SIZE bytes. */
static inline uint64_t chunk_count(uint64_t size)
{
	return (size + (1ull << KHO_CHUNK_SHIFT) - 1) >> KHO_CHUNK_SHIFT;
}

/* Append ITEM; one of size 0 is ignored. 0, or -1 if the table is full. */
int table_add(struct table *table, const struct table_item *item);

/* Bytes that table_write() fills. */
uint64_t table_size(const struct table *table);

/* Write the table into BUF of table_size() bytes; digests of bytes are taken here. */
void table_write(const struct table *table, void *buf);

#endif
