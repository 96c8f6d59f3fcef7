// SPDX-License-Identifier: GPL-2.0-only
/*
 * The payload, from a handover made up by hand: built, then read back with
 * libkho, with the code that purgatory runs, and by incoming.c.
 */
#include <endian.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libfdt.h>

#include "crc32c.h"
#include "incoming.h"
#include "payload.h"
#include "said.h"
#include "tree.h"
#include "unit.h"
#include "verify.h"

#define ADDR		0x234500000ull
#define CHUNK		(1ull << KHO_CHUNK_SHIFT)
#define REGION_SIZE	(CHUNK + 0x3000)
#define BLOB_SIZE	(CHUNK + 5)

static struct machine machine;
static struct handover handover;
static struct payload_layout layout;
static struct table table;
static unsigned char *buf, *region_memory;
static unsigned char blob_copy[BLOB_SIZE];
static struct kho_range scratch[3] = { { 0x8000000, 0x4000000 }, { 0x10000000, 0 },
				       { 0x100000000, 0x8000000 } };

static void add_region(const char *name, uint64_t addr, uint64_t size, bool added)
{
	struct handover_region *r = &handover.region[handover.region_count++];

	strcpy(r->region.name, name);
	r->region.addr = addr;
	r->region.size = size;
	r->added = added;
}

static void add_blob(const char *name, size_t size)
{
	struct handover_blob *blob = &handover.blob[handover.blob_count++];

	strcpy(blob->name, name);
	blob->data = (struct buffer){ .data = must_copy(blob_copy, size), .size = size };
}

static int setup(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	memset(&handover, 0, sizeof(handover));
	handover.machine = &machine;
	handover.checked = true;
	memset(&table, 0, sizeof(table));
	strcpy(machine.release, "7.3.4-test");
	handover.kcore.fd = -1;
	handover.hop = 2;
	handover.checked = true;
	handover.to = (struct kho_formats){ .abi = KHO_ABI_V4, .reserve_mem = true,
					   .luo = "luo-v5", .memfd = "memfd-v2" };
	handover.scratch = must_copy(scratch, sizeof(scratch));
	handover.scratch_count = ARRAY_SIZE(scratch);
	for (unsigned int i = 0; i < BLOB_SIZE; i++)
		blob_copy[i] = (unsigned char)(i * 2654435761u >> 21);
	region_memory = must_calloc(REGION_SIZE);
	for (unsigned int i = 0; i < REGION_SIZE; i++)
		region_memory[i] = (unsigned char)(i * 2654435761u >> 21);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	handover_release(&handover);
	free(buf);
	free(region_memory);
	buf = region_memory = NULL;
	return 0;
}

/* Digests of the first region, as handover_digest() would leave them. */
static void verify_region(void)
{
	struct handover_region *r = &handover.region[0];

	r->verify = true;
	r->digest = must_calloc(2 * sizeof(*r->digest));
	crc32c_chunks(region_memory, REGION_SIZE, KHO_CHUNK_SHIFT, r->digest);
}

static bool adds_nodes(void)
{
	bool added = handover.blob_count > 0;

	for (size_t i = 0; i < handover.region_count; i++)
		added |= handover.region[i].added;
	return added;
}

static int put_payload(unsigned char *to)
{
	int err = payload_build(&handover, &machine, &layout, ADDR, to);

	for (size_t i = 0; !err && i < handover.blob_count; i++)
		err = payload_put_blob(&handover, &layout, i, ADDR, to);
	return err;
}

/* In the order of handover.c and image-plan.c: the table's size first, its contents last. */
static void build(void)
{
	struct kho_report *report;

	assert_int_equal(handover_check_nodes(&handover, adds_nodes()), 0);
	if (handover.map == MAP_OWN)
		assert_int_equal(handover_build_map(&handover), 0);
	assert_int_equal(payload_plan(&handover, 0, &layout), 0);
	assert_int_equal(payload_verify_header(0, NULL, &table), 0);
	assert_int_equal(payload_verify(&handover, &layout, 0, NULL, &table), 0);
	assert_int_equal(payload_plan(&handover, table_size(&table), &layout), 0);
	buf = must_calloc(layout.size);
	assert_int_equal(put_payload(buf), 0);
	table.count = 0;
	assert_int_equal(payload_verify_header(ADDR, buf, &table), 0);
	assert_int_equal(payload_verify(&handover, &layout, ADDR, buf, &table), 0);
	assert_true(table_size(&table) <= layout.table_size);
	table_write(&table, buf + layout.table);
	report = (void *)(buf + KHO_REPORT_OFFSET);
	assert_int_equal(report->magic, KHO_REPORT_MAGIC);
	report->result = KHO_RESULT_VERIFIED;
}

static const void *at(uint64_t addr, uint64_t size)
{
	const uint64_t region = handover.region_count ? handover.region[0].region.addr : 0;

	if (addr >= ADDR && addr - ADDR <= layout.size && size <= layout.size - (addr - ADDR))
		return buf + (addr - ADDR);
	if (region && addr >= region && addr + size <= region + REGION_SIZE)
		return region_memory + (addr - region);
	return NULL;
}

static const struct kho_payload *header(void)
{
	return (const void *)(buf + sizeof(struct kho_setup_data));
}

static const struct kho_item *item(unsigned int index)
{
	assert_true(index < header()->item_count);
	return (const struct kho_item *)(buf + header()->item_offset) + index;
}

static void assert_item(unsigned int index, const char *name, enum kho_item_kind kind,
			uint32_t flags, uint64_t addr, uint64_t size)
{
	assert_string_equal(item(index)->name, name);
	assert_int_equal(item(index)->kind, kind);
	assert_int_equal(item(index)->flags, flags);
	if (addr)
		assert_int_equal(item(index)->addr, addr);
	assert_int_equal(item(index)->size, size);
}

static void assert_header(void)
{
	const struct kho_setup_data *setup_data = (const void *)buf;
	const struct kho_payload *p = header();

	assert_int_equal(setup_data->type, KHO_SETUP_TYPE);
	assert_int_equal(setup_data->len, layout.size - 16);
	assert_int_equal(layout.size % 4096, 0);
	assert_int_equal(p->magic, KHO_PAYLOAD_MAGIC);
	assert_int_equal(p->version, KHO_FORMAT_VERSION);
	assert_int_equal(p->addr, ADDR);
	assert_int_equal(p->size, layout.size);
	assert_int_equal(p->hop, 2);
	assert_string_equal(p->from_release, "7.3.4-test");
	assert_string_equal(p->abi, handover.to.abi == KHO_ABI_V1 ? "kho-v1/page" : "kho-v4");
	assert_int_equal(p->scratch_count, ARRAY_SIZE(scratch));
	assert_memory_equal(buf + p->scratch_offset, scratch, sizeof(scratch));
}

static void assert_blob(unsigned int index, size_t size)
{
	const void *bytes = at(item(index)->addr, size);

	assert_int_equal(item(index)->addr % 4096, handover.to.abi == KHO_ABI_V1 ? 108 : 0);
	assert_int_equal(item(index)->size, size);
	assert_non_null(bytes);
	assert_memory_equal(bytes, blob_copy, size);
}

static void read_root(struct kho_root *root)
{
	const void *fdt = at(header()->fdt_addr, payload_fdt_size(&layout));

	assert_non_null(fdt);
	assert_int_equal(header()->fdt_addr, payload_fdt_addr(&handover, &layout, ADDR));
	assert_int_equal(kho_root_read(fdt, payload_fdt_size(&layout), root), 0);
}

static void assert_node(const struct kho_root *root, const char *name, uint64_t addr,
			uint64_t size)
{
	const struct kho_node *node = kho_root_find(root, name);

	assert_non_null(node);
	assert_int_equal(node->addr, addr);
	assert_int_equal(node->size, size);
}

static int mem_read(void *ctx, uint64_t addr, void *to, size_t size)
{
	const void *from = at(addr, size);

	(void)ctx;
	if (!from)
		return -1;
	memcpy(to, from, size);
	return 0;
}

struct walk {
	struct kho_range block[64];
	size_t count;
};

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct walk *w = ctx;

	assert_true(w->count < ARRAY_SIZE(w->block));
	w->block[w->count++] = (struct kho_range){ addr, 4096ull << order };
	return 0;
}

/* The blocks in the map are the regions and EXTRA bytes: they cover each, and no byte more. */
static void assert_map_with(uint64_t root, uint64_t extra)
{
	const struct kho_mem mem = { mem_read, NULL };
	struct walk w = { .count = 0 };
	const struct kho_map_visitor visitor = { on_block, NULL, &w };
	uint64_t blocks = 0, regions = extra;

	assert_int_equal(kho_map_walk(handover.to.abi, 12, &mem, root, 1000, &visitor), 0);
	for (size_t i = 0; i < w.count; i++)
		blocks += w.block[i].size;
	for (size_t i = 0; i < handover.region_count; i++) {
		const struct kho_region *r = &handover.region[i].region;

		assert_true(kho_ranges_cover(w.block, w.count, r->addr, r->size));
		regions += r->size;
	}
	assert_int_equal(blocks, regions);
	for (size_t i = 0; i < w.count; i++)
		for (size_t n = 0; n < machine.node_count; n++)
			assert_false(w.block[i].addr < machine.node[n].start &&
				     machine.node[n].start < w.block[i].addr + w.block[i].size);
}

static void assert_map(uint64_t root)
{
	assert_map_with(root, 0);
}

static const void *verify_map(void *ctx, uint64_t addr, uint64_t size)
{
	(void)ctx;
	return at(addr, size);
}

static uint32_t bad_entries(void)
{
	const struct kho_verify_ops ops = { .map = verify_map };
	struct kho_verify_outcome outcome;
	void *exact = must_copy(buf + header()->table_offset, table_size(&table));

	assert_int_equal(kho_table_verify(exact, table_size(&table), &ops, &outcome), KHO_TABLE_OK);
	assert_int_equal(outcome.entries_good + outcome.entries_bad, table.count);
	assert_int_equal(outcome.kernel_bad, 0);
	free(exact);
	return outcome.entries_bad;
}

static void make_cold(void)
{
	add_region("pool", 0x3ffd000, REGION_SIZE, false);
	add_region("crash", 0x100000000, 0x40000000, true);
	verify_region();
	add_blob("conf", 100);
	add_blob("empty", 0);
	add_blob("large", BLOB_SIZE);
	build();
}

/* The running kernel has no KHO: map, metadata and memblock are ours. */
static void without_kho(void **state)
{
	struct kho_region region[KHO_REGIONS_MAX];
	struct kho_metadata meta;
	struct kho_root root;
	size_t count;

	(void)state;
	make_cold();
	assert_header();
	assert_int_equal(header()->item_count, 5);
	assert_item(0, "pool", KHO_ITEM_REGION, KHO_ITEM_VERIFIED, 0x3ffd000, REGION_SIZE);
	assert_item(1, "crash", KHO_ITEM_REGION, 0, 0x100000000, 0x40000000);
	assert_item(2, "conf", KHO_ITEM_BLOB, KHO_ITEM_VERIFIED, 0, 100);
	assert_item(3, "empty", KHO_ITEM_BLOB, KHO_ITEM_VERIFIED, 0, 0);
	assert_blob(2, 100);
	assert_blob(4, BLOB_SIZE);
	read_root(&root);
	assert_int_equal(root.node_count, 5);
	assert_node(&root, "conf", item(2)->addr, 100);
	assert_node(&root, "large", item(4)->addr, BLOB_SIZE);
	assert_node(&root, KHO_NODE_METADATA, ADDR + layout.metadata, KHO_METADATA_SIZE);
	assert_int_equal(kho_metadata_read(buf + layout.metadata, KHO_METADATA_SIZE, &meta), 0);
	assert_string_equal(meta.previous_release, "7.3.4-test");
	assert_int_equal(meta.kexec_count, 1);
	assert_node(&root, KHO_NODE_MEMBLOCK, ADDR + layout.memblock, 4096);
	assert_int_equal(kho_memblock_read(buf + layout.memblock, 4096, region, &count), 0);
	assert_int_equal(count, 2);
	assert_memory_equal(&region[0], &handover.region[0].region, sizeof(region[0]));
	assert_memory_equal(&region[1], &handover.region[1].region, sizeof(region[1]));
	assert_map(root.map);
}

/* With --no-checks purgatory looks at nothing, and the items do not claim it did. */
static void unchecked(void **state)
{
	(void)state;
	handover.checked = false;
	add_blob("conf", 100);
	build();
	assert_item(0, "conf", KHO_ITEM_BLOB, 0, 0, 100);
}

/* Nothing to preserve still makes a map: readers refuse one at 0. */
static void without_anything(void **state)
{
	struct kho_root root;

	(void)state;
	build();
	assert_header();
	assert_int_equal(header()->item_count, 0);
	read_root(&root);
	assert_int_equal(root.node_count, 1);
	assert_map(root.map);
	assert_int_equal(layout.memblock, 0);
	assert_int_equal(bad_entries(), 0);
}

static void make_running_kho(void)
{
	struct kho_root *root = &handover.running.root;

	handover.running.kho = true;
	handover.running.fdt_addr = 0x7abc000;
	handover.running.writes = handover.to;
	assert_int_equal(blocks_init(&handover.running.preserved, 12), 0);
	*root = (struct kho_root){ .abi = KHO_ABI_V4, .map = 0x7def000 };
	assert_int_equal(kho_root_add(root, KHO_NODE_MEMBLOCK, 0x7001000, 4096), 0);
	assert_int_equal(kho_root_add(root, KHO_NODE_METADATA, 0x7002000, 73), 0);
	assert_int_equal(kho_root_add(root, KHO_NODE_LUO, 0x7003000, 4096), 0);
	assert_int_equal(kho_root_write(root, handover.running.fdt, sizeof(handover.running.fdt)), 0);
}

/* Nodes below LUO, and a property that is not known. */
static void make_running_nested(void)
{
	struct kho_root *root = &handover.running.root;
	void *fdt = handover.running.fdt;

	make_running_kho();
	assert_int_equal(kho_root_add(root, "LUO/1", 0x7004000, 64), 0);
	assert_int_equal(kho_root_add(root, "LUO/2", 0x7005000, 64), 0);
	assert_int_equal(kho_root_write(root, fdt, sizeof(handover.running.fdt)), 0);
	assert_int_equal(fdt_setprop_string(fdt, fdt_path_offset(fdt, "/LUO/2"), "compatible", "luo-v6"), 0);
	assert_int_equal(kho_root_read(fdt, sizeof(handover.running.fdt), root), 0);
}

static void nested_in_place(void **state)
{
	(void)state;
	make_running_nested();
	build();
	assert_int_equal(handover.map, MAP_IN_PLACE);
	assert_int_equal(header()->fdt_addr, 0x7abc000);
	assert_item(4, "LUO/2", KHO_ITEM_NODE, 0, 0x7005000, 64);
}

/* What the kernel has is in the FDT that we build, with all it says. */
static void nested_with_blob(void **state)
{
	struct kho_root root;
	const void *fdt;

	(void)state;
	make_running_nested();
	add_blob("conf", 100);
	build();
	assert_int_equal(handover.map, MAP_LIVE);
	read_root(&root);
	assert_int_equal(root.node_count, 6);
	assert_node(&root, "LUO", 0x7003000, 4096);
	assert_node(&root, "LUO/1", 0x7004000, 64);
	assert_node(&root, "LUO/2", 0x7005000, 64);
	fdt = at(header()->fdt_addr, payload_fdt_size(&layout));
	assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/LUO/2"), "compatible", NULL), "luo-v6");
}

/* Regions that are added would not be in a form of memblock that is not known. */
static void nested_memblock(void **state)
{
	struct kho_root *root = &handover.running.root;

	(void)state;
	make_running_kho();
	assert_int_equal(kho_root_add(root, "memblock/2", 0x7004000, 64), 0);
	add_region("mine", 0x200000000, 0x200000, true);
	assert_int_equal(handover_check_nodes(&handover, true), 0);
	assert_int_equal(payload_plan(&handover, 0, &layout), -1);
	handover.node[--handover.node_count].name[0] = '\0';
	assert_int_equal(payload_plan(&handover, 0, &layout), 0);
	handover.node[0].more = true;
	assert_int_equal(payload_plan(&handover, 0, &layout), -1);
	handover.region_count = 0;
	assert_int_equal(payload_plan(&handover, 0, &layout), 0);
}

/* Live update state that only nodes below LUO have can neither be handed on nor left out. */
static void nested_alone(void **state)
{
	struct kho_root *root = &handover.running.root;

	(void)state;
	make_running_kho();
	root->node_count--;
	assert_int_equal(kho_root_add(root, "LUO/2", 0x7004000, 64), 0);
	strcpy(handover.running.writes.luo, "");
	assert_int_equal(handover_check_nodes(&handover, false), -1);
}

/* Nothing added: the kernel's own tree is handed on where it is. */
static void kho_in_place(void **state)
{
	(void)state;
	make_running_kho();
	add_region("pool", 0x3ffd000, REGION_SIZE, false);
	build();
	assert_int_equal(handover.map, MAP_IN_PLACE);
	assert_header();
	assert_int_equal(header()->fdt_addr, 0x7abc000);
	assert_int_equal(payload_fdt_size(&layout), 4096);
	assert_int_equal(layout.map | layout.memblock | layout.metadata | layout.fdt, 0);
	assert_int_equal(header()->item_count, 4);
	assert_item(0, "pool", KHO_ITEM_REGION, 0, 0x3ffd000, REGION_SIZE);
	assert_item(3, KHO_NODE_LUO, KHO_ITEM_NODE, 0, 0x7003000, 4096);
	assert_int_equal(bad_entries(), 0);
}

/* Something added: the kernel's map and nodes, but a memblock node of ours. */
static void kho_with_region_and_blob(void **state)
{
	struct kho_region region[KHO_REGIONS_MAX];
	struct kho_root root;
	size_t count;

	(void)state;
	make_running_kho();
	add_region("pool", 0x3ffd000, REGION_SIZE, false);
	add_region("mine", 0x200000000, 0x200000, true);
	verify_region();
	add_blob("conf", 100);
	build();
	assert_header();
	read_root(&root);
	assert_int_equal(root.map, 0x7def000);
	assert_int_equal(root.node_count, 4);
	assert_node(&root, KHO_NODE_METADATA, 0x7002000, 73);
	assert_node(&root, KHO_NODE_LUO, 0x7003000, 4096);
	assert_node(&root, KHO_NODE_MEMBLOCK, ADDR + layout.memblock, 4096);
	assert_node(&root, "conf", item(2)->addr, 100);
	assert_item(0, "pool", KHO_ITEM_REGION, KHO_ITEM_VERIFIED, 0x3ffd000, REGION_SIZE);
	assert_item(1, "mine", KHO_ITEM_REGION, KHO_ITEM_RESERVE, 0x200000000, 0x200000);
	assert_int_equal(kho_memblock_read(buf + layout.memblock, 4096, region, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(bad_entries(), 0);
}

static void preserve(uint64_t addr, unsigned int order)
{
	assert_int_equal(blocks_add(&handover.running.preserved, addr, order), 0);
}

static void to_abi(enum kho_abi abi)
{
	handover.to.abi = abi;
	handover.running.writes.abi = abi == KHO_ABI_V4 ? KHO_ABI_V1 : KHO_ABI_V4;
	handover.running.root.abi = handover.running.writes.abi;
}

/* Another name and the same tree: the map stays the live one. */
static void kho_v4_to_v3(void **state)
{
	struct kho_root root;

	(void)state;
	make_running_kho();
	to_abi(KHO_ABI_V3);
	add_region("pool", 0x3ffd000, REGION_SIZE, false);
	preserve(0x3ffd000, 0);
	build();
	assert_int_equal(handover.map, MAP_LIVE);
	read_root(&root);
	assert_int_equal(root.abi, KHO_ABI_V3);
	assert_int_equal(root.map, 0x7def000);
	assert_int_equal(root.node_count, 3);
}

/*
 * 7.1 takes a block's size for 32 bits wide. A region's block is cut, it is never
 * restored; other memory is refused.
 */
static void large_blocks_to_v3(void **state)
{
	struct kho_root root;

	(void)state;
	make_running_kho();
	to_abi(KHO_ABI_V3);
	add_region("pool", 0x80000000, 0x80000000, false);
	preserve(0x80000000, 19);
	build();
	assert_int_equal(handover.map, MAP_OWN);
	read_root(&root);
	assert_map(root.map);
	handover.region_count = 0;
	blocks_free(&handover.blocks);
	assert_refused("a block of order 19 at 0x80000000", handover_build_map(&handover));
}

/* 7.1 preserves such a large block, and loses it itself when it gets its own map. */
static void large_block_to_its_own_abi(void **state)
{
	(void)state;
	make_running_kho();
	to_abi(KHO_ABI_V3);
	handover.running.writes.abi = handover.running.root.abi = KHO_ABI_V3;
	add_region("pool", 0x80000000, 0x80000000, false);
	assert_int_equal(handover_check_nodes(&handover, false), 0);
	assert_int_equal(handover.map, MAP_IN_PLACE);
	handover.node_count = 0;
	preserve(0x80000000, 19);
	build();
	assert_int_equal(handover.map, MAP_OWN);
}

/* Before 7.1: a list of chunks, no metadata, blobs in device trees. */
static void without_kho_to_v1(void **state)
{
	struct kho_root root;
	size_t offset, size;

	(void)state;
	handover.to.abi = KHO_ABI_V1;
	make_cold();
	assert_header();
	read_root(&root);
	assert_int_equal(root.abi, KHO_ABI_V1);
	assert_null(kho_root_find(&root, KHO_NODE_METADATA));
	assert_int_equal(layout.metadata, 0);
	/* Kernels of v1 want the root FDT in the map. */
	assert_map_with(root.map, layout.fdt_size);
	assert_blob(2, 100);
	assert_blob(4, BLOB_SIZE);
	assert_int_equal(kho_blob_unwrap(at(kho_root_find(&root, "conf")->addr, 4096), 4096, &offset, &size), 0);
	assert_int_equal(size, 100);
	assert_int_equal(kho_root_find(&root, "conf")->addr + offset, item(2)->addr);
	assert_int_equal(bad_entries(), 0);
	buf[kho_root_find(&root, "conf")->addr - ADDR] ^= 1;
	assert_int_equal(bad_entries(), 1);
}

/* Memory from 0x7000000 on, as /proc/kcore would show it. */
static void show_memory(const void *bytes, size_t size)
{
	const struct kcore_segment segment = { .virt = 0, .phys = 0x7000000, .size = size };
	int fd = memfd_create("kcore", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	handover.kcore = (struct kcore){ .fd = fd, .segment = must_copy(&segment, sizeof(segment)),
					 .count = 1 };
}

/* What a kernel would take for a device tree, and is none, does not go there. */
static void raw_node_to_v1(void **state)
{
	static const struct {
		uint64_t addr, size;
		uint32_t magic, totalsize;
		bool taken;
	} row[] = {
		{ 0x7001000, 4096, 0xd00dfeed, 4096, true },
		{ 0x7001000, 40, 0xd00dfeed, 40, true },
		{ 0x7001000, 39, 0xd00dfeed, 39, false },
		{ 0x7001000, 4096, 0xd00dfeed, 4097, false },
		{ 0x7001000, 4096, 0xd00dfeee, 4096, false },
		{ 0x7002000, 4096, 0xd00dfeed, 4096, false },	/* no memory */
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint32_t memory[2048] = { [1024] = htobe32(row[i].magic), htobe32(row[i].totalsize) };
		struct kho_root *root = &handover.running.root;

		make_running_kho();
		to_abi(KHO_ABI_V1);
		root->node_count = 0;
		assert_int_equal(kho_root_add(root, "raw", row[i].addr, row[i].size), 0);
		show_memory(memory, sizeof(memory));
		assert_says(row[i].taken ? 0 : -1,
			    row[i].taken ? "" : "node 'raw' is not a device tree",
			    handover_check_nodes(&handover, false));
		teardown(state);
		setup(state);
	}
}

static void kho_with_blob(void **state)
{
	struct kho_root root;

	(void)state;
	make_running_kho();
	add_region("pool", 0x3ffd000, REGION_SIZE, false);
	add_blob("conf", 100);
	build();
	read_root(&root);
	assert_node(&root, KHO_NODE_MEMBLOCK, 0x7001000, 4096);
	assert_int_equal(root.node_count, 4);
}

/* One flipped bit in each part that is to be verified; none in the report. */
static void damage_is_seen(void **state)
{
	const struct {
		uint64_t offset;
		bool seen;
	} part[] = {
		{ 0, true }, { 8, true }, { 16, true }, { 183, true },
		{ 184, false }, { KHO_REPORT_OFFSET, false }, { KHO_REPORT_OFFSET + 63, false },
	};
	uint64_t after_core;

	(void)state;
	make_cold();
	assert_int_equal(bad_entries(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		buf[part[i].offset] ^= 4;
		assert_int_equal(bad_entries(), part[i].seen);
		buf[part[i].offset] ^= 4;
	}
	for (uint64_t offset = layout.items; offset < layout.core_end; offset += 509) {
		buf[offset] ^= 4;
		assert_int_equal(bad_entries(), 1);
		buf[offset] ^= 4;
	}
	after_core = item(4)->addr - ADDR;
	assert_true(after_core >= layout.core_end);
	buf[after_core + BLOB_SIZE - 1] ^= 4;
	region_memory[REGION_SIZE - 1] ^= 4;
	assert_int_equal(bad_entries(), 2);
}

/* The parts lie in order, whole pages each, and none in another. */
static void layout_is_apart(void **state)
{
	static const uint64_t *const start[] = {
		&layout.table, &layout.items, &layout.scratch, &layout.fdt, &layout.map,
		&layout.metadata, &layout.memblock, &layout.core_end, &layout.blob[1].offset,
		&layout.blob[2].offset, &layout.size,
	};

	(void)state;
	make_cold();
	assert_int_equal(layout.table, 4096);
	for (size_t i = 1; i < ARRAY_SIZE(start); i++) {
		assert_int_equal(*start[i] % 4096, 0);
		assert_true(*start[i] > *start[i - 1]);
	}
	assert_int_equal(layout.blob[0].offset, layout.core_end);
	assert_true(layout.items - layout.table >= layout.table_size);
	assert_true(layout.metadata - layout.map >= layout.map_size);
	assert_true(layout.map - layout.fdt >= layout.fdt_size);
	assert_true(layout.size - layout.blob[2].offset >= BLOB_SIZE);
}

/* To encode changes nothing of the model: it can be done again. */
static void built_twice(void **state)
{
	unsigned char *again;

	(void)state;
	handover.to.abi = KHO_ABI_V1;		/* whose map has the root FDT's pages too */
	make_cold();
	again = must_calloc(layout.size);
	assert_int_equal(put_payload(again), 0);
	assert_memory_equal(again + layout.items, buf + layout.items, layout.size - layout.items);
	free(again);
}

static void too_large(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		add_blob(i ? "b" : "a", 1);
	assert_says(0, NULL, payload_plan(&handover, 0, &layout));
	/* Sizes only: nothing of these blobs is read by the plan. */
	handover.blob[0].data.size = 1ull << 31;
	handover.blob[1].data.size = (1ull << 31) - layout.core_end;
	assert_says(0, NULL, payload_plan(&handover, 0, &layout));
	assert_int_equal(layout.size, 1ull << 32);
	handover.blob[1].data.size++;
	assert_refused("a handover holds less than 4096 MiB", payload_plan(&handover, 0, &layout));
}

/* In a kernel of v1 a blob is in a device tree, whose sizes have 31 bits. */
static void too_large_for_v1(void **state)
{
	(void)state;
	handover.to.abi = KHO_ABI_V1;
	add_blob("b", 1);
	handover.blob[0].data.size = 1ull << 30;
	assert_says(0, NULL, payload_plan(&handover, 0, &layout));
	handover.blob[0].data.size = 1ull << 31;
	assert_refused("blob 'b' is too large for a kernel of ABI kho-v1", payload_plan(&handover, 0, &layout));
}

static int build_with_nodes(size_t count)
{
	static unsigned char room[1 << 20];

	handover.node_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct kho_node *node = &handover.node[handover.node_count++];

		*node = (struct kho_node){ .addr = 0x7000000 + i * 4096, .size = 4096 };
		snprintf(node->name, sizeof(node->name), "node%zu", i);
	}
	assert_int_equal(payload_plan(&handover, 0, &layout), 0);
	assert_true(layout.size <= sizeof(room));
	return put_payload(room);
}

/* A root FDT of ours has all of them, and a node for each blob. */
static void too_many_nodes(void **state)
{
	(void)state;
	make_running_kho();
	handover.map = MAP_LIVE;
	assert_says(0, NULL, build_with_nodes(KHO_ROOT_NODES_MAX));
	assert_says(0, NULL, build_with_nodes(KHO_ROOT_NODES_MAX - 1));
	add_blob("b", 1);
	assert_says(0, NULL, build_with_nodes(KHO_ROOT_NODES_MAX - 1));
	buffer_free(&handover.blob[0].data);
	handover.blob_count = 0;
	add_blob("b", 1);
	assert_refused("root FDT: ", build_with_nodes(KHO_ROOT_NODES_MAX));
}

/* What kexec builds, the next kernel's kexec reads. */
static void assert_incoming(void)
{
	struct incoming in;
	struct buffer blob;
	struct tree tree;

	make_cold();
	tree_make(&tree);
	tree_write(&tree, "sys/kernel/boot_params/setup_data/0/type", "0x6b686f01\n", 11);
	tree_write(&tree, "sys/kernel/boot_params/setup_data/0/data", buf + 16, layout.size - 16);
	assert_int_equal(incoming_open(&tree.root, &in), 1);
	assert_int_equal(in.payload.item_count, 5);
	for (unsigned int i = 2; i < 5; i++) {
		assert_int_equal(incoming_read_blob(&in, &in.item[i], &blob), 0);
		assert_memory_equal(blob.data, blob_copy, blob.size);
		buffer_free(&blob);
	}
	incoming_close(&in);
	tree_remove(&tree);
}

static void read_by_incoming(void **state)
{
	(void)state;
	assert_incoming();
}

static void read_by_incoming_v1(void **state)
{
	(void)state;
	handover.to.abi = KHO_ABI_V1;
	assert_incoming();
}

/* A block in two nodes would be taken to lie in the first alone. */
static void nodes_are_not_crossed(void **state)
{
	struct kho_root root;

	(void)state;
	machine.node[0].start = 0x1000;
	machine.node[1].start = 0x140000000;
	machine.node[2].start = 0x17ffff000;
	machine.node_count = 3;
	add_region("big", 0x100000000, 0x80000000, true);
	build();
	assert_int_equal(kho_root_read(at(header()->fdt_addr, 4096 * 4), 4096 * 4, &root), 0);
	assert_map(root.map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_kho, setup, teardown),
		cmocka_unit_test_setup_teardown(unchecked, setup, teardown),
		cmocka_unit_test_setup_teardown(without_anything, setup, teardown),
		cmocka_unit_test_setup_teardown(kho_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(kho_with_region_and_blob, setup, teardown),
		cmocka_unit_test_setup_teardown(kho_with_blob, setup, teardown),
		cmocka_unit_test_setup_teardown(kho_v4_to_v3, setup, teardown),
		cmocka_unit_test_setup_teardown(large_blocks_to_v3, setup, teardown),
		cmocka_unit_test_setup_teardown(large_block_to_its_own_abi, setup, teardown),
		cmocka_unit_test_setup_teardown(without_kho_to_v1, setup, teardown),
		cmocka_unit_test_setup_teardown(raw_node_to_v1, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(nested_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(nested_with_blob, setup, teardown),
		cmocka_unit_test_setup_teardown(nested_memblock, setup, teardown),
		cmocka_unit_test_setup_teardown(nested_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(layout_is_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(nodes_are_not_crossed, setup, teardown),
		cmocka_unit_test_setup_teardown(built_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(too_large_for_v1, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(read_by_incoming, setup, teardown),
		cmocka_unit_test_setup_teardown(read_by_incoming_v1, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
