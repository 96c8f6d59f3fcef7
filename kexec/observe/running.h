/* SPDX-License-Identifier: GPL-2.0-only */
/* What the running kernel preserves for its successor. */
#ifndef KEXEC_RUNNING_H
#define KEXEC_RUNNING_H

#include <stdbool.h>

#include "blocks.h"
#include "finalized.h"
#include "kcore.h"
#include "kho.h"
#include "machine.h"
#include "ranges.h"
#include "scratch-name.h"

struct symbol;

#define RUNNING_SCRATCH_MAX	(KHO_EARLY_MAP_MAX / sizeof(struct kho_range))

#define RUNNING_FDT_SIZE	4096	/* what kernels give their root FDT */

struct running {
	bool kho;			/* KHO is compiled in and switched on */
	bool finalized_now;		/* by finalize_running() */
	struct symbol *symbols;		/* malloc'ed, as running_look() found them */
	/* Valid only with kho. */
	enum finalize_kind finalize;
	bool map_pending;		/* not written yet */
	bool can_undo;			/* after running_read_finalized(): nothing would be lost */
	uint64_t fdt_addr;		/* live root FDT; 0: cannot be found (6.16 to 6.18) */
	unsigned char fdt[RUNNING_FDT_SIZE] __attribute__((aligned(8)));
	struct kho_root root;		/* its contents, with the size of each node */
	struct kho_formats writes;	/* the ABIs in which it hands over */
	struct kho_range *scratch;	/* malloc'ed, in the kernel's order */
	size_t scratch_count;
	enum scratch_name scratch_name;	/* what the kernel calls them, if its symbols can be read */
	struct blocks preserved;
	struct ranges map_pages;	/* of the map itself */
	/* With or without kho. */
	uint64_t image_symbol;		/* address of kexec_image, 0 if not listed */
	struct kho_region region[KHO_REGIONS_MAX];	/* reserve_mem */
	size_t region_count;
	size_t left_out;		/* regions that cannot be handed over; a notice has named them */
};

/*
 * Read everything that can be known without changing the running kernel. With RET->map_pending
 * PRESERVED is empty, the regions are those of the kernel's table, and up to 6.18 no nodes are
 * known. With DRY_RUN an earlier map is good enough. 0, or -1 after a message. Release with
 * running_release(), also after an error.
 */
int running_look(const struct machine *machine, struct kcore *kcore, bool dry_run,
		 struct running *ret);

/*
 * Read what running_look() left open, from a kernel that has finalized since. 0, or -1 after a
 * message.
 */
int running_read_finalized(const struct machine *machine, struct kcore *kcore,
			   struct running *running);

/*
 * running_look() for callers that need the map and accept an earlier one. Refuses if there is
 * none. 0, or -1 after a message.
 */
int running_observe(const struct machine *machine, struct kcore *kcore, struct running *ret);
void running_release(struct running *running);

/*
 * The running kernel's root FDT, at ADDR, as it is now: as the kernel shows it, or else
 * through KCORE, unless that is NULL. 0, or -errno without a message.
 */
int running_read_fdt(const struct root *root, const struct kcore *kcore, uint64_t addr,
		     unsigned char fdt[RUNNING_FDT_SIZE]);

/* Does a kernel of ABI reserve each of the preserved blocks, however large? */
bool running_fits(const struct running *running, enum kho_abi abi);

/* Identifies what the running kernel preserves: every block and every node. */
uint32_t running_crc(const struct running *running);

/* Identifies an image of this program that the kernel has loaded. */
struct image_id {
	uint64_t symbol;		/* address of kexec_image; 0: unknown, nothing is proven */
	struct kho_range payload;	/* one of its segments */
	uint64_t image;			/* see running_image() */
};

/* Who loaded the image that the kernel has. */
enum image_owner {
	IMAGE_OURS,
	IMAGE_NONE,			/* nothing is loaded */
	IMAGE_FOREIGN,			/* another program's */
	IMAGE_UNTOLD,			/* the kernel's memory cannot be read */
};

/*
 * What identifies the image that is loaded now: the kernel's pointer to it, read at SYMBOL,
 * and the first fields of its struct kimage (list of pages, entry point). The image is ours if
 * PAYLOAD, in whole pages, is among its segments; RET is set only then.
 */
enum image_owner running_image(const struct kcore *kcore, uint64_t symbol,
			       const struct kho_range *payload, uint64_t *ret);

/* Who loaded the image that the kernel has now; ours is the one of ID, whose symbol is known. */
enum image_owner running_image_owner(const struct kcore *kcore, const struct image_id *id);

/*
 * The running kernel's reserve_mem regions, from its own table. 0, or -1 without a message if
 * they are unknown (not root, no CONFIG_KALLSYMS_ALL).
 */
int running_regions(const struct root *root, struct kho_region *region, size_t *ret_count);

/* The name that the running kernel has for scratch, if it is known; no message. */
enum scratch_name running_scratch_name(const struct root *root);

/*
 * Is KHO on in the running kernel? A kernel that may have it and does not tell counts as one
 * that has; no message.
 */
bool running_has_kho(const struct root *root);

/* For a kernel without KHO: a notice if its own CMDLINE asks for it. */
void running_say_switched_off(const char *cmdline);

#endif
