/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "core.h"
#include "kernel.h"
#include "live-update.h"
#include "output.h"
#include "tool.h"
#include "translate.h"

static const char *fate_name(enum translate_fate fate)
{
	switch (fate) {
	case TRANSLATE_KEPT:		return "kept";
	case TRANSLATE_WRAPPED:		return "wrapped";
	case TRANSLATE_UNWRAPPED:	return "unwrapped";
	case TRANSLATE_CONVERTED:	return "converted";
	case TRANSLATE_DROPPED:		break;
	}
	return "dropped";
}

/* ---- Target -------------------------------------------------------------------- */

/* What a kernel image reads. */
static int target_of_image(const char *path, struct translate_target *ret)
{
	struct kernel_image image;

	if (kernel_image_read(path, &image))
		return TOOL_FAILED;
	if (image.kernel.formats.abi == KHO_ABI_UNKNOWN) {
		error("'%s' (%s) has no KHO, or an ABI this program does not know", path,
		      image.features.release);
		return TOOL_NO;
	}
	*ret = (struct translate_target){
		.formats = image.kernel.formats,
		.name = kho_abi_label(image.kernel.formats.abi),
	};
	return TOOL_OK;
}

static int find_target(const struct tool_options *o, struct translate_target *ret)
{
	enum kho_abi abi = o->to ? kho_abi_from_name(o->to) : KHO_ABI_UNKNOWN;

	if (!o->to) {
		error("--to=ABI or --to=KERNEL is needed: the ABI to translate to, or a kernel that reads it");
		return TOOL_USAGE;
	}
	if (abi == KHO_ABI_UNKNOWN)
		return target_of_image(o->to, ret);
	*ret = translate_target_of(abi);
	return TOOL_OK;
}

/* ---- Output --------------------------------------------------------------------- */

static void free_pieces(struct core_piece *piece, void **bytes, size_t count)
{
	for (size_t i = 0; bytes && i < count; i++)
		free(bytes[i]);
	free(bytes);
	free(piece);
}

/* The new pages, and the memory that nodes refer to, read again from the source. */
static int write_core(const struct source *s, const struct translation *t, const char *path)
{
	size_t count = t->kept.count + 1;
	struct core_piece *piece = calloc(count, sizeof(*piece));
	void **bytes = calloc(count, sizeof(*bytes));
	int err = 0;

	if (!piece || !bytes || ranges_total(&t->kept) > TRANSLATION_MAX)
		err = error("no memory for what the nodes refer to, %llu MiB",
			    ULL(ranges_total(&t->kept) / MIB));
	for (size_t i = 0; !err && i < t->kept.count; i++) {
		const struct kho_range *range = &t->kept.list[i];

		bytes[i] = malloc(range->size);
		if (!bytes[i])
			err = error("no memory for %llu bytes of nodes", ULL(range->size));
		else if (s->mem.read(s->mem.ctx, range->addr, bytes[i], range->size))
			err = error("memory at 0x%llx, %llu bytes, cannot be read: the dump must "
				    "contain it", ULL(range->addr), ULL(range->size));
		else
			piece[i] = (struct core_piece){ range->addr, bytes[i], range->size };
	}
	if (!err) {
		piece[count - 1] = (struct core_piece){ t->base, t->bytes.data, t->bytes.size };
		err = core_write(path, piece, count);
	}
	free_pieces(piece, bytes, count);
	return err;
}

static void print_result(const struct decoded *decoded, const struct translation *t)
{
	char size[SIZE_TEXT];

	printf("ABI          %s to %s\n", decoded_abi_label(decoded), kho_abi_label(t->abi));
	printf("root FDT     0x%llx, %llu bytes\n", ULL(t->base), ULL(t->fdt_size));
	printf("map          0x%llx, %s, %llu blocks\n", ULL(t->map), size_text(t->map_size, size),
	       ULL(t->blocks));
	printf("new          0x%012llx-0x%012llx, %s\n", ULL(t->base),
	       ULL(t->base + t->bytes.size - 1), size_text(t->bytes.size, size));
	for (size_t i = 0; i < t->node_count; i++) {
		const struct translated_node *node = &t->node[i];

		printf("node         %-16s %s", node->name, fate_name(node->fate));
		if (node->fate == TRANSLATE_DROPPED)
			printf(": %s\n", node->why);
		else
			printf(", 0x%llx, %llu bytes\n", ULL(node->addr), ULL(node->size));
	}
}

static void print_json(const struct decoded *decoded, const struct translation *t)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_add_text(o, "from", decoded_abi_label(decoded));
	json_add_text(o, "to", kho_abi_label(t->abi));
	json_add_u64(o, "root", t->base);
	json_add_u64(o, "root_size", t->fdt_size);
	json_add_u64(o, "map", t->map);
	json_add_u64(o, "map_size", t->map_size);
	json_add_u64(o, "blocks", t->blocks);
	json_add_u64(o, "size", t->bytes.size);
	for (size_t i = 0; i < t->node_count; i++) {
		json_object *node = json_range(t->node[i].addr, t->node[i].size);

		json_add_text(node, "name", t->node[i].name);
		json_add_text(node, "result", fate_name(t->node[i].fate));
		json_add_text(node, "why", t->node[i].why);
		json_object_array_add(list, node);
	}
	json_object_object_add(o, "nodes", list);
	json_finish(o);
}

/* The kernel writes its sessions in the reboot path: they are not in memory yet. */
static int check_sessions(const struct source *s)
{
	char name[LUO_SESSION_NAME];
	int found;

	if (s->kind != SOURCE_LIVE)
		return TOOL_OK;
	found = luo_find_session(&s->machine->root, name);
	if (found > 0)
		error("live update session '%s' is open, and the running kernel writes it only "
		      "while it shuts down: a translation made now would lack it; end the session, "
		      "or translate a dump of what was handed over", name);
	return found < 0 ? TOOL_FAILED : found ? TOOL_NO : TOOL_OK;
}

static int run(const struct decoded *decoded, const struct translate_target *to,
	       const struct tool_options *options)
{
	uint64_t base = options->has_base ? options->base : translate_default_base(decoded);
	struct translation t;
	int err = translate(decoded, to, base, &t);

	if (!err && options->output)
		err = write_core(decoded->source, &t, options->output);
	if (!err && options->json)
		print_json(decoded, &t);
	else if (!err)
		print_result(decoded, &t);
	translate_free(&t);
	return err > 0 ? TOOL_NO : err ? TOOL_FAILED : TOOL_OK;
}

int cmd_translate(const struct tool_options *options)
{
	struct translate_target to;
	struct opened *h = NULL;
	/* The output contains no preserved memory, so it must not replace a dump that does. */
	int code = output_check("-o", options->output, options->operand[0]) ? TOOL_USAGE : TOOL_OK;

	if (code == TOOL_OK)
		code = find_target(options, &to);
	if (code == TOOL_OK)
		code = tool_open(options, 0, true, &h);
	if (code == TOOL_OK)
		code = check_sessions(&h->source);
	if (code == TOOL_OK)
		code = run(&h->decoded, &to, options);
	tool_close(h);
	return code;
}
