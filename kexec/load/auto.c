/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "auto.h"
#include "crash-memory.h"
#include "file-load.h"
#include "finalized.h"
#include "load.h"
#include "message.h"
#include "method.h"
#include "preserved.h"
#include "refusal.h"
#include "running.h"
#include "state.h"

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
	error_errno("kexec_file_load failed for '%s'; %s", rq->kernel, refusal_leaves(root, rq->crash));
	refusal_explain(root, CALL_KEXEC_FILE_LOAD, rq->crash, err);
	return EXIT_FAILED;
}

/*
 * Would kexec_load lose what the kernel preserves? A distribution may have KHO on for all its users,
 * so that this alone says nothing. What cannot be told counts. 0, or -1 after a message.
 */
static int check_loss(const struct root *root)
{
	char what[PRESERVED_TEXT];
	int found = preserved_find(root, what);

	if (found < 0)
		return error("not trying kexec_load: this kernel runs with KHO, and what it preserves cannot be "
			     "told and would be lost; use --kho to hand it over, or -c to leave it behind");
	if (found)
		return error("not trying kexec_load: this kernel runs with KHO, and preserves %s, which would "
			     "be lost; use --kho to hand it over, or -c to leave it behind", what);
	return 0;
}

/* Nothing is preserved. kexec -e looks again, as something may be until then. */
static int load_over_kho(const struct root *root, const struct request *rq, struct target *target)
{
	int code;

	notice("loading through kexec_load: this kernel runs with KHO, and preserves nothing that would be "
	       "lost");
	code = load_image(rq, target, "/", NULL);
	if (code != EXIT_OK || !state_note_nothing_preserved(root))
		return code;
	if (method_kexec_load.unload(false))
		error_errno("the image cannot be unloaded");
	return EXIT_FAILED;
}

/* Through kexec_load, if that loses nothing that the kernel preserves. */
static int load_segments(const struct root *root, const struct request *rq, struct target *target)
{
	/* To a crash kernel nobody hands anything over. */
	if (rq->crash || !running_has_kho(root))
		return load_image(rq, target, "/", NULL);
	return check_loss(root) ? EXIT_FAILED : load_over_kho(root, rq, target);
}

/*
 * kexec_file_load has failed with ERR. If kexec_load fails too, both reasons count, but not what
 * could be done about the first one: that was this, and what was loaded before may be gone.
 */
static int fall_back(const struct root *root, const struct request *rq, struct target *target, int err)
{
	const bool kho = !rq->crash && running_has_kho(root);
	int code;

	/* Under lockdown kexec_load fails as well, which would hide the first reason. */
	if (rq->method == METHOD_FILE || !kexec_load_is_open(root))
		return stay_failed(root, rq, err);
	if (kho && check_loss(root))
		return stay_failed(root, rq, err);
	debug("kexec_file_load: %s; trying kexec_load", strerror(err));
	code = kho ? load_over_kho(root, rq, target) : load_image(rq, target, "/", NULL);
	if (code != EXIT_OK)
		notice("before that, kexec_file_load failed for '%s': %s%s%s", rq->kernel, strerror(err),
		       rq->crash ? "; " : "", rq->crash ? refusal_leaves(root, true) : "");
	return code;
}

/* Do not ask kexec_file_load: where the kernel limits loads, asking counts as one. */
static int load_segments_only(const struct root *root, const struct request *rq,
			      struct target *target)
{
	const bool open = kexec_load_is_open(root);

	if (rq->method != METHOD_FILE && open)
		return load_segments(root, rq, target);
	if (target->image.entry_32)
		error("the kernel's own loader (kexec_file_load) enters kernels in 64-bit mode, and '%s' has no "
		      "64-bit entry point%s", rq->kernel, open ? ": use -c" :
		      "; lockdown leaves no other way to load it");
	else
		error("the kernel's own loader (kexec_file_load) takes no vmlinux like '%s': load the bzImage of "
		      "this kernel%s", rq->kernel, open ? ", or use -c" : "");
	return EXIT_FAILED;
}

int load_auto(const struct root *root, const struct request *rq, struct target *target)
{
	const char *option = request_needs_segments(rq);
	uint64_t headers_size;
	int err;

	if (!rq->crash)
		notice_not_finalized(root);
	if (option) {
		debug("kexec_load, because kexec_file_load does not know %s", option);
		return load_segments(root, rq, target);
	}
	if (target->image.segments_only)
		return load_segments_only(root, rq, target);
	if (target_check_cmdline(target, rq, rq->cmdline))
		return EXIT_REFUSED;
	/* It does so by itself, if it can. */
	if (rq->crash_update && crash_headers_size(root, &headers_size))
		return EXIT_REFUSED;
	if (rq->no_checks)
		notice("--no-checks has no effect where the kernel loads by itself (kexec_file_load), because "
		       "its purgatory checks always");
	switch (load_image_file(root, rq, target, &err)) {
	case FILE_LOAD_OK:
		if (!rq->crash)
			state_forget(root);
		return EXIT_OK;
	case FILE_LOAD_UNSUPPORTED:
		return fall_back(root, rq, target, err);
	case FILE_LOAD_FAILED:
		return stay_failed(root, rq, err);
	default:
		return EXIT_FAILED;
	}
}
