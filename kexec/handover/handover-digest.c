/* SPDX-License-Identifier: GPL-2.0-only */
/* Digests of preserved regions, and the search for those that still change. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crc32c.h"
#include "arch.h"
#include "handover.h"
#include "message.h"
#include "signals.h"
#include "table.h"

#define READ_SIZE	(4ull << KHO_CHUNK_SHIFT)

/* Digest [addr, addr + size) through kcore, a few chunks at a time. */
static int digest_range(const struct kcore *kcore, uint64_t addr, uint64_t size, uint32_t *digest)
{
	unsigned char *buf = malloc(READ_SIZE);
	int err = buf ? 0 : -1;

	for (uint64_t done = 0; !err && !signals_pending() && done < size; done += READ_SIZE) {
		uint64_t piece = size - done < READ_SIZE ? size - done : READ_SIZE;

		err = kcore_read_phys(kcore, addr + done, buf, piece);
		if (!err)
			crc32c_chunks(buf, piece, KHO_CHUNK_SHIFT, digest + (done >> KHO_CHUNK_SHIFT));
	}
	free(buf);
	return err;
}

static int digest_region(const struct handover *h, const struct kho_region *region, uint32_t **ret)
{
	uint32_t *digest = calloc(chunk_count(region->size), sizeof(*digest));
	int err;

	if (!digest)
		return error("no memory for digests of region '%s'", region->name);
	err = digest_range(&h->kcore, region->addr, region->size, digest);
	if (err)
		error("region '%s' cannot be verified: its memory cannot be read through /proc/kcore; hand "
		      "over other memory, or leave '%s' out of --kho-verify", region->name, region->name);
	if (err || signals_check()) {
		free(digest);
		return -1;
	}
	*ret = digest;
	return 0;
}

static const struct first_digests *find_first(const struct request *rq, const char *name)
{
	for (size_t i = 0; i < rq->first_count; i++)
		if (!strcmp(rq->first[i].name, name))
			return &rq->first[i];
	return NULL;
}

static int check_fixed(const struct handover_region *r, const struct first_digests *first)
{
	const struct kho_region *region = &r->region;

	if (!first || first->count != chunk_count(region->size))
		return error("region '%s': its digests from the load are lost: load again",
			     region->name);
	for (size_t i = 0; i < first->count; i++)
		if (r->digest[i] != first->digest[i])
			return error("region '%s' has been written since the load (chunk %zu, 2 MiB "
				     "from 0x%llx on), and ':load' in --kho-verify says that it "
				     "does not change: stop its writer and load again",
				     region->name, i, ULL(region->addr + ((uint64_t)i << KHO_CHUNK_SHIFT)));
	return 0;
}

int handover_check_fixed(const struct handover *h, const struct request *rq)
{
	for (size_t i = 0; rq->reloading && i < h->region_count; i++)
		if (h->region[i].fixed &&
		    check_fixed(&h->region[i], find_first(rq, h->region[i].region.name)))
			return -1;
	return 0;
}

void handover_provoke_writers(const struct root *root)
{
	static const char line[] = "<2>kexec: taking digests of preserved memory\n";
	int fd;

	if (!root || !root->live)
		return;
	fd = root_open(root, "dev/kmsg", O_WRONLY);
	if (fd < 0 || write(fd, line, sizeof(line) - 1) < 0)
		notice("cannot write to /dev/kmsg, so a region that holds the kernel's log may "
		       "change after its last digest, and would then count as damaged");
	if (fd >= 0)
		close(fd);
}

static bool same_digests(const struct handover_region *region, const uint32_t *digest)
{
	return !memcmp(digest, region->digest,
		       chunk_count(region->region.size) * sizeof(*digest));
}

static int digest_once(const struct handover *h, struct handover_region *region)
{
	uint32_t *digest;

	if (digest_region(h, &region->region, &digest))
		return -1;
	free(region->digest);
	region->digest = digest;
	return 0;
}

/* 1 if REGION's digests, taken again, are unchanged; 0 if not; -1 on error. */
static int digest_again(const struct handover *h, struct handover_region *region)
{
	uint32_t *digest;
	bool same;

	if (digest_region(h, &region->region, &digest))
		return -1;
	same = same_digests(region, digest);
	free(region->digest);
	region->digest = digest;
	return same;
}

int handover_digest(struct handover *h)
{
	for (size_t i = 0; i < h->region_count; i++)
		if (handover_digested(&h->region[i]) && digest_once(h, &h->region[i]))
			return -1;
	return 0;
}

/* A region may have had its last write meanwhile; one that changes again has a writer. */
static int settle(struct handover *h, const struct root *root, struct handover_region *region)
{
	const char *name = region->region.name;
	int same = digest_again(h, region);

	if (same)
		return same < 0 ? -1 : 0;
	handover_provoke_writers(root);
	same = digest_again(h, region);
	if (same)
		return same < 0 ? -1 : 0;
	return error("region '%s' is being written while its digest is taken (a console log, a "
		     "running process?): stop the writer, or leave '%s' out of --kho-verify to "
		     "hand it over unverified", name, name);
}

int handover_settle(struct handover *h, const struct root *root)
{
	handover_provoke_writers(root);
	for (size_t i = 0; i < h->region_count; i++)
		if (handover_digested(&h->region[i]) && settle(h, root, &h->region[i]))
			return -1;
	return 0;
}

uint32_t handover_region_crc(const struct handover_region *region)
{
	return crc32c(0, region->digest, chunk_count(region->region.size) * sizeof(uint32_t));
}
