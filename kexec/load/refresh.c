/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crc32c.h"
#include "arch.h"
#include "finalize.h"
#include "load.h"
#include "live-update.h"
#include "message.h"
#include "refresh.h"
#include "signals.h"

#define REFRESH_LOADS	2		/* before -e gives up */

static void refresh_forget(struct refresh *r)
{
	handover_release(&r->handover);
	request_free(&r->record.request);
	memset(&r->record, 0, sizeof(r->record));
	r->found = false;
}

/* Without the symbol nothing is known; see refresh_leave(). */
static int check_image(const struct refresh *r)
{
	if (!r->record.id.symbol)
		return 0;
	switch (running_image_owner(&r->handover.kcore, &r->record.id)) {
	case IMAGE_OURS:
		return 0;
	case IMAGE_NONE:
		return error("another program has unloaded the image of 'kexec --kho -l': run the load command "
			     "again");
	case IMAGE_FOREIGN:
		return error("another program has loaded an image without the handover since "
			     "'kexec --kho -l': run 'kexec -u', then load again");
	default:
		return error("cannot read through /proc/kcore which image is loaded, and another "
			     "program's would start without the handover: run the load command "
			     "again");
	}
}

/* Read the description. It does not vanish while an image is started. As state_load(). */
static int load_description(struct refresh *r)
{
	int found = state_load(&r->root, &r->record);

	if (!found && r->described)
		return error("/" STATE_DIR " no longer describes the loaded image, so kexec cannot "
			     "tell whether it gets the handover: run the load command again");
	r->described |= found > 0;
	return found;
}

/* Find out what there is to refresh. 0, or -1 after a message. */
static int refresh_open(struct refresh *r)
{
	int found = load_description(r);

	if (found <= 0)
		return found;
	r->found = true;
	if (kcore_open(&r->root, &r->handover.kcore) || check_image(r))
		return -1;
	for (size_t i = 0; i < r->record.region_count; i++)
		r->handover.region[r->handover.region_count++] = r->record.region[i];
	return 0;
}

/* Has the kernel added or removed nodes since its root FDT was copied? -1: cannot tell. */
static int fdt_changed(const struct refresh *r)
{
	unsigned char fdt[RUNNING_FDT_SIZE];

	if (!r->record.fdt_addr)
		return 0;
	errno = -running_read_fdt(&r->root, &r->handover.kcore, r->record.fdt_addr, fdt);
	if (errno)
		return error_errno("cannot read the running kernel's root FDT again");
	return crc32c(0, fdt, sizeof(fdt)) != r->record.fdt_crc;
}

/* With the kernel's own map: has it preserved a block meanwhile that the next kernel loses? */
static bool map_is_limited(const struct refresh *r)
{
	return kho_abi_max_order(r->record.request.reads.abi, PAGE_SHIFT) <
	       kho_abi_max_order(KHO_ABI_V4, PAGE_SHIFT);
}

/*
 * Must the image be loaded again because of what the kernel preserves now? A copied map must
 * be unchanged; the kernel's own map must have no block that is too large. -1: cannot tell.
 */
static int map_changed(struct refresh *r)
{
	struct running running = { 0 };
	struct machine *m;
	int changed = -1;

	if (!r->record.map_copied && (!r->record.kho || !map_is_limited(r)))
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return error("no memory");
	m->root.fd = -1;
	if (!machine_observe(m, r->root_dir) && !running_look(m, &r->handover.kcore, false, &running) &&
	    !finalize_running(m, &r->handover.kcore, &running))
		changed = r->record.map_copied ? running_crc(&running) != r->record.map_crc :
						 !running_fits(&running, r->record.request.reads.abi);
	running_release(&running);
	machine_release(m);
	free(m);
	return changed;
}

/*
 * 1 if a region has changed since the load, and is settled; 0 if not; -1 on error. A region
 * that still has its digest of the load, after the log's writers were provoked, has no writer:
 * the load was the first look at it.
 */
static int regions_changed(struct refresh *r)
{
	bool changed = false;

	if (!r->record.region_count)
		return 0;
	handover_provoke_writers(&r->root);
	if (handover_digest(&r->handover) || handover_check_fixed(&r->handover, &r->record.request))
		return -1;
	for (size_t i = 0; i < r->handover.region_count; i++)
		changed |= handover_region_crc(&r->handover.region[i]) != r->record.region_crc[i];
	if (!changed)
		return 0;
	return handover_settle(&r->handover, &r->root) ? -1 : 1;
}

/* One look: 0 nothing has changed since the load, 1 it has, -1 after a message. */
static int refresh_look(struct refresh *r)
{
	int regions, fdt = -1, map = -1;

	if (refresh_open(r))
		return -1;
	if (!r->found)
		return 0;
	regions = regions_changed(r);
	if (regions >= 0)
		fdt = fdt_changed(r);
	if (fdt >= 0)
		map = map_changed(r);
	/* Last, because a session opened after this is not seen before the reboot. */
	if (map >= 0 && r->record.luo_dropped && luo_check_idle(&r->root))
		return -1;
	return map < 0 ? -1 : map || fdt || regions;
}

/*
 * The first caller that needs the files opens them, and they stay open. 0, or -1 after a
 * message.
 */
static int open_files(struct refresh *r)
{
	if (r->opened)
		return 0;
	target_release(&r->target);
	r->opened = !target_open(&r->target, &r->record.request);
	return r->opened ? 0 : -1;
}

/* Load again from memory, where the files are as they were checked. 0, or -1 after a message. */
static int hold_files(struct refresh *r)
{
	const struct request *rq = &r->record.request;

	return open_files(r) || target_read(&r->target, rq) || target_hold(&r->target, rq) ? -1 : 0;
}

static int load_again(struct refresh *r, int (*then)(void))
{
	if (r->out_of_reach) {
		error("the image cannot be loaded again: its files could not be read while the network was up");
		return EXIT_REFUSED;
	}
	if (open_files(r))
		return EXIT_REFUSED;
	return load_image(&r->record.request, &r->target, r->root_dir, then);
}

int refresh_reload(struct refresh *r)
{
	return load_again(r, NULL);
}

/* A saved handover keeps what it was made with. */
static int check_renewable(const struct refresh *r)
{
	const char *prebuilt = r->record.request.prebuilt;

	return prebuilt ? error("what is handed over has changed since segment '%s' was made, and "
			       "'kexec -e' cannot make it again: run --kho-save-segment again, "
			       "have the file signed, and load it; ':late' in --kho-verify lets "
			       "regions change until the end", prebuilt) : 0;
}

int refresh_update(struct refresh *r)
{
	for (int loads = 0; loads <= REFRESH_LOADS; loads++) {
		int changed, code;

		refresh_forget(r);
		changed = refresh_look(r);
		if (changed < 0 || signals_check())
			return EXIT_REFUSED;
		if (!changed)
			return EXIT_OK;
		if (loads == REFRESH_LOADS)
			break;
		code = check_renewable(r) ? EXIT_REFUSED : refresh_reload(r);
		if (code != EXIT_OK)
			return code;
	}
	error("preserved memory changes faster than the image can be loaded again: stop the writers of "
	      "verified regions, or leave these out of --kho-verify");
	return EXIT_REFUSED;
}

int refresh_hold(struct refresh *r)
{
	if (!r->found || !hold_files(r))
		return EXIT_OK;
	r->out_of_reach = true;
	if (r->record.id.symbol) {
		notice("so 'kexec -e' cannot load again, and refuses if what is handed over "
		       "changes from now on");
		return EXIT_OK;
	}
	error("this kernel does not tell which image it has loaded, so the image has to be loaded once more, "
	      "and that needs these files as they were: mount their file system, or have /proc/kallsyms "
	      "list kexec_image (CONFIG_KALLSYMS_ALL, kernel.kptr_restrict below 2) before the load");
	return EXIT_REFUSED;
}

int refresh_leave(struct refresh *r, int (*leave)(void))
{
	if (!r->found)
		return leave();
	if (r->record.id.symbol)
		return check_image(r) ? EXIT_REFUSED : leave();
	notice("this kernel does not tell which image it has loaded (/proc/kallsyms without kexec_image: "
	       "CONFIG_KALLSYMS_ALL, kernel.kptr_restrict), so '%s' is loaded once more",
	       r->record.request.kernel);
	return hold_files(r) ? EXIT_REFUSED : load_again(r, leave);
}

int refresh_init(struct refresh *r, const char *root_dir)
{
	memset(r, 0, sizeof(*r));
	r->root_dir = root_dir;
	r->root.fd = r->handover.kcore.fd = r->target.kernel_fd = r->target.initrd_fd = -1;
	r->target.extras.initrd_fd = -1;
	r->target.prebuilt_fd = -1;
	return root_init(&r->root, root_dir);
}

void refresh_release(struct refresh *r)
{
	refresh_forget(r);
	target_release(&r->target);
	if (r->root.fd >= 0)
		close(r->root.fd);
}
