/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Only one kexec runs at a time, because the loaded image and its description belong together:
 * from the first look of a load to its end, and from the first look of kexec -e until the
 * kernel is left.
 */
#ifndef KEXEC_LOCK_H
#define KEXEC_LOCK_H

#include "files.h"

#define LOCK_WAIT	30		/* seconds */

/*
 * Take the lock, waiting for its holder for at most SECONDS. The process keeps it until it
 * ends. If /run cannot hold a lock, it cannot hold a description either. That is an error only
 * if one is to be written (DESCRIBES). 0, or -1 after a message.
 */
int lock_take(const struct root *root, bool describes, unsigned int seconds);

#endif
