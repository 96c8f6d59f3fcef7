/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before the kernel is left: what is loaded is the image that was described, and what
 * it takes over is what memory holds now; if not, it is loaded again.
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
	bool out_of_reach;		/* ... those could not be read by refresh_hold() */
};

/* 0, or -1 after a message. Release with refresh_release(), also after an error. */
int refresh_init(struct refresh *refresh, const char *root_dir);

/*
 * Load again until what is loaded is what memory holds: a load takes time, in which
 * regions can be written once more. An exit code, after a message if it is not EXIT_OK.
 */
int refresh_update(struct refresh *refresh);

/* Load the same once more. An exit code, after a message if it is not EXIT_OK. */
int refresh_reload(struct refresh *refresh);

/*
 * Have the files of the image in memory, so that it can be loaded again when they are out of
 * reach, for the network is down. Without them refresh_update() refuses where it would load.
 * An exit code, after a message if it is not EXIT_OK: without the files no image can be
 * proven to be ours.
 */
int refresh_hold(struct refresh *refresh);

/*
 * Call LEAVE, which calls reboot(2), as the next thing after it is certain that the image
 * that is loaded is the one of the description, if there is one. Where the kernel does not
 * tell, the image is loaded once more, which makes it so. The exit code of LEAVE with its errno, or
 * another one after a message.
 */
int refresh_leave(struct refresh *refresh, int (*leave)(void));

void refresh_release(struct refresh *refresh);

#endif
