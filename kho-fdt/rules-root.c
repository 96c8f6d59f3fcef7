/* SPDX-License-Identifier: GPL-2.0-only */
/* The root FDT, as a device tree. */
#include <stdio.h>
#include <string.h>

#include <libfdt.h>

#include "arch.h"
#include "rules-private.h"

void check_fdt_sound(const struct decoded *decoded, struct rule_outcome *o)
{
	const struct buffer *fdt = &decoded->source->fdt;

	if (!decoded_fdt_valid(fdt->data, fdt->size))
		broken(o, "%zu bytes are not such a blob", fdt->size);
}

void check_fdt_size(const struct decoded *decoded, struct rule_outcome *o)
{
	const struct source *s = decoded->source;

	if (s->fdt.size > KHO_EARLY_MAP_MAX)
		broken(o, "it has %zu bytes", s->fdt.size);
	if (s->passed_size > KHO_EARLY_MAP_MAX)
		broken(o, "setup_data hands %llu bytes over", ULL(s->passed_size));
	if (s->passed_size && s->passed_size < s->fdt.size)
		broken(o, "it has %zu bytes, and setup_data hands %llu of them over", s->fdt.size,
		       ULL(s->passed_size));
}

void check_fdt_aligned(const struct decoded *decoded, struct rule_outcome *o)
{
	if (decoded->source->fdt_addr % decoded_page_size(decoded))
		broken(o, "it is at 0x%llx", ULL(decoded->source->fdt_addr));
}

/* Kernels look at the ABI's name first; the form does not matter here. */
static enum kho_abi abi_of(const struct decoded *decoded)
{
	int len;
	const char *name = fdt_getprop(decoded->source->fdt.data, 0, "compatible", &len);

	return name && len > 1 && !name[len - 1] ? kho_abi_from_name(name) : KHO_ABI_UNKNOWN;
}

void check_abi_known(const struct decoded *decoded, struct rule_outcome *o)
{
	const char *name = fdt_getprop(decoded->source->fdt.data, 0, "compatible", NULL);

	if (abi_of(decoded) == KHO_ABI_UNKNOWN || strcmp(kho_abi_name(abi_of(decoded)), name))
		broken(o, "\"compatible\" of the root node is %s",
		       name ? "another string" : "missing");
}

/* A property of OFFSET that holds a number: 8 bytes, in the byte order of the machine. */
static bool read_number(const struct decoded *decoded, int offset, const char *name, uint64_t *ret)
{
	int len;
	const void *prop = fdt_getprop(decoded->source->fdt.data, offset, name, &len);

	if (!prop || len != sizeof(*ret))
		return false;
	memcpy(ret, prop, sizeof(*ret));
	return true;
}

void check_map_address(const struct decoded *decoded, struct rule_outcome *o)
{
	uint64_t addr;

	if (!read_number(decoded, 0, "preserved-memory-map", &addr))
		broken(o, "\"preserved-memory-map\" is missing or not 8 bytes long");
	else if (!addr)
		broken(o, "it is 0: not finalized, or of a kernel before 6.19 that preserves "
		       "nothing; 6.19 and later drop such a handover");
}

/* A walk over the nodes of the root FDT, down to the last level that is read. */
struct node_walk {
	const void *fdt;
	int node, depth;
	int at[KHO_ROOT_DEPTH_MAX + 1];	/* the node, after its parents */
};

static struct node_walk walk_nodes(const struct decoded *decoded)
{
	return (struct node_walk){ .fdt = decoded->source->fdt.data };
}

static bool next_node(struct node_walk *w)
{
	do
		w->node = fdt_next_node(w->fdt, w->node, &w->depth);
	while (w->node >= 0 && w->depth > KHO_ROOT_DEPTH_MAX);
	if (w->node < 0 || w->depth < 1)
		return false;
	w->at[w->depth] = w->node;
	return true;
}

/* Its name, if it is printable; names in a hostile tree may not be. */
static const char *name_at(const struct node_walk *w, int depth)
{
	const char *name = fdt_get_name(w->fdt, w->at[depth], NULL);

	return name && kho_node_name_valid(name) ? name : NULL;
}

#define PATH_TEXT	(KHO_ROOT_DEPTH_MAX * KHO_NODE_NAME_MAX)

static const char *path_text(const struct node_walk *w, char buf[PATH_TEXT])
{
	size_t len = 0;

	for (int depth = 1; depth <= w->depth; depth++) {
		const char *name = name_at(w, depth);

		len += (size_t)snprintf(buf + len, PATH_TEXT - len, "%s%s", depth > 1 ? "/" : "",
					name ? name : "?");
	}
	return buf;
}

void check_node_name(const struct decoded *decoded, struct rule_outcome *o)
{
	struct node_walk w = walk_nodes(decoded);
	char text[PATH_TEXT];

	for (int index = 0; next_node(&w); index++) {
		const char *name = name_at(&w, w.depth);
		int other = name ? fdt_subnode_offset(w.fdt, w.at[w.depth - 1], name) : -1;

		if (!name)
			broken(o, "the name of node %d", index);
		else if (other >= 0 && other != w.node)
			broken(o, "node '%s' is there twice", path_text(&w, text));
	}
}

/* A node may exist only for the nodes below it. */
static bool holds_nodes_only(const struct node_walk *w, const char *addr_prop)
{
	return !fdt_getprop(w->fdt, w->node, addr_prop, NULL) && fdt_first_subnode(w->fdt, w->node) >= 0;
}

static const char *addr_prop_of(const struct decoded *decoded)
{
	return kho_abi_radix(abi_of(decoded)) ? "preserved-data" : "fdt";
}

void check_node_complete(const struct decoded *decoded, struct rule_outcome *o)
{
	const char *prop = addr_prop_of(decoded);
	struct node_walk w = walk_nodes(decoded);
	char text[PATH_TEXT];
	uint64_t addr;

	if (abi_of(decoded) == KHO_ABI_UNKNOWN)
		return;
	while (next_node(&w))
		if (!holds_nodes_only(&w, prop) &&
		    (!read_number(decoded, w.node, prop, &addr) || !addr))
			broken(o, "node '%s': \"%s\" is missing, 0 or not 8 bytes long",
			       path_text(&w, text), prop);
}

void check_node_size(const struct decoded *decoded, struct rule_outcome *o)
{
	struct node_walk w = walk_nodes(decoded);
	char text[PATH_TEXT];
	uint64_t size;

	if (!kho_abi_sized(abi_of(decoded)))
		return;
	while (next_node(&w))
		if (!holds_nodes_only(&w, addr_prop_of(decoded)) &&
		    !read_number(decoded, w.node, "blob-size", &size))
			broken(o, "node '%s': \"blob-size\" is missing or not 8 bytes long",
			       path_text(&w, text));
}
