/* SPDX-License-Identifier: GPL-2.0-only */
/* The types of kernel images. Each is a file with one of these, and a row in image-type.c. */
#ifndef KEXEC_IMAGE_TYPE_H
#define KEXEC_IMAGE_TYPE_H

#include "image.h"

struct image_type {
	const char *name;		/* in the plural, for "this program takes ..." */
	const char *option[2];		/* what --type calls it; kexec-tools' name first */
	/* Is an image of SIZE bytes of this type, whole or not? */
	bool (*probe)(const void *buf, size_t size);
	/* As image_parse(), for an image that probe() has accepted. *RET is all 0 before. */
	enum image_error (*parse)(const void *buf, size_t size, struct image *ret);
	/* As image_gather(). NULL: its images are not scattered. */
	enum image_error (*gather)(const void *file, size_t size, struct image *image, void **ret,
				   size_t *ret_size);
};

extern const struct image_type uki_type;
extern const struct image_type bzimage_type;
extern const struct image_type multiboot2_type;
extern const struct image_type elf_type;

#endif
