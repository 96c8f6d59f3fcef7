/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec_file_load(2) with the files of a target. */
#ifndef KEXEC_FILE_LOAD_H
#define KEXEC_FILE_LOAD_H

#include "target.h"

/*
 * Load the open files of TARGET with CMDLINE; FLAGS beside those that follow from TARGET.
 * KHO_FD: with KEXEC_FILE_KHO in FLAGS. 0, or the errno of the system call.
 */
int file_load(const struct target *target, const char *cmdline, unsigned long flags, int kho_fd);

#endif
