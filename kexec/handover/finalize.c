/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The debugfs file out/finalize is made by kernel/kexec_handover.c in 6.16 to 6.18 and
 * kernel/liveupdate/kexec_handover_debugfs.c in 6.19. Writing 0 makes 6.16 to 6.18 abort,
 * which empties the tracker of preserved memory. What the notifiers preserve comes back when
 * the kernel finalizes again; everything else is lost. 6.18 also frees the bitmaps with the
 * wrong function.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot-id.h"
#include "finalize.h"
#include "finalized.h"
#include "message.h"

#define MARK_NEW	MARK_FILE ".new"

/* Write a digit to FD of out/finalize, and close it. 0, or -errno of the kernel's answer. */
static int write_value(int fd, const char *value)
{
	int err = write(fd, value, strlen(value)) < 0 ? -errno : 0;

	close(fd);
	return err;
}

static int write_mark(const struct root *root, const char *text)
{
	int fd = root_open(root, MARK_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
	int err;

	if (fd < 0)
		return -1;
	err = write_all(fd, text, strlen(text));
	if (close(fd) || err)
		return -1;
	return renameat(root->fd, MARK_NEW, root->fd, MARK_FILE);
}

static int set_mark(const struct root *root, enum mark_state state, uint32_t handover)
{
	char id[BOOT_ID_LEN + 1], text[64];

	errno = -boot_id_read(root, id);
	if (errno)
		return error_errno("cannot read /" BOOT_ID_FILE);
	if (state_make_dir(root, true))
		return error_errno("cannot make /" STATE_DIR);
	snprintf(text, sizeof(text), "%c %s %08x\n", state, id, handover);
	return write_mark(root, text) ? error_errno("cannot write /" MARK_FILE) : 0;
}

int finalize_now(const struct root *root, enum finalize_kind kind)
{
	int fd = finalize_open(root), err;

	if (fd < 0)
		return -1;
	/* The mark first: without it the step could not be undone. */
	if (kind == FINALIZE_ONCE && set_mark(root, MARK_STAYS, 0)) {
		close(fd);
		return -1;
	}
	err = write_value(fd, "1");
	if (err == -EEXIST)	/* another program was faster */
		unlinkat(root->fd, MARK_FILE, 0);
	if (!err || err == -EEXIST)
		return 0;
	if (kind == FINALIZE_ONCE)
		set_mark(root, MARK_LOST, 0);
	errno = -err;
	return error_errno("the running kernel cannot finalize its handover (/" FINALIZE_FILE "); its log "
			   "says why%s", kind == FINALIZE_ONCE ?
			   "; it has forgotten what it preserved, and can hand nothing over until "
			   "a reboot" : "");
}

int finalize_allow_undo(const struct root *root, uint32_t handover)
{
	uint32_t none;

	if (mark_read(root, &none) != MARK_STAYS)
		return 0;	/* another program has finalized */
	return set_mark(root, MARK_UNDO, handover);
}

bool finalize_can_undo(const struct root *root)
{
	uint32_t handover;
	enum mark_state mark = mark_read(root, &handover);

	if (mark == MARK_UNDO && !finalize_is_due(root))
		return true;
	if (mark == MARK_UNDO)
		unlinkat(root->fd, MARK_FILE, 0);	/* another program has undone it */
	else if (mark == MARK_STAYS && !finalize_is_due(root))
		notice("the running kernel's handover is now finalized until a reboot: the kernel "
		       "can preserve nothing more, and undoing this would make it forget preserved "
		       "memory");
	return false;
}

void finalize_undo(const struct root *root, uint32_t handover)
{
	uint32_t ours;
	int fd, err;

	if (mark_read(root, &ours) != MARK_UNDO)
		return;
	if (handover != ours) {
		notice("another program has finalized the running kernel's handover since this one did, so "
		       "it stays finalized");
		unlinkat(root->fd, MARK_FILE, 0);
		return;
	}
	fd = finalize_open(root);
	if (fd < 0)
		return;
	unlinkat(root->fd, MARK_FILE, 0);
	err = write_value(fd, "0");
	errno = -err;
	if (err && err != -ENOENT)
		error_errno("cannot undo the finalizing of the handover (/" FINALIZE_FILE ")");
}

int finalize_running(const struct machine *machine, struct kcore *kcore, struct running *r)
{
	if (!r->map_pending)
		return 0;
	if (finalize_now(&machine->root, r->finalize))
		return -1;
	r->finalized_now = true;
	if (running_read_finalized(machine, kcore, r))
		return -1;
	return r->can_undo ? finalize_allow_undo(&machine->root, running_crc(r)) : 0;
}

struct observed {
	struct machine machine;
	struct kcore kcore;
	struct running running;
};

static int observe_finalized(struct observed *o, const char *root_dir)
{
	o->machine.root.fd = -1;
	o->kcore.fd = -1;
	if (machine_observe(&o->machine, root_dir) || kcore_open(&o->machine.root, &o->kcore))
		return -1;
	return running_look(&o->machine, &o->kcore, true, &o->running);
}

static void revert(const struct root *root, const char *root_dir)
{
	struct observed *o = calloc(1, sizeof(*o));

	if (!o) {
		error("no memory");
		return;
	}
	if (!observe_finalized(o, root_dir))
		finalize_undo(root, running_crc(&o->running));
	else
		notice("the running kernel's handover stays finalized: cannot tell whether another "
		       "program has finalized it since");
	running_release(&o->running);
	kcore_close(&o->kcore);
	machine_release(&o->machine);
	free(o);
}

void finalize_try_undo(const char *root_dir)
{
	struct root root;

	if (root_init(&root, root_dir))
		return;
	if (finalize_can_undo(&root))
		revert(&root, root_dir);
	close(root.fd);
}
