/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before the kernel is left: what is loaded is the image that was described, and what
 * it takes over is what memory holds now; if not, it is loaded again.
 */
#ifndef KEXEC_SEAL_H
#define KEXEC_SEAL_H

#include "handover.h"
#include "state.h"
#include "target.h"

/* A loaded handover. */
struct seal {
	const char *root_dir;
	struct root root;
	bool found;			/* there is one */
	bool described;			/* ... and was one before */
	struct sealed sealed;		/* as it was loaded last */
	struct handover handover;	/* its regions and their digests now */
	struct target target;		/* its files, from the first load or seal_hold() on */
	bool opened;			/* ... those are open */
	bool out_of_reach;		/* ... those could not be read by seal_hold() */
};

/* 0, or -1 after a message. Release with seal_release(), also after an error. */
int seal_init(struct seal *seal, const char *root_dir);

/*
 * Load again until what is loaded is what memory holds: a load takes time, in which
 * regions can be written once more. An exit code, after a message if it is not EXIT_OK.
 */
int seal_update(struct seal *seal);

/* Load the same once more. An exit code, after a message if it is not EXIT_OK. */
int seal_reload(struct seal *seal);

/*
 * Have the files of the image in memory, so that it can be loaded again when they are out of
 * reach, for the network is down. Without them seal_update() refuses where it would load. An exit code, after
 * a message if it is not EXIT_OK: without the files no image can be proven to be ours.
 */
int seal_hold(struct seal *seal);

/*
 * Call LEAVE, which calls reboot(2), as the next thing after it is certain that the image
 * that is loaded is the one of the description, if there is one. Where the kernel does not
 * tell, the image is loaded once more, which makes it so. The exit code of LEAVE with its errno, or
 * another one after a message.
 */
int seal_leave(struct seal *seal, int (*leave)(void));

void seal_release(struct seal *seal);

#endif
