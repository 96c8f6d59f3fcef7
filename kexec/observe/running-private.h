/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of running.c share. Each returns 0, or -1 after a message, unless it says more. */
#ifndef KEXEC_RUNNING_PRIVATE_H
#define KEXEC_RUNNING_PRIVATE_H

#include "running.h"
#include "symbols.h"

enum running_symbol { SYM_KHO_OUT, SYM_KHO_ENABLE, SYM_SCRATCH, SYM_SCRATCH_COUNT, SYM_POPULATE, SYM_PRESERVE_PAGES,
       SYM_NOTIFIER, SYM_IMAGE, SYM_TABLE, SYM_TABLE_COUNT, SYM_BOOTMEM, SYM_BOOTMEM_COUNT, SYM_COUNT };

extern const struct symbol running_symbols[SYM_COUNT];

int running_find_symbols(const struct root *root, struct symbol *symbol);
int running_read_symbol(const struct kcore *kcore, const struct symbol *symbol, void *buf, size_t size);

/* Is KHO on? */
int running_read_enabled(const struct root *root, const struct kcore *kcore, const struct symbol *symbol,
			 bool *ret);

/* Since 7.4 scratch has another name: use that symbol in the place of the older one. */
enum scratch_name running_take_scratch_name(struct symbol *symbol);
int running_read_scratch(const struct root *root, const struct kcore *kcore,
			 const struct symbol *symbol, struct running *running);

/* 6.16 to 6.18 make the root FDT when they finalize, and debugfs shows all of it. */
int running_read_root_debugfs(const struct root *root, struct running *running);

/*
 * From 6.19 on it is in memory from the start; finalizing, where it exists, adds the map's
 * address.
 */
int running_read_root_live(const struct root *root, const struct kcore *kcore,
			   const struct symbol *symbol, struct running *running);

/* In an ABI without sizes a node is as long as the FDT that it must be. */
int running_read_sizes(struct kcore *kcore, struct running *running);

/* "kho-v1" is two formats. KHO_ABI_UNKNOWN: only this kernel's map tells which one it is. */
enum kho_abi running_v1_form(const struct machine *machine, const struct symbol *symbol);
int running_find_form(const struct machine *machine, struct kcore *kcore, const struct symbol *symbol,
		      struct running *running);

int running_read_map(const struct machine *machine, struct kcore *kcore, struct running *running);

/* Apart from the root FDT's page, nothing is preserved but the regions and the nodes' pages. */
bool running_only_notifiers(const struct running *running);

int running_read_regions_kho(const struct kcore *kcore, struct running *running);
int running_read_regions_table(const struct kcore *kcore, const struct symbol *symbol,
			       struct running *running);

/* Without KHO: does the command line ask for regions of which the table has none? */
int running_check_unlisted(const struct machine *machine, const struct running *running);

#endif
