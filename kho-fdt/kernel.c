/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "kernel-file.h"
#include "kernel.h"
#include "kho-formats.h"

int kernel_image_read(const char *path, struct kernel_image *ret)
{
	struct kernel_extras extras;
	struct buffer file;
	int err;

	memset(ret, 0, sizeof(*ret));
	if (file_read(path, "kernel", KERNEL_FILE_MAX, &file))
		return -1;
	err = kernel_file_parse(path, &file, &ret->image, &extras);
	if (!err)
		err = kernel_file_scan(path, &file, &ret->image, &ret->features);
	ret->own_initrd = extras.initrd.size;
	kernel_extras_free(&extras);
	buffer_free(&file);
	ret->kernel.form_sure = formats_of_image(&ret->features, &ret->kernel.formats);
	ret->kernel.kho = ret->features.kho[0] && !ret->features.kho_disabled;
	return err;
}
