/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sysfs-kexec.h"

static int read_flag(const struct root *root, const char *path)
{
	uint64_t value;
	int err = root_read_u64(root, path, &value);

	return err ? err : value != 0;
}

int kexec_loaded(const struct root *root)
{
	return read_flag(root, "sys/kernel/kexec_loaded");
}

int kexec_crash_loaded(const struct root *root)
{
	return read_flag(root, "sys/kernel/kexec_crash_loaded");
}

int kexec_crash_supported(const struct root *root)
{
	int loaded = kexec_crash_loaded(root);

	if (loaded >= 0)
		return 1;
	return loaded == -ENOENT && kexec_loaded(root) >= 0 ? 0 : -1;
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
