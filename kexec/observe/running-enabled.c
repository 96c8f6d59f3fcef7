/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether KHO is on in the running kernel. */
#include <errno.h>
#include <fcntl.h>
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

/* The value of kho_enable itself: 1, 0, or -1 if a kernel with KHO does not tell. */
static int read_enable(const struct root *root)
{
	struct symbol symbol[] = { running_symbols[SYM_POPULATE], running_symbols[SYM_KHO_ENABLE] };
	int err = symbols_find(root, symbol, 2), value = -1;
	unsigned char enabled;
	struct kcore kcore;

	if ((!err || err == -EACCES) && !symbol[0].listed)
		return 0;	/* see running_read_enabled() */
	if (err || !symbol[1].addr || !kcore_opens(root) || kcore_open(root, &kcore))
		return -1;
	if (!kcore_read_virt(&kcore, symbol[1].addr, &enabled, sizeof(enabled)))
		value = enabled != 0;
	kcore_close(&kcore);
	return value;
}

/* The kernel makes it only while KHO is on. */
static bool debugfs_has_out(const struct root *root)
{
	int fd = root_open(root, "sys/kernel/debug/kho/out", O_PATH | O_DIRECTORY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * The command line proves nothing: a kernel can have KHO on by default, and one that was told
 * kho=on switches it off when it cannot reserve its scratch areas.
 */
bool running_has_kho(const struct root *root)
{
	return sysfs_fdt_addr(root) || debugfs_has_out(root) || read_enable(root) != 0;
}

void running_say_switched_off(const char *cmdline)
{
	if (cmdline_switch(cmdline, "kho") == 1 || cmdline_count(cmdline, SCRATCH_NAME_7_3) ||
	    cmdline_count(cmdline, SCRATCH_NAME_7_4))
		notice("this kernel was started to have KHO, and KHO is off: it has no KHO, or could not "
		       "reserve its scratch areas (\"Failed to reserve scratch area\" in its log); "
		       "'kho-fdt scratch' computes sizes that fit into this machine");
}
