// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for multiboot2 kernels, and for what is made of them for memory. Seeds:
 * corpus/multiboot2, made by "test-multiboot2 --write-corpus DIR".
 */
#include <string.h>

#include "arch.h"
#include "fuzz.h"
#include "image.h"

/* What placing and purgatory rely on. */
static void check(const struct image *image)
{
	must(image->entry_32 && image->segments_only);
	must(image->init_size && image->init_size <= LIMIT_4G);
	must(image->pref_address + image->init_size > image->pref_address);
	must(image->alignment >= PAGE_SIZE && !(image->alignment & (image->alignment - 1)));
	must(image->limit && image->limit <= LIMIT_4G && image->initrd_limit <= LIMIT_4G);
	must(image->relocatable || !(image->pref_address & (PAGE_SIZE - 1)));
	must(!image->bzimage.header_size && !image->payload_size);
}

/* Every byte is looked at, so that one that was never written is seen. */
static void check_gathered(const unsigned char *memory, size_t size, const struct image *image)
{
	volatile unsigned char sum = 0;

	must(image->kernel_offset == 0 && image->kernel_size == size);
	must(size && size <= image->init_size && image->entry < size);
	for (size_t i = 0; i < size; i++)
		sum = (unsigned char)(sum + memory[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image;
	size_t memory_size;
	void *memory;

	if (image_parse(data, size, &image) != IMAGE_OK || !image.multiboot2.present)
		return 0;
	check(&image);
	if (image_gather(data, size, &image, &memory, &memory_size) != IMAGE_OK)
		return 0;
	check_gathered(memory, memory_size, &image);
	free(memory);
	return 0;
}
