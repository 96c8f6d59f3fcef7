/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interfaces.h"
#include "message.h"

#define LISTS_MAX	10		/* while interfaces come and go */
#define WAIT_US		100000
#define SETTLE_US	1000000
#define WAITS_MAX	100		/* for carriers, and for addresses that are being checked */

const struct interface *interfaces_find(const struct interfaces *n, int index)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].index == index)
			return &n->list[i];
	return NULL;
}

/* ---- Listing ----------------------------------------------------------------- */

/* Does the kernel take routers' advertisements here? As its own ipv6_accept_ra(). */
static bool accepts_routers(const struct nlmsghdr *link)
{
	const struct rtattr *at = message_find(link, sizeof(struct ifinfomsg), IFLA_AF_SPEC);
	int32_t conf[DEVCONF_ACCEPT_RA + 1];

	if (at)
		at = attribute_find(RTA_DATA(at), (size_t)RTA_PAYLOAD(at), AF_INET6);
	if (at)
		at = attribute_find(RTA_DATA(at), (size_t)RTA_PAYLOAD(at), IFLA_INET6_CONF);
	if (!at || (size_t)RTA_PAYLOAD(at) < sizeof(conf))
		return false;
	memcpy(conf, RTA_DATA(at), sizeof(conf));
	return conf[DEVCONF_FORWARDING] ? conf[DEVCONF_ACCEPT_RA] == 2 : conf[DEVCONF_ACCEPT_RA];
}

static int add_interface(const struct nlmsghdr *link, void *data)
{
	const struct ifinfomsg *info = NLMSG_DATA(link);
	const struct rtattr *name = message_find(link, sizeof(*info), IFLA_IFNAME);
	struct interfaces *n = data;
	struct interface *list;

	if (link->nlmsg_type != RTM_NEWLINK || link->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return 0;
	list = realloc(n->list, (n->count + 1) * sizeof(*list));
	if (!list)
		return -1;
	n->list = list;
	list += n->count++;
	*list = (struct interface){
		.index = info->ifi_index,
		.loopback = info->ifi_flags & IFF_LOOPBACK,
		.was_up = info->ifi_flags & IFF_UP,
		.is_upper = message_find(link, sizeof(*info), IFLA_LINK),
		.learns = accepts_routers(link),
	};
	if (name)
		strncpy(list->name, RTA_DATA(name), sizeof(list->name) - 1);
	return 0;
}

/* All of them, before the first is taken down: one can take others with it. */
static int list_interfaces(struct interfaces *n)
{
	const struct ifinfomsg all = { 0 };
	int err = -1;

	if (netlink_open(&n->netlink))
		return -1;
	errno = EINTR;
	for (int lists = 0; err && errno == EINTR && lists < LISTS_MAX; lists++) {
		n->count = 0;
		err = netlink_dump(&n->netlink, RTM_GETLINK, &all, sizeof(all), add_interface, n);
	}
	return err;
}

/* ---- Down and up --------------------------------------------------------------- */

/* Every flag but IFF_UP stays what it is. */
static int set_up(struct interfaces *n, const struct interface *interface, bool up)
{
	struct {
		struct nlmsghdr message;
		struct ifinfomsg info;
	} request = {
		.message = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_SETLINK },
		.info = {
			.ifi_index = interface->index,
			.ifi_change = IFF_UP,
			.ifi_flags = up ? IFF_UP : 0,
		},
	};

	return netlink_do(&n->netlink, &request.message);
}

static bool is_taken(const struct interface *interface)
{
	return interface->was_up && !interface->loopback;
}

static void release(struct interfaces *n)
{
	network_release(&n->network);
	free(n->list);
	netlink_close(&n->netlink);
	memset(n, 0, sizeof(*n));
}

size_t interfaces_down(struct interfaces *n)
{
	size_t taken = 0;

	if (list_interfaces(n)) {
		notice("cannot list network interfaces (%s); they stay as they are",
		       strerror(errno));
		release(n);
		return 0;
	}
	if (network_save(&n->network, n)) {
		release(n);
		return 0;
	}
	for (size_t i = 0; i < n->count; i++) {
		if (!is_taken(&n->list[i]))
			continue;
		if (set_up(n, &n->list[i], false))
			error_errno("cannot take interface %s down", n->list[i].name);
		taken++;
	}
	if (!taken)
		release(n);
	return taken;
}

/* Those not up again yet; a VLAN cannot be before what is below it. */
static size_t restore_interfaces(struct interfaces *n, bool last)
{
	size_t left = 0;

	for (size_t i = 0; i < n->count; i++) {
		struct interface *interface = &n->list[i];

		if (!is_taken(interface) || interface->restored)
			continue;
		interface->restored = !set_up(n, interface, true);
		if (interface->restored)
			continue;
		left++;
		if (last)
			error_errno("cannot take interface %s up", interface->name);
	}
	return left;
}

/* The kernel takes all VLANs of an interface up with it, those too that were down. */
static size_t take_uppers_down(struct interfaces *n, bool last)
{
	size_t left = 0;

	for (size_t i = 0; i < n->count; i++) {
		const struct interface *interface = &n->list[i];

		if (interface->was_up || !interface->is_upper || !set_up(n, interface, false) ||
		    errno == ENODEV)
			continue;
		left++;
		if (last)
			error_errno("cannot take interface %s down again", interface->name);
	}
	return left;
}

/* Returns how much is not as it was yet. */
static size_t restore(struct interfaces *n, bool last)
{
	size_t left = restore_interfaces(n, last);

	left += take_uppers_down(n, last);
	return left + network_restore(&n->network, n, last);
}

void interfaces_up(struct interfaces *n)
{
	size_t left = SIZE_MAX, before;
	int waits = 0;

	if (!n->count)
		return;
	do {
		before = left;
		left = restore(n, false);
		if (left && left == before && ++waits)
			usleep(WAIT_US);
	} while (left && waits < WAITS_MAX);
	if (left)
		restore(n, true);
	/* A VLAN upon a bond was seen to come up when all was as it had been. */
	usleep(SETTLE_US);
	take_uppers_down(n, true);
	release(n);
}
