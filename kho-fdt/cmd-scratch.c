/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <sys/stat.h>

#include "purgatory.h"
#include "arch.h"
#include "cmdline.h"
#include "kernel.h"
#include "machine.h"
#include "running.h"
#include "scratch-size.h"
#include "tool.h"

/* Parameters, tables and the like of "kexec --kho", in addition to what has a size of its own. */
#define PAYLOAD_OWN	(2 * MIB)
#define SIZE_LIMIT	(1ull << 52)	/* of physical addresses */
#define LOW_ROOM	(3ull << 30)	/* with --ram: a PC has devices above it */
#define CMDLINE_TEXT	192

struct need {
	uint64_t ram, crashkernel;
	uint64_t image;			/* bytes that kexec loads, besides the initrd and blobs */
	uint64_t managed;		/* by the running kernel; 0: not known yet */
	uint64_t low_room;		/* the largest piece of RAM below 4 GiB */
	unsigned int cpus;
	enum scratch_name name;		/* of the parameter, in a kernel booted with it */
	struct scratch_need parts;
	struct scratch_sizes set;
};

static uint64_t low_room(const struct machine *m)
{
	uint64_t most = 0;

	for (size_t i = 0; i < m->ram_count; i++) {
		const struct kho_range *r = &m->ram[i];
		uint64_t size = r->addr >= LIMIT_4G ? 0 : r->size < LIMIT_4G - r->addr ? r->size :
								   LIMIT_4G - r->addr;

		if (size > most)
			most = size;
	}
	return most;
}

static int read_machine(const struct tool_options *o, struct need *n)
{
	struct machine *m;
	int err;

	n->cpus = o->cpus ? (unsigned int)o->cpus : 1;
	n->parts.nodes = o->nodes ? (unsigned int)o->nodes : 1;
	n->ram = o->ram;
	n->low_room = o->ram < LOW_ROOM ? o->ram : LOW_ROOM;
	if (o->ram)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return error("no memory");
	m->root.fd = -1;
	err = machine_observe(m, o->sysroot);
	if (!err && !o->nodes)
		err = machine_check_nodes(m);
	if (!err) {
		n->ram = m->ram_total;
		n->managed = m->ram_size;
		n->low_room = low_room(m);
		n->crashkernel = cmdline_crashkernel(m->cmdline);
		n->name = running_scratch_name(&m->root);
		if (!o->cpus)
			n->cpus = m->cpus;
		if (!o->nodes)
			n->parts.nodes = m->node_count ? (unsigned int)m->node_count : 1;
	}
	machine_release(m);
	free(m);
	return err;
}

static int read_files(const struct tool_options *o, struct need *n)
{
	struct kernel_image image;
	struct stat st = { 0 };

	if (kernel_image_read(o->kernel, &image))
		return -1;
	if (o->initrd && stat(o->initrd, &st))
		return error_errno("cannot look at initrd '%s'", o->initrd);
	if (image.kernel.formats.abi == KHO_ABI_UNKNOWN)
		notice("'%s' (%s) could not read a handover: it has no KHO, or an ABI this program "
		       "does not know", o->kernel, image.features.release);
	n->name = image.features.scratch_name;
	n->parts.kernel = scratch_for_kernel(&image.image);
	n->parts.initrd = o->initrd ? (uint64_t)st.st_size : image.own_initrd;
	n->parts.payload = o->payload;
	n->parts.own = PAYLOAD_OWN + purgatory_memory_size;
	n->image = image.image.init_size + n->parts.own;
	n->parts.high = !image.image.limit;
	return 0;
}

static uint64_t total(const struct need *n)
{
	return n->set.low + n->set.global + n->set.per_node * n->parts.nodes;
}

/* sanity_check_segment_list() of kernel/kexec_core.c: an image is at most half of memory. */
static int check_half(const struct need *n)
{
	uint64_t image = n->image + n->parts.initrd + n->parts.payload;
	uint64_t managed = n->managed ? n->managed : n->ram - n->parts.pages;

	if (image <= managed / 2)
		return 0;
	return error("kernel, initrd and handover have %llu MiB, and a kernel loads at most half of its "
		     "%llu MiB of memory: no scratch is large enough; use a smaller initrd or fewer "
		     "blobs, or more RAM", ULL(image / MIB), ULL(managed / MIB));
}

/* Kernels that cannot set all of it aside switch KHO off. */
static int check_fits(const struct need *n)
{
	if (n->set.low > n->low_room)
		return error("the first area must be below 4 GiB, and would have %llu MiB; there "
			     "are %llu MiB of RAM in one piece at most: %s", ULL(n->set.low / MIB),
			     ULL(n->low_room / MIB), n->parts.high ? "use a smaller kernel" :
			     "this kernel takes initrd and handover only there, so use smaller "
			     "ones, or a kernel with XLF_CAN_BE_LOADED_ABOVE_4G");
	if (total(n) > n->ram)
		return error("scratch would need %llu MiB of %llu MiB of RAM: use a smaller initrd "
			     "or fewer blobs", ULL(total(n) / MIB), ULL(n->ram / MIB));
	return check_half(n);
}

static int calculate(struct need *n)
{
	n->parts.pages = scratch_for_pages(n->ram);
	n->parts.boot = scratch_for_boot(n->cpus) + n->crashkernel;
	if (n->parts.payload > SIZE_LIMIT || n->parts.initrd > SIZE_LIMIT || n->ram > SIZE_LIMIT)
		return error("no machine has more than %llu GiB of memory", SIZE_LIMIT >> 30);
	n->set = scratch_sizes(&n->parts);
	return check_fits(n);
}

static size_t put_parameter(const struct need *n, enum scratch_name name, char *buf, size_t size)
{
	return (size_t)snprintf(buf, size, "%s=%lluM,%lluM,%lluM", scratch_name(name),
				ULL(n->set.low / MIB), ULL(n->set.global / MIB),
				ULL(n->set.per_node / MIB));
}

/* Print both if it is unknown which one the kernel has: it ignores the other. */
static const char *cmdline_text(const struct need *n, char buf[CMDLINE_TEXT])
{
	size_t len;

	if (n->name != SCRATCH_NAME_UNKNOWN) {
		put_parameter(n, n->name, buf, CMDLINE_TEXT);
		return buf;
	}
	len = put_parameter(n, SCRATCH_NAME_SCRATCH, buf, CMDLINE_TEXT);
	buf[len++] = ' ';
	put_parameter(n, SCRATCH_NAME_BOOTMEM, buf + len, CMDLINE_TEXT - len);
	return buf;
}

static void print_row(const char *what, uint64_t size)
{
	char text[SIZE_TEXT];

	printf("%-16s %s\n", what, size_text(size, text));
}

static void print_need(const struct need *n)
{
	const struct scratch_need *parts = &n->parts;
	char sum[SIZE_TEXT], ram[SIZE_TEXT], text[CMDLINE_TEXT];

	print_row("kernel, twice", parts->kernel);
	print_row("initrd", parts->initrd);
	print_row("handover", parts->payload + parts->own);
	print_row("page structs", parts->pages);
	print_row("early boot", parts->boot);
	printf("%-16s %s of %s, on %u NUMA nodes\n", "scratch", size_text(total(n), sum),
	       size_text(n->ram, ram), parts->nodes);
	printf("%-16s %s\n", "command line", cmdline_text(n, text));
}

static void print_json(const struct need *n)
{
	json_object *o = json_object_new_object();
	char text[CMDLINE_TEXT];

	json_add_u64(o, "ram", n->ram);
	json_add_u64(o, "cpus", n->cpus);
	json_add_u64(o, "nodes", n->parts.nodes);
	json_add_u64(o, "kernel", n->parts.kernel);
	json_add_u64(o, "initrd", n->parts.initrd);
	json_add_u64(o, "handover", n->parts.payload + n->parts.own);
	json_add_u64(o, "page_structs", n->parts.pages);
	json_add_u64(o, "early_boot", n->parts.boot);
	json_add_bool(o, "above_4g", n->parts.high);
	json_add_u64(o, "low", n->set.low);
	json_add_u64(o, "global", n->set.global);
	json_add_u64(o, "per_node", n->set.per_node);
	json_add_text(o, "cmdline", cmdline_text(n, text));
	json_finish(o);
}

int cmd_scratch(const struct tool_options *options)
{
	struct need need = { 0 };

	if (!options->kernel) {
		error("--kernel=FILE is needed: the next kernel");
		return TOOL_USAGE;
	}
	if (read_files(options, &need) || read_machine(options, &need))
		return TOOL_FAILED;
	if (calculate(&need))
		return TOOL_NO;
	if (options->json)
		print_json(&need);
	else
		print_need(&need);
	return TOOL_OK;
}
