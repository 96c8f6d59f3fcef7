/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch.h"
#include "cmdline.h"
#include "file-load.h"
#include "message.h"
#include "segment.h"
#include "segment-file.h"
#include "syscalls.h"
#include "sysfs-kho.h"

/* Entries of the kernel's own: one for each of its segments, and the payload's header. */
#define KERNEL_SEGMENTS		16
#define KERNEL_ENTRIES		(KERNEL_SEGMENTS + 1)

/* Sizes that only the kernel knows: more than they are. */
#define PURGATORY_ROOM		(256ull << 10)
#define BOOT_PARAMS_ROOM	(64ull << 10)	/* beside what we would make */

#define INITRD_MIN		(16 * MIB)	/* MIN_INITRD_LOAD_ADDR of kexec-bzimage64.c */

/* ---- Whether ------------------------------------------------------------------------- */

static const char *features_obstacle(const struct handover *h, const struct request *rq)
{
	struct kho_features f;

	switch (features_read(&h->machine->root, &f)) {
	case FEATURES_OK:
		break;
	case FEATURES_ABSENT:
		if (!h->running.kho)
			return "KHO is off in the running kernel, which tells only with it whether it takes a "
			       "handover built in userspace: boot it with kho=on";
		return "the running kernel does not take a handover built in userspace (no "
		       "/" SYSFS_KHO "/features)";
	case FEATURES_FORMAT:
		return "the running kernel takes handovers of another format than this program builds "
		       "(/" SYSFS_KHO "/features): use the kexec of its release";
	case FEATURES_BAD:
		return "/" SYSFS_KHO "/features of the running kernel is not understood";
	}
	if (!f.segment)
		return "the running kernel does not take a handover built in userspace ('segment' is not "
		       "in /" SYSFS_KHO "/features)";
	if (!rq->no_checks && !f.verify)
		return "purgatory of the running kernel verifies nothing: say --no-checks";
	if (!name_set_empty(&rq->seal) && !f.seal)
		return "the running kernel takes no digests at the end: leave ':seal' out";
	return NULL;
}

static bool has_unknown_parts(const struct handover *h)
{
	for (size_t i = 0; i < h->node_count; i++)
		if (h->node[i].more || strchr(h->node[i].name, '/'))
			return true;
	return false;
}

/* The kernel wants its own ABI, its own map, and every node that it has. */
static const char *handover_obstacle(const struct handover *h)
{
	const struct running *r = &h->running;

	if (h->to.abi != r->root.abi)
		return "the new kernel reads another ABI, and the kernel takes no translated handover";
	if (h->map == MAP_OWN)
		return "the new kernel wants a map of its own, for it loses large blocks";
	if (has_unknown_parts(h))
		return "the running kernel's root FDT has nodes below nodes or properties of formats to "
		       "come, which a handover built in userspace cannot have there";
	if (h->node_count != r->root.node_count)
		return "a node of the running kernel cannot go on to the new kernel, and the kernel "
		       "takes only a handover with all of them";
	return NULL;
}

static const char *image_obstacle(const struct target *t, const struct request *rq)
{
	if (t->packed)
		return "the kernel file is compressed as a whole: unpack it";
	if (!(t->image.xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G))
		return "the new kernel cannot be loaded above 4 GiB, which kexec_file_load wants";
	if (rq->no_efi)
		return "--noefi works with kexec_load only";
	return NULL;
}

/* What is reserved or digested by the kernel must be its RAM. */
static const struct handover_region *foreign_region(const struct handover *h)
{
	const struct machine *m = h->machine;

	for (size_t i = 0; i < h->region_count; i++) {
		const struct handover_region *r = &h->region[i];

		if ((r->added || r->verify) &&
		    !kho_ranges_cover(m->usable, m->usable_count, r->region.addr, r->region.size))
			return r;
	}
	return NULL;
}

bool segment_obstacle(struct handover *h, const struct target *t, const struct request *rq, char *why,
		      size_t size)
{
	const char *text = features_obstacle(h, rq);
	const struct handover_region *foreign;
	struct payload_layout layout;

	if (!text)
		text = handover_obstacle(h);
	if (!text)
		text = image_obstacle(t, rq);
	snprintf(why, size, "%s", text ? text : "");
	if (text)
		return true;
	foreign = foreign_region(h);
	if (foreign)
		snprintf(why, size, "region '%s' is not all \"System RAM\" in /proc/iomem",
			 foreign->region.name);
	else if (payload_plan(h, 0, &layout) || layout.size > SEGMENT_MAX - MIB)
		snprintf(why, size, "it has more than 1 GiB, and the kernel takes no more: use smaller blobs");
	return *why;
}

/* ---- Where --------------------------------------------------------------------------- */

uint64_t segment_table_room(const struct image_plan *p)
{
	const struct target *t = p->target;
	uint64_t digests = chunk_count(t->kernel.size) + chunk_count(t->initrd.size) + 2 * KERNEL_SEGMENTS;
	uint64_t room = table_size(&p->verify) + KERNEL_ENTRIES * sizeof(struct kho_entry) +
			4 * digests;

	return p->no_checks ? 0 : (room + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

uint16_t segment_serial_port(const char *cmdline)
{
	static const uint16_t known[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	uint16_t port = cmdline_serial_port(cmdline);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (port == known[i])
			return port;
	if (port)
		notice("purgatory will say nothing on port 0x%x: the running kernel's has ttyS0 to ttyS3 "
		       "only", port);
	return 0;
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

int segment_place(struct image_plan *p)
{
	const struct bzimage *image = &p->target->image;
	const uint64_t low = image->pref_address > LOW_MEMORY_END ? image->pref_address : LOW_MEMORY_END;
	const struct piece initrd = { "initrd", p->target->initrd.size, PAGE_SIZE, INITRD_MIN, &p->initrd };
	const struct piece payload = { "handover", p->layout.size, PAGE_SIZE, LOW_MEMORY_END, &p->payload };
	/*
	 * The kernel looks for each piece from the top, the payload in its way. Where it is put
	 * last, it is in nobody's way; before the initrd, if that leaves it no room.
	 */
	struct piece piece[] = {
		{ "purgatory", PURGATORY_ROOM, PAGE_SIZE, LOW_MEMORY_END, &p->purgatory },
		{ "boot_params", p->boot_params_buf.size + BOOT_PARAMS_ROOM, PAGE_SIZE, LOW_MEMORY_END,
		  &p->boot_params },
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
	return err ? image_plan_no_room(p, failed->name, failed->size, err) : 0;
}

/* ---- Loading ------------------------------------------------------------------------- */

/* The handover as it is cannot be given to the kernel: by which way can it? */
static const char *another_way(const struct request *rq)
{
	if (rq->segment)
		return "make the segment anew with --kho-save-segment";
	if (!name_set_empty(&rq->seal))
		return "load it with -c and without ':seal'";
	return "load it with -c";
}

/* What the kernel's answer means. */
static const char *meaning(int err)
{
	switch (err) {
	case EINVAL:
		return "the running kernel does not take a handover with these options";
	case EOPNOTSUPP:
		return "KHO is off in the running kernel, or its purgatory verifies nothing here";
	case EFBIG:
		return "the kernel takes handovers of up to 1 GiB";
	case EBADMSG:
		return "the kernel finds the handover damaged";
	case ENOMEM:
		return "the kernel lacks memory, or a contiguous part of it for a large handover with ':seal'";
	case ENOSPC:
		return "the kernel has more to verify than there is room for";
	}
	return "the kernel does not take this handover";
}

static void say_remedy(const struct request *rq, int err)
{
	const char *log = "the kernel's log may say more (\"KHO segment\")";

	switch (err) {
	case EPERM:
	case EKEYREJECTED:
	case ENOKEY:
	case ENODATA:
	case ENOPKG:
		notice("kexec_file_load needs root (CAP_SYS_BOOT), 'sysctl kernel.kexec_load_disabled' at 0, and where the kernel wants signatures a "
		       "signed kernel and a handover signed by a key it trusts (--kho-save-segment, "
		       "--kho-segment)");
		return;
	case ESTALE:
		notice("what the running kernel preserves has changed meanwhile, or a region was freed; %s; %s", rq->segment ?
		       another_way(rq) : "run the load command again", log);
		return;
	case EADDRNOTAVAIL:
		notice("there is no room left in scratch, or a region lies where the kernel does not let it, or is free: "
		       "hand over other memory; %s", log);
		return;
	}
	notice("%s; %s; %s", meaning(err), another_way(rq), log);
}

int segment_load(const struct request *rq, const struct target *t, const char *cmdline,
		 const void *bytes, size_t size)
{
	int segment = memfd_sealed("kho-segment", bytes, size), err;

	if (segment < 0)
		return error_errno("cannot put the handover (%zu KiB) into a memfd", size >> 10);
	err = file_load(t, cmdline, KEXEC_FILE_KHO, segment);
	close(segment);
	if (!err)
		return 0;
	errno = err;
	error_errno("kexec_file_load failed for '%s' with its handover; what was loaded before still is",
		    rq->kernel);
	say_remedy(rq, err);
	return -1;
}

int segment_save(const char *path, const void *bytes, size_t size)
{
	return file_replace(path, "the segment", bytes, size);
}
