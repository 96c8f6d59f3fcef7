/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "next-memory.h"
#include "number.h"

void next_memory_init(struct next_memory *m, const struct memmap_entry *map, size_t count)
{
	memcpy(m->entry, map, count * sizeof(*map));
	m->count = count;
	m->room = count > NEXT_MEMORY_ROOM ? count : NEXT_MEMORY_ROOM;
	m->untold = false;
}

static uint64_t entry_end(const struct memmap_entry *e)
{
	return e->addr + e->size;
}

static void add(struct next_memory *m, uint64_t addr, uint64_t size, uint32_t type)
{
	if (m->count == m->room || size > UINT64_MAX - addr)
		m->untold = true;
	else
		m->entry[m->count++] = (struct memmap_entry){ addr, size, type };
}

/* Of all entries of type FROM (0: any), the part in [ADDR, END) becomes TO (0: is removed). */
static void retype(struct next_memory *m, uint64_t addr, uint64_t end, uint32_t from, uint32_t to)
{
	size_t count = m->count;

	for (size_t i = 0; i < count; i++) {
		const struct memmap_entry old = m->entry[i];
		uint64_t low = old.addr > addr ? old.addr : addr;
		uint64_t high = entry_end(&old) < end ? entry_end(&old) : end;

		if (low >= high || (from && old.type != from))
			continue;
		m->entry[i].size = low - old.addr;
		if (high < entry_end(&old))
			add(m, high, entry_end(&old) - high, old.type);
		if (to)
			add(m, low, high - low, to);
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* As memparse(): 0 if there is no number, and *P stays. */
static uint64_t take_size(struct next_memory *m, const char **p)
{
	uint64_t size = 0;

	if (is_digit(**p) && !parse_size(*p, p, &size))
		m->untold = true;
	return size;
}

/* As simple_strtoull(), which has no suffixes. */
static uint32_t take_type(struct next_memory *m, const char **p)
{
	unsigned long long type;
	char *end;

	if (!is_digit(**p))
		return 0;
	type = strtoull(*p, &end, 0);
	*p = end;
	if (type > UINT32_MAX)
		m->untold = true;
	return (uint32_t)type;
}

static void limit(struct next_memory *m, uint64_t end)
{
	retype(m, end, UINT64_MAX, E820_RAM, 0);
}

/* SIZE%ADDR[-FROM][+TO], P at ADDR. */
static void change_type(struct next_memory *m, uint64_t size, const char *p, const char *end)
{
	uint64_t addr = take_size(m, &p), last = size > UINT64_MAX - addr ? UINT64_MAX : addr + size;
	uint32_t from = 0, to = 0;

	if (*p == '-') {
		p++;
		from = take_type(m, &p);
	}
	if (*p == '+') {
		p++;
		to = take_type(m, &p);
	}
	if (p != end)
		return;
	if (from && from == to)
		m->untold = true;	/* a BUG_ON() */
	else if (to && !from)
		add(m, addr, size, to);
	else
		retype(m, addr, last, from, to);
}

static uint32_t type_of(char sign)
{
	switch (sign) {
	case '@': return E820_RAM;
	case '#': return E820_ACPI;
	case '$': return E820_RESERVED;
	case '!': return E820_PRAM;
	default: return 0;
	}
}

/* One of the pieces of memmap= between commas. */
static void apply_memmap(struct next_memory *m, const char *start, const char *end)
{
	static const char exactmap[] = "exactmap";
	const char *p = start;
	uint64_t size;

	if (!strncmp(start, exactmap, strlen(exactmap))) {
		m->count = 0;
		return;
	}
	size = take_size(m, &p);
	if (p == start)
		return;
	if (p < end && type_of(*p)) {
		start = p++;
		add(m, take_size(m, &p), size, type_of(*start));
	} else if (p < end && *p == '%') {
		change_type(m, size, p + 1, end);
	} else {
		limit(m, size);
	}
}

static void apply_memmaps(struct next_memory *m, struct text value)
{
	const char *start = value.start, *end = start + value.len, *comma;

	for (; start < end; start = comma + 1) {
		comma = memchr(start, ',', (size_t)(end - start));
		if (!comma)
			comma = end;
		apply_memmap(m, start, comma);
	}
}

/* The kernel accepts no 0 here, unlike in memmap=. */
static void apply_mem(struct next_memory *m, struct text value)
{
	const char *p = value.start;
	uint64_t size = value.len ? take_size(m, &p) : 0;

	if (size)
		limit(m, size);
}

bool next_memory_step(struct next_memory *m, const char **pos, struct cmdline_param *ret)
{
	while (cmdline_next(pos, ret)) {
		if (!cmdline_is(ret, "mem") && !cmdline_is(ret, "memmap"))
			continue;
		if (cmdline_is(ret, "mem"))
			apply_mem(m, ret->value);
		else
			apply_memmaps(m, ret->value);
		return true;
	}
	return false;
}

bool next_memory_good(const struct next_memory *m)
{
	/* e820__update_table() rejects a map of one entry, and the kernel panics. */
	return !m->untold && m->count >= 2;
}

/* Where the RAM at ADDR ends; ADDR if there is none. */
static uint64_t ram_end(const struct next_memory *m, uint64_t addr)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entry[i].type == E820_RAM && addr >= m->entry[i].addr &&
		    addr < entry_end(&m->entry[i]))
			return entry_end(&m->entry[i]);
	return addr;
}

/* Where entries overlap, the highest type counts. */
static bool is_covered(const struct next_memory *m, const struct kho_range *range, bool set_aside)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct memmap_entry *e = &m->entry[i];

		if (e->type <= E820_RAM || (set_aside && e->type == E820_RESERVED))
			continue;
		if (e->addr < range->addr + range->size && range->addr < entry_end(e))
			return true;
	}
	return false;
}

bool next_memory_is_ram(const struct next_memory *m, const struct kho_range *range, bool set_aside)
{
	uint64_t pos = range->addr, end;

	while (pos < range->addr + range->size) {
		end = ram_end(m, pos);
		if (end == pos)
			return false;
		pos = end;
	}
	return !is_covered(m, range, set_aside);
}
