// SPDX-License-Identifier: GPL-2.0-only
/* mem= and memmap= as arch/x86/kernel/e820.c applies them. */
#include <stdio.h>

#include "next-memory.h"
#include "unit.h"

#define MIB	(1ull << 20)

/* A machine of 1 GiB as QEMU describes it. */
static const struct memmap_entry firmware[] = {
	{ 0, 0x9fc00, E820_RAM },
	{ 0x9fc00, 0x400, E820_RESERVED },
	{ 0xf0000, 0x10000, E820_RESERVED },
	{ MIB, 1022 * MIB, E820_RAM },
	{ 1023 * MIB, MIB, E820_RESERVED },
};

static struct next_memory memory;

static void apply(const char *line)
{
	struct cmdline_param param;

	next_memory_init(&memory, firmware, ARRAY_SIZE(firmware));
	while (next_memory_step(&memory, &line, &param))
		;
}

static bool is_ram(const char *line, uint64_t addr, uint64_t size, bool set_aside)
{
	const struct kho_range range = { addr, size };

	apply(line);
	return next_memory_good(&memory) && next_memory_is_ram(&memory, &range, set_aside);
}

/* The 16 MiB from 600 MiB on. */
static void ram(void **state)
{
	static const char *const left[] = {
		"", "quiet", "mem=1G", "mem=616M", "mem=nopentium", "mem=0", "mem", "mem=", "mem=x",
		"mem=1G mem=700M", "-- mem=512M", "\"--\" mem=512M", "xmem=512M", "mem=\"616M\"",
		"memmap=616M", "memmap", "memmap=", "memmap=x", "memmap=1M$599M", "memmap=1M#616M",
		"memmap=512M@4G", "memmap=exactmap memmap=639K@0 memmap=1022M@1M",
		"memmap=exactmap,639K@0,1022M@1M", "mem=512M memmap=512M@512M",
		"memmap=512M,504M@512M", "memmap=16M%600M-2+3", "memmap=16M%600M-1+3x",
		"memmap=16M@600M", "memmap=16M%600M+1", "memmap=exactmap memmap=608M@0,608M@608M",
	};
	static const char *const taken[] = {
		"mem=512M", "mem=512M mem=2G", "mem=2G mem=512M", "mem=512M mem=nopentium", "mem=615M",
		"mem=512MB", "mem=512M,x", "memmap=512M", "memmap=0", "memmap=512M,1M$1M",
		"mem=\"512M\"", "\"mem=512M\"", "a\xa0mem=512M", "mem=01000000000",
		"memmap=exactmap", "memmap=exactmap memmap=639K@0 memmap=511M@1M",
		"memmap=exactmap memmap=1G@0", "memmap=exactmapped,639K@0,511M@1M",
		"memmap=1M#610M", "memmap=1M!610M", "memmap=4K$600M", "memmap=1M$1M,1M$615M",
		"memmap=16M%600M-1+2", "memmap=16M%600M-1+12", "memmap=16M%600M", "memmap=16M%600M-1",
		"memmap=16M%600M+12", "memmap=1M%4G-1+1", "memmap=16M%600M-1+1",
		"mem=99999999999999999999", "memmap=1M@99999999999999999999", "memmap=16E@4G",
		"memmap=1M%4G-99999999999+1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		if (!is_ram(left[i], 600 * MIB, 16 * MIB, false))
			fail_msg("taken by %s", left[i]);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		if (is_ram(taken[i], 600 * MIB, 16 * MIB, false))
			fail_msg("left by %s", taken[i]);
}

static void set_aside(void **state)
{
	(void)state;
	assert_true(is_ram("memmap=16M$600M", 600 * MIB, 16 * MIB, true));
	assert_true(is_ram("memmap=4K$604M", 600 * MIB, 16 * MIB, true));
	assert_false(is_ram("mem=512M memmap=16M$600M", 600 * MIB, 16 * MIB, true));
	assert_false(is_ram("memmap=16M!600M", 600 * MIB, 16 * MIB, true));
	assert_false(is_ram("memmap=16M%600M-1+2", 600 * MIB, 16 * MIB, true));
}

/* The kernel drops what its table has no room for; how much that is differs. */
static void many(void **state)
{
	char line[16 * 200] = "";

	(void)state;
	for (size_t i = 0; i < NEXT_MEMORY_ROOM - ARRAY_SIZE(firmware); i++)
		strcat(line, "memmap=4K$1M ");
	assert_true(is_ram(line, 600 * MIB, 16 * MIB, false));
	strcat(line, "memmap=4K$1M ");
	assert_false(is_ram(line, 600 * MIB, 16 * MIB, false));
}

/* ---- Against a map of bytes ---------------------------------------------- */

/* Types of 64 pages, one entry on top of the other as in the kernel's table. */
#define PAGES	64
#define DEPTH	64

struct layers {
	uint32_t type[DEPTH][PAGES];
	size_t count;
};

static void layer(struct layers *l, size_t first, size_t count, uint32_t type)
{
	for (size_t i = 0; i < count && first + i < PAGES; i++)
		l->type[l->count][first + i] = type;
	l->count++;
}

static void change(struct layers *l, size_t first, size_t end, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t page = first; page < end && page < PAGES; page++)
			if (l->type[i][page] && (!from || l->type[i][page] == from))
				l->type[i][page] = to;
}

static uint32_t type_at(const struct layers *l, size_t page)
{
	uint32_t most = 0;

	for (size_t i = 0; i < l->count; i++)
		if (l->type[i][page] > most)
			most = l->type[i][page];
	return most;
}

static void one_word(struct layers *l, uint32_t *seed, char *word, size_t size)
{
	static const uint32_t types[] = { E820_RAM, E820_RESERVED, E820_ACPI, E820_PRAM };
	uint32_t first = random_next(seed) % PAGES, count = random_next(seed) % PAGES;
	uint32_t from = random_next(seed) % 4, to = random_next(seed) % 4;

	switch (random_next(seed) % 6) {
	case 0:
		snprintf(word, size, "mem=%u%s ", count * 4, "K");
		if (count)
			change(l, count, PAGES, E820_RAM, 0);
		break;
	case 1:
		snprintf(word, size, "memmap=0x%x ", count * 4096);
		change(l, count, PAGES, E820_RAM, 0);
		break;
	case 2:
		if (from == to)
			from = 0;
		snprintf(word, size, "memmap=%uK%%%uK%s%.0u%s%.0u ", count * 4, first * 4,
			 from ? "-" : "", from, to ? "+" : "", to);
		if (to && !from)
			layer(l, first, count, to);
		else
			change(l, first, first + count, from, to);
		break;
	default:
		snprintf(word, size, "memmap=%uK%c%uK ", count * 4, "@$#!"[from], first * 4);
		layer(l, first, count, types[from]);
		break;
	}
}

static void against_pages(void **state)
{
	static const struct memmap_entry map[] = { { 0, PAGES * 4096, E820_RAM },
						   { 8 * 4096, 4096, E820_RESERVED } };
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct layers l = { .count = 0 };
		struct cmdline_param param;
		char line[512] = "";
		const char *pos = line;

		layer(&l, 0, PAGES, E820_RAM);
		layer(&l, 8, 1, E820_RESERVED);
		for (uint32_t words = random_next(&seed) % 6; words; words--)
			one_word(&l, &seed, line + strlen(line), 64);
		next_memory_init(&memory, map, ARRAY_SIZE(map));
		while (next_memory_step(&memory, &pos, &param))
			;
		for (size_t page = 0; page < PAGES; page++) {
			const struct kho_range range = { page * 4096, 4096 };

			if (next_memory_is_ram(&memory, &range, false) != (type_at(&l, page) == E820_RAM))
				fail_msg("page %zu after %s", page, line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ram),
		cmocka_unit_test(set_aside),
		cmocka_unit_test(many),
		cmocka_unit_test(against_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
