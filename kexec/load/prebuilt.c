/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch.h"
#include "file-load.h"
#include "message.h"
#include "method.h"
#include "place-by-kernel.h"
#include "prebuilt.h"
#include "prebuilt-file.h"
#include "refusal.h"
#include "syscalls.h"
#include "sysfs-kho.h"

/* ---- Whether ------------------------------------------------------------------------- */

static const char *features_obstacle(const struct handover *h, const struct request *rq)
{
	struct kho_features f;

	switch (features_read(&h->machine->root, &f)) {
	case FEATURES_OK:
		break;
	case FEATURES_ABSENT:
		if (!h->running.kho)
			return "KHO is off in the running kernel, so it does not tell whether it "
			       "takes a handover built in userspace: boot it with kho=on";
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
		return "the running kernel's purgatory verifies nothing: use --no-checks";
	if (!name_set_empty(&rq->late) && !f.seal)
		return "the running kernel takes no digests at the end: leave ':late' out";
	return NULL;
}

static bool has_unknown_parts(const struct handover *h)
{
	for (size_t i = 0; i < h->node_count; i++)
		if (h->node[i].more || strchr(h->node[i].name, '/'))
			return true;
	return false;
}

/* The kernel accepts only its own ABI, its own map, and every node that it has. */
static const char *handover_obstacle(const struct handover *h)
{
	const struct running *r = &h->running;

	if (h->to.abi != r->root.abi)
		return "the new kernel reads another ABI, and the kernel takes no translated handover";
	if (h->map == MAP_OWN)
		return "the new kernel needs a map of its own, because it loses large blocks";
	if (has_unknown_parts(h))
		return "the running kernel's root FDT has nested nodes or unknown properties, "
		       "which a handover built in userspace cannot have";
	if (h->node_count != r->root.node_count)
		return "a node of the running kernel cannot be handed over to the new one, and the "
		       "running kernel takes only a handover with all nodes";
	return NULL;
}

static const char *image_obstacle(const struct target *t)
{
	if (t->image.segments_only)
		return "kexec_file_load takes no vmlinux";
	if (t->image.limit)
		return "the new kernel cannot be loaded above 4 GiB, which kexec_file_load needs";
	return NULL;
}

/* Memory that the kernel reserves or digests must be its RAM. */
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

bool prebuilt_obstacle(const struct handover *h, const struct target *t, const struct request *rq,
		       char *why, size_t size)
{
	const char *text = features_obstacle(h, rq), *option = request_needs_segments(rq);
	const struct handover_region *foreign;
	struct payload_layout layout;

	if (!text)
		text = handover_obstacle(h);
	if (!text)
		text = image_obstacle(t);
	snprintf(why, size, "%s", text ? text : "");
	if (!text && option)
		snprintf(why, size, "%s works with kexec_load only", option);
	if (*why)
		return true;
	foreign = foreign_region(h);
	if (foreign)
		snprintf(why, size, "region '%s' is not all \"System RAM\" in /proc/iomem",
			 foreign->region.name);
	else if (payload_plan(h, 0, &layout) || layout.size > PREBUILT_MAX - MIB)
		snprintf(why, size, "it is larger than 1 GiB, and the kernel takes no more: use "
				    "smaller blobs");
	return *why;
}

/*
 * Without this method another one hands over the same. Only late digests, and a handover that
 * is to be saved, leave no choice.
 */
static int fits(const struct handover *h, const struct target *t, const struct request *rq)
{
	struct kho_features features;
	char why[256];

	if (rq->method == METHOD_SEGMENTS)
		return 0;
	if (!prebuilt_obstacle(h, t, rq, why, sizeof(why)))
		return 1;
	if (rq->save_prebuilt)
		return error("cannot save a segment: %s; -c loads without one", why);
	if (rq->method == METHOD_FILE)
		return error("the handover cannot be loaded through kexec_file_load: %s; -c loads through "
			     "kexec_load", why);
	if (!name_set_empty(&rq->late))
		return error("--kho-verify=...:late cannot be honoured: %s; without ':late' digests are "
			     "taken at the load and by 'kexec -e'", why);
	if (features_read(&h->machine->root, &features) == FEATURES_OK)
		notice("loading through kexec_load: %s", why);
	else
		debug("loading through kexec_load: %s", why);
	return 0;
}

/* ---- Loading ------------------------------------------------------------------------- */

/* The kernel cannot take the handover as it is: how else can it be loaded? */
static const char *another_way(const struct request *rq)
{
	if (rq->prebuilt)
		return "make the segment again with --kho-save-segment";
	if (!name_set_empty(&rq->late))
		return "load it with -c and without ':late'";
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
		return "the kernel lacks memory, or a contiguous part of it for a large handover with ':late'";
	case ENOSPC:
		return "the kernel has more to verify than there is room for";
	}
	return "the kernel does not take this handover";
}

static void say_remedy(const struct root *root, const struct request *rq, int err)
{
	const char *log = "the kernel's log may say more (\"KHO segment\")";

	switch (err) {
	case EPERM:
	case EKEYREJECTED:
	case ENOKEY:
	case ENODATA:
	case ENOPKG:
	case EKEYREVOKED:
	case EKEYEXPIRED:
		refusal_explain(root, CALL_KEXEC_FILE_LOAD, false, err);
		notice("where the kernel demands signatures, it takes only a handover signed by a key it trusts "
		       "(--kho-save-segment, --kho-segment)");
		return;
	case ESTALE:
		notice("what the running kernel preserves has changed meanwhile, or a region was freed; %s; %s",
		       rq->prebuilt ? another_way(rq) : "run the load command again", log);
		return;
	case EADDRNOTAVAIL:
		notice("there is no room left in scratch, or a region is free memory or lies where "
		       "the kernel does not allow it: hand over other memory; %s", log);
		return;
	}
	notice("%s; %s; %s", meaning(err), another_way(rq), log);
}

static int load(const struct request *rq, const struct image_plan *plan)
{
	const struct root *root = &plan->machine->root;
	const struct buffer *handover = &plan->payload_buf;
	int fd, err;

	if (refusal_foreseen(root, false))
		return -1;
	fd = memfd_sealed("kho-segment", handover->data, handover->size);
	if (fd < 0)
		return error_errno("cannot put the handover (%zu KiB) into a memfd", handover->size >> 10);
	err = file_load(root, plan->target, plan->cmdline, KEXEC_FILE_KHO | rq->file_flags, fd);
	close(fd);
	if (err <= 0)
		return err;
	errno = err;
	error_errno("kexec_file_load failed for '%s' with its handover; what was loaded before is "
		    "still loaded",
		    rq->kernel);
	say_remedy(root, rq, err);
	return -1;
}

int prebuilt_save(const char *path, const void *bytes, size_t size)
{
	return file_replace(path, "the segment", bytes, size);
}

const struct load_method method_prebuilt = {
	.name = "kexec_file_load",
	.choice = METHOD_FILE,
	.placer = &place_by_kernel,
	.reads_files = true,
	.fits = fits,
	.load = load,
	.unload = sys_kexec_file_unload,
};
