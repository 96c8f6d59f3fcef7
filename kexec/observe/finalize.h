/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The step that kernels of 6.16 to 7.0 want before their handover can be read:
 * writing the map of preserved memory. From 7.1 on it is always there.
 */
#ifndef KEXEC_FINALIZE_H
#define KEXEC_FINALIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "files.h"

/* How the running kernel comes to a map; debugfs does not tell. */
enum finalize_kind {
	FINALIZE_NEVER,		/* 7.1 and later: it always has one */
	FINALIZE_ONCE,		/* 6.16 to 6.18 */
	FINALIZE_REPEATABLE,	/* 6.19, 7.0: each time writes the map anew */
};

/*
 * Is the map of a kernel of this KIND yet to be written? With DRY_RUN one written
 * before will do. 1, 0, or -1 after a message: it can never be, or not by us.
 * Changes nothing.
 */
int finalize_pending(const struct root *root, enum finalize_kind kind, bool dry_run);

/*
 * Have it written, which most of these kernels do not undo. With DRY_RUN this is
 * refused. 0, or -1 after a message.
 */
int finalize_now(const struct root *root, enum finalize_kind kind, bool dry_run);

/* Is this a kernel that hands nothing over by itself, for it has not finalized yet? */
bool finalize_is_due(const struct root *root);

/*
 * Nothing is lost by undoing what finalize_now() has done, as long as HANDOVER
 * (running_crc()) is what the kernel hands over. 0, or -1 after a message.
 */
int finalize_allow_undo(const struct root *root, uint32_t handover);

/*
 * Has this program finalized, in this boot, and may undo it? Where it has and may not,
 * that is told.
 */
bool finalize_can_undo(const struct root *root);

/*
 * Undo it, with HANDOVER what the kernel hands over now. If that is no longer what was
 * finalized then, another program did it, and it stays; that is told.
 */
void finalize_undo(const struct root *root, uint32_t handover);

#endif
