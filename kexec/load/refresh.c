/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crc32c.h"
#include "arch.h"
#include "load.h"
#include "live-update.h"
#include "message.h"
#include "refresh.h"
#include "signals.h"

#define SEAL_LOADS	2		/* at most, before -e gives up */

static void seal_forget(struct seal *s)
{
	handover_release(&s->handover);
	request_free(&s->sealed.request);
	memset(&s->sealed, 0, sizeof(s->sealed));
	s->found = false;
}

/* Without the symbol nothing is known; see seal_leave(). */
static int check_image(const struct seal *s)
{
	if (!s->sealed.id.symbol)
		return 0;
	switch (running_image_owner(&s->handover.kcore, &s->sealed.id)) {
	case IMAGE_OURS:
		return 0;
	case IMAGE_NONE:
		return error("another program has unloaded the image of 'kexec --kho -l': run the load command "
			     "again");
	case IMAGE_FOREIGN:
		return error("another program has loaded an image since 'kexec --kho -l', and it takes nothing "
			     "over: run 'kexec -u', then load what is to be started");
	default:
		return error("cannot read through /proc/kcore which image is loaded, and one of another program "
			     "would take nothing over: run the load command again");
	}
}

/* Read the description. It does not vanish while an image is started. As state_load(). */
static int load_description(struct seal *s)
{
	int found = state_load(&s->root, &s->sealed);

	if (!found && s->described)
		return error("/" STATE_DIR " has no description of the loaded image any more, so it cannot be told "
			     "what it takes over: run the load command again");
	s->described |= found > 0;
	return found;
}

/* Find out what there is to seal. 0, or -1 after a message. */
static int seal_open(struct seal *s)
{
	int found = load_description(s);

	if (found <= 0)
		return found;
	s->found = true;
	if (kcore_open(&s->root, &s->handover.kcore) || check_image(s))
		return -1;
	for (size_t i = 0; i < s->sealed.region_count; i++)
		s->handover.region[s->handover.region_count++] = s->sealed.region[i];
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
	if (!machine_observe(m, s->root_dir) && !running_observe(m, &s->handover.kcore, false, &running))
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
	if (handover_digest(&s->handover) || handover_check_fixed(&s->handover, &s->sealed.request))
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

/* The files are opened by the first who wants them, and stay open. 0, or -1 after a message. */
static int open_files(struct seal *s)
{
	if (s->opened)
		return 0;
	target_release(&s->target);
	s->opened = !target_open(&s->target, &s->sealed.request);
	return s->opened ? 0 : -1;
}

/* What is loaded again is in memory, as it was judged. 0, or -1 after a message. */
static int hold_files(struct seal *s)
{
	const struct request *rq = &s->sealed.request;

	return open_files(s) || target_read(&s->target, rq) || target_hold(&s->target, rq) ? -1 : 0;
}

static int load_again(struct seal *s, int (*then)(void))
{
	if (s->out_of_reach) {
		error("the image cannot be loaded again: its files could not be read while the network was up");
		return EXIT_REFUSED;
	}
	if (open_files(s))
		return EXIT_REFUSED;
	return load_image(&s->sealed.request, &s->target, s->root_dir, then);
}

int seal_reload(struct seal *s)
{
	return load_again(s, NULL);
}

/* A prebuilt handover that was saved has what it was made with. */
static int check_renewable(const struct seal *s)
{
	const char *prebuilt = s->sealed.request.prebuilt;

	return prebuilt ? error("what is handed over has changed since segment '%s' was made, and it cannot "
			       "be made anew here: run --kho-save-segment again, have it signed, and load it; "
			       "':seal' in --kho-verify lets regions change until the end", prebuilt) : 0;
}

int seal_update(struct seal *s)
{
	for (int loads = 0; loads <= SEAL_LOADS; loads++) {
		int changed, code;

		seal_forget(s);
		changed = seal_look(s);
		if (changed < 0 || signals_check())
			return EXIT_REFUSED;
		if (!changed)
			return EXIT_OK;
		if (loads == SEAL_LOADS)
			break;
		code = check_renewable(s) ? EXIT_REFUSED : seal_reload(s);
		if (code != EXIT_OK)
			return code;
	}
	error("preserved memory changes faster than the image can be loaded again: stop the writers of "
	      "verified regions, or leave these out of --kho-verify");
	return EXIT_REFUSED;
}

int seal_hold(struct seal *s)
{
	if (!s->found || !hold_files(s))
		return EXIT_OK;
	s->out_of_reach = true;
	if (s->sealed.id.symbol) {
		notice("so what changes from now on cannot be loaded again, and would be refused");
		return EXIT_OK;
	}
	error("this kernel does not tell which image it has loaded, so the image has to be loaded once more, "
	      "and that needs these files as they were: mount their file system, or have /proc/kallsyms "
	      "list kexec_image (CONFIG_KALLSYMS_ALL, kernel.kptr_restrict below 2) before the load");
	return EXIT_REFUSED;
}

int seal_leave(struct seal *s, int (*leave)(void))
{
	if (!s->found)
		return leave();
	if (s->sealed.id.symbol)
		return check_image(s) ? EXIT_REFUSED : leave();
	notice("this kernel does not tell which image it has loaded (/proc/kallsyms without kexec_image: "
	       "CONFIG_KALLSYMS_ALL, kernel.kptr_restrict), so '%s' is loaded once more", s->sealed.request.kernel);
	return hold_files(s) ? EXIT_REFUSED : load_again(s, leave);
}

int seal_init(struct seal *s, const char *root_dir)
{
	memset(s, 0, sizeof(*s));
	s->root_dir = root_dir;
	s->root.fd = s->handover.kcore.fd = s->target.kernel_fd = s->target.initrd_fd = -1;
	s->target.prebuilt_fd = -1;
	return root_init(&s->root, root_dir);
}

void seal_release(struct seal *s)
{
	seal_forget(s);
	target_release(&s->target);
	if (s->root.fd >= 0)
		close(s->root.fd);
}
