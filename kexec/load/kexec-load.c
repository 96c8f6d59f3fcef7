/* SPDX-License-Identifier: GPL-2.0-only */
/* Through kexec_load(2): every segment is placed and built here, with or without a handover. */
#include <errno.h>
#include <string.h>

#include "arch.h"
#include "message.h"
#include "method.h"
#include "syscalls.h"

static int takes_all(const struct handover *h, const struct target *t, const struct request *rq)
{
	(void)h;
	(void)t;
	(void)rq;
	return 1;
}

static int refuse(void)
{
	bool closed = errno == EPERM;

	error_errno("kexec_load failed; what was loaded before is still loaded");
	if (closed)
		notice("kexec_load needs root (CAP_SYS_BOOT), no lockdown, and "
		       "'sysctl kernel.kexec_load_disabled' at 0");
	return -1;
}

/* If the kernel limits loads, do not ask it, because asking counts as one. */
static int check_open(const struct root *root)
{
	char limit[16];

	if (root_read_line(root, "proc/sys/kernel/kexec_load_limit_reboot", limit, sizeof(limit)) ||
	    !strcmp(limit, "-1"))
		return sys_kexec_load_check() ? refuse() : 0;
	return strcmp(limit, "0") ? 0 : error("the kernel takes no more images: "
					      "kernel.kexec_load_limit_reboot is 0");
}

static void print_segments(const struct segments *s)
{
	notice("entry = 0x%llx", ULL(s->entry));
	for (size_t i = 0; i < s->count; i++)
		notice("segment %zu (%s): bufsz = 0x%zx mem = 0x%llx memsz = 0x%llx", i,
		       s->list[i].name, s->list[i].buf_size, ULL(s->list[i].addr),
		       ULL(s->list[i].size));
}

static int load(const struct request *rq, const struct image_plan *plan)
{
	(void)rq;
	if (!sys_kexec_load(&plan->segments))
		return 0;
	refuse();
	print_segments(&plan->segments);
	return -1;
}

const struct load_method method_kexec_load = {
	.name = "kexec_load",
	.choice = METHOD_SEGMENTS,
	.placer = &place_by_kexec,
	.fits = takes_all,
	.check_open = check_open,
	.load = load,
	.unload = sys_kexec_unload,
};
