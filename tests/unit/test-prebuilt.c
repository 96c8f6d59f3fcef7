// SPDX-License-Identifier: GPL-2.0-only
/*
 * The prebuilt handover, for kexec_file_load: planned and built from a handover made
 * up by hand, then looked at as the kernel would: its checks, and its way to place the
 * rest of the image, page by page.
 *
 *   test-prebuilt --write-corpus DIR     the seeds of tests/fuzz/fuzz-prebuilt.c
 */
#include <asm/bootparam.h>
#include <stdio.h>
#include <sys/stat.h>

#include "boot-arch.h"
#include "crc32c.h"
#include "params.h"
#include "place-by-kernel.h"
#include "prebuilt.h"
#include "said.h"
#include "prebuilt-file.h"
#include "sysfs-kho.h"
#include "tree.h"
#include "unit.h"
#include "verify.h"

#define MIB		(1ull << 20)
#define KERNEL_FDT	0x7abc000ull
#define KERNEL_MAP	0x7def000ull
#define REGION_SIZE	(2 * MIB + 0x3000)

static struct tree tree;
static struct machine machine;
static struct target target;
static struct handover handover;
static struct image_plan plan;
static struct request request;

static const struct kho_range usual_scratch[] = {
	{ 0x2f800000, 132 * MIB }, { 0x37c00000, 0 }, { 0x29c00000, 92 * MIB },
};

static void set_scratch(const struct kho_range *area, size_t count)
{
	free(handover.scratch);
	handover.scratch = must_copy(area, count * sizeof(*area));
	handover.scratch_count = count;
}

static void make_machine(void)
{
	memset(&machine, 0, sizeof(machine));
	tree_make(&tree);
	machine.root = tree.root;
	strcpy(machine.release, "7.3.4-test");
	machine.ram[0] = machine.usable[0] = (struct kho_range){ MIB, 0x3ff00000 };
	machine.ram_count = machine.usable_count = 1;
	machine.memmap[0] = (struct memmap_entry){ MIB, 0x3ff00000, E820_RAM };
	machine.memmap_count = 1;
	machine.ram_size = machine.ram_total = 1ull << 30;
}

static void make_running(void)
{
	struct kho_root *root = &handover.running.root;

	handover.running.kho = true;
	handover.running.fdt_addr = KERNEL_FDT;
	handover.running.writes = handover.to;
	assert_int_equal(blocks_init(&handover.running.preserved, 12), 0);
	*root = (struct kho_root){ .abi = KHO_ABI_V4, .map = KERNEL_MAP };
	assert_int_equal(kho_root_add(root, KHO_NODE_MEMBLOCK, 0x7001000, 4096), 0);
	assert_int_equal(kho_root_add(root, KHO_NODE_METADATA, 0x7002000, 73), 0);
	assert_int_equal(kho_root_write(root, handover.running.fdt, sizeof(handover.running.fdt)), 0);
}

static int setup(void **state)
{
	(void)state;
	make_machine();
	memset(&handover, 0, sizeof(handover));
	memset(&plan, 0, sizeof(plan));
	memset(&request, 0, sizeof(request));
	request.kernel = must_copy(TARGET, sizeof(TARGET));
	request.kho = true;
	assert_int_equal(target_open(&target, &request), 0);
	assert_int_equal(target_read(&target, &request), 0);
	assert_int_equal(target_find_abis(&target, &request), 0);
	handover.machine = &machine;
	handover.kcore.fd = -1;
	handover.hop = 1;
	handover.checked = true;
	handover.to = target.reads;
	make_running();
	set_scratch(usual_scratch, ARRAY_SIZE(usual_scratch));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	image_plan_release(&plan);
	handover_release(&handover);
	target_release(&target);
	request_free(&request);
	tree_remove(&tree);
	return 0;
}

static struct handover_region *add_region(const char *name, uint64_t addr, uint64_t size, bool added)
{
	struct handover_region *r = &handover.region[handover.region_count++];

	memset(r, 0, sizeof(*r));
	strcpy(r->region.name, name);
	r->region.addr = addr;
	r->region.size = size;
	r->added = added;
	return r;
}

static void add_blob(const char *name, size_t size)
{
	struct handover_blob *blob = &handover.blob[handover.blob_count++];

	strcpy(blob->name, name);
	assert_int_equal(buffer_alloc(&blob->data, size), 0);
	memset(blob->data.data, 0x5a, size);
}

static void set_initrd(size_t size)
{
	buffer_free(&target.initrd);
	assert_int_equal(buffer_alloc(&target.initrd, size), 0);
}

static int place(const char *cmdline, bool no_checks)
{
	bool adds = handover.blob_count > 0;

	for (size_t i = 0; i < handover.region_count; i++)
		adds |= handover.region[i].added;
	handover.node_count = 0;
	assert_int_equal(handover_check_nodes(&handover, adds), 0);
	image_plan_release(&plan);
	plan = (struct image_plan){
		.machine = &machine, .target = &target, .handover = &handover, .cmdline = cmdline,
		.no_checks = no_checks, .placer = &place_by_kernel,
	};
	return image_plan_place(&plan);
}

static const char *parse(struct prebuilt_file *ret)
{
	return prebuilt_parse(plan.payload_buf.data, plan.payload_buf.size, ret);
}

static void build(const char *cmdline, bool no_checks, struct prebuilt_file *ret)
{
	assert_int_equal(place(cmdline, no_checks), 0);
	assert_int_equal(image_plan_build(&plan), 0);
	assert_int_equal(plan.payload_buf.size, plan.layout.size);
	assert_null(parse(ret));
	assert_null(prebuilt_check_running(ret, handover.scratch, handover.scratch_count, KERNEL_FDT,
					  &handover.running.root));
}

static void usual_handover(void)
{
	struct handover_region *pool;

	pool = add_region("pool", 0x3ffd000, REGION_SIZE, false);
	pool->verify = true;
	pool->digest = must_calloc(8);
	pool->digest[0] = 0x1234;
	add_region("mine", 0x10000000, 0x200000, true)->verify = true;
	handover.region[1].late = true;
	add_blob("conf", 100);
}

/* ---- Contents -------------------------------------------------------------------------- */

static const struct kho_entry *entry(const struct prebuilt_file *s, unsigned int index)
{
	assert_true(index < s->table->entry_count);
	return kho_table_entries(s->table) + index;
}

static void whole_segment(void **state)
{
	struct prebuilt_file s;
	const uint32_t *digest;

	(void)state;
	usual_handover();
	build("console=ttyS1", false, &s);
	assert_false(s.is_signed);
	assert_int_equal(s.payload->serial_port, 0x2f8);
	assert_int_equal(s.payload->console, 0);
	assert_int_equal(s.payload->addr, plan.payload->addr);
	assert_int_equal(s.payload->item_count, 5);
	assert_string_equal(s.item[0].name, "pool");
	assert_int_equal(s.item[0].flags, KHO_ITEM_VERIFIED);
	assert_int_equal(s.item[1].flags, KHO_ITEM_VERIFIED | KHO_ITEM_RESERVE);
	assert_true(s.own_root);
	assert_int_equal(s.root.node_count, 3);
	assert_int_equal(s.root.map, KERNEL_MAP);
	/* The kernel's entries come in front: none of them is ours. */
	assert_int_equal(s.table->entry_count, 4);
	assert_string_equal(entry(&s, 0)->name, "handover");
	assert_int_equal(entry(&s, 0)->addr, s.payload->addr + s.payload->item_offset);
	assert_string_equal(entry(&s, 1)->name, "conf");
	assert_string_equal(entry(&s, 2)->name, "pool");
	assert_string_equal(entry(&s, 3)->name, "mine");
	assert_int_equal(entry(&s, 2)->flags, 0);
	assert_int_equal(entry(&s, 3)->flags, KHO_ENTRY_SEAL);
	digest = kho_table_digests(s.table);
	assert_int_equal(digest[entry(&s, 2)->first_digest], 0x1234);
	assert_int_equal(digest[entry(&s, 3)->first_digest], 0);
	assert_int_equal(digest[0], crc32c(0, plan.payload_buf.data + s.payload->item_offset,
					   entry(&s, 0)->size));
	assert_ptr_equal(prebuilt_find_entry(&s, &s.item[1]), entry(&s, 3));
	assert_null(prebuilt_find_entry(&s, &s.item[3]));
}

static void root_in_place(void **state)
{
	struct prebuilt_file s;

	(void)state;
	add_region("pool", 0x3ffd000, REGION_SIZE, false);
	build("", false, &s);
	assert_false(s.own_root);
	assert_int_equal(s.payload->fdt_addr, KERNEL_FDT);
	assert_int_equal(s.payload->serial_port, 0);
}

static void without_checks(void **state)
{
	struct prebuilt_file s;

	(void)state;
	handover.checked = false;
	add_blob("conf", 100);
	build("", true, &s);
	assert_null(s.table);
	assert_int_equal(s.payload->table_size, 0);
}

static void vga_console(void **state)
{
	struct boot_params *bp = (void *)machine.arch.boot_params;
	struct prebuilt_file s;

	(void)state;
	bp->screen_info.orig_video_isVGA = 1;
	build("console=uart8250,io,0x1234", false, &s);
	assert_int_equal(s.payload->console, KHO_CONSOLE_VGA);
	assert_int_equal(s.payload->serial_port, 0);
}

static void serial_ports(void **state)
{
	static const struct {
		const char *cmdline;
		unsigned int port;
	} row[] = {
		{ "console=ttyS0", 0x3f8 }, { "console=ttyS1", 0x2f8 }, { "console=ttyS2", 0x3e8 },
		{ "console=ttyS3", 0x2e8 }, { "console=tty0", 0 }, { "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(arch_serial_port_of_kernel(row[i].cmdline), row[i].port);
	assert_says(0, "purgatory will not print on port 0x1234",
		    arch_serial_port_of_kernel("console=uart8250,io,0x1234"));
}

/* One entry for each of 16 segments and the header, a digest for each 2 MiB of a file. */
static void table_has_room(void **state)
{
	static const size_t initrd[] = { 0, 1, 2 << 20, (50 << 20) + 1 };
	struct prebuilt_file s;

	(void)state;
	usual_handover();
	for (size_t i = 0; i < ARRAY_SIZE(initrd); i++) {
		uint64_t kernels, chunks = (target.kernel.size + 2 * MIB - 1) / (2 * MIB) +
					   (initrd[i] + 2 * MIB - 1) / (2 * MIB);

		set_initrd(initrd[i]);
		assert_int_equal(place("", false), 0);
		assert_int_equal(image_plan_build(&plan), 0);
		assert_null(parse(&s));
		kernels = 17 * sizeof(struct kho_entry) + 4 * (chunks + 16 + 1);
		assert_true(s.payload->table_size >= kho_table_size(s.table) + kernels);
		assert_int_equal(s.payload->table_size % 4096, 0);
		assert_true(s.payload->item_offset >= s.payload->table_offset + s.payload->table_size);
		teardown(NULL);
		setup(NULL);
		usual_handover();
	}
}

/* ---- Placement ------------------------------------------------------------------------- */

struct taken {
	struct kho_range range[8];
	size_t count;
};

static bool is_free(const struct taken *taken, uint64_t addr, uint64_t size)
{
	for (size_t i = 0; i < taken->count; i++)
		if (addr < taken->range[i].addr + taken->range[i].size && taken->range[i].addr < addr + size)
			return false;
	return true;
}

/* kho_walk_scratch() with locate_mem_hole_top_down(): true if it finds a place. */
static bool kernel_places(struct taken *taken, uint64_t size, uint64_t align, uint64_t min)
{
	size = (size + 4095) & ~4095ull;
	for (size_t i = 0; i < handover.scratch_count; i++) {
		const struct kho_range *area = &handover.scratch[i];

		if (area->size < size)
			continue;
		for (uint64_t at = area->addr + area->size - size; ; at -= 4096) {
			at &= ~(align - 1);
			if (at < area->addr || at < min)
				break;
			if (!is_free(taken, at, size))
				continue;
			taken->range[taken->count++] = (struct kho_range){ at, size };
			return true;
		}
	}
	return false;
}

/* Whatever the sizes of its own parts are, up to those we have kept room for. */
static bool kernel_finds_room(uint64_t purgatory, uint64_t boot_params)
{
	struct taken taken = { .range = { { plan.payload->addr, plan.layout.size } }, .count = 1 };
	const struct image *image = &target.image;

	return kernel_places(&taken, purgatory, 4096, 0x3000) &&
	       kernel_places(&taken, boot_params, 4096, 0x3000) &&
	       kernel_places(&taken, image->init_size, image->alignment, image->pref_address) &&
	       (!target.initrd.size || kernel_places(&taken, target.initrd.size, 4096, 16 * MIB));
}

static void assert_plan_holds(void)
{
	bool inside = false;

	for (size_t i = 0; i < handover.scratch_count; i++)
		inside |= kho_ranges_cover(&handover.scratch[i], 1, plan.payload->addr, plan.layout.size);
	assert_true(inside);
	assert_int_equal(plan.payload->addr % 4096, 0);
	assert_true(kernel_finds_room(20 << 10, 6 << 10));
	assert_true(kernel_finds_room(256 << 10, 64 << 10));
}

static void leaves_room(void **state)
{
	(void)state;
	usual_handover();
	set_initrd(40 << 20);
	assert_int_equal(place("", false), 0);
	assert_plan_holds();
}

/* The initrd would take what the payload needs: it goes to the other area. */
static void payload_before_initrd(void **state)
{
	const struct kho_range area[] = { { 0x20000000, 80 * MIB }, { 0x30000000, 42 * MIB } };

	(void)state;
	set_scratch(area, ARRAY_SIZE(area));
	set_initrd(40 << 20);
	add_blob("large", 43 << 20);
	assert_int_equal(place("", false), 0);
	assert_true(plan.payload->addr < area[1].addr);
	assert_plan_holds();
}

static void no_room(void **state)
{
	const struct kho_range area[] = { { 0x20000000, 40 * MIB }, { 0x30000000, 8 * MIB } };

	(void)state;
	set_scratch(area, ARRAY_SIZE(area));
	add_blob("large", 8 << 20);
	assert_refused("no room in the running kernel's scratch areas for the handover", place("", false));
	buffer_free(&handover.blob[0].data);
	assert_int_equal(buffer_alloc(&handover.blob[0].data, 1 << 20), 0);
	assert_int_equal(place("", false), 0);
	assert_plan_holds();
	set_initrd(10 << 20);
	assert_refused("no room in the running kernel's scratch areas for the initrd", place("", false));
}

/* Random areas and sizes: the kernel can do what is planned. */
static void random_areas(void **state)
{
	uint32_t seed = 1;
	unsigned int planned = 0;

	(void)state;
	add_blob("blob", 1);
	for (unsigned int n = 0; n < 300; n++) {
		struct kho_range area[4];
		uint64_t at = 32 * MIB;

		for (size_t i = 0; i < ARRAY_SIZE(area); i++) {
			at += random_next(&seed) % 16 * 4 * MIB;
			area[i] = (struct kho_range){ at, random_next(&seed) % 20 * 4 * MIB };
			at += area[i].size;
		}
		if (random_next(&seed) % 2) {
			struct kho_range first = area[0];

			area[0] = area[2];
			area[2] = first;
		}
		set_scratch(area, ARRAY_SIZE(area));
		/* Sizes only: nothing of it is read by the plan. */
		target.initrd.size = random_next(&seed) % (60 << 20);
		handover.blob[0].data.size = random_next(&seed) % (60 << 20);
		if (place("", false))
			continue;
		planned++;
		assert_plan_holds();
	}
	target.initrd.size = 0;
	assert_true(planned > 50);
}

/* ---- Obstacles --------------------------------------------------------------------------- */

static void put_features(const char *text)
{
	tree_write(&tree, SYSFS_KHO "/features", text, strlen(text));
}

static void assert_obstacle(const char *phrase)
{
	char why[256];

	handover.node_count = 0;
	assert_int_equal(handover_check_nodes(&handover, handover.blob_count > 0), 0);
	assert_int_equal(prebuilt_obstacle(&handover, &target, &request, why, sizeof(why)), phrase != NULL);
	if (phrase && !strstr(why, phrase))
		fail_msg("'%s' does not say '%s'", why, phrase);
}

static void obstacles_of_the_kernel(void **state)
{
	(void)state;
	assert_obstacle("does not take a handover built in userspace");
	put_features("format 2\nverify seal\n");
	assert_obstacle("'segment' is not in");
	put_features("format 3\nsegment verify seal\n");
	assert_obstacle("another format");
	put_features("segment verify seal\n");
	assert_obstacle("not understood");
	put_features("format 2\nsegment\n");
	assert_obstacle("verifies nothing");
	request.no_checks = true;
	assert_obstacle(NULL);
	request.no_checks = false;
	put_features("format 2\nsegment verify\n");
	assert_obstacle(NULL);
	assert_int_equal(request_add_verify(&request, "all:late"), 0);
	assert_obstacle("':late'");
	put_features("format 2\nsegment verify seal\n");
	assert_obstacle(NULL);
	tree_unlink(&tree, SYSFS_KHO "/features");
	assert_obstacle("no /" SYSFS_KHO "/features");
	handover.running.kho = false;
	assert_obstacle("boot it with kho=on");
}

static void obstacles_of_the_handover(void **state)
{
	(void)state;
	put_features("format 2\nsegment verify seal\n");
	assert_obstacle(NULL);
	handover.to.abi = KHO_ABI_V3;
	assert_obstacle("another ABI");
	handover.to.abi = KHO_ABI_V4;
	target.image.segments_only = true;
	assert_obstacle("takes no vmlinux");
	target.image.segments_only = false;
	request.no_efi = true;
	assert_obstacle("--noefi");
	request.no_efi = false;
	target.image.limit = 1ull << 32;
	assert_obstacle("above 4 GiB");
	target.image.limit = 0;
	add_region("pool", 0x3ff00000, 0x200000, false);
	assert_obstacle(NULL);
	handover.region[0].verify = true;
	assert_obstacle("'pool' is not all \"System RAM\"");
	handover.region[0] = (struct handover_region){ .region = { "x", 0x3ff00000, 0x200000 }, .added = true };
	assert_obstacle("'x' is not all");
	handover.region_count = 0;
	add_blob("blob", 1);
	handover.blob[0].data.size = 1 << 30;
	assert_obstacle("1 GiB");
	handover.blob[0].data.size = 1;
	assert_obstacle(NULL);
}

/* ---- The same by kexec_load ----------------------------------------------------------------- */

static void build_image(bool no_checks)
{
	usual_handover();
	handover.region[1].late = false;
	handover.region[1].digest = must_calloc(4);
	assert_int_equal(place("console=ttyS1", no_checks), 0);
	image_plan_release(&plan);
	plan = (struct image_plan){
		.machine = &machine, .target = &target, .handover = &handover,
		.cmdline = "console=ttyS1", .no_checks = no_checks, .placer = &place_by_kexec,
	};
	assert_int_equal(image_plan_place(&plan), 0);
	assert_int_equal(image_plan_build(&plan), 0);
}

/* Purgatory's parameters are its image's last bytes, and are CRCed as purgatory does it. */
static struct kho_purgatory_params purgatory_params(void)
{
	unsigned char *image = plan.purgatory_buf.data;
	size_t at = plan.purgatory_buf.size - sizeof(struct kho_purgatory_params);
	struct kho_purgatory_params params, copy;

	memcpy(&params, image + at, sizeof(params));
	copy = params;
	copy.self_crc = 0;
	memcpy(image + at, &copy, sizeof(copy));
	assert_int_equal(params.self_crc, crc32c(0, image, plan.purgatory_buf.size));
	memcpy(image + at, &params, sizeof(params));
	copy.react.crc = 0;
	assert_int_equal(params.react.crc, crc32c(0, &copy.react, sizeof(copy.react)));
	return params;
}

static void whole_image(void **state)
{
	struct kho_purgatory_params params;
	const struct kho_table *table;
	const struct kho_entry *e;

	(void)state;
	build_image(false);
	params = purgatory_params();
	assert_int_equal(params.magic, KHO_PURGATORY_MAGIC);
	assert_int_equal(params.image_size, plan.purgatory_buf.size);
	assert_int_equal(params.kernel_entry, plan.kernel->addr + 0x200);
	assert_int_equal(params.boot_params, plan.boot_data->addr);
	assert_int_equal(params.react.report_addr, plan.payload->addr + KHO_REPORT_OFFSET);
	assert_int_equal(params.react.cut_addr, plan.payload->addr);
	assert_int_equal(params.react.cut[0], 0);
	assert_int_equal(params.react.cut[1], KHO_SETUP_TYPE | (plan.payload_buf.size - 16) << 32);
	assert_int_equal(params.react.serial_port, 0x2f8);
	assert_int_equal(params.react.console, 0);
	assert_int_equal(plan.segments.entry, plan.purgatory->addr);
	/* The table is where purgatory expects it, and lists everything that is loaded. */
	assert_true(params.react.table_addr > plan.payload->addr);
	table = (const void *)(plan.payload_buf.data + (params.react.table_addr - plan.payload->addr));
	assert_int_equal(kho_table_check(table, params.react.table_size), 0);
	assert_int_equal(kho_table_crc(table), table->crc);
	e = kho_table_entries(table);
	assert_string_equal(e[0].name, "kernel");
	assert_int_equal(e[0].addr, plan.kernel->addr);
	assert_int_equal(e[0].class, KHO_CLASS_KERNEL);
	assert_string_equal(e[1].name, "boot_params");
	assert_int_equal(e[1].addr, plan.boot_data->addr);
	assert_int_equal(kho_table_digests(table)[e[1].first_digest],
			 crc32c(0, plan.boot_data_buf.data, plan.boot_data_buf.size));
	assert_string_equal(e[2].name, "handover header");
	assert_int_equal(e[2].addr, plan.payload->addr);
	for (uint32_t i = 0; i < table->entry_count; i++)
		assert_int_equal(e[i].flags, 0);
	/* What is not in the kernel's own map is kept by setup_data. */
	assert_int_equal(plan.reserve_count, 1);
	assert_int_equal(plan.reserve[0].addr, 0x10000000);
	assert_int_equal(plan.reserve[0].size, 0x200000);
	assert_int_not_equal(((struct kho_setup_data *)plan.payload_buf.data)->next, 0);
}

static void whole_image_unchecked(void **state)
{
	struct kho_purgatory_params params;

	(void)state;
	build_image(true);
	params = purgatory_params();
	assert_int_equal(params.react.table_addr, 0);
	assert_int_equal(params.react.table_size, 0);
	assert_int_equal(params.react.cut_addr, plan.payload->addr);
}

/* ---- A file that is read back -------------------------------------------------------------- */

static unsigned char *bytes;
static size_t bytes_size;

static void make_file(void)
{
	struct prebuilt_file s;

	usual_handover();
	build("console=ttyS0", false, &s);
	bytes_size = plan.payload_buf.size;
	bytes = must_copy(plan.payload_buf.data, bytes_size);
}

static void assert_parse(const char *phrase)
{
	struct prebuilt_file s;
	unsigned char *exact = must_copy(bytes, bytes_size);
	const char *why = prebuilt_parse(exact, bytes_size, &s);

	if (phrase)
		assert_non_null(why);
	else
		assert_null(why);
	if (phrase && !strstr(why, phrase))
		fail_msg("'%s' does not say '%s'", why, phrase);
	free(exact);
}

static void append(const void *data, size_t size)
{
	bytes = realloc(bytes, bytes_size + size);
	assert_non_null(bytes);
	memcpy(bytes + bytes_size, data, size);
	bytes_size += size;
}

/* As scripts/sign-file: PKCS#7, struct module_signature, the mark. */
static void sign(unsigned int id_type, uint32_t claimed, const char *mark)
{
	const unsigned char tail[12] = { 0, 0, (unsigned char)id_type, 0, 0, 0, 0, 0, 0, 0,
					 (unsigned char)(claimed >> 8), (unsigned char)claimed };
	char pkcs7[600];

	memset(pkcs7, 's', sizeof(pkcs7));
	append(pkcs7, sizeof(pkcs7));
	append(tail, sizeof(tail));
	append(mark, strlen(mark));
}

static void signatures(void **state)
{
	static const char mark[] = "~Module signature appended~\n";
	struct prebuilt_file s;
	size_t plain;

	(void)state;
	make_file();
	plain = bytes_size;
	sign(2, 600, mark);
	assert_null(prebuilt_parse(bytes, bytes_size, &s));
	assert_true(s.is_signed);
	assert_int_equal(s.size, plain);
	bytes_size = plain;
	sign(2, 601, mark);
	assert_parse("cut off, or something other than a signature is appended");
	bytes_size = plain;
	sign(1, 600, mark);
	assert_parse("PKCS#7");
	bytes_size = plain;
	sign(2, 0, mark);
	assert_parse("PKCS#7");
	bytes_size = plain;
	sign(2, 600, "~Module signature appended~");
	assert_parse("something other than a signature is appended");
	bytes_size = 0;
	append(mark, strlen(mark));
	assert_parse("signature is cut off");
	bytes_size = 0;
	sign(2, 0xffff, mark);
	assert_parse("PKCS#7");
	bytes_size = 0;
	sign(2, 600, mark);
	assert_parse("it was not made by");
	free(bytes);
}

static void cut_off(void **state)
{
	(void)state;
	make_file();
	for (bytes_size--; bytes_size > 4096; bytes_size -= 911)
		assert_parse("cut off");
	for (bytes_size = 0; bytes_size < 576; bytes_size += 7)
		assert_parse("it was not made by");
	free(bytes);
}

#define BAD(type, offset, field, value, phrase) do { \
	type *in_ = (type *)(bytes + (offset)), was_ = *in_; \
	in_->field = (value); \
	assert_parse(phrase); \
	*in_ = was_; \
} while (0)

/* A text of the header, made longer than its field. */
static void without_end(size_t offset, size_t size)
{
	unsigned char *text = bytes + sizeof(struct kho_setup_data) + offset;
	void *was = must_copy(text, size);

	memset(text + strlen((char *)text), '4', size - strlen((char *)text));
	assert_parse("header is damaged");
	memcpy(text, was, size);
	assert_parse(NULL);
	free(was);
}

static void bad_headers(void **state)
{
	const size_t p = sizeof(struct kho_setup_data);

	(void)state;
	make_file();
	assert_parse(NULL);
	BAD(struct kho_setup_data, 0, type, 9, "it was not made by");
	BAD(struct kho_setup_data, 0, next, 1, "header is damaged");
	BAD(struct kho_setup_data, 0, len, 100, "cut off");
	BAD(struct kho_payload, p, magic, 0, "it was not made by");
	BAD(struct kho_payload, p, version, 1, "format version");
	BAD(struct kho_payload, p, size, bytes_size + 1, "cut off");
	BAD(struct kho_payload, p, addr, 0, "address");
	BAD(struct kho_payload, p, addr, 0x1001, "address");
	BAD(struct kho_payload, p, addr, UINT64_MAX & ~4095ull, "address");
	BAD(struct kho_payload, p, abi[0], 'x', "ABI");
	BAD(struct kho_payload, p, item_count, 257, "items");
	BAD(struct kho_payload, p, item_offset, bytes_size, "items");
	BAD(struct kho_payload, p, item_offset, UINT64_MAX & ~7ull, "items");
	BAD(struct kho_payload, p, item_offset, 4097, "items");
	BAD(struct kho_payload, p, item_offset, 0, "items");
	BAD(struct kho_payload, p, scratch_count, 0, "scratch");
	BAD(struct kho_payload, p, scratch_count, UINT32_MAX, "scratch");
	BAD(struct kho_payload, p, scratch_offset, bytes_size, "scratch");
	BAD(struct kho_payload, p, table_offset, 8, "table");
	BAD(struct kho_payload, p, table_size, bytes_size, "table");
	BAD(struct kho_payload, p, table_size, 8, "table is damaged");
	BAD(struct kho_report, KHO_REPORT_OFFSET, magic, 0, "header is damaged");
	BAD(struct kho_report, KHO_REPORT_OFFSET, result, 1, "header is damaged");
	without_end(offsetof(struct kho_payload, from_release), sizeof(((struct kho_payload *)0)->from_release));
	without_end(offsetof(struct kho_payload, abi), sizeof(((struct kho_payload *)0)->abi));
	free(bytes);
}

static void bad_contents(void **state)
{
	const struct kho_payload *p;
	struct kho_table *table;
	struct kho_entry *entry;

	(void)state;
	make_file();
	p = (const void *)(bytes + sizeof(struct kho_setup_data));
	BAD(struct kho_item, p->item_offset, name[0], '\0', "name");
	BAD(struct kho_item, p->item_offset, kind, 4, "unknown kind");
	BAD(struct kho_item, p->item_offset, flags, 4, "item is damaged");
	BAD(struct kho_item, p->item_offset, addr, 1, "region");
	BAD(struct kho_item, p->item_offset, size, UINT64_MAX, "item is damaged");
	BAD(struct kho_item, p->item_offset, size, 0, "region");
	BAD(struct kho_item, p->item_offset + 2 * sizeof(struct kho_item), addr, 0x1000, "blob");
	BAD(struct kho_item, p->item_offset + 2 * sizeof(struct kho_item), size, bytes_size, "blob");
	BAD(struct kho_item, p->item_offset + 2 * sizeof(struct kho_item), flags, KHO_ITEM_RESERVE, "reserved");
	BAD(struct kho_range, p->fdt_addr - p->addr, addr, 0, "root FDT");
	BAD(struct kho_table, p->table_offset, crc, 1, "table is damaged");
	BAD(struct kho_table, p->table_offset, chunk_shift, 20, "table is damaged");
	BAD(struct kho_table, p->table_offset, entry_count, UINT32_MAX, "table is damaged");
	table = (void *)(bytes + p->table_offset);
	entry = (void *)(table + 1);
#define BAD_ENTRY(field, value, phrase) do { \
	struct kho_entry was_ = *entry; \
	entry->field = (value); \
	table->crc = kho_table_crc(table); \
	assert_parse(phrase); \
	*entry = was_; \
} while (0)
	BAD_ENTRY(class, KHO_CLASS_KERNEL, "only the kernel may make");
	BAD_ENTRY(flags, KHO_ENTRY_UNREADABLE, "an entry for unreadable memory");
	BAD_ENTRY(flags, KHO_ENTRY_SEAL, "seals a part of the segment");
	BAD_ENTRY(flags, 0, NULL);
	free(bytes);
}

/* As many as a kernel revives; a blob that says it is a region is one more. */
static void many_regions(void **state)
{
	struct kho_item *blob;
	struct prebuilt_file s;
	char name[8];

	(void)state;
	for (unsigned int i = 0; i < KHO_REGIONS_MAX; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		add_region(name, 0x10000000 + i * 0x1000, 0x1000, true);
	}
	add_blob("conf", 100);
	build("", false, &s);
	bytes_size = plan.payload_buf.size;
	bytes = must_copy(plan.payload_buf.data, bytes_size);
	assert_parse(NULL);
	blob = (struct kho_item *)(bytes + s.payload->item_offset) + KHO_REGIONS_MAX;
	assert_int_equal(blob->kind, KHO_ITEM_BLOB);
	*blob = (struct kho_item){ "x", KHO_ITEM_REGION, 0, 0x20000000, 0x1000 };
	assert_parse("more regions than a kernel revives");
	free(bytes);
}

/* What names an entry is its name, its address and its size. */
static void entries_of_items(void **state)
{
	struct kho_item other[3];
	struct prebuilt_file s;

	(void)state;
	usual_handover();
	build("", false, &s);
	for (unsigned int i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = s.item[1];
	assert_non_null(prebuilt_find_entry(&s, &other[0]));
	other[0].addr += 4096;
	other[1].size += 4096;
	other[2].name[0] = 'x';
	for (unsigned int i = 0; i < ARRAY_SIZE(other); i++)
		assert_null(prebuilt_find_entry(&s, &other[i]));
}

static void other_kernel(void **state)
{
	struct kho_root root = handover.running.root;
	struct kho_range area[ARRAY_SIZE(usual_scratch)];
	struct prebuilt_file s;

	(void)state;
	usual_handover();
	build("", false, &s);
	root = handover.running.root;
	memcpy(area, usual_scratch, sizeof(area));
#define CHECK()		prebuilt_check_running(&s, area, ARRAY_SIZE(area), KERNEL_FDT, &root)
	assert_null(CHECK());
	area[0].size -= 4096;
	assert_non_null(strstr(CHECK(), "scratch areas"));
	area[0].size += 4096;
	assert_non_null(strstr(prebuilt_check_running(&s, area, 2, KERNEL_FDT, &root), "scratch areas"));
	root.map += 4096;
	assert_non_null(strstr(CHECK(), "another boot"));
	root.map -= 4096;
	assert_int_equal(kho_root_add(&root, "new", 0x7008000, 4096), 0);
	assert_non_null(strstr(CHECK(), "preserved more"));
	root.node_count--;
	root.node[1].addr += 4096;
	assert_non_null(strstr(CHECK(), "has changed"));
	root.node[1].addr -= 4096;
	/* The node that we replace may be anything. */
	root.node[0].addr += 4096;
	assert_null(CHECK());
	root.node_count = 1;
	assert_non_null(strstr(CHECK(), "preserves less"));
}

/* ---- The file descriptor, and the file -------------------------------------------------------- */

static void saved(void **state)
{
	struct buffer back;
	struct stat st;
	char path[128];

	(void)state;
	make_file();
	snprintf(path, sizeof(path), "%s/segment", tree.path);
	tree_write(&tree, "segment", "longer than it was, and of another mode", 10);
	assert_int_equal(prebuilt_save(path, bytes, bytes_size), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_read(path, "segment", 1 << 20, &back), 0);
	assert_int_equal(back.size, bytes_size);
	assert_memory_equal(back.data, bytes, bytes_size);
	buffer_free(&back);
	assert_int_equal(prebuilt_save("/no/such/folder/segment", bytes, bytes_size), -1);
	free(bytes);
}

static int write_seed(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return prebuilt_save(path, bytes, bytes_size);
}

static int write_corpus(const char *dir)
{
	int rc;

	setup(NULL);
	make_file();
	rc = write_seed(dir, "built");
	sign(2, 600, "~Module signature appended~\n");
	rc |= write_seed(dir, "signed");
	free(bytes);
	teardown(NULL);
	setup(NULL);
	add_region("pool", 0x3ffd000, REGION_SIZE, false);
	build("", true, &(struct prebuilt_file){ 0 });
	bytes = plan.payload_buf.data;
	bytes_size = plan.payload_buf.size;
	rc |= write_seed(dir, "in-place");
	teardown(NULL);
	return rc;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_segment, setup, teardown),
		cmocka_unit_test_setup_teardown(root_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(without_checks, setup, teardown),
		cmocka_unit_test_setup_teardown(vga_console, setup, teardown),
		cmocka_unit_test_setup_teardown(serial_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(whole_image, setup, teardown),
		cmocka_unit_test_setup_teardown(whole_image_unchecked, setup, teardown),
		cmocka_unit_test_setup_teardown(table_has_room, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_room, setup, teardown),
		cmocka_unit_test_setup_teardown(payload_before_initrd, setup, teardown),
		cmocka_unit_test_setup_teardown(no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(random_areas, setup, teardown),
		cmocka_unit_test_setup_teardown(obstacles_of_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(obstacles_of_the_handover, setup, teardown),
		cmocka_unit_test_setup_teardown(signatures, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_contents, setup, teardown),
		cmocka_unit_test_setup_teardown(many_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(entries_of_items, setup, teardown),
		cmocka_unit_test_setup_teardown(other_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(saved, setup, teardown),
	};

	if (argc == 3 && !strcmp(argv[1], "--write-corpus"))
		return write_corpus(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
