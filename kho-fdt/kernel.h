/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernels that hand over or take over: image files, and the running one. */
#ifndef KHO_FDT_KERNEL_H
#define KHO_FDT_KERNEL_H

#include "image.h"
#include "preflight.h"

struct kernel_image {
	struct image image;
	uint64_t own_initrd;		/* bytes of initrd in the file */
	struct kernel_features features;
	struct preflight_kernel kernel;
};

/* Scan the kernel image PATH. 0, or -1 after a message. */
int kernel_image_read(const char *path, struct kernel_image *ret);

#endif
