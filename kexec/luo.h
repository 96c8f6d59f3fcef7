/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel's Live Update Orchestrator (LUO). */
#ifndef KEXEC_LUO_H
#define KEXEC_LUO_H

#include <stdbool.h>

#include "files.h"
#include "kcore.h"
#include "kho.h"

#define LUO_SESSION_NAME	64	/* bytes, NUL included */

/*
 * Fill in which live update ABIs node LUO, in the running kernel's memory, is of.
 * 0, or -1 after a message.
 */
int luo_read_abis(const struct kcore *kcore, const struct kho_node *node, struct kho_reader *ret);

/*
 * Is a session open? It lives as long as a process holds its file. 1, and NAME
 * gets the name of one; 0; or -1 after a message. A file that no process has in
 * its table just now, such as one on its way through a socket, is not seen.
 */
int luo_session_open(const struct root *root, char name[LUO_SESSION_NAME]);

#endif
