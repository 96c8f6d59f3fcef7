/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Having the running kernel finalize, and undoing it: the one step before a load that changes
 * something. Kernels of 6.16 to 7.0 want it before their handover can be read.
 */
#ifndef KEXEC_FINALIZE_H
#define KEXEC_FINALIZE_H

#include "running.h"

/*
 * Where the map of RUNNING, of running_look(), is pending, have it written, which most of
 * these kernels do not undo, and read all anew. 0, or -1 after a message; running->finalized_now
 * tells whether the kernel was changed.
 */
int finalize_running(const struct machine *machine, struct kcore *kcore, struct running *running);

/*
 * Undo finalize_running() where it has finalized and nothing is lost by that, or tell
 * that it stays. For a load that has failed, and when nothing is loaded any more.
 */
void finalize_revert(const char *root_dir);

/* The steps of both. */

/* Have the map written. 0, or -1 after a message. */
int finalize_now(const struct root *root, enum finalize_kind kind);

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
