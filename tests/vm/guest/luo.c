// SPDX-License-Identifier: GPL-2.0-only
/*
 * luo preserve SESSION [TOKEN SIZE SEED]...	preserve memfds holding patterns
 * luo seal SESSION [TOKEN SIZE SEED]...	the same, sealed against other sizes
 * luo check SESSION [TOKEN SIZE SEED]...	in the next kernel: retrieve, compare
 *
 * The file position is handed over too: half of the size. "preserve" leaves a
 * process behind: closing the session drops it.
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

struct file {
	uint64_t token;
	size_t size;
	uint64_t seed;
};

static struct file parse(char **argv)
{
	return (struct file){ number(argv[0]), number(argv[1]), number(argv[2]) };
}

static off_t position(const struct file *file)
{
	return (off_t)file->size / 2;
}

/* A memfd with the file's pattern; never closed. */
static int make(const struct file *file, int sealed)
{
	int fd = memfd_create("luo", MFD_CLOEXEC | (sealed ? MFD_ALLOW_SEALING : 0));
	char *p;

	if (fd < 0 || ftruncate(fd, (off_t)file->size))
		die("memfd: %s", strerror(errno));
	p = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("memfd: %s", strerror(errno));
	pattern_fill(p, file->size, file->seed, 0);
	munmap(p, file->size);
	if (lseek(fd, position(file), SEEK_SET) != position(file) ||
	    (sealed && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)))
		die("memfd: %s", strerror(errno));
	return fd;
}

/* Leave a process that keeps the session; the caller's pipes must not wait for it. */
static int stay(void)
{
	int ready[2];
	char byte;

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

static int preserve(const char *name, char **argv, int sealed)
{
	int session_fd = session(CREATE_SESSION, name);

	for (; *argv; argv += 3) {
		struct file file = parse(argv);
		struct fd_args args = { .size = sizeof(args), .token = file.token };

		args.fd = make(&file, sealed);
		if (ioctl(session_fd, PRESERVE_FD, &args))
			die("preserving token %" PRIu64 ": %s", file.token, strerror(errno));
	}
	return stay();
}

static int check_file(int session_fd, const struct file *file)
{
	struct fd_args args = { .size = sizeof(args), .token = file->token, .fd = -1 };
	struct pattern_diff diff = { 0 };
	char *p;

	if (ioctl(session_fd, RETRIEVE_FD, &args))
		die("retrieving token %" PRIu64 ": %s", file->token, strerror(errno));
	if (lseek(args.fd, 0, SEEK_CUR) != position(file))
		die("token %" PRIu64 ": position is not %zu", file->token, file->size / 2);
	if (lseek(args.fd, 0, SEEK_END) != (off_t)file->size)
		die("token %" PRIu64 ": size is not %zu", file->token, file->size);
	p = mmap(NULL, file->size, PROT_READ, MAP_SHARED, args.fd, 0);
	if (p == MAP_FAILED)
		die("memfd: %s", strerror(errno));
	pattern_compare(p, file->size, file->seed, 0, &diff);
	return pattern_report(&diff, file->size, file->seed);
}

static int check(const char *name, char **argv)
{
	struct finish_args finish = { .size = sizeof(finish) };
	int session_fd = session(RETRIEVE_SESSION, name);
	int status = 0;

	for (; *argv; argv += 3) {
		struct file file = parse(argv);

		status |= check_file(session_fd, &file);
	}
	if (ioctl(session_fd, FINISH, &finish))
		die("finishing session %s: %s", name, strerror(errno));
	return status;
}

int luo_main(int argc, char **argv)
{
	if (argc >= 3 && argc % 3 == 0 && !strcmp(argv[1], "preserve"))
		return preserve(argv[2], argv + 3, 0);
	if (argc >= 3 && argc % 3 == 0 && !strcmp(argv[1], "seal"))
		return preserve(argv[2], argv + 3, 1);
	if (argc >= 3 && argc % 3 == 0 && !strcmp(argv[1], "check"))
		return check(argv[2], argv + 3);
	die("usage: luo preserve|seal|check SESSION [TOKEN SIZE SEED]...");
}
