/* SPDX-License-Identifier: GPL-2.0-only */
/* The network interfaces of this machine. */
#ifndef KEXEC_LINKS_H
#define KEXEC_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "netlink.h"

/* An interface, as it was before any of them was taken down. */
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
	size_t count, room;
};

/*
 * List all of them before the first is taken down, because one can take others with it. 0, or
 * -1 with errno. Release with links_close(), also after an error.
 */
int links_open(struct links *links);
void links_close(struct links *links);

/* The interface of this index as it was; NULL if there was none. */
const struct interface *links_find(const struct links *links, int index);

/* Bring it up or take it down; all flags but IFF_UP stay. 0, or -1 with errno. */
int links_set_up(struct links *links, const struct interface *interface, bool up);

#endif
