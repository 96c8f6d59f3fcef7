/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's reserve_mem regions: with KHO those of the node that it hands over,
 * without it those of its table. reserved_mem_table of mm/memblock.c has 32-byte entries
 * {name[16], start, size} since 6.12.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "cmdline.h"
#include "message.h"
#include "running-private.h"
#include "sysfs-kho.h"

/* Why no kernel revives R from a handover of ours, and what to do; NULL if one does. */
static const char *region_obstacle(const struct kho_region *r)
{
	if (!kho_node_name_valid(r->name))
		return "its name can only have letters, digits and ,._+-: rename it in reserve_mem=, and "
		       "reboot";
	if ((r->addr | r->size) % PAGE_SIZE)
		return "its address and size must be multiples of the page size, 4096: give reserve_mem= "
		       "whole pages, and reboot";
	return NULL;
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
		if (!entry[i].name[0] || strnlen(entry[i].name, KHO_REGION_NAME_MAX) == KHO_REGION_NAME_MAX)
			return -1;
		region[(*ret_count)++] = entry[i];
	}
	return 0;
}

/* The node says that a region is broken, and the table says which. -1 after a message. */
static int refuse_node(const struct kcore *kcore, const struct symbol *symbol, int err)
{
	struct kho_region region[KHO_REGIONS_MAX];
	size_t count = 0;

	if (err == -KHO_ERR_BADNODE && symbol && symbol[SYM_TABLE].addr && symbol[SYM_TABLE_COUNT].addr &&
	    read_table(kcore, &symbol[SYM_TABLE], &symbol[SYM_TABLE_COUNT], region, &count))
		count = 0;
	for (size_t i = 0; i < count; i++)
		if (!kho_node_name_valid(region[i].name))
			return error("the running kernel's region '%s' cannot be handed over: %s; from 7.1 on "
				     "'kexec -s -l' lets the kernel hand over by itself", region[i].name,
				     region_obstacle(&region[i]));
	return error("the running kernel's node '%s' is broken: %s", KHO_NODE_MEMBLOCK, kho_strerror(err));
}

static bool in_node(const struct running *r, const char *name)
{
	for (size_t i = 0; i < r->region_count; i++)
		if (!strcmp(r->region[i].name, name))
			return true;
	return false;
}

/*
 * reserve_mem_init() of mm/memblock.c makes a node of all regions, or of none: one that cannot be
 * preserved costs the others too, with a line in the log. 0, or -1 after a message.
 */
static int check_complete(const struct kcore *kcore, const struct running *r)
{
	const struct symbol *symbol = r->symbols;
	const struct kho_region *missing = NULL, *cause = NULL;
	struct kho_region region[KHO_REGIONS_MAX];
	size_t count;

	if (!symbol || !symbol[SYM_TABLE].addr || !symbol[SYM_TABLE_COUNT].addr)
		return 0;
	/* Only what was captured of another machine can lack the table. */
	if (read_table(kcore, &symbol[SYM_TABLE], &symbol[SYM_TABLE_COUNT], region, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (!missing && !in_node(r, region[i].name))
			missing = &region[i];
		if (!cause && region_obstacle(&region[i]))
			cause = &region[i];
	}
	if (!missing)
		return 0;
	if (cause)
		return error("the running kernel does not hand over region '%s', because of region '%s': %s",
			     missing->name, cause->name, region_obstacle(cause));
	return error("the running kernel does not hand over region '%s' (its log may say \"failed to prepare "
		     "memblock FDT for KHO\"): reboot", missing->name);
}

/* What the kernel's node says. 0, or -1 after a message. */
static int read_node(const struct kcore *kcore, struct running *r)
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
		err = refuse_node(kcore, r->symbols, err);
	buffer_free(&buf);
	return err;
}

int running_read_regions_kho(const struct kcore *kcore, struct running *r)
{
	return read_node(kcore, r) ? -1 : check_complete(kcore, r);
}

/*
 * A kernel without KHO hands nothing over by itself, so a region that cannot be handed over is
 * lost anyway, and the others need not be. One with KHO has them all in its node. 0, or -1 after
 * a message.
 */
static int leave_out(struct running *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->region_count; i++) {
		const char *why = region_obstacle(&r->region[i]);

		if (why && r->kho)
			return error("the running kernel's region '%s' cannot be handed over: %s",
				     r->region[i].name, why);
		if (why)
			notice("region '%s' is not handed over, and what is in it will be lost: %s",
			       r->region[i].name, why);
		else
			r->region[kept++] = r->region[i];
	}
	r->left_out = r->region_count - kept;
	r->region_count = kept;
	return 0;
}

int running_read_regions_table(const struct kcore *kcore, const struct symbol *symbol,
			       struct running *r)
{
	if (!symbol[SYM_TABLE].addr || !symbol[SYM_TABLE_COUNT].addr)
		return 0;
	if (read_table(kcore, &symbol[SYM_TABLE], &symbol[SYM_TABLE_COUNT], r->region,
		       &r->region_count))
		return error("the running kernel's table of reserve_mem regions is not readable");
	return leave_out(r);
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
	struct symbol symbol[] = { running_symbols[SYM_TABLE], running_symbols[SYM_TABLE_COUNT] };
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

int running_check_unlisted(const struct machine *machine, const struct running *r)
{
	struct cmdline_param param;

	if (r->region_count || r->left_out || !cmdline_last(machine->cmdline, "reserve_mem", &param))
		return 0;
	return error("this kernel was started with %.*s, but its regions cannot be found (no "
		     "CONFIG_KALLSYMS_ALL, or the reservation failed at boot): hand each over with "
		     "--kho-region, or remove reserve_mem= and reboot", TEXT(param.word));
}
