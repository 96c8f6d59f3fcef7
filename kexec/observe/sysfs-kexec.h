/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says in /sys about the loaded image, and about loading. */
#ifndef KEXEC_SYSFS_KEXEC_H
#define KEXEC_SYSFS_KEXEC_H

#include "files.h"

/* 1 loaded, 0 not, -1 unknown. */
int kexec_loaded(const struct root *root);

/* "none", "integrity" or "confidentiality"; "none" without the lockdown LSM. */
void lockdown_mode(const struct root *root, char *mode, size_t size);

#endif
