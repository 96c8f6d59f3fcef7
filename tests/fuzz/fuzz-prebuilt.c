// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for prebuilt handovers, read back (--kho-segment). What is taken must be
 * safe to use: every pointer and every index within the bytes. Seeds: "test-prebuilt
 * --write-corpus DIR".
 */
#include <string.h>

#include "fuzz.h"
#include "prebuilt-file.h"
#include "verify.h"

static const unsigned char *start, *end;

static void must_hold(const void *part, size_t size)
{
	const unsigned char *p = part;

	must(p >= start && p <= end && size <= (size_t)(end - p));
}

static void use_items(const struct prebuilt_file *s)
{
	uint32_t regions = 0;

	must_hold(s->item, s->payload->item_count * sizeof(*s->item));
	for (uint32_t i = 0; i < s->payload->item_count; i++) {
		const struct kho_item *item = &s->item[i];
		const struct kho_entry *entry = prebuilt_find_entry(s, item);

		must(strnlen(item->name, KHO_NAME_MAX) < KHO_NAME_MAX);
		regions += item->kind == KHO_ITEM_REGION;
		if (item->kind == KHO_ITEM_REGION)
			must(strlen(item->name) < KHO_REGION_NAME_MAX);
		if (item->kind == KHO_ITEM_BLOB)
			must_hold(start + (item->addr - s->payload->addr), item->size);
		if (entry)
			must_hold(kho_table_digests(s->table) + entry->first_digest,
				  kho_entry_chunks(s->table, entry) * sizeof(uint32_t));
	}
	must(regions <= KHO_REGIONS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As file_read() leaves it: aligned, and not a byte longer. */
	unsigned char *bytes = malloc(size ? size : 1);
	struct prebuilt_file s;

	must(bytes != NULL);
	memcpy(bytes, data, size);
	if (!prebuilt_parse(bytes, size, &s)) {
		start = bytes;
		end = bytes + s.size;
		must(s.size <= size);
		must_hold(s.payload, sizeof(*s.payload));
		must_hold(s.scratch, s.payload->scratch_count * sizeof(*s.scratch));
		use_items(&s);
		prebuilt_check_running(&s, s.scratch, s.payload->scratch_count, s.payload->fdt_addr,
				      &s.root);
	}
	free(bytes);
	return 0;
}
