/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec -e: leave for the loaded kernel. */
#ifndef KEXEC_EXEC_H
#define KEXEC_EXEC_H

#include <stdbool.h>

/*
 * Sync (unless NO_SYNC), bring the digests of preserved regions up to date,
 * loading again if they changed, take network interfaces down (unless
 * NO_IFDOWN), look at the regions once more if there were any, and reboot into
 * the loaded kernel. Returns only on failure, with
 * an exit code, after a message, and with the interfaces as they were.
 */
int execute(bool no_sync, bool no_ifdown);

/* kexec -u. An exit code. */
int unload(bool file_syscall, bool kexec_syscall);

#endif
