/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "number.h"

/* ---- Cutting, as next_arg() of the kernel's lib/cmdline.c --------------------------------- */

/*
 * isspace() of the kernel's lib/ctype.c: also 0xa0, the no-break space of Latin-1, which is
 * a part of many characters in UTF-8.
 */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\xa0';
}

static const char *skip_spaces(const char *p)
{
	while (is_space(*p))
		p++;
	return p;
}

/*
 * The word begins at FIRST, after its first quote if it begins with one (QUOTED), and ends at
 * END.
 */
static void read_param(const char *first, const char *equals, const char *end, bool quoted,
		       struct cmdline_param *ret)
{
	const char *value = equals ? equals + 1 : end;

	ret->has_value = equals;
	if (equals && *value == '"') {
		quoted = true;
		value++;
	}
	if (quoted && end > first && end[-1] == '"')
		end--;
	ret->name = (struct text){ first, (size_t)((equals ? equals : end) - first) };
	ret->value = (struct text){ value, value < end ? (size_t)(end - value) : 0 };
}

/* "--" is a word like any other here. */
static bool next_word(const char **pos, struct cmdline_param *ret)
{
	const char *start = skip_spaces(*pos), *first, *p, *equals = NULL;
	bool quoted = *start == '"', open = quoted;

	*pos = start;
	if (!*start)
		return false;
	first = start + quoted;
	for (p = first; *p && (open || !is_space(*p)); p++) {
		/* The first character of a name can be '='. */
		if (*p == '=' && !equals && p > first)
			equals = p;
		if (*p == '"')
			open = !open;
	}
	ret->word = (struct text){ start, (size_t)(p - start) };
	read_param(first, equals, p, quoted, ret);
	*pos = skip_spaces(p);
	return true;
}

static bool ends_params(const struct cmdline_param *param)
{
	return !param->has_value && text_is(param->name, "--");
}

bool cmdline_next(const char **pos, struct cmdline_param *ret)
{
	return next_word(pos, ret) && !ends_params(ret);
}

/* Length of the kernel's own part of LINE. */
static size_t own_length(const char *line)
{
	const char *pos = line;
	struct cmdline_param param;

	while (next_word(&pos, &param))
		if (ends_params(&param))
			return (size_t)(param.word.start - line);
	return strlen(line);
}

bool cmdline_open_quote(const char *line)
{
	size_t len = own_length(line);
	bool open = false;

	for (size_t i = 0; i < len; i++)
		open ^= line[i] == '"';
	return open;
}

/* ---- Finding, as parameq() of the kernel's kernel/params.c --------------------------------- */

bool text_is(struct text text, const char *string)
{
	return text.len == strlen(string) && !memcmp(text.start, string, text.len);
}

static char dash_to_underscore(char c)
{
	return c == '-' ? '_' : c;
}

bool cmdline_is(const struct cmdline_param *param, const char *name)
{
	if (param->name.len != strlen(name))
		return false;
	for (size_t i = 0; i < param->name.len; i++)
		if (dash_to_underscore(param->name.start[i]) != dash_to_underscore(name[i]))
			return false;
	return true;
}

bool cmdline_find(const char **pos, const char *name, struct cmdline_param *ret)
{
	while (cmdline_next(pos, ret))
		if (cmdline_is(ret, name))
			return true;
	return false;
}

bool cmdline_last(const char *line, const char *name, struct cmdline_param *ret)
{
	struct cmdline_param param;
	bool found = false;

	while (cmdline_find(&line, name, &param)) {
		*ret = param;
		found = true;
	}
	return found;
}

size_t cmdline_count(const char *line, const char *name)
{
	struct cmdline_param param;
	size_t count = 0;

	while (cmdline_find(&line, name, &param))
		count += param.has_value;
	return count;
}

/* ---- Changing ---------------------------------------------------------------------------- */

static bool is_one_of(const struct cmdline_param *param, const char *const *names)
{
	for (; *names; names++)
		if (cmdline_is(param, *names))
			return true;
	return false;
}

char *cmdline_without(const char *line, const char *const *names)
{
	char *out = malloc(strlen(line) + 1), *end = out;
	struct cmdline_param param;
	const char *done = line;

	if (!out)
		return NULL;
	while (cmdline_next(&line, &param)) {
		if (!is_one_of(&param, names))
			end = mempcpy(end, done, (size_t)(line - done));
		done = line;
	}
	/* Everything from "--" on stays. */
	strcpy(end, done);
	return out;
}

char *cmdline_append(char *line, const char *word)
{
	size_t own = own_length(line), size = strlen(line) + strlen(word) + 3;
	const char *before = own && *word && line[own - 1] != ' ' ? " " : "";
	const char *behind = line[own] && *word ? " " : "";
	char *out = malloc(size);

	if (out)
		snprintf(out, size, "%.*s%s%s%s%s", (int)own, line, before, word, behind, line + own);
	free(line);
	return out;
}

/* ---- Values ------------------------------------------------------------------------------ */

/*
 * A piece of a line ends before a quote, white space or the line's end. None of these can be
 * part of a number, so reading a number stops there at the latest.
 */

static const char *text_end(struct text text)
{
	return text.start + text.len;
}

struct text text_until(struct text text, const char *stops)
{
	struct text head = { text.start, 0 };

	while (head.len < text.len && !strchr(stops, text.start[head.len]))
		head.len++;
	return head;
}

static struct text text_from(struct text text, const char *start)
{
	return (struct text){ start, (size_t)(text_end(text) - start) };
}

/* SIZE:ALIGN:NAME; false if it is not of this form. */
static bool parse_reserve_mem(struct text value, struct reserve_mem *ret, struct text *name)
{
	const char *p;

	if (!parse_size(value.start, &p, &ret->size) || *p != ':')
		return false;
	if (!parse_size(p + 1, &p, &ret->align) || *p != ':')
		return false;
	*name = text_from(value, p + 1);
	return true;
}

/* The user meant region NAME, whatever the rest says. */
static bool ends_in_name(struct text value, const char *name)
{
	const char *colon = memrchr(value.start, ':', value.len);

	return colon && text_is(text_from(value, colon + 1), name);
}

enum reserve_mem_lookup cmdline_reserve_mem(const char *line, const char *name,
					    struct reserve_mem *ret)
{
	struct cmdline_param param;
	struct text found;

	while (cmdline_find(&line, "reserve_mem", &param)) {
		if (!ends_in_name(param.value, name))
			continue;
		if (!parse_reserve_mem(param.value, ret, &found) || !text_is(found, name) ||
		    !ret->size || (ret->align & (ret->align - 1)))
			return RESERVE_MEM_BAD;
		if (!ret->align)
			ret->align = 1;
		return RESERVE_MEM_FOUND;
	}
	return RESERVE_MEM_ABSENT;
}

/* A number that is too large counts as the most there is. */
static uint64_t size_or_max(const char *text)
{
	const char *end;
	uint64_t size;

	if (*text < '0' || *text > '9')
		return 0;
	return parse_size(text, &end, &size) && size < CRASHKERNEL_MAX ? size : CRASHKERNEL_MAX;
}

static uint64_t largest_size(struct text value)
{
	const char *colon = memchr(value.start, ':', value.len);
	uint64_t size, most = 0;

	if (!colon)
		return size_or_max(value.start);
	for (; colon; colon = memchr(colon, ':', (size_t)(text_end(value) - colon))) {
		size = size_or_max(++colon);
		if (size > most)
			most = size;
	}
	return most;
}

uint64_t cmdline_crashkernel(const char *line)
{
	static const char key[] = "crashkernel=";
	uint64_t total = 0;

	/* The kernel looks for this anywhere in the line: kernel/crash_reserve.c. */
	while (total < CRASHKERNEL_MAX && (line = strstr(line, key))) {
		line += strlen(key);
		total += largest_size((struct text){ line, strcspn(line, " ") });
	}
	return total < CRASHKERNEL_MAX ? total : CRASHKERNEL_MAX;
}

/* ADDRESS:SIZE; what cannot be parsed may be anywhere. */
static bool may_overlap(const char *where, const struct kho_region *region)
{
	uint64_t addr, size;
	const char *end;

	if (!parse_size(where, &end, &addr))
		return true;
	if (*end != ':')
		return false;
	if (!parse_size(end + 1, &end, &size) || size > UINT64_MAX - addr)
		return true;
	return addr < region->addr + region->size && region->addr < addr + size;
}

static bool lies_in(struct text where, const struct kho_region *region)
{
	if (where.len && *where.start >= '0' && *where.start <= '9')
		return may_overlap(where.start, region);
	return text_is(where, region->name);
}

/* As enable_instances() of the kernel's kernel/trace/trace.c: a tab begins the next one. */
static bool instance_traces_to(struct text value, const struct kho_region *region)
{
	while (value.len) {
		struct text one = text_until(value, "\t"), head = text_until(one, ",=");
		const char *at = memchr(head.start, '@', head.len);

		if (at && lies_in(text_from(head, at + 1), region))
			return true;
		value = text_from(value, text_end(one) + (one.len < value.len));
	}
	return false;
}

bool cmdline_traces_to(const char *line, const struct kho_region *region)
{
	struct cmdline_param param;

	while (cmdline_find(&line, "trace_instance", &param))
		if (instance_traces_to(param.value, region))
			return true;
	return false;
}

static bool is_letter(struct text text, size_t at, const char *letters)
{
	return at < text.len && strchr(letters, text.start[at]);
}

/* One letter decides; for "on" and "off" it is the second. */
int text_switch(struct text text)
{
	if (is_letter(text, 0, "eEyYtT1"))
		return 1;
	if (is_letter(text, 0, "dDnNfF0"))
		return 0;
	if (is_letter(text, 0, "oO") && is_letter(text, 1, "nNfF"))
		return is_letter(text, 1, "nN");
	return -1;
}

int cmdline_switch(const char *line, const char *name)
{
	struct cmdline_param param;
	int value = -1;

	while (cmdline_find(&line, name, &param)) {
		int said = text_switch(param.value);

		if (said >= 0)
			value = said;
	}
	return value;
}
