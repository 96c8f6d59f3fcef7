/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/kexec.h>

#include "file-load.h"
#include "message.h"
#include "syscalls.h"

#ifndef KEXEC_FILE_DEBUG
#define KEXEC_FILE_DEBUG	0x8	/* include/uapi/linux/kexec.h since Linux 6.8 */
#endif

static int call(const struct target *t, const char *cmdline, unsigned long flags, int kho_fd)
{
	return sys_kexec_file_load(t->kernel_fd, t->initrd_fd, cmdline, flags, kho_fd) ? errno : 0;
}

/* Kernels before 6.8 do not know KEXEC_FILE_DEBUG. */
int file_load(const struct target *t, const char *cmdline, unsigned long flags, int kho_fd)
{
	int err = EINVAL;

	if (t->initrd_fd < 0)
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (debug_enabled)
		err = call(t, cmdline, flags | KEXEC_FILE_DEBUG, kho_fd);
	return err == EINVAL ? call(t, cmdline, flags, kho_fd) : err;
}

enum file_load_result load_image_file(const struct request *rq, const struct target *t)
{
	int err = file_load(t, rq->cmdline, 0, -1);

	if (!err)
		return FILE_LOAD_OK;
	errno = err;
	if (err == ENOSYS || err == EINVAL || err == ENOEXEC || err == ENOTSUP)
		return FILE_LOAD_UNSUPPORTED;
	error_errno("kexec_file_load failed for '%s'", rq->kernel);
	return FILE_LOAD_FAILED;
}
