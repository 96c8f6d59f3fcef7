// SPDX-License-Identifier: GPL-2.0-only
/* Node "memblock", against trees made by libfdt. */
#include <stdio.h>

#include <libfdt.h>

#include "kho.h"
#include "unit.h"

#define PAGE	4096

struct recipe {
	const char *root_compatible, *compatible;	/* NULL: left out */
	const char *start_prop, *size_prop;
	int start_len, size_len;
	uint64_t start, size;
	const char *name;
};

static const struct recipe good = {
	.root_compatible = "memblock-v1",
	.compatible = "reserve-mem-v1",
	.start_prop = "start", .size_prop = "size",
	.start_len = 8, .size_len = 8,
	.start = 0x140000000, .size = 0x200000,
	.name = "pool",
};

static void put_prop(void *fdt, const char *name, uint64_t value, int len)
{
	const uint64_t bytes[2] = { value, 0 };

	if (name)
		assert_int_equal(fdt_property(fdt, name, bytes, len), 0);
}

static void put_region(void *fdt, const struct recipe *r, const char *name)
{
	assert_int_equal(fdt_begin_node(fdt, name), 0);
	if (r->compatible)
		assert_int_equal(fdt_property_string(fdt, "compatible", r->compatible), 0);
	put_prop(fdt, r->start_prop, r->start, r->start_len);
	put_prop(fdt, r->size_prop, r->size, r->size_len);
	assert_int_equal(fdt_end_node(fdt), 0);
}

static void build(void *fdt, const struct recipe *r, unsigned int count)
{
	char name[64];

	assert_int_equal(fdt_create(fdt, PAGE), 0);
	assert_int_equal(fdt_finish_reservemap(fdt), 0);
	assert_int_equal(fdt_begin_node(fdt, ""), 0);
	if (r->root_compatible)
		assert_int_equal(fdt_property_string(fdt, "compatible", r->root_compatible), 0);
	for (unsigned int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), i ? "%s%u" : "%s", r->name, i);
		put_region(fdt, r, name);
	}
	assert_int_equal(fdt_end_node(fdt), 0);
	assert_int_equal(fdt_finish(fdt), 0);
}

static int read_recipe(const struct recipe *r, unsigned int count, struct kho_region *region,
		       size_t *ret_count)
{
	_Alignas(8) unsigned char buf[PAGE];

	build(buf, r, count);
	return kho_memblock_read(buf, sizeof(buf), region, ret_count);
}

static void read_good(void **state)
{
	struct kho_region region[KHO_REGIONS_MAX];
	size_t count = 42;

	(void)state;
	memset(region, 0xee, sizeof(region));
	assert_int_equal(read_recipe(&good, 0, region, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(read_recipe(&good, KHO_REGIONS_MAX, region, &count), 0);
	assert_int_equal(count, KHO_REGIONS_MAX);
	assert_string_equal(region[0].name, "pool");
	assert_string_equal(region[7].name, "pool7");
	assert_int_equal(region[7].addr, good.start);
	assert_int_equal(region[7].size, good.size);
	count = 42;
	assert_int_equal(read_recipe(&good, KHO_REGIONS_MAX + 1, region, &count), -KHO_ERR_LIMIT);
	assert_int_equal(count, 42);
}

static void read_spoilt(void **state)
{
	static const int lengths[] = { 0, 4, 7, 9, 16 };
	struct kho_region region[KHO_REGIONS_MAX];
	size_t count = 42;

	(void)state;
#define SPOIL(field, value, err) do { \
	struct recipe r = good; \
	r.field = (value); \
	assert_int_equal(read_recipe(&r, 2, region, &count), -(err)); \
} while (0)
	SPOIL(root_compatible, NULL, KHO_ERR_ABI);
	SPOIL(root_compatible, "memblock-v2", KHO_ERR_ABI);
	SPOIL(root_compatible, "memblock-v", KHO_ERR_ABI);
	SPOIL(root_compatible, "memblock-v11", KHO_ERR_ABI);
	SPOIL(compatible, NULL, KHO_ERR_BADNODE);
	SPOIL(compatible, "reserve-mem-v2", KHO_ERR_BADNODE);
	SPOIL(start_prop, NULL, KHO_ERR_BADNODE);
	SPOIL(size_prop, NULL, KHO_ERR_BADNODE);
	SPOIL(start, 0, KHO_ERR_BADNODE);
	SPOIL(size, 0, KHO_ERR_BADNODE);
	SPOIL(size, UINT64_MAX - good.start + 1, KHO_ERR_BADNODE);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		SPOIL(start_len, lengths[i], KHO_ERR_BADNODE);
		SPOIL(size_len, lengths[i], KHO_ERR_BADNODE);
	}
#undef SPOIL
	assert_int_equal(count, 42);
}

/* The kernel's names end with a NUL in 16 bytes. */
static void read_long_name(void **state)
{
	struct kho_region region[KHO_REGIONS_MAX];
	struct recipe r = good;
	size_t count;

	(void)state;
	r.name = "fifteen-letters";
	assert_int_equal(read_recipe(&r, 1, region, &count), 0);
	assert_string_equal(region[0].name, r.name);
	r.name = "sixteen-letters-";
	assert_int_equal(read_recipe(&r, 1, region, &count), -KHO_ERR_BADNODE);
}

static void read_truncated(void **state)
{
	_Alignas(8) unsigned char buf[PAGE];
	struct kho_region region[KHO_REGIONS_MAX];
	size_t count;

	(void)state;
	build(buf, &good, 1);
	for (size_t size = 0; size < fdt_totalsize(buf); size++) {
		void *cut = must_copy(buf, size);

		assert_int_equal(kho_memblock_read(cut, size, region, &count), -KHO_ERR_BADFDT);
		free(cut);
	}
}

static void write_seen_by_libfdt(void **state)
{
	const struct kho_region region = { "pool", 0x123456789000, 0xabc000 };
	_Alignas(8) unsigned char buf[PAGE];
	uint64_t value;
	int node, len;

	(void)state;
	assert_int_equal(kho_memblock_write(&region, 1, buf, sizeof(buf)), 0);
	assert_int_equal(fdt_check_full(buf, sizeof(buf)), 0);
	assert_string_equal(fdt_getprop(buf, 0, "compatible", &len), "memblock-v1");
	node = fdt_path_offset(buf, "/pool");
	assert_true(node > 0);
	assert_string_equal(fdt_getprop(buf, node, "compatible", &len), "reserve-mem-v1");
	memcpy(&value, fdt_getprop(buf, node, "start", &len), sizeof(value));
	assert_int_equal(value, region.addr);
	assert_int_equal(len, 8);
	memcpy(&value, fdt_getprop(buf, node, "size", &len), sizeof(value));
	assert_int_equal(value, region.size);
	assert_int_equal(len, 8);
}

/* One page is what the kernel's own node has, and what kexec keeps for it. */
static void round_trip_full(void **state)
{
	struct kho_region in[KHO_REGIONS_MAX], out[KHO_REGIONS_MAX];
	_Alignas(8) unsigned char buf[PAGE];
	size_t count;

	(void)state;
	memset(in, 0, sizeof(in));
	for (unsigned int i = 0; i < KHO_REGIONS_MAX; i++) {
		snprintf(in[i].name, sizeof(in[i].name), "%015u", i);
		in[i].addr = (i + 1ull) << 32;
		in[i].size = UINT64_MAX - in[i].addr;
	}
	assert_int_equal(kho_memblock_write(in, KHO_REGIONS_MAX, buf, sizeof(buf)), 0);
	assert_int_equal(kho_memblock_read(buf, sizeof(buf), out, &count), 0);
	assert_int_equal(count, KHO_REGIONS_MAX);
	assert_memory_equal(in, out, sizeof(in));
}

static void write_errors(void **state)
{
	struct kho_region region[KHO_REGIONS_MAX + 1] = { { "a", 1, 1 }, { "a", 2, 2 } };
	_Alignas(8) unsigned char buf[PAGE];

	(void)state;
	assert_int_equal(kho_memblock_write(region, 2, buf, sizeof(buf)), -KHO_ERR_EXISTS);
	assert_int_equal(kho_memblock_write(region, KHO_REGIONS_MAX + 1, buf, sizeof(buf)),
			 -KHO_ERR_LIMIT);
	strcpy(region[1].name, "a@2");
	assert_int_equal(kho_memblock_write(region, 2, buf, sizeof(buf)), -KHO_ERR_INVAL);
	memset(region[1].name, 'a', sizeof(region[1].name));
	assert_int_equal(kho_memblock_write(region, 2, buf, sizeof(buf)), -KHO_ERR_INVAL);
	for (size_t size = 0; size < 128; size += 4) {
		void *small = must_calloc(size);

		assert_int_equal(kho_memblock_write(region, 1, small, size), -KHO_ERR_NOSPACE);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_good),
		cmocka_unit_test(read_spoilt),
		cmocka_unit_test(read_long_name),
		cmocka_unit_test(read_truncated),
		cmocka_unit_test(write_seen_by_libfdt),
		cmocka_unit_test(round_trip_full),
		cmocka_unit_test(write_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
