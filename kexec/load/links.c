/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "links.h"

#define LISTS_MAX	10		/* while interfaces come and go */
#define LINKS_MAX	(1u << 20)

const struct interface *links_find(const struct links *n, int index)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].index == index)
			return &n->list[i];
	return NULL;
}

/* Does the kernel accept router advertisements here? As its own ipv6_accept_ra(). */
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
	struct links *n = data;
	struct interface *list;

	if (link->nlmsg_type != RTM_NEWLINK || link->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return 0;
	list = grow(n->list, &n->room, n->count + 1, LINKS_MAX, sizeof(*list));
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

int links_open(struct links *n)
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

int links_set_up(struct links *n, const struct interface *interface, bool up)
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

void links_close(struct links *n)
{
	free(n->list);
	netlink_close(&n->netlink);
	memset(n, 0, sizeof(*n));
}
