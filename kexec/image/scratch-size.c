/* SPDX-License-Identifier: GPL-2.0-only */
#include "arch.h"
#include "kho.h"
#include "scratch-size.h"

uint64_t scratch_for_kernel(const struct image *image)
{
	return 2 * (image->init_size + image->alignment);
}

uint64_t scratch_for_pages(uint64_t ram)
{
	/* 64 bytes for each 4 KiB, and half as much again. */
	return ram / 64 * 3 / 2;
}

uint64_t scratch_for_boot(unsigned int cpus)
{
	return cpus * 2 * MIB + 64 * MIB;
}

static uint64_t area_size(uint64_t size)
{
	return (size + KHO_SCRATCH_ALIGN - 1) & ~(KHO_SCRATCH_ALIGN - 1);
}

struct scratch_sizes scratch_sizes(const struct scratch_need *n)
{
	uint64_t movable = n->initrd + n->payload;

	return (struct scratch_sizes){
		.low = area_size(n->kernel + n->own + (n->high ? 0 : movable)),
		.global = area_size(n->boot + (n->high ? movable : 0)),
		.per_node = area_size(n->pages / n->nodes),
	};
}
