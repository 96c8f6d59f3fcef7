// SPDX-License-Identifier: GPL-2.0-only
/*
 * Costs, for the benchmarks. Under QEMU's -icount the time stamp counter counts
 * instructions, and runs on from one kernel into the next.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
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

/*
 * When the kernel's raw clock began, as the counter's value: in setup_arch(), soon
 * after the first line of its log. Under -icount both count nanoseconds.
 */
static int begin(void)
{
	FILE *file = fopen("/sys/kernel/debug/sched/debug", "re");
	uint64_t milliseconds, nanoseconds, now;
	char line[256];

	if (!file)
		die("/sys/kernel/debug/sched/debug: %s", strerror(errno));
	now = tsc();
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "sched_clk : %" SCNu64 ".%" SCNu64, &milliseconds,
			   &nanoseconds) != 2)
			continue;
		fclose(file);
		printf("%" PRIu64 "\n", now - milliseconds * 1000000 - nanoseconds);
		return 0;
	}
	die("/sys/kernel/debug/sched/debug: no sched_clk");
}

/* Starts the loaded image, with nothing before it, and prints when. */
static int jump(const char *name)
{
	printf("BENCH left %s %" PRIu64 "\n", name, tsc());
	fflush(stdout);
	reboot((int)LINUX_REBOOT_CMD_KEXEC);
	die("reboot: %s", strerror(errno));
}

/* Memory that could be had, in KiB. */
static long available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "MemAvailable: %ld kB", &kib);
	if (kib < 0)
		die("/proc/meminfo: no MemAvailable");
	fclose(file);
	return kib;
}

/* Prints the most memory, in KiB, that the machine lacked while COMMAND ran: its own and the kernel's. */
static int memory(char **command)
{
	const long before = available();
	long least = before, now;
	pid_t pid = fork(), ended;
	int status;

	if (pid < 0)
		die("fork failed");
	if (!pid) {
		execvp(command[0], command);
		die("cannot run %s", command[0]);
	}
	/* Also once when it has ended: what it has loaded stays. */
	do {
		ended = waitpid(pid, &status, WNOHANG);
		now = available();
		least = now < least ? now : least;
		usleep(1000);
	} while (!ended);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("%s failed, status %d", command[0], status);
	printf("%ld\n", before - least);
	return 0;
}

/*
 * "measure tsc", "measure begin", "measure jump NAME", "measure memory COMMAND ...", or
 * "measure COMMAND ...": prints "CYCLES PEAK-KIB".
 */
int measure_main(int argc, char **argv)
{
	struct rusage usage;
	uint64_t start = tsc();
	int status;
	pid_t pid;

	if (argc < 2)
		die("usage: measure tsc | begin | jump NAME | [memory] COMMAND ...");
	if (!strcmp(argv[1], "tsc")) {
		printf("%" PRIu64 "\n", start);
		return 0;
	}
	if (!strcmp(argv[1], "begin"))
		return begin();
	if (!strcmp(argv[1], "jump") && argc == 3)
		return jump(argv[2]);
	if (!strcmp(argv[1], "memory") && argc > 2)
		return memory(argv + 2);
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
