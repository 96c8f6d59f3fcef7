/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel drops when an interface goes down: IPv6 addresses, nexthops, routes
 * of both families, permanent and proxied neighbours. IPv4 addresses stay.
 */
#ifndef KEXEC_NETWORK_H
#define KEXEC_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

struct links;

/* Requests that make it all again, one after the other. */
struct network {
	unsigned char *requests;	/* malloc'ed */
	size_t size;
	size_t room;
};

/* Remember all of it while LINKS are up. 0, or -1 after a notice. */
int network_save(struct network *network, struct links *links);

/*
 * Put back what is not back yet, and did not come back by itself; returns how many things
 * could not be put back. One thing can need another, so call this again while it helps. LAST:
 * name what could not be put back.
 */
size_t network_restore(struct network *network, struct links *links, bool last);

void network_release(struct network *network);

#endif
