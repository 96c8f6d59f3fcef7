// SPDX-License-Identifier: GPL-2.0-only
/*
 * Costs, for the benchmarks. Under QEMU's -icount the time stamp counter counts
 * instructions, and runs on from one kernel into the next.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* "measure tsc", or "measure COMMAND ...": prints "CYCLES PEAK-KIB". */
int measure_main(int argc, char **argv)
{
	struct rusage usage;
	uint64_t start = tsc();
	int status;
	pid_t pid;

	if (argc < 2)
		die("usage: measure tsc | measure COMMAND ...");
	if (!strcmp(argv[1], "tsc")) {
		printf("%" PRIu64 "\n", start);
		return 0;
	}
	pid = fork();
	if (pid < 0)
		die("fork failed");
	if (!pid) {
		execvp(argv[1], argv + 1);
		die("cannot run %s", argv[1]);
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait failed");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("%s failed, status %d", argv[1], status);
	printf("%" PRIu64 " %ld\n", tsc() - start, usage.ru_maxrss);
	return 0;
}
