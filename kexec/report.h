/* SPDX-License-Identifier: GPL-2.0-only */
/* What was handed to this kernel, for people and programs. */
#ifndef KEXEC_REPORT_H
#define KEXEC_REPORT_H

#include <stdbool.h>

/*
 * --kho-status. EXIT_REFUSED if nothing was handed over, EXIT_DROPPED if it was
 * damaged, purgatory did not run, or this kernel has not revived a region.
 */
int report_status(const char *root_dir, bool json);

/* --kho-get NAME: the blob's bytes on stdout. An exit code. */
int report_get(const char *root_dir, const char *name);

#endif
