/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ELF headers of the crashed kernel's memory, which a crash kernel shows as /proc/vmcore. Pure.
 * Their form is that of crash_prepare_elf64_headers() in kernel/crash_core.c: offsets in the file
 * are physical addresses.
 */
#ifndef KEXEC_CORE_HEADERS_H
#define KEXEC_CORE_HEADERS_H

#include "crash-memory.h"

/*
 * Make them for M: a note for each CPU and one for VMCOREINFO; then the kernel's own mapping, and
 * all RAM but what the crash kernel uses, which is what was set aside for it and the first MiB. 0
 * and *RET, which the caller frees, or -1 after a message.
 */
int core_headers_make(const struct crash_memory *m, struct buffer *ret);

#endif
