/* SPDX-License-Identifier: GPL-2.0-only */
/* What files beside a unified kernel image add to its command line. */
#ifndef KEXEC_UKI_ADDONS_H
#define KEXEC_UKI_ADDONS_H

#include "kernel-file.h"

/*
 * Append the command lines of the addons of the UKI at PATH to that of EXTRAS: those for all kernels
 * first, each in the order of their names. 0, or -1 after a message.
 */
int uki_addons_append(const char *path, struct kernel_extras *extras);

#endif
