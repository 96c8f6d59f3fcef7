/* SPDX-License-Identifier: GPL-2.0-only */
/* The next kernel's command line. Pure: text in, text out. */
#ifndef KEXEC_CMDLINE_H
#define KEXEC_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The next word of *POS; false at the end. Words end at white space outside
 * double quotes, as the kernel cuts them. *LEN is the word's length.
 */
bool cmdline_next(const char **pos, const char **word, int *len);

/*
 * The value of the last "KEY=value" word in LINE ("" for a bare KEY), copied
 * to VALUE. Words whose value does not fit SIZE do not count; false if none is left.
 */
bool cmdline_get(const char *line, const char *key, char *value, size_t size);

/*
 * LINE without words "KEY=..." for the NULL-terminated KEYS. malloc'ed; NULL
 * if there is no memory.
 */
char *cmdline_without(const char *line, const char *const *keys);

/* LINE and WORD with a space between; frees LINE. malloc'ed or NULL. */
char *cmdline_append(char *line, const char *word);

/* reserve_mem=SIZE:ALIGN:NAME for one NAME. */
struct reserve_mem {
	uint64_t size;
	uint64_t align;
};

enum reserve_mem_lookup { RESERVE_MEM_ABSENT, RESERVE_MEM_FOUND, RESERVE_MEM_BAD };

/* What LINE reserves under NAME. */
enum reserve_mem_lookup cmdline_reserve_mem(const char *line, const char *name,
					    struct reserve_mem *ret);

/* Whether LINE ends inside double quotes. */
bool cmdline_open_quote(const char *line);

/* How many words KEY=... LINE has. */
size_t cmdline_count(const char *line, const char *key);

/*
 * The most memory that all crashkernel= in LINE can ask for: of each SIZE, or the
 * largest of RANGE:SIZE,...; 0 without one.
 */
uint64_t cmdline_crashkernel(const char *line);

/*
 * Whether a word KEY=VALUE in LINE has VALUE's part from '@' to the next comma
 * equal to NAME: trace_instance=INSTANCE@NAME,EVENT...
 */
bool cmdline_names_region(const char *line, const char *key, const char *name);

/* The value of switch NAME ("kho") in LINE: 1 on, 0 off, -1 absent or not understood. */
int cmdline_switch(const char *line, const char *name);

/* I/O port of the last console=ttySN or console=uart8250,io,PORT; 0 if none. */
uint16_t cmdline_serial_port(const char *line);

#endif
