/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "cmdline.h"
#include "finalize.h"
#include "image-plan.h"
#include "load.h"
#include "message.h"
#include "number.h"
#include "state.h"
#include "syscalls.h"

#ifndef KEXEC_FILE_DEBUG
#define KEXEC_FILE_DEBUG	0x8	/* include/uapi/linux/kexec.h since Linux 6.8 */
#endif

struct loading {
	const struct request *request;
	struct machine machine;
	struct target target;
	struct efi_facts efi;
	struct handover handover;
	struct image_plan plan;
	char *cmdline;			/* REQUEST's, and what the handover needs */
};

/* "reserve_mem=SIZE:ALIGN:NAME" must be there, word for word fit for REGION. */
static int cmdline_for_region(struct loading *l, const struct kho_region *region)
{
	struct reserve_mem want;
	char word[96];

	switch (cmdline_reserve_mem(l->cmdline, region->name, &want)) {
	case RESERVE_MEM_BAD:
		return error("the command line has a reserve_mem= for '%s' that the kernel does not "
			     "understand; it wants SIZE:ALIGN:NAME", region->name);
	case RESERVE_MEM_FOUND:
		if (want.size == region->size && !(region->addr & (want.align - 1)))
			return 0;
		return error("the command line reserves 0x%llx bytes aligned to 0x%llx for '%s', but the "
			     "region has 0x%llx at 0x%llx: the next kernel would not revive it; remove "
			     "this reserve_mem= and the right one is added", ULL(want.size),
			     ULL(want.align), region->name, ULL(region->size), ULL(region->addr));
	case RESERVE_MEM_ABSENT:
		break;
	}
	if (cmdline_reserve_mem(l->machine.cmdline, region->name, &want) != RESERVE_MEM_FOUND ||
	    region->addr & (want.align - 1))
		want.align = PAGE_SIZE;
	snprintf(word, sizeof(word), "reserve_mem=0x%llx:0x%llx:%s", ULL(region->size),
		 ULL(want.align), region->name);
	notice("added '%s' to the command line, to revive the region", word);
	l->cmdline = cmdline_append(l->cmdline, word);
	return l->cmdline ? 0 : error("no memory for the command line");
}

static uint64_t ram_end(const struct machine *m)
{
	uint64_t end = 0;

	for (size_t i = 0; i < m->ram_count; i++)
		if (m->ram[i].addr + m->ram[i].size > end)
			end = m->ram[i].addr + m->ram[i].size;
	return end;
}

/* mem=SIZE hides what lies above from the next kernel, regions and scratch too. */
static int check_mem_limit(const struct loading *l)
{
	const struct handover *h = &l->handover;
	char value[64];
	const char *end;
	uint64_t limit;

	if (!cmdline_get(l->cmdline, "mem", value, sizeof(value)) || !parse_size(value, &end, &limit))
		return 0;
	for (size_t i = 0; i < h->region_count; i++)
		if (h->region[i].region.addr + h->region[i].region.size > limit)
			return error("the command line says mem=%s, and region '%s' lies above: remove mem=",
				     value, h->region[i].region.name);
	if (!h->running.kho && limit < ram_end(&l->machine))
		return error("the command line says mem=%s, and scratch may lie above: remove mem=", value);
	for (size_t i = 0; i < h->scratch_count; i++)
		if (h->scratch[i].addr + h->scratch[i].size > limit)
			return error("the command line says mem=%s, and scratch lies above: remove mem=",
				     value);
	return 0;
}

/* Switch NAME must be on for the next kernel; WHY: what it could not do without. */
static int cmdline_switch_on(struct loading *l, const char *name, const char *why)
{
	int on = cmdline_switch(l->cmdline, name);
	char word[32];

	if (on == 0)
		return error("the command line says %s=off: the next kernel could not %s; remove it", name,
			     why);
	if (on > 0)
		return 0;
	snprintf(word, sizeof(word), "%s=on", name);
	notice("added '%s' to the command line", word);
	l->cmdline = cmdline_append(l->cmdline, word);
	return l->cmdline ? 0 : error("no memory for the command line");
}

static int cmdline_for_handover(struct loading *l)
{
	if (cmdline_switch_on(l, "kho", "hand anything on"))
		return -1;
	/* Without it the next kernel takes live update state in, and gives it to nobody. */
	if (handover_has_node(&l->handover, KHO_NODE_LUO) &&
	    cmdline_switch_on(l, "liveupdate", "give live update sessions back"))
		return -1;
	for (size_t i = 0; i < l->handover.region_count; i++)
		if (cmdline_for_region(l, &l->handover.region[i].region))
			return -1;
	/* An unclosed quote would swallow what is added. */
	if (cmdline_open_quote(l->cmdline))
		return error("the command line ends inside a quoted word: close the '\"'");
	if (check_mem_limit(l))
		return -1;
	if (cmdline_count(l->cmdline, "reserve_mem") > KHO_REGIONS_MAX)
		return error("the command line has more than %d reserve_mem=, and a kernel takes no more: "
			     "remove those that are not handed over", KHO_REGIONS_MAX);
	return 0;
}

static int check_lockdown(const struct loading *l)
{
	char mode[32];

	lockdown_mode(&l->machine.root, mode, sizeof(mode));
	if (!strcmp(mode, "none") || l->request->dry_run)
		return 0;
	return error("the kernel is locked down (%s), which closes kexec_load: load a signed kernel with "
		     "'kexec -s -l', or boot without lockdown%s", mode,
		     l->request->kho ? "; what -s cannot hand over (--kho-region, --kho-blob, "
				       "--kho-verify) needs kexec_load" : "");
}

static int check_regions_revived(const struct loading *l)
{
	if (l->handover.region_count && !l->target.reads.reserve_mem)
		return error("'%s' cannot revive reserve_mem regions: its memblock code does not read "
			     "'reserve-mem-v1'", l->request->kernel);
	return 0;
}

static int prepare_handover(struct loading *l)
{
	const struct request *rq = l->request;

	if (target_find_abis(&l->target, rq) ||
	    handover_collect(&l->handover, &l->machine, rq, &l->target.reads) ||
	    check_regions_revived(l) || cmdline_for_handover(l))
		return -1;
	if (handover_digest(&l->handover))
		return -1;
	return handover_settle(&l->handover, &l->machine.root);
}

static int prepare(struct loading *l)
{
	const struct request *rq = l->request;

	if (!rq->no_efi && efi_observe(&l->machine, &l->efi))
		return -1;
	if (l->efi.memmap.size && !(l->target.image.xloadflags & XLF_EFI_KEXEC))
		notice("EFI runtime services are not passed on: the new kernel does not take them "
		       "(XLF_EFI_KEXEC)");
	if (rq->kho && prepare_handover(l))
		return -1;
	if (target_check(&l->target, &l->machine, l->cmdline))
		return -1;
	l->plan = (struct image_plan){
		.machine = &l->machine,
		.target = &l->target,
		.handover = rq->kho ? &l->handover : NULL,
		.efi = rq->no_efi ? NULL : &l->efi,
		.cmdline = l->cmdline,
		.no_checks = rq->no_checks,
	};
	return image_plan_place(&l->plan);
}

static void print_failed_segments(const struct segments *s)
{
	notice("entry = 0x%llx", ULL(s->entry));
	for (size_t i = 0; i < s->count; i++)
		notice("segment %zu (%s): bufsz = 0x%zx mem = 0x%llx memsz = 0x%llx", i,
		       s->list[i].name, s->list[i].buf_size, ULL(s->list[i].addr),
		       ULL(s->list[i].size));
}

static int load_segments(struct loading *l)
{
	int err;

	if (image_plan_build(&l->plan))
		return -1;
	if (!sys_kexec_load(&l->plan.segments))
		return 0;
	err = errno;
	error_errno("kexec_load failed; what was loaded before still is");
	if (err == EPERM)
		notice("kexec_load needs root (CAP_SYS_BOOT), no lockdown, and "
		       "'sysctl kernel.kexec_load_disabled' at 0");
	print_failed_segments(&l->plan.segments);
	return -1;
}

/* An image that "kexec -e" could not seal must not stay loaded. */
static int save_state(const struct loading *l, const struct state *state)
{
	const struct running *running = &l->handover.running;
	uint64_t image = running_image(&l->handover.kcore, running->image_symbol);

	if (!state_commit(&l->machine.root, state, running->image_symbol, image))
		return EXIT_OK;
	sys_kexec_unload();
	notice("the image has been unloaded again: 'kexec -e' could not have sealed it");
	return EXIT_FAILED;
}

static int load_now(struct loading *l)
{
	struct state state;
	int code = EXIT_FAILED;

	if (!l->request->kho) {
		if (load_segments(l))
			return EXIT_FAILED;
		state_forget(&l->machine.root);
		return EXIT_OK;
	}
	/* Building consumes the blobs, so they are kept first. */
	state_describe(&state, l->request, &l->target, &l->handover, l->cmdline);
	if (!state_prepare(&l->machine.root, &l->handover) && !load_segments(l))
		code = save_state(l, &state);
	else
		state_abandon(&l->machine.root);
	state_release(&state);
	return code;
}

static int run(struct loading *l, const char *root_dir)
{
	const struct request *rq = l->request;
	int err = target_read(&l->target, rq);

	if (err)
		return err;
	if (machine_observe(&l->machine, root_dir))
		return EXIT_FAILED;
	l->cmdline = strdup(rq->cmdline);
	if (!l->cmdline) {
		error("no memory for the command line");
		return EXIT_FAILED;
	}
	if (check_lockdown(l) || prepare(l))
		return EXIT_REFUSED;
	if (rq->dry_run) {
		image_plan_print(&l->plan);
		return EXIT_OK;
	}
	return load_now(l);
}

int load_image(const struct request *request, const char *root_dir)
{
	struct loading *l = calloc(1, sizeof(*l));
	int code;

	if (!l) {
		error("no memory");
		return EXIT_FAILED;
	}
	l->request = request;
	l->machine.root.fd = -1;
	l->handover.kcore.fd = -1;
	code = run(l, root_dir);
	if (code != EXIT_OK && l->handover.running.finalized_now)
		finalize_undo(&l->machine.root);
	image_plan_release(&l->plan);
	handover_release(&l->handover);
	buffer_free(&l->efi.memmap);
	target_release(&l->target);
	machine_release(&l->machine);
	free(l->cmdline);
	free(l);
	return code;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		error_errno("cannot open '%s'", path);
	return fd;
}

enum file_load_result load_image_file(const struct request *rq)
{
	unsigned long flags = debug_enabled ? KEXEC_FILE_DEBUG : 0;
	enum file_load_result result = FILE_LOAD_FAILED;
	int kernel = open_file(rq->kernel), initrd = -1, err;

	if (kernel < 0)
		return FILE_LOAD_FAILED;
	if (rq->initrd)
		initrd = open_file(rq->initrd);
	else
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (!rq->initrd || initrd >= 0) {
		err = sys_kexec_file_load(kernel, initrd, rq->cmdline, flags) ? errno : 0;
		if (err == EINVAL && flags & KEXEC_FILE_DEBUG)
			err = sys_kexec_file_load(kernel, initrd, rq->cmdline,
						  flags & ~(unsigned long)KEXEC_FILE_DEBUG) ? errno : 0;
		if (!err)
			result = FILE_LOAD_OK;
		else if (err == ENOSYS || err == EINVAL || err == ENOEXEC || err == ENOTSUP)
			result = FILE_LOAD_UNSUPPORTED;
		errno = err;
		if (result == FILE_LOAD_FAILED)
			error_errno("kexec_file_load failed for '%s'", rq->kernel);
	}
	err = errno;
	close(kernel);
	if (initrd >= 0)
		close(initrd);
	errno = err;
	return result;
}
