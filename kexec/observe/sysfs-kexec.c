/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "sysfs-kexec.h"

int kexec_loaded(const struct root *root)
{
	uint64_t value;

	if (root_read_u64(root, "sys/kernel/kexec_loaded", &value))
		return -1;
	return value != 0;
}

/* The file reads "none [integrity] confidentiality". */
void lockdown_mode(const struct root *root, char *mode, size_t size)
{
	char line[128], *open, *close;

	snprintf(mode, size, "none");
	if (root_read_line(root, "sys/kernel/security/lockdown", line, sizeof(line)))
		return;
	open = strchr(line, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close)
		snprintf(mode, size, "%.*s", (int)(close - open - 1), open + 1);
}
