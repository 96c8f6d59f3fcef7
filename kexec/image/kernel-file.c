/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	*file = (struct buffer){ .data = out, .size = size };
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
	*file = (struct buffer){ .data = out, .size = size };
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

static struct buffer part_of(const struct buffer *file, struct image_part part)
{
	return (struct buffer){ .data = file->data + part.offset, .size = part.size };
}

/*
 * The initrd of B in sealed memory, which both system calls can read: microcode first, because the
 * kernel looks for it only there, and then the rest at an offset that is a multiple of 4.
 */
static enum image_error make_initrd(const struct buffer *file, const struct image_bundle *b,
				    struct kernel_extras *extras)
{
	unsigned char zeros[3] = { 0 };
	const struct buffer part[] = {
		part_of(file, b->ucode), { .data = zeros, .size = -b->ucode.size & 3 },
		part_of(file, b->initrd),
	};

	if (b->ucode.size + b->initrd.size > file->size)
		return IMAGE_ERR_SECTIONS;
	if (!b->ucode.size && !b->initrd.size)
		return IMAGE_OK;
	extras->initrd_fd = memfd_sealed_parts("initrd", part, sizeof(part) / sizeof(part[0]));
	if (extras->initrd_fd < 0 || !file_map(extras->initrd_fd, SIZE_MAX, &extras->initrd))
		return IMAGE_ERR_NOMEM;
	return IMAGE_OK;
}

/* FILE becomes the kernel of B, and EXTRAS the rest. */
static enum image_error take_apart(struct buffer *file, const struct image_bundle *b,
				   struct kernel_extras *extras)
{
	struct buffer kernel = { .data = copy_part(file, b->kernel), .size = b->kernel.size };
	enum image_error err = kernel.data ? IMAGE_OK : IMAGE_ERR_NOMEM;

	if (!err)
		err = take_text(file, b->cmdline, &extras->cmdline);
	if (!err)
		err = take_text(file, b->uname, &extras->uname);
	if (!err)
		err = make_initrd(file, b, extras);
	if (err) {
		buffer_free(&kernel);
		return err;
	}
	extras->dtb = b->dtb.size;
	extras->bundle = true;
	extras->unpacked = true;
	buffer_free(file);
	*file = kernel;
	return IMAGE_OK;
}

int kernel_file_parse(const char *path, struct buffer *file, struct image *ret,
		      struct kernel_extras *ret_extras)
{
	const char *where = "";
	enum image_error err;

	*ret_extras = (struct kernel_extras){ .initrd_fd = -1 };
	err = parse(file, ret, ret_extras);
	if (!err)
		ret_extras->type = ret->type;
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
	if (extras->initrd_fd >= 0)
		close(extras->initrd_fd);
	extras->initrd_fd = -1;
	free(extras->cmdline);
	free(extras->uname);
	extras->cmdline = extras->uname = NULL;
}

int kernel_file_check_handover(const char *path, const struct image *image)
{
	if (!image->entry_32)
		return 0;
	return error("'%s' has no 64-bit entry point, and a handover needs a kernel that has one: what "
		     "is handed over lies anywhere in memory, and every kernel with KHO is a 64-bit "
		     "kernel", path);
}

int kernel_file_scan(const char *path, const struct buffer *file, const struct image *image,
		     struct kernel_features *ret)
{
	const char *format;
	enum image_error err;

	if (kernel_file_check_handover(path, image))
		return -1;
	err = image_scan(file->data + image->payload_offset, image->payload_size, ret, &format);
	if (err)
		return error("cannot look into '%s' (compressed with %s) to see whether it can "
			     "read the handover: %s", path, format, image_strerror(err));
	return 0;
}
