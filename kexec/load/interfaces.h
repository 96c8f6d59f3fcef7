/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network interfaces are down while kernels change: a card that keeps running could write into
 * memory that is no longer its own.
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
 * Take all interfaces but loopback down; returns how many. *N is zeroed before. Signals are
 * held from before this call until after interfaces_up().
 */
size_t interfaces_down(struct interfaces *n);

/*
 * Bring them up again, put back what the kernel has dropped with them (see network.h), and
 * zero *N. Messages name what could not be put back after some seconds. Does nothing if no
 * interface was taken down.
 */
void interfaces_up(struct interfaces *n);

#endif
