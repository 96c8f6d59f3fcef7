/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auto.h"
#include "file-load.h"
#include "finalized.h"
#include "load.h"
#include "message.h"
#include "preserved.h"
#include "refusal.h"
#include "running.h"
#include "state.h"
#include "sysfs-kexec.h"

/*
 * Without finalizing, kernels up to 6.18 hand nothing over, and 6.19 and 7.0 only if live
 * update is on.
 */
static void notice_not_finalized(const struct root *root)
{
	if (finalize_is_due(root))
		notice("this kernel runs with KHO and has not finalized its handover, so the "
		       "loaded image may get no handover; --kho hands over what is preserved");
}

/* kexec_file_load has failed with ERR, and nothing else is tried. */
static int stay_failed(const struct root *root, const struct request *rq, int err)
{
	errno = err;
	error_errno("kexec_file_load failed for '%s'; what was loaded before is still loaded", rq->kernel);
	refusal_explain(root, CALL_KEXEC_FILE_LOAD, err);
	return EXIT_FAILED;
}

/*
 * Would kexec_load lose what the kernel preserves? A distribution may have KHO on for all its users,
 * so that this alone says nothing. What cannot be told counts; WHAT names it.
 */
static bool would_lose(const struct root *root, char what[PRESERVED_TEXT])
{
	if (!running_has_kho(root))
		return false;
	snprintf(what, PRESERVED_TEXT, "memory, perhaps: it does not tell");
	if (preserved_find(root, what))
		return true;
	notice("loading through kexec_load: this kernel runs with KHO, and preserves nothing that would be "
	       "lost");
	return false;
}

static int refuse_loss(const char *what)
{
	error("not trying kexec_load: this kernel runs with KHO, and preserves %s, which would be lost; use "
	      "--kho to hand it over, or -c to leave it behind", what);
	return EXIT_FAILED;
}

/* Through kexec_load, if that loses nothing that the kernel preserves. */
static int load_segments(const struct root *root, const struct request *rq, struct target *target)
{
	char what[PRESERVED_TEXT];

	return would_lose(root, what) ? refuse_loss(what) : load_image(rq, target, "/", NULL);
}

/* Under lockdown kexec_load fails as well, and asking for it would hide the first reason. */
static bool may_use_segments(const struct root *root, const struct request *rq)
{
	char mode[32];

	lockdown_mode(root, mode, sizeof(mode));
	return rq->method != METHOD_FILE && !strcmp(mode, "none");
}

/* kexec_file_load has failed with ERR. */
static int fall_back(const struct root *root, const struct request *rq, struct target *target, int err)
{
	char what[PRESERVED_TEXT];

	if (!may_use_segments(root, rq))
		return stay_failed(root, rq, err);
	debug("kexec_file_load: %s; trying kexec_load", strerror(err));
	if (!would_lose(root, what))
		return load_image(rq, target, "/", NULL);
	stay_failed(root, rq, err);
	return refuse_loss(what);
}

/* Do not ask kexec_file_load: where the kernel limits loads, asking counts as one. */
static int load_vmlinux(const struct root *root, const struct request *rq, struct target *target)
{
	if (may_use_segments(root, rq))
		return load_segments(root, rq, target);
	error("the kernel's own loader (kexec_file_load) takes no vmlinux like '%s': load the bzImage of "
	      "this kernel%s", rq->kernel, rq->method == METHOD_FILE ? ", or use -c" : "");
	return EXIT_FAILED;
}

int load_auto(const struct root *root, const struct request *rq, struct target *target)
{
	const char *option = request_needs_segments(rq);

	notice_not_finalized(root);
	if (option) {
		debug("kexec_load, because kexec_file_load does not know %s", option);
		return load_segments(root, rq, target);
	}
	if (target->image.segments_only)
		return load_vmlinux(root, rq, target);
	if (rq->no_checks)
		notice("--no-checks has no effect where the kernel loads by itself (kexec_file_load), because "
		       "its purgatory checks always; -c loads without checks");
	switch (load_image_file(root, rq, target)) {
	case FILE_LOAD_OK:
		state_forget(root);
		return EXIT_OK;
	case FILE_LOAD_UNSUPPORTED:
		return fall_back(root, rq, target, errno);
	default:
		return EXIT_FAILED;
	}
}
