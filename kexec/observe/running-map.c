/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel's map of preserved memory. */
#include "arch.h"
#include "crc32c.h"
#include "message.h"
#include "running-private.h"

struct map_collect {
	struct blocks *preserved;
	struct ranges *pages;
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

	return ranges_add(c->pages, addr & ~(PAGE_SIZE - 1), PAGE_SIZE);
}

int running_read_map(const struct machine *machine, struct kcore *kcore, struct running *r)
{
	const struct kho_mem mem = kcore_mem(kcore);
	struct map_collect c = {
		.preserved = &r->preserved,
		.pages = &r->map_pages,
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

bool running_only_notifiers(const struct running *r)
{
	struct rest rest = { r, 0 };
	const struct kho_map_visitor visitor = { count_rest, NULL, &rest };

	kho_map_each(&r->preserved.map, &visitor);
	return rest.pages == 1;
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
