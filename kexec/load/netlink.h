/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtnetlink: reads the kernel's network settings, and changes them. Messages are those of
 * linux/rtnetlink.h: header, the kind's own structure, attributes.
 */
#ifndef KEXEC_NETLINK_H
#define KEXEC_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct netlink {
	int fd;
	uint32_t sequence;
};

/* 0, or -1 with errno. */
int netlink_open(struct netlink *nl);
void netlink_close(struct netlink *nl);

/* Called for each message of a dump. 0, or -1 with errno, which the dump then returns. */
typedef int netlink_each(const struct nlmsghdr *message, void *data);

/*
 * Pass every object of one kind to EACH. TYPE is RTM_GET..., ASK the kind's structure, at most
 * NETLINK_ASK_MAX bytes. 0, or -1 with errno; EINTR: the objects changed meanwhile, try again.
 */
#define NETLINK_ASK_MAX	16
int netlink_dump(struct netlink *nl, uint16_t type, const void *ask, size_t size,
		 netlink_each *each, void *data);

/* Send REQUEST, and wait until the kernel has done it. 0, or -1 with errno. */
int netlink_do(struct netlink *nl, struct nlmsghdr *request);

/* The first attribute of TYPE among SIZE bytes of attributes; NULL if there is none. */
const struct rtattr *attribute_find(const void *attributes, size_t size, unsigned int type);

/* The same in MESSAGE, behind a structure of HEADER bytes. */
const struct rtattr *message_find(const struct nlmsghdr *message, size_t header, unsigned int type);

/* An attribute's number; 0 without one. */
uint32_t attribute_u32(const struct rtattr *attribute);

#endif
