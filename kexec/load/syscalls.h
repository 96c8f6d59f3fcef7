/* SPDX-License-Identifier: GPL-2.0-only */
/* All system calls that load, unload or reboot, in one place, so that tests can replace them. */
#ifndef KEXEC_SYSCALLS_H
#define KEXEC_SYSCALLS_H

#include <stdbool.h>

#include "segments.h"

/* Of a patched kernel: the sixth argument is a handover, see kexec/load/prebuilt.h. */
#ifndef KEXEC_FILE_KHO
#define KEXEC_FILE_KHO	0x00000040
#endif

/* Of newer kernels, include/uapi/linux/kexec.h. */
#ifndef KEXEC_UPDATE_ELFCOREHDR
#define KEXEC_UPDATE_ELFCOREHDR	0x00000004	/* 6.6 */
#endif

/* All return 0, or -1 with errno and no message, as system calls do. */
int sys_kexec_load(const struct segments *segments, unsigned long flags);
int sys_kexec_file_load(int kernel_fd, int initrd_fd, const char *cmdline, unsigned long flags,
			int kho_fd);
/* The crash kernel, or what kexec -e starts. */
int sys_kexec_unload(bool crash);
int sys_kexec_file_unload(bool crash);
int sys_reboot_kexec(void);

/*
 * Would the kernel allow sys_kexec_load()? Changes nothing, but counts as a load if these are
 * limited.
 */
int sys_kexec_load_check(void);
#endif
