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

enum change { UNCHANGED, CHANGED, CANNOT_TELL };

/* Has the kernel added or removed nodes since its root FDT was copied? */
static enum change compare_fdt(const struct kcore *kcore, const struct sealed *sealed)
{
	unsigned char fdt[sizeof(((struct running *)0)->fdt)];

	if (!sealed->fdt_addr)
		return UNCHANGED;
	if (kcore_read_phys(kcore, sealed->fdt_addr, fdt, sizeof(fdt)))
		return CANNOT_TELL;
	return crc32c(0, fdt, sizeof(fdt)) == sealed->fdt_crc ? UNCHANGED : CHANGED;
}

/* Digest the verified regions as they are now, and compare. */
static enum change compare_regions(struct handover *h, const struct root *root,
				   const struct sealed *sealed)
{
	enum change change = UNCHANGED;

	for (size_t i = 0; i < sealed->region_count; i++)
		h->region[h->region_count++] =
			(struct handover_region){ .region = sealed->region[i], .verify = true };
	if (handover_digest(h, root))
		return CANNOT_TELL;
	for (size_t i = 0; i < h->region_count; i++)
		if (handover_region_crc(&h->region[i]) != sealed->region_crc[i])
			change = CHANGED;
	return change;
}

static enum change compare(const struct root *root, const struct sealed *sealed)
{
	struct handover h = { .kcore.fd = -1 };
	enum change fdt, regions = CANNOT_TELL;

	if (!sealed->fdt_addr && !sealed->region_count)
		return UNCHANGED;
	if (kcore_open(root, &h.kcore))
		return CANNOT_TELL;
	fdt = compare_fdt(&h.kcore, sealed);
	if (fdt == CANNOT_TELL)
		error("cannot read the running kernel's root FDT");
	else
		regions = compare_regions(&h, root, sealed);
	handover_release(&h);
	return regions == UNCHANGED ? fdt : regions;
}

/*
 * Make the loaded image fit preserved memory as it is now. With CHECK_ONLY
 * nothing is loaded: it only finds what would be refused. 0, or an exit code.
 */
static int seal(const struct root *root, bool check_only)
{
	struct sealed *sealed = calloc(1, sizeof(*sealed));
	int found = sealed ? state_load(root, sealed) : -1, code = EXIT_OK;

	if (found < 0) {
		free(sealed);
		return EXIT_FAILED;
	}
	if (found) {
		enum change change = compare(root, sealed);

		if (change == CANNOT_TELL)
			code = EXIT_REFUSED;
		else if (change == CHANGED && !check_only)
			code = load_image(&sealed->request, "/");
	}
	request_free(&sealed->request);
	free(sealed);
	if (code != EXIT_OK)
		error("not leaving this kernel: nothing has been lost, and the image is still loaded");
	return code;
}

static void interface_down(int fd, const char *name)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request) || request.ifr_flags & IFF_LOOPBACK ||
	    !(request.ifr_flags & IFF_UP))
		return;
	request.ifr_flags = (short)(request.ifr_flags & ~IFF_UP);
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		error_errno("cannot take interface %s down", name);
}

/* A card left running could write into memory that is no longer its own. */
static void interfaces_down(void)
{
	struct if_nameindex *list = if_nameindex();
	/* Interfaces are reached through a socket of any family. */
	int fd = list ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

	for (size_t i = 0; fd >= 0 && list[i].if_index; i++)
		interface_down(fd, list[i].if_name);
	if (fd >= 0)
		close(fd);
	if (list)
		if_freenameindex(list);
}

int execute(bool no_sync, bool no_ifdown)
{
	struct root root;
	int code;

	if (root_init(&root, "/"))
		return EXIT_FAILED;
	if (kexec_loaded(&root) == 0) {
		error("Nothing has been loaded!");
		return EXIT_REFUSED;
	}
	/* Find what would be refused before anything is taken down. */
	code = seal(&root, true);
	if (code != EXIT_OK)
		return code;
	if (!no_sync)
		sync();
	if (!no_ifdown)
		interfaces_down();
	code = seal(&root, false);
	if (code != EXIT_OK)
		return code;
	sys_reboot_kexec();
	error_errno("the kernel did not start the loaded image");
	return EXIT_FAILED;
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
