/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <unistd.h>

#include "file-load.h"
#include "message.h"
#include "syscalls.h"

#ifndef KEXEC_FILE_DEBUG
#define KEXEC_FILE_DEBUG	0x8	/* include/uapi/linux/kexec.h since Linux 6.8 */
#endif

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		error_errno("cannot open '%s'", path);
	return fd;
}

static int call(int kernel, int initrd, const char *cmdline, unsigned long flags, int kho_fd)
{
	return sys_kexec_file_load(kernel, initrd, cmdline, flags, kho_fd) ? errno : 0;
}

/* Kernels before 6.8 know nothing of KEXEC_FILE_DEBUG. */
static int call_debug(int kernel, int initrd, const char *cmdline, unsigned long flags, int kho_fd)
{
	int err = debug_enabled ? call(kernel, initrd, cmdline, flags | KEXEC_FILE_DEBUG, kho_fd) : EINVAL;

	return err == EINVAL ? call(kernel, initrd, cmdline, flags, kho_fd) : err;
}

int file_load(const struct request *rq, const char *cmdline, unsigned long flags, int kho_fd)
{
	int kernel = open_file(rq->kernel), initrd = -1, err = -1;

	if (kernel < 0)
		return -1;
	if (rq->initrd)
		initrd = open_file(rq->initrd);
	if (initrd >= 0 || !rq->initrd)
		err = call_debug(kernel, initrd, cmdline,
				 rq->initrd ? flags : flags | KEXEC_FILE_NO_INITRAMFS, kho_fd);
	close(kernel);
	if (initrd >= 0)
		close(initrd);
	return err;
}
