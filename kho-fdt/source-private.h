/* SPDX-License-Identifier: GPL-2.0-only */
/* What source.c and source-running.c share. */
#ifndef KHO_FDT_SOURCE_PRIVATE_H
#define KHO_FDT_SOURCE_PRIVATE_H

#include "source.h"

/* Read the root FDT at source->fdt_addr. 0, or -1 after a message. */
int source_read_fdt(struct source *source);

/* Read the scratch array of SIZE bytes at source->scratch_addr. 0, or -1 without a message. */
int source_read_scratch(struct source *source, uint64_t size);

/* Memory that setup_data keeps; SOURCE says so if there is no room to note it. */
void source_reserve(struct source *source, uint64_t addr, uint64_t size);

/* Regions among a payload's items that are in no map: SETUP_INDIRECT entries keep them. */
void source_reserve_items(struct source *source, const struct kho_item *item, size_t count);

int source_open_live(struct source *source, const char *sysroot);
int source_open_in(struct source *source, const char *sysroot);

#endif
