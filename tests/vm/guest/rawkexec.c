// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec's system calls as a program makes them that knows nothing of this project.
 *
 * rawkexec reboot				start what is loaded
 * rawkexec load FLAGS SIXTH KERNEL INITRD CMDLINE	kexec_file_load
 *
 * SIXTH is what the register of a sixth argument holds: old callers leave anything
 * there. KERNEL and INITRD may be "-", which gives descriptor -1. Prints "OK" or the
 * name of the error, and succeeds in both cases.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

static int tell(long result)
{
	puts(result < 0 ? strerrorname_np((int)-result) : "OK");
	return 0;
}

/* By hand: the C library would pass on what it finds suitable. */
static long call6(long number, long a, long b, long c, long d, long e, unsigned long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register unsigned long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static int open_file(const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static int load(char **argv)
{
	const char *cmdline = argv[4];

	return tell(call6(SYS_kexec_file_load, open_file(argv[2]), open_file(argv[3]),
			  (long)strlen(cmdline) + 1, (long)cmdline, (long)number(argv[0]),
			  number(argv[1])));
}

int rawkexec_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "reboot"))
		return tell(call6(SYS_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
				  LINUX_REBOOT_CMD_KEXEC, 0, 0, 0));
	if (argc == 7 && !strcmp(argv[1], "load"))
		return load(argv + 2);
	die("usage: rawkexec reboot | rawkexec load FLAGS SIXTH KERNEL|- INITRD|- CMDLINE");
}
