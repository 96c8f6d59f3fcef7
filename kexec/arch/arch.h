/* SPDX-License-Identifier: GPL-2.0-only */
/* Units, and the facts of the architecture that this is built for. */
#ifndef KEXEC_ARCH_H
#define KEXEC_ARCH_H

#define MIB		(1ull << 20)

/* For %llx and %llu. */
#define ULL(x)		((unsigned long long)(x))

#if defined(__x86_64__)
#include "x86_64.h"
#else
#error "kexec/arch has no facts of this architecture"
#endif

#endif
