/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "decompress.h"
#include "kernel-file.h"
#include "message.h"

/* FILE becomes what is compressed in it. */
static enum image_error unpack(struct buffer *file)
{
	enum image_error err;
	void *out;
	size_t size;

	err = image_unpack(file->data, file->size, KERNEL_FILE_MAX, &out, &size);
	if (err)
		return err == IMAGE_ERR_FORMAT ? IMAGE_ERR_TYPE : err;
	buffer_free(file);
	*file = (struct buffer){ out, size };
	return IMAGE_OK;
}

static enum image_error parse(struct buffer *file, struct image *ret, struct kernel_extras *extras)
{
	enum image_error err = image_parse(file->data, file->size, ret);

	if (err != IMAGE_ERR_TYPE)
		return err;
	err = unpack(file);
	if (err)
		return err;
	extras->unpacked = true;
	return image_parse(file->data, file->size, ret);
}

static int refuse(const char *path, const struct buffer *file, enum image_error err)
{
	const struct decompress_format *format = decompress_identify(file->data, file->size);
	char names[256];

	if (format && err != IMAGE_ERR_TYPE)
		return error("cannot unpack '%s', which begins as a file compressed with %s: %s%s", path,
			     format->name, image_strerror(err),
			     err == IMAGE_ERR_TRUNCATED ? "; copy it again, in full" : "");
	image_type_names(names, sizeof(names));
	return error("cannot use '%s' as a kernel: %s; this program takes %s", path,
		     image_strerror(err), names);
}

int kernel_file_parse(const char *path, struct buffer *file, struct image *ret,
		      struct kernel_extras *ret_extras)
{
	enum image_error err;

	memset(ret_extras, 0, sizeof(*ret_extras));
	err = parse(file, ret, ret_extras);
	return err ? refuse(path, file, err) : 0;
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
