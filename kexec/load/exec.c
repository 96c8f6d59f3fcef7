/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "exec.h"
#include "finalize.h"
#include "interfaces.h"
#include "message.h"
#include "method.h"
#include "preserved.h"
#include "refresh.h"
#include "refusal.h"
#include "signals.h"
#include "state.h"
#include "syscalls.h"
#include "sysfs-kexec.h"

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
 * An image that was loaded without a handover, because there was nothing to hand over, loses what
 * has been preserved since. An exit code, after a message.
 */
static int check_loss(const struct root *root)
{
	char what[PRESERVED_TEXT];
	int found = state_nothing_was_preserved(root) ? preserved_find(root, what) : 0;

	if (!found)
		return EXIT_OK;
	if (found < 0)
		error("cannot tell whether anything has been preserved since the image was loaded; it would be "
		      "lost: load with --kho, or with -c to leave it behind");
	else
		error("the image was loaded without a handover, and since then the kernel preserves %s, which "
		      "would be lost: load with --kho, or with -c to leave it behind", what);
	return EXIT_REFUSED;
}

/* The last step; a signal that has waited comes before it. */
static int reboot_now(void)
{
	if (signals_check())
		return EXIT_REFUSED;
	sys_reboot_kexec();
	return EXIT_OK;
}

/*
 * Start the image. A kernel that was given a prebuilt handover checks again whether that still
 * is what it hands over (ESTALE). If not, load it again and, because that takes time, refresh
 * it again.
 */
static int start(struct refresh *r)
{
	int code = refresh_leave(r, reboot_now);

	if (code == EXIT_OK && errno == ESTALE && r->found) {
		code = refresh_reload(r);
		if (code == EXIT_OK)
			code = refresh_update(r);
		if (code == EXIT_OK)
			code = refresh_leave(r, reboot_now);
	}
	if (code != EXIT_OK)
		return code;
	if (errno == ESTALE)
		error("the kernel did not start the loaded image: what it hands over has changed "
		      "since the load; load again");
	else
		error_errno("the kernel did not start the loaded image");
	return EXIT_FAILED;
}

/*
 * What can be refused is refused while the interfaces are up. When they are down, the last
 * step is to check for writes that came in meanwhile.
 */
static int leave(struct refresh *r, struct interfaces *n, bool no_sync, bool no_ifdown)
{
	int code = check_loaded(&r->root);

	if (code == EXIT_OK)
		code = check_loss(&r->root);
	if (code != EXIT_OK)
		return code;
	if (!no_sync)
		sync();
	code = refresh_update(r);
	if (code == EXIT_OK && !no_ifdown)
		code = refresh_hold(r);
	if (code != EXIT_OK)
		return code;
	if (!no_ifdown) {
		signals_hold();
		if (interfaces_down(n) && r->found)
			code = refresh_update(r);
	}
	return code == EXIT_OK ? start(r) : code;
}

int execute(const char *root_dir, bool no_sync, bool no_ifdown)
{
	struct interfaces n = { 0 };
	struct refresh *r = calloc(1, sizeof(*r));
	int code = EXIT_FAILED;

	if (!r) {
		error("no memory");
		return code;
	}
	if (!refresh_init(r, root_dir))
		code = leave(r, &n, no_sync, no_ifdown);
	interfaces_up(&n);
	if (r->found)
		error("not leaving this kernel; nothing that is preserved has been lost");
	refresh_release(r);
	free(r);
	/* At the end: a signal that has waited ends the program here. */
	signals_release();
	return code;
}

/*
 * The second call for a kernel without the first one only: a call that fails may be counted all the
 * same. 0, or -1 after a message.
 */
static int unload_by(const struct root *root, enum method_choice choice, bool crash)
{
	const struct load_method *last = NULL;
	int err = ENOSYS;

	for (const struct load_method *const *m = load_methods; err == ENOSYS && *m; m++) {
		if (choice != METHOD_AUTO && choice != (*m)->choice)
			continue;
		last = *m;
		err = last->unload(crash) ? errno : 0;
	}
	if (!err)
		return 0;
	errno = err;
	error_errno("cannot unload");
	refusal_explain(root, last && last->choice == METHOD_FILE ? CALL_KEXEC_FILE_LOAD : CALL_KEXEC_LOAD,
			crash, err);
	return -1;
}

int unload(const char *root_dir, enum method_choice choice)
{
	struct root root;
	int err = -1;

	if (root_init(&root, root_dir))
		return EXIT_FAILED;
	if (!refusal_foreseen(&root, false))
		err = unload_by(&root, choice, false);
	if (!err) {
		state_forget(&root);
		finalize_try_undo(root_dir);
	}
	close(root.fd);
	return err ? EXIT_FAILED : EXIT_OK;
}

/* A kernel that cannot have one would unload the image for kexec -e instead. */
static int unload_crash_below(const struct root *root, enum method_choice choice)
{
	int supported = kexec_crash_supported(root);

	if (supported < 0)
		return error("cannot read /sys/kernel/kexec_crash_loaded: is /sys mounted, and has this kernel "
			     "CONFIG_KEXEC?");
	if (supported)
		return refusal_foreseen(root, true) ? -1 : unload_by(root, choice, true);
	notice("nothing to unload: the running kernel cannot have a crash kernel (CONFIG_CRASH_DUMP)");
	return 0;
}

int unload_crash(const char *root_dir, enum method_choice choice)
{
	struct root root;
	int err;

	if (root_init(&root, root_dir))
		return EXIT_FAILED;
	err = unload_crash_below(&root, choice);
	close(root.fd);
	return err ? EXIT_FAILED : EXIT_OK;
}
