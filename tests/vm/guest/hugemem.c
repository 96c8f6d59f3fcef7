// SPDX-License-Identifier: GPL-2.0-only
/*
 * hugemem FILE PAGES SEED: fill PAGES huge pages (2 MiB) that are one range of
 * physical memory with the pattern, and print "ADDR SIZE".
 *
 * FILE lies on hugetlbfs. At first it takes all free huge pages; the lowest
 * range among them that is long enough and clear of KHO scratch is used. The
 * file keeps the memory in place after this program has ended, and the choice
 * is the same each time: calling it again with another seed is "a process
 * writes to its preserved memory".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define PAGEMAP_PRESENT		(1ull << 63)
#define PAGEMAP_PFN		((1ull << 55) - 1)

struct huge_page {
	uint64_t phys;
	char *virt;
};

uint64_t physical(int pagemap, const void *virt)
{
	uint64_t entry;

	if (pread(pagemap, &entry, 8, (off_t)((uintptr_t)virt / PAGE_SIZE * 8)) != 8)
		die("/proc/self/pagemap: %s", strerror(errno));
	if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_PFN))
		die("/proc/self/pagemap: page not present");
	return (entry & PAGEMAP_PFN) * PAGE_SIZE;
}

static int by_address(const void *a, const void *b)
{
	const struct huge_page *x = a, *y = b;

	return x->phys < y->phys ? -1 : x->phys > y->phys;
}

/* Since 7.4 scratch is called bootmem. */
static FILE *open_areas(const char *what)
{
	static const char *const name[] = { "scratch", "bootmem" };
	FILE *file = NULL;
	char path[64];

	for (size_t i = 0; !file && i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/kho/out/%s_%s", name[i], what);
		file = fopen(path, "re");
	}
	return file;
}

/* KHO scratch: the next kernel starts there, so nothing in it is preserved. */
static int in_scratch(uint64_t phys)
{
	FILE *starts = open_areas("phys");
	FILE *sizes = open_areas("len");
	uint64_t start, size;
	int found = 0;

	while (starts && sizes && fscanf(starts, "%" SCNi64, &start) == 1 &&
	       fscanf(sizes, "%" SCNi64, &size) == 1)
		found |= phys + HUGE_SIZE > start && phys < start + size;
	if (starts)
		fclose(starts);
	if (sizes)
		fclose(sizes);
	return found;
}

/* First of "wanted" pages that follow each other; pages are sorted. */
static const struct huge_page *find_range(const struct huge_page *pages, size_t count,
					  size_t wanted)
{
	size_t run = 0;

	for (size_t i = 0; i < count; i++) {
		if (in_scratch(pages[i].phys))
			run = 0;
		else if (run && pages[i].phys == pages[i - 1].phys + HUGE_SIZE)
			run++;
		else
			run = 1;
		if (run == wanted)
			return &pages[i + 1 - run];
	}
	die("no %zu free huge pages in one range", wanted);
}

static size_t free_huge_pages(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	size_t pages = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "HugePages_Free: %zu", &pages) == 1)
			break;
	if (file)
		fclose(file);
	return pages;
}

/* Map the whole file; returns its number of huge pages. */
static size_t map_pages(const char *path, struct huge_page **ret_pages)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	struct huge_page *pages;
	struct stat status;
	size_t count;
	char *base;

	if (fd < 0 || pagemap < 0 || fstat(fd, &status))
		die("%s: %s", path, strerror(errno));
	count = status.st_size ? (size_t)status.st_size / HUGE_SIZE : free_huge_pages();
	if (!count || ftruncate(fd, (off_t)(count * HUGE_SIZE)))
		die("%s: no huge pages are free", path);
	base = mmap(NULL, count * HUGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	pages = calloc(count, sizeof(*pages));
	if (base == MAP_FAILED || !pages)
		die("%s: mapping %zu huge pages: %s", path, count, strerror(errno));
	for (size_t i = 0; i < count; i++) {
		pages[i].virt = base + i * HUGE_SIZE;
		pages[i].phys = physical(pagemap, pages[i].virt);
	}
	close(pagemap);
	close(fd);
	*ret_pages = pages;
	return count;
}

int hugemem_main(int argc, char **argv)
{
	const struct huge_page *range;
	struct huge_page *pages;
	size_t wanted, count;

	if (argc != 4 || !number(argv[2]))
		die("usage: hugemem FILE PAGES SEED");
	wanted = number(argv[2]);
	count = map_pages(argv[1], &pages);
	qsort(pages, count, sizeof(*pages), by_address);
	range = find_range(pages, count, wanted);
	for (size_t i = 0; i < wanted; i++)
		pattern_fill(range[i].virt, HUGE_SIZE, number(argv[3]), i * HUGE_SIZE);
	printf("0x%" PRIx64 " 0x%" PRIx64 "\n", range->phys, (uint64_t)(wanted * HUGE_SIZE));
	free(pages);
	return 0;
}
