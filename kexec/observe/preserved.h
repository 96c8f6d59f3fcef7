/* SPDX-License-Identifier: GPL-2.0-only */
/* Is anything preserved that a kernel loaded without a handover would lose? */
#ifndef KEXEC_PRESERVED_H
#define KEXEC_PRESERVED_H

#include "files.h"

#define PRESERVED_TEXT	128

/*
 * Does the running kernel preserve anything beside its own bookkeeping: reserve_mem regions, open
 * live update sessions, nodes of other parts of the kernel? 1, and WHAT names it; 0; -1 after a
 * message if it cannot be told.
 */
int preserved_find(const struct root *root, char what[PRESERVED_TEXT]);

#endif
