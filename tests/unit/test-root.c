// SPDX-License-Identifier: GPL-2.0-only
/* The root FDT, against bytes assembled by hand and trees made by libfdt. */
#include <endian.h>
#include <stdio.h>

#include <libfdt.h>

#include "kho.h"
#include <unistd.h>

#include "unit.h"

#define MAP	0x123456789000ull
#define BLOB	0xabcdef0123456ull
#define BLOB_SIZE	0x1122334455667ull

/*
 * One node "n", written down from the Devicetree Specification, chapter 5;
 * KHO's values are little-endian words in it.
 */
#define BE(x)	(((x) & 0xff) << 24 | ((x) & 0xff00) << 8 | ((x) >> 8 & 0xff00) | ((x) >> 24 & 0xff))
#define LE(x)	(uint32_t)(x), (uint32_t)((x) >> 32)

#define STRUCT_WORDS	32
#define STRINGS_SIZE	57

static const struct {
	uint32_t header[10];
	uint64_t reserved[2];
	uint32_t node[STRUCT_WORDS];
	char strings[STRINGS_SIZE];
} __attribute__((packed)) by_hand = {
	.header = {
		BE(0xd00dfeedu), BE(56 + STRUCT_WORDS * 4 + STRINGS_SIZE),
		BE(56), BE(56 + STRUCT_WORDS * 4), BE(40),
		BE(17), BE(16), 0, BE(STRINGS_SIZE), BE(STRUCT_WORDS * 4),
	},
	.node = {
		BE(1), 0,					/* begin "" */
		BE(3), BE(7), BE(0), 0x2d6f686b, 0x00003476,	/* compatible = "kho-v4" */
		BE(3), BE(8), BE(11), LE(MAP),
		BE(1), 0x0000006e,				/* begin "n" */
		BE(3), BE(8), BE(32), LE(BLOB),
		BE(3), BE(8), BE(47), LE(BLOB_SIZE),
		BE(2), BE(2), BE(9),				/* end, end, the end */
		BE(4), BE(4), BE(4), BE(4), BE(4),
	},
	.strings = "compatible\0preserved-memory-map\0preserved-data\0blob-size",
};

struct fdt {
	_Alignas(8) unsigned char bytes[16384];
};

/* How build() is to deviate from a good tree of two nodes "a" and "b". */
struct recipe {
	const char *compatible;		/* NULL: leave the property out */
	int compatible_size;		/* 0: as long as the string */
	const char *map_prop, *addr_prop, *size_prop;
	int map_len, addr_len, size_len;
	uint64_t map, addr, size;
	const char *name;		/* of the second node */
};

static const struct recipe good = {
	.compatible = "kho-v4",
	.map_prop = "preserved-memory-map",
	.addr_prop = "preserved-data",
	.size_prop = "blob-size",
	.map_len = 8, .addr_len = 8, .size_len = 8,
	.map = MAP, .addr = BLOB, .size = BLOB_SIZE,
	.name = "b",
};

static void put_prop(void *fdt, const char *name, const void *value, int len)
{
	static const unsigned char zeros[16];
	unsigned char bytes[16];

	if (!name)
		return;
	memcpy(bytes, zeros, sizeof(bytes));
	memcpy(bytes, value, (size_t)(len < 8 ? len : 8));
	assert_int_equal(fdt_property(fdt, name, bytes, len), 0);
}

static void put_node(void *fdt, const char *name, const struct recipe *r)
{
	assert_int_equal(fdt_begin_node(fdt, name), 0);
	put_prop(fdt, r->addr_prop, &r->addr, r->addr_len);
	put_prop(fdt, r->size_prop, &r->size, r->size_len);
	assert_int_equal(fdt_end_node(fdt), 0);
}

static void begin(struct fdt *f, const struct recipe *r)
{
	assert_int_equal(fdt_create(f->bytes, sizeof(f->bytes)), 0);
	assert_int_equal(fdt_finish_reservemap(f->bytes), 0);
	assert_int_equal(fdt_begin_node(f->bytes, ""), 0);
	if (r->compatible)
		assert_int_equal(fdt_property(f->bytes, "compatible", r->compatible,
					      r->compatible_size ? r->compatible_size :
					      (int)strlen(r->compatible) + 1), 0);
	put_prop(f->bytes, r->map_prop, &r->map, r->map_len);
}

static void end(struct fdt *f)
{
	assert_int_equal(fdt_end_node(f->bytes), 0);
	assert_int_equal(fdt_finish(f->bytes), 0);
}

static void build(struct fdt *f, const struct recipe *r)
{
	begin(f, r);
	put_node(f->bytes, "a", &good);
	put_node(f->bytes, r->name, r);
	end(f);
}

static int read_recipe(const struct recipe *r, struct kho_root *root)
{
	struct fdt f;

	build(&f, r);
	return kho_root_read(f.bytes, sizeof(f.bytes), root);
}

static void read_by_hand(void **state)
{
	void *exact = must_copy(&by_hand, sizeof(by_hand));
	struct kho_root root;

	(void)state;
	assert_int_equal(kho_root_read(exact, sizeof(by_hand), &root), 0);
	assert_int_equal(root.abi, KHO_ABI_V4);
	assert_int_equal(root.map, MAP);
	assert_int_equal(root.node_count, 1);
	assert_string_equal(root.node[0].name, "n");
	assert_int_equal(root.node[0].addr, BLOB);
	assert_int_equal(root.node[0].size, BLOB_SIZE);
	free(exact);
}

static void read_libfdt(void **state)
{
	const struct kho_node *node;
	struct kho_root root;

	(void)state;
	assert_int_equal(read_recipe(&good, &root), 0);
	assert_int_equal(root.node_count, 2);
	node = kho_root_find(&root, "b");
	assert_ptr_equal(node, &root.node[1]);
	assert_int_equal(node->addr, BLOB);
	assert_null(kho_root_find(&root, "c"));
}

/* Each field of a good recipe, spoilt in turn. */
static void read_spoilt(void **state)
{
	static const int lengths[] = { 0, 1, 4, 7, 9, 16 };
	static const char *const abis[] = { "kho-v0", "kho-v5", "kho-v44", "KHO-v4", "" };
	static const char *const names[] = { "b@1", "b c", "b\n", "\x80", ".", ".." };
	struct kho_root root = { .map = 42 };

	(void)state;
#define SPOIL(field, value, err) do { \
	struct recipe r = good; \
	r.field = (value); \
	assert_int_equal(read_recipe(&r, &root), -(err)); \
} while (0)
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		SPOIL(map_len, lengths[i], KHO_ERR_BADNODE);
		SPOIL(addr_len, lengths[i], KHO_ERR_BADNODE);
		SPOIL(size_len, lengths[i], KHO_ERR_BADNODE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(abis); i++)
		SPOIL(compatible, abis[i], KHO_ERR_ABI);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		SPOIL(name, names[i], KHO_ERR_BADNODE);
	SPOIL(compatible, NULL, KHO_ERR_ABI);
	SPOIL(compatible_size, 6, KHO_ERR_ABI);
	SPOIL(map_prop, NULL, KHO_ERR_BADNODE);
	SPOIL(size_prop, NULL, KHO_ERR_BADNODE);
	SPOIL(map, 0, KHO_ERR_BADNODE);
	SPOIL(addr, 0, KHO_ERR_BADNODE);
	SPOIL(size, UINT64_MAX - BLOB + 1, KHO_ERR_BADNODE);
	SPOIL(name, "a", KHO_ERR_EXISTS);
	SPOIL(name, "a12345678901234567890123456789012345678901234567890123456789012x",
	      KHO_ERR_BADNODE);
#undef SPOIL
	assert_int_equal(root.map, 42);
}

/* What a failed kho_add_subtree() leaves: no address, perhaps nothing at all. */
static void read_incomplete(void **state)
{
	static const char *const addr_props[] = { NULL, "fdt" };
	struct kho_root root;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addr_props); i++) {
		struct recipe r = good;

		r.addr_prop = addr_props[i];
		r.name = "b@1";		/* no name that could be reported is needed */
		assert_int_equal(read_recipe(&r, &root), 0);
		assert_int_equal(root.incomplete, 1);
		assert_int_equal(root.node_count, 1);
		assert_null(kho_root_find(&root, "b@1"));
	}
	assert_int_equal(read_recipe(&good, &root), 0);
	assert_int_equal(root.incomplete, 0);
}

/* v1 and v2: the size is not told; v1: the property has another name, the map may be 0. */
static const struct recipe unsized[] = {
	{ .compatible = "kho-v1", .map_prop = "preserved-memory-map", .addr_prop = "fdt",
	  .map_len = 8, .addr_len = 8, .map = MAP, .addr = BLOB, .name = "b" },
	{ .compatible = "kho-v2", .map_prop = "preserved-memory-map", .addr_prop = "preserved-data",
	  .map_len = 8, .addr_len = 8, .map = MAP, .addr = BLOB, .name = "b" },
};

static int read_unsized_recipe(const struct recipe *r, struct kho_root *root)
{
	struct fdt f;

	begin(&f, r);
	put_node(f.bytes, r->name, r);
	end(&f);
	return kho_root_read(f.bytes, sizeof(f.bytes), root);
}

static void read_unsized(void **state)
{
	static const enum kho_abi abis[] = { KHO_ABI_V1, KHO_ABI_V2 };
	struct kho_root root;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unsized); i++) {
		struct recipe r = unsized[i];

		assert_int_equal(read_unsized_recipe(&r, &root), 0);
		assert_int_equal(root.abi, abis[i]);
		assert_int_equal(root.map, MAP);
		assert_int_equal(root.node_count, 1);
		assert_int_equal(root.node[0].addr, BLOB);
		assert_int_equal(root.node[0].size, 0);
		r.map = 0;
		assert_int_equal(read_unsized_recipe(&r, &root), i ? -KHO_ERR_BADNODE : 0);
		r = unsized[i];
		r.map_prop = NULL;
		assert_int_equal(read_unsized_recipe(&r, &root), -KHO_ERR_BADNODE);
		r = unsized[i];
		r.addr = 0;
		assert_int_equal(read_unsized_recipe(&r, &root), -KHO_ERR_BADNODE);
		r.addr_prop = unsized[!i].addr_prop;
		assert_int_equal(read_unsized_recipe(&r, &root), 0);
		assert_int_equal(root.incomplete, 1);
	}
}

static void read_ends_in_range(void **state)
{
	struct recipe r = good;
	struct kho_root root;

	(void)state;
	r.size = UINT64_MAX - BLOB;
	assert_int_equal(read_recipe(&r, &root), 0);
	r.name = "a1234567890123456789012345678901234567890123456789012345678901x";
	assert_int_equal(strlen(r.name), KHO_NODE_NAME_MAX - 1);
	assert_int_equal(read_recipe(&r, &root), 0);
}

/* Truncated at every byte; then with a header that agrees with the cut. */
static void read_truncated(void **state)
{
	struct kho_root root;

	(void)state;
	for (size_t size = 0; size < sizeof(by_hand); size++) {
		unsigned char *cut = must_copy(&by_hand, size);

		assert_int_equal(kho_root_read(cut, size, &root), -KHO_ERR_BADFDT);
		if (size >= 8) {
			fdt_set_totalsize(cut, (uint32_t)size);
			assert_int_equal(kho_root_read(cut, size, &root), -KHO_ERR_BADFDT);
		}
		free(cut);
	}
}

/* Lengths that wrap around send libfdt back and forth for ever; the alarm ends the test. */
static void read_wrapping(void **state)
{
	const uint32_t value[] = { 0xffffffff, 0xfffffffc, 0xfffffff4, 0xfffffff0, 0x80000000 };
	unsigned char *buf = must_copy(&by_hand, sizeof(by_hand));
	struct kho_root root;

	(void)state;
	alarm(20);
	for (size_t pos = 0; pos + sizeof(fdt32_t) <= sizeof(by_hand); pos += sizeof(fdt32_t)) {
		for (size_t i = 0; i < ARRAY_SIZE(value); i++) {
			const fdt32_t word = cpu_to_fdt32(value[i]);

			memcpy(buf + pos, &word, sizeof(word));
			kho_root_read(buf, sizeof(by_hand), &root);
		}
		memcpy(buf + pos, (const unsigned char *)&by_hand + pos, sizeof(fdt32_t));
	}
	alarm(0);
	assert_int_equal(kho_root_read(buf, sizeof(by_hand), &root), 0);
	free(buf);
}

static void read_misaligned(void **state)
{
	unsigned char *buf = must_calloc(sizeof(by_hand) + 8);
	struct kho_root root;

	(void)state;
	for (unsigned int shift = 1; shift < 8; shift++) {
		memcpy(buf + shift, &by_hand, sizeof(by_hand));
		assert_int_equal(kho_root_read(buf + shift, sizeof(by_hand), &root),
				 -KHO_ERR_BADFDT);
	}
	free(buf);
}

/* Names are whole paths before version 16, which crashes some releases of libfdt. */
static void read_old_version(void **state)
{
	unsigned char *buf = must_copy(&by_hand, sizeof(by_hand));
	struct kho_root root;

	(void)state;
	for (uint32_t version = 0; version < 17; version++) {
		fdt_set_version(buf, version);
		fdt_set_last_comp_version(buf, version);
		assert_int_equal(kho_root_read(buf, sizeof(by_hand), &root), -KHO_ERR_BADFDT);
	}
	free(buf);
}

/* Whatever one byte is changed to, the answer is one of the contract's. */
static void read_any_byte(void **state)
{
	static const int documented[] = { 0, -KHO_ERR_BADFDT, -KHO_ERR_ABI, -KHO_ERR_BADNODE,
					  -KHO_ERR_EXISTS, -KHO_ERR_LIMIT };
	unsigned char *buf = must_copy(&by_hand, sizeof(by_hand));
	struct kho_root root;

	(void)state;
	for (size_t i = 0; i < sizeof(by_hand); i++) {
		const unsigned char was = buf[i];

		for (unsigned int value = 0; value < 256; value++) {
			bool found = false;
			int err;

			buf[i] = (unsigned char)value;
			err = kho_root_read(buf, sizeof(by_hand), &root);
			for (size_t j = 0; j < ARRAY_SIZE(documented); j++)
				found |= err == documented[j];
			assert_true(found);
		}
		buf[i] = was;
	}
	free(buf);
}

static void read_many_nodes(void **state)
{
	struct kho_root root;
	struct fdt f;
	char name[16];

	(void)state;
	for (unsigned int count = KHO_ROOT_NODES_MAX; count <= KHO_ROOT_NODES_MAX + 1; count++) {
		begin(&f, &good);
		for (unsigned int i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "node%u", i);
			put_node(f.bytes, name, &good);
		}
		end(&f);
		assert_int_equal(kho_root_read(f.bytes, sizeof(f.bytes), &root),
				 count > KHO_ROOT_NODES_MAX ? -KHO_ERR_LIMIT : 0);
	}
	assert_int_equal(root.node_count, KHO_ROOT_NODES_MAX);
}

static uint64_t prop_u64(const void *fdt, int node, const char *name)
{
	uint64_t value;
	int len;
	const void *prop = fdt_getprop(fdt, node, name, &len);

	assert_non_null(prop);
	assert_int_equal(len, 8);
	memcpy(&value, prop, sizeof(value));
	return le64toh(value);
}

static void write_seen_by_libfdt(void **state)
{
	struct kho_root root = { .abi = KHO_ABI_V4, .map = MAP };
	_Alignas(8) unsigned char buf[4096];
	int len, node;

	(void)state;
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(kho_root_add(&root, KHO_NODE_MEMBLOCK, BLOB, BLOB_SIZE), 0);
	assert_int_equal(kho_root_write(&root, buf, sizeof(buf)), 0);
	assert_int_equal(fdt_check_full(buf, sizeof(buf)), 0);
	assert_int_equal(fdt_totalsize(buf), sizeof(buf));
	assert_string_equal(fdt_getprop(buf, 0, "compatible", &len), "kho-v4");
	assert_int_equal(len, 7);
	assert_int_equal(prop_u64(buf, 0, "preserved-memory-map"), MAP);
	node = fdt_path_offset(buf, "/memblock");
	assert_true(node > 0);
	assert_int_equal(prop_u64(buf, node, "preserved-data"), BLOB);
	assert_int_equal(prop_u64(buf, node, "blob-size"), BLOB_SIZE);
}

/* Both forms of v1 are one on paper, and a size is not written where none is read. */
static void write_unsized(void **state)
{
	static const enum kho_abi abis[] = { KHO_ABI_V1_512, KHO_ABI_V1, KHO_ABI_V2 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(abis); i++) {
		struct kho_root root = { .abi = abis[i], .map = MAP }, back;
		_Alignas(8) unsigned char buf[4096];
		int len, node;

		assert_int_equal(kho_root_add(&root, "n", BLOB, BLOB_SIZE), 0);
		assert_int_equal(kho_root_write(&root, buf, sizeof(buf)), 0);
		assert_string_equal(fdt_getprop(buf, 0, "compatible", &len),
				    i < 2 ? "kho-v1" : "kho-v2");
		node = fdt_path_offset(buf, "/n");
		assert_true(node > 0);
		assert_int_equal(prop_u64(buf, node, i < 2 ? "fdt" : "preserved-data"), BLOB);
		assert_null(fdt_getprop(buf, node, "blob-size", NULL));
		assert_int_equal(kho_root_read(buf, sizeof(buf), &back), 0);
		assert_int_equal(back.abi, i ? abis[i] : KHO_ABI_V1);
		root.map = 0;
		assert_int_equal(kho_root_write(&root, buf, sizeof(buf)), -KHO_ERR_INVAL);
	}
}

/* The same header everywhere. */
static int read_anywhere(void *ctx, uint64_t addr, void *buf, size_t size)
{
	(void)addr;
	memcpy(buf, ctx, size);
	return 0;
}

/* The last byte of an FDT has an address. */
static void sizes_end_in_range(void **state)
{
	uint32_t bytes[10] = { htobe32(0xd00dfeed), htobe32(0x1000) };
	const struct kho_mem mem = { read_anywhere, bytes };

	(void)state;
	for (uint64_t addr = -0x2000ull; addr; addr += 0x800) {
		struct kho_root root = { .abi = KHO_ABI_V1, .map = MAP };

		assert_int_equal(kho_root_add(&root, "n", addr, 0), 0);
		assert_int_equal(kho_root_sizes(&root, &mem, NULL),
				 addr < -0x1000ull ? 0 : -KHO_ERR_BADNODE);
	}
}

/* Memory with a header at BLOB and nothing else. */
static int read_header(void *ctx, uint64_t addr, void *buf, size_t size)
{
	if (addr < BLOB || addr - BLOB > 40 || size > 40 - (addr - BLOB))
		return -1;
	memcpy(buf, (char *)ctx + (addr - BLOB), size);
	return 0;
}

static void sizes(void **state)
{
	static const struct {
		uint32_t magic, size;
		int err;
	} header[] = {
		{ 0xd00dfeed, 40, 0 },
		{ 0xd00dfeed, 0x12345, 0 },
		{ 0xd00dfeed, 0x7fffffff, 0 },
		{ 0xd00dfeed, 0x80000000, -KHO_ERR_BADNODE },
		{ 0xd00dfeed, 39, -KHO_ERR_BADNODE },
		{ 0xedfe0dd0, 0x1000, -KHO_ERR_BADNODE },
	};
	const struct kho_node *bad = NULL;
	uint32_t bytes[10] = { 0 };
	const struct kho_mem mem = { read_header, bytes };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(header); i++) {
		struct kho_root root = { .abi = KHO_ABI_V1, .map = MAP };

		assert_int_equal(kho_root_add(&root, "told", 1, 73), 0);
		assert_int_equal(kho_root_add(&root, "not", BLOB, 0), 0);
		bytes[0] = htobe32(header[i].magic);
		bytes[1] = htobe32(header[i].size);
		assert_int_equal(kho_root_sizes(&root, &mem, &bad), header[i].err);
		assert_int_equal(root.node[0].size, 73);
		assert_int_equal(root.node[1].size, header[i].err ? 0 : header[i].size);
		assert_ptr_equal(bad, header[i].err ? &root.node[1] : NULL);
		assert_int_equal(kho_root_sizes(&root, &mem, NULL), header[i].err);
		root.node[1] = (struct kho_node){ .name = "away", .addr = BLOB + 8 };
		assert_int_equal(kho_root_sizes(&root, &mem, &bad), -KHO_ERR_READ);
		assert_ptr_equal(bad, &root.node[1]);
		bad = NULL;
	}
}

/* Where the ABI has sizes, 0 is one: nothing is looked for at the address. */
static void sizes_told(void **state)
{
	static const enum kho_abi abis[] = { KHO_ABI_V3, KHO_ABI_V4 };
	uint32_t bytes[10] = { htobe32(0xd00dfeed), htobe32(0x1000) };
	const struct kho_mem mem = { read_header, bytes };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(abis); i++) {
		struct kho_root root = { .abi = abis[i], .map = MAP };
		const struct kho_node *bad = NULL;

		assert_int_equal(kho_root_add(&root, "away", 0x1000, 0), 0);
		assert_int_equal(kho_root_add(&root, "fdt", BLOB, 0), 0);
		assert_int_equal(kho_root_sizes(&root, &mem, &bad), 0);
		assert_null(bad);
		assert_int_equal(root.node[0].size, 0);
		assert_int_equal(root.node[1].size, 0);
	}
}

/* The most nodes, of the longest names, in the pages kexec takes for them. */
static void round_trip_full(void **state)
{
	struct kho_root root = { .abi = KHO_ABI_V4, .map = 0x1000 }, back;
	char name[KHO_NODE_NAME_MAX];
	struct fdt f;

	(void)state;
	for (unsigned int i = 0; i < KHO_ROOT_NODES_MAX; i++) {
		snprintf(name, sizeof(name), "%063u", i);
		assert_int_equal(kho_root_add(&root, name, i + 1, UINT64_MAX - i - 1), 0);
	}
	assert_int_equal(kho_root_add(&root, "more", 1, 1), -KHO_ERR_LIMIT);
	assert_int_equal(kho_root_write(&root, f.bytes, sizeof(f.bytes)), 0);
	memset(&back, 0xee, sizeof(back));
	assert_int_equal(kho_root_read(f.bytes, sizeof(f.bytes), &back), 0);
	assert_memory_equal(&back, &root, sizeof(root));
}

static void write_every_size(void **state)
{
	struct kho_root root = { .abi = KHO_ABI_V4, .map = MAP }, back;
	size_t size, smallest = 0;

	(void)state;
	assert_int_equal(kho_root_add(&root, "n", BLOB, BLOB_SIZE), 0);
	for (size = 0; size < 512; size++) {
		void *buf = must_calloc(size);
		int err = kho_root_write(&root, buf, size);

		if (err)
			assert_int_equal(err, -KHO_ERR_NOSPACE);
		else
			assert_int_equal(kho_root_read(buf, size, &back), 0);
		/* Once it fits, it fits. */
		assert_true(!smallest || !err);
		if (!err && !smallest)
			smallest = size;
		free(buf);
	}
	assert_true(smallest > 0);
}

static void write_errors(void **state)
{
	struct kho_root root = { .abi = KHO_ABI_V4, .map = MAP, .node_count = 1 };
	struct fdt f;

	(void)state;
	strcpy(root.node[0].name, "a@1");
	assert_int_equal(kho_root_write(&root, f.bytes, sizeof(f.bytes)), -KHO_ERR_INVAL);
	memset(&root.node[0], 'a', sizeof(root.node[0]));	/* a name without end */
	assert_int_equal(kho_root_write(&root, f.bytes, sizeof(f.bytes)), -KHO_ERR_INVAL);
	strcpy(root.node[0].name, "a");
	root.node[1] = root.node[0];
	root.node_count = 2;
	assert_int_equal(kho_root_write(&root, f.bytes, sizeof(f.bytes)), -KHO_ERR_EXISTS);
	root.node_count = 1;
	assert_int_equal(kho_root_write(&root, f.bytes, KHO_EARLY_MAP_MAX + 1), -KHO_ERR_LIMIT);
	root.map = 0;
	assert_int_equal(kho_root_write(&root, f.bytes, sizeof(f.bytes)), -KHO_ERR_INVAL);
	root.map = MAP;
	root.node_count = KHO_ROOT_NODES_MAX + 1;
	assert_int_equal(kho_root_write(&root, f.bytes, sizeof(f.bytes)), -KHO_ERR_INVAL);
	root.node_count = 0;
	root.abi = KHO_ABI_UNKNOWN;
	assert_int_equal(kho_root_write(&root, f.bytes, sizeof(f.bytes)), -KHO_ERR_ABI);
}

static void names(void **state)
{
	static const char *const bad[] = { "", ".", "..", "/a", "a/", "a//b", "a/..", "a@b", "a b", "a\t", "a:b", "\xc3\xa4",
		"a123456789012345678901234567890123456789012345678901234567890123" };
	static const char *const fine[] = { "a", "LUO", "kexec-metadata", "a.b,c_d+e-9", "...",
		"a12345678901234567890123456789012345678901234567890123456789012" };
	struct kho_root root = { 0 };

	(void)state;
	/* A path, and no name. */
	assert_false(kho_node_name_valid("b/a"));
	assert_int_equal(kho_root_add(&root, "b/a", 1, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(kho_node_name_valid(bad[i]));
		assert_int_equal(kho_root_add(&root, bad[i], 1, 1), -KHO_ERR_INVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++) {
		assert_true(kho_node_name_valid(fine[i]));
		assert_int_equal(kho_root_add(&root, fine[i], 1, 1), 0);
		assert_int_equal(kho_root_add(&root, fine[i], 1, 1), -KHO_ERR_EXISTS);
	}
}

static void abi_names(void **state)
{
	static const struct {
		enum kho_abi abi;
		const char *name, *label;
		bool radix, sized;
	} known[] = {
		{ KHO_ABI_V1_512, "kho-v1", "kho-v1/512", false, false },
		{ KHO_ABI_V1, "kho-v1", "kho-v1/page", false, false },
		{ KHO_ABI_V2, "kho-v2", "kho-v2", true, false },
		{ KHO_ABI_V3, "kho-v3", "kho-v3", true, true },
		{ KHO_ABI_V4, "kho-v4", "kho-v4", true, true },
	};
	static const enum kho_abi unknown[] = { KHO_ABI_UNKNOWN, (enum kho_abi)77 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		assert_string_equal(kho_abi_name(known[i].abi), known[i].name);
		assert_string_equal(kho_abi_label(known[i].abi), known[i].label);
		assert_int_equal(kho_abi_from_name(known[i].label), known[i].abi);
		assert_int_equal(kho_abi_radix(known[i].abi), known[i].radix);
		assert_int_equal(kho_abi_sized(known[i].abi), known[i].sized);
	}
	assert_int_equal(kho_abi_from_name("kho-v1"), KHO_ABI_V1);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		assert_null(kho_abi_name(unknown[i]));
		assert_null(kho_abi_label(unknown[i]));
		assert_false(kho_abi_radix(unknown[i]));
		assert_false(kho_abi_sized(unknown[i]));
		assert_int_equal(kho_abi_max_order(unknown[i], 12), 0);
	}
	assert_int_equal(kho_abi_from_name("kho-v5"), KHO_ABI_UNKNOWN);
	assert_int_equal(kho_abi_from_name(""), KHO_ABI_UNKNOWN);
}

/* ---- Nodes below nodes ------------------------------------------------------ */

/* PATH's last part, with properties as the ABI of GOOD has them; the caller ends it. */
static void begin_node(struct fdt *f, const char *name, uint64_t addr)
{
	const uint64_t size = 64;

	assert_int_equal(fdt_begin_node(f->bytes, name), 0);
	if (!addr)
		return;
	put_prop(f->bytes, "preserved-data", &addr, 8);
	put_prop(f->bytes, "blob-size", &size, 8);
}

static void end_node(struct fdt *f)
{
	assert_int_equal(fdt_end_node(f->bytes), 0);
}

static void put_leaf(struct fdt *f, const char *name, uint64_t addr)
{
	begin_node(f, name, addr);
	end_node(f);
}

/* What is proposed for LUO, a node that only holds others, and properties of formats to come. */
static void build_nested(struct fdt *f)
{
	begin(f, &good);
	put_prop(f->bytes, "epoch", "\1\2\3\4\5\6\7", 8);
	put_leaf(f, "memblock", 0x1000);
	begin_node(f, "LUO", 0x2000);
	assert_int_equal(fdt_property_string(f->bytes, "compatible", "luo"), 0);
	put_leaf(f, "1", 0x3000);
	begin_node(f, "2", 0x4000);
	assert_int_equal(fdt_property_string(f->bytes, "compatible", "luo-2"), 0);
	assert_int_equal(fdt_property(f->bytes, "empty", "", 0), 0);
	put_leaf(f, "flb", 0x5000);
	end_node(f);
	end_node(f);
	begin_node(f, "vm", 0);
	assert_int_equal(fdt_property_string(f->bytes, "compatible", "holder"), 0);
	put_leaf(f, "1", 0x6000);
	end_node(f);
	put_leaf(f, "LUO2", 0x7000);
	end(f);
}

static const struct kho_node nested[] = {
	{ "memblock", 0x1000, 64, false }, { "LUO", 0x2000, 64, true }, { "LUO/1", 0x3000, 64, false },
	{ "LUO/2", 0x4000, 64, true }, { "LUO/2/flb", 0x5000, 64, false }, { "vm/1", 0x6000, 64, false },
	{ "LUO2", 0x7000, 64, false },
};

static void assert_nested(const struct kho_root *root, bool sized)
{
	assert_int_equal(root->node_count, ARRAY_SIZE(nested));
	assert_int_equal(root->incomplete, 0);
	for (size_t i = 0; i < ARRAY_SIZE(nested); i++) {
		assert_string_equal(root->node[i].name, nested[i].name);
		assert_int_equal(root->node[i].addr, nested[i].addr);
		assert_int_equal(root->node[i].size, sized ? nested[i].size : 0);
		assert_int_equal(root->node[i].more, nested[i].more);
	}
}

static void read_nested(void **state)
{
	struct kho_root root;
	struct fdt f;

	(void)state;
	build_nested(&f);
	assert_int_equal(kho_root_read(f.bytes, sizeof(f.bytes), &root), 0);
	assert_nested(&root, true);
	assert_true(kho_node_within("LUO", "LUO") && kho_node_within("LUO/2/flb", "LUO"));
	assert_false(kho_node_within("LUO2", "LUO") || kho_node_within("LU", "LUO"));
	assert_true(kho_node_within("LUO/2/flb", "LUO/2"));
}

static const char *string_at(const struct fdt *f, const char *path, const char *prop)
{
	int node = fdt_path_offset(f->bytes, path);

	return node < 0 ? NULL : fdt_getprop(f->bytes, node, prop, NULL);
}

/* Written again, nothing of it is lost. */
static void rewrite_nested(void **state)
{
	static const enum kho_abi abis[] = { KHO_ABI_V4, KHO_ABI_V3, KHO_ABI_V1 };
	struct kho_root root, back;
	struct fdt f, out;
	int len;

	(void)state;
	build_nested(&f);
	assert_int_equal(kho_root_read(f.bytes, sizeof(f.bytes), &root), 0);
	for (size_t i = 0; i < ARRAY_SIZE(abis); i++) {
		root.abi = abis[i];
		assert_int_equal(kho_root_rewrite(&root, f.bytes, sizeof(f.bytes), out.bytes,
						  sizeof(out.bytes)), 0);
		assert_int_equal(kho_root_read(out.bytes, sizeof(out.bytes), &back), 0);
		assert_nested(&back, kho_abi_sized(abis[i]));
		assert_string_equal(string_at(&out, "/LUO", "compatible"), "luo");
		assert_string_equal(string_at(&out, "/LUO/2", "compatible"), "luo-2");
		assert_string_equal(string_at(&out, "/vm", "compatible"), "holder");
		assert_non_null(fdt_getprop(out.bytes, fdt_path_offset(out.bytes, "/LUO/2"), "empty", &len));
		assert_int_equal(len, 0);
		assert_memory_equal(string_at(&out, "/", "epoch"), "\1\2\3\4\5\6\7", 8);
		assert_string_equal(string_at(&out, "/", "compatible"), kho_abi_name(abis[i]));
		assert_int_equal(!string_at(&out, "/LUO/2", "fdt"), abis[i] != KHO_ABI_V1);
		assert_int_equal(!string_at(&out, "/LUO/2", "blob-size"), abis[i] == KHO_ABI_V1);
	}
}

/* Nodes that go, come, and are in another order; and what has no model. */
static void rewrite_changed(void **state)
{
	struct kho_root root = { .abi = KHO_ABI_V4, .map = MAP }, back;
	struct fdt f, out;

	(void)state;
	build_nested(&f);
	assert_int_equal(kho_root_add(&root, "vm/1", 0x6000, 1), 0);
	assert_int_equal(kho_root_add(&root, "LUO/2", 0x4000, 1), 0);
	assert_int_equal(kho_root_add(&root, "blob", 0x9000, 1), 0);
	assert_int_equal(kho_root_add(&root, "LUO", 0x2000, 1), 0);
	assert_int_equal(kho_root_add(&root, "vm/2", 0x8000, 1), 0);
	assert_int_equal(kho_root_rewrite(&root, f.bytes, sizeof(f.bytes), out.bytes, sizeof(out.bytes)), 0);
	assert_int_equal(kho_root_read(out.bytes, sizeof(out.bytes), &back), 0);
	assert_int_equal(back.node_count, 5);
	for (size_t i = 0; i < root.node_count; i++)
		assert_int_equal(kho_root_find(&back, root.node[i].name)->addr, root.node[i].addr);
	assert_string_equal(back.node[1].name, "vm/2");
	assert_string_equal(back.node[2].name, "LUO");
	assert_string_equal(string_at(&out, "/vm", "compatible"), "holder");
	assert_null(string_at(&out, "/blob", "compatible"));
	assert_int_equal(fdt_path_offset(out.bytes, "/LUO/1"), -FDT_ERR_NOTFOUND);
	/* Without a model. */
	assert_int_equal(kho_root_write(&root, out.bytes, sizeof(out.bytes)), 0);
	assert_null(string_at(&out, "/LUO", "compatible"));
	assert_non_null(string_at(&out, "/LUO/2", "preserved-data"));
	assert_int_equal(kho_root_rewrite(&root, f.bytes, 100, out.bytes, sizeof(out.bytes)), -KHO_ERR_BADFDT);
	fdt_setprop_inplace(f.bytes, 0, "compatible", "kho-v9", 7);
	assert_int_equal(kho_root_rewrite(&root, f.bytes, sizeof(f.bytes), out.bytes, sizeof(out.bytes)),
			 -KHO_ERR_ABI);
}

/* A chain of DEPTH nodes called NAME, the last one with data. */
static int read_chain(int depth, const char *name, struct kho_root *root)
{
	struct fdt f;

	begin(&f, &good);
	for (int i = 1; i <= depth; i++)
		begin_node(&f, name, i == depth ? 0x1000 : 0);
	for (int i = 1; i <= depth; i++)
		end_node(&f);
	end(&f);
	return kho_root_read(f.bytes, sizeof(f.bytes), root);
}

static void read_deep(void **state)
{
	static const char fits[] = "123456789012345678901234567890";
	struct kho_root root;

	(void)state;
	assert_int_equal(read_chain(KHO_ROOT_DEPTH_MAX, "a", &root), 0);
	assert_string_equal(root.node[0].name, "a/a/a/a");
	assert_int_equal(read_chain(KHO_ROOT_DEPTH_MAX + 1, "a", &root), -KHO_ERR_LIMIT);
	assert_int_equal(read_chain(1000, "a", &root), -KHO_ERR_LIMIT);
	/* 30 + 1 + 32 bytes and a NUL are the most that fits. */
	assert_int_equal(read_chain(2, fits, &root), 0);
	assert_int_equal(read_chain(2, "12345678901234567890123456789012", &root), -KHO_ERR_LIMIT);
	assert_int_equal(read_chain(3, fits, &root), -KHO_ERR_LIMIT);
	assert_int_equal(read_chain(2, "a@1", &root), -KHO_ERR_BADNODE);
	assert_int_equal(kho_root_add(&root, "a/b/c/d/e", 1, 1), -KHO_ERR_INVAL);
}

/* Two nodes of a name, one of them with nodes below; and one with nothing. */
static void read_nested_bad(void **state)
{
	struct kho_root root;
	struct fdt f;

	(void)state;
	for (int where = 0; where < 3; where++) {
		begin(&f, &good);
		if (where == 1)
			put_leaf(&f, "LUO", 0x1000);
		begin_node(&f, "LUO", 0);
		put_leaf(&f, "1", 0x2000);
		put_leaf(&f, where ? "2" : "1", 0x3000);
		end_node(&f);
		if (where == 2)
			put_leaf(&f, "LUO", 0x1000);
		end(&f);
		assert_int_equal(kho_root_read(f.bytes, sizeof(f.bytes), &root), -KHO_ERR_EXISTS);
	}
	begin(&f, &good);
	begin_node(&f, "LUO", 0x1000);
	put_leaf(&f, "1", 0);
	end_node(&f);
	end(&f);
	assert_int_equal(kho_root_read(f.bytes, sizeof(f.bytes), &root), 0);
	assert_int_equal(root.incomplete, 1);
	assert_int_equal(root.node_count, 1);
}

/* Nodes below others count as any. */
static void read_many_nested(void **state)
{
	struct kho_root root;
	char name[16];
	struct fdt f;

	(void)state;
	for (unsigned int more = 0; more < 2; more++) {
		begin(&f, &good);
		begin_node(&f, "LUO", 0x1000);
		for (unsigned int i = 1; i < KHO_ROOT_NODES_MAX + more; i++) {
			snprintf(name, sizeof(name), "%u", i);
			put_leaf(&f, name, 0x1000 * (i + 1));
		}
		end_node(&f);
		end(&f);
		assert_int_equal(kho_root_read(f.bytes, sizeof(f.bytes), &root), more ? -KHO_ERR_LIMIT : 0);
	}
	assert_int_equal(root.node_count, KHO_ROOT_NODES_MAX);
}

static void error_texts(void **state)
{
	const char *unknown = kho_strerror(1000);

	(void)state;
	for (int err = KHO_ERR_NOSPACE; err <= KHO_ERR_LOSS; err++) {
		assert_string_not_equal(kho_strerror(err), unknown);
		assert_string_equal(kho_strerror(-err), kho_strerror(err));
	}
	assert_string_equal(kho_strerror(KHO_ERR_LOSS + 1), unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_by_hand),
		cmocka_unit_test(read_libfdt),
		cmocka_unit_test(read_spoilt),
		cmocka_unit_test(read_incomplete),
		cmocka_unit_test(read_unsized),
		cmocka_unit_test(read_ends_in_range),
		cmocka_unit_test(read_truncated),
		cmocka_unit_test(read_wrapping),
		cmocka_unit_test(read_misaligned),
		cmocka_unit_test(read_old_version),
		cmocka_unit_test(read_any_byte),
		cmocka_unit_test(read_many_nodes),
		cmocka_unit_test(write_seen_by_libfdt),
		cmocka_unit_test(write_unsized),
		cmocka_unit_test(sizes),
		cmocka_unit_test(sizes_told),
		cmocka_unit_test(sizes_end_in_range),
		cmocka_unit_test(round_trip_full),
		cmocka_unit_test(write_every_size),
		cmocka_unit_test(write_errors),
		cmocka_unit_test(names),
		cmocka_unit_test(abi_names),
		cmocka_unit_test(read_nested),
		cmocka_unit_test(rewrite_nested),
		cmocka_unit_test(rewrite_changed),
		cmocka_unit_test(read_deep),
		cmocka_unit_test(read_nested_bad),
		cmocka_unit_test(read_many_nested),
		cmocka_unit_test(error_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
