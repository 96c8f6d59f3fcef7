/* SPDX-License-Identifier: GPL-2.0-only */
/* The kho-fdt command: verbs, their options, and common printing. */
#ifndef KHO_FDT_TOOL_H
#define KHO_FDT_TOOL_H

#include <json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "decoded.h"
#include "message.h"
#include "source.h"

/* Exit codes; the manual has a table of what each means for which verb. */
enum tool_exit {
	TOOL_OK = 0,
	TOOL_USAGE = 1,			/* wrong option or operand; nothing to do */
	TOOL_NO = 2,			/* a rule is broken, there are differences, not translatable */
	TOOL_UNCHECKED = 3,		/* check: no rule is broken, but the map was not checked */
	TOOL_TRANSLATED = 3,		/* preflight: readable after translation */
	TOOL_PARTLY = 4,		/* preflight: readable except for single nodes */
	TOOL_UNREADABLE = 5,		/* preflight: not readable at all */
	TOOL_FAILED = 255,		/* a file or memory cannot be read */
};

#define OPERANDS_MAX	2
#define SCRATCH_OPTIONS_MAX 64

struct tool_options {
	const char *sysroot;
	bool json, help;
	/* For files; --root and --form may be given once for each. */
	uint64_t root[OPERANDS_MAX];
	size_t root_count;
	enum kho_abi form[OPERANDS_MAX];
	size_t form_count;
	uint64_t ram_base;
	struct kho_range scratch[SCRATCH_OPTIONS_MAX];
	size_t scratch_count;
	/* For single verbs. */
	const char *to, *output, *svg, *kernel, *initrd;
	bool has_base, raw, all, abi_counts;
	uint64_t base, payload, ram, cpus, nodes;
	const char *operand[OPERANDS_MAX];
	size_t operand_count;
};

struct tool_verb {
	const char *name;
	int (*run)(const struct tool_options *options);
	size_t operands_min, operands_max;
	const char *options;		/* its long options, separated by spaces */
	const char *usage;		/* "show [live|in|FILE]" and the lines below it */
};

/*
 * Take ARGV, which begins with the verb's name. 0, or TOOL_USAGE after a message.
 */
int tool_options_parse(struct tool_options *options, const struct tool_verb *verb, int argc,
		       char **argv);

/* What the options say about operand INDEX; "live" if there is none. */
struct source_spec tool_source(const struct tool_options *options, size_t index);

/* A source and what was decoded from it. */
struct opened {
	struct source source;
	struct decoded decoded;
};

/*
 * Open and decode what operand INDEX names; WHOLE: with decoded_read_whole(). 0, or an exit
 * code after a message, and *RET is NULL. Release with tool_close(), which accepts NULL.
 */
int tool_open(const struct tool_options *options, size_t index, bool whole,
	      struct opened **ret);
void tool_close(struct opened *handover);

int cmd_show(const struct tool_options *options);
int cmd_map(const struct tool_options *options);
int cmd_check(const struct tool_options *options);
int cmd_translate(const struct tool_options *options);
int cmd_diff(const struct tool_options *options);
int cmd_get(const struct tool_options *options);
int cmd_preflight(const struct tool_options *options);
int cmd_scratch(const struct tool_options *options);

/* ---- Printing ------------------------------------------------------------- */

#define SIZE_TEXT	32

/* "4096 bytes", "136 KiB", "16 MiB", "1.5 GiB"; returns BUF. */
const char *size_text(uint64_t size, char buf[SIZE_TEXT]);

/* Bytes of a file or of memory, safe for a terminal: unprintable ones become '.'. */
void print_text(FILE *out, const void *bytes, size_t size);

/* At most MAX bytes in hexadecimal, and "..." if there are more. */
void print_hex(FILE *out, const void *bytes, size_t size, size_t max);

void json_add_u64(json_object *o, const char *key, uint64_t value);
void json_add_text(json_object *o, const char *key, const char *text);
void json_add_bool(json_object *o, const char *key, bool value);
/* {"addr": ..., "size": ...} */
json_object *json_range(uint64_t addr, uint64_t size);
/* At most MAX bytes in hexadecimal. */
void json_add_hex(json_object *o, const char *key, const void *bytes, size_t size, size_t max);
/* Print O on stdout, and free it. */
void json_finish(json_object *o);

#endif
