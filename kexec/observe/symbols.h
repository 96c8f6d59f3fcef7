/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of the running kernel's symbols, from /proc/kallsyms. */
#ifndef KEXEC_SYMBOLS_H
#define KEXEC_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files.h"

struct symbol {
	const char *name;
	uint64_t addr;			/* 0: not there, or hidden */
	bool listed;			/* by name, and its address may be hidden */
};

/*
 * Fill in the addresses of COUNT symbols in one pass; an absent symbol is no error. 0, or
 * -errno without a message. -EACCES: the file hides addresses, and only which symbols are
 * listed is known.
 */
int symbols_find(const struct root *root, struct symbol *symbol, size_t count);

#endif
