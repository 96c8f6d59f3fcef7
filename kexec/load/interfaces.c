/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interfaces.h"
#include "message.h"

#define WAIT_US		100000
#define SETTLE_US	1000000
#define WAITS_MAX	100		/* for carriers, and for addresses that are being checked */

static bool is_taken(const struct interface *interface)
{
	return interface->was_up && !interface->loopback;
}

static void release(struct interfaces *n)
{
	network_release(&n->network);
	links_close(&n->links);
}

size_t interfaces_down(struct interfaces *n)
{
	size_t taken = 0;

	if (links_open(&n->links)) {
		notice("cannot list network interfaces (%s); they stay as they are",
		       strerror(errno));
		release(n);
		return 0;
	}
	if (network_save(&n->network, &n->links)) {
		release(n);
		return 0;
	}
	for (size_t i = 0; i < n->links.count; i++) {
		if (!is_taken(&n->links.list[i]))
			continue;
		if (links_set_up(&n->links, &n->links.list[i], false))
			error_errno("cannot take interface %s down", n->links.list[i].name);
		taken++;
	}
	if (!taken)
		release(n);
	return taken;
}

/* Returns how many are not up again yet; a VLAN has to wait for the interface below it. */
static size_t restore_interfaces(struct interfaces *n, bool last)
{
	size_t left = 0;

	for (size_t i = 0; i < n->links.count; i++) {
		struct interface *interface = &n->links.list[i];

		if (!is_taken(interface) || interface->restored)
			continue;
		interface->restored = !links_set_up(&n->links, interface, true);
		if (interface->restored)
			continue;
		left++;
		if (last)
			error_errno("cannot bring interface %s up", interface->name);
	}
	return left;
}

/*
 * When an interface comes up, the kernel brings up all its VLANs, including those that were
 * down.
 */
static size_t take_uppers_down(struct interfaces *n, bool last)
{
	size_t left = 0;

	for (size_t i = 0; i < n->links.count; i++) {
		const struct interface *interface = &n->links.list[i];

		if (interface->was_up || !interface->is_upper || !links_set_up(&n->links, interface, false) ||
		    errno == ENODEV)
			continue;
		left++;
		if (last)
			error_errno("cannot take interface %s down again", interface->name);
	}
	return left;
}

/* Returns how many things are not as they were yet. */
static size_t restore(struct interfaces *n, bool last)
{
	size_t left = restore_interfaces(n, last);

	left += take_uppers_down(n, last);
	return left + network_restore(&n->network, &n->links, last);
}

void interfaces_up(struct interfaces *n)
{
	size_t left = SIZE_MAX, before;
	int waits = 0;

	if (!n->links.count)
		return;
	do {
		before = left;
		left = restore(n, false);
		if (left && left == before && ++waits)
			usleep(WAIT_US);
	} while (left && waits < WAITS_MAX);
	if (left)
		restore(n, true);
	/* A VLAN on a bond was seen to come up after everything was as before. */
	usleep(SETTLE_US);
	take_uppers_down(n, true);
	release(n);
}
