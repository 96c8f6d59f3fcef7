/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../purgatory/crc32c.h"
#include "exec.h"
#include "handover.h"
#include "load.h"
#include "message.h"
#include "state.h"
#include "syscalls.h"

/* A loaded handover. */
struct seal {
	struct root root;
	bool found;			/* there is one */
	struct sealed sealed;		/* as it was loaded */
	struct handover handover;	/* its regions and their digests now */
};

/* Find out what there is to seal. 0, or -1 after a message. */
static int seal_begin(struct seal *s)
{
	int found = state_load(&s->root, &s->sealed);

	if (found <= 0)
		return found;
	if (kcore_open(&s->root, &s->handover.kcore))
		return -1;
	if (running_image(&s->handover.kcore, s->sealed.image_symbol) != s->sealed.image) {
		notice("another program has loaded an image since 'kexec --kho -l': starting that one");
		return 0;
	}
	s->found = true;
	for (size_t i = 0; i < s->sealed.region_count; i++)
		s->handover.region[s->handover.region_count++] =
			(struct handover_region){ .region = s->sealed.region[i], .verify = true };
	/*
	 * A region that has its digest of the load time still, after this, has no
	 * writer: the load is the first look, and one more is enough.
	 */
	if (s->sealed.region_count)
		handover_provoke_writers(&s->root);
	return 0;
}

/* Has the kernel added or removed nodes since its root FDT was copied? -1: cannot tell. */
static int fdt_changed(const struct seal *s)
{
	unsigned char fdt[sizeof(((struct running *)0)->fdt)];

	if (!s->sealed.fdt_addr)
		return 0;
	if (kcore_read_phys(&s->handover.kcore, s->sealed.fdt_addr, fdt, sizeof(fdt)))
		return error("cannot read the running kernel's root FDT");
	return crc32c(0, fdt, sizeof(fdt)) != s->sealed.fdt_crc;
}

/* 1 if a region is not what it was when it was loaded, and is settled; 0; -1 on error. */
static int regions_changed(struct seal *s)
{
	bool changed = false;

	if (handover_digest(&s->handover))
		return -1;
	for (size_t i = 0; i < s->handover.region_count; i++)
		changed |= handover_region_crc(&s->handover.region[i]) != s->sealed.region_crc[i];
	if (!changed)
		return 0;
	return handover_settle(&s->handover, &s->root) ? -1 : 1;
}

/* Take the last digests; load again if they are not those loaded. 0, or an exit code. */
static int seal_end(struct seal *s)
{
	int fdt, regions;

	if (!s->found)
		return EXIT_OK;
	regions = regions_changed(s);
	fdt = regions < 0 ? -1 : fdt_changed(s);
	if (fdt < 0)
		return EXIT_REFUSED;
	return fdt || regions ? load_image(&s->sealed.request, "/") : EXIT_OK;
}

static void seal_release(struct seal *s)
{
	handover_release(&s->handover);
	request_free(&s->sealed.request);
	if (s->root.fd >= 0)
		close(s->root.fd);
	free(s);
}

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

/*
 * A card left running could write into memory that is no longer its own. LIST
 * is if_nameindex()'s; WAS_UP gets the flags of those taken down, else 0.
 */
static void interfaces_down(int fd, const struct if_nameindex *list, short *was_up)
{
	for (size_t i = 0; list[i].if_index; i++) {
		short flags = interface_flags(fd, list[i].if_name);

		was_up[i] = flags & IFF_UP && !(flags & IFF_LOOPBACK) ? flags : 0;
		if (was_up[i])
			set_interface_flags(fd, list[i].if_name, flags & ~IFF_UP);
	}
}

static void interfaces_up(int fd, const struct if_nameindex *list, const short *was_up)
{
	for (size_t i = 0; list[i].if_index; i++)
		if (was_up[i])
			set_interface_flags(fd, list[i].if_name, was_up[i]);
}

static size_t interface_count(const struct if_nameindex *list)
{
	size_t count = 0;

	while (list[count].if_index)
		count++;
	return count;
}

/* Returns only if the kernel refuses; interfaces are up again then. */
static void reboot_without_interfaces(void)
{
	struct if_nameindex *list = if_nameindex();
	/* Interfaces are reached through a socket of any family. */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;
	short *was_up = list ? calloc(interface_count(list) + 1, sizeof(*was_up)) : NULL;

	if (was_up && fd >= 0)
		interfaces_down(fd, list, was_up);
	sys_reboot_kexec();
	err = errno;
	if (was_up && fd >= 0)
		interfaces_up(fd, list, was_up);
	free(was_up);
	if (list)
		if_freenameindex(list);
	if (fd >= 0)
		close(fd);
	errno = err;
}

static int check_loaded(const struct root *root)
{
	int loaded = kexec_loaded(root);

	if (loaded > 0)
		return EXIT_OK;
	if (loaded < 0)
		error("cannot read /sys/kernel/kexec_loaded: is /sys mounted, and has this kernel "
		      "CONFIG_KEXEC?");
	else
		error("Nothing has been loaded!");
	return EXIT_REFUSED;
}

/* All but the jump. 0, or an exit code after a message. */
static int prepare(struct seal *s, bool no_sync)
{
	int code = check_loaded(&s->root);

	if (code != EXIT_OK)
		return code;
	if (seal_begin(s))
		return EXIT_REFUSED;
	if (!no_sync)
		sync();
	return seal_end(s);
}

int execute(bool no_sync, bool no_ifdown)
{
	struct seal *s = calloc(1, sizeof(*s));
	int code = EXIT_FAILED;

	if (!s) {
		error("no memory");
		return code;
	}
	s->handover.kcore.fd = -1;
	if (!root_init(&s->root, "/"))
		code = prepare(s, no_sync);
	if (code == EXIT_OK) {
		if (no_ifdown)
			sys_reboot_kexec();
		else
			reboot_without_interfaces();
		error_errno("the kernel did not start the loaded image");
		code = EXIT_FAILED;
	} else if (s->found) {
		error("not leaving this kernel; nothing that is preserved has been lost");
	}
	seal_release(s);
	return code;
}

int unload(bool file_syscall, bool kexec_syscall)
{
	struct root root;
	int err = -1;

	if (root_init(&root, "/"))
		return EXIT_FAILED;
	if (file_syscall)
		err = sys_kexec_file_unload();
	if (err && kexec_syscall)
		err = sys_kexec_unload();
	if (err) {
		error_errno("cannot unload");
		return EXIT_FAILED;
	}
	state_forget(&root);
	return EXIT_OK;
}
