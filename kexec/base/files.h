/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files: those the user names, and those of /proc, /sys and /run. The latter are reached
 * through one root-directory handle, so that captured trees of other machines can stand in for
 * them.
 */
#ifndef KEXEC_FILES_H
#define KEXEC_FILES_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct buffer {
	unsigned char *data;		/* malloc'ed, or mapped and only to be read */
	size_t size;
	size_t mapped;			/* bytes that are mapped; 0: malloc'ed */
};

void buffer_free(struct buffer *buf);

/* Allocate SIZE zeroed bytes. 0, or -1 after a message. */
int buffer_alloc(struct buffer *buf, size_t size);

/*
 * Read all of PATH ("-": standard input), at most CAP bytes, into *RET, which
 * the caller frees. 0, or -1 after a message that calls the file WHAT.
 */
int file_read(const char *path, const char *what, size_t cap, struct buffer *ret);

/*
 * Open PATH ("-": standard input) to be read as often as needed. Standard input, and anything
 * that is not a regular file, is copied into a memfd, at most CAP bytes. Returns a descriptor
 * that the caller closes, or -1 after a message that calls the file WHAT.
 */
int file_open(const char *path, const char *what, size_t cap);

/* A sealed memfd with all bytes of FD, from file_open(), at most CAP bytes. -1 with errno. */
int file_copy(int fd, size_t cap);

/* As file_read(), for a descriptor from file_open(). */
int file_read_open(int fd, const char *path, const char *what, size_t cap, struct buffer *ret);

/*
 * Map FD, from file_open(), to be read, if nobody can write it meanwhile: sealed memory, or a file
 * with a lease on it (F_RDLCK of fcntl(2)). Who opens that for writing waits until file_let_go(), but
 * not longer than /proc/sys/fs/lease-break-time says, usually 45 seconds; and a server or a layer below
 * may not know of leases. So compare the contents when they have been used. If they cannot be read any
 * more (SIGBUS), the program ends with a message. False, without a message, if FD has to be read: it
 * is empty, larger than CAP or has holes, somebody writes it, or its file system has no leases.
 */
bool file_map(int fd, size_t cap, struct buffer *ret);

/* FD is no longer mapped: let others write it. */
void file_let_go(int fd);

/* Is FD memory that nobody can change? */
bool file_is_sealed(int fd);

/*
 * The CRC32C of all bytes that FD, from file_open(), has now. 0, or -1 with errno and no
 * message.
 */
int file_crc(int fd, uint32_t *ret);

/* A memfd called NAME with these bytes, which nobody can change. -1 with errno. */
int memfd_sealed(const char *name, const void *bytes, size_t size);

/* The same with COUNT parts, one behind the other. */
int memfd_sealed_parts(const char *name, const struct buffer *part, size_t count);

/* Read SIZE bytes at OFFSET of FD. 0, or -1 with errno: ENODATA if the file ends before. */
int read_at(int fd, void *buf, size_t size, uint64_t offset);

/* Write all SIZE bytes to FD. 0, or -1 with errno and no message. */
int write_all(int fd, const void *buf, size_t size);

/*
 * Write SIZE bytes to PATH, readable for its owner alone: a new file takes the name when it is
 * complete. Refused if PATH exists and is not a regular file. 0, or -1 after a message that
 * calls it WHAT.
 */
int file_replace(const char *path, const char *what, const void *bytes, size_t size);

/* The next entry of DIR, without "." and ".."; NULL at its end, with errno 0, or on an error. */
const struct dirent *next_entry(DIR *dir);

/* Where this program keeps its state while an image is loaded. */
#define STATE_DIR	"run/kexec-kho"

/* ---- The root-directory handle ----------------------------------------- */

struct root {
	int fd;
	bool live;			/* "/" itself, not a captured tree */
};

/* 0, or -1 after a message. */
int root_init(struct root *root, const char *dir);

/* PATH is relative to the root ("proc/cmdline"). As open(2), errno set. */
int root_open(const struct root *root, const char *path, int flags);

/* As fopen(3) for reading; NULL with errno. */
FILE *root_fopen(const struct root *root, const char *path);

/* As opendir(3); NULL with errno. */
DIR *root_opendir(const struct root *root, const char *path);

/* Read at most CAP bytes of PATH. 0, or -errno; no message. */
int root_read(const struct root *root, const char *path, size_t cap, struct buffer *ret);

/*
 * All of PATH as text, malloc'ed, NUL-terminated and without its last newline; at most
 * 64 MiB. 0, or -errno; no message.
 */
int root_read_text(const struct root *root, const char *path, char **ret);

/* As root_read() for a line of text: NUL-terminated, newline removed. */
int root_read_line(const struct root *root, const char *path, char *line, size_t size);

/* As root_read() for one number, "0x" allowed. */
int root_read_u64(const struct root *root, const char *path, uint64_t *ret);

/*
 * For ERR, returned by one of the functions above: 0 if it is 0, or -1 after a message that
 * PATH cannot be read.
 */
int root_read_result(int err, const char *path);

/*
 * As root_read_text(), and passes each line to LINE, which may change it. LINE ends this with
 * a value other than 0, which is returned. -1 after a message if PATH cannot be read.
 */
int root_each_line(const struct root *root, const char *path, int (*line)(void *ctx, char *text),
		   void *ctx);

/*
 * Make STATE_DIR, and with MAKE_RUN also /run, which an initramfs need not have. 0, or -1 with
 * errno; a notice or message tells of /run.
 */
int state_make_dir(const struct root *root, bool make_run);

#endif
