/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls.h"

int sys_kexec_load(const struct segments *segments)
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
			    KEXEC_ARCH_X86_64);
}

int sys_kexec_file_load(int kernel_fd, int initrd_fd, const char *cmdline, unsigned long flags,
			int kho_fd)
{
	return (int)syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, strlen(cmdline) + 1, cmdline,
			    flags, kho_fd);
}

int sys_kexec_unload(void)
{
	return (int)syscall(SYS_kexec_load, 0, 0, NULL, KEXEC_ARCH_X86_64);
}

int sys_kexec_file_unload(void)
{
	return (int)syscall(SYS_kexec_file_load, -1, -1, 0, NULL, KEXEC_FILE_UNLOAD);
}

int sys_reboot_kexec(void)
{
	return (int)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			    LINUX_REBOOT_CMD_KEXEC, NULL);
}

int kexec_loaded(const struct root *root)
{
	uint64_t value;

	if (root_read_u64(root, "sys/kernel/kexec_loaded", &value))
		return -1;
	return value != 0;
}

/* The file reads "none [integrity] confidentiality". */
void lockdown_mode(const struct root *root, char *mode, size_t size)
{
	char line[128], *open, *close;

	snprintf(mode, size, "none");
	if (root_read_line(root, "sys/kernel/security/lockdown", line, sizeof(line)))
		return;
	open = strchr(line, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close)
		snprintf(mode, size, "%.*s", (int)(close - open - 1), open + 1);
}
