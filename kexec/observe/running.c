/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Offsets and symbol names are facts of kernel/liveupdate/kexec_handover.c (up to
 * 6.18 kernel/kexec_handover.c) and mm/memblock.c: kho_out begins with the address
 * of the root FDT since 6.19.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "finalized.h"
#include "live-update.h"
#include "message.h"
#include "running-private.h"
#include "sysfs-kho.h"

const struct symbol running_symbols[SYM_COUNT] = {
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

int running_read_symbol(const struct kcore *kcore, const struct symbol *symbol, void *buf,
			size_t size)
{
	if (kcore_read_virt(kcore, symbol->addr, buf, size))
		return error("cannot read the running kernel's %s through /proc/kcore", symbol->name);
	return 0;
}

/* A kernel that shows its handover in sysfs can be read without symbols. */
int running_find_symbols(const struct root *root, struct symbol *symbol)
{
	int err;

	memcpy(symbol, running_symbols, sizeof(running_symbols));
	err = symbols_find(root, symbol, SYM_COUNT);
	if (err && sysfs_fdt_addr(root)) {
		memcpy(symbol, running_symbols, sizeof(running_symbols));
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
	return running_read_sizes(kcore, r) || running_find_form(m, kcore, symbol, r) || running_read_map(m, kcore, r) ||
	       read_abis(kcore, r) || running_read_regions_kho(kcore, r) ? -1 : 0;
}

/* Up to 6.18 there is no root FDT yet; the regions are the part of it that is certain. */
static int foresee_regions(const struct kcore *kcore, const struct symbol *symbol, struct running *r)
{
	r->writes = (struct kho_formats){ .abi = r->root.abi, .reserve_mem = true };
	if (symbol[SYM_TABLE].addr && symbol[SYM_TABLE_COUNT].addr)
		return running_read_regions_table(kcore, symbol, r);
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
	r->root.abi = running_v1_form(m, symbol);
	/* Only the map shows which of both forms it has. */
	if (r->root.abi == KHO_ABI_UNKNOWN)
		r->root.abi = KHO_ABI_V1;
	if (r->finalize == FINALIZE_ONCE)
		return foresee_regions(kcore, symbol, r);
	return running_read_sizes(kcore, r) || read_abis(kcore, r) || running_read_regions_kho(kcore, r) ? -1 : 0;
}

static int find_kind(const struct root *root, const struct kcore *kcore, const struct symbol *symbol,
		     struct running *r)
{
	r->finalize = FINALIZE_ONCE;
	if (symbol[SYM_NOTIFIER].addr)
		return 0;
	if (running_read_root_live(root, kcore, symbol, r))
		return -1;
	r->finalize = kho_abi_radix(r->root.abi) ? FINALIZE_NEVER : FINALIZE_REPEATABLE;
	return 0;
}

static int look_kho(const struct machine *m, struct kcore *kcore, const struct symbol *symbol,
		    bool dry_run, struct running *r)
{
	int pending;

	if (running_read_scratch(&m->root, kcore, symbol, r) || find_kind(&m->root, kcore, symbol, r))
		return -1;
	pending = finalize_pending(&m->root, r->finalize, dry_run);
	if (pending)
		return pending < 0 ? -1 : foresee_handover(m, kcore, symbol, r);
	if (r->finalize == FINALIZE_ONCE && running_read_root_debugfs(&m->root, r))
		return -1;
	return read_handover(m, kcore, symbol, r);
}

int running_look(const struct machine *machine, struct kcore *kcore, bool dry_run, struct running *ret)
{
	struct symbol *symbol;

	memset(ret, 0, sizeof(*ret));
	symbol = ret->symbols = calloc(SYM_COUNT, sizeof(*symbol));
	if (!symbol)
		return error("no memory for the running kernel's symbols");
	if (running_find_symbols(&machine->root, symbol))
		return -1;
	ret->scratch_name = running_take_scratch_name(symbol);
	if (running_read_enabled(&machine->root, kcore, symbol, &ret->kho))
		return -1;
	ret->image_symbol = symbol[SYM_IMAGE].addr;
	if (ret->kho)
		return look_kho(machine, kcore, symbol, dry_run, ret);
	return running_read_regions_table(kcore, symbol, ret) ? -1 : running_check_unlisted(machine, ret);
}

int running_read_finalized(const struct machine *machine, struct kcore *kcore, struct running *r)
{
	const struct symbol *symbol = r->symbols;

	r->map_pending = false;
	blocks_free(&r->preserved);
	r->region_count = 0;
	if (r->finalize == FINALIZE_ONCE ? running_read_root_debugfs(&machine->root, r) :
					   running_read_root_live(&machine->root, kcore, symbol, r))
		return -1;
	if (read_handover(machine, kcore, symbol, r))
		return -1;
	/* 6.18, the first with kho_preserve_pages(), cannot undo it. */
	r->can_undo = r->finalize == FINALIZE_ONCE && !symbol[SYM_PRESERVE_PAGES].addr &&
		       running_only_notifiers(r);
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
	free(r->symbols);
	free(r->scratch);
	ranges_free(&r->map_pages);
	blocks_free(&r->preserved);
	r->symbols = NULL;
	r->scratch = NULL;
}
