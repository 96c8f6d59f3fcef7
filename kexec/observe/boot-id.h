/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells one boot from another: files in /run may be from an earlier one. */
#ifndef KEXEC_BOOT_ID_H
#define KEXEC_BOOT_ID_H

#include "files.h"

#define BOOT_ID_FILE	"proc/sys/kernel/random/boot_id"
#define BOOT_ID_LEN	36

/* The ID of the running kernel. 0, or -errno without a message. */
int boot_id_read(const struct root *root, char id[BOOT_ID_LEN + 1]);

#endif
