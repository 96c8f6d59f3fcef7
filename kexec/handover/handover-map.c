/* SPDX-License-Identifier: GPL-2.0-only */
/* How everything that the running kernel preserves reaches the new one. */
#include <string.h>

#include <libfdt.h>

#include "arch.h"
#include "handover.h"
#include "live-update.h"
#include "message.h"

#define PIECES_MAX	128	/* a range of 2^52 bytes is cut into fewer than 80 blocks */

/* ---- Nodes ---------------------------------------------------------------- */

/* A kernel of an ABI without sizes takes every node for an FDT. */
static int check_is_fdt(const struct handover *h, const struct kho_node *node)
{
	struct fdt_header header;

	if (kho_abi_sized(h->to.abi))
		return 0;
	if (node->size >= sizeof(header) &&
	    !kcore_read_phys(&h->kcore, node->addr, &header, sizeof(header)) &&
	    fdt_magic(&header) == FDT_MAGIC && fdt_totalsize(&header) <= node->size)
		return 0;
	return error("the running kernel's node '%s' is not a device tree, and a kernel of ABI %s "
		     "takes every node for one: it cannot be handed over to the new kernel",
		     node->name, kho_abi_label(h->to.abi));
}

static int keep_luo_block(void *ctx, uint64_t addr, unsigned int order)
{
	return blocks_add(ctx, addr, order);
}

/* Live update state of another ABI can be left out only while it is empty. */
static int drop_luo(struct handover *h, const struct kho_node *node)
{
	const struct kho_mem mem = kcore_mem(&h->kcore);
	const struct kho_luo_visitor visitor = { .block = keep_luo_block, .ctx = &h->luo_blocks };
	struct kho_luo_info info;
	int err;

	if (luo_check_idle(&h->machine->root))
		return -1;
	err = blocks_init(&h->luo_blocks, PAGE_SHIFT);
	if (!err)
		err = kho_luo_walk(PAGE_SHIFT, &mem, node, &visitor, &info);
	if (err)
		return error("live update state (node LUO) cannot be left out: %s; boot this kernel without "
			     "liveupdate=on", kho_strerror(err));
	h->luo_dropped = true;
	return 0;
}

/* A node below LUO is the same state in another form: it is left out with LUO, not alone. */
static int drop_node(struct handover *h, const struct kho_node *node)
{
	if (!kho_node_within(node->name, KHO_NODE_LUO))
		return 0;
	if (!strcmp(node->name, KHO_NODE_LUO))
		return drop_luo(h, node);
	if (h->luo_dropped)
		return 0;
	return error("live update state (node %s) cannot be left out: it is in a form that this program "
		     "does not read; boot this kernel without liveupdate=on", node->name);
}

static int check_node(struct handover *h, const struct kho_node *node)
{
	struct kho_verdict verdict = kho_compat_node(&h->running.writes, &h->to, node->name, false);

	if (verdict.fate == KHO_FATE_REFUSED)
		return error("the running kernel's node '%s' cannot be handed over: %s", node->name,
			     verdict.reason);
	if (verdict.fate == KHO_FATE_DROPPED)
		return drop_node(h, node);
	if (check_is_fdt(h, node))
		return -1;
	h->node[h->node_count++] = *node;
	return 0;
}

bool handover_has_node(const struct handover *h, const char *name)
{
	for (size_t i = 0; i < h->node_count; i++)
		if (!strcmp(h->node[i].name, name))
			return true;
	return false;
}

/* ---- Map ------------------------------------------------------------------ */

static enum handover_map choose_map(const struct handover *h, bool adds_nodes)
{
	const struct running *r = &h->running;

	/*
	 * Not even to a kernel of the same ABI: up to 7.1 kernels preserve larger blocks than
	 * they reserve.
	 */
	if (!r->kho || !running_fits(r, h->to.abi))
		return MAP_OWN;
	if (r->root.abi == h->to.abi && r->fdt_addr && !adds_nodes &&
	    h->node_count == r->root.node_count)
		return MAP_IN_PLACE;
	return kho_abi_radix(r->root.abi) && kho_abi_radix(h->to.abi) ? MAP_LIVE : MAP_OWN;
}

int handover_check_nodes(struct handover *h, bool adds_nodes)
{
	const struct running *r = &h->running;
	struct kho_verdict verdict;

	if (!r->kho) {
		h->map = MAP_OWN;
		return 0;
	}
	verdict = kho_compat_map(&r->writes, &h->to);
	if (verdict.fate == KHO_FATE_REFUSED)
		return error("the handover cannot be written for the new kernel: %s", verdict.reason);
	for (size_t i = 0; i < r->root.node_count; i++)
		if (check_node(h, &r->root.node[i]))
			return -1;
	h->map = choose_map(h, adds_nodes);
	return 0;
}

/*
 * Add a block. One too large for the ABI is added in pieces, which suits memory that is not
 * restored.
 */
static int add_block(struct handover *h, uint64_t addr, unsigned int order)
{
	unsigned int most = kho_abi_max_order(h->to.abi, PAGE_SHIFT);
	uint64_t end = addr + (PAGE_SIZE << order);
	int err = 0;

	if (order > most)
		order = most;
	for (; !err && addr < end; addr += PAGE_SIZE << order)
		err = blocks_add(&h->blocks, addr, order);
	return err;
}

/* The end of the piece of RANGE that lies in one NUMA node. */
static uint64_t node_end(const struct machine *m, const struct kho_range *range)
{
	uint64_t end = range->addr + range->size;

	for (size_t i = 0; i < m->node_count; i++)
		if (m->node[i].start > range->addr && m->node[i].start < end)
			end = m->node[i].start;
	return end;
}

/*
 * No block may cross nodes: with deferred init the next kernel assumes that all pages of a
 * block are in the node of the first.
 */
static int add_region(struct handover *h, const struct kho_region *region)
{
	struct kho_range left = { region->addr, region->size };
	struct kho_block block[PIECES_MAX];
	size_t count;
	int err = 0;

	while (!err && left.size) {
		const struct kho_range piece = { left.addr, node_end(h->machine, &left) - left.addr };

		err = kho_split_range(PAGE_SHIFT, &piece, block, PIECES_MAX, &count);
		for (size_t i = 0; !err && i < count; i++)
			err = add_block(h, block[i].addr, block[i].order);
		left.addr += piece.size;
		left.size -= piece.size;
	}
	return err ? error("region '%s': %s", region->name, kho_strerror(err)) : 0;
}

static bool in_region(const struct handover *h, uint64_t addr, uint64_t size)
{
	for (size_t i = 0; i < h->region_count; i++) {
		const struct kho_range range = { h->region[i].region.addr, h->region[i].region.size };

		if (kho_ranges_cover(&range, 1, addr, size))
			return true;
	}
	return false;
}

/* Addresses and orders are kept, because restoring memory relies on them. */
static int copy_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct handover *h = ctx;

	if (h->luo_dropped && kho_map_has(&h->luo_blocks.map, addr, order))
		return 0;
	if (order <= kho_abi_max_order(h->to.abi, PAGE_SHIFT))
		return blocks_add(&h->blocks, addr, order);
	/* A region is found by its range alone. */
	if (in_region(h, addr, PAGE_SIZE << order))
		return add_block(h, addr, order);
	error("the running kernel preserves a block of order %u at 0x%llx, and a kernel of ABI %s "
	      "loses blocks above order %u: use a newer kernel", order, ULL(addr),
	      kho_abi_label(h->to.abi), kho_abi_max_order(h->to.abi, PAGE_SHIFT));
	return -KHO_ERR_RANGE;
}

int handover_build_map(struct handover *h)
{
	const struct kho_map_visitor visitor = { copy_block, NULL, h };
	int err = blocks_init(&h->blocks, PAGE_SHIFT);

	if (!err && h->running.kho)
		err = kho_map_each(&h->running.preserved.map, &visitor);
	if (err)
		return error("map of preserved memory: %s", kho_strerror(err));
	for (size_t i = 0; i < h->region_count; i++)
		if ((h->region[i].added || !h->running.kho) && add_region(h, &h->region[i].region))
			return -1;
	return 0;
}
