/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "message.h"
#include "number.h"

#define FIRST_READ	(64u << 10)	/* for files that do not tell their size */

void buffer_free(struct buffer *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->size = 0;
}

int buffer_alloc(struct buffer *buf, size_t size)
{
	buf->data = calloc(1, size ? size : 1);
	if (!buf->data)
		return error("no memory for %zu bytes", size);
	buf->size = size;
	return 0;
}

static int grow(struct buffer *buf, size_t *room, size_t want)
{
	unsigned char *data = realloc(buf->data, want);

	if (!data)
		return -ENOMEM;
	buf->data = data;
	*room = want;
	return 0;
}

/*
 * Read FD to its end. One byte more than HINT is offered first, so that a file
 * of the expected size needs no second allocation. 0 or -errno.
 */
static int read_all(int fd, size_t hint, size_t cap, struct buffer *ret)
{
	struct buffer buf = { 0 };
	size_t room = 0;
	int err = grow(&buf, &room, (hint && hint <= cap ? hint : FIRST_READ) + 1);

	while (!err) {
		ssize_t n = read(fd, buf.data + buf.size, room - buf.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		buf.size += (size_t)n;
		if (buf.size > cap)
			err = -EFBIG;
		else if (buf.size == room)
			err = grow(&buf, &room, room * 2);
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

int file_read(const char *path, const char *what, size_t cap, struct buffer *ret)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return error_errno("cannot open %s '%s'", what, path);
	err = read_fd(fd, cap, ret);
	if (!is_stdin)
		close(fd);
	errno = -err;
	return err ? error_errno("cannot read %s '%s'", what, path) : 0;
}

int read_at(int fd, void *buf, size_t size, uint64_t offset)
{
	unsigned char *p = buf;

	while (size) {
		ssize_t n = pread(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
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
		if (n <= 0)
			return -1;
		p += n;
		size -= (size_t)n;
	}
	return 0;
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
	/* A captured tree may be anybody's: its links lead nowhere else. */
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
