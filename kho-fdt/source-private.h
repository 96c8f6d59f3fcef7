/* SPDX-License-Identifier: GPL-2.0-only */
/* What source.c and source-running.c share. */
#ifndef KHO_FDT_SOURCE_PRIVATE_H
#define KHO_FDT_SOURCE_PRIVATE_H

#include "source.h"

/* Read the root FDT at source->fdt_addr. 0, or -1 after a message. */
int source_read_fdt(struct source *source);

/* Read the scratch array of SIZE bytes at source->scratch_addr. 0, or -1 without a message. */
int source_read_scratch(struct source *source, uint64_t size);

int source_open_live(struct source *source, const char *sysroot);
int source_open_in(struct source *source, const char *sysroot);

#endif
