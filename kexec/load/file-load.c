/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/kexec.h>
#include <unistd.h>

#include "file-load.h"
#include "message.h"
#include "refusal.h"
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

/*
 * Kernels before 6.8 do not know KEXEC_FILE_DEBUG, and those before 6.17 not KEXEC_FILE_NO_CMA, but
 * neither do they use CMA. Where calls are COUNTED, there is one.
 */
static int call_with_wishes(struct given fd, const char *cmdline, unsigned long flags, int kho_fd,
			    bool counted)
{
	int err = EINVAL;

	if (fd.initrd < 0)
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (debug_enabled && !counted)
		err = call(fd, cmdline, flags | KEXEC_FILE_DEBUG, kho_fd);
	if (err == EINVAL)
		err = call(fd, cmdline, flags, kho_fd);
	if (err == EINVAL && flags & KEXEC_FILE_NO_CMA && !counted)
		err = call(fd, cmdline, flags & ~(unsigned long)KEXEC_FILE_NO_CMA, kho_fd);
	return err;
}

/*
 * A file that is an image goes to the kernel as it is: signatures for IMA are beside it, in its
 * inode. What was unpacked goes there in sealed memory.
 */
int file_load(const struct root *root, const struct target *t, const char *cmdline, unsigned long flags,
	      int kho_fd)
{
	struct given fd = { t->kernel_fd, t->initrd_fd };
	int err;

	if (t->extras.unpacked) {
		fd.kernel = memfd_sealed("kernel", t->kernel.data, t->kernel.size);
		if (fd.kernel < 0)
			return error_errno("cannot copy the kernel into sealed memory");
	}
	err = call_with_wishes(fd, cmdline, flags, kho_fd, refusal_counts(root, flags & KEXEC_FILE_ON_CRASH));
	if (t->extras.unpacked)
		close(fd.kernel);
	return err;
}

static bool may_work_otherwise(int err)
{
	return err == ENOSYS || err == EINVAL || err == ENOEXEC || err == ENOTSUP || err == EADDRNOTAVAIL;
}

enum file_load_result load_image_file(const struct root *root, const struct request *rq,
				      const struct target *t, int *ret_errno)
{
	const unsigned long flags = rq->file_flags | (rq->crash ? KEXEC_FILE_ON_CRASH : 0);

	if (refusal_foreseen(root, rq->crash))
		return FILE_LOAD_REFUSED;
	debug("trying kexec_file_load");
	*ret_errno = file_load(root, t, rq->cmdline, flags, -1);
	if (*ret_errno < 0)
		return FILE_LOAD_REFUSED;
	if (!*ret_errno)
		return FILE_LOAD_OK;
	return may_work_otherwise(*ret_errno) ? FILE_LOAD_UNSUPPORTED : FILE_LOAD_FAILED;
}
