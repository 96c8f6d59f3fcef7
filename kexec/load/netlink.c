/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

#define ANSWER_SIZE	32768		/* the kernel's limit for one answer */

int netlink_open(struct netlink *nl)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	nl->sequence = 0;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	/* A connected socket gets messages from the kernel only. */
	if (nl->fd < 0 || connect(nl->fd, (const struct sockaddr *)&kernel, sizeof(kernel)))
		return -1;
	return 0;
}

void netlink_close(struct netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

static int send_request(struct netlink *nl, struct nlmsghdr *request)
{
	request->nlmsg_seq = ++nl->sequence;
	return send(nl->fd, request, request->nlmsg_len, 0) < 0 ? -1 : 0;
}

/* Where an answer stands. */
struct answer {
	netlink_each *each;
	void *data;
	int err;			/* the first one */
	bool complete;
};

static void note_error(struct answer *answer, int err)
{
	if (!answer->err)
		answer->err = err;
}

static void take_message(struct answer *answer, const struct nlmsghdr *m)
{
	if (m->nlmsg_flags & NLM_F_DUMP_INTR)
		note_error(answer, EINTR);
	if (m->nlmsg_type >= NLMSG_MIN_TYPE) {
		if (!answer->err && answer->each && answer->each(m, answer->data))
			note_error(answer, errno);
		return;
	}
	/* Both begin with 0 or a negative errno. */
	if (m->nlmsg_type != NLMSG_DONE && m->nlmsg_type != NLMSG_ERROR)
		return;
	answer->complete = true;
	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(int)))
		note_error(answer, EBADMSG);
	else
		note_error(answer, -*(const int *)NLMSG_DATA(m));
}

/* Read to the end even after an error; otherwise the rest would be taken for the next answer. */
static int read_answer(struct netlink *nl, struct answer *answer)
{
	_Alignas(struct nlmsghdr) char buf[ANSWER_SIZE];

	while (!answer->complete) {
		ssize_t size = recv(nl->fd, buf, sizeof(buf), MSG_TRUNC);

		if (size < 0)
			return -1;
		if ((size_t)size > sizeof(buf)) {
			errno = EMSGSIZE;
			return -1;
		}
		for (struct nlmsghdr *m = (struct nlmsghdr *)buf; NLMSG_OK(m, size);
		     m = NLMSG_NEXT(m, size))
			if (m->nlmsg_seq == nl->sequence)
				take_message(answer, m);
	}
	errno = answer->err;
	return answer->err ? -1 : 0;
}

int netlink_dump(struct netlink *nl, uint16_t type, const void *ask, size_t size,
		 netlink_each *each, void *data)
{
	struct answer answer = { .each = each, .data = data };
	struct {
		struct nlmsghdr message;
		unsigned char ask[NETLINK_ASK_MAX];
	} request = {
		.message = {
			.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};

	if (size > sizeof(request.ask)) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(request.ask, ask, size);
	return send_request(nl, &request.message) ? -1 : read_answer(nl, &answer);
}

int netlink_do(struct netlink *nl, struct nlmsghdr *request)
{
	struct answer answer = { 0 };

	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	return send_request(nl, request) ? -1 : read_answer(nl, &answer);
}

const struct rtattr *attribute_find(const void *attributes, size_t size, unsigned int type)
{
	int left = (int)size;

	for (const struct rtattr *at = attributes; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

const struct rtattr *message_find(const struct nlmsghdr *message, size_t header, unsigned int type)
{
	size_t begin = NLMSG_SPACE(header);

	if (message->nlmsg_len < begin)
		return NULL;
	return attribute_find((const char *)message + begin, message->nlmsg_len - begin, type);
}

uint32_t attribute_u32(const struct rtattr *attribute)
{
	uint32_t value = 0;

	if (attribute && RTA_PAYLOAD(attribute) >= sizeof(value))
		memcpy(&value, RTA_DATA(attribute), sizeof(value));
	return value;
}
