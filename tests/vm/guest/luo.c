// SPDX-License-Identifier: GPL-2.0-only
/*
 * luo preserve SESSION [TOKEN SIZE SEED]...	preserve memfds holding patterns
 * luo seal SESSION [TOKEN SIZE SEED]...	the same, sealed against other sizes
 * luo seal-late SESSION [TOKEN SIZE SEED]...	sealed once they are preserved
 * luo noexec SESSION [TOKEN SIZE SEED]...	made with MFD_NOEXEC_SEAL
 * luo crowd SESSION COUNT			empty sessions SESSION1, SESSION2, ...
 *						and one more by a name that is taken
 * luo check SESSION [TOKEN SIZE SEED]...	in the next kernel: retrieve, compare
 * luo sealed SESSION TOKEN SEALS MODE		in the next kernel: how it is sealed
 *
 * The file position is handed over too: half of the size. What makes sessions
 * leaves a process behind: closing the session drops it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

/* include/uapi/linux/liveupdate.h, newer than the host's headers. */
#define LIVEUPDATE_IO(nr)	_IO(0xBA, nr)
#define CREATE_SESSION		LIVEUPDATE_IO(0x00)
#define RETRIEVE_SESSION	LIVEUPDATE_IO(0x01)
#define PRESERVE_FD		LIVEUPDATE_IO(0x40)
#define RETRIEVE_FD		LIVEUPDATE_IO(0x41)
#define FINISH			LIVEUPDATE_IO(0x42)

/* linux/memfd.h and linux/fcntl.h, Linux 6.3. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL		8U
#endif

#define SIZE_SEALS		(F_SEAL_SHRINK | F_SEAL_GROW)

enum kind { PLAIN, SEALED, SEALED_LATE, NOEXEC };

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

/* The session's file descriptor, or a negative errno. */
static int try_session(unsigned long request, const char *name)
{
	struct session_args args = { .size = sizeof(args), .fd = -1 };
	int device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);
	int ret;

	if (device < 0)
		die("/dev/liveupdate: %s", strerror(errno));
	snprintf((char *)args.name, sizeof(args.name), "%s", name);
	ret = ioctl(device, request, &args) ? -errno : args.fd;
	/* Single opener: give it back, the session lives by its own fd. */
	close(device);
	return ret;
}

static int session(unsigned long request, const char *name)
{
	int fd = try_session(request, name);

	if (fd < 0)
		die("session %s: %s", name, strerror(-fd));
	return fd;
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
static int make(const struct file *file, enum kind kind)
{
	static const unsigned int flags[] = {
		[SEALED] = MFD_ALLOW_SEALING,
		[SEALED_LATE] = MFD_ALLOW_SEALING,
		[NOEXEC] = MFD_NOEXEC_SEAL,
	};
	int fd = memfd_create("luo", MFD_CLOEXEC | flags[kind]);
	char *p;

	if (fd < 0 || ftruncate(fd, (off_t)file->size))
		die("memfd: %s", strerror(errno));
	p = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("memfd: %s", strerror(errno));
	pattern_fill(p, file->size, file->seed, 0);
	munmap(p, file->size);
	if (lseek(fd, position(file), SEEK_SET) != position(file) ||
	    (kind == SEALED && fcntl(fd, F_ADD_SEALS, SIZE_SEALS)))
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

static int preserve(const char *name, char **argv, enum kind kind)
{
	int session_fd = session(CREATE_SESSION, name);

	for (; *argv; argv += 3) {
		struct file file = parse(argv);
		struct fd_args args = { .size = sizeof(args), .token = file.token };

		args.fd = make(&file, kind);
		if (ioctl(session_fd, PRESERVE_FD, &args))
			die("preserving token %" PRIu64 ": %s", file.token, strerror(errno));
		if (kind == SEALED_LATE && fcntl(args.fd, F_ADD_SEALS, SIZE_SEALS))
			die("sealing token %" PRIu64 ": %s", file.token, strerror(errno));
	}
	return stay();
}

static int crowd(const char *prefix, uint64_t count)
{
	char name[64];
	int fd;

	for (uint64_t i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "%s%" PRIu64, prefix, i);
		session(CREATE_SESSION, name);
	}
	fd = try_session(CREATE_SESSION, name);
	if (fd != -EEXIST)
		die("session %s a second time: %s", name, fd < 0 ? strerror(-fd) : "made");
	return stay();
}

static int retrieve(int session_fd, uint64_t token)
{
	struct fd_args args = { .size = sizeof(args), .token = token, .fd = -1 };

	if (ioctl(session_fd, RETRIEVE_FD, &args))
		die("retrieving token %" PRIu64 ": %s", token, strerror(errno));
	return args.fd;
}

static int check_file(int session_fd, const struct file *file)
{
	int fd = retrieve(session_fd, file->token);
	struct pattern_diff diff = { 0 };
	char *p;

	if (lseek(fd, 0, SEEK_CUR) != position(file))
		die("token %" PRIu64 ": position is not %zu", file->token, file->size / 2);
	if (lseek(fd, 0, SEEK_END) != (off_t)file->size)
		die("token %" PRIu64 ": size is not %zu", file->token, file->size);
	p = mmap(NULL, file->size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("memfd: %s", strerror(errno));
	pattern_compare(p, file->size, file->seed, 0, &diff);
	return pattern_report(&diff, file->size, file->seed);
}

/* Its session ends with this process. */
static int sealed(const char *name, uint64_t token, uint64_t seals, uint64_t mode)
{
	int fd = retrieve(session(RETRIEVE_SESSION, name), token);
	int found = fcntl(fd, F_GET_SEALS);
	struct stat status;

	if (found < 0 || fstat(fd, &status))
		die("memfd: %s", strerror(errno));
	status.st_mode &= 07777;
	if ((unsigned int)found != seals || status.st_mode != mode)
		die("token %" PRIu64 ": seals %#x, mode %#o", token, found, status.st_mode);
	return 0;
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
	static const char *const verbs[] = {
		[PLAIN] = "preserve",
		[SEALED] = "seal",
		[SEALED_LATE] = "seal-late",
		[NOEXEC] = "noexec",
	};

	if (argc >= 3 && argc % 3 == 0) {
		for (enum kind kind = PLAIN; kind <= NOEXEC; kind++)
			if (!strcmp(argv[1], verbs[kind]))
				return preserve(argv[2], argv + 3, kind);
		if (!strcmp(argv[1], "check"))
			return check(argv[2], argv + 3);
	}
	if (argc == 4 && !strcmp(argv[1], "crowd") && number(argv[3]))
		return crowd(argv[2], number(argv[3]));
	if (argc == 6 && !strcmp(argv[1], "sealed"))
		return sealed(argv[2], number(argv[3]), number(argv[4]), number(argv[5]));
	die("usage: luo preserve|seal|seal-late|noexec|check SESSION [TOKEN SIZE SEED]... | "
	    "crowd SESSION COUNT | sealed SESSION TOKEN SEALS MODE");
}
