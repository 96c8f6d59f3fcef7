/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/kexec.h>
#include <unistd.h>

#include "file-load.h"
#include "message.h"
#include "syscalls.h"

#ifndef KEXEC_FILE_DEBUG
#define KEXEC_FILE_DEBUG	0x8	/* include/uapi/linux/kexec.h since Linux 6.8 */
#endif

/* Descriptors for the kernel; -1: no initrd. */
struct given {
	int kernel, initrd;
};

/* 0 or an errno. */
static int call(struct given fd, const char *cmdline, unsigned long flags, int kho_fd)
{
	return sys_kexec_file_load(fd.kernel, fd.initrd, cmdline, flags, kho_fd) ? errno : 0;
}

/* Kernels before 6.8 do not know KEXEC_FILE_DEBUG. */
static int call_verbosely(struct given fd, const char *cmdline, unsigned long flags, int kho_fd)
{
	int err = EINVAL;

	if (fd.initrd < 0)
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (debug_enabled)
		err = call(fd, cmdline, flags | KEXEC_FILE_DEBUG, kho_fd);
	return err == EINVAL ? call(fd, cmdline, flags, kho_fd) : err;
}

/* Put BUF into sealed memory. 0, or -1 with errno. */
static int give(int *ret_fd, const char *name, const struct buffer *buf)
{
	*ret_fd = memfd_sealed(name, buf->data, buf->size);
	return *ret_fd < 0 ? -1 : 0;
}

/*
 * A file that is an image goes to the kernel as it is: signatures for IMA are beside it, in its
 * inode. What was unpacked goes there in sealed memory.
 */
int file_load(const struct target *t, const char *cmdline, unsigned long flags, int kho_fd)
{
	const bool own_initrd = t->initrd_fd < 0 && t->initrd.size;
	struct given fd = { t->kernel_fd, t->initrd_fd };
	int err = 0;

	if (t->extras.unpacked && give(&fd.kernel, "kernel", &t->kernel))
		return errno;
	if (own_initrd && give(&fd.initrd, "initrd", &t->initrd))
		err = errno;
	if (!err)
		err = call_verbosely(fd, cmdline, flags, kho_fd);
	if (t->extras.unpacked)
		close(fd.kernel);
	if (own_initrd && fd.initrd >= 0)
		close(fd.initrd);
	return err;
}

enum file_load_result load_image_file(const struct request *rq, const struct target *t)
{
	/* Do not ask: where the kernel limits loads, asking counts as one. */
	int err = t->image.segments_only ? ENOEXEC : file_load(t, rq->cmdline, 0, -1);

	if (!err)
		return FILE_LOAD_OK;
	errno = err;
	if (err == ENOSYS || err == EINVAL || err == ENOEXEC || err == ENOTSUP)
		return FILE_LOAD_UNSUPPORTED;
	error_errno("kexec_file_load failed for '%s'", rq->kernel);
	return FILE_LOAD_FAILED;
}
