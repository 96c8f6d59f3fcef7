// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the kernel hides from /proc/kcore.
 *
 * hidden secret: a page of memfd_secret(2) with a pattern; prints its physical address
 * and stays until it is killed.
 *
 * hidden poison ADDR: a memory error at a physical address, as memory reports them that is
 * scrubbed. The kernel need not succeed in doing without the page.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

#define INJECT		"/sys/kernel/debug/hwpoison/corrupt-pfn"

static void secret(void)
{
	int fd = (int)syscall(SYS_memfd_secret, 0);
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	void *page;

	if (fd < 0 || pagemap < 0 || ftruncate(fd, PAGE_SIZE))
		die("memfd_secret: %s", strerror(errno));
	page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		die("mapping secret memory: %s", strerror(errno));
	pattern_fill(page, PAGE_SIZE, 1, 0);
	printf("0x%" PRIx64 "\n", physical(pagemap, page));
	fflush(stdout);
	for (;;)
		pause();
}

static void poison(uint64_t addr)
{
	char text[32];
	int fd = open(INJECT, O_WRONLY | O_CLOEXEC);
	int len = snprintf(text, sizeof(text), "0x%" PRIx64, addr / PAGE_SIZE);

	if (fd < 0)
		die(INJECT ": %s", strerror(errno));
	if (write(fd, text, (size_t)len) != len)
		printf("the kernel keeps the page: %s\n", strerror(errno));
	close(fd);
}

int hidden_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "secret"))
		secret();
	if (argc != 3 || strcmp(argv[1], "poison"))
		die("usage: hidden secret, or hidden poison ADDR");
	poison(number(argv[2]));
	return 0;
}
