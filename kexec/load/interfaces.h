/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network interfaces are down while kernels change: a card left running could
 * write into memory that is no longer its own.
 */
#ifndef KEXEC_INTERFACES_H
#define KEXEC_INTERFACES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "netlink.h"
#include "network.h"

/* An interface, as it was before any was taken down. */
struct interface {
	int index;
	char name[IF_NAMESIZE];
	bool loopback;
	bool was_up;
	bool is_upper;			/* it needs another one below it */
	bool learns;			/* the kernel learns its IPv6 routes from routers */
	bool restored;			/* by interfaces_up(), so far */
};

struct interfaces {
	struct netlink netlink;
	struct interface *list;		/* malloc'ed */
	size_t count;
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

/* The interface of this index as it was; NULL if there was none. */
const struct interface *interfaces_find(const struct interfaces *n, int index);

#endif
