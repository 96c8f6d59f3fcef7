/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "kernel.h"
#include "live-update.h"
#include "tool.h"

#define RUNNING		"running"

/* One of the two kernels. */
struct side {
	const char *name;
	char release[KHO_RELEASE_MAX];
	struct preflight_kernel kernel;
	struct preflight_load load;
	struct source source;		/* of the running kernel; nodes may point into DOC */
	struct decoded decoded;
};

static int read_image(struct side *side, const char *path)
{
	struct kernel_image image;

	side->name = path;
	if (kernel_image_read(path, &image))
		return -1;
	side->kernel = image.kernel;
	memcpy(side->release, image.features.release, sizeof(side->release));
	return 0;
}

static void add_node(struct preflight_load *load, const char *name, bool no_fdt)
{
	load->node[load->nodes++] = (struct preflight_node){ name, no_fdt };
}

/* What a kernel of this image hands over if everything is in use. */
static void nodes_of_image(struct side *side)
{
	struct preflight_load *load = &side->load;

	add_node(load, KHO_NODE_MEMBLOCK, false);
	if (kho_abi_sized(side->kernel.formats.abi))
		add_node(load, KHO_NODE_METADATA, false);
	if (side->kernel.formats.luo[0])
		add_node(load, KHO_NODE_LUO, false);
	add_node(load, "*", false);
	load->sessions = side->kernel.formats.luo[0] != '\0';
}

/* As "kexec --kho" shows it, in the header. */
static bool known_no_fdt(const struct kho_node *node, const struct decoded_node *d)
{
	const struct buffer *data = &d->data;

	if (d->err == -KHO_ERR_READ)
		return false;
	return data->size < sizeof(struct fdt_header) || fdt_magic(data->data) != FDT_MAGIC ||
	       fdt_totalsize(data->data) > node->size;
}

/* A region is found by its range alone, so its large blocks may be cut. */
static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct side *side = ctx;
	const struct decoded *decoded = &side->decoded;

	for (size_t i = 0; i < decoded->region_count; i++) {
		const struct kho_range range = { decoded->region[i].addr, decoded->region[i].size };

		if (kho_ranges_cover(&range, 1, addr, decoded_block_size(decoded, order)))
			return 0;
	}
	if (order > side->load.order)
		side->load.order = order;
	return 0;
}

static void load_of_running(struct side *side)
{
	const struct kho_map_visitor visitor = { .block = on_block, .ctx = side };
	const struct decoded *decoded = &side->decoded;

	for (size_t i = 0; i < decoded->root.node_count; i++)
		add_node(&side->load, decoded->root.node[i].name,
			 known_no_fdt(&decoded->root.node[i], &decoded->node[i]));
	kho_map_each(&decoded->blocks.map, &visitor);
}

static int read_running(struct side *side, const char *sysroot)
{
	const struct source_spec spec = { .name = "live", .sysroot = sysroot };
	char name[LUO_SESSION_NAME];
	int found;

	side->name = RUNNING;
	if (source_open(&spec, &side->source)) {
		notice("the running kernel's image file can stand in for '" RUNNING "'");
		return -1;
	}
	memcpy(side->release, side->source.machine->release, sizeof(side->release));
	if (side->source.nothing)
		return 0;
	if (decoded_read(&side->source, &side->decoded))
		return -1;
	if (side->decoded.root_err)
		return error("the running kernel's root FDT cannot be read: %s",
			     kho_strerror(side->decoded.root_err));
	side->kernel = (struct preflight_kernel){ side->source.writes, true, true };
	load_of_running(side);
	/* The kernel itself writes its sessions only while it shuts down. */
	found = luo_find_session(&side->source.machine->root, name);
	side->load.sessions = found > 0;
	return found < 0 ? -1 : 0;
}

static int read_from(struct side *side, const struct tool_options *o)
{
	if (!strcmp(o->operand[0], RUNNING))
		return read_running(side, o->sysroot);
	if (read_image(side, o->operand[0]))
		return -1;
	nodes_of_image(side);
	return 0;
}

/* ---- Printing --------------------------------------------------------------------- */

static const char *abi_text(const struct side *side)
{
	const struct preflight_kernel *k = &side->kernel;

	if (!k->kho)
		return strcmp(side->name, RUNNING) ? "no KHO" : "no KHO, or KHO off";
	if (k->formats.abi == KHO_ABI_UNKNOWN)
		return "an ABI this program does not know";
	return k->form_sure ? kho_abi_label(k->formats.abi) : kho_abi_name(k->formats.abi);
}

static void print_side(const char *what, const struct side *side)
{
	const struct kho_formats *r = &side->kernel.formats;

	printf("%-8s %s (%s): %s", what, side->name,
	       side->release[0] ? side->release : "no release", abi_text(side));
	if (r->luo[0])
		printf(", %s", r->luo);
	if (r->luo[0] && r->memfd[0])
		printf(", %s", r->memfd);
	putchar('\n');
}

static void print_part(const struct preflight_part *part, bool map)
{
	printf("%-8s %-16s %s%s%s\n", map ? "map" : "node", map ? "" :
	       strcmp(part->name, "*") ? part->name : "blobs",
	       preflight_fate_name(part->verdict.fate), part->verdict.reason ? ": " : "",
	       part->verdict.reason ? part->verdict.reason : "");
}

static const char *summary(const struct preflight *p)
{
	switch (p->result) {
	case PREFLIGHT_NATIVE:
		return p->built ? "'kexec --kho' builds a handover for it" : "it reads all of it";
	case PREFLIGHT_TRANSLATED:
		return "it reads all of it once it is translated, which 'kexec --kho' does";
	case PREFLIGHT_PARTLY:
		return "it reads all but the nodes refused above; while one of these is in use, "
		       "'kexec --kho' refuses to load it";
	case PREFLIGHT_UNREADABLE:
		break;
	}
	return "it cannot read the handover: 'kexec --kho' refuses to load it, and without --kho "
	       "it would start as if nothing had been handed over";
}

static void print_text_report(const struct side *from, const struct side *to,
			      const struct preflight *p)
{
	print_side("from", from);
	print_side("to", to);
	if (p->built)
		puts("         the first hands nothing over by itself: 'kexec --kho' builds the "
		     "handover in userspace");
	for (size_t i = 0; i < p->count; i++)
		print_part(&p->part[i], !i);
	printf("result   %s: %s\n", preflight_result_name(p->result), summary(p));
}

static json_object *json_side(const struct side *side)
{
	const struct kho_formats *r = &side->kernel.formats;
	json_object *o = json_object_new_object();

	json_add_text(o, "name", side->name);
	json_add_text(o, "release", side->release);
	json_add_bool(o, "kho", side->kernel.kho);
	json_add_text(o, "abi", r->abi == KHO_ABI_UNKNOWN ? NULL : abi_text(side));
	json_add_bool(o, "form_known", side->kernel.form_sure);
	json_add_bool(o, "reserve_mem", r->reserve_mem);
	json_add_text(o, "luo", r->luo[0] ? r->luo : NULL);
	json_add_text(o, "luo_session", r->luo_session[0] ? r->luo_session : NULL);
	json_add_text(o, "luo_flb", r->luo_flb[0] ? r->luo_flb : NULL);
	json_add_text(o, "memfd", r->memfd[0] ? r->memfd : NULL);
	return o;
}

static json_object *json_part(const struct preflight_part *part, bool named)
{
	json_object *o = json_object_new_object();

	if (named)
		json_add_text(o, "name", part->name);
	json_add_text(o, "result", preflight_fate_name(part->verdict.fate));
	json_add_text(o, "reason", part->verdict.reason);
	return o;
}

static void print_json_report(const struct side *from, const struct side *to,
			      const struct preflight *p, int code)
{
	json_object *o = json_object_new_object(), *nodes = json_object_new_array();

	json_object_object_add(o, "from", json_side(from));
	json_object_object_add(o, "to", json_side(to));
	json_add_bool(o, "built_in_userspace", p->built);
	json_add_bool(o, "sessions", from->load.sessions);
	json_object_object_add(o, "map", json_part(&p->part[0], false));
	for (size_t i = 1; i < p->count; i++)
		json_object_array_add(nodes, json_part(&p->part[i], true));
	json_object_object_add(o, "nodes", nodes);
	json_add_text(o, "result", preflight_result_name(p->result));
	json_add_u64(o, "exit_status", (uint64_t)code);
	json_finish(o);
}

static int exit_code(enum preflight_result result)
{
	switch (result) {
	case PREFLIGHT_NATIVE:		return TOOL_OK;
	case PREFLIGHT_TRANSLATED:	return TOOL_TRANSLATED;
	case PREFLIGHT_PARTLY:		return TOOL_PARTLY;
	case PREFLIGHT_UNREADABLE:	break;
	}
	return TOOL_UNREADABLE;
}

static int compare(const struct side *from, const struct side *to, bool json)
{
	struct preflight p;
	int code;

	preflight_compare(&from->kernel, &to->kernel, &from->load, &p);
	code = exit_code(p.result);
	if (json)
		print_json_report(from, to, &p, code);
	else
		print_text_report(from, to, &p);
	return code;
}

int cmd_preflight(const struct tool_options *options)
{
	struct side *side = calloc(2, sizeof(*side));
	int code = TOOL_FAILED;

	if (!side) {
		error("no memory");
		return code;
	}
	for (size_t i = 0; i < 2; i++)
		side[i].source.kcore.fd = side[i].source.dump.fd = -1;
	if (!read_from(&side[0], options) && !read_image(&side[1], options->operand[1]))
		code = compare(&side[0], &side[1], options->json);
	for (size_t i = 0; i < 2; i++) {
		decoded_free(&side[i].decoded);
		source_close(&side[i].source);
	}
	free(side);
	return code;
}
