/* SPDX-License-Identifier: GPL-2.0-only */
#include <asm/bootparam.h>
#include <stdlib.h>
#include <string.h>

#include "boot-arch.h"
#include "image.h"
#include "machine.h"
#include "message.h"

/* The flag la57 is shown only while 5-level paging is in use. */
static int read_paging(const struct root *root, struct machine_arch *m)
{
	const char *flag;
	char *text;
	int err = root_read_text(root, "proc/cpuinfo", &text);

	if (err)
		return root_read_result(err, "proc/cpuinfo");
	flag = strstr(text, " la57");
	m->la57 = flag && strchr(" \n", flag[5]);	/* also the text's end */
	free(text);
	return 0;
}

static int read_boot_params(const struct root *root, struct machine_arch *m)
{
	const char *path = "sys/kernel/boot_params/data";
	struct buffer buf;
	int err = root_read(root, path, sizeof(m->boot_params), &buf);

	if (err)
		return root_read_result(err, path);
	memcpy(m->boot_params, buf.data, buf.size);
	if (buf.size != sizeof(m->boot_params))
		err = error("/%s has %zu bytes instead of %zu", path, buf.size, sizeof(m->boot_params));
	buffer_free(&buf);
	return err;
}

int arch_observe(const struct root *root, struct machine_arch *ret)
{
	return read_paging(root, ret) ? -1 : read_boot_params(root, ret);
}

/* In 32-bit mode paging is off, and with it 5-level tables. */
static bool can_start(const struct machine *m, const struct image *image)
{
	return !m->arch.la57 || image->entry_32 || image->bzimage.xloadflags & XLF_5LEVEL;
}

void arch_choose_entry(const struct machine *m, struct image *image)
{
	if (!can_start(m, image) && image_enter_32(image))
		notice("the new kernel is entered in 32-bit mode, because it cannot start with the "
		       "5-level page tables that this machine runs with");
}

int arch_check_image(const struct machine *m, const struct image *image)
{
	if (can_start(m, image))
		return 0;
	if (!image->bzimage.header_size)
		return error("this machine runs with 5-level page tables, and a vmlinux does not tell "
			     "whether it can start with them: use the bzImage of this kernel, or boot "
			     "with 'no5lvl' first");
	return error("this machine runs with 5-level page tables, and the new kernel "
		     "cannot start with them (xloadflags): boot with 'no5lvl' first, or "
		     "use a kernel with CONFIG_X86_5LEVEL");
}
