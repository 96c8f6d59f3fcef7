/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The step that kernels of 6.16 to 7.0 want before their handover can be read:
 * writing the map of preserved memory. From 7.1 on it is always there.
 */
#ifndef KEXEC_FINALIZE_H
#define KEXEC_FINALIZE_H

#include <stdbool.h>

#include "files.h"

/* Which of these kernels is running; debugfs does not tell. */
enum finalize_kind {
	FINALIZE_ONCE,		/* 6.16 to 6.18 */
	FINALIZE_REPEATABLE,	/* 6.19, 7.0: each time writes the map anew */
};

/*
 * Have the running kernel finalize, unless that is done already. With DRY_RUN only
 * look, and refuse if it would have to be done. *RET_NOW: it was done now. 0, or -1
 * after a message.
 */
int finalize_ensure(const struct root *root, enum finalize_kind kind, bool dry_run, bool *ret_now);

/* Is this a kernel that hands nothing over by itself, for it has not finalized yet? */
bool finalize_is_due(const struct root *root);

/* Nothing would be lost by undoing it. 0, or -1 after a message. */
int finalize_allow_undo(const struct root *root);

/*
 * Undo it where this program has done it and it can be undone; tell where it
 * cannot. For a load that has finalized and then failed, and when nothing is loaded
 * any more.
 */
void finalize_undo(const struct root *root);

#endif
