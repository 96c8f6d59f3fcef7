/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel image file: read, unpacked, parsed and scanned. */
#ifndef KEXEC_KERNEL_FILE_H
#define KEXEC_KERNEL_FILE_H

#include "files.h"
#include "image.h"

#define KERNEL_FILE_MAX	(1ull << 30)

/* What else is known of a file that was parsed. */
struct kernel_extras {
	bool unpacked;			/* the image is not the file as it was read */
};

/*
 * Parse FILE, the contents of PATH. If it is compressed as a whole (vmlinuz.gz and the like),
 * FILE gets the decompressed contents. 0, or -1 after a message.
 */
int kernel_file_parse(const char *path, struct buffer *file, struct image *ret,
		      struct kernel_extras *ret_extras);

/* What the parsed kernel can read. 0, or -1 after a message. */
int kernel_file_scan(const char *path, const struct buffer *file, const struct image *image,
		     struct kernel_features *ret);

#endif
