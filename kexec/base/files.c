/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crc32c.h"
#include "files.h"
#include "grow.h"
#include "message.h"
#include "number.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U		/* include/uapi/linux/memfd.h since Linux 6.3 */
#endif

#define FIRST_READ	(64u << 10)	/* for files that do not tell their size */
#define CRC_READ	(1u << 20)
#define TEXT_MAX	(64u << 20)	/* cpuinfo and zoneinfo grow with the CPUs */

void buffer_free(struct buffer *buf)
{
	if (buf->mapped)
		munmap(buf->data, buf->mapped);
	else
		free(buf->data);
	*buf = (struct buffer){ 0 };
}

int buffer_alloc(struct buffer *buf, size_t size)
{
	*buf = (struct buffer){ .data = calloc(1, size ? size : 1), .size = size };
	return buf->data ? 0 : error("no memory for %zu bytes", size);
}

/*
 * Read FD to its end. One byte more than HINT is offered first, so that a file
 * of the expected size needs no second allocation. 0 or -errno.
 */
static int read_all(int fd, size_t hint, size_t cap, struct buffer *ret)
{
	size_t room = 0, need = (hint && hint <= cap ? hint : FIRST_READ) + 1;
	struct buffer buf = { 0 };
	int err = 0;

	while (!err) {
		unsigned char *data = grow(buf.data, &room, need, SIZE_MAX, 1);
		ssize_t n;

		if (!data) {
			err = -ENOMEM;
			break;
		}
		buf.data = data;
		n = read(fd, buf.data + buf.size, room - buf.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		buf.size += (size_t)n;
		need = buf.size + 1;
		if (buf.size > cap)
			err = -EFBIG;
	}
	if (err) {
		buffer_free(&buf);
		return err;
	}
	*ret = buf;
	return 0;
}

static int read_fd(int fd, size_t cap, struct buffer *ret)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size > cap)
		return -EFBIG;
	return read_all(fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : 0, cap, ret);
}

/* A descriptor that the caller owns. -1 after a message. */
static int open_source(const char *path, const char *what)
{
	int fd = !strcmp(path, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) :
				      open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? error_errno("cannot open %s '%s'", what, path) : fd;
}

int file_read(const char *path, const char *what, size_t cap, struct buffer *ret)
{
	int fd = open_source(path, what), err;

	if (fd < 0)
		return -1;
	err = read_fd(fd, cap, ret);
	close(fd);
	errno = -err;
	return err ? error_errno("cannot read %s '%s'", what, path) : 0;
}

/* Close FD and keep errno. -1. */
static int close_failed(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

/* Kernels that do not know MFD_NOEXEC_SEAL answer EINVAL. */
static int new_memfd(const char *name)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create(name, flags) : fd;
}

int memfd_sealed_parts(const char *name, const struct buffer *part, size_t count)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd = new_memfd(name);

	for (size_t i = 0; fd >= 0 && i < count; i++)
		if (write_all(fd, part[i].data, part[i].size))
			return close_failed(fd);
	if (fd >= 0 && fcntl(fd, F_ADD_SEALS, seals))
		return close_failed(fd);
	return fd;
}

int memfd_sealed(const char *name, const void *bytes, size_t size)
{
	const struct buffer part = { .data = (unsigned char *)(uintptr_t)bytes, .size = size };

	return memfd_sealed_parts(name, &part, 1);
}

/* Everything FD yields up to its end, in a memfd. -1 with errno. */
static int copy_to_memfd(int fd, size_t cap)
{
	struct buffer buf;
	int copy, err = read_fd(fd, cap, &buf);

	errno = -err;
	if (err)
		return -1;
	copy = memfd_sealed("kexec", buf.data, buf.size);
	buffer_free(&buf);
	return copy;
}

int file_open(const char *path, const char *what, size_t cap)
{
	int fd = open_source(path, what), copy;
	struct stat st;

	if (fd < 0)
		return -1;
	if (strcmp(path, "-") && !fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	copy = copy_to_memfd(fd, cap);
	if (copy < 0)
		error_errno("cannot read %s '%s'", what, path);
	close(fd);
	return copy;
}

int file_copy(int fd, size_t cap)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -1 : copy_to_memfd(fd, cap);
}

int file_read_open(int fd, const char *path, const char *what, size_t cap, struct buffer *ret)
{
	int err = lseek(fd, 0, SEEK_SET) < 0 ? -errno : read_fd(fd, cap, ret);

	errno = -err;
	return err ? error_errno("cannot read %s '%s'", what, path) : 0;
}

bool file_is_sealed(int fd)
{
	const int needed = F_SEAL_WRITE | F_SEAL_SHRINK;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & needed) == needed;
}

/* Of the signals that may tell of a writer this one is ignored by default; SIGIO would kill. */
static bool take_lease(int fd)
{
	return !fcntl(fd, F_SETSIG, SIGURG) && !fcntl(fd, F_SETLEASE, F_RDLCK);
}

/* To look into a hole of a mapped file in memory makes a page there, if there is room for it. */
static bool has_hole(int fd, off_t size)
{
	off_t hole = lseek(fd, 0, SEEK_HOLE);

	return lseek(fd, 0, SEEK_SET) || (hole >= 0 && hole < size);
}

/* Nothing is loaded from a mapping without all of it being read before. */
static void on_bus_error(int number)
{
	static const char text[] = "kexec: a file that is to be loaded cannot be read any more: it was cut "
				   "off, or its disk fails; nothing has been loaded\n";

	const ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)number;
	(void)written;
	_exit(EXIT_FAILED);
}

bool file_map(int fd, size_t cap, struct buffer *ret)
{
	struct stat st;
	void *data = MAP_FAILED;

	if (!file_is_sealed(fd) && !take_lease(fd))
		return false;
	/* The size is that of a file which can no longer change. */
	if (!fstat(fd, &st) && st.st_size > 0 && (uint64_t)st.st_size <= cap && !has_hole(fd, st.st_size))
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		file_let_go(fd);
		return false;
	}
	signal(SIGBUS, on_bus_error);
	*ret = (struct buffer){ .data = data, .size = (size_t)st.st_size, .mapped = (size_t)st.st_size };
	return true;
}

void file_let_go(int fd)
{
	fcntl(fd, F_SETLEASE, F_UNLCK);
}

int file_crc(int fd, uint32_t *ret)
{
	unsigned char *buf = malloc(CRC_READ);
	uint64_t offset = 0;
	uint32_t crc = 0;
	ssize_t n = buf ? 1 : -1;

	while (n > 0) {
		n = pread(fd, buf, CRC_READ, (off_t)offset);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0) {
			crc = crc32c(crc, buf, (size_t)n);
			offset += (uint64_t)n;
		}
	}
	free(buf);
	if (n < 0)
		return -1;
	*ret = crc;
	return 0;
}

int read_at(int fd, void *buf, size_t size, uint64_t offset)
{
	unsigned char *p = buf;

	while (size) {
		ssize_t n = pread(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (!n)
			errno = ENODATA;
		if (n <= 0)
			return -1;
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int write_all(int fd, const void *buf, size_t size)
{
	const unsigned char *p = buf;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (!n)
			errno = ENOSPC;
		if (n <= 0)
			return -1;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

/* 0, or -1 with errno, and then the file is gone. */
static int write_new(const char *path, int fd, const void *bytes, size_t size)
{
	int err = write_all(fd, bytes, size) ? errno : 0;

	if (close(fd) && !err)
		err = errno;
	if (err)
		unlink(path);
	errno = err;
	return err ? -1 : 0;
}

/*
 * In the folder of PATH, so that it can be renamed; mkostemp() makes it readable for its owner
 * alone.
 */
static int write_beside(const char *path, const void *bytes, size_t size)
{
	char name[PATH_MAX];
	int fd = -1, err = -1;

	if ((size_t)snprintf(name, sizeof(name), "%s.XXXXXX", path) < sizeof(name))
		fd = mkostemp(name, O_CLOEXEC);
	else
		errno = ENAMETOOLONG;
	if (fd >= 0 && !write_new(name, fd, bytes, size)) {
		err = rename(name, path);
		if (err)
			unlink(name);
	}
	return err;
}

int file_replace(const char *path, const char *what, const void *bytes, size_t size)
{
	struct stat st;

	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return error("cannot write %s to '%s': it exists and is not a regular file; name a "
			     "new one",
			     what, path);
	return write_beside(path, bytes, size) ? error_errno("cannot write %s to '%s'", what, path) : 0;
}

const struct dirent *next_entry(DIR *dir)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry;
}

int root_init(struct root *root, const char *dir)
{
	root->fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return error_errno("cannot open root directory '%s'", dir);
	root->live = !strcmp(dir, "/");
	return 0;
}

int root_open(const struct root *root, const char *path, int flags)
{
	/* Anybody may have made a captured tree, so its links must not lead out of it. */
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_IN_ROOT,
	};

	if (root->live)
		return openat(root->fd, path, flags | O_CLOEXEC, 0600);
	return (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
}

FILE *root_fopen(const struct root *root, const char *path)
{
	int fd = root_open(root, path, O_RDONLY);
	FILE *f;

	if (fd < 0)
		return NULL;
	f = fdopen(fd, "r");
	if (!f)
		close(fd);
	return f;
}

DIR *root_opendir(const struct root *root, const char *path)
{
	int fd = root_open(root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

int root_read(const struct root *root, const char *path, size_t cap, struct buffer *ret)
{
	int fd = root_open(root, path, O_RDONLY);
	int err;

	if (fd < 0)
		return -errno;
	/* Files of /proc and /sys report sizes that mean nothing. */
	err = read_all(fd, 0, cap, ret);
	close(fd);
	return err;
}

int root_read_text(const struct root *root, const char *path, char **ret)
{
	struct buffer buf;
	int err = root_read(root, path, TEXT_MAX, &buf);

	if (err)
		return err;
	if (buf.size && buf.data[buf.size - 1] == '\n')
		buf.size--;
	*ret = strndup((const char *)buf.data, buf.size);
	buffer_free(&buf);
	return *ret ? 0 : -ENOMEM;
}

int root_read_line(const struct root *root, const char *path, char *line, size_t size)
{
	struct buffer buf;
	int err = root_read(root, path, size - 1, &buf);

	if (err)
		return err;
	memcpy(line, buf.data, buf.size);
	line[buf.size] = '\0';
	line[strcspn(line, "\n")] = '\0';
	buffer_free(&buf);
	return 0;
}

int root_read_u64(const struct root *root, const char *path, uint64_t *ret)
{
	char line[64];
	int err = root_read_line(root, path, line, sizeof(line));

	if (err)
		return err;
	return parse_u64(line, ret) ? 0 : -EINVAL;
}

int root_read_result(int err, const char *path)
{
	errno = -err;
	return err ? error_errno("cannot read /%s", path) : 0;
}

int root_each_line(const struct root *root, const char *path, int (*line)(void *ctx, char *text),
		   void *ctx)
{
	char *text, *rest, *one;
	int err = root_read_text(root, path, &text);

	if (err)
		return root_read_result(err, path);
	rest = text;
	while (!err && (one = strsep(&rest, "\n")))
		err = line(ctx, one);
	free(text);
	return err;
}

static int make_own_dir(const struct root *root)
{
	return mkdirat(root->fd, STATE_DIR, 0700) && errno != EEXIST ? -1 : 0;
}

int state_make_dir(const struct root *root, bool make_run)
{
	if (!make_own_dir(root))
		return 0;
	if (errno != ENOENT || !make_run)
		return -1;
	/* A link that leads nowhere is there already, and nothing is made at its end. */
	if (mkdirat(root->fd, "run", 0755))
		return error_errno("there is no /run, where kexec keeps what 'kexec -e' needs, and it cannot be "
				   "made: mount a tmpfs there");
	notice("made /run, which was missing: a file system that is mounted there later hides what "
	       "'kexec -e' needs to know");
	return make_own_dir(root);
}
