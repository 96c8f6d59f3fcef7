/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Check memory against a verification table (kho-handover.h). No I/O, no
 * globals, no allocation: the same source runs in purgatory, in kexec and in
 * the tests.
 */
#ifndef PURGATORY_VERIFY_H
#define PURGATORY_VERIFY_H

#include <stdint.h>

#include "kho-handover.h"

/* What can be wrong with a table, as opposed to what it describes. */
enum verify_error {
	VERIFY_OK = 0,
	VERIFY_E_ALIGNMENT,	/* the table is not 8-byte aligned */
	VERIFY_E_TRUNCATED,	/* entries and digests do not fit into its size */
	VERIFY_E_MAGIC,
	VERIFY_E_VERSION,
	VERIFY_E_ALGORITHM,
	VERIFY_E_CHUNK,		/* chunk_shift out of range */
	VERIFY_E_EMPTY,		/* no entries: would verify nothing */
	VERIFY_E_RANGE,		/* entry at 0, of size 0, or past the end of memory */
	VERIFY_E_CLASS,
	VERIFY_E_NAME,		/* not terminated */
	VERIFY_E_DIGESTS,	/* digests of an entry outside of the array */
	VERIFY_E_MAP,		/* memory of an entry is not accessible */
};

/* The chunk sizes a table may have. */
#define VERIFY_CHUNK_SHIFT_MIN	12
#define VERIFY_CHUNK_SHIFT_MAX	30

/* An entry that does not match; the fields tell of its first bad chunk. */
struct verify_bad {
	const struct kho_entry *entry;
	uint32_t entry_index;
	uint32_t chunk;
	uint64_t chunk_addr;
	uint32_t expected;
	uint32_t actual;
	uint64_t chunks;		/* of the entry */
	uint64_t bad_chunks;
};

struct verify_ops {
	/*
	 * Where SIZE bytes of physical memory at ADDR can be read, until the
	 * next call; NULL: nowhere.
	 */
	const void *(*map)(void *ctx, uint64_t addr, uint64_t size);
	/* Called once for each bad entry, in the order of the table; may be NULL. */
	void (*bad_entry)(void *ctx, const struct verify_bad *bad);
	void *ctx;
};

struct verify_outcome {
	uint32_t entries_good;
	uint32_t entries_bad;
	uint32_t kernel_bad;		/* of these, KHO_CLASS_KERNEL */
	uint64_t bytes;			/* digested */
	struct verify_bad first;	/* if entries_bad */
};

/*
 * Is the TABLE of SIZE bytes well-formed? Every index and sum that
 * verify_table() makes of it is then within bounds.
 */
enum verify_error verify_check_table(const struct kho_table *table, uint64_t size);

/*
 * Check every entry of TABLE, the bad ones and those after them too. *OUTCOME is
 * written in any case; unless VERIFY_OK is returned, entries may be missing
 * from it, and the memory must be taken for damaged.
 */
enum verify_error verify_table(const struct kho_table *table, uint64_t size,
			       const struct verify_ops *ops, struct verify_outcome *outcome);

/* A few words on what is wrong. */
const char *verify_error_text(enum verify_error error);

#endif
