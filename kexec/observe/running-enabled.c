/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether KHO is on in the running kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmdline.h"
#include "message.h"
#include "running-private.h"
#include "sysfs-kho.h"

/*
 * kho_populate() is a text symbol, so it is always listed when KHO is compiled in. If the data
 * symbols are not listed beside it, the state of KHO is unknown.
 */
int running_read_enabled(const struct root *root, const struct kcore *kcore,
			 const struct symbol *symbol, bool *ret)
{
	unsigned char enabled = 0;

	*ret = sysfs_fdt_addr(root) != 0;
	if (*ret)
		return 0;
	if (!symbol[SYM_KHO_OUT].addr && !symbol[SYM_POPULATE].addr)
		return 0;
	for (unsigned int i = SYM_KHO_OUT; i <= SYM_SCRATCH_COUNT; i++)
		if (!symbol[i].addr)
			return error("the running kernel has KHO, but /proc/kallsyms does not list %s, so "
				     "what it preserves cannot be read: it needs CONFIG_KALLSYMS_ALL; from 7.1 on "
				     "'kexec -s -l' lets the kernel hand over by itself",
				     symbol[i].name);
	if (running_read_symbol(kcore, &symbol[SYM_KHO_ENABLE], &enabled, sizeof(enabled)))
		return -1;
	*ret = enabled != 0;
	return 0;
}

/* The value of kho_enable itself. If a kernel with KHO does not tell, KHO counts as on. */
static bool may_be_enabled(const struct root *root)
{
	struct symbol symbol[] = { running_symbols[SYM_POPULATE], running_symbols[SYM_KHO_ENABLE] };
	int err = symbols_find(root, symbol, 2);
	unsigned char enabled = 1;
	struct kcore kcore;

	if ((!err || err == -EACCES) && !symbol[0].listed)
		return false;	/* see running_read_enabled() */
	if (err || !symbol[1].addr || !kcore_opens(root) || kcore_open(root, &kcore))
		return true;
	if (kcore_read_virt(&kcore, symbol[1].addr, &enabled, sizeof(enabled)))
		enabled = 1;
	kcore_close(&kcore);
	return enabled != 0;
}

static bool cmdline_has_kho(const struct root *root)
{
	char *line;
	bool has;

	if (root_read_text(root, "proc/cmdline", &line))
		return false;
	has = cmdline_switch(line, "kho") == 1;
	free(line);
	return has;
}

bool running_has_kho(const struct root *root)
{
	int fd;

	if (sysfs_fdt_addr(root) || cmdline_has_kho(root))
		return true;
	fd = root_open(root, "sys/kernel/debug/kho/out", O_PATH | O_DIRECTORY);
	if (fd >= 0)
		close(fd);
	/* A kernel can have it on by default, and debugfs need not be mounted. */
	return fd >= 0 || may_be_enabled(root);
}
