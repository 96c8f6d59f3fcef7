/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One kexec at a time: what is loaded and its description belong together, from the first
 * look of a load to its end, and from the first look of kexec -e until the kernel is left.
 */
#ifndef KEXEC_LOCK_H
#define KEXEC_LOCK_H

#include "files.h"

#define LOCK_WAIT	30		/* seconds */

/*
 * Take the lock, waiting for its holder for SECONDS at most. It is kept until the process
 * ends. Where /run cannot hold a lock it cannot hold a description either: that is
 * fine unless one is to be written (DESCRIBES). 0, or -1 after a message.
 */
int lock_take(const struct root *root, bool describes, unsigned int seconds);

#endif
