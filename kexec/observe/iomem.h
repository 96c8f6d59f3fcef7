/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/iomem: what the running kernel has where. Pure. */
#ifndef KEXEC_IOMEM_H
#define KEXEC_IOMEM_H

#include <stdbool.h>

#include "kho.h"

struct iomem_line {
	struct kho_range range;
	const char *name;		/* in the line */
	bool top;			/* of the first level, not part of another one */
};

/*
 * Read LINE. False if it names no range: without CAP_SYS_ADMIN the kernel shows all addresses
 * as 0.
 */
bool iomem_parse(const char *line, struct iomem_line *ret);

#endif
