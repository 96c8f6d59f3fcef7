// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "image-type.h"

static const struct image_type *const types[] = {
	&uki_type,
	&bzimage_type,
	&multiboot2_type,
	&elf_type,
};

#define TYPES	(sizeof(types) / sizeof(types[0]))

const struct image_type *image_type_named(const char *name)
{
	for (size_t i = 0; i < TYPES; i++)
		for (size_t k = 0; k < 2; k++)
			if (types[i]->option[k] && !strcmp(types[i]->option[k], name))
				return types[i];
	return NULL;
}

const char *image_type_option(const struct image_type *type)
{
	return type->option[0];
}

static const struct image_type *type_of(const void *buf, size_t size)
{
	for (size_t i = 0; i < TYPES; i++)
		if (types[i]->probe(buf, size))
			return types[i];
	return NULL;
}

enum image_error image_parse(const void *buf, size_t size, struct image *ret)
{
	const struct image_type *type = type_of(buf, size);
	struct image image = { 0 };
	enum image_error err;

	if (!type)
		return IMAGE_ERR_TYPE;
	err = type->parse(buf, size, &image);
	image.type = type;
	if (!err)
		*ret = image;
	return err;
}

enum image_error image_gather(const void *file, size_t size, struct image *image, void **ret,
			      size_t *ret_size)
{
	return image->type->gather(file, size, image, ret, ret_size);
}

void image_type_names(char *text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < TYPES && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "", types[i]->name);
}

const char *image_strerror(enum image_error err)
{
	switch (err) {
	case IMAGE_OK:
		return "no error";
	case IMAGE_ERR_TRUNCATED:
		return "truncated";
	case IMAGE_ERR_TYPE:
		return "of no known type";
	case IMAGE_ERR_MACHINE:
		return "for another machine than x86_64";
	case IMAGE_ERR_SECTIONS:
		return "a unified kernel image without a kernel, or with sections that overlap";
	case IMAGE_ERR_NESTED:
		return "a unified kernel image that has another one inside";
	case IMAGE_ERR_NOT_LINUX:
		return "an ELF file, but no Linux kernel";
	case IMAGE_ERR_OLD_LINUX:
		return "a vmlinux of a Linux before 3.14, of which only the bzImage can be loaded";
	case IMAGE_ERR_OLD_PROTOCOL:
		return "boot protocol older than 2.10";
	case IMAGE_ERR_NO_64BIT:
		return "an ELF file for 32-bit CPUs, without a multiboot2 header";
	case IMAGE_ERR_HEADER:
		return "setup header field out of range";
	case IMAGE_ERR_MULTIBOOT2:
		return "a damaged multiboot2 header, or one whose addresses do not fit together";
	case IMAGE_ERR_MULTIBOOT2_TAG:
		return "a multiboot2 header that demands what this program does not know";
	case IMAGE_ERR_FORMAT:
		return "compression format not recognised";
	case IMAGE_ERR_CODEC:
		return "compression format not supported by this build";
	case IMAGE_ERR_CORRUPT:
		return "compressed data is corrupt";
	case IMAGE_ERR_LAYOUT:
		return "its vmlinux does not have the segments of a 64-bit x86 kernel";
	case IMAGE_ERR_TOOBIG:
		return "too big when decompressed";
	case IMAGE_ERR_NOMEM:
		return "not enough memory to decompress";
	}
	return "unknown error";
}
