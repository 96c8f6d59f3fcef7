/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's reserve_mem regions: with KHO those of the node that it hands over,
 * without it those of its table. reserved_mem_table of mm/memblock.c has 32-byte entries
 * {name[16], start, size} since 6.12.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmdline.h"
#include "message.h"
#include "running-private.h"
#include "sysfs-kho.h"

int running_read_regions_kho(const struct kcore *kcore, struct running *r)
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

int running_read_regions_table(const struct kcore *kcore, const struct symbol *symbol,
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

	if (r->region_count || !cmdline_last(machine->cmdline, "reserve_mem", &param))
		return 0;
	return error("this kernel was started with %.*s, but its regions cannot be found (no "
		     "CONFIG_KALLSYMS_ALL, or the reservation failed at boot): hand each over with "
		     "--kho-region, or remove reserve_mem= and reboot", TEXT(param.word));
}
