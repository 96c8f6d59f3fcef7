/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says in /sys of the image that is loaded, and of loading. */
#ifndef KEXEC_SYSFS_KEXEC_H
#define KEXEC_SYSFS_KEXEC_H

#include "files.h"

/* 1 loaded, 0 not, -1 not to be told. */
int kexec_loaded(const struct root *root);

/* "none", "integrity" or "confidentiality"; "none" without the lockdown LSM. */
void lockdown_mode(const struct root *root, char *mode, size_t size);

#endif
