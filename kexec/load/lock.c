/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lock.h"
#include "message.h"

#define LOCK_FILE	STATE_DIR "/lock"
#define TRIES		10		/* a second */
#define COMMAND_MAX	120		/* characters that are shown */

/* Of the kernel's two kinds of locks, this one tells who holds it. -1 with errno. */
static int try_lock(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &lock);
}

/* The process that holds the lock; 0 if that is unknown. */
static pid_t holder(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

/* "process 12 (kexec -e)" */
static void describe(const struct root *root, pid_t pid, char *text, size_t size)
{
	char path[64], command[COMMAND_MAX + 1];
	ssize_t len;
	int fd;

	snprintf(text, size, "process %d", (int)pid);
	snprintf(path, sizeof(path), "proc/%d/cmdline", (int)pid);
	fd = root_open(root, path, O_RDONLY);
	if (fd < 0)
		return;
	len = read(fd, command, COMMAND_MAX);
	close(fd);
	if (len <= 0)
		return;
	for (ssize_t i = 0; i < len; i++)
		if (!isprint((unsigned char)command[i]))
			command[i] = ' ';
	while (len && command[len - 1] == ' ')
		len--;
	command[len] = '\0';
	snprintf(text, size, "process %d (%s)", (int)pid, command);
}

static int wait_for(const struct root *root, int fd, unsigned int seconds)
{
	const struct timespec pause = { .tv_nsec = 1000000000 / TRIES };
	char who[COMMAND_MAX + 32] = "another process";
	pid_t pid = holder(fd);

	if (pid > 0)
		describe(root, pid, who, sizeof(who));
	notice("waiting for %s, which is loading, unloading or leaving", who);
	for (unsigned int i = 0; i < seconds * TRIES; i++) {
		nanosleep(&pause, NULL);
		if (!try_lock(fd))
			return 0;
	}
	return error("%s is still at it after %u seconds, and nothing was changed here: wait until it has "
		     "ended, or end it", who, seconds);
}

/* No /run, a read-only one, or a user who may not load anyway. */
static bool no_place(int err)
{
	return err == ENOENT || err == ENOTDIR || err == EROFS || err == EACCES || err == EPERM;
}

int lock_take(const struct root *root, bool describes, unsigned int seconds)
{
	int fd = -1;

	if (!state_make_dir(root, describes))
		fd = root_open(root, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW);
	if (fd < 0 && !describes && no_place(errno))
		return 0;
	if (fd < 0)
		return error_errno("cannot open /" LOCK_FILE " (needs root, and a /run that can be written)");
	if (!try_lock(fd))
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		return error_errno("cannot lock /" LOCK_FILE);
	return wait_for(root, fd, seconds);
}
