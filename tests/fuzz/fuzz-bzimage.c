// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for the kernel image reader. Seeds: corpus/bzimage, made
 * by "test-image --write-corpus DIR".
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image.h"

#define UNPACK_CAP	(1u << 20)

/* A copy of its own size, so that reads past the payload are seen. */
static void scan(const uint8_t *data, size_t size)
{
	struct kernel_features f;
	uint8_t *copy = malloc(size);
	const char *format;

	if (!copy)
		return;
	memcpy(copy, data, size);
	if (image_scan(copy, size, &f, &format) == IMAGE_OK &&
	    (strlen(f.release) >= sizeof(f.release) || strlen(f.kho) >= sizeof(f.kho) ||
	     strlen(f.luo) >= sizeof(f.luo) || strlen(f.memfd) >= sizeof(f.memfd) ||
	     (f.kho_ambiguous && !*f.kho)))
		abort();
	if (!*format)
		abort();
	free(copy);
}

/* What callers rely on without checking it again. */
static void check(const struct image *b, size_t size)
{
	if (b->kernel_offset > size || b->kernel_size > size - b->kernel_offset ||
	    b->kernel_size <= b->entry || b->kernel_size > b->init_size)
		abort();
	if (BZIMAGE_SETUP_HEADER_OFFSET + b->bzimage.header_size > size)
		abort();
	if (b->payload_size && (b->payload_offset < b->kernel_offset ||
				b->payload_offset > size ||
				b->payload_size > size - b->payload_offset))
		abort();
	if (!b->alignment || b->pref_address + b->init_size < b->init_size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image b;
	size_t unpacked_size;
	void *unpacked;

	if (image_parse(data, size, &b) == IMAGE_OK && b.bzimage.header_size) {
		check(&b, size);
		if (b.payload_size)
			scan(data + b.payload_offset, b.payload_size);
	} else {
		scan(data, size);
	}
	if (image_unpack(data, size, UNPACK_CAP, &unpacked, &unpacked_size) == IMAGE_OK) {
		if (!unpacked_size || unpacked_size > UNPACK_CAP)
			abort();
		free(unpacked);
	}
	return 0;
}
