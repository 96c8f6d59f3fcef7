/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "files.h"
#include "kernel.h"
#include "message.h"
#include "reader.h"

#define KERNEL_MAX	(1ull << 30)

/* vmlinuz.gz and the like: replace the file by what is in it. */
static void unpack(struct buffer *file)
{
	void *out;
	size_t size;

	if (image_unpack(file->data, file->size, KERNEL_MAX, &out, &size))
		return;
	buffer_free(file);
	*file = (struct buffer){ out, size };
}

static int parse(const char *path, struct buffer *file, struct kernel_image *ret)
{
	enum image_error err = bzimage_parse(file->data, file->size, &ret->bzimage);
	const char *format;

	if (err == IMAGE_ERR_NOT_BZIMAGE) {
		unpack(file);
		err = bzimage_parse(file->data, file->size, &ret->bzimage);
	}
	if (err)
		return error("cannot use '%s' as a kernel: %s; this program reads 64-bit x86 bzImages "
			     "(boot protocol 2.12 and later)", path, image_strerror(err));
	err = image_scan(file->data + ret->bzimage.payload_offset, ret->bzimage.payload_size,
			 &ret->features, &format);
	return err ? error("cannot look into '%s' (compressed with %s): %s", path, format,
			   image_strerror(err)) : 0;
}

int kernel_image_read(const char *path, struct kernel_image *ret)
{
	struct buffer file;
	int err;

	memset(ret, 0, sizeof(*ret));
	if (file_read(path, "kernel", KERNEL_MAX, &file))
		return -1;
	err = parse(path, &file, ret);
	buffer_free(&file);
	ret->kernel.form_sure = reader_of_image(&ret->features, &ret->kernel.reader);
	ret->kernel.kho = ret->features.kho[0] && !ret->features.kho_disabled;
	return err;
}
