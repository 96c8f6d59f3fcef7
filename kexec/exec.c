/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../purgatory/crc32c.h"
#include "arch.h"
#include "exec.h"
#include "finalize.h"
#include "handover.h"
#include "interfaces.h"
#include "load.h"
#include "luo.h"
#include "message.h"
#include "state.h"
#include "syscalls.h"

#define SEAL_LOADS	2		/* at most, before -e gives up */

/* A loaded handover. */
struct seal {
	struct root root;
	bool found;			/* there is one */
	struct sealed sealed;		/* as it was loaded last */
	struct handover handover;	/* its regions and their digests now */
};

static void seal_forget(struct seal *s)
{
	handover_release(&s->handover);
	request_free(&s->sealed.request);
	memset(&s->sealed, 0, sizeof(s->sealed));
	s->found = false;
}

static int check_image(const struct seal *s)
{
	uint64_t image = running_image(&s->handover.kcore, s->sealed.image_symbol);

	/* Without the symbol nothing is known, and nothing is loaded again. */
	if (!s->sealed.image_symbol || (image && image == s->sealed.image))
		return 0;
	return error("another program has loaded an image since 'kexec --kho -l', and it takes nothing "
		     "over: run 'kexec -u', then load what is to be started");
}

/* Find out what there is to seal. 0, or -1 after a message. */
static int seal_open(struct seal *s)
{
	int found = state_load(&s->root, &s->sealed);

	if (found <= 0)
		return found;
	s->found = true;
	if (kcore_open(&s->root, &s->handover.kcore) || check_image(s))
		return -1;
	for (size_t i = 0; i < s->sealed.region_count; i++)
		s->handover.region[s->handover.region_count++] =
			(struct handover_region){ .region = s->sealed.region[i], .verify = true };
	return 0;
}

/* Has the kernel added or removed nodes since its root FDT was copied? -1: cannot tell. */
static int fdt_changed(const struct seal *s)
{
	unsigned char fdt[RUNNING_FDT_SIZE];

	if (!s->sealed.fdt_addr)
		return 0;
	errno = -running_read_fdt(&s->root, &s->handover.kcore, s->sealed.fdt_addr, fdt);
	if (errno)
		return error_errno("cannot read the running kernel's root FDT again");
	return crc32c(0, fdt, sizeof(fdt)) != s->sealed.fdt_crc;
}

/* With the kernel's own map: has it preserved a block meanwhile that the next one loses? */
static bool map_is_limited(const struct seal *s)
{
	return kho_abi_max_order(s->sealed.request.reads.abi, PAGE_SHIFT) <
	       kho_abi_max_order(KHO_ABI_V4, PAGE_SHIFT);
}

/*
 * Must the image be loaded again for what the kernel preserves now? A copied map must
 * be as it was; the kernel's own must have no block too large. -1: cannot tell.
 */
static int map_changed(struct seal *s)
{
	struct running running = { 0 };
	struct machine *m;
	int changed = -1;

	if (!s->sealed.map_copied && (!s->sealed.kho || !map_is_limited(s)))
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return error("no memory");
	m->root.fd = -1;
	if (!machine_observe(m, "/") && !running_observe(m, &s->handover.kcore, false, &running))
		changed = s->sealed.map_copied ? running_crc(&running) != s->sealed.map_crc :
						 !running_fits(&running, s->sealed.request.reads.abi);
	running_release(&running);
	machine_release(m);
	free(m);
	return changed;
}

/*
 * 1 if a region is not what it was when it was loaded, and is settled; 0; -1 on
 * error. A region that has its digest of the load time still, after the log's
 * writers were provoked, has no writer: the load was the first look at it.
 */
static int regions_changed(struct seal *s)
{
	bool changed = false;

	if (!s->sealed.region_count)
		return 0;
	handover_provoke_writers(&s->root);
	if (handover_digest(&s->handover))
		return -1;
	for (size_t i = 0; i < s->handover.region_count; i++)
		changed |= handover_region_crc(&s->handover.region[i]) != s->sealed.region_crc[i];
	if (!changed)
		return 0;
	return handover_settle(&s->handover, &s->root) ? -1 : 1;
}

/* One look: 0 nothing has changed since the load, 1 it has, -1 after a message. */
static int seal_look(struct seal *s)
{
	int regions, fdt = -1, map = -1;

	if (seal_open(s))
		return -1;
	if (!s->found)
		return 0;
	regions = regions_changed(s);
	if (regions >= 0)
		fdt = fdt_changed(s);
	if (fdt >= 0)
		map = map_changed(s);
	/* Last: a session opened from here to the reboot is not seen. */
	if (map >= 0 && s->sealed.luo_dropped && luo_check_idle(&s->root))
		return -1;
	return map < 0 ? -1 : map || fdt || regions;
}

static int reload(const struct seal *s)
{
	if (s->sealed.request.segment) {
		error("what is handed over has changed since segment '%s' was made, and it cannot be made anew "
		      "here: run --kho-save-segment again, have it signed, and load it; ':seal' in "
		      "--kho-verify lets regions change until the end", s->sealed.request.segment);
		return EXIT_REFUSED;
	}
	if (s->sealed.image_symbol)
		return load_image(&s->sealed.request, "/");
	error("preserved memory has changed since 'kexec --kho -l', and it cannot be told whether its "
	      "image is still the one loaded (/proc/kallsyms does not list kexec_image: "
	      "CONFIG_KALLSYMS_ALL): run the load command again");
	return EXIT_REFUSED;
}

/*
 * Load again until what is loaded is what memory holds: a reload takes time, in
 * which regions can be written once more. 0, or an exit code after a message.
 */
static int seal(struct seal *s)
{
	for (int loads = 0; loads <= SEAL_LOADS; loads++) {
		int changed, code;

		seal_forget(s);
		changed = seal_look(s);
		if (changed <= 0)
			return changed ? EXIT_REFUSED : EXIT_OK;
		code = loads < SEAL_LOADS ? reload(s) : EXIT_OK;
		if (code != EXIT_OK)
			return code;
	}
	error("preserved memory changes faster than the image can be loaded again: stop the writers of "
	      "verified regions, or leave these out of --kho-verify");
	return EXIT_REFUSED;
}

static void seal_release(struct seal *s)
{
	seal_forget(s);
	if (s->root.fd >= 0)
		close(s->root.fd);
	free(s);
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

/*
 * Start the image. A kernel that was given a segment looks once more whether it hands over
 * what it has now (ESTALE); then it is loaded again and, as that takes time, sealed again.
 */
static int start(struct seal *s)
{
	sys_reboot_kexec();
	if (errno == ESTALE && s->found) {
		int code = reload(s);

		if (code == EXIT_OK)
			code = seal(s);
		if (code != EXIT_OK)
			return code;
		sys_reboot_kexec();
	}
	if (errno == ESTALE)
		error("the kernel did not start the loaded image: what it hands over is no longer what it "
		      "was at the load; load again");
	else
		error_errno("the kernel did not start the loaded image");
	return EXIT_FAILED;
}

/*
 * What would be refused is refused with the interfaces up. With them down, what
 * came in meanwhile is sealed too, as the last act.
 */
static int leave(struct seal *s, struct interfaces *n, bool no_sync, bool no_ifdown)
{
	int code = check_loaded(&s->root);

	if (code != EXIT_OK)
		return code;
	if (!no_sync)
		sync();
	code = seal(s);
	if (code == EXIT_OK && !no_ifdown && interfaces_down(n) && s->found)
		code = seal(s);
	if (code != EXIT_OK)
		return code;
	return start(s);
}

int execute(bool no_sync, bool no_ifdown)
{
	struct interfaces n = { .fd = -1 };
	struct seal *s = calloc(1, sizeof(*s));
	int code = EXIT_FAILED;

	if (!s) {
		error("no memory");
		return code;
	}
	s->handover.kcore.fd = -1;
	if (!no_ifdown)
		interfaces_open(&n);
	if (!root_init(&s->root, "/"))
		code = leave(s, &n, no_sync, no_ifdown);
	interfaces_up(&n);
	if (s->found)
		error("not leaving this kernel; nothing that is preserved has been lost");
	interfaces_close(&n);
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
	finalize_undo(&root);
	return EXIT_OK;
}
