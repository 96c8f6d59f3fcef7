/* SPDX-License-Identifier: GPL-2.0-only */
#include <endian.h>
#include <string.h>

#include "verify.h"
#include "arch.h"
#include "prebuilt-file.h"
#include "table.h"

/* include/uapi/linux/module_signature.h; scripts/sign-file appends it. */
#define SIGNATURE_MARK	"~Module signature appended~\n"
#define ID_TYPE_PKCS7	2

struct module_signature {
	uint8_t algo, hash, id_type, signer_len, key_id_len, pad[3];
	uint32_t sig_len;		/* big-endian */
};

_Static_assert(sizeof(struct module_signature) == 12, "module signature");

static const char *strip_signature(const unsigned char *p, size_t *size, bool *is_signed)
{
	const size_t mark = strlen(SIGNATURE_MARK), tail = mark + sizeof(struct module_signature);
	struct module_signature s;
	uint32_t len;

	*is_signed = *size >= mark && !memcmp(p + *size - mark, SIGNATURE_MARK, mark);
	if (!*is_signed)
		return NULL;
	if (*size < tail)
		return "its signature is cut off";
	memcpy(&s, p + *size - tail, sizeof(s));
	len = be32toh(s.sig_len);
	if (s.id_type != ID_TYPE_PKCS7 || !len || len > PREBUILT_SIGNATURE_MAX || len > *size - tail)
		return "its signature is not PKCS#7, the format of the kernel's scripts/sign-file";
	*size -= tail + len;
	return NULL;
}

static bool inside(const struct prebuilt_file *s, uint64_t offset, uint64_t size)
{
	return offset >= KHO_REPORT_OFFSET + sizeof(struct kho_report) && offset <= s->size &&
	       size <= s->size - offset;
}

/* Is [addr, addr + size) memory of the payload, after its headers? */
static bool holds(const struct prebuilt_file *s, uint64_t addr, uint64_t size)
{
	return addr >= s->payload->addr && inside(s, addr - s->payload->addr, size);
}

static const char *parse_header(const unsigned char *p, struct prebuilt_file *s)
{
	const struct kho_setup_data *header = (const void *)p;
	const struct kho_report *report = (const void *)(p + KHO_REPORT_OFFSET);

	s->payload = (const void *)(header + 1);
	if (s->size < KHO_REPORT_OFFSET + sizeof(*report) || header->type != KHO_SETUP_TYPE ||
	    s->payload->magic != KHO_PAYLOAD_MAGIC)
		return "it was not made by 'kexec --kho-save-segment'";
	if (s->payload->version != KHO_FORMAT_VERSION)
		return "it has another format version";
	if (s->size > PREBUILT_MAX)
		return "it is larger than 1 GiB, and the kernel takes no more";
	if (s->payload->size != s->size || header->len != s->size - sizeof(*header))
		return "it is cut off, or something other than a signature is appended to it";
	if (header->next || report->magic != KHO_REPORT_MAGIC || report->result != KHO_RESULT_NONE)
		return "its header is damaged";
	return NULL;
}

static const char *parse_payload(const unsigned char *p, struct prebuilt_file *s)
{
	const struct kho_payload *h = s->payload;

	if (!h->addr || h->addr & (PAGE_SIZE - 1) || h->size > UINT64_MAX - h->addr)
		return "its address is impossible";
	if (!memchr(h->from_release, 0, sizeof(h->from_release)) || !memchr(h->abi, 0, sizeof(h->abi)))
		return "its header is damaged";
	s->abi = kho_abi_from_name(h->abi);
	if (s->abi == KHO_ABI_UNKNOWN)
		return "this program does not know its ABI";
	if (h->item_count > PAYLOAD_ITEMS_MAX || h->item_offset % sizeof(uint64_t) ||
	    !inside(s, h->item_offset, h->item_count * sizeof(struct kho_item)))
		return "its items are outside of it";
	if (!h->scratch_count || h->scratch_offset % sizeof(uint64_t) ||
	    h->scratch_count > KHO_EARLY_MAP_MAX / sizeof(struct kho_range) ||
	    !inside(s, h->scratch_offset, h->scratch_count * sizeof(struct kho_range)))
		return "its scratch array is outside of it";
	s->item = (const void *)(p + h->item_offset);
	s->scratch = (const void *)(p + h->scratch_offset);
	return NULL;
}

static const char *check_item(const struct prebuilt_file *s, const struct kho_item *item)
{
	if (!memchr(item->name, 0, sizeof(item->name)) || !kho_node_name_valid(item->name))
		return "an item's name is damaged";
	if (item->size > UINT64_MAX - item->addr ||
	    item->flags & ~(KHO_ITEM_VERIFIED | KHO_ITEM_RESERVE))
		return "an item is damaged";
	if (item->flags & KHO_ITEM_RESERVE && item->kind != KHO_ITEM_REGION)
		return "an item is to be reserved, but is not a region";
	switch (item->kind) {
	case KHO_ITEM_REGION:
		return (item->addr | item->size) & (PAGE_SIZE - 1) || !item->size || !item->addr ||
		       strlen(item->name) >= KHO_REGION_NAME_MAX ? "a region is damaged" : NULL;
	case KHO_ITEM_BLOB:
		return holds(s, item->addr, item->size) ? NULL : "a blob is outside of it";
	case KHO_ITEM_NODE:
		return NULL;
	}
	return "an item has an unknown kind";
}

static const char *check_items(const struct prebuilt_file *s)
{
	uint32_t regions = 0;

	for (uint32_t i = 0; i < s->payload->item_count; i++) {
		const char *why = check_item(s, &s->item[i]);

		if (why)
			return why;
		regions += s->item[i].kind == KHO_ITEM_REGION;
	}
	return regions > KHO_REGIONS_MAX ? "it has more regions than a kernel revives" : NULL;
}

static const char *check_entries(const struct prebuilt_file *s)
{
	const struct kho_entry *entry = kho_table_entries(s->table);

	for (uint32_t i = 0; i < s->table->entry_count; i++) {
		if (entry[i].class != KHO_CLASS_STATE)
			return "its table has an entry that only the kernel may make";
		if (entry[i].flags & KHO_ENTRY_UNREADABLE)
			return "its table has an entry for unreadable memory";
		if (entry[i].flags & KHO_ENTRY_SEAL && holds(s, entry[i].addr, entry[i].size))
			return "its table seals a part of the segment, which the kernel refuses";
	}
	return NULL;
}

static const char *parse_table(const unsigned char *p, struct prebuilt_file *s)
{
	const struct kho_payload *h = s->payload;

	if (!h->table_size)
		return NULL;
	if (h->table_offset & (PAGE_SIZE - 1) || !inside(s, h->table_offset, h->table_size))
		return "its table is outside of it";
	s->table = (const void *)(p + h->table_offset);
	if (kho_table_check(s->table, h->table_size) || s->table->chunk_shift != KHO_CHUNK_SHIFT ||
	    kho_table_crc(s->table) != s->table->crc)
		return "its table is damaged";
	return check_entries(s);
}

static const char *parse_root(const unsigned char *p, struct prebuilt_file *s)
{
	uint64_t offset = s->payload->fdt_addr - s->payload->addr;
	size_t room;

	s->own_root = holds(s, s->payload->fdt_addr, 1);
	if (!s->own_root)
		return NULL;
	room = s->size - offset < KHO_EARLY_MAP_MAX ? s->size - offset : KHO_EARLY_MAP_MAX;
	if (offset & (PAGE_SIZE - 1) || kho_root_read(p + offset, room, &s->root) ||
	    s->root.abi != s->abi || s->root.incomplete)
		return "its root FDT is damaged";
	return NULL;
}

const char *prebuilt_parse(const void *bytes, size_t size, struct prebuilt_file *ret)
{
	static const char *(*const step[])(const unsigned char *p, struct prebuilt_file *s) = {
		parse_header, parse_payload, parse_table, parse_root,
	};
	const char *why;

	memset(ret, 0, sizeof(*ret));
	ret->size = size;
	why = strip_signature(bytes, &ret->size, &ret->is_signed);
	for (size_t i = 0; !why && i < sizeof(step) / sizeof(step[0]); i++)
		why = step[i](bytes, ret);
	return why ? why : check_items(ret);
}

const struct kho_entry *prebuilt_find_entry(const struct prebuilt_file *s, const struct kho_item *item)
{
	const struct kho_entry *entry = s->table ? kho_table_entries(s->table) : NULL;

	for (uint32_t i = 0; s->table && i < s->table->entry_count; i++)
		if (entry[i].addr == item->addr && entry[i].size == item->size &&
		    !strcmp(entry[i].name, item->name))
			return &entry[i];
	return NULL;
}

/* All nodes of the kernel are handed on unchanged, except memblock. */
static const char *check_nodes(const struct prebuilt_file *s, const struct kho_root *root)
{
	for (size_t i = 0; i < root->node_count; i++) {
		const struct kho_node *want = &root->node[i], *have = kho_root_find(&s->root, want->name);

		if (!have)
			return "the kernel has preserved more since it was made";
		if (have->addr == want->addr && have->size == want->size)
			continue;
		if (strcmp(want->name, KHO_NODE_MEMBLOCK) || !holds(s, have->addr, have->size))
			return "what the kernel preserves has changed since it was made";
	}
	for (size_t i = 0; i < s->root.node_count; i++)
		if (!holds(s, s->root.node[i].addr, s->root.node[i].size) &&
		    !kho_root_find(root, s->root.node[i].name))
			return "the kernel preserves less than when it was made";
	return NULL;
}

const char *prebuilt_check_running(const struct prebuilt_file *s, const struct kho_range *scratch,
				   size_t scratch_count, uint64_t fdt_addr, const struct kho_root *root)
{
	bool fits = false;

	if (s->payload->scratch_count != scratch_count ||
	    memcmp(s->scratch, scratch, scratch_count * sizeof(*scratch)))
		return "it was made for other scratch areas: on another machine, or in another "
		       "boot";
	for (size_t i = 0; i < scratch_count; i++)
		fits |= kho_ranges_cover(&scratch[i], 1, s->payload->addr, s->payload->size);
	if (!fits)
		return "it does not lie in one of the kernel's scratch areas";
	if (!s->own_root)
		return s->payload->fdt_addr == fdt_addr ? NULL :
		       "it was made for another boot: the kernel's root FDT is elsewhere";
	if (s->root.abi != root->abi || s->root.map != root->map)
		return "it was made for another boot: the kernel's map of preserved memory is elsewhere";
	return check_nodes(s, root);
}
