/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts of x86_64 that placing and encoding share. */
#ifndef KEXEC_X86_64_H
#define KEXEC_X86_64_H

#include <stdbool.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1ull << PAGE_SHIFT)

/* Below lie firmware's tables and the trampoline that starts the CPUs. */
#define LOW_MEMORY_END	MIB

/* ARCH_LOW_ADDRESS_LIMIT: what 32-bit devices and old kernels can reach. */
#define LIMIT_4G	(4ull << 30)

/* Where kexec_file_load places an initrd: MIN_INITRD_LOAD_ADDR of kexec-bzimage64.c. */
#define INITRD_MIN	(16 * MIB)

/* What kexec_load is told, linux/kexec.h. */
#define KEXEC_ARCH_HERE	KEXEC_ARCH_X86_64

/* Of ELF core headers, elf.h. */
#define CORE_MACHINE	EM_X86_64

/* Where the kernel's code and data are mapped: __START_KERNEL_map of asm/page_64_types.h. */
#define KERNEL_MAP_START	0xffffffff80000000ull

/* Of the running kernel. */
struct machine_arch {
	bool la57;			/* runs with 5-level page tables */
	unsigned char boot_params[4096];
};

#endif
