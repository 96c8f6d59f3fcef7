/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel image file: read, unpacked, parsed and scanned. */
#ifndef KEXEC_KERNEL_FILE_H
#define KEXEC_KERNEL_FILE_H

#include "files.h"
#include "image.h"

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define KERNEL_FILE_MAX	(4ull << 20)
#else
#define KERNEL_FILE_MAX	(1ull << 30)
#endif

/* What else is known of a file that was parsed. */
struct kernel_extras {
	const struct image_type *type;	/* of the file, or of what is compressed in it */
	bool unpacked;			/* the image is not the file, but was in it */
	int initrd_fd;			/* of a UKI, sealed memory; -1: none */
	struct buffer initrd;		/* the same, mapped; size 0: none */
	char *cmdline;			/* of a UKI, malloc'ed; NULL: none */
	bool dtb;			/* a UKI with a device tree */
	bool bundle;			/* it is a UKI, which may have addons beside it */
	char *uname;			/* of a UKI: the release that it says it has, malloc'ed; or NULL */
};

/* Also of those that are all 0 but for INITRD_FD, which is -1. */
void kernel_extras_free(struct kernel_extras *extras);

/* The text in PART of FILE as a command line, malloc'ed; NULL without memory. */
char *kernel_file_text(const struct buffer *file, struct image_part part);

/*
 * Parse FILE, the contents of PATH. FILE becomes the image alone: of a UKI the kernel in it, and
 * of a compressed file (vmlinuz.gz and the like) what it contains. A mapped FILE may stay mapped.
 * The caller frees *RET_EXTRAS, also after an error. 0, or -1 after a message.
 */
int kernel_file_parse(const char *path, struct buffer *file, struct image *ret,
		      struct kernel_extras *ret_extras);

/* Is it of a kind that takes handovers? 0, or -1 after a message. */
int kernel_file_check_handover(const char *path, const struct image *image);

/* What the parsed kernel can read. 0, or -1 after a message. */
int kernel_file_scan(const char *path, const struct buffer *file, const struct image *image,
		     struct kernel_features *ret);

#endif
