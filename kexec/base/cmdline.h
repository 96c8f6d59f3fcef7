/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel command lines. Pure: text in, text out. Lines are split and read as in the kernel's
 * next_arg() and parse_args(); doc/design.md, "The command line", has the rules.
 */
#ifndef KEXEC_CMDLINE_H
#define KEXEC_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kho.h"

/* A piece of a line, without a NUL of its own, so that it can have any length. */
struct text {
	const char *start;
	size_t len;
};

/* For "%.*s". */
#define TEXT(text)	(int)(text).len, (text).start

bool text_is(struct text text, const char *string);

/* The part of TEXT before the first of STOPS; all of it if there is none. */
struct text text_until(struct text text, const char *stops);

struct cmdline_param {
	struct text word;		/* as it stands in the line, with its quotes */
	struct text name;
	struct text value;		/* if has_value, which is also true for "NAME=" */
	bool has_value;
};

/*
 * The next parameter from *POS on; *POS moves to the word after it. False at the end of the
 * kernel's own part: the end of the line, or a word "--", and then *POS is after that word.
 */
bool cmdline_next(const char **pos, struct cmdline_param *ret);

/* Is this the parameter's name? '-' and '_' are the same. */
bool cmdline_is(const struct cmdline_param *param, const char *name);

/* The next parameter NAME from *POS on, and the last one of LINE; false if there is none. */
bool cmdline_find(const char **pos, const char *name, struct cmdline_param *ret);
bool cmdline_last(const char *line, const char *name, struct cmdline_param *ret);

/* How many words NAME=... LINE has. */
size_t cmdline_count(const char *line, const char *name);

/* Does the kernel's own part of LINE end inside double quotes? */
bool cmdline_open_quote(const char *line);

/* LINE without the parameters NAMES, NULL-terminated. malloc'ed; NULL without memory. */
char *cmdline_without(const char *line, const char *const *names);

/*
 * LINE with WORD at the end of the kernel's own part; frees LINE. LINE must not have an open
 * quote. malloc'ed or NULL.
 */
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

/*
 * The most memory that all crashkernel= in LINE can ask for: the sum of each SIZE, or of the
 * largest in RANGE:SIZE,...; 0 without one. CRASHKERNEL_MAX is more than any machine has.
 */
#define CRASHKERNEL_MAX	(1ull << 52)
uint64_t cmdline_crashkernel(const char *line);

/*
 * Does a trace instance of LINE, trace_instance=INSTANCE[^FLAG...]@WHERE[,EVENT...], lie in
 * REGION? WHERE is a region's name, or ADDRESS:SIZE.
 */
bool cmdline_traces_to(const char *line, const struct kho_region *region);

/* As kstrtobool() of the kernel: 1 on, 0 off, -1 neither. */
int text_switch(struct text text);

/* Switch NAME ("kho") of LINE: its last value that can be understood; -1 without one. */
int cmdline_switch(const char *line, const char *name);

#endif
