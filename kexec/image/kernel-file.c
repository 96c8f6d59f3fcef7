/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
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

/* FILE is what cannot be used, and WHERE in PATH it was found. */
static int refuse(const char *path, const char *where, const struct buffer *file, enum image_error err)
{
	const struct decompress_format *format = decompress_identify(file->data, file->size);
	char names[256];

	if (format && err != IMAGE_ERR_TYPE)
		return error("cannot unpack '%s', which begins as a file compressed with %s: %s%s%s", path,
			     format->name, where, image_strerror(err),
			     err == IMAGE_ERR_TRUNCATED ? "; copy it again, in full" : "");
	image_type_names(names, sizeof(names));
	return error("cannot use '%s' as a kernel: %s%s; this program takes %s", path, where,
		     image_strerror(err), names);
}

/* FILE becomes IMAGE as it will be in memory. */
static enum image_error gather(struct buffer *file, struct image *image)
{
	enum image_error err;
	void *out;
	size_t size;

	err = image_gather(file->data, file->size, image, &out, &size);
	if (err)
		return err;
	buffer_free(file);
	*file = (struct buffer){ out, size };
	return IMAGE_OK;
}

/*
 * The kernel's own loader takes all that follows the setup code for the kernel, and refuses more
 * than that has room for. A signature is small; what is that large is garbage.
 */
static bool cut_tail(struct buffer *file, const struct image *image)
{
	if (file->size - image->kernel_offset <= image->init_size)
		return false;
	file->size = image->kernel_offset + image->kernel_size;
	return true;
}

/* A copy with a NUL behind it; NULL without memory. */
static unsigned char *copy_part(const struct buffer *file, struct image_part part)
{
	unsigned char *copy = malloc(part.size + 1);

	if (copy) {
		memcpy(copy, file->data + part.offset, part.size);
		copy[part.size] = '\0';
	}
	return copy;
}

char *kernel_file_text(const struct buffer *file, struct image_part part)
{
	char *text = (char *)copy_part(file, part);

	if (text)
		image_clean_cmdline(text);
	return text;
}

static enum image_error take_text(const struct buffer *file, struct image_part part, char **ret)
{
	if (!part.size)
		return IMAGE_OK;
	*ret = kernel_file_text(file, part);
	return *ret ? IMAGE_OK : IMAGE_ERR_NOMEM;
}

/*
 * FILE becomes the initrd of B: microcode first, because the kernel looks for it only there, and
 * then the rest at an offset that is a multiple of 4. The rest may be large, so it is moved, not
 * copied. Only sections that overlap need more room than the file has.
 */
static enum image_error make_initrd(struct buffer *file, const struct image_bundle *b)
{
	size_t front = (b->ucode.size + 3) & ~(size_t)3, size = front + b->initrd.size;
	unsigned char *ucode, *data;

	if (size > file->size)
		return IMAGE_ERR_SECTIONS;
	ucode = copy_part(file, b->ucode);
	if (!ucode)
		return IMAGE_ERR_NOMEM;
	memmove(file->data + front, file->data + b->initrd.offset, b->initrd.size);
	memset(file->data, 0, front);
	memcpy(file->data, ucode, b->ucode.size);
	free(ucode);
	data = realloc(file->data, size ? size : 1);
	if (data)
		file->data = data;
	file->size = size;
	return IMAGE_OK;
}

/* FILE becomes the kernel of B, and EXTRAS the rest. */
static enum image_error take_apart(struct buffer *file, const struct image_bundle *b,
				   struct kernel_extras *extras)
{
	struct buffer kernel = { copy_part(file, b->kernel), b->kernel.size };
	enum image_error err = kernel.data ? IMAGE_OK : IMAGE_ERR_NOMEM;

	if (!err)
		err = take_text(file, b->cmdline, &extras->cmdline);
	if (!err)
		err = take_text(file, b->uname, &extras->uname);
	if (!err)
		err = make_initrd(file, b);
	if (err) {
		buffer_free(&kernel);
		return err;
	}
	extras->dtb = b->dtb.size;
	extras->bundle = true;
	extras->unpacked = true;
	extras->initrd = *file;
	*file = kernel;
	return IMAGE_OK;
}

int kernel_file_parse(const char *path, struct buffer *file, struct image *ret,
		      struct kernel_extras *ret_extras)
{
	const char *where = "";
	enum image_error err;

	memset(ret_extras, 0, sizeof(*ret_extras));
	err = parse(file, ret, ret_extras);
	if (!err && ret->bundle.kernel.size) {
		err = take_apart(file, &ret->bundle, ret_extras);
		if (!err) {
			where = "in its .linux section, ";
			err = parse(file, ret, ret_extras);
		}
		if (!err && ret->bundle.kernel.size)
			err = IMAGE_ERR_NESTED;
	}
	if (!err && ret->scattered)
		err = gather(file, ret);
	if (!err)
		ret_extras->unpacked |= cut_tail(file, ret);
	return err ? refuse(path, where, file, err) : 0;
}

void kernel_extras_free(struct kernel_extras *extras)
{
	buffer_free(&extras->initrd);
	free(extras->cmdline);
	free(extras->uname);
	extras->cmdline = extras->uname = NULL;
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
