/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts of x86_64 that placing and encoding share. */
#ifndef KEXEC_ARCH_H
#define KEXEC_ARCH_H

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1ull << PAGE_SHIFT)

#define MIB		(1ull << 20)

/* Below lie firmware's tables and the trampoline that starts the CPUs. */
#define LOW_MEMORY_END	MIB

/* ARCH_LOW_ADDRESS_LIMIT: what 32-bit devices and old kernels can reach. */
#define LIMIT_4G	(4ull << 30)

/* For %llx and %llu. */
#define ULL(x)		((unsigned long long)(x))

#endif
