/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "arch.h"
#include "output.h"
#include "tool.h"

#define PIECE	(64u << 10)

static int copy_out(const struct source *s, uint64_t addr, uint64_t size, FILE *out)
{
	unsigned char *buf = malloc(PIECE);
	int err = buf ? 0 : error("no memory");

	for (uint64_t at = 0; !err && at < size; at += PIECE) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

		if (s->mem.read(s->mem.ctx, addr + at, buf, n))
			err = error("memory at 0x%llx cannot be read", ULL(addr + at));
		else if (fwrite(buf, 1, n, out) != n)
			err = error_errno("cannot write the data");
	}
	free(buf);
	return err;
}

static int get(const struct decoded *decoded, const struct kho_node *node,
	       const struct tool_options *o)
{
	const struct decoded_node *d = decoded_node(decoded, node);
	bool unwrap = d->kind == DECODED_BLOB && !o->raw;
	FILE *out = o->output ? fopen(o->output, "wbe") : stdout;
	int err;

	if (!out)
		return error_errno("cannot create '%s'", o->output);
	err = copy_out(decoded->source, unwrap ? node->addr + d->blob_offset : node->addr,
		       unwrap ? d->blob_size : node->size, out);
	return o->output ? output_close(out, o->output, err) : err;
}

/* The node as this program reads it; TOOL_USAGE if no node has this name. */
static int find_and_get(const struct decoded *decoded, const struct tool_options *o)
{
	const struct kho_node *node = decoded->root_err ? NULL :
		kho_root_find(&decoded->root, o->operand[0]);

	if (decoded->root_err) {
		error("%s: the root FDT cannot be read: %s", decoded->source->name,
		      kho_strerror(decoded->root_err));
		return TOOL_FAILED;
	}
	if (!node) {
		error("%s: there is no node '%s'; 'kho-fdt show' lists them", decoded->source->name,
		      o->operand[0]);
		return TOOL_USAGE;
	}
	if (!decoded->source->has_mem || (!node->size && !kho_abi_sized(decoded->root.abi))) {
		error("%s: node '%s' at 0x%llx: %s", decoded->source->name, node->name,
		      ULL(node->addr), decoded->source->has_mem ? "its size is not known" :
		      "there is no memory to read");
		return TOOL_FAILED;
	}
	return get(decoded, node, o) ? TOOL_FAILED : TOOL_OK;
}

int cmd_get(const struct tool_options *options)
{
	struct tool_options source = *options;
	struct opened *h;
	int code;

	/* The first operand is the node. */
	source.operand_count--;
	source.operand[0] = options->operand[1];
	if (output_check("-o", options->output, source.operand[0]))
		return TOOL_USAGE;
	code = tool_open(&source, 0, false, &h);
	if (h)
		code = find_and_get(&h->decoded, options);
	tool_close(h);
	return code;
}
