/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "boot-id.h"

int boot_id_read(const struct root *root, char id[BOOT_ID_LEN + 1])
{
	char line[64];
	int err = root_read_line(root, BOOT_ID_FILE, line, sizeof(line));

	if (err)
		return err;
	if (strlen(line) != BOOT_ID_LEN)
		return -EINVAL;
	strcpy(id, line);
	return 0;
}
