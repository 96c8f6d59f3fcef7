// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "dumps.h"
#include "unit.h"

static int patched(const struct opened_dump *d, uint64_t addr, unsigned char *byte)
{
	for (size_t i = d->patches; i-- > 0;) {
		if (addr < d->patch[i].addr || addr - d->patch[i].addr >= d->patch[i].size)
			continue;
		*byte = d->patch[i].bytes[(addr - d->patch[i].addr) % 4096];
		return d->patch[i].hole ? -1 : 1;
	}
	return 0;
}

static int read_patched(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct opened_dump *d = ctx;
	unsigned char *p = buf;

	for (size_t i = 0; i < size; i++) {
		int found = patched(d, addr + i, &p[i]);

		if (found < 0 || (!found && d->memory.read(d->memory.ctx, addr + i, &p[i], 1)))
			return -1;
	}
	return 0;
}

struct opened_dump *dump_source_path(const char *path)
{
	struct opened_dump *d = must_calloc(sizeof(*d));
	struct source_spec spec = { .name = d->path };

	snprintf(d->path, sizeof(d->path), "%s", path);
	assert_int_equal(source_open(&spec, &d->source), 0);
	d->memory = d->source.mem;
	d->source.mem = (struct kho_mem){ read_patched, d };
	return d;
}

struct opened_dump *dump_source(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/data/dumps/%s.elf", srcdir ? srcdir : ".", name);
	return dump_source_path(path);
}

void dump_patch(struct opened_dump *d, uint64_t addr, const void *bytes, size_t size)
{
	assert_true(d->patches < DUMP_PATCHES && size <= sizeof(d->patch[0].bytes));
	d->patch[d->patches].addr = addr;
	d->patch[d->patches].size = size;
	memcpy(d->patch[d->patches++].bytes, bytes, size);
}

void dump_hole(struct opened_dump *d, uint64_t addr, size_t size)
{
	assert_true(d->patches < DUMP_PATCHES);
	d->patch[d->patches].addr = addr;
	d->patch[d->patches].size = size;
	d->patch[d->patches++].hole = true;
}

struct decoded *dump_decoded(struct opened_dump *d)
{
	assert_int_equal(decoded_read(&d->source, &d->decoded), 0);
	return &d->decoded;
}

void dump_done(struct opened_dump *d)
{
	decoded_free(&d->decoded);
	d->source.mem = d->memory;
	source_close(&d->source);
	free(d);
}
