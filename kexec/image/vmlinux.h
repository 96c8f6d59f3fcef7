/* SPDX-License-Identifier: GPL-2.0-only */
/* The segments of a vmlinux. Pure. */
#ifndef KEXEC_VMLINUX_H
#define KEXEC_VMLINUX_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

/* Kernels have two to four segments, and a header for their notes. */
#define VMLINUX_HEADERS_MAX	16
#define VMLINUX_HEAD		(sizeof(Elf64_Ehdr) + VMLINUX_HEADERS_MAX * sizeof(Elf64_Phdr))

struct vmlinux_segment {
	uint64_t offset, end;		/* in the file */
	uint64_t addr, size;		/* physical, and bytes in memory */
	bool writable;			/* data, and everything that is freed after boot */
};

struct vmlinux {
	uint64_t entry;			/* physical */
	uint64_t end;			/* of the last byte in memory; segments without bytes in
					   the file count too */
	size_t count;
	struct vmlinux_segment segment[VMLINUX_HEADERS_MAX];
};

/*
 * Find the loaded segments, from the first SIZE bytes of a vmlinux: VMLINUX_HEAD bytes, unless
 * the whole file is shorter. They are in the order of the file, do not overlap, and none is
 * empty in the file. Their places in memory are not checked.
 *
 * IMAGE_ERR_TRUNCATED, or IMAGE_ERR_LAYOUT if this is no ELF file of x86_64, if its program
 * headers do not follow its ELF header, if they have the segments in another order, or if the
 * first segment, which is the kernel's code, is writable.
 */
enum image_error vmlinux_parse(const uint8_t *head, size_t size, struct vmlinux *ret);

#endif
