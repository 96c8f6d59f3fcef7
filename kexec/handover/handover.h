/* SPDX-License-Identifier: GPL-2.0-only */
/* The model of one handover: what is preserved and under which names. */
#ifndef KEXEC_HANDOVER_H
#define KEXEC_HANDOVER_H

#include "blocks.h"
#include "kcore.h"
#include "kho.h"
#include "machine.h"
#include "request.h"
#include "running.h"

struct handover_region {
	struct kho_region region;
	bool added;			/* added by the user, not the running kernel's own */
	bool verify;
	bool fixed;			/* with verify: the digests of the first load count */
	bool late;			/* with verify: digested by the kernel, at the end */
	uint32_t *digest;		/* of each chunk, malloc'ed; with verify and not late */
};

/* Does this program take its digests, at the load? */
static inline bool handover_digested(const struct handover_region *region)
{
	return region->verify && !region->late;
}

struct handover_blob {
	char name[KHO_NAME_MAX];
	struct buffer data;
};

/* How the new kernel finds preserved memory. */
enum handover_map {
	/*
	 * Root FDT and map are the running kernel's own, handed on by address, so they contain
	 * everything that it preserves after the load.
	 */
	MAP_IN_PLACE,
	/* A root FDT of ours that points to the running kernel's radix tree. */
	MAP_LIVE,
	/* Both are ours. "kexec -e" has to check whether the running kernel's have changed. */
	MAP_OWN,
};

struct handover {
	struct kcore kcore;
	struct running running;
	struct handover_region region[KHO_REGIONS_MAX];
	size_t region_count;
	struct handover_blob blob[BLOBS_MAX];
	size_t blob_count;
	struct kho_range *scratch;	/* malloc'ed; the kernel's own with KHO */
	size_t scratch_count;
	const struct machine *machine;
	uint32_t hop;
	bool checked;			/* purgatory will verify */
	struct kho_formats to;		/* what the new kernel reads */
	enum handover_map map;
	struct kho_node node[KHO_ROOT_NODES_MAX];	/* of the running kernel, handed on */
	size_t node_count;
	bool luo_dropped;		/* live update state, with no session in it */
	struct blocks luo_blocks;	/* luo_dropped: its own memory, which nobody would free */
	struct blocks blocks;		/* MAP_OWN: what the new kernel is to preserve */
};

/*
 * Look at the running kernel and add what REQUEST asks for, for a new kernel that reads TO,
 * with every check that needs no placement. Changes nothing. 0, or -1 after a message.
 */
int handover_look(struct handover *handover, const struct machine *machine,
		  const struct request *request, const struct kho_formats *to);

/*
 * If the running kernel has no map yet, make it write one, and check HANDOVER against what it
 * preserves. With DRY_RUN this is refused. 0, or -1 after a message.
 */
int handover_finish(struct handover *handover, bool dry_run);

/*
 * Find out what is handed on, and scratch, as far as the running kernel is known; to be called
 * again after handover_finish(). 0, or -1 after a message.
 */
int handover_model(struct handover *handover);

/*
 * Choose which nodes of the running kernel are handed on, and how its map is. ADDS_NODES: the
 * root FDT has to change anyway. 0, or -1 after a message.
 */
int handover_check_nodes(struct handover *handover, bool adds_nodes);

/* Is node NAME of the running kernel handed on? */
bool handover_has_node(const struct handover *handover, const char *name);

/* With MAP_OWN: collect every block for the new map. 0, or -1 after a message. */
int handover_build_map(struct handover *handover);

/*
 * Add to *CMDLINE, malloc'ed, what the next kernel needs to take HANDOVER, and refuse what
 * contradicts it. 0, or -1 after a message.
 */
int handover_cmdline(const struct handover *handover, char **cmdline);

/*
 * Does CMDLINE leave the next kernel all memory that HANDOVER needs, as far as scratch is
 * chosen? handover_cmdline() checks this too. 0, or -1 after a message.
 */
int handover_check_memory(const struct handover *handover, const char *cmdline);

/* Take the digests of all regions to be verified. 0, or -1 after a message. */
int handover_digest(struct handover *handover);

/*
 * When REQUEST is loaded again: do the regions that must not change, all digested, still have
 * the digests of the first load? 0, or -1 after a message that names region and chunk.
 */
int handover_check_fixed(const struct handover *handover, const struct request *request);

/*
 * Write a line to the kernel log, so that its own writers, such as a pstore console, show
 * themselves now and not after the last digest.
 */
void handover_provoke_writers(const struct root *root);

/*
 * Take the digests again until two in a row are equal. A region that keeps changing has a
 * writer and could never be verified. 0, or -1 after a message that names the region.
 */
int handover_settle(struct handover *handover, const struct root *root);

/*
 * Choose scratch for a kernel that has none: room for SEGMENTS bytes of segments, for what
 * every kernel allocates early, and for EXTRA bytes. 0, or -1 after a message.
 */
int handover_plan_scratch(struct handover *handover, const struct machine *machine,
			  uint64_t segments, uint64_t extra);

/* One CRC32C over all digests of REGION, which has been digested. */
uint32_t handover_region_crc(const struct handover_region *region);

void handover_release(struct handover *handover);

#endif
