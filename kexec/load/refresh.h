/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before the kernel is left: makes sure that the loaded image is the one that was described,
 * and that it gets what memory contains now. If not, loads it again.
 */
#ifndef KEXEC_REFRESH_H
#define KEXEC_REFRESH_H

#include "handover.h"
#include "state.h"
#include "target.h"

/* A loaded handover. */
struct refresh {
	const char *root_dir;
	struct root root;
	bool found;			/* there is one */
	bool described;			/* ... and was one before */
	struct loaded_record record;	/* as it was loaded last */
	struct handover handover;	/* its regions and their digests now */
	struct target target;		/* its files, from the first load or refresh_hold() on */
	bool opened;			/* ... those are open */
	bool out_of_reach;		/* ... refresh_hold() could not read those */
};

/* 0, or -1 after a message. Release with refresh_release(), also after an error. */
int refresh_init(struct refresh *refresh, const char *root_dir);

/*
 * Load again until the image has what memory contains: a load takes time, in which regions can
 * be written again. An exit code, after a message if it is not EXIT_OK.
 */
int refresh_update(struct refresh *refresh);

/* Load the same image again. An exit code, after a message if it is not EXIT_OK. */
int refresh_reload(struct refresh *refresh);

/*
 * Read the files of the image into memory, so that it can be loaded again when they are out of
 * reach, because the network is down. Without them refresh_update() refuses when it would have
 * to load. An exit code, after a message if it is not EXIT_OK: without the symbol the files
 * are needed, because no image is proven to be ours.
 */
int refresh_hold(struct refresh *refresh);

/*
 * Call LEAVE, which calls reboot(2), right after it is certain that the loaded image is the
 * described one, if there is one. If the kernel does not tell which image it has, the image is
 * loaded again to make it certain. Returns the exit code of LEAVE with its errno, or another
 * one after a message.
 */
int refresh_leave(struct refresh *refresh, int (*leave)(void));

void refresh_release(struct refresh *refresh);

#endif
