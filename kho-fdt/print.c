/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "tool.h"

/* A unit in which SIZE is a whole number, or at least 10. */
const char *size_text(uint64_t size, char buf[SIZE_TEXT])
{
	static const char *const unit[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int shift = 0;

	while (shift < 60 && size >> shift >= 1024 &&
	       (size >> shift >= 10240 || !(size & ((1ull << (shift + 10)) - 1))))
		shift += 10;
	if (size & ((1ull << shift) - 1))
		snprintf(buf, SIZE_TEXT, "%.1f %s", (double)size / (double)(1ull << shift),
			 unit[shift / 10]);
	else
		snprintf(buf, SIZE_TEXT, "%llu %s", ULL(size >> shift), unit[shift / 10]);
	return buf;
}

void print_text(FILE *out, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < size; i++)
		fputc(p[i] >= ' ' && p[i] < 0x7f ? p[i] : '.', out);
}

void print_hex(FILE *out, const void *bytes, size_t size, size_t max)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < size && i < max; i++)
		fprintf(out, "%s%02x", i ? " " : "", p[i]);
	if (size > max)
		fputs(" ...", out);
}

void json_add_u64(json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

/* Names in a dump may be any bytes, but JSON must be UTF-8. */
void json_add_text(json_object *o, const char *key, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	for (char *p = copy; p && *p; p++)
		if (*p & 0x80)
			*p = '?';
	json_object_object_add(o, key, copy ? json_object_new_string(copy) : NULL);
	free(copy);
}

void json_add_bool(json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

json_object *json_range(uint64_t addr, uint64_t size)
{
	json_object *o = json_object_new_object();

	json_add_u64(o, "addr", addr);
	json_add_u64(o, "size", size);
	return o;
}

void json_add_hex(json_object *o, const char *key, const void *bytes, size_t size, size_t max)
{
	size_t count = size < max ? size : max;
	char *text = malloc(2 * count + 1);
	const unsigned char *p = bytes;

	if (!text)
		return;
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		sprintf(text + 2 * i, "%02x", p[i]);
	json_add_text(o, key, text);
	free(text);
}

void json_finish(json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
						 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}
