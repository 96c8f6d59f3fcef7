/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec_file_load(2) with the files of a request. */
#ifndef KEXEC_FILE_LOAD_H
#define KEXEC_FILE_LOAD_H

#include "request.h"

/*
 * Open the files and load them with CMDLINE; FLAGS beside those that follow from REQUEST.
 * KHO_FD: with KEXEC_FILE_KHO in FLAGS. 0, the errno of the system call, or -1 after a
 * message if a file cannot be opened.
 */
int file_load(const struct request *request, const char *cmdline, unsigned long flags, int kho_fd);

#endif
