/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "cmdline.h"
#include "finalize.h"
#include "handover.h"
#include "incoming.h"
#include "message.h"
#include "scratch-size.h"

#define PLANNED_SCRATCH	2		/* areas that kho_scratch_plan() makes */
#define BLOB_MAX	(1ull << 31)	/* a setup_data length is 32 bits wide */

static int check_region_range(const struct handover *h, const struct machine *m,
			      const struct kho_region *r, bool added)
{
	const struct running *running = &h->running;
	const struct kho_range *hit;

	if ((r->addr | r->size) & (PAGE_SIZE - 1))
		return error("region '%s': address 0x%llx and size 0x%llx must be multiples of the page "
			     "size, 4096%s", r->name, ULL(r->addr), ULL(r->size),
			     added ? "" : ": give its reserve_mem= whole pages, and reboot");
	if (r->addr < LOW_MEMORY_END)
		return error("region '%s': memory below 1 MiB cannot be preserved, the next kernel "
			     "starts its CPUs there", r->name);
	if (!kho_ranges_cover(m->ram, m->ram_count, r->addr, r->size))
		return error("region '%s': 0x%llx-0x%llx is not all RAM in /sys/firmware/memmap",
			     r->name, ULL(r->addr), ULL(r->addr + r->size - 1));
	hit = kho_find_overlap(running->scratch, running->scratch_count, r->addr, r->size);
	if (hit)
		return error("region '%s' overlaps scratch 0x%llx-0x%llx, which the next kernel "
			     "overwrites: %s", r->name, ULL(hit->addr), ULL(hit->addr + hit->size - 1),
			     added ? "hand over memory outside scratch" :
				     "this kernel could not revive it and has made a new one there; boot "
				     "without its reserve_mem=");
	return 0;
}

/* What the user adds must not be preserved by the kernel already, as far as is known. */
static int check_preserved(const struct running *running, const struct kho_region *r)
{
	const struct kho_range range = { r->addr, r->size };
	struct kho_range block;

	if (!running->kho)
		return 0;
	if (blocks_find_overlap(&running->preserved, &range, 1, &block) ||
	    kho_find_overlap(running->map_pages.list, running->map_pages.count, r->addr, r->size))
		return error("--kho-region '%s' overlaps memory that the running kernel already "
			     "preserves", r->name);
	return 0;
}

/* ... nor may it be the kernel's own memory. */
static int check_region_added(const struct handover *h, const struct machine *m,
			      const struct kho_region *r)
{
	if (kho_find_overlap(m->taken, m->taken_count, r->addr, r->size))
		return error("--kho-region '%s' overlaps the running kernel's own image or its crash kernel "
			     "(\"Kernel ...\" and \"Crash kernel\" in /proc/iomem)", r->name);
	return check_preserved(&h->running, r);
}

static int add_region(struct handover *h, const struct machine *m, const struct kho_region *r,
		      bool added)
{
	if (check_region_range(h, m, r, added) || (added && check_region_added(h, m, r)))
		return -1;
	for (size_t i = 0; i < h->region_count; i++) {
		const struct kho_region *other = &h->region[i].region;
		const struct kho_range range = { other->addr, other->size };

		if (!strcmp(other->name, r->name))
			return error("region '%s': the running kernel has a reserve_mem region of this "
				     "name; choose another", r->name);
		if (kho_find_overlap(&range, 1, r->addr, r->size))
			return error("regions '%s' and '%s' overlap", r->name, other->name);
	}
	if (h->region_count == KHO_REGIONS_MAX)
		return error("%zu reserve_mem regions and '%s' are more than the %d that a kernel "
			     "revives", h->region_count, r->name, KHO_REGIONS_MAX);
	h->region[h->region_count++] = (struct handover_region){ .region = *r, .added = added };
	return 0;
}

static int collect_regions(struct handover *h, const struct machine *m, const struct request *rq)
{
	for (size_t i = 0; i < h->running.region_count; i++)
		if (add_region(h, m, &h->running.region[i], false))
			return -1;
	for (size_t i = 0; i < rq->region_count; i++)
		if (add_region(h, m, &rq->region[i], true))
			return -1;
	return 0;
}

static struct handover_region *find_region(struct handover *h, const char *name)
{
	for (size_t i = 0; i < h->region_count; i++)
		if (!strcmp(h->region[i].region.name, name))
			return &h->region[i];
	return NULL;
}

/* ramoops gets its place as a region's name, or as an address. */
static bool is_of_ramoops(const struct machine *m, const struct kho_region *region)
{
	struct cmdline_param param;
	uint64_t addr, size;
	bool same = false;
	char *name;

	if (!root_read_text(&m->root, "sys/module/ramoops/parameters/mem_name", &name)) {
		same = !strcmp(name, region->name);
		free(name);
	}
	if (!root_read_u64(&m->root, "sys/module/ramoops/parameters/mem_address", &addr) &&
	    !root_read_u64(&m->root, "sys/module/ramoops/parameters/mem_size", &size))
		same = same || kho_find_overlap(&(struct kho_range){ addr, size }, 1, region->addr,
						region->size);
	return same || (cmdline_last(m->cmdline, "ramoops.mem_name", &param) &&
			text_is(param.value, region->name));
}

/*
 * The part of the kernel that may write to REGION after the last digest: ramoops before the
 * kernel takes late digests, a trace instance at any time. NULL if none.
 */
static const char *kernel_writer(const struct machine *m, const struct kho_region *region, bool late)
{
	if (cmdline_traces_to(m->cmdline, region))
		return "a trace instance";
	return !late && is_of_ramoops(m, region) ? "ramoops" : NULL;
}

/*
 * "all" means all that can be verified; a region that is named by itself keeps what was said
 * of it.
 */
static void mark_all(struct handover *h, const struct machine *m, bool fixed, bool late)
{
	for (size_t i = 0; i < h->region_count; i++) {
		struct handover_region *region = &h->region[i];
		const char *writer = kernel_writer(m, &region->region, late);

		region->verify = !writer;
		region->fixed = fixed && !writer;
		region->late = late && !writer;
		if (writer)
			notice("region '%s' is not verified: %s of the running kernel writes to it until "
			       "the end", region->region.name, writer);
	}
}

static int mark_named(struct handover *h, const struct machine *m, const struct name_set *set,
		      bool fixed, bool late)
{
	for (size_t i = 0; i < set->count; i++) {
		struct handover_region *region = find_region(h, set->name[i]);
		const char *writer;

		if (!region)
			return error("--kho-verify: there is no region '%s' to verify (blobs always are)",
				     set->name[i]);
		writer = kernel_writer(m, &region->region, late);
		if (writer)
			return error("--kho-verify: %s of the running kernel writes to region '%s' "
				     "until the end, so it cannot be verified: leave it out to "
				     "hand it over unverified", writer, region->region.name);
		region->verify = true;
		region->fixed = fixed;
		region->late = late;
	}
	return 0;
}

static int mark_verify(struct handover *h, const struct machine *m, const struct request *rq)
{
	if (rq->verify.all || rq->load.all || rq->late.all)
		mark_all(h, m, rq->load.all, rq->late.all);
	if (mark_named(h, m, &rq->verify, false, false) || mark_named(h, m, &rq->load, true, false))
		return -1;
	return mark_named(h, m, &rq->late, false, true);
}

/* No node of the running kernel may have this name, or lie below one that has it. */
static int check_no_node(const struct running *running, const char *name)
{
	for (size_t i = 0; running->kho && i < running->root.node_count; i++)
		if (kho_node_within(running->root.node[i].name, name))
			return error("blob '%s': the running kernel hands over a node of this name; "
				     "choose another", name);
	return 0;
}

static int check_blob_name(const struct handover *h, const char *name)
{
	static const char *const reserved[] = { KHO_NODE_MEMBLOCK, KHO_NODE_METADATA, KHO_NODE_LUO };

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (!strcmp(name, reserved[i]))
			return error("blob '%s': the kernel has its own node of this name; choose "
				     "another", name);
	if (check_no_node(&h->running, name))
		return -1;
	for (size_t i = 0; i < h->region_count; i++)
		if (!strcmp(h->region[i].region.name, name))
			return error("blob '%s': a region has this name; choose another", name);
	for (size_t i = 0; i < h->blob_count; i++)
		if (!strcmp(h->blob[i].name, name))
			return error("blob '%s' is given twice (carried and new?); choose another name "
				     "or leave it out of --kho-carry", name);
	return 0;
}

/* A free slot for blob NAME, not counted yet; NULL after a message. */
static struct handover_blob *new_blob(struct handover *h, const char *name)
{
	struct handover_blob *blob = &h->blob[h->blob_count];

	if (check_blob_name(h, name))
		return NULL;
	if (h->blob_count == BLOBS_MAX) {
		error("more than %d blobs", BLOBS_MAX);
		return NULL;
	}
	memset(blob, 0, sizeof(*blob));
	strncpy(blob->name, name, sizeof(blob->name) - 1);
	return blob;
}

static int collect_blobs(struct handover *h, const struct request *rq)
{
	for (size_t i = 0; i < rq->blob_count; i++) {
		struct handover_blob *blob = new_blob(h, rq->blob[i].name);

		if (!blob || file_read(rq->blob[i].path, "blob", BLOB_MAX, &blob->data))
			return -1;
		h->blob_count++;
	}
	return 0;
}

static int carry_blob(struct handover *h, const struct incoming *in, const struct kho_item *item)
{
	struct handover_blob *blob = new_blob(h, item->name);

	if (!blob || incoming_read_blob(in, item, &blob->data))
		return -1;
	h->blob_count++;
	return 0;
}

static int check_carry_names(const struct incoming *in, const struct name_set *carry)
{
	for (size_t i = 0; i < carry->count; i++)
		if (!incoming_find(in, KHO_ITEM_BLOB, carry->name[i]))
			return error("--kho-carry: no blob '%s' was handed to this kernel; "
				     "'kexec --kho-status' lists them", carry->name[i]);
	return 0;
}

/* Also finds out how many handovers came before this one. */
static int collect_incoming(struct handover *h, const struct root *root, const struct name_set *carry)
{
	bool wanted = carry->all || carry->count;
	struct incoming in;
	int found, err = 0;

	h->hop = 1;
	found = incoming_open(root, &in);
	if (found < 0 && !wanted)
		notice("going on without it: no blob is carried");
	if (found < 0)
		return wanted ? -1 : 0;
	if (!found && carry->count)
		return error("--kho-carry: nothing was handed to this kernel");
	if (!found && wanted)
		notice("--kho-carry: nothing was handed to this kernel, so no blob is carried");
	if (!found)
		return 0;
	h->hop = in.payload.hop + 1;
	if (wanted)
		err = incoming_trusted(&in, "--kho-carry") ? check_carry_names(&in, carry) : -1;
	for (uint32_t i = 0; wanted && !err && i < in.payload.item_count; i++)
		if (in.item[i].kind == KHO_ITEM_BLOB && name_set_has(carry, in.item[i].name))
			err = carry_blob(h, &in, &in.item[i]);
	incoming_close(&in);
	return err;
}

static int alloc_scratch(struct handover *h, size_t count)
{
	h->scratch = calloc(count, sizeof(*h->scratch));
	if (!h->scratch)
		return error("no memory for scratch areas");
	h->scratch_count = count;
	return 0;
}

/* Nothing that stays in place may lie in scratch. */
static int check_scratch_clear(const struct running *r, enum handover_map map)
{
	struct kho_range block;

	if (blocks_find_overlap(&r->preserved, r->scratch, r->scratch_count, &block))
		return error("the running kernel preserves 0x%llx-0x%llx inside scratch, where the next kernel "
			     "would overwrite it", ULL(block.addr), ULL(block.addr + block.size - 1));
	if (map == MAP_IN_PLACE &&
	    kho_find_overlap(r->scratch, r->scratch_count, r->fdt_addr, sizeof(r->fdt)))
		return error("the running kernel keeps its root FDT inside scratch, where the next kernel "
			     "would overwrite it");
	if (map != MAP_OWN &&
	    kho_scratch_check(r->scratch, r->scratch_count, r->map_pages.list, r->map_pages.count))
		return error("the running kernel keeps its map of preserved memory inside scratch, "
			     "where the next kernel would overwrite it");
	return 0;
}

/* The kernel's scratch areas must suit the next kernel as well. */
static int adopt_scratch(struct handover *h)
{
	struct running *r = &h->running;

	if (kho_scratch_check(r->scratch, r->scratch_count, NULL, 0))
		return error("the running kernel's scratch areas are not usable: they overlap, or there are "
			     "none");
	if (check_scratch_clear(r, h->map))
		return -1;
	for (size_t i = 0; i < h->node_count; i++)
		if (kho_find_overlap(r->scratch, r->scratch_count, h->node[i].addr, h->node[i].size))
			return error("the running kernel keeps its node '%s' inside scratch, where the next "
				     "kernel would overwrite it", h->node[i].name);
	if (alloc_scratch(h, r->scratch_count))
		return -1;
	memcpy(h->scratch, r->scratch, r->scratch_count * sizeof(*h->scratch));
	return 0;
}

static bool adds_nodes(const struct handover *h)
{
	bool added = h->blob_count > 0;

	for (size_t i = 0; i < h->region_count; i++)
		added |= h->region[i].added;
	return added;
}

/* The live map stays as it is, so setup_data keeps added regions, and sysfs shows them. */
static void warn_readable(const struct handover *h)
{
	for (size_t i = 0; h->map == MAP_LIVE && i < h->region_count; i++)
		if (h->region[i].added)
			notice("region '%s': every user of the next kernel can read it below "
			       "/sys/kernel/boot_params/setup_data, until the files' mode is changed",
			       h->region[i].region.name);
}

/* Says what is done on the user's behalf, once it is certain. */
static void tell(const struct handover *h)
{
	const struct running *r = &h->running;

	if (r->map_pending)
		return;
	if (h->luo_dropped)
		notice("live update state (node LUO) is left out: the new kernel cannot read it, "
		       "and no session is open");
	if (r->kho && r->root.abi != h->to.abi)
		notice("translating the handover from ABI %s to %s", kho_abi_label(r->root.abi),
		       kho_abi_label(h->to.abi));
	warn_readable(h);
}

int handover_look(struct handover *h, const struct machine *m, const struct request *rq,
		  const struct kho_formats *to)
{
	memset(h, 0, sizeof(*h));
	h->kcore.fd = -1;
	h->checked = !rq->no_checks;
	h->machine = m;
	h->to = *to;
	if (kcore_open(&m->root, &h->kcore) || running_look(m, &h->kcore, rq->dry_run, &h->running))
		return -1;
	if (!h->running.kho && !rq->reloading)
		running_say_switched_off(m->cmdline);
	if (machine_check_usable(m) || machine_check_nodes(m) || collect_regions(h, m, rq) || mark_verify(h, m, rq) ||
	    collect_blobs(h, rq))
		return -1;
	return collect_incoming(h, &m->root, &rq->carry);
}

static bool is_running_region(const struct running *r, const struct kho_region *region)
{
	for (size_t i = 0; i < r->region_count; i++)
		if (!strcmp(r->region[i].name, region->name) && r->region[i].addr == region->addr &&
		    r->region[i].size == region->size)
			return true;
	return false;
}

/* The regions in the kernel's root FDT must be those of its table, which are verified. */
static int check_same_regions(const struct handover *h)
{
	size_t count = 0;

	for (size_t i = 0; i < h->region_count; i++) {
		const struct kho_region *region = &h->region[i].region;

		if (h->region[i].added)
			continue;
		count++;
		if (!is_running_region(&h->running, region))
			return error("the running kernel does not hand over its region '%s' as its "
				     "table says: reboot", region->name);
	}
	if (count == h->running.region_count)
		return 0;
	return error("the running kernel hands over a reserve_mem region that is no longer in its "
		     "table, so its memory is in use for something else: reboot");
}

int handover_finish(struct handover *h, bool dry_run)
{
	if (dry_run)
		return finalize_refused();
	if (finalize_running(h->machine, &h->kcore, &h->running) || check_same_regions(h))
		return -1;
	for (size_t i = 0; i < h->region_count; i++)
		if (h->region[i].added && check_preserved(&h->running, &h->region[i].region))
			return -1;
	for (size_t i = 0; i < h->blob_count; i++)
		if (check_no_node(&h->running, h->blob[i].name))
			return -1;
	return 0;
}

static void forget_model(struct handover *h)
{
	free(h->scratch);
	h->scratch = NULL;
	h->scratch_count = 0;
	h->node_count = 0;
	h->luo_dropped = false;
	blocks_free(&h->blocks);
	blocks_free(&h->luo_blocks);
}

int handover_model(struct handover *h)
{
	forget_model(h);
	if (handover_check_nodes(h, adds_nodes(h)) || (h->map == MAP_OWN && handover_build_map(h)))
		return -1;
	if (h->running.kho ? adopt_scratch(h) : alloc_scratch(h, PLANNED_SCRATCH))
		return -1;
	tell(h);
	return 0;
}

int handover_plan_scratch(struct handover *h, const struct machine *m, uint64_t segments,
			  uint64_t extra)
{
	/* Until it has read the map the next kernel allocates from scratch alone. */
	uint64_t early = scratch_for_pages(m->ram_total) + scratch_for_boot(m->cpus) + extra;
	const struct kho_scratch_wish wish = { .struct_size = sizeof(wish), .low_limit = LIMIT_4G,
					       .want_low = segments, .want = segments + early };
	struct kho_range busy[KHO_REGIONS_MAX];
	int err;

	for (size_t i = 0; i < h->region_count; i++)
		busy[i] = (struct kho_range){ h->region[i].region.addr, h->region[i].region.size };
	err = kho_scratch_plan(m->usable, m->usable_count, busy, h->region_count, &wish,
			       h->scratch);
	if (err)
		return error("no room for the next kernel's scratch areas (%llu MiB, %llu MiB of it in one "
			     "piece below 4 GiB) beside the preserved regions: preserve less, or use a "
			     "smaller kernel or initrd", ULL((segments + early) >> 20), ULL(segments >> 20));
	return 0;
}

void handover_release(struct handover *h)
{
	for (size_t i = 0; i < h->region_count; i++)
		free(h->region[i].digest);
	for (size_t i = 0; i < h->blob_count; i++)
		buffer_free(&h->blob[i].data);
	free(h->scratch);
	blocks_free(&h->blocks);
	blocks_free(&h->luo_blocks);
	running_release(&h->running);
	kcore_close(&h->kcore);
	memset(h, 0, sizeof(*h));
	h->kcore.fd = -1;
}
