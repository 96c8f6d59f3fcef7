/* SPDX-License-Identifier: GPL-2.0-only */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grow.h"
#include "links.h"
#include "message.h"
#include "network.h"

#define DUMPS_MAX	10		/* while routes come and go */
#define REQUESTS_MAX	(1u << 30)	/* bytes; a router may have a million routes */
#define BIT(n)		(1ull << (n))

/* Where a route leads, apart from the nexthop that it names. */
#define ROUTE_TARGET	(BIT(RTA_OIF) | BIT(RTA_GATEWAY) | BIT(RTA_VIA) | BIT(RTA_MULTIPATH) | \
			 BIT(RTA_FLOW) | BIT(RTA_ENCAP) | BIT(RTA_ENCAP_TYPE))

/* All attributes that a request for a nexthop may have; a dump has more. */
#define NEXTHOP_REQUEST	(BIT(NHA_ID) | BIT(NHA_GROUP) | BIT(NHA_GROUP_TYPE) | BIT(NHA_BLACKHOLE) | \
			 BIT(NHA_OIF) | BIT(NHA_GATEWAY) | BIT(NHA_ENCAP_TYPE) | BIT(NHA_ENCAP) | \
			 BIT(NHA_FDB) | BIT(NHA_RES_GROUP))

/* ---- Requests made of dumped objects ------------------------------------------- */

/* Those attributes, of types below 64. */
static void remove_attributes(struct nlmsghdr *m, size_t header, uint64_t types)
{
	unsigned char *to = (unsigned char *)m + NLMSG_SPACE(header);
	const struct rtattr *next, *at = (const struct rtattr *)to;
	int left = (int)m->nlmsg_len - (int)NLMSG_SPACE(header);

	for (; RTA_OK(at, left); at = next) {
		size_t size = RTA_ALIGN((size_t)at->rta_len);
		unsigned int type = at->rta_type & NLA_TYPE_MASK;

		next = RTA_NEXT(at, left);
		if (type < 64 && types & BIT(type))
			continue;
		memmove(to, at, size);
		to += size;
	}
	m->nlmsg_len = (uint32_t)(to - (unsigned char *)m);
}

static bool prepare_address(struct nlmsghdr *m, const struct links *n)
{
	const struct rtattr *at = message_find(m, sizeof(struct ifaddrmsg), IFA_CACHEINFO);
	struct ifa_cacheinfo info = { .ifa_valid = UINT32_MAX };

	(void)n;
	if (at && (size_t)RTA_PAYLOAD(at) >= sizeof(info))
		memcpy(&info, RTA_DATA(at), sizeof(info));
	return info.ifa_valid;
}

static bool prepare_nexthop(struct nlmsghdr *m, const struct links *n)
{
	struct nhmsg *nexthop = NLMSG_DATA(m);

	(void)n;
	nexthop->nh_scope = 0;
	nexthop->nh_flags &= RTNH_F_ONLINK;
	remove_attributes(m, sizeof(*nexthop), ~NEXTHOP_REQUEST);
	return true;
}

/* The kernel makes these by itself, from addresses and from router advertisements. */
static bool is_kernels_own(const struct nlmsghdr *m, const struct links *n)
{
	const struct rtmsg *route = NLMSG_DATA(m);
	const struct interface *out;

	if (route->rtm_flags & RTM_F_CLONED)
		return true;
	if (route->rtm_protocol == RTPROT_KERNEL)
		return route->rtm_type != RTN_UNICAST;
	/* A route of ours would be in the way of the next advertisement. */
	out = links_find(n, (int)attribute_u32(message_find(m, sizeof(*route), RTA_OIF)));
	return route->rtm_protocol == RTPROT_RA && out && out->learns;
}

/* Some flags tell the state, which a request must not contain. */
static void clean_flags(struct nlmsghdr *m)
{
	const struct rtattr *multipath = message_find(m, sizeof(struct rtmsg), RTA_MULTIPATH);
	struct rtmsg *route = NLMSG_DATA(m);
	struct rtnexthop *hop;
	int left;

	route->rtm_flags &= RTNH_F_ONLINK;
	if (!multipath)
		return;
	left = RTA_PAYLOAD(multipath);
	for (hop = RTA_DATA(multipath); left >= (int)sizeof(*hop) && RTNH_OK(hop, left);
	     left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		hop->rtnh_flags &= RTNH_F_ONLINK;
}

/* A dump has it among other times, and in ticks; false: it has run out. */
static bool set_lifetime(struct nlmsghdr *m)
{
	const struct rtattr *at = message_find(m, sizeof(struct rtmsg), RTA_CACHEINFO);
	struct rta_cacheinfo info;
	struct {
		struct rtattr header;
		uint32_t seconds;
	} expires = { { sizeof(expires), RTA_EXPIRES }, 0 };

	if (!at || (size_t)RTA_PAYLOAD(at) < sizeof(info))
		return true;
	memcpy(&info, RTA_DATA(at), sizeof(info));
	remove_attributes(m, sizeof(struct rtmsg), BIT(RTA_CACHEINFO));
	if (!info.rta_expires)
		return true;
	expires.seconds = (uint32_t)(info.rta_expires / (int)sysconf(_SC_CLK_TCK));
	/* There is room, because the attribute that was removed was larger. */
	memcpy((unsigned char *)m + m->nlmsg_len, &expires, sizeof(expires));
	m->nlmsg_len += sizeof(expires);
	return info.rta_expires > 0 && expires.seconds;
}

static bool prepare_route(struct nlmsghdr *m, const struct links *n)
{
	if (is_kernels_own(m, n))
		return false;
	clean_flags(m);
	if (message_find(m, sizeof(struct rtmsg), RTA_NH_ID))
		remove_attributes(m, sizeof(struct rtmsg), ROUTE_TARGET);
	return set_lifetime(m);
}

static bool prepare_neighbour(struct nlmsghdr *m, const struct links *n)
{
	const struct ndmsg *neighbour = NLMSG_DATA(m);

	(void)n;
	return neighbour->ndm_state & NUD_PERMANENT || neighbour->ndm_flags & NTF_PROXY;
}

/* ---- Saving ------------------------------------------------------------------------ */

#define ASK(type, ...)	&(const type){ __VA_ARGS__ }, sizeof(type)

/* In the order in which they can be made: one may need those before it. */
static const struct kind {
	const char *name;
	uint16_t get;			/* a dump answers with RTM_NEW..., two less */
	uint16_t flags;			/* of the request */
	const void *ask;		/* the kind's structure; it begins with the family */
	size_t size;
	/* Make a request of a dumped object; false: it must not be made again. */
	bool (*prepare)(struct nlmsghdr *m, const struct links *n);
} kinds[] = {
	{ "IPv6 addresses", RTM_GETADDR, NLM_F_CREATE | NLM_F_EXCL,
	  ASK(struct ifaddrmsg, .ifa_family = AF_INET6), prepare_address },
	/* A group may have lost only some members: it is made whole. */
	{ "nexthops", RTM_GETNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE,
	  ASK(struct nhmsg, .nh_family = AF_UNSPEC), prepare_nexthop },
	/* Two routes may differ only in where they lead, so append; only an exact copy is refused. */
	{ "IPv4 routes", RTM_GETROUTE, NLM_F_CREATE | NLM_F_APPEND,
	  ASK(struct rtmsg, .rtm_family = AF_INET), prepare_route },
	{ "IPv6 routes", RTM_GETROUTE, NLM_F_CREATE | NLM_F_APPEND,
	  ASK(struct rtmsg, .rtm_family = AF_INET6), prepare_route },
	{ "neighbours", RTM_GETNEIGH, NLM_F_CREATE | NLM_F_EXCL,
	  ASK(struct ndmsg, .ndm_family = AF_UNSPEC), prepare_neighbour },
	{ "proxied neighbours", RTM_GETNEIGH, NLM_F_CREATE | NLM_F_EXCL,
	  ASK(struct ndmsg, .ndm_flags = NTF_PROXY), prepare_neighbour },
};

struct saving {
	struct network *network;
	const struct links *interfaces;
	const struct kind *kind;
};

static int make_room(struct network *w, size_t size)
{
	unsigned char *requests = grow(w->requests, &w->room, w->size + size, REQUESTS_MAX, 1);

	if (!requests)
		return -1;
	w->requests = requests;
	return 0;
}

/* A kernel without this family answers with all families. */
static bool is_of_kind(const struct nlmsghdr *m, const struct kind *kind)
{
	const struct rtgenmsg *asked = kind->ask, *got = NLMSG_DATA(m);

	return m->nlmsg_type == kind->get - 2 && m->nlmsg_len >= NLMSG_SPACE(kind->size) &&
	       (asked->rtgen_family == AF_UNSPEC || asked->rtgen_family == got->rtgen_family);
}

static int save_one(const struct nlmsghdr *dumped, void *data)
{
	const struct saving *saving = data;
	struct network *w = saving->network;
	struct nlmsghdr *m;

	if (!is_of_kind(dumped, saving->kind))
		return 0;
	if (make_room(w, NLMSG_ALIGN(dumped->nlmsg_len)))
		return -1;
	m = (struct nlmsghdr *)(w->requests + w->size);
	memcpy(m, dumped, dumped->nlmsg_len);
	m->nlmsg_flags = saving->kind->flags;
	m->nlmsg_pid = 0;
	if (saving->kind->prepare(m, saving->interfaces))
		w->size += NLMSG_ALIGN(m->nlmsg_len);
	return 0;
}

static int save_kind(struct network *w, struct links *n, const struct kind *kind)
{
	struct saving saving = { w, n, kind };
	size_t before = w->size;
	int err = -1;

	errno = EINTR;
	for (int dumps = 0; err && errno == EINTR && dumps < DUMPS_MAX; dumps++) {
		w->size = before;
		err = netlink_dump(&n->netlink, kind->get, kind->ask, kind->size, save_one,
				   &saving);
	}
	/* A kernel that does not know this kind has no objects of it. */
	return err && errno != EOPNOTSUPP ? -1 : 0;
}

int network_save(struct network *w, struct links *n)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!save_kind(w, n, &kinds[i]))
			continue;
		notice("cannot list %s (%s), so network interfaces stay as they are: if this "
		       "kernel goes on, some would be missing", kinds[i].name, strerror(errno));
		return -1;
	}
	return 0;
}

void network_release(struct network *w)
{
	free(w->requests);
	memset(w, 0, sizeof(*w));
}

/* ---- Restoring ------------------------------------------------------------------------ */

/* The address in attribute TYPE; "" without one. */
static const char *print_address(const struct nlmsghdr *m, size_t header, unsigned int type,
				 char text[INET6_ADDRSTRLEN])
{
	const struct rtgenmsg *generic = NLMSG_DATA(m);
	const struct rtattr *at = message_find(m, header, type);
	size_t size = generic->rtgen_family == AF_INET6 ? 16 : 4;

	if (!at || (size_t)RTA_PAYLOAD(at) < size ||
	    !inet_ntop(generic->rtgen_family, RTA_DATA(at), text, INET6_ADDRSTRLEN))
		return "";
	return text;
}

static const char *interface_name(const struct links *n, int index)
{
	const struct interface *found = links_find(n, index);

	return found ? found->name : "?";
}

static void tell_route(const struct nlmsghdr *m, const struct links *n)
{
	const struct rtmsg *route = NLMSG_DATA(m);
	char to[INET6_ADDRSTRLEN], by[INET6_ADDRSTRLEN];
	const char *gateway = print_address(m, sizeof(*route), RTA_GATEWAY, by);
	uint32_t out = attribute_u32(message_find(m, sizeof(*route), RTA_OIF));
	uint32_t table = attribute_u32(message_find(m, sizeof(*route), RTA_TABLE));
	const char *target = print_address(m, sizeof(*route), RTA_DST, to);

	if (!*target)
		target = route->rtm_family == AF_INET6 ? "::" : "0.0.0.0";
	error_errno("cannot put route %s/%u%s%s%s%s of table %u back", target, route->rtm_dst_len,
		    *gateway ? " via " : "", gateway, out ? " dev " : "",
		    out ? interface_name(n, (int)out) : "", table ? table : route->rtm_table);
}

static void tell_address(const struct nlmsghdr *m, const struct links *n)
{
	const struct ifaddrmsg *address = NLMSG_DATA(m);
	char text[INET6_ADDRSTRLEN];

	error_errno("cannot put address %s/%u of interface %s back",
		    print_address(m, sizeof(*address), IFA_ADDRESS, text), address->ifa_prefixlen,
		    interface_name(n, (int)address->ifa_index));
}

static void tell_neighbour(const struct nlmsghdr *m, const struct links *n)
{
	const struct ndmsg *neighbour = NLMSG_DATA(m);
	char text[INET6_ADDRSTRLEN];

	error_errno("cannot put neighbour %s of interface %s back",
		    print_address(m, sizeof(*neighbour), NDA_DST, text),
		    interface_name(n, neighbour->ndm_ifindex));
}

/* The reason is in errno. */
static void tell(const struct nlmsghdr *m, const struct links *n)
{
	if (m->nlmsg_type == RTM_NEWROUTE)
		tell_route(m, n);
	else if (m->nlmsg_type == RTM_NEWADDR)
		tell_address(m, n);
	else if (m->nlmsg_type == RTM_NEWNEIGH)
		tell_neighbour(m, n);
	else
		error_errno("cannot put nexthop %u back",
			    attribute_u32(message_find(m, sizeof(struct nhmsg), NHA_ID)));
}

size_t network_restore(struct network *w, struct links *n, bool last)
{
	struct nlmsghdr *m = (struct nlmsghdr *)w->requests;
	size_t left = 0;

	for (ssize_t size = (ssize_t)w->size; NLMSG_OK(m, size); m = NLMSG_NEXT(m, size)) {
		if (m->nlmsg_type == NLMSG_NOOP)
			continue;
		if (!netlink_do(&n->netlink, m) || errno == EEXIST) {
			m->nlmsg_type = NLMSG_NOOP;
			continue;
		}
		left++;
		if (last)
			tell(m, n);
	}
	return left;
}
