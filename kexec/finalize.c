/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debugfs file out/finalize, of kernel/kexec_handover.c in 6.16 to 6.18 and
 * kernel/liveupdate/kexec_handover_debugfs.c in 6.19. Aborting, which 6.16 to
 * 6.18 do when 0 is written, empties the tracker of preserved memory. What the
 * notifiers preserve comes back with the next finalizing, anything else does not.
 * 6.18 also frees the bitmaps by the wrong function.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "finalize.h"
#include "message.h"

#define FINALIZE_FILE	"sys/kernel/debug/kho/out/finalize"
/* Made when this program has finalized; says whether that can be undone. */
#define MARK_FILE	STATE_DIR "/finalized"
#define MARK_STAYS	"s"
#define MARK_UNDO	"u"
#define MARK_LOST	"l"		/* it failed, and the kernel has forgotten its memory */

/* Write a digit to FD of out/finalize, and close it. 0, or -errno of the kernel's answer. */
static int write_value(int fd, const char *value)
{
	int err = write(fd, value, strlen(value)) < 0 ? -errno : 0;

	close(fd);
	return err;
}

/* A file descriptor, or -1 after a message. */
static int open_finalize(const struct root *root)
{
	int fd = root_open(root, FINALIZE_FILE, O_WRONLY);

	return fd < 0 ? error_errno("cannot open /" FINALIZE_FILE " to write (root? lockdown?)") : fd;
}

static int set_mark(const struct root *root, const char *mark)
{
	int fd, err = 0;

	if (mkdirat(root->fd, STATE_DIR, 0700) && errno != EEXIST)
		return error_errno("cannot make /" STATE_DIR);
	fd = root_open(root, MARK_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
	if (fd < 0 || write(fd, mark, 1) != 1)
		err = error_errno("cannot write /" MARK_FILE);
	if (fd >= 0)
		close(fd);
	return err;
}

/* 0 or 1, or -1 after a message. */
static int is_finalized(const struct root *root)
{
	uint64_t value;
	int err = root_read_u64(root, FINALIZE_FILE, &value);

	if (!err)
		return value != 0;
	errno = -err;
	return error_errno("cannot read /" FINALIZE_FILE ", and this kernel's handover exists only once "
			   "it is finalized there: mount debugfs ('mount -t debugfs debugfs "
			   "/sys/kernel/debug'); 6.19 also needs CONFIG_KEXEC_HANDOVER_DEBUGFS");
}

/*
 * A kernel that has forgotten what it preserved would finalize again, without that:
 * one whose finalizing has failed, and one that was made to abort, though not by us,
 * where that loses memory.
 */
static int check_not_lost(const struct root *root, bool done)
{
	char mark[2];

	if (root_read_line(root, MARK_FILE, mark, sizeof(mark)))
		return 0;
	if (!strcmp(mark, MARK_LOST))
		return error("the running kernel has failed to finalize its handover before, and has "
			     "forgotten what it preserved: boot anew");
	if (!done && !strcmp(mark, MARK_STAYS))
		return error("the handover that this program has finalized was aborted by another (/"
			     FINALIZE_FILE "), and the running kernel has forgotten what it preserved: "
			     "boot anew");
	return 0;
}

int finalize_pending(const struct root *root, enum finalize_kind kind, bool dry_run)
{
	int done, fd;

	if (kind == FINALIZE_NEVER)
		return 0;
	done = is_finalized(root);
	if (done < 0 || check_not_lost(root, done))
		return -1;
	if (done && kind == FINALIZE_REPEATABLE && dry_run)
		notice("what the running kernel preserves is seen as of when it was last finalized");
	if (done && (kind == FINALIZE_ONCE || dry_run))
		return 0;
	if (dry_run)
		return 1;
	fd = open_finalize(root);
	if (fd < 0)
		return -1;
	close(fd);
	return 1;
}

int finalize_now(const struct root *root, enum finalize_kind kind, bool dry_run)
{
	int fd, err;

	if (dry_run)
		return error("the running kernel has not finalized its handover, so it cannot be looked at; "
			     "'kexec --kho -l' finalizes, and so does 'echo 1 > /" FINALIZE_FILE "'");
	fd = open_finalize(root);
	if (fd < 0)
		return -1;
	/* The mark first: what is done and not noted could not be undone. */
	if (kind == FINALIZE_ONCE && set_mark(root, MARK_STAYS)) {
		close(fd);
		return -1;
	}
	err = write_value(fd, "1");
	if (err == -EEXIST)	/* another program was quicker */
		unlinkat(root->fd, MARK_FILE, 0);
	if (!err || err == -EEXIST)
		return 0;
	if (kind == FINALIZE_ONCE)
		set_mark(root, MARK_LOST);
	errno = -err;
	return error_errno("the running kernel cannot finalize its handover (/" FINALIZE_FILE "); its log "
			   "says why%s", kind == FINALIZE_ONCE ?
			   "; it has forgotten what it preserved, and can hand nothing over until it is "
			   "booted anew" : "");
}

bool finalize_is_due(const struct root *root)
{
	uint64_t value;

	return !root_read_u64(root, FINALIZE_FILE, &value) && !value;
}

int finalize_allow_undo(const struct root *root)
{
	if (faccessat(root->fd, MARK_FILE, F_OK, 0))
		return 0;	/* another program has finalized */
	return set_mark(root, MARK_UNDO);
}

void finalize_undo(const struct root *root)
{
	char mark[2];
	int fd, err;

	if (root_read_line(root, MARK_FILE, mark, sizeof(mark)) || !strcmp(mark, MARK_LOST))
		return;
	if (strcmp(mark, MARK_UNDO)) {
		notice("the running kernel's handover is finalized now and stays so until a reboot: it can "
		       "preserve nothing more, and undoing it would make it forget preserved memory");
		return;
	}
	fd = open_finalize(root);
	if (fd < 0)
		return;
	unlinkat(root->fd, MARK_FILE, 0);
	err = write_value(fd, "0");
	errno = -err;
	if (err && err != -ENOENT)
		error_errno("cannot undo the finalizing of the handover (/" FINALIZE_FILE ")");
}
