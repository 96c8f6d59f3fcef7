// SPDX-License-Identifier: GPL-2.0-only
/*
 * memtool fill FILE OFFSET SIZE SEED [POS]	write a pattern into a file
 * memtool check FILE OFFSET SIZE SEED [POS]	compare a file with a pattern
 * memtool check kcore PHYS SIZE SEED [POS]	compare physical memory with it
 * memtool check vmcore PHYS SIZE SEED [POS]	the same of the kernel that has fallen
 * memtool dump kcore PHYS SIZE			physical memory to stdout
 * memtool regions				NAME ADDR SIZE of each reserve_mem
 * memtool entry [crash]			where the loaded image will be entered, or
 *						the one for a panic
 * memtool notes vmcore				NAME TYPE PID of each ELF note of the kernel
 *						that has fallen; PID 0: the note is of no task
 *
 * POS is the place in the pattern where the range begins, 0 by default. FILE
 * may be a guest's RAM file on the host, a blob or a hugetlbfs file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

static char buffer[IO_CHUNK];

static size_t piece(uint64_t left)
{
	return left < sizeof(buffer) ? (size_t)left : sizeof(buffer);
}

static int fill(const char *path, uint64_t offset, uint64_t size, uint64_t seed, uint64_t pos)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	for (uint64_t done = 0; done < size; ) {
		size_t len = piece(size - done);

		pattern_fill(buffer, len, seed, pos + done);
		if (pwrite(fd, buffer, len, (off_t)(offset + done)) != (ssize_t)len)
			die("%s: writing: %s", path, strerror(errno));
		done += len;
	}
	if (close(fd))
		die("%s: closing: %s", path, strerror(errno));
	return 0;
}

static int check(const char *path, uint64_t offset, uint64_t size, uint64_t seed, uint64_t pos)
{
	int vmcore = !strcmp(path, "vmcore");
	int kcore = vmcore || !strcmp(path, "kcore");
	int fd = kcore ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	struct pattern_diff diff = { 0 };

	if (!kcore && fd < 0)
		die("%s: %s", path, strerror(errno));
	if (vmcore)
		kcore_of_crash();
	for (uint64_t done = 0; done < size; ) {
		size_t len = piece(size - done);

		if (kcore)
			kcore_read_phys(offset + done, buffer, len);
		else if (pread(fd, buffer, len, (off_t)(offset + done)) != (ssize_t)len)
			die("%s: shorter than %" PRIu64 " bytes", path, size);
		pattern_compare(buffer, len, seed, pos + done, &diff);
		done += len;
	}
	return pattern_report(&diff, size, seed);
}

static int dump(uint64_t phys, uint64_t size)
{
	while (size) {
		size_t len = piece(size);

		kcore_read_phys(phys, buffer, len);
		if (fwrite(buffer, 1, len, stdout) != len)
			die("stdout: %s", strerror(errno));
		phys += len;
		size -= len;
	}
	return 0;
}

static uint64_t symbol(const char *wanted)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	uint64_t addr = 0, value;

	if (!file)
		die("/proc/kallsyms: %s", strerror(errno));
	while (!addr && fgets(line, sizeof(line), file))
		if (sscanf(line, "%" SCNx64 " %*c %255s", &value, name) == 2 && !strcmp(name, wanted))
			addr = value;
	fclose(file);
	if (!addr)
		die("%s: not in /proc/kallsyms", wanted);
	return addr;
}

/*
 * The kernel exports no list of reserve_mem regions. Its own table is the
 * reference here: eight entries of a 16-byte name, start and size.
 */
static int regions(void)
{
	struct {
		char name[16];
		uint64_t start, size;
	} table[8];
	int32_t count;

	kcore_read_virt(symbol("reserved_mem_count"), &count, sizeof(count));
	kcore_read_virt(symbol("reserved_mem_table"), table, sizeof(table));
	for (int i = 0; i < count && i < 8; i++)
		printf("%.16s 0x%" PRIx64 " 0x%" PRIx64 "\n", table[i].name, table[i].start,
		       table[i].size);
	return 0;
}

/*
 * Physical entry point of the image that kexec has loaded: the fourth word of the kernel's
 * struct kimage, after three words of page list. The tool under test is not asked where its
 * purgatory lies, so it need not be trusted.
 */
static int entry(const char *variable)
{
	uint64_t image, start;

	kcore_read_virt(symbol(variable), &image, sizeof(image));
	if (!image)
		die("nothing is loaded");
	kcore_read_virt(image + 24, &start, sizeof(start));
	printf("0x%" PRIx64 "\n", start);
	return 0;
}

int memtool_main(int argc, char **argv)
{
	uint64_t pos = argc == 7 ? number(argv[6]) : 0;

	if (argc == 2 && !strcmp(argv[1], "regions"))
		return regions();
	if (argc == 2 && !strcmp(argv[1], "entry"))
		return entry("kexec_image");
	if (argc == 3 && !strcmp(argv[1], "entry") && !strcmp(argv[2], "crash"))
		return entry("kexec_crash_image");
	if (argc == 3 && !strcmp(argv[1], "notes") && !strcmp(argv[2], "vmcore")) {
		kcore_of_crash();
		return kcore_notes();
	}
	if (argc == 5 && !strcmp(argv[1], "dump") && !strcmp(argv[2], "kcore"))
		return dump(number(argv[3]), number(argv[4]));
	if (argc != 6 && argc != 7)
		die("usage: memtool fill|check FILE|kcore|vmcore OFFSET SIZE SEED [POS]");
	if (!strcmp(argv[1], "fill"))
		return fill(argv[2], number(argv[3]), number(argv[4]), number(argv[5]), pos);
	if (!strcmp(argv[1], "check"))
		return check(argv[2], number(argv[3]), number(argv[4]), number(argv[5]), pos);
	die("no command %s", argv[1]);
}
