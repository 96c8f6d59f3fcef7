/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "message.h"
#include "payload.h"

#define TABLE_OFFSET	PAGE_SIZE
#define FDT_PAGES	4		/* root FDT of ours: 64 nodes fit */
#define BLOCKS_MAX	128		/* a range of 2^52 bytes is cut into fewer than 80 */
#define MAP_ROOM	(64 * PAGE_SIZE)	/* of the map of preserved memory, at first */

static uint64_t page_up(uint64_t size)
{
	return (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static size_t item_count(const struct handover *h)
{
	size_t count = h->region_count + h->blob_count;

	return h->running.kho ? count + h->running.root.node_count : count;
}

/* The end of the piece of RANGE that lies in one NUMA node. */
static uint64_t node_end(const struct machine *m, const struct kho_range *range)
{
	uint64_t end = range->addr + range->size;

	for (size_t i = 0; i < m->node_count; i++)
		if (m->node[i] > range->addr && m->node[i] < end)
			end = m->node[i];
	return end;
}

static int grow_map(struct kho_map *map)
{
	void *buf = realloc(map->buf, map->size * 2);

	if (!buf)
		return -KHO_ERR_NOSPACE;
	kho_map_move(map, buf, map->size * 2);
	return 0;
}

static int add_block(struct kho_map *map, const struct kho_block *block)
{
	int err = kho_map_add(map, block->addr, block->order);

	while (err == -KHO_ERR_NOSPACE && !grow_map(map))
		err = kho_map_add(map, block->addr, block->order);
	return err;
}

static int add_range(struct kho_map *map, const struct kho_range *range)
{
	struct kho_block block[BLOCKS_MAX];
	size_t count;
	int err = kho_split_range(PAGE_SHIFT, range, block, BLOCKS_MAX, &count);

	for (size_t i = 0; !err && i < count; i++)
		err = add_block(map, &block[i]);
	return err;
}

/*
 * Add the blocks of one region. No block may cross nodes: with deferred init
 * the next kernel takes all pages of a block to be in the node of the first.
 */
static int add_region(const struct handover *h, const struct kho_region *region,
		      struct kho_map *map)
{
	struct kho_range left = { region->addr, region->size };

	while (left.size) {
		const struct kho_range piece = { left.addr, node_end(h->machine, &left) - left.addr };
		int err = add_range(map, &piece);

		if (err)
			return error("region '%s': %s", region->name, kho_strerror(err));
		left.addr += piece.size;
		left.size -= piece.size;
	}
	return 0;
}

/* The regions' blocks; 0, or -1 after a message. Free map->buf also after an error. */
static int collect_blocks(const struct handover *h, struct kho_map *map)
{
	void *buf = malloc(MAP_ROOM);

	*map = (struct kho_map){ 0 };
	if (!buf || kho_map_init(map, PAGE_SHIFT, buf, MAP_ROOM))
		return error("no memory for the map of preserved memory");
	for (size_t i = 0; i < h->region_count; i++)
		if (add_region(h, &h->region[i].region, map))
			return -1;
	return 0;
}

static int map_size(const struct handover *h, uint64_t *ret)
{
	struct kho_map map;
	int err = collect_blocks(h, &map);

	if (!err) {
		err = kho_map_size(&map, KHO_ABI_V4, ret);
		if (err)
			error("map of preserved memory: %s", kho_strerror(err));
	}
	free(map.buf);
	return err ? -1 : 0;
}

/* Take SIZE bytes, in whole pages, from *END; returns their offset. */
static uint64_t take(uint64_t *end, uint64_t size)
{
	uint64_t offset = *end;

	*end += page_up(size ? size : 1);
	return offset;
}

static bool has_added_regions(const struct handover *h)
{
	for (size_t i = 0; i < h->region_count; i++)
		if (h->region[i].added || !h->running.kho)
			return true;
	return false;
}

int payload_plan(struct handover *h, uint64_t table_size, struct payload_layout *ret)
{
	struct payload_layout l = { .table_size = table_size };
	uint64_t end = TABLE_OFFSET;

	l.table = take(&end, table_size);
	l.items = take(&end, item_count(h) * sizeof(struct kho_item));
	l.scratch = take(&end, h->scratch_count * sizeof(struct kho_range));
	l.fdt_size = PAGE_SIZE;
	if (!h->root_in_place) {
		l.fdt_size = FDT_PAGES * PAGE_SIZE;
		l.fdt = take(&end, l.fdt_size);
	}
	if (!h->running.kho) {
		if (map_size(h, &l.map_size))
			return -1;
		l.map = take(&end, l.map_size);
		l.metadata = take(&end, KHO_METADATA_SIZE);
	}
	if (has_added_regions(h))
		l.memblock = take(&end, PAGE_SIZE);
	l.core_end = end;
	for (size_t i = 0; i < h->blob_count; i++)
		h->blob[i].offset = take(&end, h->blob[i].data.size);
	l.size = end;
	if (l.size - sizeof(struct kho_setup_data) > UINT32_MAX)
		return error("the blobs take %llu MiB together; a handover holds less than 4096 MiB",
			     (unsigned long long)(l.size >> 20));
	*ret = l;
	return 0;
}

uint64_t payload_fdt_addr(const struct handover *h, const struct payload_layout *l, uint64_t addr)
{
	return h->root_in_place ? h->running.fdt_addr : addr + l->fdt;
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

static void write_items(const struct handover *h, uint64_t addr, struct kho_item *item)
{
	for (size_t i = 0; i < h->region_count; i++)
		add_item(item++, h->region[i].region.name, KHO_ITEM_REGION,
			 h->region[i].verify ? KHO_ITEM_VERIFIED : 0, h->region[i].region.addr,
			 h->region[i].region.size);
	for (size_t i = 0; i < h->blob_count; i++)
		add_item(item++, h->blob[i].name, KHO_ITEM_BLOB, h->checked ? KHO_ITEM_VERIFIED : 0,
			 addr + h->blob[i].offset, h->blob[i].data.size);
	for (size_t i = 0; h->running.kho && i < h->running.root.node_count; i++)
		add_item(item++, h->running.root.node[i].name, KHO_ITEM_NODE, 0,
			 h->running.root.node[i].addr, h->running.root.node[i].size);
}

static int write_map(const struct handover *h, const struct payload_layout *l, uint64_t addr,
		     unsigned char *buf)
{
	struct kho_map map;
	uint64_t root;
	int err = collect_blocks(h, &map);

	if (!err) {
		err = kho_map_encode(&map, KHO_ABI_V4, buf + l->map, l->map_size, addr + l->map, &root);
		if (err)
			error("map of preserved memory: %s", kho_strerror(err));
	}
	free(map.buf);
	return err ? -1 : 0;
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

/* The nodes of the kernel's own, with memblock replaced where regions were added. */
static int own_nodes(const struct handover *h, const struct payload_layout *l, uint64_t addr,
		     struct kho_root *root)
{
	int err = 0;

	*root = (struct kho_root){ .abi = KHO_ABI_V4, .map = addr + l->map };
	if (h->running.kho) {
		root->abi = h->running.root.abi;
		root->map = h->running.root.map;
		for (size_t i = 0; !err && i < h->running.root.node_count; i++) {
			const struct kho_node *node = &h->running.root.node[i];

			if (l->memblock && !strcmp(node->name, KHO_NODE_MEMBLOCK))
				continue;
			err = kho_root_add(root, node->name, node->addr, node->size);
		}
	} else {
		err = kho_root_add(root, KHO_NODE_METADATA, addr + l->metadata, KHO_METADATA_SIZE);
	}
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
		err = kho_root_add(&root, h->blob[i].name, addr + h->blob[i].offset,
				   h->blob[i].data.size);
	if (!err)
		err = kho_root_write(&root, buf + l->fdt, l->fdt_size);
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
	snprintf(payload->abi, sizeof(payload->abi), "%s", kho_abi_name(KHO_ABI_V4));
	*report = (struct kho_report){ .magic = KHO_REPORT_MAGIC, .result = KHO_RESULT_NONE };
}

int payload_build(struct handover *h, const struct machine *m, const struct payload_layout *l,
		  uint64_t addr, void *buf)
{
	unsigned char *p = buf;

	write_headers(h, m, l, addr, p);
	write_items(h, addr, (void *)(p + l->items));
	memcpy(p + l->scratch, h->scratch, h->scratch_count * sizeof(*h->scratch));
	if (l->map && write_map(h, l, addr, p))
		return -1;
	if (l->metadata)
		write_metadata(m, l, p);
	if (l->memblock && write_memblock(h, l, p))
		return -1;
	if (l->fdt && write_root(h, l, addr, p))
		return -1;
	for (size_t i = 0; i < h->blob_count; i++) {
		memcpy(p + h->blob[i].offset, h->blob[i].data.data, h->blob[i].data.size);
		free(h->blob[i].data.data);	/* its size is still needed */
		h->blob[i].data.data = NULL;
	}
	return 0;
}

static int verify_blobs_and_regions(const struct handover *h, uint64_t addr,
				    const unsigned char *p, struct table *table)
{
	int err = 0;

	for (size_t i = 0; !err && i < h->blob_count; i++) {
		const struct handover_blob *blob = &h->blob[i];

		err = table_add(table, &(struct table_item){
			blob->name, KHO_CLASS_STATE, addr + blob->offset, blob->data.size,
			p ? p + blob->offset : NULL, NULL });
	}
	for (size_t i = 0; !err && i < h->region_count; i++) {
		const struct handover_region *r = &h->region[i];

		if (r->verify)
			err = table_add(table, &(struct table_item){
				r->region.name, KHO_CLASS_STATE, r->region.addr, r->region.size,
				NULL, r->digest });
	}
	return err;
}

int payload_verify(const struct handover *h, const struct payload_layout *l, uint64_t addr,
		   const void *buf, struct table *table)
{
	const unsigned char *p = buf;
	const struct table_item header = {
		"handover header", KHO_CLASS_STATE, addr,
		sizeof(struct kho_setup_data) + sizeof(struct kho_payload), p, NULL };
	const struct table_item core = {
		"handover", KHO_CLASS_STATE, addr + l->items, l->core_end - l->items,
		p ? p + l->items : NULL, NULL };

	if (table_add(table, &header) || table_add(table, &core))
		return -1;
	return verify_blobs_and_regions(h, addr, p, table);
}
