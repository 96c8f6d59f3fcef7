/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a handover comes from: the running kernel's own ("live"), the one that this kernel got
 * ("in"), or a file.
 */
#ifndef KHO_FDT_SOURCE_H
#define KHO_FDT_SOURCE_H

#include <stdbool.h>

#include "dump.h"
#include "files.h"
#include "incoming.h"
#include "kcore.h"
#include "machine.h"
#include "ranges.h"
#include "scan.h"

#define SOURCE_FDT_MAX	(1u << 20)	/* most bytes of a root FDT that are read */

/* What the user has told about it. */
struct source_spec {
	const char *name;		/* "live", "in" or a path */
	const char *sysroot;		/* of "live" and "in" */
	bool has_root;
	uint64_t root;			/* of a file: address of the root FDT */
	enum kho_abi form;		/* of kho-v1; KHO_ABI_UNKNOWN: not given */
	uint64_t ram_base;		/* of a raw image */
	const struct kho_range *scratch; /* replaces what is found */
	size_t scratch_count;
};

enum source_kind { SOURCE_LIVE, SOURCE_IN, SOURCE_FILE };

/* Bytes of the handover that debugfs shows, if memory cannot be read. */
struct source_overlay {
	uint64_t addr;
	struct buffer data;
};

struct source {
	const char *name;
	enum source_kind kind;
	enum kho_abi form;		/* of kho-v1, from the user or the release */
	unsigned int page_shift;	/* of the kernel that hands over; nothing tells another one */
	/* The root FDT. */
	bool has_addr;
	uint64_t fdt_addr;
	uint64_t passed_size;		/* as handed over in setup_data; 0: unknown */
	struct buffer fdt;		/* of its own total size, 8-byte aligned */
	/* Memory; absent for a bare root FDT. */
	bool has_mem;
	struct kho_mem mem;		/* its ctx is this struct: do not move it */
	uint64_t max_pages;		/* of a walk of the map */
	struct ranges ram;		/* as far as it is known */
	bool ram_whole;			/* all RAM of the machine is known */
	struct ranges kernel;		/* the running kernel's code and data */
	struct ranges reserved;		/* kept by setup_data in the next kernel */
	bool reserved_whole;		/* that is everything it keeps */
	bool has_scratch;
	uint64_t scratch_addr;		/* of the array; 0: unknown */
	struct kho_range *scratch;	/* malloc'ed, in the array's order */
	size_t scratch_count;
	bool nothing;			/* live: the running kernel hands nothing over */
	struct kho_formats writes;	/* live: the ABIs in which it hands over */
	/* What the source is read through. */
	struct machine *machine;
	struct kcore kcore;
	struct dump dump;
	struct incoming incoming;
	bool has_incoming;
	struct source_overlay *overlay;
	size_t overlays;
};

/*
 * 0, or -1 after a message. A running kernel without KHO is no error: "nothing" is
 * all that is set. Release with source_close(), also after an error.
 */
int source_open(const struct source_spec *spec, struct source *ret);
void source_close(struct source *source);

#endif
