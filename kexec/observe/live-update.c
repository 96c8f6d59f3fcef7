/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions are anonymous files "[luo_session] NAME", see kernel/liveupdate/luo_session.c. The
 * kernel writes their contents only while it shuts down, so they cannot be seen from here.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "live-update.h"
#include "message.h"

#define LINK	"anon_inode:[luo_session] "

int luo_read_abis(const struct kho_mem *mem, const struct kho_node *node, struct kho_formats *ret)
{
	struct kho_luo_info info;
	int err = kho_luo_walk(PAGE_SHIFT, mem, node, NULL, &info);

	if (err)
		return error("the running kernel's live update state (node LUO) cannot be read: %s; "
			     "boot this kernel without liveupdate=on to hand over the rest",
			     kho_strerror(err));
	kho_formats_add_luo(ret, &info);
	return 0;
}

/* Processes and their files come and go; any other error leaves the answer open. */
static bool is_gone(int err)
{
	return err == ENOENT || err == ESRCH;
}

/*
 * Does /proc show all processes, and not those of one PID namespace alone? A /proc of another
 * namespace has no "self". -1 with errno if nothing tells.
 */
static int sees_all(const struct root *root)
{
	/* PID_NS_INIT_INO of include/uapi/linux/nsfs.h: always this one. */
	static const char initial[] = "pid:[4026531836]";
	char target[sizeof(initial)];
	int fd = root_open(root, "proc/self/ns", O_PATH | O_DIRECTORY);
	ssize_t len;

	if (fd < 0)
		return errno == ENOENT ? !root->live : -1;
	len = readlinkat(fd, "pid", target, sizeof(target));
	close(fd);
	/* Without CONFIG_PID_NS there is no such link, and one namespace. */
	if (len < 0)
		return errno == ENOENT ? 1 : -1;
	return len == sizeof(initial) - 1 && !memcmp(target, initial, (size_t)len);
}

/* Is file NAME in DIR a session? 1, 0, or -1 with errno. */
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

/* Is there a session among the files in folder PATH of /proc? 1, 0, or -1 with errno. */
static int files_hold(const struct root *root, const char *path, char name[LUO_SESSION_NAME])
{
	DIR *dir = root_opendir(root, path);
	const struct dirent *entry;
	int found = 0;

	if (!dir)
		return is_gone(errno) ? 0 : -1;
	while (!found && (entry = next_entry(dir)))
		found = is_session(dirfd(dir), entry->d_name, name);
	if (!found && errno && !is_gone(errno))
		found = -1;
	closedir(dir);
	return found;
}

/*
 * Does process PID hold a session? Checks each thread, because a thread can have files of its
 * own, and those of a first thread that has ended are not shown there. 1, 0, or -1 with errno.
 */
static int process_holds(const struct root *root, const char *pid, char name[LUO_SESSION_NAME])
{
	const struct dirent *thread;
	char path[600];
	int found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "proc/%.20s/task", pid);
	dir = root_opendir(root, path);
	if (!dir)
		return is_gone(errno) ? 0 : -1;
	while (!found && (thread = next_entry(dir))) {
		snprintf(path, sizeof(path), "proc/%.20s/task/%s/fd", pid, thread->d_name);
		found = files_hold(root, path, name);
	}
	if (!found && errno && !is_gone(errno))
		found = -1;
	closedir(dir);
	return found;
}

/* 1, 0, or -1 with errno. */
static int search_processes(const struct root *root, char name[LUO_SESSION_NAME])
{
	DIR *dir = root_opendir(root, "proc");
	const struct dirent *entry;
	int found = dir ? 0 : -1;

	while (!found && (entry = next_entry(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			found = process_holds(root, entry->d_name, name);
	if (!found && errno)
		found = -1;
	if (dir)
		closedir(dir);
	return found;
}

int luo_find_session(const struct root *root, char name[LUO_SESSION_NAME])
{
	int found = sees_all(root);

	if (found < 0)
		return error_errno("cannot look for live update sessions: /proc/self/ns/pid does not tell whether "
				   "all processes are in /proc");
	if (!found)
		return error("cannot look for live update sessions: processes outside of this PID namespace, or "
			     "of that of /proc, may hold some; run in the initial one, with its /proc");
	found = search_processes(root, name);
	return found < 0 ? error_errno("cannot look for live update sessions in /proc/*/task/*/fd (root?)") :
			   found;
}

int luo_check_idle(const struct root *root)
{
	char name[LUO_SESSION_NAME];
	int found = luo_find_session(root, name);

	return found > 0 ? error("live update session '%s' is open, and the new kernel does not "
			     "read this version of live update state: end the session, or use a "
			     "kernel of the same version", name) : found;
}
