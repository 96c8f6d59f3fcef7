/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * include/linux/kho/abi/luo.h: an FDT up to 7.1, from 7.2 on a struct that begins
 * with its compatible. Sessions are anonymous files "[luo_session] NAME", see
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

#include <libfdt.h>

#include "arch.h"
#include "luo.h"
#include "message.h"

#define LINK	"anon_inode:[luo_session] "
#define SESSION_NAME	64	/* bytes, NUL included */

#define STRUCT_COMPATIBLE	8	/* bytes, NUL included */

static void copy_compatible(const void *fdt, const char *path, char *ret, size_t size)
{
	int len, node = fdt_path_offset(fdt, path);
	const char *compatible = node < 0 ? NULL : fdt_getprop(fdt, node, "compatible", &len);

	if (compatible && len > 0 && (size_t)len <= size && !compatible[len - 1])
		memcpy(ret, compatible, (size_t)len);
}

/* 6.19 to 7.1. Which memfd version goes with it is not said: that of the release. */
static int read_fdt_abis(const struct kcore *kcore, const struct kho_node *node,
			 struct kho_reader *ret)
{
	unsigned char fdt[PAGE_SIZE] __attribute__((aligned(8)));

	if (node->size < sizeof(struct fdt_header) || node->size > sizeof(fdt) ||
	    kcore_read_phys(kcore, node->addr, fdt, node->size))
		return -1;
	/* As in libkho: fdt_check_full() crashes on some versions below 16. */
	if (fdt_version(fdt) < 17 || fdt_check_full(fdt, node->size))
		return -1;
	copy_compatible(fdt, "/", ret->luo, sizeof(ret->luo));
	copy_compatible(fdt, "/luo-session", ret->luo_session, sizeof(ret->luo_session));
	copy_compatible(fdt, "/luo-flb", ret->luo_flb, sizeof(ret->luo_flb));
	strcpy(ret->memfd, kho_abi_radix(ret->abi) ? "memfd-v2" : "memfd-v1");
	return 0;
}

int luo_read_abis(const struct kcore *kcore, const struct kho_node *node, struct kho_reader *ret)
{
	union {
		fdt32_t magic;
		char compatible[STRUCT_COMPATIBLE];
	} start;
	int err = node->size < sizeof(start) ||
		  kcore_read_phys(kcore, node->addr, &start, sizeof(start));

	if (!err && fdt32_to_cpu(start.magic) == FDT_MAGIC) {
		err = read_fdt_abis(kcore, node, ret);
	} else if (!err && !start.compatible[STRUCT_COMPATIBLE - 1]) {
		memcpy(ret->luo, start.compatible, STRUCT_COMPATIBLE);
		strcpy(ret->memfd, "memfd-v2");
	}
	return err || !ret->luo[0] ?
		error("the running kernel's live update state (node LUO) cannot be read") : 0;
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
static bool process_holds(int proc, const char *pid, char name[SESSION_NAME])
{
	char path[300], target[sizeof(LINK) + SESSION_NAME];
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
			snprintf(name, SESSION_NAME, "%.*s", SESSION_NAME - 1,
				 target + strlen(LINK));
	}
	closedir(dir);
	return found;
}

int luo_check_idle(const struct root *root)
{
	DIR *dir = open_dir(root->fd, "proc");
	char name[SESSION_NAME];
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return error_errno("cannot look for live update sessions in /proc");
	while (!found && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			found = process_holds(dirfd(dir), entry->d_name, name);
	closedir(dir);
	return found ? error("live update session '%s' is open, and the new kernel does not read live update "
			     "state of this one's version: end the session, or use a kernel of the same "
			     "version", name) : 0;
}
