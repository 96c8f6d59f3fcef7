/* SPDX-License-Identifier: GPL-2.0-only */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interfaces.h"
#include "message.h"

static short interface_flags(int fd, const char *name)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	return ioctl(fd, SIOCGIFFLAGS, &request) ? 0 : request.ifr_flags;
}

static void set_interface_flags(int fd, const char *name, int flags)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	request.ifr_flags = (short)flags;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		error_errno("cannot take interface %s %s", name, flags & IFF_UP ? "up" : "down");
}

void interfaces_open(struct interfaces *n)
{
	size_t count = 0;

	n->list = if_nameindex();
	/* Interfaces are reached through a socket of any family. */
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (n->list && n->list[count].if_index)
		count++;
	n->was_up = calloc(count + 1, sizeof(*n->was_up));
}

size_t interfaces_down(struct interfaces *n)
{
	size_t taken = 0;

	if (!n->list || n->fd < 0 || !n->was_up) {
		notice("cannot list network interfaces; they stay as they are");
		return 0;
	}
	for (size_t i = 0; n->list[i].if_index; i++) {
		short flags = interface_flags(n->fd, n->list[i].if_name);

		n->was_up[i] = flags & IFF_UP && !(flags & IFF_LOOPBACK) ? flags : 0;
		if (!n->was_up[i])
			continue;
		set_interface_flags(n->fd, n->list[i].if_name, flags & ~IFF_UP);
		taken++;
	}
	return taken;
}

void interfaces_up(const struct interfaces *n)
{
	for (size_t i = 0; n->list && n->was_up && n->list[i].if_index; i++)
		if (n->was_up[i])
			set_interface_flags(n->fd, n->list[i].if_name, n->was_up[i]);
}

void interfaces_close(struct interfaces *n)
{
	free(n->was_up);
	if (n->list)
		if_freenameindex(n->list);
	if (n->fd >= 0)
		close(n->fd);
}
