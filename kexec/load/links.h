/* SPDX-License-Identifier: GPL-2.0-only */
/* The network interfaces there are. */
#ifndef KEXEC_LINKS_H
#define KEXEC_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "netlink.h"

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

struct links {
	struct netlink netlink;
	struct interface *list;		/* malloc'ed */
	size_t count;
};

/*
 * List all of them, before the first is taken down: one can take others with it. 0, or -1
 * with errno. Release with links_close(), also after an error.
 */
int links_open(struct links *links);
void links_close(struct links *links);

/* The interface of this index as it was; NULL if there was none. */
const struct interface *links_find(const struct links *links, int index);

/* Take it up or down; every flag but IFF_UP stays what it is. 0, or -1 with errno. */
int links_set_up(struct links *links, const struct interface *interface, bool up);

#endif
