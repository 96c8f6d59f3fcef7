/* SPDX-License-Identifier: GPL-2.0-only */
/* The handovers of the running kernel: the one it prepares, and the one it got. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "boot-arch.h"
#include "message.h"
#include "kho-formats.h"
#include "running.h"
#include "source-private.h"
#include "setup-data.h"
#include "sysfs-kho.h"

#define DEBUGFS		"sys/kernel/debug/kho"
#define DEBUGFS_IN	DEBUGFS "/in"
#define NODE_MAX	(256u << 20)	/* bytes of a file with a node's data */

static int observe_machine(struct source *s, const char *sysroot)
{
	s->machine = calloc(1, sizeof(*s->machine));
	if (!s->machine)
		return error("no memory");
	s->machine->root.fd = -1;
	if (machine_observe(s->machine, sysroot))
		return -1;
	for (size_t i = 0; i < s->machine->ram_count; i++)
		if (ranges_add(&s->ram, s->machine->ram[i].addr, s->machine->ram[i].size))
			return error("no memory for the machine's RAM");
	ranges_merge(&s->ram);
	for (size_t i = 0; i < s->machine->taken_count; i++)
		ranges_add(&s->kernel, s->machine->taken[i].addr, s->machine->taken[i].size);
	ranges_merge(&s->kernel);
	s->ram_whole = true;
	s->max_pages = s->machine->ram_size >> s->page_shift;
	return 0;
}

static void form_by_release(struct source *s, const char *release)
{
	if (s->form == KHO_ABI_UNKNOWN)
		s->form = reader_v1_form(release);
}

/* ---- live ---------------------------------------------------------------- */

static int read_kcore(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct source *s = ctx;

	return kcore_read_phys(&s->kcore, addr, buf, size);
}

/* The data of node NAME, where sysfs or debugfs shows it. 0, or -errno. */
static int read_node(const struct source *s, const char *direction, const char *name,
		     struct buffer *ret)
{
	int err = sysfs_read_node(&s->machine->root, direction, name, NODE_MAX, ret);
	char path[128];

	if (err != -ENOENT)
		return err;
	snprintf(path, sizeof(path), DEBUGFS "/%s/sub_fdts/%s", direction, name);
	return root_read(&s->machine->root, path, NODE_MAX, ret);
}

static void read_overlay_of(struct source *s, const char *direction, const struct kho_node *node)
{
	struct source_overlay *o = &s->overlay[s->overlays];
	int err = read_node(s, direction, node->name, &o->data);

	o->addr = node->addr;
	if (!err)
		s->overlays++;
	if (err == -ENODATA)
		notice("%s: the kernel uses the memory of node '%s' for something else by now",
		       direction, node->name);
}

/* What the kernel shows of the nodes' data, at the addresses that the root FDT names. */
static void read_overlays(struct source *s, const char *direction)
{
	struct kho_root *root = calloc(1, sizeof(*root));

	s->overlay = calloc(KHO_ROOT_NODES_MAX, sizeof(*s->overlay));
	if (root && s->overlay && !kho_root_read(s->fdt.data, s->fdt.size, root))
		for (size_t i = 0; i < root->node_count; i++)
			read_overlay_of(s, direction, &root->node[i]);
	free(root);
}

static int read_overlay(const struct source *s, uint64_t addr, void *buf, size_t size)
{
	for (size_t i = 0; i < s->overlays; i++) {
		const struct source_overlay *o = &s->overlay[i];

		if (addr < o->addr || addr - o->addr > o->data.size ||
		    size > o->data.size - (addr - o->addr))
			continue;
		memcpy(buf, o->data.data + (addr - o->addr), size);
		return 0;
	}
	return -1;
}

static int read_shown(void *ctx, uint64_t addr, void *buf, size_t size)
{
	return read_overlay(ctx, addr, buf, size);
}

/* If memory is not readable: everything that the kernel shows of its handover, without the map. */
static int open_shown(struct source *s)
{
	const struct root *root = &s->machine->root;
	const char *path = SYSFS_KHO "/out/fdt";
	int err = root_read(root, path, SOURCE_FDT_MAX, &s->fdt);

	if (err)
		return root_read_result(err, path);
	notice("live: /proc/kcore cannot be opened, so the map is not read");
	s->has_addr = true;
	s->fdt_addr = sysfs_fdt_addr(root);
	if (!s->has_scratch && !sysfs_read_scratch(root, RUNNING_SCRATCH_MAX, &s->scratch,
						   &s->scratch_count))
		s->has_scratch = true;
	s->mem = (struct kho_mem){ read_shown, s };
	s->has_mem = true;
	read_overlays(s, "out");
	return 0;
}

/* For 6.16 to 6.18 debugfs has the contents, and nothing has the address. */
static int copy_fdt(struct source *s, const struct running *r)
{
	if (buffer_alloc(&s->fdt, sizeof(r->fdt)))
		return -1;
	memcpy(s->fdt.data, r->fdt, sizeof(r->fdt));
	return 0;
}

static int take_running(struct source *s, struct running *r)
{
	s->nothing = !r->kho;
	if (s->nothing)
		return 0;
	s->has_addr = r->fdt_addr != 0;
	s->fdt_addr = r->fdt_addr;
	s->form = r->root.abi;
	s->writes = r->writes;
	s->scratch = r->scratch;
	s->scratch_count = r->scratch_count;
	s->has_scratch = true;
	r->scratch = NULL;
	return s->has_addr ? source_read_fdt(s) : copy_fdt(s, r);
}

int source_open_live(struct source *s, const char *sysroot)
{
	struct running *r;
	int err;

	/* A handover in preparation is in no payload. */
	s->reserved_whole = true;
	if (observe_machine(s, sysroot))
		return -1;
	if (sysfs_fdt_addr(&s->machine->root) && !kcore_opens(&s->machine->root))
		return open_shown(s);
	if (kcore_open(&s->machine->root, &s->kcore))
		return -1;
	s->mem = (struct kho_mem){ read_kcore, s };
	s->has_mem = true;
	r = calloc(1, sizeof(*r));
	if (!r)
		return error("no memory");
	err = running_observe(s->machine, &s->kcore, r);
	if (!err)
		err = take_running(s, r);
	running_release(r);
	free(r);
	return err;
}

/* ---- in ------------------------------------------------------------------- */

static int read_payload(const struct source *s, uint64_t addr, void *buf, size_t size)
{
	return s->has_incoming ? incoming_read(&s->incoming, addr, buf, size) : -1;
}

static int read_in(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct source *s = ctx;

	if (!read_payload(s, addr, buf, size) || !read_overlay(s, addr, buf, size))
		return 0;
	return s->kcore.fd >= 0 ? kcore_read_phys(&s->kcore, addr, buf, size) : -1;
}

static void open_payload(struct source *s)
{
	int found = incoming_open(&s->machine->root, &s->incoming);

	if (found < 0)
		notice("in: going on without what 'kexec --kho' handed over");
	s->has_incoming = found > 0;
	s->reserved_whole = found >= 0;
	if (!s->has_incoming)
		return;
	source_reserve(s, s->incoming.payload.addr, s->incoming.payload.size);
	source_reserve_items(s, s->incoming.item, s->incoming.payload.item_count);
	form_by_release(s, s->incoming.payload.from_release);
}

/* Memory helps but is not required: the payload and debugfs have much of it. */
static void open_kcore(struct source *s)
{
	if (!kcore_opens(&s->machine->root)) {
		notice("in: /proc/kcore cannot be opened (%s), so only what sysfs and debugfs show is "
		       "read", strerror(errno));
		return;
	}
	if (kcore_open(&s->machine->root, &s->kcore))
		notice("in: going on without it");
}

static int read_fdt_file(struct source *s)
{
	const struct root *root = &s->machine->root;
	const char *path = SYSFS_KHO "/in/fdt";
	int err = root_read(root, path, SOURCE_FDT_MAX, &s->fdt);

	if (err == -ENOENT) {
		path = DEBUGFS_IN "/fdt";
		err = root_read(root, path, SOURCE_FDT_MAX, &s->fdt);
	}
	if (err == -ENOENT)
		return error("in: this kernel got no handover: it has no setup_data entry of type %u, and "
			     "no /" DEBUGFS_IN "/fdt (needs kho=on and debugfs mounted)",
			     SETUP_TYPE_KEXEC_KHO);
	return root_read_result(err, path);
}

static int read_handed(struct source *s, const struct boot_handed *entry)
{
	unsigned char first;

	s->has_addr = true;
	s->fdt_addr = entry->fdt_addr;
	s->passed_size = entry->fdt_size;
	s->scratch_addr = entry->scratch_addr;
	source_read_scratch(s, entry->scratch_size);
	/* Without kcore debugfs has it, unless it came in the payload. */
	if (s->mem.read(s->mem.ctx, s->fdt_addr, &first, sizeof(first)))
		return read_fdt_file(s);
	return source_read_fdt(s);
}

int source_open_in(struct source *s, const char *sysroot)
{
	struct boot_handed entry;
	int found, err;

	if (observe_machine(s, sysroot))
		return -1;
	open_payload(s);
	open_kcore(s);
	s->mem = (struct kho_mem){ read_in, s };
	s->has_mem = true;
	found = arch_read_handed(&s->machine->root, &entry);
	if (found < 0)
		return -1;
	err = found ? read_handed(s, &entry) : read_fdt_file(s);
	if (!err)
		read_overlays(s, "in");
	return err;
}
