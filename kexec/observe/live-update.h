/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel's Live Update Orchestrator (LUO). */
#ifndef KEXEC_LUO_H
#define KEXEC_LUO_H

#include <stdbool.h>

#include "files.h"
#include "kho.h"

/*
 * Fill in the live update ABIs of node LUO, in the running kernel's memory. 0, or -1 after a
 * message.
 */
int luo_read_abis(const struct kho_mem *mem, const struct kho_node *node, struct kho_formats *ret);

#define LUO_SESSION_NAME	64	/* bytes, NUL included */

/*
 * Find a live update session that a process holds: 1 and its NAME; 0 if there is none. A
 * session lives as long as a process holds its file; one that is in no process's table, such
 * as one on its way through a socket, is not seen. -1 after a message, also if the files of a
 * process, or some processes, cannot be looked at.
 */
int luo_find_session(const struct root *root, char name[LUO_SESSION_NAME]);

/*
 * Refuse if a live update session is open: for a new kernel that cannot read it. 0, or
 * -1 after a message.
 */
int luo_check_idle(const struct root *root);

#endif
