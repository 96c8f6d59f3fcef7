/* SPDX-License-Identifier: GPL-2.0-only */
#include <json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "incoming.h"
#include "message.h"
#include "report.h"
#include "running.h"
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
	if (r->expected == r->actual)
		printf("damaged:   '%s': the kernel before could not read it\n", name);
	else
		printf("damaged:   '%s', chunk %u of %llu KiB: expected 0x%08x, found 0x%08x\n", name,
		       r->bad_chunk, 1ull << (KHO_CHUNK_SHIFT - 10), r->expected, r->actual);
	printf("reaction:  %s\n", reaction_name(r->reaction));
}

/* The report, and what this kernel has made of it. */
struct status {
	struct incoming in;
	bool regions_known;		/* this kernel's own regions: */
	struct kho_region region[KHO_REGIONS_MAX];
	size_t region_count;
};

/* Was ITEM checked, and found good, on its way here? */
static bool item_verified(const struct status *s, const struct kho_item *item)
{
	return item->flags & KHO_ITEM_VERIFIED && s->in.report.result == KHO_RESULT_VERIFIED;
}

/* Does this kernel have ITEM's region under its name and at its address? */
static bool item_revived(const struct status *s, const struct kho_item *item)
{
	for (size_t i = 0; i < s->region_count; i++)
		if (!strcmp(s->region[i].name, item->name))
			return s->region[i].addr == item->addr && s->region[i].size == item->size;
	return false;
}

/* A region counts as lost if it is unknown whether it is there. */
static bool item_lost(const struct status *s, const struct kho_item *item)
{
	return item->kind == KHO_ITEM_REGION && !(s->regions_known && item_revived(s, item));
}

static bool has_region(const struct status *s)
{
	for (uint32_t i = 0; i < s->in.payload.item_count; i++)
		if (s->in.item[i].kind == KHO_ITEM_REGION)
			return true;
	return false;
}

static bool anything_lost(const struct status *s)
{
	const struct incoming *in = &s->in;

	if (in->report.result != KHO_RESULT_VERIFIED && in->report.result != KHO_RESULT_SKIPPED)
		return true;
	for (uint32_t i = 0; i < in->payload.item_count; i++)
		if (item_lost(s, &in->item[i]))
			return true;
	return false;
}

static const char *revived_text(const struct status *s, const struct kho_item *item)
{
	if (item->kind != KHO_ITEM_REGION)
		return "";
	if (!s->regions_known)
		return ", NOT KNOWN whether revived";
	return item_revived(s, item) ? ", revived" : ", NOT REVIVED: this kernel has not taken it";
}

static void print_text(const struct status *s)
{
	const struct incoming *in = &s->in;
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

		printf("%-10s %-16s 0x%llx, %llu bytes, %s%s\n", kind_name(item->kind), item->name,
		       ULL(item->addr), ULL(item->size),
		       item_verified(s, item) ? "verified" : "not verified",
		       revived_text(s, item));
	}
}

static json_object *json_items(const struct status *s)
{
	const struct incoming *in = &s->in;
	json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < in->payload.item_count; i++) {
		const struct kho_item *item = &in->item[i];
		json_object *o = json_object_new_object();

		json_object_object_add(o, "kind", json_object_new_string(kind_name(item->kind)));
		json_object_object_add(o, "name", json_object_new_string(item->name));
		json_object_object_add(o, "addr", json_object_new_uint64(item->addr));
		json_object_object_add(o, "size", json_object_new_uint64(item->size));
		json_object_object_add(o, "verified",
				       json_object_new_boolean(item_verified(s, item)));
		if (item->kind == KHO_ITEM_REGION && s->regions_known)
			json_object_object_add(o, "revived",
					       json_object_new_boolean(item_revived(s, item)));
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
	json_object_object_add(o, "unreadable", json_object_new_boolean(r->expected == r->actual));
	json_object_object_add(o, "reaction", json_object_new_string(reaction_name(r->reaction)));
	return o;
}

static void print_json(const struct status *s)
{
	const struct incoming *in = &s->in;
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
	json_object_object_add(o, "items", json_items(s));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY));
	json_object_put(o);
}

/* As incoming_open(), but with an exit code, and a message if there is nothing. */
static int open_incoming(const struct root *root, struct incoming *ret)
{
	int found = incoming_open(root, ret);

	if (found > 0)
		return EXIT_OK;
	if (found < 0)
		return EXIT_FAILED;
	error("nothing was handed to this kernel by 'kexec --kho'");
	return EXIT_REFUSED;
}

int report_status(const char *root_dir, bool json)
{
	struct status s = { 0 };
	struct root root;
	int code;

	if (root_init(&root, root_dir))
		return EXIT_FAILED;
	code = open_incoming(&root, &s.in);
	if (code == EXIT_OK) {
		s.regions_known = !running_regions(&root, s.region, &s.region_count);
		if (!s.regions_known && has_region(&s))
			error("cannot tell whether this kernel has taken the regions: run as root, with "
			      "CONFIG_KALLSYMS_ALL and kernel.kptr_restrict below 2");
		if (json)
			print_json(&s);
		else
			print_text(&s);
		if (anything_lost(&s))
			code = EXIT_DROPPED;
		incoming_close(&s.in);
	}
	close(root.fd);
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
	struct root root;
	int code;

	if (root_init(&root, root_dir))
		return EXIT_FAILED;
	code = open_incoming(&root, &in);
	close(root.fd);
	if (code != EXIT_OK)
		return code;
	if (in.report.result == KHO_RESULT_SKIPPED)
		notice("blob '%s' has not been verified: the handover was loaded with --no-checks", name);
	code = incoming_trusted(&in, "--kho-get") ? print_blob(&in, name) : EXIT_FAILED;
	incoming_close(&in);
	return code;
}
