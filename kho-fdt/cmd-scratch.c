/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <sys/stat.h>

#include "../purgatory/purgatory.h"
#include "arch.h"
#include "cmdline.h"
#include "kernel.h"
#include "machine.h"
#include "scratch-size.h"
#include "tool.h"

/* Parameters, tables and the like of "kexec --kho", beside what has a size of its own. */
#define PAYLOAD_OWN	(2 * MIB)

struct need {
	uint64_t ram, crashkernel;
	unsigned int cpus, nodes;
	uint64_t kernel, initrd, payload, pages, boot;
	uint64_t low, global, per_node;	/* what to set */
};

static int read_machine(const struct tool_options *o, struct need *n)
{
	struct machine *m;
	int err;

	n->cpus = o->cpus ? (unsigned int)o->cpus : 1;
	n->nodes = o->nodes ? (unsigned int)o->nodes : 1;
	n->ram = o->ram;
	if (o->ram)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return error("no memory");
	m->root.fd = -1;
	err = machine_observe(m, o->sysroot);
	if (!err) {
		n->ram = m->ram_total;
		n->crashkernel = cmdline_crashkernel(m->cmdline);
		if (!o->cpus)
			n->cpus = m->cpus;
		if (!o->nodes && m->node_count)
			n->nodes = (unsigned int)m->node_count;
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
	if (image.kernel.reader.abi == KHO_ABI_UNKNOWN)
		notice("'%s' (%s) could not read a handover: it has no KHO, or an ABI this program does "
		       "not know", o->kernel, image.features.release);
	n->kernel = scratch_for_kernel(&image.bzimage);
	n->initrd = (uint64_t)st.st_size;
	n->payload = o->payload + PAYLOAD_OWN + purgatory_memory_size;
	return 0;
}

static uint64_t area_size(uint64_t size)
{
	return (size + KHO_SCRATCH_ALIGN - 1) & ~(KHO_SCRATCH_ALIGN - 1);
}

/*
 * All that is loaded goes to the first area, which is where every kernel can be
 * loaded; page structs come from the area of their node.
 */
static void calculate(struct need *n)
{
	n->pages = scratch_for_pages(n->ram);
	n->boot = scratch_for_boot(n->cpus) + n->crashkernel;
	n->low = area_size(n->kernel + n->initrd + n->payload);
	n->global = area_size(n->boot);
	n->per_node = area_size(n->pages / n->nodes);
}

static void print_row(const char *what, uint64_t size)
{
	char text[SIZE_TEXT];

	printf("%-16s %s\n", what, size_text(size, text));
}

static void print_need(const struct need *n)
{
	char total[SIZE_TEXT], ram[SIZE_TEXT];
	uint64_t sum = n->low + n->global + n->per_node * n->nodes;

	print_row("kernel, twice", n->kernel);
	print_row("initrd", n->initrd);
	print_row("handover", n->payload);
	print_row("page structs", n->pages);
	print_row("early boot", n->boot);
	printf("%-16s %s of %s, on %u NUMA nodes\n", "scratch", size_text(sum, total),
	       size_text(n->ram, ram), n->nodes);
	printf("%-16s kho_scratch=%lluM,%lluM,%lluM\n", "command line", ULL(n->low / MIB),
	       ULL(n->global / MIB), ULL(n->per_node / MIB));
}

static void print_json(const struct need *n)
{
	json_object *o = json_object_new_object();
	char text[96];

	snprintf(text, sizeof(text), "kho_scratch=%lluM,%lluM,%lluM", ULL(n->low / MIB),
		 ULL(n->global / MIB), ULL(n->per_node / MIB));
	json_add_u64(o, "ram", n->ram);
	json_add_u64(o, "cpus", n->cpus);
	json_add_u64(o, "nodes", n->nodes);
	json_add_u64(o, "kernel", n->kernel);
	json_add_u64(o, "initrd", n->initrd);
	json_add_u64(o, "handover", n->payload);
	json_add_u64(o, "page_structs", n->pages);
	json_add_u64(o, "early_boot", n->boot);
	json_add_u64(o, "low", n->low);
	json_add_u64(o, "global", n->global);
	json_add_u64(o, "per_node", n->per_node);
	json_add_text(o, "cmdline", text);
	json_finish(o);
}

int cmd_scratch(const struct tool_options *options)
{
	struct need need = { 0 };

	if (!options->kernel) {
		error("--kernel=FILE is needed: the kernel that is to be started");
		return TOOL_USAGE;
	}
	if (read_files(options, &need) || read_machine(options, &need))
		return TOOL_FAILED;
	calculate(&need);
	if (options->json)
		print_json(&need);
	else
		print_need(&need);
	return TOOL_OK;
}
