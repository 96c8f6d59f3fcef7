// SPDX-License-Identifier: GPL-2.0-only
/*
 * "scribble FILE [SECONDS]": write to each huge page of FILE, on hugetlbfs, about
 * every millisecond: forever, or once after SECONDS.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

int scribble_main(int argc, char **argv)
{
	struct stat st;
	volatile char *map;
	int fd;

	if (argc < 2)
		die("usage: scribble FILE [SECONDS]");
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &st))
		die("cannot open %s", argv[1]);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("cannot map %s", argv[1]);
	if (argc > 2)
		sleep((unsigned int)number(argv[2]));
	do {
		for (off_t at = 0; at < st.st_size; at += (off_t)HUGE_SIZE)
			map[at]++;
		usleep(1000);
	} while (argc == 2);
	return 0;
}
