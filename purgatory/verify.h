/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Check memory against a verification table (kho-handover.h). No I/O, no
 * globals, no allocation: the same source runs in purgatory, in kexec and in
 * the tests.
 */
#ifndef PURGATORY_VERIFY_H
#define PURGATORY_VERIFY_H

#include "types.h"
#include "kho-handover.h"

/* What can be wrong with a table, as opposed to what it describes. */
enum kho_table_error {
	KHO_TABLE_OK = 0,
	KHO_TABLE_E_ALIGNMENT,	/* the table is not 8-byte aligned */
	KHO_TABLE_E_TRUNCATED,	/* entries and digests do not fit into its size */
	KHO_TABLE_E_MAGIC,
	KHO_TABLE_E_VERSION,
	KHO_TABLE_E_ALGORITHM,
	KHO_TABLE_E_CHUNK,		/* chunk_shift out of range */
	KHO_TABLE_E_EMPTY,		/* no entries: would verify nothing */
	KHO_TABLE_E_RANGE,		/* entry at 0, of size 0, or past the end of memory */
	KHO_TABLE_E_CLASS,	/* or flags nobody knows */
	KHO_TABLE_E_NAME,		/* not terminated */
	KHO_TABLE_E_DIGESTS,	/* digests of an entry outside of the array */
	KHO_TABLE_E_MAP,		/* memory of an entry is not accessible */
};

/* The chunk sizes a table may have. */
#define KHO_TABLE_CHUNK_SHIFT_MIN	12
#define KHO_TABLE_CHUNK_SHIFT_MAX	30

/* An entry that does not match; the fields tell of its first bad chunk. */
struct kho_verify_bad {
	const struct kho_entry *entry;
	u32 entry_index;
	u32 chunk;
	u64 chunk_addr;
	u32 expected;
	u32 actual;
	u64 chunks;		/* of the entry */
	u64 bad_chunks;
};

struct kho_verify_ops {
	/*
	 * Where SIZE bytes of physical memory at ADDR can be read, until the
	 * next call; NULL: nowhere.
	 */
	const void *(*map)(void *ctx, u64 addr, u64 size);
	/* Called once for each bad entry, in the order of the table; may be NULL. */
	void (*bad_entry)(void *ctx, const struct kho_verify_bad *bad);
	void *ctx;
};

struct kho_verify_outcome {
	u32 entries_good;
	u32 entries_bad;
	u32 kernel_bad;		/* of these, KHO_CLASS_KERNEL */
	u64 bytes;			/* digested */
	struct kho_verify_bad first;	/* if entries_bad */
};

/* Bytes of TABLE with its entries and digests; 64 bits cannot overflow. */
static inline u64 kho_table_size(const struct kho_table *table)
{
	return sizeof(*table) + (u64)table->entry_count * sizeof(struct kho_entry) +
	       (u64)table->digest_count * sizeof(u32);
}

static inline const struct kho_entry *kho_table_entries(const struct kho_table *table)
{
	return (const struct kho_entry *)(table + 1);
}

static inline const u32 *kho_table_digests(const struct kho_table *table)
{
	return (const u32 *)(kho_table_entries(table) + table->entry_count);
}

/* Digests of ENTRY, whose size is not 0. */
static inline u64 kho_entry_chunks(const struct kho_table *table, const struct kho_entry *entry)
{
	return ((entry->size - 1) >> table->chunk_shift) + 1;
}

/*
 * Is the TABLE of SIZE bytes well-formed? Every index and sum that
 * kho_table_verify() makes of it is then within bounds.
 */
enum kho_table_error kho_table_check(const struct kho_table *table, u64 size);

/* What a well-formed TABLE's field crc has to be. */
u32 kho_table_crc(const struct kho_table *table);

/*
 * Check every entry of TABLE, the bad ones and those after them too. *OUTCOME is
 * written in any case; unless KHO_TABLE_OK is returned, entries may be missing
 * from it, and the memory must be taken for damaged.
 */
enum kho_table_error kho_table_verify(const struct kho_table *table, u64 size,
				      const struct kho_verify_ops *ops,
				      struct kho_verify_outcome *outcome);

/* A few words on what is wrong. */
const char *kho_table_error_text(enum kho_table_error error);

#endif
