// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for text: command lines, numbers and option values. The
 * first byte chooses, the others are the text; a command line and a word to
 * append are parted by the first NUL.
 */
#include <string.h>

#include "boot-arch.h"
#include "cmdline.h"
#include "fuzz.h"
#include "next-memory.h"
#include "number.h"
#include "request.h"

static void check_params(const char *line)
{
	const char *pos = line, *last = line, *end = line + strlen(line);
	struct cmdline_param param;

	while (cmdline_next(&pos, &param)) {
		must(param.word.len > 0 && param.word.start >= last);
		last = param.word.start + param.word.len;
		must(last <= pos && pos <= end);
		must(param.name.start >= param.word.start && param.name.start + param.name.len <= last);
		must(param.value.start >= param.name.start + param.name.len &&
		     param.value.start + param.value.len <= last);
		must(param.has_value || !param.value.len);
	}
	must(pos <= end);
}

static void check_lookups(const char *line)
{
	static const struct kho_region pool = { "pool", 1 << 20, 1 << 20 };
	struct reserve_mem mem;
	int on;

	if (cmdline_reserve_mem(line, "pool", &mem) == RESERVE_MEM_FOUND)
		must(mem.size && mem.align && !(mem.align & (mem.align - 1)));
	on = cmdline_switch(line, "kho");
	must(on >= -1 && on <= 1);
	must(cmdline_crashkernel(line) <= CRASHKERNEL_MAX);
	cmdline_traces_to(line, &pool);
	arch_serial_port(line);
}

static void check_memory(const char *line)
{
	static const struct memmap_entry map[] = { { 0, 1 << 20, E820_RESERVED },
						   { 1 << 20, 1 << 30, E820_RAM } };
	const struct kho_range range = { 512 << 20, 1 << 20 };
	static struct next_memory memory;
	struct cmdline_param param;
	bool found = false;

	next_memory_init(&memory, map, 2);
	while (next_memory_step(&memory, &line, &param)) {
		must(memory.count <= memory.room);
		found = true;
	}
	must(next_memory_is_ram(&memory, &range, false) <= next_memory_is_ram(&memory, &range, true));
	must(found || next_memory_is_ram(&memory, &range, false));
}

/* KEY is gone, and taking it away again changes nothing. */
static void check_without(const char *line)
{
	static const char *const keys[] = { "kho", "BOOT_IMAGE", NULL };
	char *once = cmdline_without(line, keys), *twice;
	struct cmdline_param param;

	must(once && strlen(once) <= strlen(line));
	must(!cmdline_last(once, "kho", &param));
	twice = cmdline_without(once, keys);
	must(twice && !strcmp(once, twice));
	free(once);
	free(twice);
}

/* An open quote swallows what follows it; otherwise the kernel sees the word. */
static void check_append(const char *line, const char *word)
{
	char *longer = cmdline_append(strdup(line), word);
	bool open = cmdline_open_quote(line);

	must(longer && strlen(longer) >= strlen(line) + strlen(word));
	free(longer);
	longer = cmdline_append(strdup(line), "kho=on");
	must(longer && (open || cmdline_switch(longer, "kho") == 1));
	free(longer);
}

static void fuzz_line(const char *text, size_t size)
{
	size_t len = strlen(text);

	check_params(text);
	check_lookups(text);
	check_memory(text);
	check_without(text);
	check_append(text, len < size ? text + len + 1 : "");
}

static void fuzz_number(const char *text, size_t size)
{
	uint64_t value, sized;
	const char *end;

	(void)size;
	if (parse_size(text, &end, &sized))
		must(end > text && end <= text + strlen(text));
	if (parse_u64(text, &value))
		must(parse_size(text, &end, &sized) && value == sized && !*end);
}

static void check_request(const struct request *rq)
{
	must(rq->region_count <= KHO_REGIONS_MAX && rq->blob_count <= BLOBS_MAX);
	for (size_t i = 0; i < rq->region_count; i++)
		must(kho_node_name_valid(rq->region[i].name) && rq->region[i].size &&
		     rq->region[i].addr + rq->region[i].size > rq->region[i].addr);
	for (size_t i = 0; i < rq->blob_count; i++)
		must(kho_node_name_valid(rq->blob[i].name) && rq->blob[i].path[0]);
	for (size_t i = 0; i < rq->verify.count; i++)
		must(rq->verify.name[i][0] && name_set_has(&rq->verify, rq->verify.name[i]) &&
		     !name_set_names(&rq->late, rq->verify.name[i]));
}

/* Options, one for each string; its first character says which. */
static void fuzz_request(const char *text, size_t size)
{
	static struct request rq;
	const char *end = text + size;

	for (; text < end; text += strlen(text) + 1) {
		switch (*text) {
		case 'r': request_add_region(&rq, text + 1); break;
		case 'b': request_add_blob(&rq, text + 1); break;
		case 'v': request_add_verify(&rq, text + 1); break;
		case 'c': request_add_carry(&rq, text[1] ? text + 1 : NULL); break;
		}
	}
	check_request(&rq);
	request_free(&rq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const target[])(const char *, size_t) = { fuzz_line, fuzz_number, fuzz_request };
	char *text;

	if (!size)
		return 0;
	text = calloc(1, size);
	must(text != NULL);
	memcpy(text, data + 1, size - 1);
	target[data[0] % 3](text, size - 1);
	free(text);
	return 0;
}
