/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network interfaces are down while kernels change: a card left running could
 * write into memory that is no longer its own.
 */
#ifndef KEXEC_INTERFACES_H
#define KEXEC_INTERFACES_H

#include <stddef.h>

#include "links.h"
#include "network.h"

struct interfaces {
	struct links links;
	struct network network;		/* what goes down with them */
};

/*
 * Take all but loopback down; how many those were. *N is zeroed before. Signals are held
 * from before this to after interfaces_up().
 */
size_t interfaces_down(struct interfaces *n);

/*
 * Take those up again, put back what the kernel has dropped with them (see network.h), and
 * zero *N. What cannot be put back is told by name, after some seconds of trying. Does
 * nothing if none has been taken down.
 */
void interfaces_up(struct interfaces *n);

#endif
