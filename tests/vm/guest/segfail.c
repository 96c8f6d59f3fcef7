// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load with the first, second, third ... allocation failing, until all succeed. Needs a kernel
 * with fault injection, where failslab and fail_page_alloc are set to fail allocations that
 * may wait (ignore-gfp-wait N) and single pages (min-order 0).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "segment.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define NTH_MAX		20000u

static int open_nth(void)
{
	int fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(FAIL_NTH ": %s", strerror(errno));
	return fd;
}

/* Returns whether an allocation was made to fail; it counts down to 0. */
static bool load_failing(int nth_fd, int kernel, int segment, unsigned int nth, int *error)
{
	char text[16] = "";
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, (size_t)length, 0) != length)
		die(FAIL_NTH ": cannot write %u", nth);
	*error = segment_load(kernel, segment, KEXEC_FILE_KHO);
	memset(text, 0, sizeof(text));
	if (pread(nth_fd, text, sizeof(text) - 1, 0) < 1 || pwrite(nth_fd, "0", 1, 0) != 1)
		die(FAIL_NTH ": cannot read it");
	return atoi(text) == 0;
}

int segfuzz_failnth(const char *segment, const char *kernel, bool refused)
{
	unsigned int nth, failed = 0, survived = 0, wrong = 0;
	int kernel_fd = open(kernel, O_RDONLY | O_CLOEXEC), loaded = segment_loaded();
	int nth_fd = open_nth(), error, last = refused ? ENOSPC : 0;
	static struct segment s;

	segment_open(&s, segment);
	if (refused)
		segment_fill_table(&s);
	for (nth = 1; nth < NTH_MAX && load_failing(nth_fd, kernel_fd, s.fd, nth, &error); nth++) {
		if (error == last)
			survived++;
		else if (error == ENOMEM)
			failed++;
		else
			wrong += printf("FAIL allocation %u: %s\n", nth, strerrorname_np(error)) > 0;
		if (loaded && !segment_loaded())
			die("allocation %u: nothing is loaded any more", nth);
	}
	printf("failnth: %u ENOMEM, %u did not matter, %u wrong, then %s\n", failed, survived, wrong,
	       error ? strerrorname_np(error) : "loaded");
	return wrong || error != last || !failed;
}
