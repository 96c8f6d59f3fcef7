/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmdline.h"
#include "number.h"

bool cmdline_next(const char **pos, const char **word, int *len)
{
	const char *p = *pos;
	bool quoted = false;

	while (isspace((unsigned char)*p))
		p++;
	if (!*p)
		return false;
	*word = p;
	for (; *p && (quoted || !isspace((unsigned char)*p)); p++)
		if (*p == '"')
			quoted = !quoted;
	*len = (int)(p - *word);
	*pos = p;
	return true;
}

/* Behind the word "--" all is for init, not for the kernel. */
static bool ends_params(const char *word, int len)
{
	return len == 2 && !strncmp(word, "--", 2);
}

static bool next_param(const char **pos, const char **word, int *len)
{
	return cmdline_next(pos, word, len) && !ends_params(*word, *len);
}

/* '-' and '_' are the same in the name of a parameter, see parameqn() of the kernel. */
static bool same_name(const char *word, const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (word[i] != key[i] && !(word[i] == '-' && key[i] == '_'))
			return false;
	return true;
}

/* Without one pair of quotes around it; of the second one the kernel needs no sight. */
static const char *unquote(const char *text, int *len)
{
	if (*len && *text == '"') {
		text++;
		(*len)--;
		if (*len && text[*len - 1] == '"')
			(*len)--;
	}
	return text;
}

/* The value of WORD if it is "KEY=value" or "KEY", quoted or not; NULL otherwise. */
static const char *value_of(const char *word, int len, const char *key, int *value_len)
{
	size_t key_len = strlen(key);

	word = unquote(word, &len);
	if ((size_t)len < key_len || !same_name(word, key, key_len))
		return NULL;
	if ((size_t)len == key_len) {
		*value_len = 0;
		return word + key_len;
	}
	if (word[key_len] != '=')
		return NULL;
	*value_len = len - (int)key_len - 1;
	return unquote(word + key_len + 1, value_len);
}

/* The value of the next word "KEY=value" from *POS on, in VALUE; false at the end. */
static bool next_value(const char **pos, const char *key, char *value, size_t size)
{
	const char *word, *hit;
	int len, value_len;

	while (next_param(pos, &word, &len)) {
		hit = value_of(word, len, key, &value_len);
		if (!hit || (size_t)value_len >= size)
			continue;
		memcpy(value, hit, (size_t)value_len);
		value[value_len] = '\0';
		return true;
	}
	return false;
}

bool cmdline_get(const char *line, const char *key, char *value, size_t size)
{
	bool found = false;

	while (next_value(&line, key, value, size))
		found = true;
	return found;
}

static bool is_one_of(const char *word, int len, const char *const *keys)
{
	int value_len;

	for (; *keys; keys++)
		if (value_of(word, len, *keys, &value_len))
			return true;
	return false;
}

char *cmdline_without(const char *line, const char *const *keys)
{
	char *out = malloc(strlen(line) + 1), *end = out;
	const char *word;
	int len;

	if (!out)
		return NULL;
	while (cmdline_next(&line, &word, &len)) {
		if (is_one_of(word, len, keys))
			continue;
		if (end != out)
			*end++ = ' ';
		memcpy(end, word, (size_t)len);
		end += len;
	}
	*end = '\0';
	return out;
}

/* Length of the part of LINE that the kernel takes for its own. */
static size_t own_length(const char *line)
{
	const char *pos = line, *word;
	int len;

	while (cmdline_next(&pos, &word, &len))
		if (ends_params(word, len))
			return (size_t)(word - line);
	return strlen(line);
}

char *cmdline_append(char *line, const char *word)
{
	size_t own = own_length(line), size = strlen(line) + strlen(word) + 3;
	const char *before = own && *word && !isspace((unsigned char)line[own - 1]) ? " " : "";
	const char *behind = line[own] && *word ? " " : "";
	char *out = malloc(size);

	if (out)
		snprintf(out, size, "%.*s%s%s%s%s", (int)own, line, before, word, behind, line + own);
	free(line);
	return out;
}

/* Parse SIZE:ALIGN:NAME; false if it is not of this form. */
static bool parse_reserve_mem(const char *value, struct reserve_mem *ret, const char **name)
{
	const char *p;

	if (!parse_size(value, &p, &ret->size) || *p != ':')
		return false;
	if (!parse_size(p + 1, &p, &ret->align) || *p != ':')
		return false;
	*name = p + 1;
	return true;
}

enum reserve_mem_lookup cmdline_reserve_mem(const char *line, const char *name,
					    struct reserve_mem *ret)
{
	const char *found;
	char value[128];

	while (next_value(&line, "reserve_mem", value, sizeof(value))) {
		found = strrchr(value, ':');
		if (!found || strcmp(found + 1, name))
			continue;
		if (!parse_reserve_mem(value, ret, &found) || strcmp(found, name) || !ret->size ||
		    (ret->align & (ret->align - 1)))
			return RESERVE_MEM_BAD;
		if (!ret->align)
			ret->align = 1;
		return RESERVE_MEM_FOUND;
	}
	return RESERVE_MEM_ABSENT;
}

size_t cmdline_count(const char *line, const char *key)
{
	const char *word;
	size_t count = 0;
	int len, value_len;

	while (next_param(&line, &word, &len))
		count += value_of(word, len, key, &value_len) != NULL;
	return count;
}

bool cmdline_open_quote(const char *line)
{
	bool open = false;

	for (; *line; line++)
		open ^= *line == '"';
	return open;
}

static uint64_t largest_size(const char *value)
{
	const char *end;
	uint64_t size, most = 0;

	if (!strchr(value, ':'))
		return parse_size(value, &end, &size) ? size : 0;
	while ((value = strchr(value, ':')))
		if (parse_size(++value, &end, &size) && size > most)
			most = size;
	return most;
}

uint64_t cmdline_crashkernel(const char *line)
{
	char value[256];
	uint64_t total = 0;

	while (next_value(&line, "crashkernel", value, sizeof(value)))
		total += largest_size(value);
	return total;
}

bool cmdline_names_region(const char *line, const char *key, const char *name)
{
	char value[256];

	while (next_value(&line, key, value, sizeof(value))) {
		char *at = strchr(value, '@');

		if (!at)
			continue;
		at++;
		at[strcspn(at, ",")] = '\0';
		if (!strcmp(at, name))
			return true;
	}
	return false;
}

/* As the kernel's kstrtobool(): one letter decides, of "on" and "off" the second. */
int cmdline_switch(const char *line, const char *name)
{
	char value[16];

	if (!cmdline_get(line, name, value, sizeof(value)) || !value[0])
		return -1;
	if (strchr("eEyYtT1", value[0]))
		return 1;
	if (strchr("dDnNfF0", value[0]))
		return 0;
	if (strchr("oO", value[0]) && value[1] && strchr("nNfF", value[1]))
		return strchr("nN", value[1]) != NULL;
	return -1;
}

/* TEXT behind PREFIX, or NULL. */
static const char *behind_prefix(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? NULL : text + len;
}

static uint16_t port_of(const char *console)
{
	static const uint16_t standard[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	const char *port_text, *end;
	uint64_t port;

	if (!strncmp(console, "ttyS", 4) && console[4] >= '0' && console[4] <= '3' &&
	    (!console[5] || console[5] == ','))
		return standard[console[4] - '0'];
	port_text = behind_prefix(console, "uart8250,io,");
	if (!port_text)
		port_text = behind_prefix(console, "uart,io,");
	if (port_text && parse_size(port_text, &end, &port) && port && port <= 0xfff8)
		return (uint16_t)port;
	return 0;
}

uint16_t cmdline_serial_port(const char *line)
{
	uint16_t port, last = 0;
	char value[64];

	while (next_value(&line, "console", value, sizeof(value))) {
		port = port_of(value);
		if (port)
			last = port;
	}
	return last;
}
