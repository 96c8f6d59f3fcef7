// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for vmlinux files, and for what is made of them for memory. Seeds: corpus/elf,
 * made by "test-elf --write-corpus DIR".
 */
#include <string.h>

#include "fuzz.h"
#include "image.h"

/* A copy of its own size, so that reads past its end are seen. */
static void check_gathered(const void *memory, size_t size, const struct image *image)
{
	struct kernel_features features;
	const char *format;

	must(image->kernel_offset <= size && image->kernel_size <= size - image->kernel_offset);
	must(image->kernel_size <= image->init_size && image->entry < image->kernel_size);
	must(image->pref_address + image->init_size > image->pref_address);
	must(!(image->pref_address & (image->alignment - 1)));
	/* What was found in the file is found again. */
	must(image_scan((const uint8_t *)memory + image->payload_offset, image->payload_size, &features,
			&format) == IMAGE_OK);
	must(*features.release);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image;
	size_t memory_size;
	void *memory;

	if (image_parse(data, size, &image) != IMAGE_OK || !image.scattered ||
	    image.multiboot2.present)
		return 0;
	if (image_gather(data, size, &image, &memory, &memory_size) != IMAGE_OK)
		return 0;
	check_gathered(memory, memory_size, &image);
	free(memory);
	return 0;
}
