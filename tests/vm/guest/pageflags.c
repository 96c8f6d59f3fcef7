// SPDX-License-Identifier: GPL-2.0-only
/*
 * pageflags ADDR SIZE: fail if the kernel has any page of a physical range in
 * use or in its allocator, as it must not for memory that is preserved and not
 * claimed. Bits are those of include/uapi/linux/kernel-page-flags.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

static const struct flag {
	const char *name;
	unsigned int bit;
} forbidden[] = {
	{ "lru", 5 }, { "slab", 7 }, { "buddy", 10 }, { "mmap", 11 }, { "anon", 12 },
	{ "nopage", 20 }, { "pgtable", 26 },
};

#define FORBIDDEN	(sizeof(forbidden) / sizeof(forbidden[0]))
#define RESERVED_BIT	32		/* PG_reserved, outside the uapi header */

int pageflags_main(int argc, char **argv)
{
	uint64_t count[FORBIDDEN] = { 0 }, reserved = 0, bad = 0, first_bad = 0;
	uint64_t addr, size;
	int fd;

	if (argc != 3)
		die("usage: pageflags ADDR SIZE");
	addr = number(argv[1]);
	size = number(argv[2]);
	fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("/proc/kpageflags: %s", strerror(errno));
	for (uint64_t pfn = addr / PAGE_SIZE; pfn < (addr + size + PAGE_SIZE - 1) / PAGE_SIZE; pfn++) {
		uint64_t flags, hit = 0;

		if (pread(fd, &flags, 8, (off_t)(pfn * 8)) != 8)
			die("/proc/kpageflags: no entry for page 0x%" PRIx64, pfn);
		reserved += flags >> RESERVED_BIT & 1;
		for (size_t i = 0; i < FORBIDDEN; i++) {
			if (!(flags >> forbidden[i].bit & 1))
				continue;
			count[i]++;
			hit = 1;
		}
		if (hit && !bad++)
			first_bad = pfn;
	}
	close(fd);
	printf("pages 0x%" PRIx64 "+0x%" PRIx64 ": %" PRIu64 " reserved, %" PRIu64 " bad", addr, size,
	       reserved, bad);
	for (size_t i = 0; i < FORBIDDEN; i++)
		if (count[i])
			printf(", %" PRIu64 " %s", count[i], forbidden[i].name);
	if (bad)
		printf(", first 0x%" PRIx64, first_bad * PAGE_SIZE);
	putchar('\n');
	return bad != 0;
}
