/* SPDX-License-Identifier: GPL-2.0-only */
/* One image, from facts to segments: first placed, then encoded. */
#ifndef KEXEC_IMAGE_PLAN_H
#define KEXEC_IMAGE_PLAN_H

#include "crash-plan.h"
#include "handover.h"
#include "payload.h"
#include "segments.h"
#include "table.h"
#include "target.h"

struct image_plan;

/* Who places the image, and whose purgatory runs: what planning needs to know of a load method. */
struct placer {
	bool payload_only;		/* this program makes only the payload of the image */
	/* Choose every address. 0, or -1 after a message. */
	int (*place)(struct image_plan *plan);
	/* Bytes to keep in the payload for the table. */
	uint64_t (*table_room)(const struct image_plan *plan);
	/* The serial port on the command line for purgatory's messages; 0: none. */
	uint16_t (*serial_port)(const char *cmdline);
};

/* This program places everything, and uses its own purgatory. */
extern const struct placer place_by_kexec;

struct image_plan {
	/* Inputs. */
	const struct placer *placer;
	const struct machine *machine;
	struct target *target;
	struct handover *handover;	/* NULL: an image without handover */
	const struct crash_plan *crash;	/* a crash kernel, which gets no handover; NULL: another one */
	const struct boot_firmware *firmware;	/* NULL: not passed on */
	const char *cmdline;
	uint64_t mem_min, mem_max;	/* without a handover; 0: any */
	uint16_t serial_port;		/* 0: the one of CMDLINE */
	uint16_t console;		/* KHO_CONSOLE_*, besides the machine's screen */
	bool no_checks;
	bool dry_run;			/* without root it is unknown what is set aside */
	/* The plan. */
	struct segments segments;	/* payload_only: where the kernel should put the others */
	struct segment *kernel, *initrd, *boot_data, *purgatory;
	struct segment *module[MODULES_MAX];	/* of a multiboot2 kernel, as many as TARGET has */
	struct segment *bios_area;	/* of a multiboot2 kernel, where the machine has no BIOS */
	struct segment *payload;	/* with a handover */
	struct segment *table;		/* without one, unless no_checks */
	struct segment *core;		/* ELF headers of the dump, of a crash kernel */
	struct payload_layout layout;
	struct kho_range reserve[KHO_REGIONS_MAX];	/* kept by setup_data alone */
	size_t reserve_count;
	/* What the segments hold. */
	struct table verify;
	struct buffer payload_buf, boot_data_buf, purgatory_buf, table_buf;
};

/* Choose every address. 0, or -1 after a message. */
int image_plan_place(struct image_plan *plan);

/*
 * Fill every segment, or with payload_only the payload; consumes the handover's blobs. 0, or
 * -1 after a message.
 */
int image_plan_build(struct image_plan *plan);

/*
 * Says that SIZE bytes for NAME have no room, below LIMIT if the new kernel takes them only there (0:
 * anywhere). ERR: of segments_place(). -1.
 */
int image_plan_no_room(const struct image_plan *plan, const char *name, uint64_t size, uint64_t limit,
		       int err);

/* Print all of it on stdout. */
void image_plan_print(const struct image_plan *plan);

/* Print ranges of memory, segments and the command line with debug(). */
void image_plan_debug(const struct image_plan *plan);

void image_plan_release(struct image_plan *plan);

#endif
