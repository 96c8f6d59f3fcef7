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
		return error("the running kernel's live update state (node LUO) cannot be read: %s",
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

/* Does the process in /proc/PID hold a session? */
static bool process_holds(int proc, const char *pid, char name[LUO_SESSION_NAME])
{
	char path[300], target[sizeof(LINK) + LUO_SESSION_NAME];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/fd", pid);
	dir = open_dir(proc, path);
	if (!dir)
		return false;	/* it has ended, or is a kernel thread */
	while (!found && (entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (len < 0)
			continue;
		target[len] = '\0';
		found = !strncmp(target, LINK, strlen(LINK));
		if (found)
			snprintf(name, LUO_SESSION_NAME, "%.*s", LUO_SESSION_NAME - 1,
				 target + strlen(LINK));
	}
	closedir(dir);
	return found;
}

int luo_find_session(const struct root *root, char name[LUO_SESSION_NAME])
{
	DIR *dir = open_dir(root->fd, "proc");
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return error_errno("cannot look for live update sessions in /proc");
	while (!found && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			found = process_holds(dirfd(dir), entry->d_name, name);
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
