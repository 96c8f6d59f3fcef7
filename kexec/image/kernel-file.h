/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel image file: read, unpacked, parsed and scanned. */
#ifndef KEXEC_KERNEL_FILE_H
#define KEXEC_KERNEL_FILE_H

#include "files.h"
#include "image.h"

#define KERNEL_FILE_MAX	(1ull << 30)

/*
 * Parse FILE, the contents of PATH. If it is compressed as a whole (vmlinuz.gz and the like),
 * FILE gets the decompressed contents. 0, or -1 after a message.
 */
int kernel_file_parse(const char *path, struct buffer *file, struct image *ret);

/* What the parsed kernel can read. 0, or -1 after a message. */
int kernel_file_scan(const char *path, const struct buffer *file, const struct image *image,
		     struct kernel_features *ret);

#endif
