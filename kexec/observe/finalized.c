/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot-id.h"
#include "finalized.h"
#include "message.h"

enum mark_state mark_read(const struct root *root, uint32_t *ret_handover)
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

int finalize_open(const struct root *root)
{
	int fd = root_open(root, FINALIZE_FILE, O_WRONLY);

	return fd < 0 ? error_errno("cannot open /" FINALIZE_FILE " to write (root? lockdown?)") : fd;
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
 * A kernel that has forgotten what it preserved would finalize again, without the lost memory.
 * This happens when finalizing has failed, and when another program has undone it on a kernel
 * that loses memory by that.
 */
static int check_not_lost(const struct root *root, bool done)
{
	uint32_t handover;
	enum mark_state mark = mark_read(root, &handover);

	if (mark == MARK_LOST)
		return error("the running kernel has failed to finalize its handover before, and "
			     "has forgotten what it preserved: reboot");
	if (!done && mark == MARK_STAYS)
		return error("this program has begun to finalize the handover in this boot, but it "
			     "is not finalized: either another program has undone it (/" FINALIZE_FILE
			     "), and the running kernel has forgotten what it preserved, or this one "
			     "was killed at that moment; it is unknown which: reboot");
	if (!done && mark == MARK_BAD)
		return error("/" MARK_FILE " is damaged, so this program cannot tell whether the "
			     "running kernel has finalized before and forgotten what it preserved: "
			     "reboot; if it stays damaged after that, remove it");
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
		notice("this shows what the running kernel preserved when it was last finalized");
	if (done && (kind == FINALIZE_ONCE || dry_run))
		return 0;
	if (dry_run)
		return 1;
	fd = finalize_open(root);
	if (fd < 0)
		return -1;
	close(fd);
	return 1;
}

int finalize_refused(void)
{
	return error("the running kernel has not finalized its handover, so it cannot be read yet; "
		     "'kexec --kho -l' finalizes it, and so does 'echo 1 > /" FINALIZE_FILE "'");
}

bool finalize_is_due(const struct root *root)
{
	uint64_t value;

	return !root_read_u64(root, FINALIZE_FILE, &value) && !value;
}
