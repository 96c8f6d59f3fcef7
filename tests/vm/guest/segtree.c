// SPDX-License-Identifier: GPL-2.0-only
/* Device trees, read and written for the tests alone: libkho would not write invalid ones. */
#include <endian.h>
#include <string.h>

#include "segment.h"

#define FDT_MAGIC	0xd00dfeedu
#define FDT_BEGIN_NODE	1u
#define FDT_END_NODE	2u
#define FDT_PROP	3u
#define FDT_NOP		4u
#define FDT_END		9u
#define HEADER_SIZE	40u
#define STRUCT_OFFSET	56u		/* after an empty list of reserved memory */

static const char *const names[2][4] = {
	{ "compatible", "preserved-memory-map", "preserved-data", "blob-size" },
	{ "compatible", "-", "start", "size" },
};

/* ---- Writing --------------------------------------------------------------- */

struct writer {
	unsigned char *at;
	uint32_t size;
	bool memblock;
};

static void put(struct writer *w, const void *data, uint32_t size)
{
	memcpy(w->at + w->size, data, size);
	w->size += size;
	while (w->size % 4)
		w->at[w->size++] = 0;
}

static void put32(struct writer *w, uint32_t value)
{
	value = htobe32(value);
	put(w, &value, sizeof(value));
}

/* Where string number WHICH is among the strings. */
static uint32_t string_offset(const struct writer *w, unsigned int which)
{
	uint32_t offset = 0;

	for (unsigned int i = 0; i < which; i++)
		offset += (uint32_t)strlen(names[w->memblock][i]) + 1;
	return offset;
}

static void put_property(struct writer *w, unsigned int which, const void *data, uint32_t size)
{
	put32(w, FDT_PROP);
	put32(w, size);
	put32(w, string_offset(w, which));
	put(w, data, size);
}

static void put_text(struct writer *w, unsigned int which, const char *text)
{
	put_property(w, which, text, (uint32_t)strlen(text) + 1);
}

static void put_node(struct writer *w, const struct tree_node *node)
{
	uint64_t second[2] = { node->second, 0 };

	put32(w, FDT_BEGIN_NODE);
	put(w, node->name, (uint32_t)strlen(node->name) + 1);
	if (w->memblock && !(node->odd & ODD_NO_COMPATIBLE))
		put_text(w, 0, "reserve-mem-v1");
	if (!(node->odd & ODD_NO_FIRST))
		put_property(w, 2, &node->first, node->odd & ODD_SHORT_FIRST ? 4 : 8);
	if (!(node->odd & ODD_NO_SECOND))
		put_property(w, 3, second, node->odd & ODD_LONG_SECOND ? 16 : 8);
	if (!(node->odd & ODD_NO_END))
		put32(w, FDT_END_NODE);
}

static void put_root(struct writer *w, const struct tree *tree)
{
	put32(w, FDT_BEGIN_NODE);
	put32(w, 0);
	if (!(tree->odd & ODD_NO_COMPATIBLE))
		put_text(w, 0, tree->compatible);
	if (!tree->memblock && !(tree->odd & ODD_NO_FIRST))
		put_property(w, 1, &tree->map, tree->odd & ODD_SHORT_FIRST ? 4 : 8);
	for (unsigned int i = 0; i < tree->count; i++)
		put_node(w, &tree->node[i]);
	if (!(tree->odd & ODD_NO_END)) {
		put32(w, FDT_END_NODE);
		put32(w, FDT_END);
	}
}

static void put_strings(struct writer *w)
{
	for (unsigned int i = 0; i < 4; i++) {
		size_t size = strlen(names[w->memblock][i]) + 1;

		memcpy(w->at + w->size, names[w->memblock][i], size);
		w->size += (uint32_t)size;
	}
}

size_t tree_write(const struct tree *tree, void *to)
{
	struct writer w = { .at = to, .size = STRUCT_OFFSET, .memblock = tree->memblock };
	struct writer header = { .at = to };
	uint32_t strings;

	memset(to, 0, STRUCT_OFFSET);
	put_root(&w, tree);
	strings = w.size;
	put_strings(&w);
	put32(&header, FDT_MAGIC);
	put32(&header, w.size);
	put32(&header, STRUCT_OFFSET);
	put32(&header, strings);
	put32(&header, HEADER_SIZE);
	put32(&header, 17);
	put32(&header, 16);
	put32(&header, 0);
	put32(&header, w.size - strings);
	put32(&header, strings - STRUCT_OFFSET);
	return w.size;
}

/* ---- Reading a tree that is known to be good --------------------------------- */

struct reader {
	const unsigned char *at;
	const char *strings;
	struct tree *tree;
	unsigned int depth;
};

static uint32_t get32(struct reader *r)
{
	uint32_t value;

	memcpy(&value, r->at, sizeof(value));
	r->at += sizeof(value);
	return be32toh(value);
}

static void skip(struct reader *r, size_t size)
{
	r->at += (size + 3) & ~(size_t)3;
}

static void read_node(struct reader *r)
{
	const char *name = (const char *)r->at;

	skip(r, strlen(name) + 1);
	if (r->depth++ == 1)
		tree_add(r->tree, name, 0, 0);
}

static void read_property(struct reader *r)
{
	struct tree_node *node = r->depth > 1 ? &r->tree->node[r->tree->count - 1] : NULL;
	const char *const *known = names[r->tree->memblock];
	uint32_t size = get32(r);
	const char *name = r->strings + get32(r);

	if (!node && !strcmp(name, known[0]))
		strncpy(r->tree->compatible, (const char *)r->at, sizeof(r->tree->compatible) - 1);
	else if (!node && !strcmp(name, known[1]))
		memcpy(&r->tree->map, r->at, 8);
	else if (node && !strcmp(name, known[2]))
		memcpy(&node->first, r->at, 8);
	else if (node && !strcmp(name, known[3]))
		memcpy(&node->second, r->at, 8);
	skip(r, size);
}

void tree_read(struct tree *tree, const void *fdt, bool memblock)
{
	const uint32_t *header = fdt;
	struct reader r = {
		.at = (const unsigned char *)fdt + be32toh(header[2]),
		.strings = (const char *)fdt + be32toh(header[3]),
		.tree = tree,
	};

	if (be32toh(header[0]) != FDT_MAGIC)
		die("the segment has no device tree where one should be");
	*tree = (struct tree){ .memblock = memblock };
	for (;;) {
		switch (get32(&r)) {
		case FDT_BEGIN_NODE:
			read_node(&r);
			break;
		case FDT_PROP:
			read_property(&r);
			break;
		case FDT_END_NODE:
			r.depth--;
			break;
		case FDT_NOP:
			break;
		case FDT_END:
			return;
		default:
			die("a device tree of the segment is damaged");
		}
	}
}

struct tree_node *tree_find(struct tree *tree, const char *name)
{
	for (unsigned int i = 0; i < tree->count; i++)
		if (!strcmp(tree->node[i].name, name))
			return &tree->node[i];
	die("no node %s in the segment", name);
}

struct tree_node *tree_add(struct tree *tree, const char *name, uint64_t first, uint64_t second)
{
	struct tree_node *node = &tree->node[tree->count];

	if (tree->count++ == TREE_NODES)
		die("too many nodes");
	*node = (struct tree_node){ .first = first, .second = second };
	strncpy(node->name, name, sizeof(node->name) - 1);
	return node;
}
