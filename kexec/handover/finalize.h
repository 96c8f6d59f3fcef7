/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the running kernel finalize, and undoes that: the one step before a load that changes
 * something. Kernels of 6.16 to 7.0 need it before their handover can be read.
 */
#ifndef KEXEC_FINALIZE_H
#define KEXEC_FINALIZE_H

#include "running.h"

/*
 * If the map of RUNNING, from running_look(), is pending, make the kernel write it, which most
 * of these kernels cannot undo, and read everything again. 0, or -1 after a message;
 * running->finalized_now tells whether the kernel was changed.
 */
int finalize_running(const struct machine *machine, struct kcore *kcore, struct running *running);

/*
 * Undo finalize_running() if it has finalized and nothing is lost by undoing; otherwise say
 * that the kernel stays finalized. For a load that has failed, and when nothing is loaded any
 * more.
 */
void finalize_try_undo(const char *root_dir);

/* The steps of both. */

/* Make the kernel write the map. 0, or -1 after a message. */
int finalize_now(const struct root *root, enum finalize_kind kind);

/*
 * Note that nothing is lost by undoing finalize_now(), as long as the kernel hands over
 * HANDOVER (running_crc()). 0, or -1 after a message.
 */
int finalize_allow_undo(const struct root *root, uint32_t handover);

/*
 * Has this program finalized in this boot, and may it undo that? If it has and may not, a
 * notice says so.
 */
bool finalize_can_undo(const struct root *root);

/*
 * Undo it. HANDOVER is what the kernel hands over now. If that is not what was finalized then,
 * another program did it: it stays, and a notice says so.
 */
void finalize_undo(const struct root *root, uint32_t handover);

#endif
