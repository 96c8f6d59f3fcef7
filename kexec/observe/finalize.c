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
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot-id.h"
#include "finalize.h"
#include "message.h"

#define FINALIZE_FILE	"sys/kernel/debug/kho/out/finalize"
/*
 * "STATE BOOT_ID HANDOVER", made when this program has finalized. HANDOVER is what
 * running_crc() says of it, if it can be undone.
 */
#define MARK_FILE	STATE_DIR "/finalized"
#define MARK_NEW	STATE_DIR "/finalized.new"

enum mark_state {
	MARK_NONE,			/* not by this program, or not in this boot */
	MARK_STAYS = 's',
	MARK_UNDO = 'u',
	MARK_LOST = 'l',		/* it failed, and the kernel has forgotten its memory */
	MARK_BAD = '?',			/* not to be told */
};

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
	if (state_make_dir(root))
		return error_errno("cannot make /" STATE_DIR);
	snprintf(text, sizeof(text), "%c %s %08x\n", state, id, handover);
	return write_mark(root, text) ? error_errno("cannot write /" MARK_FILE) : 0;
}

static enum mark_state read_mark(const struct root *root, uint32_t *ret_handover)
{
	char line[64], id[BOOT_ID_LEN + 1], now[BOOT_ID_LEN + 1], state;
	int err = root_read_line(root, MARK_FILE, line, sizeof(line)), end = 0;

	if (err == -ENOENT)
		return MARK_NONE;
	if (err || sscanf(line, "%c %36s %8" SCNx32 "%n", &state, id, ret_handover, &end) != 3 ||
	    line[end] || strlen(id) != BOOT_ID_LEN || !strchr("sul", state) || boot_id_read(root, now))
		return MARK_BAD;
	return strcmp(id, now) ? MARK_NONE : (enum mark_state)state;
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
	uint32_t handover;
	enum mark_state mark = read_mark(root, &handover);

	if (mark == MARK_LOST)
		return error("the running kernel has failed to finalize its handover before, and has "
			     "forgotten what it preserved: boot anew");
	if (!done && mark == MARK_STAYS)
		return error("this program has begun to finalize the handover in this boot, and it is not "
			     "finalized: either another program has aborted it (/" FINALIZE_FILE "), and the "
			     "running kernel has forgotten what it preserved, or this one was killed at that "
			     "moment; which of them cannot be told: boot anew");
	if (!done && mark == MARK_BAD)
		return error("/" MARK_FILE " is damaged, so it cannot be told whether the running kernel has "
			     "finalized before, and forgotten what it preserved: boot anew; if it stays "
			     "damaged after that, remove it");
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
	if (kind == FINALIZE_ONCE && set_mark(root, MARK_STAYS, 0)) {
		close(fd);
		return -1;
	}
	err = write_value(fd, "1");
	if (err == -EEXIST)	/* another program was quicker */
		unlinkat(root->fd, MARK_FILE, 0);
	if (!err || err == -EEXIST)
		return 0;
	if (kind == FINALIZE_ONCE)
		set_mark(root, MARK_LOST, 0);
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

int finalize_allow_undo(const struct root *root, uint32_t handover)
{
	uint32_t none;

	if (read_mark(root, &none) != MARK_STAYS)
		return 0;	/* another program has finalized */
	return set_mark(root, MARK_UNDO, handover);
}

bool finalize_can_undo(const struct root *root)
{
	uint32_t handover;
	enum mark_state mark = read_mark(root, &handover);

	if (mark == MARK_UNDO && !finalize_is_due(root))
		return true;
	if (mark == MARK_UNDO)
		unlinkat(root->fd, MARK_FILE, 0);	/* another program has undone it */
	else if (mark == MARK_STAYS && !finalize_is_due(root))
		notice("the running kernel's handover is finalized now and stays so until a reboot: it can "
		       "preserve nothing more, and undoing it would make it forget preserved memory");
	return false;
}

void finalize_undo(const struct root *root, uint32_t handover)
{
	uint32_t ours;
	int fd, err;

	if (read_mark(root, &ours) != MARK_UNDO)
		return;
	if (handover != ours) {
		notice("another program has finalized the running kernel's handover since this one did, so "
		       "it stays finalized");
		unlinkat(root->fd, MARK_FILE, 0);
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
