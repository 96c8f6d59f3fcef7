/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files with physical memory: ELF cores (QEMU's dump-guest-memory, /proc/vmcore, sparse ones
 * of a few pages) and raw images of RAM; or a bare root FDT. None of it is trusted.
 */
#ifndef KHO_FDT_DUMP_H
#define KHO_FDT_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dump_kind {
	DUMP_CORE,			/* ELF core: addresses from its program headers */
	DUMP_RAW,			/* RAM from an address on, byte for byte */
	DUMP_FDT,			/* a device tree blob: no memory behind it */
};

#define DUMP_SEGMENTS_MAX	(1u << 18)	/* most program headers that are read */

struct dump_extent {
	uint64_t addr;
	uint64_t size;
	uint64_t offset;		/* in the file */
	uint64_t stored;		/* bytes in the file; the bytes after them are zero */
};

struct dump {
	int fd;
	enum dump_kind kind;
	struct dump_extent *extent;	/* malloc'ed; by address, without overlaps */
	size_t count;
	uint64_t bytes;			/* of all extents */
	bool cut_off;			/* headers name bytes after the end of the file */
};

/*
 * Open PATH. Where a segment ends inside a page, the rest of the page is zero and left out;
 * whole pages that are left out do not exist. RAW_BASE: address of the first byte of a raw
 * image. If segments overlap, the one that begins first, or is first in the file, counts. 0,
 * or -1 after a message. Release with dump_close().
 */
int dump_open(const char *path, uint64_t raw_base, struct dump *ret);
void dump_close(struct dump *dump);

/* Copy memory; 0, or -1 without a message if any of it is not in the file. */
int dump_read(const struct dump *dump, uint64_t addr, void *buf, size_t size);

#endif
