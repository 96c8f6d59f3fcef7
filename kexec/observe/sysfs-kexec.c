/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
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

int kexec_crash_loaded(const struct root *root)
{
	uint64_t value;

	if (root_read_u64(root, "sys/kernel/kexec_crash_loaded", &value))
		return -1;
	return value != 0;
}

int kexec_crash_supported(const struct root *root)
{
	uint64_t value;
	int err = root_read_u64(root, "sys/kernel/kexec_crash_loaded", &value);

	if (!err)
		return 1;
	return err == -ENOENT && kexec_loaded(root) >= 0 ? 0 : -1;
}

int kexec_crash_size(const struct root *root, uint64_t *ret)
{
	return root_read_u64(root, "sys/kernel/kexec_crash_size", ret);
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
