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

/* Requests that make it all anew, one behind the other. */
struct network {
	unsigned char *requests;	/* malloc'ed */
	size_t size;
	size_t room;
};

/* Remember it all while LINKS are up. 0, or -1 if that cannot be; that is told. */
int network_save(struct network *network, struct links *links);

/*
 * Put back what is not back yet, and is not there by itself; returns how much could not
 * be. One thing can need another, so this is to be called again while that helps. LAST:
 * name what could not be put back.
 */
size_t network_restore(struct network *network, struct links *links, bool last);

void network_release(struct network *network);

#endif
