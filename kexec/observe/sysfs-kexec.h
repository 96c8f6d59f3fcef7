/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says in /sys about the loaded image, and about loading. */
#ifndef KEXEC_SYSFS_KEXEC_H
#define KEXEC_SYSFS_KEXEC_H

#include "files.h"

/* 1 loaded, 0 not; unknown: -errno. */
int kexec_loaded(const struct root *root);

/*
 * Can the kernel have a crash kernel? 1; 0 without CONFIG_CRASH_DUMP; -1 unknown. A kernel that
 * cannot takes what is said of a crash kernel for the image that kexec -e starts: do not ask it.
 */
int kexec_crash_supported(const struct root *root);

/* As kexec_loaded(), of a crash kernel. */
int kexec_crash_loaded(const struct root *root);

/* "none", "integrity" or "confidentiality"; "none" without the lockdown LSM. */
void lockdown_mode(const struct root *root, char *mode, size_t size);

#endif
