/* SPDX-License-Identifier: GPL-2.0-only */
/* The chain of setup_data that the running kernel got, as sysfs shows it. */
#ifndef KEXEC_SETUP_DATA_SYSFS_H
#define KEXEC_SETUP_DATA_SYSFS_H

#include "files.h"

/*
 * The number of the setup_data entry of TYPE in sysfs: 1, or 0 if there is none, or -1 after a
 * message.
 */
int setup_data_find(const struct root *root, uint32_t type, int *ret_number);

#endif
