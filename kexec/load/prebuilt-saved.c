/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "verify.h"
#include "arch.h"
#include "message.h"
#include "prebuilt.h"
#include "prebuilt-file.h"
#include "prebuilt-saved.h"
#include "sysfs-kexec.h"
#include "table.h"

static int check_signature(const struct request *rq, const struct machine *m, bool is_signed)
{
	char mode[32];

	lockdown_mode(&m->root, mode, sizeof(mode));
	if (is_signed || !strcmp(mode, "none"))
		return 0;
	return error("the kernel is locked down (%s), and segment '%s' is not signed: sign it like "
		     "a kernel module, with kernel-patches/sign-segment or the kernel's "
		     "scripts/sign-file and a key that it trusts", mode, rq->prebuilt);
}

/* The digests show "kexec -e" whether a region has changed since. */
static int take_digests(const struct prebuilt_file *s, const struct kho_entry *entry,
			struct handover_region *region)
{
	uint64_t count = chunk_count(entry->size);

	region->verify = true;
	region->late = entry->flags & KHO_ENTRY_SEAL;
	if (region->late)
		return 0;
	region->digest = calloc(count, sizeof(*region->digest));
	if (!region->digest)
		return error("no memory for digests of region '%s'", region->region.name);
	memcpy(region->digest, kho_table_digests(s->table) + entry->first_digest,
	       count * sizeof(*region->digest));
	return 0;
}

static int take_region(const struct prebuilt_file *s, const struct kho_item *item, struct handover *h)
{
	const struct kho_entry *entry = prebuilt_find_entry(s, item);
	struct handover_region *region = &h->region[h->region_count++];

	memset(region, 0, sizeof(*region));
	memcpy(region->region.name, item->name, sizeof(region->region.name));
	region->region.addr = item->addr;
	region->region.size = item->size;
	region->added = item->flags & KHO_ITEM_RESERVE;
	return entry ? take_digests(s, entry, region) : 0;
}

static int take_scratch(const struct prebuilt_file *s, struct handover *h)
{
	size_t size = s->payload->scratch_count * sizeof(*h->scratch);

	h->scratch = malloc(size);
	if (!h->scratch)
		return error("no memory for scratch areas");
	memcpy(h->scratch, s->scratch, size);
	h->scratch_count = s->payload->scratch_count;
	return 0;
}

static int take_contents(const struct prebuilt_file *s, struct handover *h)
{
	h->hop = s->payload->hop;
	h->checked = s->table;
	for (uint32_t i = 0; i < s->payload->item_count; i++)
		if (s->item[i].kind == KHO_ITEM_REGION && take_region(s, &s->item[i], h))
			return -1;
	return take_scratch(s, h);
}

/* Later writes would count as damage on the way. */
static int check_digests(const struct request *rq, struct handover *h)
{
	uint32_t crc[KHO_REGIONS_MAX] = { 0 };

	for (size_t i = 0; i < h->region_count; i++)
		if (handover_digested(&h->region[i]))
			crc[i] = handover_region_crc(&h->region[i]);
	if (handover_digest(h))
		return -1;
	for (size_t i = 0; i < h->region_count; i++)
		if (handover_digested(&h->region[i]) && handover_region_crc(&h->region[i]) != crc[i])
			return error("region '%s' has been written since segment '%s' was made: "
				     "make it again with --kho-save-segment", h->region[i].region.name,
				     rq->prebuilt);
	return 0;
}

static bool has_late(const struct handover *h)
{
	for (size_t i = 0; i < h->region_count; i++)
		if (h->region[i].late)
			return true;
	return false;
}

/* Could a handover like this one be built now? */
static int check_obstacles(const struct request *rq, const struct target *t, struct handover *h)
{
	struct request like = *rq;
	char why[256];

	like.no_checks = !h->checked;
	like.late.all = has_late(h);
	if (prebuilt_obstacle(h, t, &like, why, sizeof(why)))
		return error("segment '%s' cannot be loaded: %s", rq->prebuilt, why);
	return target_check_regions(t, rq, h->region_count);
}

static int check_running(const struct request *rq, const struct machine *m, const struct prebuilt_file *s,
			 struct handover *h)
{
	const struct running *r = &h->running;
	const char *why;

	if (kcore_open(&m->root, &h->kcore) || running_observe(m, &h->kcore, &h->running))
		return -1;
	if (!r->kho)
		return error("KHO is off in the running kernel, so it takes no segment: boot it "
			     "with kho=on");
	if (strcmp(s->payload->from_release, m->release))
		return error("segment '%s' was made by kernel %s, and this is %s: make it again "
			     "with --kho-save-segment", rq->prebuilt, s->payload->from_release,
			     m->release);
	why = prebuilt_check_running(s, r->scratch, r->scratch_count, r->fdt_addr, &r->root);
	return why ? error("segment '%s' is not for this kernel: %s; make it again with "
			   "--kho-save-segment",
			   rq->prebuilt, why) : 0;
}

int prebuilt_saved_read(const struct request *rq, const struct machine *m, struct target *t,
			struct handover *h, struct buffer *ret)
{
	struct prebuilt_file s;
	const char *why;

	memset(h, 0, sizeof(*h));
	h->kcore.fd = -1;
	h->machine = m;
	if (file_read_open(t->prebuilt_fd, rq->prebuilt, "segment", PREBUILT_FILE_MAX, ret))
		return -1;
	why = prebuilt_parse(ret->data, ret->size, &s);
	if (why)
		return error("cannot use segment '%s': %s", rq->prebuilt, why);
	if (check_signature(rq, m, s.is_signed) || check_running(rq, m, &s, h) ||
	    target_find_abis(t, rq))
		return -1;
	h->to = t->reads;
	if (take_contents(&s, h) || handover_check_nodes(h, s.own_root))
		return -1;
	return check_obstacles(rq, t, h) ? -1 : check_digests(rq, h);
}
