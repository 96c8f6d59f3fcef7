/* SPDX-License-Identifier: GPL-2.0-only */
/* The ways to load an image: each has a file of its own, and a row in load_methods. */
#ifndef KEXEC_METHOD_H
#define KEXEC_METHOD_H

#include "files.h"
#include "handover.h"
#include "image-plan.h"
#include "request.h"
#include "target.h"

struct load_method {
	const char *name;		/* its system call; stored in the image's description */
	enum method_choice choice;	/* the option that asks for it alone */
	const struct placer *placer;	/* what planning needs to know of it */
	bool reads_files;		/* the kernel reads kernel and initrd by itself */
	/*
	 * Can it load HANDOVER into TARGET as REQUEST says? 1; 0 after a notice to try the
	 * next method; -1 after a message if REQUEST allows no other.
	 */
	int (*fits)(const struct handover *handover, const struct target *target,
		    const struct request *request);
	/*
	 * Would the kernel below ROOT allow the system call? Changes nothing. 0, or -1 after a
	 * message. NULL: only the load itself shows.
	 */
	int (*check_open)(const struct root *root);
	/* Give the kernel what PLAN has built. 0, or -1 after a message. */
	int (*load)(const struct request *request, const struct image_plan *plan);
	/* Unload what it has loaded, or a crash kernel. 0, or -1 with errno and no message. */
	int (*unload)(bool crash);
};

extern const struct load_method method_prebuilt;	/* prebuilt.c */
extern const struct load_method method_kexec_load;	/* kexec-load.c */

/* In the order in which they are tried; the last one takes everything. NULL ends the list. */
extern const struct load_method *const load_methods[];

/* The first method of this NAME; NULL if there is none. */
const struct load_method *load_method_find(const char *name);

#endif
