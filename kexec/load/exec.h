/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec -e: leave for the loaded kernel. */
#ifndef KEXEC_EXEC_H
#define KEXEC_EXEC_H

#include <stdbool.h>

#include "request.h"

/*
 * Sync (unless NO_SYNC), bring the digests of preserved regions up to date, loading again
 * if they changed, take network interfaces down (unless NO_IFDOWN), look at the regions
 * once more if there were any, make sure that the image loaded is the one described, and
 * reboot into it. Returns only on failure, with an exit code, after a message, and with
 * the interfaces as they were; or ends by a signal that came while they were down. ROOT_DIR is "/" but for tests.
 */
int execute(const char *root_dir, bool no_sync, bool no_ifdown);

/* kexec -u, by the system calls of CHOICE. An exit code. */
int unload(const char *root_dir, enum method_choice choice);

#endif
