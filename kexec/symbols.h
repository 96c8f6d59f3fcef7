/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of the running kernel's symbols, from /proc/kallsyms. */
#ifndef KEXEC_SYMBOLS_H
#define KEXEC_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include "files.h"

struct symbol {
	const char *name;
	uint64_t addr;			/* 0: not there */
};

/*
 * Fill in the addresses of COUNT symbols in one pass. 0, or -1 after a message
 * if the file cannot be read or hides addresses; an absent symbol is no error.
 */
int symbols_find(const struct root *root, struct symbol *symbol, size_t count);

#endif
