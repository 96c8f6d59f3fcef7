/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats shared by kexec, kernel, purgatory and the next kernel's userspace.
 *
 * All integers are little-endian and naturally aligned; all addresses are
 * physical; all offsets inside the payload count from the start of its
 * setup_data header. A change of any layout here changes KHO_FORMAT_VERSION.
 *
 * The payload is one entry of the x86 setup_data chain:
 *
 *   +0            struct kho_setup_data   next, type KHO_SETUP_TYPE, length
 *   +16           struct kho_payload      what follows, and where
 *   +KHO_REPORT_OFFSET  struct kho_report written by purgatory, so not digested
 *   a page        verification table      struct kho_table, entries, digests
 *                 items                   struct kho_item each
 *                 scratch array, root FDT, map pages, kernel-format blobs
 *                 user blobs, each page aligned
 */
#ifndef KHO_HANDOVER_H
#define KHO_HANDOVER_H

#include <stdint.h>

#define KHO_FORMAT_VERSION	2

/*
 * On x86 the payload is an entry of the setup_data chain, a list that the boot loader
 * makes; so are the ranges that nothing but this keeps from being overwritten.
 */
#define KHO_SETUP_TYPE		0x6b686f01u	/* the payload: 'k' 'h' 'o' 1 */
#define KHO_SETUP_RESERVE	0x6b686f02u	/* a range kept by SETUP_INDIRECT */

struct kho_setup_data {
	uint64_t next;
	uint32_t type;
	uint32_t len;			/* bytes after this header */
};

#define KHO_NAME_MAX		64	/* terminating NUL included */

/* ---- Verification table ------------------------------------------------ */

#define KHO_TABLE_MAGIC		0x314c42544f484b00ull	/* "\0KHOTBL1" */
#define KHO_CHUNK_SHIFT		21	/* one digest for each 2 MiB */
#define KHO_DIGEST_CRC32C	1u

struct kho_table {
	uint64_t magic;
	uint32_t version;
	uint32_t algorithm;		/* KHO_DIGEST_* */
	uint32_t chunk_shift;
	uint32_t entry_count;
	uint32_t digest_count;
	uint32_t crc;			/* CRC32C of all of it, this field taken as 0 */
	/* struct kho_entry[entry_count], then uint32_t digest[digest_count] */
};

/* What a mismatch means: see enum kho_reaction. */
enum kho_class {
	KHO_CLASS_KERNEL = 1,		/* code and data of the next kernel: reset */
	KHO_CLASS_STATE = 2,		/* preserved state: start without it */
};

#define KHO_ENTRY_SEAL		1u	/* digests by the kernel, when all else has stopped */
#define KHO_ENTRY_UNREADABLE	2u	/* it could not read the memory: taken for damaged */

struct kho_entry {
	uint64_t addr;
	uint64_t size;			/* bytes, not 0 */
	uint16_t class;			/* enum kho_class */
	uint16_t flags;			/* KHO_ENTRY_* */
	uint32_t first_digest;		/* index; ceil(size / chunk) digests follow */
	char name[KHO_NAME_MAX];
};

/* ---- Report ------------------------------------------------------------ */

#define KHO_REPORT_MAGIC	0x315052524f484b00ull	/* "\0KHORRP1" */

enum kho_result {
	KHO_RESULT_NONE = 0,		/* purgatory has not run */
	KHO_RESULT_VERIFIED = 1,
	KHO_RESULT_MISMATCH = 2,
	KHO_RESULT_SKIPPED = 3,		/* verification switched off at load */
};

enum kho_reaction {
	KHO_REACTION_NONE = 0,
	KHO_REACTION_COLD = 1,		/* handover unlinked, kernel started */
	KHO_REACTION_RESET = 2,		/* machine reset */
};

struct kho_report {
	uint64_t magic;
	uint32_t result;		/* enum kho_result */
	uint32_t reaction;		/* enum kho_reaction */
	uint32_t entries_good;
	uint32_t entries_bad;
	uint32_t bad_entry;		/* first bad entry of the table */
	uint32_t bad_chunk;		/* first bad chunk in it */
	uint32_t expected;
	uint32_t actual;
	uint64_t bytes;			/* bytes digested */
	uint64_t cycles;		/* of the time stamp counter */
	uint64_t reserved;
};

/* ---- Payload ----------------------------------------------------------- */

#define KHO_PAYLOAD_MAGIC	0x3159504f484b0000ull	/* "\0\0KHOPY1" */
#define KHO_REPORT_OFFSET	512

struct kho_payload {
	uint64_t magic;
	uint32_t version;
	uint32_t item_count;
	uint64_t addr;			/* of the setup_data header */
	uint64_t size;			/* setup_data header included */
	uint64_t table_offset;
	uint64_t table_size;
	uint64_t item_offset;
	uint64_t fdt_addr;		/* root FDT handed over */
	uint64_t scratch_offset;
	uint32_t scratch_count;
	uint32_t hop;			/* 1 for the first handover of a chain */
	char from_release[KHO_NAME_MAX];
	char abi[16];			/* root FDT compatible, "kho-v4" */
	/* How purgatory tells, if it is the kernel's. */
	uint16_t serial_port;		/* I/O port; 0: none */
	uint16_t console;		/* KHO_CONSOLE_* */
	uint32_t reserved;
};

#define KHO_CONSOLE_VGA		1u	/* VGA text memory is on screen */

enum kho_item_kind {
	KHO_ITEM_REGION = 1,		/* reserve_mem region */
	KHO_ITEM_BLOB = 2,		/* user blob, bytes inside the payload */
	KHO_ITEM_NODE = 3,		/* node of the kernel's own, by address */
};

#define KHO_ITEM_VERIFIED	1u	/* its digests are in the table */
#define KHO_ITEM_RESERVE	2u	/* a region in no map: reserved by the boot data alone */

struct kho_item {
	char name[KHO_NAME_MAX];
	uint32_t kind;			/* enum kho_item_kind */
	uint32_t flags;			/* KHO_ITEM_* */
	uint64_t addr;
	uint64_t size;
};

_Static_assert(sizeof(struct kho_setup_data) == 16, "setup_data header");
_Static_assert(sizeof(struct kho_table) == 32, "table");
_Static_assert(sizeof(struct kho_entry) == 88, "entry");
_Static_assert(sizeof(struct kho_report) == 64, "report");
_Static_assert(sizeof(struct kho_payload) == 168, "payload");
_Static_assert(sizeof(struct kho_item) == 88, "item");
_Static_assert(sizeof(struct kho_setup_data) + sizeof(struct kho_payload) <= KHO_REPORT_OFFSET,
	       "payload header reaches into the report");

#endif
