/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places the payload so that there is room for what the kernel places after it, from the top
 * of the first scratch area in which it fits.
 */
#include "arch.h"
#include "boot-arch.h"
#include "place-by-kernel.h"

/* Entries of the kernel's own: one for each of its segments, and the payload's header. */
#define KERNEL_SEGMENTS		16
#define KERNEL_ENTRIES		(KERNEL_SEGMENTS + 1)

/* Sizes that only the kernel knows: upper limits. */
#define PURGATORY_ROOM		(256ull << 10)
#define BOOT_PARAMS_ROOM	(64ull << 10)	/* in addition to what this program would make */

static uint64_t table_room(const struct image_plan *p)
{
	const struct target *t = p->target;
	uint64_t digests = chunk_count(t->kernel.size) + chunk_count(t->initrd.size) + 2 * KERNEL_SEGMENTS;
	uint64_t room = table_size(&p->verify) + KERNEL_ENTRIES * sizeof(struct kho_entry) +
			4 * digests;

	return p->no_checks ? 0 : (room + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

struct piece {
	const char *name;
	uint64_t size, align, min;
	struct segment **segment;
};

/* As kho_walk_scratch() and locate_mem_hole_top_down() of the kernel. */
static int place_as_kernel(struct image_plan *p, const struct piece *piece)
{
	const struct kho_place want = { .align = piece->align, .min = piece->min };
	const struct handover *h = p->handover;
	int err = -KHO_ERR_NOSPACE;

	for (size_t i = 0; err == -KHO_ERR_NOSPACE && i < h->scratch_count; i++)
		err = segments_place(&p->segments, piece->name, piece->size, &h->scratch[i], 1, want,
				     piece->segment);
	return err;
}

/* Place PIECES in their order. 0, or an error of segments_place() and *RET_FAILED. */
static int place_all(struct image_plan *p, const struct piece *piece, size_t count,
		     const struct piece **ret_failed)
{
	p->segments.count = 0;
	for (size_t i = 0; i < count; i++) {
		int err = piece[i].size ? place_as_kernel(p, &piece[i]) : 0;

		*ret_failed = &piece[i];
		if (err)
			return err;
	}
	return 0;
}

static int place_segments(struct image_plan *p)
{
	const struct image *image = &p->target->image;
	const uint64_t low = image->pref_address > LOW_MEMORY_END ? image->pref_address : LOW_MEMORY_END;
	const struct piece initrd = { "initrd", p->target->initrd.size, PAGE_SIZE, INITRD_MIN, &p->initrd };
	const struct piece payload = { "handover", p->layout.size, PAGE_SIZE, LOW_MEMORY_END, &p->payload };
	/*
	 * The kernel looks for a place for each piece from the top, the payload in its way. If
	 * the payload is placed last, it cannot displace another piece; if that leaves no room
	 * for it, it is placed before the initrd.
	 */
	struct piece piece[] = {
		{ "purgatory", PURGATORY_ROOM, PAGE_SIZE, LOW_MEMORY_END, &p->purgatory },
		{ "boot_params", p->boot_data_buf.size + BOOT_PARAMS_ROOM, PAGE_SIZE, LOW_MEMORY_END,
		  &p->boot_data },
		{ "kernel", image->init_size, image->alignment, low, &p->kernel },
		initrd, payload,
	};
	const size_t count = sizeof(piece) / sizeof(piece[0]);
	const struct piece *failed;
	int err = place_all(p, piece, count, &failed);

	if (err == -KHO_ERR_NOSPACE) {
		piece[count - 2] = payload;
		piece[count - 1] = initrd;
		err = place_all(p, piece, count, &failed);
	}
	return err ? image_plan_no_room(p, failed->name, failed->size, 0, err) : 0;
}

const struct placer place_by_kernel = {
	.payload_only = true,
	.place = place_segments,
	.table_room = table_room,
	.serial_port = arch_serial_port_of_kernel,
};
