// SPDX-License-Identifier: GPL-2.0-only
/* Each rule, broken once; and handovers that keep them all. */
#include <stdio.h>
#include <unistd.h>

#include "core.h"
#include "dumps.h"
#include "rules.h"
#include "unit.h"

static struct rule_report report;

/* The ids of broken rules, in the order of the table, with a space after each. */
static const char *broken_rules(void)
{
	static char list[2048];
	size_t at = 0;

	list[0] = '\0';
	for (size_t i = 0; i < report.count; i++)
		if (report.outcome[i].result == RULE_BROKEN ||
		    report.outcome[i].result == RULE_WARNING)
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s ",
					       report.outcome[i].id);
	return list;
}

static const struct rule_outcome *outcome(const char *id)
{
	for (size_t i = 0; i < report.count; i++)
		if (!strcmp(report.outcome[i].id, id))
			return &report.outcome[i];
	fail_msg("no rule %s", id);
	return NULL;
}

/* Replace the first FROM in the root FDT. */
static void replace_in_fdt(struct opened_dump *d, const void *from, const void *to, size_t size)
{
	for (size_t i = 0; i + size <= d->source.fdt.size; i++)
		if (!memcmp(d->source.fdt.data + i, from, size)) {
			memcpy(d->source.fdt.data + i, to, size);
			return;
		}
	fail_msg("not in the root FDT");
}

static void replace_number(struct opened_dump *d, uint64_t from, uint64_t to)
{
	replace_in_fdt(d, &from, &to, sizeof(from));
}

static void patch_number(struct opened_dump *d, uint64_t addr, uint64_t value)
{
	dump_patch(d, addr, &value, sizeof(value));
}

static void whole_ram(struct opened_dump *d, uint64_t end)
{
	ranges_free(&d->source.ram);
	assert_int_equal(ranges_add(&d->source.ram, 0, end), 0);
	d->source.ram_whole = true;
}

static void area(struct opened_dump *d, size_t index, uint64_t addr, uint64_t size)
{
	d->source.scratch[index] = (struct kho_range){ addr, size };
}

static void preserve(struct decoded *decoded, uint64_t addr, unsigned int order)
{
	assert_int_equal(blocks_add(&decoded->blocks, addr, order), 0);
	assert_int_equal(ranges_add(&decoded->preserved, addr, 4096ull << order), 0);
	ranges_merge(&decoded->preserved);
}

/* ---- Before the handover is decoded ---------------------------------------------- */

static void fdt_sound(struct opened_dump *d) { d->source.fdt.data[0] = 0; }
static void fdt_size(struct opened_dump *d) { d->source.passed_size = KHO_EARLY_MAP_MAX + 1; }
static void fdt_short(struct opened_dump *d) { d->source.passed_size = 100; }
static void fdt_aligned(struct opened_dump *d) { d->source.fdt_addr += 8; }
static void fdt_elsewhere(struct opened_dump *d) { d->source.fdt_addr = 0x1500000; }
static void abi_known(struct opened_dump *d) { replace_in_fdt(d, "kho-v4", "kho-v9", 6); }
static void map_address(struct opened_dump *d) { replace_number(d, DUMP_MAP, 0); }
static void node_name(struct opened_dump *d) { replace_in_fdt(d, "kho_test", "kho@test", 8); }
static void node_twice(struct opened_dump *d) { replace_in_fdt(d, "kho_test", "memblock", 8); }
static void node_complete(struct opened_dump *d) { replace_number(d, DUMP_TEST, 0); }
static void node_size(struct opened_dump *d) { replace_in_fdt(d, "blob-size", "bloc-size", 9); }
static void map_readable(struct opened_dump *d) { dump_hole(d, DUMP_MAP + 4096, 4096); }
static void map_limit(struct opened_dump *d) { d->source.max_pages = 3; }
static void map_sound(struct opened_dump *d) { patch_number(d, DUMP_MAP + 8 * 8, DUMP_MAP + 4096); }
static void map_aligned(struct opened_dump *d) { patch_number(d, DUMP_MAP + 8, 0x1101008); }
/* The first chunk has blocks of order 0; its first bitmap then is at the end of addresses. */
static void map_range(struct opened_dump *d) { patch_number(d, DUMP_MAP + 16, UINT64_MAX - 4095); }
static void block_ram(struct opened_dump *d) { whole_ram(d, 0x3d000000); }
static void block_scratch(struct opened_dump *d) { area(d, 1, DUMP_R0, 4 << 20); }
static void map_scratch(struct opened_dump *d) { area(d, 1, DUMP_MAP, 4096); }
static void fdt_scratch(struct opened_dump *d) { area(d, 1, DUMP_ROOT, 4096); }
static void node_scratch(struct opened_dump *d) { area(d, 1, DUMP_TEST, 4096); }
static void node_readable(struct opened_dump *d) { dump_hole(d, DUMP_TEST, 4096); }
static void node_fdt(struct opened_dump *d) { dump_patch(d, DUMP_TEST, "", 1); }
static void metadata_sound(struct opened_dump *d) { dump_patch(d, DUMP_METADATA, "\2", 1); }
static void luo_sound(struct opened_dump *d) { dump_patch(d, DUMP_LUO, "luo-v9", 6); }
static void luo_hole(struct opened_dump *d) { dump_hole(d, DUMP_LUO_SESSIONS, 4096); }
static void memfd_lost(struct opened_dump *d) { patch_number(d, DUMP_LUO_FOLIOS, 0x31000); }
static void memfd_hole(struct opened_dump *d) { dump_hole(d, DUMP_LUO_MEMFD, 4096); }
static void scratch_range(struct opened_dump *d) { area(d, 1, UINT64_MAX - 0x1fffff, 4 << 20); }
static void scratch_apart(struct opened_dump *d) { area(d, 1, 0x20000000, 2 << 20); }
static void scratch_odd_start(struct opened_dump *d) { area(d, 0, 0x20001000, 32 << 20); }
static void scratch_odd_size(struct opened_dump *d) { area(d, 0, 0x20000000, 0x2001000); }
static void scratch_low(struct opened_dump *d) { area(d, 0, 5ull << 30, 64 << 20); }
static void scratch_across(struct opened_dump *d) { area(d, 0, (4ull << 30) - (2 << 20), 4 << 20); }

static void memblock_sound(struct opened_dump *d)
{
	unsigned char page[512];

	assert_int_equal(d->memory.read(d->memory.ctx, DUMP_MEMBLOCK, page, 278), 0);
	for (size_t i = 0; i + 11 <= 278; i++)
		if (!memcmp(page + i, "memblock-v1", 11)) {
			dump_patch(d, DUMP_MEMBLOCK + i, "memblock-v2", 11);
			return;
		}
	fail_msg("no compatible");
}

/* The block of sessions is elsewhere, and nothing preserves it. */
static void luo_moved(struct opened_dump *d)
{
	unsigned char page[4096];

	assert_int_equal(d->memory.read(d->memory.ctx, DUMP_LUO_SESSIONS, page, sizeof(page)), 0);
	dump_patch(d, 0x1500000, page, sizeof(page));
	patch_number(d, DUMP_LUO + 16, 0x1500000);
}

static void scratch_size(struct opened_dump *d)
{
	struct kho_range *many = must_calloc(20000 * sizeof(*many));

	memcpy(many, d->source.scratch, 3 * sizeof(*many));
	free(d->source.scratch);
	d->source.scratch = many;
	d->source.scratch_count = 20000;
}

static void scratch_usable(struct opened_dump *d)
{
	for (size_t i = 0; i < d->source.scratch_count; i++)
		d->source.scratch[i].size = 0;
}

static void scratch_ram(struct opened_dump *d)
{
	whole_ram(d, 0x20000000);
	ranges_add(&d->source.ram, 0x24000000, 1 << 30);
}

/* ---- After that ---------------------------------------------------------------------- */

static void block_order(struct decoded *decoded) { preserve(decoded, 1ull << 40, 19); }
static void block_apart(struct decoded *decoded) { preserve(decoded, DUMP_R0 + 8192, 0); }
static void block_low(struct decoded *decoded) { preserve(decoded, 0xff000, 0); }
static void luo_abi(struct decoded *decoded) { decoded->luo.abi = KHO_LUO_V1; }

static void luo_without_flbs(struct decoded *decoded)
{
	decoded->root.abi = KHO_ABI_V3;
	decoded->luo.abi = KHO_LUO_V1;
	decoded->luo.flbs = false;
}

/* Memory of node 1 begins in the middle of the region "r0". */
static void block_node(struct opened_dump *d)
{
	struct machine *m = must_calloc(sizeof(*m));

	m->root.fd = -1;
	m->node[0] = (struct machine_node){ 0, 4096 };
	m->node[1] = (struct machine_node){ 2, DUMP_R0 + 4096 };
	m->node_count = 2;
	d->source.machine = m;
}

static void scratch_array(struct opened_dump *d)
{
	d->source.scratch_addr = d->source.scratch[0].addr;
}

/* Only setup_data keeps the root FDT. */
static void fdt_by_setup_data(struct opened_dump *d)
{
	fdt_elsewhere(d);
	assert_int_equal(ranges_add(&d->source.reserved, d->source.fdt_addr, 4096), 0);
}

static void node_elsewhere(struct decoded *decoded) { decoded->root.node[0].addr = 0x1500000; }
static void region_elsewhere(struct decoded *decoded) { decoded->region[1].addr += 0x100000; }
static void region_apart(struct decoded *decoded) { decoded->region[1].addr = DUMP_R0 + 4096; }

static const struct {
	const char *dump, *broken;
	void (*before)(struct opened_dump *d);
	void (*after)(struct decoded *decoded);
} breaks[] = {
	{ "kho-v4", "fdt-sound ", fdt_sound, NULL },
	{ "kho-v4", "fdt-size ", fdt_size, NULL },
	{ "kho-v4", "fdt-size ", fdt_short, NULL },
	{ "kho-v4", "fdt-aligned ", fdt_aligned, NULL },
	{ "kho-v4", "abi-known ", abi_known, NULL },
	{ "kho-v4", "map-address ", map_address, NULL },
	{ "kho-v1-512", "map-address fdt-preserved node-preserved region-preserved ", map_address,
	  NULL },
	{ "kho-v4", "node-name ", node_name, NULL },
	{ "kho-v4", "node-name ", node_twice, NULL },
	{ "kho-v4", "node-complete ", node_complete, NULL },
	{ "kho-v1-512", "node-complete ", node_complete, NULL },
	{ "kho-v4", "node-size ", node_size, NULL },
	{ "kho-v3", "map-readable ", map_readable, NULL },
	{ "kho-v4", "map-readable ", map_limit, NULL },
	{ "kho-v4", "map-sound ", map_sound, NULL },
	{ "kho-v4", "map-aligned ", map_aligned, NULL },
	{ "kho-v1-512", "map-range ", map_range, NULL },
	{ "kho-v3", "block-order ", NULL, block_order },
	{ "kho-v4", "", NULL, block_order },
	{ "kho-v4", "block-apart ", NULL, block_apart },
	{ "kho-v4", "block-ram ", block_ram, NULL },
	{ "kho-v4", "block-low ", NULL, block_low },
	{ "kho-v4", "block-node ", block_node, NULL },
	{ "kho-v1-512", "", block_node, NULL },
	{ "kho-v4", "block-scratch ", block_scratch, NULL },
	{ "kho-v4", "map-scratch scratch-aligned ", map_scratch, NULL },
	{ "kho-v4", "block-scratch fdt-scratch scratch-aligned ", fdt_scratch, NULL },
	{ "kho-v4", "block-scratch node-scratch scratch-aligned ", node_scratch, NULL },
	{ "kho-v4", "fdt-preserved ", fdt_elsewhere, NULL },
	{ "kho-v1-512", "fdt-preserved ", fdt_by_setup_data, NULL },
	{ "kho-v4", "", fdt_by_setup_data, NULL },
	{ "kho-v4", "node-preserved ", NULL, node_elsewhere },
	{ "kho-v4", "node-readable ", node_readable, NULL },
	{ "kho-v1-512", "node-fdt ", node_fdt, NULL },
	{ "kho-v3", "", node_fdt, NULL },
	{ "kho-v4", "memblock-sound ", memblock_sound, NULL },
	{ "kho-v4", "region-preserved ", NULL, region_elsewhere },
	{ "kho-v4", "region-apart ", NULL, region_apart },
	{ "kho-v4", "metadata-sound ", metadata_sound, NULL },
	{ "kho-v4", "luo-sound ", luo_sound, NULL },
	{ "kho-v4", "luo-sound ", luo_hole, NULL },
	{ "kho-v4", "luo-abi ", NULL, luo_abi },
	{ "kho-v4", "luo-abi ", NULL, luo_without_flbs },
	{ "kho-v4", "luo-preserved ", luo_moved, NULL },
	{ "kho-v4", "memfd-preserved ", memfd_lost, NULL },
	{ "kho-v4", "memfd-preserved ", memfd_hole, NULL },
	{ "kho-v4", "scratch-size ", scratch_size, NULL },
	{ "kho-v4", "scratch-array ", scratch_array, NULL },
	{ "kho-v4", "scratch-usable ", scratch_usable, NULL },
	{ "kho-v4", "scratch-range ", scratch_range, NULL },
	{ "kho-v4", "scratch-apart ", scratch_apart, NULL },
	{ "kho-v4", "scratch-aligned ", scratch_odd_start, NULL },
	{ "kho-v4", "scratch-aligned ", scratch_odd_size, NULL },
	{ "kho-v1-512", "", scratch_odd_size, NULL },
	{ "kho-v4", "scratch-low ", scratch_low, NULL },
	{ "kho-v4", "scratch-low ", scratch_across, NULL },
	{ "kho-v4", "scratch-ram ", scratch_ram, NULL },
};

static void test_sound(void **state)
{
	static const char *const names[] = { "kho-v1-512", "kho-v1-page", "kho-v3", "kho-v4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct opened_dump *d = dump_source(names[i]);

		rules_check(dump_decoded(d), &report);
		assert_string_equal(broken_rules(), "");
		assert_int_equal(report.broken, 0);
		assert_int_equal(report.unknown, 3);	/* not all RAM is known, nor are nodes */
		dump_done(d);
	}
}

static void test_each_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
		struct opened_dump *d = dump_source(breaks[i].dump);
		struct decoded *decoded;

		if (breaks[i].before)
			breaks[i].before(d);
		decoded = dump_decoded(d);
		if (breaks[i].after)
			breaks[i].after(decoded);
		rules_check(decoded, &report);
		if (strcmp(broken_rules(), breaks[i].broken))
			fail_msg("break %zu: expected '%s', found '%s'", i, breaks[i].broken,
				 broken_rules());
		dump_done(d);
	}
}

/* Is there a break for every rule? */
static void test_all_rules(void **state)
{
	struct opened_dump *d = dump_source("kho-v4");

	(void)state;
	rules_check(dump_decoded(d), &report);
	for (size_t i = 0; i < report.count; i++) {
		bool found = false;

		for (size_t j = 0; j < ARRAY_SIZE(breaks); j++)
			found |= strstr(breaks[j].broken, report.outcome[i].id) != NULL;
		if (!found)
			fail_msg("no test breaks %s", report.outcome[i].id);
	}
	dump_done(d);
}

/* What lies in scratch is safe where setup_data keeps it. */
static void test_reserved(void **state)
{
	struct opened_dump *d = dump_source("kho-v4");

	(void)state;
	map_scratch(d);
	d->source.scratch[1].size = 1 << 20;
	assert_int_equal(ranges_add(&d->source.reserved, DUMP_MAP, 1 << 20), 0);
	rules_check(dump_decoded(d), &report);
	assert_string_equal(broken_rules(), "scratch-aligned ");
	dump_done(d);
}

/* ---- What setup_data keeps, as a dump shows it ---------------------------------------- */

#define PAYLOAD_AT	0x5000000ull
#define ADDED_AT	(DUMP_LOG + 0x100000)	/* where region_elsewhere() puts "log" */
#define PIECES_MAX	64

struct payload_page {
	struct kho_setup_data header;
	struct kho_payload payload;
	struct kho_item item[2];
};

static const struct payload_page with_added = {
	.header = { .type = KHO_SETUP_TYPE, .len = 4096 },
	.payload = { .magic = KHO_PAYLOAD_MAGIC, .version = KHO_FORMAT_VERSION, .item_count = 2,
		     .addr = PAYLOAD_AT, .size = 4096, .fdt_addr = DUMP_ROOT,
		     .item_offset = offsetof(struct payload_page, item),
		     .table_offset = sizeof(struct kho_setup_data) },
	.item = { { "r0", KHO_ITEM_REGION, 0, DUMP_R0, 1 << 20 },
		  { "log", KHO_ITEM_REGION, KHO_ITEM_RESERVE, ADDED_AT, 1 << 20 } },
};

/* The dump "kho-v4" with PAGE in it; the caller removes the file. */
static void write_payload_dump(char *path, const struct payload_page *page)
{
	struct opened_dump *d = dump_source("kho-v4");
	const struct dump *dump = &d->source.dump;
	struct core_piece piece[PIECES_MAX];
	unsigned char *bytes[PIECES_MAX];

	assert_true(dump->count < PIECES_MAX);
	for (size_t i = 0; i < dump->count; i++) {
		const struct dump_extent *e = &dump->extent[i];

		bytes[i] = must_calloc(e->size);
		assert_int_equal(dump_read(dump, e->addr, bytes[i], e->size), 0);
		piece[i] = (struct core_piece){ e->addr, bytes[i], e->size };
	}
	piece[dump->count] = (struct core_piece){ PAYLOAD_AT, page, sizeof(*page) };
	close(mkstemp(path));
	assert_int_equal(core_write(path, piece, dump->count + 1), 0);
	for (size_t i = 0; i < dump->count; i++)
		free(bytes[i]);
	dump_done(d);
}

/* The rules of that dump, in which the region "log" is in no map. SPEC without its name. */
static void check_payload_dump(const struct payload_page *page, struct source_spec spec)
{
	char path[] = "/tmp/test-check-XXXXXX";
	struct source *s = must_calloc(sizeof(*s));
	struct decoded *decoded = must_calloc(sizeof(*decoded));

	write_payload_dump(path, page);
	spec.name = path;
	assert_int_equal(source_open(&spec, s), 0);
	unlink(path);
	assert_int_equal(decoded_read(s, decoded), 0);
	region_elsewhere(decoded);
	rules_check(decoded, &report);
	decoded_free(decoded);
	source_close(s);
	free(decoded);
	free(s);
}

/* A SETUP_INDIRECT entry keeps a region that was added to a live map. */
static void test_added_region(void **state)
{
	struct payload_page page = with_added;

	(void)state;
	check_payload_dump(&page, (struct source_spec){ 0 });
	assert_string_equal(broken_rules(), "");
	assert_int_equal(outcome("region-preserved")->result, RULE_HOLDS);

	page.item[1].flags = 0;
	check_payload_dump(&page, (struct source_spec){ 0 });
	assert_string_equal(broken_rules(), "region-preserved ");
	/* It came with another handover, which is not this one. */
	page = with_added;
	page.payload.fdt_addr = 0x2000000;
	check_payload_dump(&page, (struct source_spec){ 0 });
	assert_string_equal(broken_rules(), "region-preserved ");
}

/* What the payload keeps is not known if its header or items are not. */
static void test_payload_damaged(void **state)
{
	struct payload_page page = with_added;

	(void)state;
	page.payload.version++;
	check_payload_dump(&page, (struct source_spec){ 0 });
	assert_string_equal(broken_rules(), "");
	assert_int_equal(outcome("region-preserved")->result, RULE_UNKNOWN);
	page = with_added;
	page.payload.item_offset = 1024;		/* nothing is there: not in the dump */
	page.payload.item_count = 34;
	check_payload_dump(&page, (struct source_spec){ 0 });
	assert_int_equal(outcome("region-preserved")->result, RULE_UNKNOWN);
}

/* With root and scratch given, nothing is searched, so it is unknown what setup_data keeps. */
static void test_not_searched(void **state)
{
	static const char *const unless_kept[] = { "fdt-scratch", "node-scratch", "map-scratch",
						   "region-preserved" };
	const struct kho_range scratch[2] = { { 0x20000000, 32 << 20 }, { 0x1000000, 4 << 20 } };
	const struct source_spec spec = { .has_root = true, .root = DUMP_ROOT, .scratch = scratch,
					  .scratch_count = 2 };

	(void)state;
	check_payload_dump(&with_added, spec);
	assert_string_equal(broken_rules(), "block-scratch ");
	for (size_t i = 0; i < ARRAY_SIZE(unless_kept); i++) {
		assert_int_equal(outcome(unless_kept[i])->result, RULE_UNKNOWN);
		assert_non_null(outcome(unless_kept[i])->why);
	}
	/* In no need of it. */
	assert_int_equal(outcome("fdt-preserved")->result, RULE_HOLDS);
	assert_int_equal(outcome("node-preserved")->result, RULE_HOLDS);
}

/* Where only one reading of kho-v1 has the root FDT in it, that is the right one. */
static void test_form(void **state)
{
	struct opened_dump *d = dump_source("kho-v1-page");

	(void)state;
	assert_int_equal(dump_decoded(d)->root.abi, KHO_ABI_V1);
	assert_false(d->decoded.form_unknown);
	dump_done(d);
	d = dump_source("kho-v1-512");
	assert_int_equal(dump_decoded(d)->root.abi, KHO_ABI_V1_512);
	dump_done(d);

	/* In neither: a node's data is where no kernel has put it. */
	d = dump_source("kho-v1-page");
	replace_number(d, DUMP_TEST, 0x7000000);
	rules_check(dump_decoded(d), &report);
	assert_true(d->decoded.form_unknown);
	assert_int_equal(outcome("map-readable")->result, RULE_UNKNOWN);
	assert_int_equal(outcome("node-preserved")->result, RULE_UNKNOWN);
	assert_string_equal(decoded_abi_label(&d->decoded), "kho-v1");
	dump_done(d);
	/* Unless the user says it. */
	d = dump_source("kho-v1-page");
	replace_number(d, DUMP_TEST, 0x7000000);
	d->source.form = KHO_ABI_V1;
	rules_check(dump_decoded(d), &report);
	assert_string_equal(broken_rules(), "node-preserved node-readable ");
	dump_done(d);
}

static void test_not_checked(void **state)
{
	struct opened_dump *d = dump_source("kho-v4");

	(void)state;
	d->source.has_scratch = false;
	d->source.has_addr = false;
	rules_check(dump_decoded(d), &report);
	assert_int_equal(report.broken, 0);
	assert_int_equal(outcome("scratch-low")->result, RULE_UNKNOWN);
	assert_non_null(outcome("scratch-low")->why);
	assert_int_equal(outcome("fdt-preserved")->result, RULE_UNKNOWN);
	assert_int_equal(outcome("block-low")->result, RULE_HOLDS);
	assert_true(report.map_checked);
	dump_done(d);

	d = dump_source("kho-v4");
	d->source.has_mem = false;
	rules_check(dump_decoded(d), &report);
	assert_int_equal(report.broken, 0);
	assert_false(report.map_checked);
	assert_int_equal(outcome("map-readable")->result, RULE_UNKNOWN);
	assert_int_equal(outcome("node-complete")->result, RULE_HOLDS);
	dump_done(d);
}

/* More findings than are kept are counted. */
static void test_many_findings(void **state)
{
	struct opened_dump *d = dump_source("kho-v4");

	(void)state;
	scratch_size(d);
	for (size_t i = 100; i < 200; i++)
		d->source.scratch[i] = (struct kho_range){ 0x10000000 + i * 0x1000, 0x1000 };
	rules_check(dump_decoded(d), &report);
	assert_true(outcome("scratch-aligned")->findings > FINDINGS_MAX);
	assert_string_not_equal(outcome("scratch-aligned")->finding[FINDINGS_MAX - 1], "");
	dump_done(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_each_rule),
		cmocka_unit_test(test_all_rules),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_added_region),
		cmocka_unit_test(test_payload_damaged),
		cmocka_unit_test(test_not_searched),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_not_checked),
		cmocka_unit_test(test_many_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
