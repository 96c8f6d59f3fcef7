/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing a sparse ELF core: some pieces of physical memory. */
#ifndef KHO_FDT_CORE_H
#define KHO_FDT_CORE_H

#include <stddef.h>
#include <stdint.h>

#define CORE_PIECES_MAX	65534		/* a program header each; see PN_XNUM in elf(5) */

struct core_piece {
	uint64_t addr;
	const void *bytes;
	size_t size;
};

/* Write PIECES to a new file PATH. 0, or -1 after a message. */
int core_write(const char *path, const struct core_piece *piece, size_t count);

#endif
