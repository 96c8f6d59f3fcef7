/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec_file_load(2) with the files of a target, alone or as a part of method_prebuilt. */
#ifndef KEXEC_FILE_LOAD_H
#define KEXEC_FILE_LOAD_H

#include "request.h"
#include "target.h"

/*
 * Load the open files of TARGET with CMDLINE; FLAGS in addition to those that TARGET requires.
 * KHO_FD: with KEXEC_FILE_KHO in FLAGS. ROOT tells whether calls are counted. 0, or the errno of the
 * system call, or -1 after a message.
 */
int file_load(const struct root *root, const struct target *target, const char *cmdline,
	      unsigned long flags, int kho_fd);

enum file_load_result {
	FILE_LOAD_OK,
	FILE_LOAD_FAILED,		/* with an errno */
	FILE_LOAD_UNSUPPORTED,		/* the same, and kexec_load may succeed */
	FILE_LOAD_REFUSED,		/* after a message */
};

/*
 * Load REQUEST through kexec_file_load(2) alone, without a handover built here, unless the system
 * below ROOT says that it takes nothing. *RET_ERRNO as the result says.
 */
enum file_load_result load_image_file(const struct root *root, const struct request *request,
				      const struct target *target, int *ret_errno);

/* Of newer kernels, for the FILE_FLAGS of a request. */
#ifndef KEXEC_FILE_NO_CMA
#define KEXEC_FILE_NO_CMA	0x10	/* 6.17 */
#endif
#ifndef KEXEC_FILE_FORCE_DTB
#define KEXEC_FILE_FORCE_DTB	0x20	/* 6.19 */
#endif

#endif
