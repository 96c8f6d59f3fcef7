/* SPDX-License-Identifier: GPL-2.0-only */
/* What a kernel tells crash dumps about itself, Documentation/admin-guide/kdump/vmcoreinfo.rst. */
#ifndef KEXEC_VMCOREINFO_H
#define KEXEC_VMCOREINFO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The text of the note VMCOREINFO among the ELF notes at OFFSET of FD, SIZE bytes;
 * malloc'ed. NULL if there is none, or no memory.
 */
char *vmcoreinfo_read(int fd, uint64_t offset, uint64_t size);

/* The number on the line that begins with KEY ("NUMBER(x)="), in BASE. */
bool vmcoreinfo_number(const char *info, const char *key, int base, uint64_t *ret);

#endif
