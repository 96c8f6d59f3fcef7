/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec -e: leave for the loaded kernel. */
#ifndef KEXEC_EXEC_H
#define KEXEC_EXEC_H

#include <stdbool.h>

#include "request.h"

/*
 * Sync (unless NO_SYNC), bring the digests of preserved regions up to date and load again if
 * they changed, take network interfaces down (unless NO_IFDOWN), check the regions again if
 * there were any, make sure that the loaded image is the one described, and reboot into it.
 * Returns only on failure, with an exit code, after a message, and with the interfaces as they
 * were; or a signal that came while they were down ends the program. ROOT_DIR is "/" except in
 * tests.
 */
int execute(const char *root_dir, bool no_sync, bool no_ifdown);

/* kexec -u, through the system calls of CHOICE. An exit code. */
int unload(const char *root_dir, enum method_choice choice);

/* The same for a crash kernel; also if there is none. What kexec -e would start stays as it is. */
int unload_crash(const char *root_dir, enum method_choice choice);

#endif
