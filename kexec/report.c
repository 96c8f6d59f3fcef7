/* SPDX-License-Identifier: GPL-2.0-only */
#include <json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "incoming.h"
#include "message.h"
#include "report.h"
#include "table.h"

static const char *result_name(uint32_t result)
{
	switch (result) {
	case KHO_RESULT_VERIFIED:	return "verified";
	case KHO_RESULT_MISMATCH:	return "mismatch";
	case KHO_RESULT_SKIPPED:	return "not verified";
	case KHO_RESULT_NONE:		return "purgatory did not run";
	}
	return "unknown";
}

static const char *reaction_name(uint32_t reaction)
{
	switch (reaction) {
	case KHO_REACTION_NONE:		return "none";
	case KHO_REACTION_COLD:		return "handover dropped";
	case KHO_REACTION_RESET:	return "reset";
	}
	return "unknown";
}

static const char *kind_name(uint32_t kind)
{
	switch (kind) {
	case KHO_ITEM_REGION:	return "region";
	case KHO_ITEM_BLOB:	return "blob";
	case KHO_ITEM_NODE:	return "node";
	}
	return "unknown";
}

static void print_mismatch(const struct incoming *in)
{
	const struct kho_report *r = &in->report;
	char name[KHO_NAME_MAX];

	incoming_entry_name(in, r->bad_entry, name);
	printf("damaged:   '%s', chunk %u of %llu KiB: expected 0x%08x, found 0x%08x\n", name,
	       r->bad_chunk, 1ull << (KHO_CHUNK_SHIFT - 10), r->expected, r->actual);
	printf("reaction:  %s\n", reaction_name(r->reaction));
}

/* Whether ITEM was checked, and found good, on its way here. */
static bool item_verified(const struct incoming *in, const struct kho_item *item)
{
	return item->flags & KHO_ITEM_VERIFIED && in->report.result == KHO_RESULT_VERIFIED;
}

static void print_text(const struct incoming *in)
{
	const struct kho_report *r = &in->report;

	printf("from:      %s (handover %u of this chain, ABI %s)\n", in->payload.from_release,
	       in->payload.hop, in->payload.abi);
	printf("result:    %s\n", result_name(r->result));
	if (r->result == KHO_RESULT_MISMATCH)
		print_mismatch(in);
	printf("checked:   %u of %u ranges good, %llu bytes in %llu cycles\n", r->entries_good,
	       r->entries_good + r->entries_bad, ULL(r->bytes), ULL(r->cycles));
	for (uint32_t i = 0; i < in->payload.item_count; i++) {
		const struct kho_item *item = &in->item[i];

		printf("%-10s %-16s 0x%llx, %llu bytes, %s\n", kind_name(item->kind), item->name,
		       ULL(item->addr), ULL(item->size),
		       item_verified(in, item) ? "verified" : "not verified");
	}
}

static json_object *json_items(const struct incoming *in)
{
	json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < in->payload.item_count; i++) {
		const struct kho_item *item = &in->item[i];
		json_object *o = json_object_new_object();

		json_object_object_add(o, "kind", json_object_new_string(kind_name(item->kind)));
		json_object_object_add(o, "name", json_object_new_string(item->name));
		json_object_object_add(o, "addr", json_object_new_uint64(item->addr));
		json_object_object_add(o, "size", json_object_new_uint64(item->size));
		json_object_object_add(o, "verified",
				       json_object_new_boolean(item_verified(in, item)));
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *json_mismatch(const struct incoming *in)
{
	const struct kho_report *r = &in->report;
	json_object *o = json_object_new_object();
	char name[KHO_NAME_MAX];

	incoming_entry_name(in, r->bad_entry, name);
	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_object_add(o, "chunk", json_object_new_uint64(r->bad_chunk));
	json_object_object_add(o, "chunk_size", json_object_new_uint64(1ull << KHO_CHUNK_SHIFT));
	json_object_object_add(o, "expected", json_object_new_uint64(r->expected));
	json_object_object_add(o, "actual", json_object_new_uint64(r->actual));
	json_object_object_add(o, "reaction", json_object_new_string(reaction_name(r->reaction)));
	return o;
}

static void print_json(const struct incoming *in)
{
	const struct kho_report *r = &in->report;
	json_object *o = json_object_new_object();

	json_object_object_add(o, "from", json_object_new_string(in->payload.from_release));
	json_object_object_add(o, "hop", json_object_new_uint64(in->payload.hop));
	json_object_object_add(o, "abi", json_object_new_string(in->payload.abi));
	json_object_object_add(o, "result", json_object_new_string(result_name(r->result)));
	if (r->result == KHO_RESULT_MISMATCH)
		json_object_object_add(o, "damaged", json_mismatch(in));
	json_object_object_add(o, "ranges_good", json_object_new_uint64(r->entries_good));
	json_object_object_add(o, "ranges_bad", json_object_new_uint64(r->entries_bad));
	json_object_object_add(o, "bytes", json_object_new_uint64(r->bytes));
	json_object_object_add(o, "cycles", json_object_new_uint64(r->cycles));
	json_object_object_add(o, "items", json_items(in));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY));
	json_object_put(o);
}

/* As incoming_open(), but with an exit code and a message where there is nothing. */
static int open_incoming(const char *root_dir, struct incoming *ret)
{
	struct root root;
	int found;

	if (root_init(&root, root_dir))
		return EXIT_FAILED;
	found = incoming_open(&root, ret);
	close(root.fd);
	if (found > 0)
		return EXIT_OK;
	if (found < 0)
		return EXIT_FAILED;
	error("nothing was handed to this kernel by 'kexec --kho'");
	return EXIT_REFUSED;
}

int report_status(const char *root_dir, bool json)
{
	struct incoming in;
	int code = open_incoming(root_dir, &in);

	if (code != EXIT_OK)
		return code;
	if (json)
		print_json(&in);
	else
		print_text(&in);
	if (in.report.result == KHO_RESULT_MISMATCH)
		code = EXIT_DROPPED;
	incoming_close(&in);
	return code;
}

static int print_blob(const struct incoming *in, const char *name)
{
	const struct kho_item *item = incoming_find(in, KHO_ITEM_BLOB, name);
	struct buffer blob;
	size_t written;

	if (!item) {
		error("no blob '%s' was handed to this kernel; 'kexec --kho-status' lists them", name);
		return EXIT_REFUSED;
	}
	if (incoming_read_blob(in, item, &blob))
		return EXIT_FAILED;
	written = fwrite(blob.data, 1, blob.size, stdout);
	buffer_free(&blob);
	if (written == item->size)
		return EXIT_OK;
	error_errno("cannot write blob '%s'", name);
	return EXIT_FAILED;
}

int report_get(const char *root_dir, const char *name)
{
	struct incoming in;
	int code = open_incoming(root_dir, &in);

	if (code != EXIT_OK)
		return code;
	code = incoming_trusted(&in, "--kho-get") ? print_blob(&in, name) : EXIT_FAILED;
	incoming_close(&in);
	return code;
}
