// SPDX-License-Identifier: GPL-2.0-only
/* Memory dumps, hostile ones too, and the search for handovers in them. */
#include <elf.h>
#include <stdio.h>
#include <unistd.h>

#include "arch.h"
#include "dump.h"
#include "kho-handover.h"
#include "ranges.h"
#include "scan.h"
#include "said.h"
#include "tree.h"
#include "unit.h"

/* ---- Files ----------------------------------------------------------------------- */

#define HEADERS_MAX	8
#define DATA_AT		4096		/* in the file; byte N of it is N % 251 */
#define DATA_SIZE	(4 * 4096)

struct core {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[HEADERS_MAX];
};

static struct core make_core(unsigned int segments)
{
	struct core core = { .ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB },
		.e_type = ET_CORE,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)segments,
	} };

	for (unsigned int i = 0; i < segments; i++)
		core.phdr[i] = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_offset = DATA_AT + i * 4096,
			.p_paddr = 0x100000 + i * 4096ull,
			.p_filesz = 4096,
			.p_memsz = 4096,
		};
	return core;
}

static int open_bytes(const void *bytes, size_t size, uint64_t base, struct dump *ret)
{
	char path[128];
	struct tree t;
	int err;

	tree_make(&t);
	tree_write(&t, "dump", bytes, size);
	snprintf(path, sizeof(path), "%s/dump", t.path);
	err = dump_open(path, base, ret);
	tree_remove(&t);
	return err;
}

static int open_core(const struct core *core, struct dump *ret)
{
	static unsigned char file[DATA_AT + DATA_SIZE];

	memcpy(file, core, sizeof(*core));
	for (size_t i = 0; i < DATA_SIZE; i++)
		file[DATA_AT + i] = (unsigned char)(i % 251);
	return open_bytes(file, sizeof(file), 0, ret);
}

static void must_have(const struct dump *d, uint64_t addr, size_t from, size_t size)
{
	unsigned char *buf = must_calloc(size);

	assert_int_equal(dump_read(d, addr, buf, size), 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(buf[i], (from + i) % 251);
	free(buf);
}

static void must_lack(const struct dump *d, uint64_t addr, size_t size)
{
	unsigned char *buf = must_calloc(size);

	assert_int_not_equal(dump_read(d, addr, buf, size), 0);
	free(buf);
}

static void test_core(void **state)
{
	struct core core = make_core(3);
	struct dump d;

	(void)state;
	core.phdr[2].p_paddr = 0x200000;
	assert_int_equal(open_core(&core, &d), 0);
	assert_int_equal(d.kind, DUMP_CORE);
	assert_int_equal(d.bytes, 3 * 4096);
	assert_int_equal(d.count, 2);		/* the first two are one piece */
	must_have(&d, 0x100000, 0, 8192);
	must_have(&d, 0x100ffe, 4094, 4);
	must_have(&d, 0x200fff, 3 * 4096 - 1, 1);
	must_lack(&d, 0x0fffff, 2);
	must_lack(&d, 0x101fff, 2);
	must_lack(&d, 0x201000, 1);
	must_lack(&d, UINT64_MAX, 1);
	dump_close(&d);
}

/* Pieces that touch in memory but not in the file, in any order. */
static void test_core_order(void **state)
{
	struct core core = make_core(3);
	struct dump d;

	(void)state;
	core.phdr[0].p_paddr = 0x102000;
	core.phdr[2].p_paddr = 0x100000;
	assert_int_equal(open_core(&core, &d), 0);
	assert_int_equal(d.count, 3);
	must_have(&d, 0x100000, 2 * 4096, 4096);
	must_have(&d, 0x101000, 4096, 4096);
	must_have(&d, 0x102000, 0, 4096);
	must_lack(&d, 0x102fff, 2);
	assert_int_equal(dump_read(&d, 0x100800, (unsigned char[8192]){ 0 }, 8192), 0);
	dump_close(&d);
}

static void test_core_overlap(void **state)
{
	struct core core = make_core(3);
	struct dump d;

	(void)state;
	core.phdr[1].p_paddr = 0x100800;	/* half of it is there already */
	core.phdr[2].p_paddr = 0x100400;	/* lies in the first two */
	core.phdr[2].p_filesz = core.phdr[2].p_memsz = 1024;
	assert_int_equal(open_core(&core, &d), 0);
	assert_int_equal(d.bytes, 4096 + 2048);
	must_have(&d, 0x100000, 0, 4096);
	must_have(&d, 0x101000, 4096 + 2048, 2048);
	must_lack(&d, 0x1017ff, 2);
	dump_close(&d);
}

/* What a header says beyond the file's end is not there, and told. */
static void test_core_cut_off(void **state)
{
	struct core core = make_core(2);
	struct dump d;

	(void)state;
	core.phdr[1].p_filesz = core.phdr[1].p_memsz = 1 << 30;
	assert_int_equal(open_core(&core, &d), 0);
	assert_true(d.cut_off);
	assert_int_equal(d.bytes, DATA_SIZE);
	must_have(&d, 0x101000, 4096, DATA_SIZE - 4096);
	must_lack(&d, 0x101000 + DATA_SIZE - 4096, 1);
	dump_close(&d);
	core.phdr[1].p_offset = 1 << 20;
	assert_int_equal(open_core(&core, &d), 0);
	assert_int_equal(d.bytes, 4096);
	dump_close(&d);
}

/* Pages that are not in a file do not read as zeros but fail, except for the end of one. */
static void test_core_not_dumped(void **state)
{
	static const unsigned char zeros[4096];
	struct core core = make_core(2);
	unsigned char page[4096];
	struct dump d;

	(void)state;
	core.phdr[1].p_paddr = 0x200000;
	core.phdr[0].p_memsz = 8192;
	assert_int_equal(open_core(&core, &d), 0);
	must_lack(&d, 0x101000, 1);
	dump_close(&d);
	core.phdr[0].p_filesz = 1000;
	assert_int_equal(open_core(&core, &d), 0);
	must_have(&d, 0x100000, 0, 1000);
	assert_int_equal(dump_read(&d, 0x100000 + 1000, page, 3096), 0);
	assert_memory_equal(page, zeros, 3096);
	assert_int_equal(dump_read(&d, 0x100000 + 999, page, 2), 0);
	assert_int_equal(page[0], 999 % 251);
	assert_int_equal(page[1], 0);
	must_lack(&d, 0x101000, 1);
	dump_close(&d);
	/* Not up to the end of the page. */
	core.phdr[0].p_memsz = 2000;
	assert_int_equal(open_core(&core, &d), 0);
	must_lack(&d, 0x100000 + 1000, 1);
	dump_close(&d);
	/* In part there already. */
	core.phdr[0].p_memsz = 4096;
	core.phdr[1].p_paddr = 0x100800;
	assert_int_equal(open_core(&core, &d), 0);
	assert_int_equal(dump_read(&d, 0x100800, page, 2048), 0);
	assert_memory_equal(page, zeros, 2048);
	must_have(&d, 0x101000, 4096 + 2048, 2048);
	dump_close(&d);
	core = make_core(1);
	core.phdr[0].p_memsz = 2048;
	assert_int_equal(open_core(&core, &d), 0);
	must_lack(&d, 0x100800, 1);
	dump_close(&d);
}

static void test_core_hostile_segments(void **state)
{
	struct core core = make_core(6);
	struct dump d;

	(void)state;
	core.phdr[0].p_paddr = UINT64_MAX;		/* kcore's sign of none */
	core.phdr[1].p_offset = UINT64_MAX - 100;
	core.phdr[2].p_filesz = core.phdr[2].p_memsz = UINT64_MAX;
	core.phdr[3].p_type = PT_NOTE;
	core.phdr[4].p_filesz = 0;
	core.phdr[5].p_offset = DATA_AT;
	assert_int_equal(open_core(&core, &d), 0);
	assert_int_equal(d.count, 1);
	must_have(&d, 0x105000, 0, 4096);
	dump_close(&d);
	core.phdr[5].p_type = PT_NULL;
	assert_refused("contains no memory", open_core(&core, &d));
}

static void test_core_hostile_header(void **state)
{
	struct core good = make_core(2), core;
	struct dump d;

	(void)state;
	core = good;
	core.ehdr.e_ident[EI_CLASS] = ELFCLASS32;
	assert_refused("not a 64-bit little-endian core", open_core(&core, &d));
	core = good;
	core.ehdr.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_refused("not a 64-bit little-endian core", open_core(&core, &d));
	core = good;
	core.ehdr.e_type = ET_EXEC;
	assert_refused("not a 64-bit little-endian core", open_core(&core, &d));
	core = good;
	core.ehdr.e_phnum = 0;
	assert_refused("names 0 segments", open_core(&core, &d));
	core = good;
	core.ehdr.e_phentsize = 32;
	assert_refused("segments of 32 bytes", open_core(&core, &d));
	core = good;
	core.ehdr.e_phoff = 1 << 20;
	assert_refused("ends before its program headers", open_core(&core, &d));
	core = good;
	core.ehdr.e_phoff = UINT64_MAX;
	assert_refused("ends before its program headers", open_core(&core, &d));
	core = good;
	core.ehdr.e_phnum = 65534;		/* more headers than there are bytes */
	assert_refused("ends before its program headers", open_core(&core, &d));
}

/* With 65535 segments and more their number is elsewhere. */
static void test_core_many_segments(void **state)
{
	struct core core = make_core(2);
	Elf64_Shdr *shdr = (Elf64_Shdr *)&core.phdr[4];
	struct dump d;

	(void)state;
	core.ehdr.e_phnum = PN_XNUM;
	assert_refused("names 0 segments", open_core(&core, &d));
	core.ehdr.e_shoff = sizeof(core.ehdr) + 4 * sizeof(Elf64_Phdr);
	core.ehdr.e_shentsize = sizeof(*shdr);
	shdr->sh_info = 2;
	assert_int_equal(open_core(&core, &d), 0);
	assert_int_equal(d.bytes, 8192);
	dump_close(&d);
	shdr->sh_info = DUMP_SEGMENTS_MAX + 1;
	assert_refused("; this program reads 1 to ", open_core(&core, &d));
	shdr->sh_info = UINT32_MAX;
	assert_refused("names 4294967295 segments", open_core(&core, &d));
}

static void test_raw(void **state)
{
	static unsigned char file[10000];
	struct dump d;

	(void)state;
	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = (unsigned char)(i % 251);
	assert_int_equal(open_bytes(file, sizeof(file), 0x40000000, &d), 0);
	assert_int_equal(d.kind, DUMP_RAW);
	must_have(&d, 0x40000000, 0, sizeof(file));
	must_lack(&d, 0x40000000 + sizeof(file), 1);
	must_lack(&d, 0, 1);
	dump_close(&d);
	assert_refused("which cannot be RAM at", open_bytes(file, sizeof(file), UINT64_MAX - 100, &d));
}

static void test_other_files(void **state)
{
	static unsigned char file[4096] = { 0xd0, 0x0d, 0xfe, 0xed };
	struct dump d;

	(void)state;
	assert_int_equal(open_bytes(file, sizeof(file), 0, &d), 0);
	assert_int_equal(d.kind, DUMP_FDT);
	must_lack(&d, 0, 1);
	dump_close(&d);
	assert_refused("is too short to hold a handover", open_bytes(file, 8, 0, &d));
	assert_refused("is too short to hold a handover", open_bytes("", 0, 0, &d));
	memcpy(file, "KDUMP   ", 8);
	assert_refused("compressed kdump", open_bytes(file, sizeof(file), 0, &d));
	memcpy(file, "makedumpfile", 12);
	assert_refused("compressed kdump", open_bytes(file, sizeof(file), 0, &d));
	memcpy(file, "EMiL\1\0\0\0", 8);
	assert_refused("is a LiME dump, which this program does not read: take one with \"format=padded\"",
		       open_bytes(file, sizeof(file), 0, &d));
	memcpy(file, "LibvirtQemudSave", 16);
	assert_refused("is a libvirt save file", open_bytes(file, sizeof(file), 0, &d));
	memcpy(file, "\x1f\x8b\x08\0", 4);
	assert_refused("is compressed with gzip, which this program does not read: unpack it (gunzip)",
		       open_bytes(file, sizeof(file), 0, &d));
	/* With its address it is RAM. */
	assert_int_equal(open_bytes(file, sizeof(file), 0x100000, &d), 0);
	dump_close(&d);
	memcpy(file, ELFMAG "\2\1", 6);
	assert_refused("ends inside its ELF header", open_bytes(file, 20, 0, &d));
	assert_refused("is a folder", dump_open("/tmp", 0, &d));
	assert_refused("cannot open '/nonexistent/dump'", dump_open("/nonexistent/dump", 0, &d));
}

/* ---- Search ---------------------------------------------------------------------- */

/* The dumps that tests/data/make-dump writes: one handover, at these places. */
#define ROOT_AT		0x1000000ull
#define MAP_AT		0x1100000ull
#define ENTRY_AT	0x1300000ull

#define PATCHES_MAX	8

/* A dump, with some bytes of memory replaced. */
struct memory {
	struct dump dump;
	struct {
		uint64_t addr;
		unsigned char bytes[4096];
		size_t size;
	} patch[PATCHES_MAX];
	size_t patches;
};

static struct memory memory;
static struct scan scan;

static void open_dump(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[512];

	memset(&memory, 0, sizeof(memory));
	snprintf(path, sizeof(path), "%s/tests/data/dumps/%s.elf", srcdir ? srcdir : ".", name);
	assert_int_equal(dump_open(path, 0, &memory.dump), 0);
}

static void patch(uint64_t addr, const void *bytes, size_t size)
{
	memory.patch[memory.patches].addr = addr;
	memory.patch[memory.patches].size = size;
	memcpy(memory.patch[memory.patches++].bytes, bytes, size);
}

static int read_byte(uint64_t addr, unsigned char *ret)
{
	int err = dump_read(&memory.dump, addr, ret, 1);

	for (size_t i = 0; i < memory.patches; i++)
		if (addr >= memory.patch[i].addr && addr - memory.patch[i].addr < memory.patch[i].size) {
			*ret = memory.patch[i].bytes[addr - memory.patch[i].addr];
			err = 0;
		}
	return err;
}

static int read_memory(void *ctx, uint64_t addr, void *buf, size_t size)
{
	unsigned char *p = buf;

	(void)ctx;
	for (size_t i = 0; i < size; i++)
		if (read_byte(addr + i, &p[i]))
			return -1;
	return 0;
}

static void run_scan(void)
{
	const struct kho_mem mem = { read_memory, NULL };
	struct ranges ram = { 0 };

	for (size_t i = 0; i < memory.dump.count; i++)
		ranges_add(&ram, memory.dump.extent[i].addr, memory.dump.extent[i].size);
	for (size_t i = 0; i < memory.patches; i++)
		ranges_add(&ram, memory.patch[i].addr, memory.patch[i].size);
	ranges_merge(&ram);
	scan_memory(&mem, ram.list, ram.count, 10000, &scan);
	ranges_free(&ram);
}

static void copy_root(uint64_t to)
{
	unsigned char page[4096];

	assert_int_equal(dump_read(&memory.dump, ROOT_AT, page, sizeof(page)), 0);
	patch(to, page, sizeof(page));
}

static void test_scan_finds(void **state)
{
	static const struct {
		const char *name;
		enum kho_abi abi;
		size_t nodes;
		bool form_unknown;
	} dumps[] = {
		{ "kho-v1-512", KHO_ABI_V1_512, 3, false },
		{ "kho-v1-page", KHO_ABI_V1, 3, true },
		{ "kho-v3", KHO_ABI_V3, 4, false },
		{ "kho-v4", KHO_ABI_V4, 5, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
		open_dump(dumps[i].name);
		run_scan();
		assert_int_equal(scan.roots, 1);
		assert_int_equal(scan.root[0].addr, ROOT_AT);
		assert_int_equal(scan.root[0].map, MAP_AT);
		assert_int_equal(scan.root[0].abi, dumps[i].abi);
		assert_int_equal(scan.root[0].nodes, dumps[i].nodes);
		assert_int_equal(scan.root[0].form_unknown, dumps[i].form_unknown);
		assert_int_equal(scan.root[0].preserved, !dumps[i].form_unknown);
		assert_true(scan.root[0].handed);
		assert_int_equal(scan.root[0].map_err, 0);
		assert_int_equal(scan.entries, 1);
		assert_int_equal(scan.entry[0].scratch_size, 48);
		assert_ptr_equal(scan_choose(&scan), &scan.root[0]);
		assert_false(scan.cut_short);
		dump_close(&memory.dump);
	}
}

/* A copy elsewhere is neither preserved nor handed over. */
static void test_scan_stale_copy(void **state)
{
	(void)state;
	open_dump("kho-v4");
	copy_root(0x900000);
	run_scan();
	assert_int_equal(scan.roots, 2);
	assert_non_null(scan_choose(&scan));
	assert_int_equal(scan_choose(&scan)->addr, ROOT_AT);
	dump_close(&memory.dump);
}

/* Its map is gone: an old handover besides the live one. */
static void test_scan_map_gone(void **state)
{
	const uint64_t nowhere = 0x7000000;

	(void)state;
	open_dump("kho-v4");
	copy_root(0x900000);
	for (size_t i = 0; i + 8 <= 4096; i += 4)
		if (!memcmp(memory.patch[0].bytes + i, &(uint64_t){ MAP_AT }, 8))
			memcpy(memory.patch[0].bytes + i, &nowhere, 8);
	run_scan();
	assert_int_equal(scan.roots, 2);
	assert_int_equal(scan.root[0].map_err, -KHO_ERR_READ);
	assert_int_equal(scan_choose(&scan)->addr, ROOT_AT);
	dump_close(&memory.dump);
}

/* Handed over from two places, or neither preserved nor handed over: ambiguous. */
static void test_scan_ambiguous(void **state)
{
	const uint64_t entry[6] = { 0, 10 | 32ull << 32, 0x900000, 4096, 0x1301000, 48 };
	const unsigned char zero[64] = { 0 };

	(void)state;
	open_dump("kho-v4");
	copy_root(0x900000);
	patch(0x901008, entry, sizeof(entry));
	run_scan();
	assert_int_equal(scan.entries, 2);
	assert_null(scan_choose(&scan));
	dump_close(&memory.dump);

	open_dump("kho-v4");
	patch(ENTRY_AT, zero, sizeof(zero));
	patch(ROOT_AT, zero, sizeof(zero));
	run_scan();
	assert_int_equal(scan.roots, 0);
	assert_int_equal(scan.entries, 0);
	assert_null(scan_choose(&scan));
	dump_close(&memory.dump);
}

/* Only what looks right in all fields is taken for an entry or a payload. */
static void test_scan_entries(void **state)
{
	struct {
		struct kho_setup_data header;
		struct kho_payload payload;
	} data = { .header = { .type = KHO_SETUP_TYPE, .len = 1 << 20 },
		   .payload = { .magic = KHO_PAYLOAD_MAGIC, .addr = 0x902000, .size = 1 << 20 } };
	uint64_t entry[6] = { 0, 10 | 32ull << 32, 0x1234, 4096, 0x1301000, 48 };

	(void)state;
	open_dump("kho-v4");
	patch(0x900000, entry, sizeof(entry));		/* not a page */
	entry[2] = 0x5000000;
	entry[5] = 1 << 20;				/* too much scratch */
	patch(0x900100, entry, sizeof(entry));
	patch(0x902000, &data, sizeof(data));
	data.payload.addr++;				/* not where it says it is */
	patch(0x903000, &data, sizeof(data));
	run_scan();
	assert_int_equal(scan.entries, 1);
	assert_int_equal(scan.payloads, 1);
	assert_int_equal(scan.payload[0].addr, 0x902000);
	assert_int_equal(scan.payload[0].size, 1 << 20);
	dump_close(&memory.dump);
}

/* A dump full of root FDTs does not keep the search busy for ever. */
static int read_roots(void *ctx, uint64_t addr, void *buf, size_t size)
{
	unsigned char *p = buf;
	const unsigned char *page = ctx;

	for (size_t i = 0; i < size; i++)
		p[i] = page[(addr + i) % 4096];
	return 0;
}

static void test_scan_bounded(void **state)
{
	const struct kho_range ram = { 0, 1ull << 40 };
	unsigned char page[4096];
	const struct kho_mem mem = { read_roots, page };

	(void)state;
	open_dump("kho-v4");
	assert_int_equal(dump_read(&memory.dump, ROOT_AT, page, sizeof(page)), 0);
	dump_close(&memory.dump);
	scan_memory(&mem, &ram, 1, 100, &scan);
	assert_true(scan.cut_short);
	assert_int_equal(scan.roots, SCAN_ROOTS_MAX);
	page[60] ^= 0xff;				/* no root FDTs any more */
	page[8] = 0xff;
	scan_memory(&mem, &ram, 1, 100, &scan);
	assert_true(scan.cut_short);
	assert_int_equal(scan.roots, 0);
	assert_int_equal(scan.tries, SCAN_TRIES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_core_order),
		cmocka_unit_test(test_core_overlap),
		cmocka_unit_test(test_core_cut_off),
		cmocka_unit_test(test_core_not_dumped),
		cmocka_unit_test(test_core_hostile_segments),
		cmocka_unit_test(test_core_hostile_header),
		cmocka_unit_test(test_core_many_segments),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_scan_finds),
		cmocka_unit_test(test_scan_stale_copy),
		cmocka_unit_test(test_scan_map_gone),
		cmocka_unit_test(test_scan_ambiguous),
		cmocka_unit_test(test_scan_entries),
		cmocka_unit_test(test_scan_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
