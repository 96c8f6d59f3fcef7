/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "message.h"
#include "payload.h"

#define TABLE_OFFSET	PAGE_SIZE
#define FDT_PAGES	4		/* root FDT of ours: 64 nodes fit */
/*
 * The pages of a root FDT for v1, order 0 each, can need this many pages more in
 * the map: two bitmaps, and a chunk to list them.
 */
#define FDT_MAP_PAGES	3
/*
 * Kept for the running kernel's map while its size is unknown. The regions of a machine of 1
 * TiB, and the memory of its guests in huge pages, need less.
 */
#define MAP_ROOM	(1 * MIB)

static uint64_t page_up(uint64_t size)
{
	return (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

_Static_assert(KHO_REGIONS_MAX + BLOBS_MAX + KHO_ROOT_NODES_MAX <= PAYLOAD_ITEMS_MAX,
	       "a payload that no reader takes");

static size_t item_count(const struct handover *h)
{
	return h->region_count + h->blob_count + h->node_count;
}

/*
 * Kernels of v1 release the root FDT's page as preserved memory (kho_restore_folio() in their
 * kho_mem_init()), so it must be preserved. For the others it is enough that setup_data keeps
 * it.
 */
static bool fdt_is_preserved(const struct handover *h)
{
	return !kho_abi_radix(h->to.abi);
}

static int map_size(const struct handover *h, uint64_t *ret)
{
	int err = kho_map_size(&h->blocks.map, h->to.abi, ret);

	if (!err && fdt_is_preserved(h))
		*ret += FDT_MAP_PAGES * PAGE_SIZE;
	if (!err && h->running.map_pending)
		*ret += MAP_ROOM;
	return err ? error("map of preserved memory: %s", kho_strerror(err)) : 0;
}

/* Take SIZE bytes, in whole pages, from *END; returns their offset. */
static uint64_t take(uint64_t *end, uint64_t size)
{
	uint64_t offset = *end;

	*end += page_up(size ? size : 1);
	return offset;
}

/* 7.1 and later expect it; a kernel's own is handed on unchanged. */
static bool makes_metadata(const struct handover *h)
{
	return h->map == MAP_OWN && kho_abi_sized(h->to.abi) &&
	       !handover_has_node(h, KHO_NODE_METADATA);
}

/* For an ABI without sizes a blob is the data of an FDT. */
static int plan_blob(const struct handover *h, const struct handover_blob *blob, uint64_t *end,
		     struct blob_layout *ret)
{
	ret->size = blob->data.size;
	if (!kho_abi_sized(h->to.abi))
		ret->size = kho_blob_wrapped_size(blob->data.size);
	if (!ret->size && blob->data.size)
		return error("blob '%s' is too large for a kernel of ABI %s", blob->name,
			     kho_abi_label(h->to.abi));
	ret->offset = take(end, ret->size);
	return 0;
}

static bool has_added_regions(const struct handover *h)
{
	for (size_t i = 0; i < h->region_count; i++)
		if (h->region[i].added || !h->running.kho)
			return true;
	return false;
}

/*
 * Our node replaces the kernel's. Unknown properties of that one, beside its regions or below
 * it, would not name the added regions, and the next kernel might read them first.
 */
static int check_memblock(const struct handover *h)
{
	for (size_t i = 0; i < h->node_count; i++)
		if (kho_node_within(h->node[i].name, KHO_NODE_MEMBLOCK) &&
		    (h->node[i].more || strcmp(h->node[i].name, KHO_NODE_MEMBLOCK)))
			return error("the running kernel's node '%s' names its regions in a form that this "
				     "program does not write, so none can be added: leave --kho-region "
				     "out", h->node[i].name);
	return 0;
}

int payload_plan(const struct handover *h, uint64_t table_size, struct payload_layout *ret)
{
	struct payload_layout l = { .table_size = table_size };
	uint64_t end = TABLE_OFFSET;

	l.table = take(&end, table_size);
	l.items = take(&end, item_count(h) * sizeof(struct kho_item));
	l.scratch = take(&end, h->scratch_count * sizeof(struct kho_range));
	l.fdt_size = PAGE_SIZE;
	if (h->map != MAP_IN_PLACE) {
		l.fdt_size = FDT_PAGES * PAGE_SIZE;
		l.fdt = take(&end, l.fdt_size);
	}
	if (h->map == MAP_OWN) {
		if (map_size(h, &l.map_size))
			return -1;
		l.map = take(&end, l.map_size);
	}
	if (makes_metadata(h))
		l.metadata = take(&end, KHO_METADATA_SIZE);
	if (has_added_regions(h)) {
		if (check_memblock(h))
			return -1;
		l.memblock = take(&end, PAGE_SIZE);
	}
	l.core_end = end;
	for (size_t i = 0; i < h->blob_count; i++)
		if (plan_blob(h, &h->blob[i], &end, &l.blob[i]))
			return -1;
	l.size = end;
	if (l.size - sizeof(struct kho_setup_data) > UINT32_MAX)
		return error("the blobs take %llu MiB together; a handover holds less than 4096 MiB",
			     (unsigned long long)(l.size >> 20));
	*ret = l;
	return 0;
}

uint64_t payload_fdt_addr(const struct handover *h, const struct payload_layout *l, uint64_t addr)
{
	return h->map == MAP_IN_PLACE ? h->running.fdt_addr : addr + l->fdt;
}

uint64_t payload_fdt_size(const struct payload_layout *l)
{
	return l->fdt_size;
}

static void add_item(struct kho_item *item, const char *name, enum kho_item_kind kind,
		     uint32_t flags, uint64_t addr, uint64_t size)
{
	*item = (struct kho_item){ .kind = kind, .flags = flags, .addr = addr, .size = size };
	snprintf(item->name, sizeof(item->name), "%s", name);
}

static uint32_t region_flags(const struct handover *h, const struct handover_region *r)
{
	uint32_t flags = r->verify ? KHO_ITEM_VERIFIED : 0;

	/* With the kernel's own live tree, setup_data keeps ranges that are not in it. */
	return r->added && h->map != MAP_OWN ? flags | KHO_ITEM_RESERVE : flags;
}

/* All items except those of blobs, which come between the others. */
static void write_items(const struct handover *h, struct kho_item *item)
{
	for (size_t i = 0; i < h->region_count; i++)
		add_item(item++, h->region[i].region.name, KHO_ITEM_REGION,
			 region_flags(h, &h->region[i]), h->region[i].region.addr,
			 h->region[i].region.size);
	item += h->blob_count;
	for (size_t i = 0; i < h->node_count; i++)
		add_item(item++, h->node[i].name, KHO_ITEM_NODE, 0, h->node[i].addr, h->node[i].size);
}

/* The blocks of the model, and the pages of the root FDT. */
static int add_fdt(const struct handover *h, const struct payload_layout *l, uint64_t addr,
		   struct blocks *ret)
{
	int err = blocks_copy(ret, &h->blocks);

	for (uint64_t off = 0; !err && off < l->fdt_size; off += PAGE_SIZE)
		err = blocks_add(ret, addr + l->fdt + off, 0);
	return err;
}

static int write_map(const struct handover *h, const struct payload_layout *l, uint64_t addr,
		     unsigned char *buf)
{
	const struct kho_map *map = &h->blocks.map;
	struct blocks with_fdt = { 0 };
	uint64_t root;
	int err = 0;

	if (fdt_is_preserved(h)) {
		err = add_fdt(h, l, addr, &with_fdt);
		map = &with_fdt.map;
	}
	if (!err)
		err = kho_map_encode(map, h->to.abi, buf + l->map, l->map_size, addr + l->map, &root);
	blocks_free(&with_fdt);
	return err ? error("map of preserved memory: %s", kho_strerror(err)) : 0;
}

static int write_memblock(const struct handover *h, const struct payload_layout *l,
			  unsigned char *buf)
{
	struct kho_region region[KHO_REGIONS_MAX];
	int err;

	for (size_t i = 0; i < h->region_count; i++)
		region[i] = h->region[i].region;
	err = kho_memblock_write(region, h->region_count, buf + l->memblock, PAGE_SIZE);
	return err ? error("node '%s': %s", KHO_NODE_MEMBLOCK, kho_strerror(err)) : 0;
}

static void write_metadata(const struct machine *m, const struct payload_layout *l,
			   unsigned char *buf)
{
	struct kho_metadata meta = { .kexec_count = 1 };

	memcpy(meta.previous_release, m->release, sizeof(meta.previous_release));
	kho_metadata_write(&meta, buf + l->metadata);
}

/* The kernel's own nodes; memblock is replaced if regions were added. */
static int own_nodes(const struct handover *h, const struct payload_layout *l, uint64_t addr,
		     struct kho_root *root)
{
	int err = 0;

	*root = (struct kho_root){
		.abi = h->to.abi,
		.map = h->map == MAP_OWN ? addr + l->map : h->running.root.map,
	};
	for (size_t i = 0; !err && i < h->node_count; i++)
		if (!l->memblock || strcmp(h->node[i].name, KHO_NODE_MEMBLOCK))
			err = kho_root_add(root, h->node[i].name, h->node[i].addr, h->node[i].size);
	if (!err && l->metadata)
		err = kho_root_add(root, KHO_NODE_METADATA, addr + l->metadata, KHO_METADATA_SIZE);
	if (!err && l->memblock)
		err = kho_root_add(root, KHO_NODE_MEMBLOCK, addr + l->memblock, PAGE_SIZE);
	return err;
}

static int write_root(const struct handover *h, const struct payload_layout *l, uint64_t addr,
		      unsigned char *buf)
{
	struct kho_root root;
	int err = own_nodes(h, l, addr, &root);

	for (size_t i = 0; !err && i < h->blob_count; i++)
		err = kho_root_add(&root, h->blob[i].name, addr + l->blob[i].offset, l->blob[i].size);
	if (!err)
		err = kho_root_rewrite(&root, h->running.kho ? h->running.fdt : NULL,
				       sizeof(h->running.fdt), buf + l->fdt, l->fdt_size);
	return err ? error("root FDT: %s", kho_strerror(err)) : 0;
}

static void write_headers(const struct handover *h, const struct machine *m,
			  const struct payload_layout *l, uint64_t addr, unsigned char *buf)
{
	struct kho_setup_data *header = (void *)buf;
	struct kho_payload *payload = (void *)(header + 1);
	struct kho_report *report = (void *)(buf + KHO_REPORT_OFFSET);

	header->type = KHO_SETUP_TYPE;
	header->len = (uint32_t)(l->size - sizeof(*header));
	*payload = (struct kho_payload){
		.magic = KHO_PAYLOAD_MAGIC,
		.version = KHO_FORMAT_VERSION,
		.item_count = (uint32_t)item_count(h),
		.addr = addr,
		.size = l->size,
		.table_offset = l->table,
		.table_size = l->table_size,
		.item_offset = l->items,
		.fdt_addr = payload_fdt_addr(h, l, addr),
		.scratch_offset = l->scratch,
		.scratch_count = (uint32_t)h->scratch_count,
		.hop = h->hop,
	};
	snprintf(payload->from_release, sizeof(payload->from_release), "%.63s", m->release);
	snprintf(payload->abi, sizeof(payload->abi), "%s", kho_abi_label(h->to.abi));
	*report = (struct kho_report){ .magic = KHO_REPORT_MAGIC, .result = KHO_RESULT_NONE };
}

int payload_put_blob(const struct handover *h, const struct payload_layout *l, size_t index,
		     uint64_t addr, void *buf)
{
	const struct handover_blob *blob = &h->blob[index];
	const struct blob_layout *node = &l->blob[index];
	struct kho_item *item = (void *)((unsigned char *)buf + l->items);
	unsigned char *data = (unsigned char *)buf + node->offset;
	size_t offset = 0;
	int err = 0;

	if (!kho_abi_sized(h->to.abi))
		err = kho_blob_wrap(data, node->size, blob->data.size, &offset);
	if (err)
		return error("blob '%s': %s", blob->name, kho_strerror(err));
	if (blob->data.size)
		memcpy(data + offset, blob->data.data, blob->data.size);
	add_item(&item[h->region_count + index], blob->name, KHO_ITEM_BLOB,
		 h->checked ? KHO_ITEM_VERIFIED : 0, addr + node->offset + offset, blob->data.size);
	return 0;
}

int payload_build(const struct handover *h, const struct machine *m, const struct payload_layout *l,
		  uint64_t addr, void *buf)
{
	unsigned char *p = buf;

	write_headers(h, m, l, addr, p);
	write_items(h, (void *)(p + l->items));
	memcpy(p + l->scratch, h->scratch, h->scratch_count * sizeof(*h->scratch));
	if (l->map && write_map(h, l, addr, p))
		return -1;
	if (l->metadata)
		write_metadata(m, l, p);
	if (l->memblock && write_memblock(h, l, p))
		return -1;
	if (l->fdt && write_root(h, l, addr, p))
		return -1;
	return 0;
}

static int verify_blobs_and_regions(const struct handover *h, const struct payload_layout *l,
				    uint64_t addr, const unsigned char *p, struct table *table)
{
	int err = 0;

	for (size_t i = 0; !err && i < h->blob_count; i++) {
		const struct blob_layout *node = &l->blob[i];

		err = table_add(table, &(struct table_item){
			h->blob[i].name, KHO_CLASS_STATE, addr + node->offset, node->size,
			p ? p + node->offset : NULL, NULL, false });
	}
	for (size_t i = 0; !err && i < h->region_count; i++) {
		const struct handover_region *r = &h->region[i];

		if (r->verify)
			err = table_add(table, &(struct table_item){
				r->region.name, KHO_CLASS_STATE, r->region.addr, r->region.size,
				NULL, r->digest, r->late });
	}
	return err;
}

void payload_cut(const struct payload_layout *l, uint64_t addr, struct kho_react_params *ret)
{
	/* The payload comes first on the chain; with next 0 the chain ends there. */
	const struct kho_setup_data header = {
		.type = KHO_SETUP_TYPE,
		.len = (uint32_t)(l->size - sizeof(header)),
	};

	_Static_assert(sizeof(header) == sizeof(ret->cut), "what purgatory can write");
	ret->report_addr = addr + KHO_REPORT_OFFSET;
	ret->cut_addr = addr;
	memcpy(ret->cut, &header, sizeof(header));
}

int payload_verify_header(uint64_t addr, const void *buf, struct table *table)
{
	return table_add(table, &(struct table_item){
		"handover header", KHO_CLASS_STATE, addr,
		sizeof(struct kho_setup_data) + sizeof(struct kho_payload), buf, NULL, false });
}

int payload_verify(const struct handover *h, const struct payload_layout *l, uint64_t addr,
		   const void *buf, struct table *table)
{
	const unsigned char *p = buf;
	const struct table_item core = {
		"handover", KHO_CLASS_STATE, addr + l->items, l->core_end - l->items,
		p ? p + l->items : NULL, NULL, false };

	return table_add(table, &core) ? -1 : verify_blobs_and_regions(h, l, addr, p, table);
}
