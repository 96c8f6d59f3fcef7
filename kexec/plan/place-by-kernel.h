/* SPDX-License-Identifier: GPL-2.0-only */
/* Planning for kexec_file_load(2): the kernel places everything but the payload. */
#ifndef KEXEC_PLACE_BY_KERNEL_H
#define KEXEC_PLACE_BY_KERNEL_H

#include "image-plan.h"

/* The kernel puts entries of its own in front of the table. */
extern const struct placer place_by_kernel;

#endif
