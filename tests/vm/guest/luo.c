// SPDX-License-Identifier: GPL-2.0-only
/*
 * luo preserve SESSION TOKEN SIZE SEED	preserve a memfd holding the pattern
 * luo check SESSION TOKEN SIZE SEED	in the next kernel: retrieve, compare
 *
 * "preserve" leaves a process behind: closing the session drops it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

/* include/uapi/linux/liveupdate.h, newer than the host's headers. */
#define LIVEUPDATE_IO(nr)	_IO(0xBA, nr)
#define CREATE_SESSION		LIVEUPDATE_IO(0x00)
#define RETRIEVE_SESSION	LIVEUPDATE_IO(0x01)
#define PRESERVE_FD		LIVEUPDATE_IO(0x40)
#define RETRIEVE_FD		LIVEUPDATE_IO(0x41)
#define FINISH			LIVEUPDATE_IO(0x42)

struct session_args {
	uint32_t size;
	int32_t fd;
	uint8_t name[64];
};

struct fd_args {
	uint32_t size;
	int32_t fd;
	uint64_t token;
};

struct finish_args {
	uint32_t size;
	uint32_t reserved;
};

static int session(unsigned long request, const char *name)
{
	struct session_args args = { .size = sizeof(args), .fd = -1 };
	int device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);

	if (device < 0)
		die("/dev/liveupdate: %s", strerror(errno));
	snprintf((char *)args.name, sizeof(args.name), "%s", name);
	if (ioctl(device, request, &args))
		die("session %s: %s", name, strerror(errno));
	/* Single opener: give it back, the session lives by its own fd. */
	close(device);
	return args.fd;
}

static int preserve(const char *name, uint64_t token, size_t size, uint64_t seed)
{
	struct fd_args args = { .size = sizeof(args), .token = token };
	int session_fd = session(CREATE_SESSION, name);
	int ready[2];
	char *p, byte;

	args.fd = memfd_create("luo", MFD_CLOEXEC);
	if (args.fd < 0 || ftruncate(args.fd, (off_t)size))
		die("memfd: %s", strerror(errno));
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, args.fd, 0);
	if (p == MAP_FAILED)
		die("memfd: %s", strerror(errno));
	pattern_fill(p, size, seed, 0);
	munmap(p, size);
	if (ioctl(session_fd, PRESERVE_FD, &args))
		die("preserving token %" PRIu64 ": %s", token, strerror(errno));
	/* The child keeps the session; the caller's pipes must not wait for it. */
	if (pipe(ready))
		die("pipe: %s", strerror(errno));
	switch (fork()) {
	case -1:
		die("fork: %s", strerror(errno));
	case 0:
		setsid();
		close(0);
		close(1);
		close(2);
		close(ready[0]);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	return read(ready[0], &byte, 1) != 1;
}

static int check(const char *name, uint64_t token, size_t size, uint64_t seed)
{
	struct fd_args args = { .size = sizeof(args), .token = token, .fd = -1 };
	struct finish_args finish = { .size = sizeof(finish) };
	int session_fd = session(RETRIEVE_SESSION, name);
	struct pattern_diff diff = { 0 };
	char *p;

	if (ioctl(session_fd, RETRIEVE_FD, &args))
		die("retrieving token %" PRIu64 ": %s", token, strerror(errno));
	if (lseek(args.fd, 0, SEEK_END) != (off_t)size)
		die("token %" PRIu64 ": size is not %zu", token, size);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, args.fd, 0);
	if (p == MAP_FAILED)
		die("memfd: %s", strerror(errno));
	pattern_compare(p, size, seed, 0, &diff);
	if (ioctl(session_fd, FINISH, &finish))
		die("finishing session %s: %s", name, strerror(errno));
	return pattern_report(&diff, size, seed);
}

int luo_main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "preserve"))
		return preserve(argv[2], number(argv[3]), number(argv[4]), number(argv[5]));
	if (argc == 6 && !strcmp(argv[1], "check"))
		return check(argv[2], number(argv[3]), number(argv[4]), number(argv[5]));
	die("usage: luo preserve|check SESSION TOKEN SIZE SEED");
}
