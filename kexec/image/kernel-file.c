/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel-file.h"
#include "message.h"

static int unpack(struct buffer *file)
{
	void *out;
	size_t size;

	if (image_unpack(file->data, file->size, KERNEL_FILE_MAX, &out, &size) != IMAGE_OK)
		return -1;
	buffer_free(file);
	*file = (struct buffer){ out, size };
	return 0;
}

int kernel_file_parse(const char *path, struct buffer *file, struct image *ret)
{
	char names[256];
	enum image_error err = image_parse(file->data, file->size, ret);

	if (err == IMAGE_ERR_TYPE && !unpack(file))
		err = image_parse(file->data, file->size, ret);
	if (!err)
		return 0;
	image_type_names(names, sizeof(names));
	return error("cannot use '%s' as a kernel: %s; this program takes %s", path,
		     image_strerror(err), names);
}

int kernel_file_scan(const char *path, const struct buffer *file, const struct image *image,
		     struct kernel_features *ret)
{
	const char *format;
	enum image_error err = image_scan(file->data + image->payload_offset, image->payload_size,
					  ret, &format);

	if (err)
		return error("cannot look into '%s' (compressed with %s) to see whether it can "
			     "read the handover: %s", path, format, image_strerror(err));
	return 0;
}
