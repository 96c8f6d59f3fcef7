/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot-arch.h"
#include "crc32c.h"
#include "incoming.h"
#include "message.h"
#include "table.h"

#define SEGMENT_FILE	"sys/kernel/kho/in/segment"

static int read_payload(const struct incoming *in, uint64_t offset, void *buf, size_t size)
{
	return read_at(in->fd, buf, size, offset - in->skipped);
}

int incoming_read(const struct incoming *in, uint64_t addr, void *buf, size_t size)
{
	const struct kho_payload *p = &in->payload;

	if (addr < p->addr || addr - p->addr < in->skipped || addr - p->addr > p->size ||
	    size > p->size - (addr - p->addr))
		return -1;
	return read_payload(in, addr - p->addr, buf, size);
}

static bool inside(const struct kho_payload *p, uint64_t offset, uint64_t size)
{
	return offset >= sizeof(struct kho_setup_data) && offset <= p->size && size <= p->size - offset;
}

bool payload_valid(const struct kho_payload *p)
{
	return p->magic == KHO_PAYLOAD_MAGIC && p->version == KHO_FORMAT_VERSION &&
	       p->size <= UINT64_MAX - p->addr && p->item_count <= PAYLOAD_ITEMS_MAX &&
	       inside(p, p->item_offset, p->item_count * sizeof(struct kho_item)) &&
	       inside(p, p->table_offset, p->table_size) &&
	       memchr(p->from_release, 0, sizeof(p->from_release)) &&
	       memchr(p->abi, 0, sizeof(p->abi));
}

static int read_items(struct incoming *in)
{
	size_t size = in->payload.item_count * sizeof(*in->item);

	in->item = calloc(in->payload.item_count + 1, sizeof(*in->item));
	if (!in->item)
		return error("no memory for the incoming handover");
	if (read_payload(in, in->payload.item_offset, in->item, size))
		return error("cannot read the incoming handover's items");
	for (uint32_t i = 0; i < in->payload.item_count; i++)
		if (!memchr(in->item[i].name, 0, sizeof(in->item[i].name)))
			return error("the incoming handover's items are damaged");
	return 0;
}

static int read_headers(struct incoming *in)
{
	if (read_payload(in, sizeof(struct kho_setup_data), &in->payload, sizeof(in->payload)) ||
	    read_payload(in, KHO_REPORT_OFFSET, &in->report, sizeof(in->report)))
		return error("cannot read the incoming handover");
	if (in->report.magic != KHO_REPORT_MAGIC)
		return error("the incoming handover has no report: it was not loaded by this program "
			     "or is damaged");
	/* If purgatory has found damage, nothing that follows is certain. */
	if (!payload_valid(&in->payload)) {
		if (in->report.result != KHO_RESULT_MISMATCH)
			return error("the incoming handover's header is damaged");
		memset(&in->payload, 0, sizeof(in->payload));
	}
	return read_items(in);
}

/* For root alone; absent, or empty, if no payload was handed over. */
static bool open_segment(const struct root *root, struct incoming *in)
{
	char first;

	in->fd = root_open(root, SEGMENT_FILE, O_RDONLY);
	if (in->fd < 0)
		return false;
	if (!read_at(in->fd, &first, 1, 0))
		return true;
	close(in->fd);
	return false;
}

int incoming_open(const struct root *root, struct incoming *ret)
{
	struct incoming in = { 0 };
	int found = open_segment(root, &in) ? 1 : arch_open_payload(root, &in.fd, &in.skipped);

	if (found <= 0)
		return found;
	if (read_headers(&in)) {
		incoming_close(&in);
		return -1;
	}
	*ret = in;
	return 1;
}

void incoming_close(struct incoming *in)
{
	close(in->fd);
	free(in->item);
	in->item = NULL;
}

bool incoming_trusted(const struct incoming *in, const char *what)
{
	switch (in->report.result) {
	case KHO_RESULT_VERIFIED:
	case KHO_RESULT_SKIPPED:
		return true;
	case KHO_RESULT_MISMATCH:
		error("%s: the handover to this kernel was damaged and has been dropped; "
		      "'kexec --kho-status' says what did not match", what);
		return false;
	default:
		error("%s: this kernel was not started through kexec's purgatory, so what was handed "
		      "to it cannot be trusted", what);
		return false;
	}
}

const struct kho_item *incoming_find(const struct incoming *in, enum kho_item_kind kind,
				     const char *name)
{
	for (uint32_t i = 0; i < in->payload.item_count; i++)
		if (in->item[i].kind == kind && !strcmp(in->item[i].name, name))
			return &in->item[i];
	return NULL;
}

/* Do COUNT entries and DIGESTS digests fit into a table of SIZE bytes? */
static bool table_valid(const struct kho_table *t, uint64_t size)
{
	return t->magic == KHO_TABLE_MAGIC && t->version == KHO_FORMAT_VERSION &&
	       t->chunk_shift == KHO_CHUNK_SHIFT && t->algorithm == KHO_DIGEST_CRC32C &&
	       sizeof(*t) + (uint64_t)t->entry_count * sizeof(struct kho_entry) +
	       (uint64_t)t->digest_count * sizeof(uint32_t) <= size;
}

static int read_entry(const struct incoming *in, const struct kho_table *t, uint32_t index,
		      struct kho_entry *ret)
{
	uint64_t offset = in->payload.table_offset + sizeof(*t) + (uint64_t)index * sizeof(*ret);

	if (index >= t->entry_count || read_payload(in, offset, ret, sizeof(*ret)))
		return -1;
	ret->name[sizeof(ret->name) - 1] = '\0';
	return 0;
}

static int read_table(const struct incoming *in, struct kho_table *ret)
{
	if (in->payload.table_size < sizeof(*ret) ||
	    read_payload(in, in->payload.table_offset, ret, sizeof(*ret)) ||
	    !table_valid(ret, in->payload.table_size))
		return -1;
	return 0;
}

/*
 * The entry of the table that covers blob ITEM: the blob itself or, for an ABI that needs a
 * device tree, the FDT around it. 0, or -1.
 */
static int find_digests(const struct incoming *in, const struct kho_item *item,
			const struct kho_table *t, struct kho_entry *ret)
{
	for (uint32_t i = 0; !read_entry(in, t, i, ret); i++)
		if (item->addr >= ret->addr && item->addr - ret->addr <= ret->size &&
		    item->size <= ret->size - (item->addr - ret->addr) && !strcmp(ret->name, item->name))
			return 0;
	return -1;
}

/* Compare BUF, the memory of ENTRY, with its digests. 0, or -1 after a message. */
static int check_digests(const struct incoming *in, const struct kho_table *t,
			 const struct kho_entry *entry, const struct buffer *buf)
{
	uint64_t count = chunk_count(entry->size), offset;
	uint32_t *digest;
	int err = 0;

	if (entry->first_digest > t->digest_count || count > t->digest_count - entry->first_digest)
		return error("blob '%s': the verification table is damaged", entry->name);
	digest = calloc(2 * count + 1, sizeof(*digest));
	if (!digest)
		return error("no memory for blob '%s'", entry->name);
	offset = in->payload.table_offset + sizeof(*t) + (uint64_t)t->entry_count * sizeof(*entry) +
		 entry->first_digest * sizeof(uint32_t);
	crc32c_chunks(buf->data, buf->size, KHO_CHUNK_SHIFT, digest + count);
	if (read_payload(in, offset, digest, count * sizeof(*digest)))
		err = error("cannot read the digests of blob '%s'", entry->name);
	else if (memcmp(digest, digest + count, count * sizeof(*digest)))
		err = error("blob '%s' has been damaged since this kernel started", entry->name);
	free(digest);
	return err;
}

/* Read [addr, addr + size), which lies in the payload. 0, or -1 after a message. */
static int read_range(const struct incoming *in, const char *name, uint64_t addr, uint64_t size,
		      struct buffer *ret)
{
	uint64_t offset = addr - in->payload.addr;
	char last;

	if (addr < in->payload.addr || !inside(&in->payload, offset, size))
		return error("blob '%s' does not lie in the handover: it is damaged", name);
	/* Before memory is allocated: are there as many bytes as the item says? */
	if (size && read_payload(in, offset + size - 1, &last, 1))
		return errno == ENODATA ? error("the handover ends before blob '%s': it is damaged", name) :
					  error_errno("cannot read the end of blob '%s'", name);
	if (buffer_alloc(ret, size))
		return -1;
	if (!read_payload(in, offset, ret->data, size))
		return 0;
	buffer_free(ret);
	return error_errno("cannot read blob '%s'", name);
}

static int read_verified(const struct incoming *in, const struct kho_item *item, struct buffer *ret)
{
	struct kho_table t;
	struct kho_entry entry;

	if (read_table(in, &t) || find_digests(in, item, &t, &entry))
		return error("blob '%s' has no digest in the verification table", item->name);
	if (read_range(in, item->name, entry.addr, entry.size, ret))
		return -1;
	if (check_digests(in, &t, &entry, ret)) {
		buffer_free(ret);
		return -1;
	}
	memmove(ret->data, ret->data + (item->addr - entry.addr), item->size);
	ret->size = item->size;
	return 0;
}

int incoming_read_blob(const struct incoming *in, const struct kho_item *item, struct buffer *ret)
{
	if (item->size && in->report.result == KHO_RESULT_VERIFIED)
		return read_verified(in, item, ret);
	return read_range(in, item->name, item->addr, item->size, ret);
}

void incoming_entry_name(const struct incoming *in, uint32_t index, char *name)
{
	struct kho_table t;
	struct kho_entry e;

	strcpy(name, "?");
	if (!read_table(in, &t) && !read_entry(in, &t, index, &e))
		memcpy(name, e.name, sizeof(e.name));
}
