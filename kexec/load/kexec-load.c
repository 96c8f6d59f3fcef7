/* SPDX-License-Identifier: GPL-2.0-only */
/* Through kexec_load(2): every segment is placed and built here, with or without a handover. */
#include <errno.h>
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

static int refuse(const struct root *root)
{
	int err = errno;

	error_errno("kexec_load failed; what was loaded before is still loaded");
	refusal_explain(root, CALL_KEXEC_LOAD, err);
	return -1;
}

/* If the kernel limits loads, do not ask it, because asking counts as one. */
static int check_open(const struct root *root)
{
	if (refusal_foreseen(root, false))
		return -1;
	return !refusal_counts(root) && sys_kexec_load_check() ? refuse(root) : 0;
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
	const struct root *root = &plan->machine->root;

	(void)rq;
	if (refusal_foreseen(root, false))
		return -1;
	debug("trying kexec_load");
	if (!sys_kexec_load(&plan->segments))
		return 0;
	refuse(root);
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
