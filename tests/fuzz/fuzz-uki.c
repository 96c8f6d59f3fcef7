// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for unified kernel images and what is taken out of them. Seeds: corpus/uki,
 * made by "test-uki --write-corpus DIR".
 */
#include <string.h>

#include "fuzz.h"
#include "kernel-file.h"

static void check_part(struct image_part part, size_t size)
{
	must(part.offset <= size && part.size <= size - part.offset);
}

static void check_bundle(const struct image_bundle *b, size_t size)
{
	check_part(b->kernel, size);
	check_part(b->ucode, size);
	check_part(b->initrd, size);
	check_part(b->cmdline, size);
	check_part(b->dtb, size);
	check_part(b->uname, size);
}

static void check_kernel(const struct buffer *file, const struct image *image,
			 const struct kernel_extras *extras)
{
	must(!image->bundle.kernel.size);
	must(image->kernel_size && image->kernel_offset <= file->size);
	must(image->kernel_size <= file->size - image->kernel_offset);
	must(!extras->cmdline || !strpbrk(extras->cmdline, "\t\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer file = { .data = malloc(size ? size : 1), .size = size };
	struct kernel_extras extras;
	struct image_bundle addon;
	struct image image;

	if (!file.data)
		return 0;
	memcpy(file.data, data, size);
	if (image_parse(file.data, size, &image) == IMAGE_OK)
		check_bundle(&image.bundle, size);
	if (image_parse_addon(file.data, size, &addon) == IMAGE_OK)
		check_bundle(&addon, size);
	if (!kernel_file_parse("file", &file, &image, &extras))
		check_kernel(&file, &image, &extras);
	kernel_extras_free(&extras);
	buffer_free(&file);
	return 0;
}
