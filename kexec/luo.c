/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions are anonymous files "[luo_session] NAME", see
 * kernel/liveupdate/luo_session.c. The content of sessions is written only while
 * the kernel is on its way out, and cannot be seen from here.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "luo.h"
#include "message.h"

#define LINK	"anon_inode:[luo_session] "

int luo_read_abis(const struct kho_mem *mem, const struct kho_node *node, struct kho_reader *ret)
{
	struct kho_luo_info info;
	int err = kho_luo_walk(PAGE_SHIFT, mem, node, NULL, &info);

	if (err)
		return error("the running kernel's live update state (node LUO) cannot be read: %s; "
			     "boot this kernel without liveupdate=on to hand over the rest",
			     kho_strerror(err));
	kho_reader_add_luo(ret, &info);
	return 0;
}

static DIR *open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* Processes and their files come and go; any other error leaves the answer open. */
static bool is_gone(int err)
{
	return err == ENOENT || err == ESRCH;
}

/* Is the file of this name in DIR a session? 1, 0, or -1 with errno. */
static int is_session(int dir, const char *file, char name[LUO_SESSION_NAME])
{
	char target[sizeof(LINK) + LUO_SESSION_NAME];
	ssize_t len = readlinkat(dir, file, target, sizeof(target) - 1);

	if (len < 0)
		return is_gone(errno) ? 0 : -1;
	target[len] = '\0';
	if (strncmp(target, LINK, strlen(LINK)))
		return 0;
	snprintf(name, LUO_SESSION_NAME, "%.*s", LUO_SESSION_NAME - 1, target + strlen(LINK));
	return 1;
}

/* Does the process in /proc/PID hold a session? 1, 0, or -1 with errno. */
static int process_holds(int proc, const char *pid, char name[LUO_SESSION_NAME])
{
	char path[300];
	struct dirent *entry;
	int found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/fd", pid);
	dir = open_dir(proc, path);
	if (!dir)
		return is_gone(errno) ? 0 : -1;
	while (!found && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			found = is_session(dirfd(dir), entry->d_name, name);
	closedir(dir);
	return found;
}

int luo_find_session(const struct root *root, char name[LUO_SESSION_NAME])
{
	DIR *dir = open_dir(root->fd, "proc");
	struct dirent *entry;
	int found = dir ? 0 : -1;

	while (!found && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			found = process_holds(dirfd(dir), entry->d_name, name);
	if (found < 0)
		error_errno("cannot look for live update sessions in /proc/*/fd (root?)");
	if (dir)
		closedir(dir);
	return found;
}

int luo_check_idle(const struct root *root)
{
	char name[LUO_SESSION_NAME];
	int found = luo_find_session(root, name);

	return found > 0 ? error("live update session '%s' is open, and the new kernel does not read live update "
			     "state of this one's version: end the session, or use a kernel of the same "
			     "version", name) : found;
}
