// SPDX-License-Identifier: GPL-2.0-only
/*
 * dirty [PERCENT]: write over PERCENT (85) of the memory the kernel calls
 * available, then free it. A page that was handed over but went back to the
 * page allocator does not keep its content through this.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "guest.h"

static uint64_t available_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[128];

	if (!file)
		die("/proc/meminfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			break;
	fclose(file);
	if (!kib)
		die("/proc/meminfo: no MemAvailable");
	return kib * 1024;
}

int dirty_main(int argc, char **argv)
{
	uint64_t percent = argc > 1 ? number(argv[1]) : 85;
	size_t size = available_bytes() / 100 * percent;
	uint64_t *p;

	size -= size % PAGE_SIZE;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		die("mmap of %zu bytes: %s", size, strerror(errno));
	/* Far fewer page faults; the kernel falls back to small pages by itself. */
	madvise(p, size, MADV_HUGEPAGE);
	for (size_t i = 0; i < size / sizeof(*p); i++)
		p[i] = ~(uintptr_t)&p[i];
	printf("dirtied %zu MiB\n", size >> 20);
	munmap(p, size);
	return 0;
}
