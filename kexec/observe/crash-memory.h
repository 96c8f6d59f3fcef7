/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's memory as a crash kernel has to know it: what was set aside for that kernel,
 * what it is to dump, and where the notes about the crash will be.
 */
#ifndef KEXEC_CRASH_MEMORY_H
#define KEXEC_CRASH_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "files.h"
#include "kho.h"
#include "ranges.h"

#define CRASH_RESERVED_MAX	2	/* crashk_res and crashk_low_res, kernel/crash_reserve.c */
#define CRASH_CPUS_MAX		8192	/* CONFIG_NR_CPUS of x86_64 goes up to this */

struct crash_memory {
	/*
	 * "Crash kernel" of /proc/iomem, by address. The kernel loads into the last one only; one
	 * before it is for devices that reach no more than 4 GiB.
	 */
	struct kho_range reserved[CRASH_RESERVED_MAX];
	size_t reserved_count;
	struct ranges ram;		/* all that the running kernel has; merged */
	struct ranges cma;		/* of it: a crash kernel may use it, so it is not dumped; merged */
	struct kho_range *note;		/* where each CPU's registers will be; malloc'ed */
	size_t note_count;
	struct kho_range vmcoreinfo;
	struct kho_range text;		/* the running kernel's code and data */
	uint64_t text_virt;		/* where they are mapped */
	uint64_t direct_map;		/* where physical address 0 is mapped: PAGE_OFFSET */
};

/*
 * Read all of it below ROOT, for a kernel with CPUS possible CPUs. 0, or -1 after a message. Free
 * with crash_memory_free() in either case.
 */
int crash_memory_observe(const struct root *root, unsigned int cpus, struct crash_memory *ret);
void crash_memory_free(struct crash_memory *memory);

/*
 * Bytes that the kernel below ROOT wants for the headers of a dump, to write them again when CPUs or
 * memory change (--hotplug); not 0. 0, or -1 after a message.
 */
int crash_headers_size(const struct root *root, uint64_t *ret);

/* The memory that the kernel loads a crash kernel into. */
const struct kho_range *crash_memory_main(const struct crash_memory *memory);

/* The same alone, as the kernel below ROOT shows it: 1 and *RET, 0 if there is none, -1 after a message. */
int crash_reserved(const struct root *root, struct kho_range *ret);

#endif
