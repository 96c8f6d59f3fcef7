/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
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

/* The value of WORD if it is "KEY=value" or "KEY"; NULL otherwise. */
static const char *value_of(const char *word, int len, const char *key, int *value_len)
{
	size_t key_len = strlen(key);

	if ((size_t)len < key_len || strncmp(word, key, key_len))
		return NULL;
	if ((size_t)len == key_len) {
		*value_len = 0;
		return word + key_len;
	}
	if (word[key_len] != '=')
		return NULL;
	*value_len = len - (int)key_len - 1;
	return word + key_len + 1;
}

bool cmdline_get(const char *line, const char *key, char *value, size_t size)
{
	const char *word, *hit;
	bool found = false;
	int len, value_len;

	while (cmdline_next(&line, &word, &len)) {
		hit = value_of(word, len, key, &value_len);
		if (!hit || (size_t)value_len >= size)
			continue;
		memcpy(value, hit, (size_t)value_len);
		value[value_len] = '\0';
		found = true;
	}
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

char *cmdline_append(char *line, const char *word)
{
	size_t len = strlen(line), more = strlen(word);
	char *out = realloc(line, len + more + 2);

	if (!out) {
		free(line);
		return NULL;
	}
	if (len && more)
		out[len++] = ' ';
	memcpy(out + len, word, more + 1);
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
	const char *word, *hit, *found;
	char value[128];
	int len, value_len;

	while (cmdline_next(&line, &word, &len)) {
		hit = value_of(word, len, "reserve_mem", &value_len);
		if (!hit || (size_t)value_len >= sizeof(value))
			continue;
		memcpy(value, hit, (size_t)value_len);
		value[value_len] = '\0';
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

int cmdline_kho(const char *line)
{
	static const char *const on[] = { "on", "1", "y", "yes", "t", "true", "" };
	static const char *const off[] = { "off", "0", "n", "no", "f", "false" };
	char value[16];

	if (!cmdline_get(line, "kho", value, sizeof(value)))
		return -1;
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		if (!strcasecmp(value, on[i]))
			return 1;
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (!strcasecmp(value, off[i]))
			return 0;
	return -1;
}

static uint16_t port_of(const char *console)
{
	static const uint16_t standard[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	const char *p, *end;
	uint64_t port;

	if (!strncmp(console, "ttyS", 4) && console[4] >= '0' && console[4] <= '3' &&
	    (!console[5] || console[5] == ','))
		return standard[console[4] - '0'];
	for (p = "uart8250,io,"; *p && *p == *console; p++)
		console++;
	if (!*p && parse_size(console, &end, &port) && port && port <= 0xfff8)
		return (uint16_t)port;
	return 0;
}

uint16_t cmdline_serial_port(const char *line)
{
	const char *word, *hit;
	uint16_t port, last = 0;
	char value[64];
	int len, value_len;

	while (cmdline_next(&line, &word, &len)) {
		hit = value_of(word, len, "console", &value_len);
		if (!hit || (size_t)value_len >= sizeof(value))
			continue;
		memcpy(value, hit, (size_t)value_len);
		value[value_len] = '\0';
		port = port_of(value);
		if (port)
			last = port;
	}
	return last;
}
