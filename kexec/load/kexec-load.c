/* SPDX-License-Identifier: GPL-2.0-only */
/* Through kexec_load(2): every segment is placed and built here, with or without a handover. */
#include <errno.h>
#include <linux/kexec.h>
#include <string.h>

#include "arch.h"
#include "message.h"
#include "method.h"
#include "refusal.h"
#include "syscalls.h"

static int takes_all(const struct handover *h, const struct target *t, const struct request *rq)
{
	(void)h;
	(void)t;
	(void)rq;
	return 1;
}

static int refuse(const struct root *root, bool crash)
{
	int err = errno;

	error_errno("kexec_load failed; %s", refusal_leaves(root, crash));
	refusal_explain(root, CALL_KEXEC_LOAD, crash, err);
	return -1;
}

/* If the kernel limits loads, do not ask it, because asking counts as one. */
static int check_open(const struct root *root)
{
	if (refusal_foreseen(root, false))
		return -1;
	return !refusal_counts(root, false) && sys_kexec_load_check() ? refuse(root, false) : 0;
}

static void print_segments(const struct segments *s)
{
	notice("entry = 0x%llx", ULL(s->entry));
	for (size_t i = 0; i < s->count; i++)
		notice("segment %zu (%s): bufsz = 0x%zx mem = 0x%llx memsz = 0x%llx", i,
		       s->list[i].name, s->list[i].buf_size, ULL(s->list[i].addr),
		       ULL(s->list[i].size));
}

static unsigned long flags(const struct request *rq)
{
	return (rq->crash ? KEXEC_ON_CRASH : 0) | (rq->crash_update ? KEXEC_UPDATE_ELFCOREHDR : 0);
}

static int load(const struct request *rq, const struct image_plan *plan)
{
	const struct root *root = &plan->machine->root;

	if (refusal_foreseen(root, rq->crash))
		return -1;
	debug("trying kexec_load");
	if (!sys_kexec_load(&plan->segments, flags(rq)))
		return 0;
	refuse(root, rq->crash);
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
