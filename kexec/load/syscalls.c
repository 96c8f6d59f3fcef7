/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch.h"
#include "syscalls.h"

int sys_kexec_load(const struct segments *segments, unsigned long flags)
{
	struct kexec_segment list[SEGMENTS_MAX];

	for (size_t i = 0; i < segments->count; i++)
		list[i] = (struct kexec_segment){
			.buf = (void *)segments->list[i].buf,
			.bufsz = segments->list[i].buf_size,
			.mem = (void *)segments->list[i].addr,
			.memsz = segments->list[i].size,
		};
	return (int)syscall(SYS_kexec_load, segments->entry, segments->count, list,
			    KEXEC_ARCH_HERE | flags);
}

int sys_kexec_load_check(void)
{
	/*
	 * One segment more than the kernel allows: its last check fails, and nothing has
	 * happened.
	 */
	int ret = (int)syscall(SYS_kexec_load, 0, KEXEC_SEGMENT_MAX + 1, NULL, KEXEC_ARCH_HERE);

	return ret && errno == EINVAL ? 0 : -1;
}

int sys_kexec_file_load(int kernel_fd, int initrd_fd, const char *cmdline, unsigned long flags,
			int kho_fd)
{
	return (int)syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, strlen(cmdline) + 1, cmdline,
			    flags, kho_fd);
}

int sys_kexec_unload(bool crash)
{
	return (int)syscall(SYS_kexec_load, 0, 0, NULL, KEXEC_ARCH_HERE | (crash ? KEXEC_ON_CRASH : 0));
}

int sys_kexec_file_unload(bool crash)
{
	return (int)syscall(SYS_kexec_file_load, -1, -1, 0, NULL,
			    KEXEC_FILE_UNLOAD | (crash ? KEXEC_FILE_ON_CRASH : 0));
}

int sys_reboot_kexec(void)
{
	return (int)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			    LINUX_REBOOT_CMD_KEXEC, NULL);
}
