/* SPDX-License-Identifier: GPL-2.0-only */
/* The headers of an ELF core with a machine's memory: /proc/kcore, and dumps. */
#ifndef KEXEC_ELF_CORE_H
#define KEXEC_ELF_CORE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

enum elf_core_error {
	ELF_CORE_OK = 0,
	ELF_CORE_SHORT,			/* it ends inside its ELF header */
	ELF_CORE_OTHER,			/* not ELF, or not a 64-bit little-endian core */
	ELF_CORE_SEGMENTS,		/* none, more than MAX, or of another size */
	ELF_CORE_CUT_OFF,		/* it ends before its program headers */
	ELF_CORE_NOMEM,
};

struct elf_core {
	Elf64_Phdr *segment;		/* malloc'ed; NULL after an error */
	uint64_t count;			/* as its header says, also after ELF_CORE_SEGMENTS and later */
	uint16_t segment_size;		/* bytes of a program header, likewise */
};

/* Read the headers of FD, which may have at most MAX segments. No message. */
enum elf_core_error elf_core_read(int fd, uint64_t max, struct elf_core *ret);

/*
 * Are SIZE bytes of a segment memory whose addresses, from ADDR on, do not wrap around, and
 * whose place can exist in a file?
 */
bool elf_core_holds(const Elf64_Phdr *segment, uint64_t addr, uint64_t size);

#endif
