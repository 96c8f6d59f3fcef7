/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Offsets and symbol names are facts of kernel/liveupdate/kexec_handover.c (up to
 * 6.18 kernel/kexec_handover.c) and mm/memblock.c: kho_out begins with the address
 * of the root FDT since 6.19; reserved_mem_table has 32-byte entries {name[16],
 * start, size} since 6.12.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "crc32c.h"
#include "cmdline.h"
#include "finalized.h"
#include "live-update.h"
#include "message.h"
#include "formats.h"
#include "running.h"
#include "symbols.h"
#include "sysfs-kho.h"

#define DEBUGFS_FDT	"sys/kernel/debug/kho/out/fdt"

enum { SYM_KHO_OUT, SYM_KHO_ENABLE, SYM_SCRATCH, SYM_SCRATCH_COUNT, SYM_POPULATE, SYM_PRESERVE_PAGES,
       SYM_NOTIFIER, SYM_IMAGE, SYM_TABLE, SYM_TABLE_COUNT, SYM_BOOTMEM, SYM_BOOTMEM_COUNT, SYM_COUNT };

static const struct symbol wanted[SYM_COUNT] = {
	[SYM_KHO_OUT] = { .name = "kho_out" },
	[SYM_KHO_ENABLE] = { .name = "kho_enable" },
	[SYM_SCRATCH] = { .name = SCRATCH_NAME_7_3 },
	[SYM_SCRATCH_COUNT] = { .name = SCRATCH_NAME_7_3 "_cnt" },
	[SYM_BOOTMEM] = { .name = SCRATCH_NAME_7_4 },		/* SYM_SCRATCH since 7.4 */
	[SYM_BOOTMEM_COUNT] = { .name = SCRATCH_NAME_7_4 "_cnt" },
	[SYM_POPULATE] = { .name = "kho_populate" },
	[SYM_PRESERVE_PAGES] = { .name = "kho_preserve_pages" },	/* since 6.18 */
	[SYM_NOTIFIER] = { .name = "register_kho_notifier" },	/* up to 6.18 */
	[SYM_IMAGE] = { .name = "kexec_image" },
	[SYM_TABLE] = { .name = "reserved_mem_table" },
	[SYM_TABLE_COUNT] = { .name = "reserved_mem_count" },
};

static int read_symbol(const struct kcore *kcore, const struct symbol *symbol, void *buf,
		       size_t size)
{
	if (kcore_read_virt(kcore, symbol->addr, buf, size))
		return error("cannot read the running kernel's %s through /proc/kcore", symbol->name);
	return 0;
}

/*
 * kho_populate() is a text symbol, so it is always listed when KHO is compiled in. If the data
 * symbols are not listed beside it, the state of KHO is unknown.
 */
static int read_enabled(const struct root *root, const struct kcore *kcore,
			const struct symbol *symbol, bool *ret)
{
	unsigned char enabled = 0;

	*ret = sysfs_fdt_addr(root) != 0;
	if (*ret)
		return 0;
	if (!symbol[SYM_KHO_OUT].addr && !symbol[SYM_POPULATE].addr)
		return 0;
	for (unsigned int i = SYM_KHO_OUT; i <= SYM_SCRATCH_COUNT; i++)
		if (!symbol[i].addr)
			return error("the running kernel has KHO, but /proc/kallsyms does not list %s, so "
				     "what it preserves cannot be read: it needs CONFIG_KALLSYMS_ALL; from 7.1 on "
				     "'kexec -s -l' lets the kernel hand over by itself",
				     symbol[i].name);
	if (read_symbol(kcore, &symbol[SYM_KHO_ENABLE], &enabled, sizeof(enabled)))
		return -1;
	*ret = enabled != 0;
	return 0;
}

/* Decode R->fdt. 0, or -1 after a message. */
static int decode_root(struct running *r)
{
	int err = kho_root_read(r->fdt, sizeof(r->fdt), &r->root);

	if (err == -KHO_ERR_ABI)
		return error("the running kernel's KHO ABI is not one of those this program reads (kho-v1 to "
			     "kho-v4); 'kexec -s -l' hands over to a kernel of the same ABI");
	if (err)
		return error("the running kernel's KHO root FDT is broken: %s", kho_strerror(err));
	if (r->root.incomplete)
		return error("the running kernel's KHO root FDT has %zu nodes without data: a part of it "
			     "failed to hand over; its log says which", r->root.incomplete);
	return 0;
}

/* The page that kho_out points to. Its contents show whether it is the root FDT. */
static bool read_root_page(const struct kcore *kcore, const struct symbol *symbol, struct running *r)
{
	uint64_t virt;

	if (kcore_read_virt(kcore, symbol[SYM_KHO_OUT].addr, &virt, sizeof(virt)))
		return false;
	r->fdt_addr = kcore_virt_to_phys(kcore, virt);
	if (r->fdt_addr == KCORE_NO_PHYS || r->fdt_addr % PAGE_SIZE ||
	    kcore_read_phys(kcore, r->fdt_addr, r->fdt, sizeof(r->fdt)))
		return false;
	/* A kernel of 6.19 writes its map's address only when it finalizes. */
	return kho_root_read(r->fdt, sizeof(r->fdt), &r->root) != -KHO_ERR_BADFDT;
}

/* 6.16 to 6.18 make the root FDT when they finalize, and debugfs shows all of it. */
static int read_root_debugfs(const struct root *root, struct running *r)
{
	struct buffer buf;
	int err;

	r->fdt_addr = 0;
	err = root_read(root, DEBUGFS_FDT, sizeof(r->fdt), &buf);
	errno = -err;
	if (err)
		return error_errno("cannot read /" DEBUGFS_FDT);
	memset(r->fdt, 0, sizeof(r->fdt));
	memcpy(r->fdt, buf.data, buf.size);
	buffer_free(&buf);
	return decode_root(r);
}

/* The root FDT that the kernel itself shows: 1, or 0 if it shows none, or -1 after a message. */
static int read_root_shown(const struct root *root, struct running *r)
{
	int err;

	r->fdt_addr = sysfs_fdt_addr(root);
	if (!r->fdt_addr)
		return 0;
	err = running_read_fdt(root, NULL, r->fdt_addr, r->fdt);
	errno = -err;
	if (err)
		return error_errno("cannot read the running kernel's root FDT in /" SYSFS_KHO "/out");
	if (r->fdt_addr % PAGE_SIZE)
		return error("/" SYSFS_KHO "/out/fdt_addr, 0x%llx, is not the start of a page",
			     ULL(r->fdt_addr));
	return decode_root(r) ? -1 : 1;
}

int running_read_fdt(const struct root *root, const struct kcore *kcore, uint64_t addr,
		     unsigned char fdt[RUNNING_FDT_SIZE])
{
	int err = sysfs_read_fdt(root, fdt, RUNNING_FDT_SIZE);

	if (err != -ENOENT || !kcore)
		return err;
	return kcore_read_phys(kcore, addr, fdt, RUNNING_FDT_SIZE) ? -EIO : 0;
}

/*
 * From 6.19 on it is in memory from the start; finalizing, where it exists, adds the map's
 * address.
 */
static int read_root_live(const struct root *root, const struct kcore *kcore, const struct symbol *symbol,
			  struct running *r)
{
	int shown = read_root_shown(root, r);

	if (shown)
		return shown < 0 ? -1 : 0;
	/* Read it again: a node may have been added meanwhile. */
	if (!read_root_page(kcore, symbol, r) && !read_root_page(kcore, symbol, r))
		return error("the running kernel's KHO root FDT cannot be read through /proc/kcore, or is no "
			     "device tree");
	return decode_root(r);
}

/* In an ABI without sizes a node is as long as the FDT that it must be. */
static int read_sizes(struct kcore *kcore, struct running *r)
{
	const struct kho_mem mem = kcore_mem(kcore);
	const struct kho_node *node = NULL;
	int err = kho_root_sizes(&r->root, &mem, &node);

	return err ? error("the running kernel's node '%s' cannot be handed over: %s", node->name,
			   kho_strerror(err)) : 0;
}

/* "kho-v1" is two formats. KHO_ABI_UNKNOWN: only this kernel's map tells which one it is. */
static enum kho_abi v1_form(const struct machine *m, const struct symbol *symbol)
{
	if (symbol[SYM_PRESERVE_PAGES].addr)
		return KHO_ABI_V1;
	return reader_v1_form(m->release) == KHO_ABI_V1_512 ? KHO_ABI_V1_512 : KHO_ABI_UNKNOWN;
}

static int find_form(const struct machine *m, struct kcore *kcore, const struct symbol *symbol,
		     struct running *r)
{
	const struct kho_mem mem = kcore_mem(kcore);
	int err;

	if (r->root.abi != KHO_ABI_V1)
		return 0;
	r->root.abi = v1_form(m, symbol);
	if (r->root.abi != KHO_ABI_UNKNOWN)
		return 0;
	err = kho_v1_form(PAGE_SHIFT, &mem, r->root.map, m->ram_size >> PAGE_SHIFT, &r->root.abi);
	if (err)
		return error("the running kernel's map of preserved memory cannot be read: %s",
			     kho_strerror(err));
	if (r->root.abi == KHO_ABI_UNKNOWN)
		return error("cannot tell whether Linux %s maps preserved memory with bitmaps of "
			     "512 or 4096 bytes, and a wrong guess loses memory: hand over from "
			     "another release",
			     m->release);
	return 0;
}

static int read_scratch(const struct root *root, const struct kcore *kcore,
			const struct symbol *symbol, struct running *r)
{
	uint64_t virt;
	uint32_t count;

	if (sysfs_fdt_addr(root)) {
		errno = -sysfs_read_scratch(root, RUNNING_SCRATCH_MAX, &r->scratch, &r->scratch_count);
		return errno ? error_errno("cannot read the running kernel's scratch areas in /" SYSFS_KHO
					   "/out/scratch") : 0;
	}
	if (read_symbol(kcore, &symbol[SYM_SCRATCH], &virt, sizeof(virt)) ||
	    read_symbol(kcore, &symbol[SYM_SCRATCH_COUNT], &count, sizeof(count)))
		return -1;
	if (!count || count > RUNNING_SCRATCH_MAX)
		return error("the running kernel names %u scratch areas, which is "
			     "impossible", count);
	r->scratch = calloc(count, sizeof(*r->scratch));
	if (!r->scratch)
		return error("no memory for %u scratch areas", count);
	/* struct kho_scratch (7.4: kho_bootmem) is {addr, size}, as struct kho_range. */
	if (kcore_read_virt(kcore, virt, r->scratch, count * sizeof(*r->scratch)))
		return error("cannot read the running kernel's scratch areas through /proc/kcore");
	r->scratch_count = count;
	return 0;
}

/* A growing list of ranges; neighbours are merged as they come. */
struct collect {
	struct kho_range **list;
	size_t *count;
	size_t room;
};

static int collect_add(struct collect *c, uint64_t addr, uint64_t size)
{
	struct kho_range *last = *c->count ? &(*c->list)[*c->count - 1] : NULL;

	if (last && last->addr + last->size == addr) {
		last->size += size;
		return 0;
	}
	if (*c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 256;
		void *list = realloc(*c->list, room * sizeof(**c->list));

		if (!list)
			return -KHO_ERR_NOSPACE;
		*c->list = list;
		c->room = room;
	}
	(*c->list)[(*c->count)++] = (struct kho_range){ addr, size };
	return 0;
}

struct map_collect {
	struct blocks *preserved;
	struct collect pages;
	uint64_t most;			/* bytes; there cannot be more */
};

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct map_collect *c = ctx;
	int err = blocks_add(c->preserved, addr, order);

	return !err && c->preserved->map.bytes > c->most ? -KHO_ERR_LIMIT : err;
}

static int on_page(void *ctx, uint64_t addr)
{
	struct map_collect *c = ctx;

	return collect_add(&c->pages, addr & ~(PAGE_SIZE - 1), PAGE_SIZE);
}

static int read_map(const struct machine *machine, struct kcore *kcore, struct running *r)
{
	const struct kho_mem mem = kcore_mem(kcore);
	struct map_collect c = {
		.preserved = &r->preserved,
		.pages = { &r->map_pages, &r->map_page_count, 0 },
		.most = machine->ram_total,
	};
	const struct kho_map_visitor visitor = { on_block, on_page, &c };
	int err;

	err = blocks_init(&r->preserved, PAGE_SHIFT);
	if (!err)
		err = kho_map_walk(r->root.abi, PAGE_SHIFT, &mem, r->root.map,
				   machine->ram_size >> PAGE_SHIFT, &visitor);
	return err ? error("the running kernel's map of preserved memory cannot be read: %s",
			   kho_strerror(err)) : 0;
}

/* With KHO the regions are those in the node that the kernel itself hands over. */
static int read_regions_kho(const struct kcore *kcore, struct running *r)
{
	const struct kho_node *node = kho_root_find(&r->root, KHO_NODE_MEMBLOCK);
	struct buffer buf;
	int err;

	if (!node)
		return 0;
	if (node->size > KHO_EARLY_MAP_MAX)
		return error("the running kernel's node '%s' claims %llu bytes", node->name,
			     (unsigned long long)node->size);
	if (buffer_alloc(&buf, node->size))
		return -1;
	if (kcore_read_phys(kcore, node->addr, buf.data, buf.size))
		err = error("cannot read node '%s' through /proc/kcore", node->name);
	else if ((err = kho_memblock_read(buf.data, buf.size, r->region, &r->region_count)))
		err = error("the running kernel's node '%s' is broken: %s", node->name,
			    kho_strerror(err));
	buffer_free(&buf);
	return err;
}

/* The kernel's own table of reserve_mem regions; 0, or -1 without a message. */
static int read_table(const struct kcore *kcore, const struct symbol *table,
		      const struct symbol *table_count, struct kho_region *region, size_t *ret_count)
{
	/* struct reserve_mem_table is {name[16], start, size}, as struct kho_region. */
	struct kho_region entry[KHO_REGIONS_MAX];
	uint32_t count;

	*ret_count = 0;
	if (kcore_read_virt(kcore, table_count->addr, &count, sizeof(count)) ||
	    count > KHO_REGIONS_MAX)
		return -1;
	if (count && kcore_read_virt(kcore, table->addr, entry, count * sizeof(entry[0])))
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		if (!entry[i].size)
			continue;	/* released again, by its name */
		if (strnlen(entry[i].name, KHO_REGION_NAME_MAX) == KHO_REGION_NAME_MAX ||
		    !kho_node_name_valid(entry[i].name))
			return -1;
		region[(*ret_count)++] = entry[i];
	}
	return 0;
}

/* Without KHO in the running kernel: the regions of its table. */
static int read_regions_table(const struct kcore *kcore, const struct symbol *symbol,
			      struct running *r)
{
	if (!symbol[SYM_TABLE].addr || !symbol[SYM_TABLE_COUNT].addr)
		return 0;
	if (read_table(kcore, &symbol[SYM_TABLE], &symbol[SYM_TABLE_COUNT], r->region,
		       &r->region_count))
		return error("the running kernel's table of reserve_mem regions is not readable");
	return 0;
}

/* The regions that the kernel itself would hand on, revived or new. */
static int read_regions_shown(const struct root *root, struct kho_region *region, size_t *ret_count)
{
	struct buffer buf;
	int err;

	*ret_count = 0;
	if (!sysfs_fdt_addr(root))
		return -1;
	err = sysfs_read_node(root, "out", KHO_NODE_MEMBLOCK, KHO_EARLY_MAP_MAX, &buf);
	if (err)
		return err == -ENOENT ? 0 : -1;
	err = kho_memblock_read(buf.data, buf.size, region, ret_count);
	buffer_free(&buf);
	return err ? -1 : 0;
}

int running_regions(const struct root *root, struct kho_region *region, size_t *ret_count)
{
	struct symbol symbol[] = { wanted[SYM_TABLE], wanted[SYM_TABLE_COUNT] };
	struct kcore kcore;
	int err;

	if (root->live && geteuid())
		return -1;
	if (symbols_find(root, symbol, 2) || !symbol[0].addr || !symbol[1].addr ||
	    !kcore_opens(root))
		return read_regions_shown(root, region, ret_count);
	if (kcore_open(root, &kcore))
		return -1;
	err = read_table(&kcore, &symbol[0], &symbol[1], region, ret_count);
	kcore_close(&kcore);
	return err;
}

struct rest {
	const struct running *running;
	size_t pages;
};

/* Count the blocks that belong to no region and no node. */
static int count_rest(void *ctx, uint64_t addr, unsigned int order)
{
	struct rest *rest = ctx;
	const struct running *r = rest->running;

	for (size_t i = 0; i < r->region_count; i++)
		if (addr - r->region[i].addr < r->region[i].size)
			return 0;
	for (size_t i = 0; i < r->root.node_count; i++)
		if (addr == r->root.node[i].addr)
			return 0;
	rest->pages += (size_t)1 << order;
	return 0;
}

/* Apart from the root FDT's page, nothing is preserved but the regions and the nodes' pages. */
static bool only_notifiers_preserved(const struct running *r)
{
	struct rest rest = { r, 0 };
	const struct kho_map_visitor visitor = { count_rest, NULL, &rest };

	kho_map_each(&r->preserved.map, &visitor);
	return rest.pages == 1;
}

static int check_unlisted_regions(const struct machine *machine, const struct running *r)
{
	struct cmdline_param param;

	if (r->region_count || !cmdline_last(machine->cmdline, "reserve_mem", &param))
		return 0;
	return error("this kernel was started with %.*s, but its regions cannot be found (no "
		     "CONFIG_KALLSYMS_ALL, or the reservation failed at boot): hand each over with "
		     "--kho-region, or remove reserve_mem= and reboot", TEXT(param.word));
}

/* Since 7.4 scratch has another name: use that symbol in the place of the older one. */
static enum scratch_name take_scratch_name(struct symbol *symbol)
{
	if (!symbol[SYM_BOOTMEM].addr)
		return symbol[SYM_SCRATCH].addr ? SCRATCH_NAME_SCRATCH : SCRATCH_NAME_UNKNOWN;
	symbol[SYM_SCRATCH] = symbol[SYM_BOOTMEM];
	symbol[SYM_SCRATCH_COUNT] = symbol[SYM_BOOTMEM_COUNT];
	return SCRATCH_NAME_BOOTMEM;
}

/* A kernel that shows its handover in sysfs can be read without symbols. */
static int find_symbols(const struct root *root, struct symbol *symbol)
{
	int err;

	memcpy(symbol, wanted, sizeof(wanted));
	err = symbols_find(root, symbol, SYM_COUNT);
	if (err && sysfs_fdt_addr(root)) {
		memcpy(symbol, wanted, sizeof(wanted));
		return 0;
	}
	errno = -err;
	if (err == -EACCES)
		return error("/proc/kallsyms hides its addresses: run as root with "
			     "'sysctl kernel.kptr_restrict=1'");
	return err ? error_errno("cannot read /proc/kallsyms (needs CONFIG_KALLSYMS)") : 0;
}

/* The ABIs of what this kernel hands over. */
static int read_abis(struct kcore *kcore, struct running *r)
{
	const struct kho_node *luo = kho_root_find(&r->root, KHO_NODE_LUO);
	const struct kho_mem mem = kcore_mem(kcore);

	r->writes = (struct kho_formats){ .abi = r->root.abi, .reserve_mem = true };
	return luo ? luo_read_abis(&mem, luo, &r->writes) : 0;
}

/* Everything that the root FDT leads to. */
static int read_handover(const struct machine *m, struct kcore *kcore, const struct symbol *symbol,
			 struct running *r)
{
	return read_sizes(kcore, r) || find_form(m, kcore, symbol, r) || read_map(m, kcore, r) ||
	       read_abis(kcore, r) || read_regions_kho(kcore, r) ? -1 : 0;
}

/* Up to 6.18 there is no root FDT yet; the regions are the part of it that is certain. */
static int foresee_regions(const struct kcore *kcore, const struct symbol *symbol, struct running *r)
{
	r->writes = (struct kho_formats){ .abi = r->root.abi, .reserve_mem = true };
	if (symbol[SYM_TABLE].addr && symbol[SYM_TABLE_COUNT].addr)
		return read_regions_table(kcore, symbol, r);
	return error("/proc/kallsyms does not list the running kernel's %s, so its regions are not "
		     "known before it has finalized its handover", symbol[SYM_TABLE].name);
}

/* What is known of a handover whose map is not written yet. */
static int foresee_handover(const struct machine *m, struct kcore *kcore, const struct symbol *symbol,
			    struct running *r)
{
	int err = blocks_init(&r->preserved, PAGE_SHIFT);

	if (err)
		return error("map of preserved memory: %s", kho_strerror(err));
	r->map_pending = true;
	r->root.abi = v1_form(m, symbol);
	/* Only the map shows which of both forms it has. */
	if (r->root.abi == KHO_ABI_UNKNOWN)
		r->root.abi = KHO_ABI_V1;
	if (r->finalize == FINALIZE_ONCE)
		return foresee_regions(kcore, symbol, r);
	return read_sizes(kcore, r) || read_abis(kcore, r) || read_regions_kho(kcore, r) ? -1 : 0;
}

static int find_kind(const struct root *root, const struct kcore *kcore, const struct symbol *symbol,
		     struct running *r)
{
	r->finalize = FINALIZE_ONCE;
	if (symbol[SYM_NOTIFIER].addr)
		return 0;
	if (read_root_live(root, kcore, symbol, r))
		return -1;
	r->finalize = kho_abi_radix(r->root.abi) ? FINALIZE_NEVER : FINALIZE_REPEATABLE;
	return 0;
}

static int look_kho(const struct machine *m, struct kcore *kcore, const struct symbol *symbol,
		    bool dry_run, struct running *r)
{
	int pending;

	if (read_scratch(&m->root, kcore, symbol, r) || find_kind(&m->root, kcore, symbol, r))
		return -1;
	pending = finalize_pending(&m->root, r->finalize, dry_run);
	if (pending)
		return pending < 0 ? -1 : foresee_handover(m, kcore, symbol, r);
	if (r->finalize == FINALIZE_ONCE && read_root_debugfs(&m->root, r))
		return -1;
	return read_handover(m, kcore, symbol, r);
}

int running_look(const struct machine *machine, struct kcore *kcore, bool dry_run, struct running *ret)
{
	struct symbol symbol[SYM_COUNT];

	memset(ret, 0, sizeof(*ret));
	if (find_symbols(&machine->root, symbol))
		return -1;
	ret->scratch_name = take_scratch_name(symbol);
	if (read_enabled(&machine->root, kcore, symbol, &ret->kho))
		return -1;
	ret->image_symbol = symbol[SYM_IMAGE].addr;
	if (ret->kho)
		return look_kho(machine, kcore, symbol, dry_run, ret);
	return read_regions_table(kcore, symbol, ret) ? -1 : check_unlisted_regions(machine, ret);
}

int running_read_finalized(const struct machine *machine, struct kcore *kcore, struct running *r)
{
	struct symbol symbol[SYM_COUNT];

	if (find_symbols(&machine->root, symbol))
		return -1;
	r->map_pending = false;
	blocks_free(&r->preserved);
	r->region_count = 0;
	if (r->finalize == FINALIZE_ONCE ? read_root_debugfs(&machine->root, r) :
					   read_root_live(&machine->root, kcore, symbol, r))
		return -1;
	if (read_handover(machine, kcore, symbol, r))
		return -1;
	/* 6.18, the first with kho_preserve_pages(), cannot undo it. */
	r->can_abort = r->finalize == FINALIZE_ONCE && !symbol[SYM_PRESERVE_PAGES].addr &&
		       only_notifiers_preserved(r);
	return 0;
}

int running_observe(const struct machine *machine, struct kcore *kcore, struct running *ret)
{
	if (running_look(machine, kcore, true, ret))
		return -1;
	return ret->map_pending ? finalize_refused() : 0;
}

void running_release(struct running *r)
{
	free(r->scratch);
	free(r->map_pages);
	blocks_free(&r->preserved);
	r->scratch = r->map_pages = NULL;
}

bool running_fits(const struct running *r, enum kho_abi abi)
{
	uint64_t size;

	return !kho_map_size(&r->preserved.map, abi, &size);
}

static int crc_block(void *ctx, uint64_t addr, unsigned int order)
{
	const uint64_t pair[2] = { addr, order };
	uint32_t *crc = ctx;

	*crc = crc32c(*crc, pair, sizeof(pair));
	return 0;
}

uint32_t running_crc(const struct running *r)
{
	uint32_t crc = crc32c(0, r->root.node, r->root.node_count * sizeof(r->root.node[0]));
	const struct kho_map_visitor visitor = { crc_block, NULL, &crc };

	kho_map_each(&r->preserved.map, &visitor);
	return crc;
}

/* struct kimage: four fields, the pages of its code, then {buf, bufsz, mem, memsz} of each segment. */
#define KIMAGE_FIELDS	4
#define KIMAGE_WORDS	(KIMAGE_FIELDS + 8 + 16 * 4)

/* Do two words in a row describe PAYLOAD? The offset of the list differs between kernels. */
static bool lists_payload(const uint64_t *word, const struct kho_range *payload)
{
	uint64_t size = (payload->size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	for (size_t i = KIMAGE_FIELDS; i + 1 < KIMAGE_WORDS; i++)
		if (word[i] == payload->addr && word[i + 1] == size)
			return true;
	return false;
}

enum image_owner running_image(const struct kcore *kcore, uint64_t symbol,
			       const struct kho_range *payload, uint64_t *ret)
{
	uint64_t image, word[KIMAGE_WORDS];

	if (!symbol || kcore_read_virt(kcore, symbol, &image, sizeof(image)))
		return IMAGE_UNTOLD;
	if (!image)
		return IMAGE_NONE;
	if (kcore_read_virt(kcore, image, word, sizeof(word)))
		return IMAGE_UNTOLD;
	if (!lists_payload(word, payload))
		return IMAGE_FOREIGN;
	/* Another image may lie at the same address. */
	*ret = image ^ (uint64_t)crc32c(0, word, KIMAGE_FIELDS * sizeof(word[0])) << 16;
	return IMAGE_OURS;
}

enum image_owner running_image_owner(const struct kcore *kcore, const struct image_id *id)
{
	uint64_t image;
	enum image_owner owner = running_image(kcore, id->symbol, &id->payload, &image);

	return owner == IMAGE_OURS && image != id->image ? IMAGE_FOREIGN : owner;
}

/* The value of kho_enable itself. If a kernel with KHO does not tell, KHO counts as on. */
static bool may_be_enabled(const struct root *root)
{
	struct symbol symbol[] = { wanted[SYM_POPULATE], wanted[SYM_KHO_ENABLE] };
	int err = symbols_find(root, symbol, 2);
	unsigned char enabled = 1;
	struct kcore kcore;

	if ((!err || err == -EACCES) && !symbol[0].listed)
		return false;	/* see read_enabled() */
	if (err || !symbol[1].addr || !kcore_opens(root) || kcore_open(root, &kcore))
		return true;
	if (kcore_read_virt(&kcore, symbol[1].addr, &enabled, sizeof(enabled)))
		enabled = 1;
	kcore_close(&kcore);
	return enabled != 0;
}

enum scratch_name running_scratch_name(const struct root *root)
{
	struct symbol symbol[SYM_COUNT];

	memcpy(symbol, wanted, sizeof(wanted));
	return symbols_find(root, symbol, SYM_COUNT) ? SCRATCH_NAME_UNKNOWN : take_scratch_name(symbol);
}

static bool cmdline_has_kho(const struct root *root)
{
	char *line;
	bool has;

	if (root_read_text(root, "proc/cmdline", &line))
		return false;
	has = cmdline_switch(line, "kho") == 1;
	free(line);
	return has;
}

bool running_has_kho(const struct root *root)
{
	int fd;

	if (sysfs_fdt_addr(root) || cmdline_has_kho(root))
		return true;
	fd = root_open(root, "sys/kernel/debug/kho/out", O_PATH | O_DIRECTORY);
	if (fd >= 0)
		close(fd);
	/* A kernel can have it on by default, and debugfs need not be mounted. */
	return fd >= 0 || may_be_enabled(root);
}
