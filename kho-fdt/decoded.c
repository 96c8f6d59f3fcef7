/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "arch.h"
#include "decoded.h"
#include "message.h"

bool doc_fdt_valid(const void *buf, size_t size)
{
	return !kho_fdt_check(buf, size);
}

const char *doc_kind_name(enum doc_kind kind)
{
	switch (kind) {
	case DOC_MEMBLOCK:	return "memblock";
	case DOC_METADATA:	return "kexec-metadata";
	case DOC_LUO:		return "LUO";
	case DOC_FDT:		return "fdt";
	case DOC_BLOB:		return "blob";
	case DOC_RAW:		break;
	}
	return "raw";
}

const char *doc_abi_label(const struct doc *doc)
{
	const char *label;

	if (doc->root_err)
		return "unknown";
	label = doc->form_unknown ? kho_abi_name(doc->root.abi) : kho_abi_label(doc->root.abi);
	return label ? label : "unknown";
}

const struct doc_node *doc_node(const struct doc *doc, const struct kho_node *node)
{
	return &doc->node[node - doc->root.node];
}

int doc_node_offset(const struct doc *doc, const struct kho_node *node)
{
	char path[KHO_NODE_NAME_MAX + 1] = "/";

	return fdt_path_offset(doc->source->fdt.data, strcat(path, node->name));
}

/* ---- Map ------------------------------------------------------------------ */

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct doc *doc = ctx;
	int err = blocks_add(&doc->blocks, addr, order);

	return err ? err : ranges_add(&doc->preserved, addr, doc_block_size(doc, order));
}

static int on_page(void *ctx, uint64_t addr)
{
	struct doc *doc = ctx;

	return ranges_add(&doc->map_pages, addr, doc_page_size(doc));
}

/* Memory that is collected for DOC. */
struct collect {
	const struct doc *doc;
	struct ranges *found;
};

static int collect_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct collect *c = ctx;

	return ranges_add(c->found, addr, doc_block_size(c->doc, order));
}

/* Whether the map, read in FORM, has the root FDT and all nodes' data in it. */
static bool form_fits(const struct doc *doc, enum kho_abi form)
{
	const struct source *s = doc->source;
	struct ranges found = { 0 };
	struct collect collect = { doc, &found };
	const struct kho_map_visitor visitor = { .block = collect_block, .ctx = &collect };
	bool fits = !kho_map_walk(form, s->page_shift, &s->mem, doc->root.map, s->max_pages, &visitor);

	ranges_merge(&found);
	fits = fits && (!s->has_addr || ranges_cover(&found, s->fdt_addr, 1));
	for (size_t i = 0; fits && i < doc->root.node_count; i++)
		fits = ranges_cover(&found, doc->root.node[i].addr, 1);
	ranges_free(&found);
	return fits;
}

/* Kernels preserve what they hand over: a form in which it is not there is the wrong one. */
static enum kho_abi form_by_contents(const struct doc *doc)
{
	bool small = form_fits(doc, KHO_ABI_V1_512), page = form_fits(doc, KHO_ABI_V1);

	return small == page ? KHO_ABI_UNKNOWN : small ? KHO_ABI_V1_512 : KHO_ABI_V1;
}

/*
 * What the user or the release says counts; else what the map itself tells, by its
 * addresses or by what is in it.
 */
static int find_form(struct doc *doc)
{
	const struct source *s = doc->source;
	enum kho_abi form = s->form;
	int err = 0;

	if (doc->root.abi != KHO_ABI_V1 || !doc->root.map)
		return 0;
	if (form == KHO_ABI_UNKNOWN)
		err = kho_v1_form(s->page_shift, &s->mem, doc->root.map, s->max_pages, &form);
	if (!err && form == KHO_ABI_UNKNOWN)
		form = form_by_contents(doc);
	doc->form_unknown = err || form == KHO_ABI_UNKNOWN;
	if (!doc->form_unknown)
		doc->root.abi = form;
	return err ? err : doc->form_unknown ? -KHO_ERR_ABI : 0;
}

static void read_map(struct doc *doc)
{
	const struct source *s = doc->source;
	const struct kho_map_visitor visitor = { on_block, on_page, doc };

	doc->map_err = s->has_mem ? find_form(doc) : -KHO_ERR_READ;
	if (!doc->map_err)
		doc->map_err = kho_map_walk(doc->root.abi, s->page_shift, &s->mem, doc->root.map,
					    s->max_pages, &visitor);
	ranges_merge(&doc->preserved);
	ranges_merge(&doc->map_pages);
}

/* ---- Nodes ---------------------------------------------------------------- */

static enum doc_kind kind_of(const struct kho_node *node, struct doc_node *d)
{
	if (!strcmp(node->name, KHO_NODE_MEMBLOCK))
		return DOC_MEMBLOCK;
	if (!strcmp(node->name, KHO_NODE_METADATA))
		return DOC_METADATA;
	if (!strcmp(node->name, KHO_NODE_LUO))
		return DOC_LUO;
	if (!kho_blob_unwrap(d->data.data, d->data.size, &d->blob_offset, &d->blob_size))
		return DOC_BLOB;
	return doc_fdt_valid(d->data.data, d->data.size) ? DOC_FDT : DOC_RAW;
}

/* A blob above DOC_DATA_MAX is cut, and its FDT with it: look at the whole of it. */
static int read_large(const struct source *s, const struct kho_node *node, struct doc_node *d)
{
	uint32_t magic;
	struct buffer all;
	int err = 0;

	memcpy(&magic, d->data.data, sizeof(magic));
	if (fdt32_to_cpu(magic) != FDT_MAGIC || node->size > INT32_MAX)
		return 0;
	all = (struct buffer){ malloc(node->size), node->size };
	if (!all.data)
		return -KHO_ERR_NOSPACE;
	if (s->mem.read(s->mem.ctx, node->addr, all.data, all.size))
		err = -KHO_ERR_READ;
	else if (!kho_blob_unwrap(all.data, all.size, &d->blob_offset, &d->blob_size))
		d->kind = DOC_BLOB;
	else if (doc_fdt_valid(all.data, all.size))
		d->kind = DOC_FDT;
	buffer_free(&all);
	return err;
}

static int read_data(const struct source *s, struct kho_node *node, struct doc_node *d)
{
	size_t size = node->size < DOC_DATA_MAX ? node->size : DOC_DATA_MAX;

	if (!s->has_mem)
		return -KHO_ERR_READ;
	d->data.data = malloc(size ? size : 1);
	if (!d->data.data)
		return -KHO_ERR_NOSPACE;
	d->data.size = size;
	if (!s->mem.read(s->mem.ctx, node->addr, d->data.data, size))
		return 0;
	buffer_free(&d->data);
	return -KHO_ERR_READ;
}

/* The size that an ABI without sizes leaves to the data. */
static int find_size(const struct source *s, enum kho_abi abi, struct kho_node *node)
{
	struct kho_root *one;
	int err;

	if (!s->has_mem)
		return 0;
	one = calloc(1, sizeof(*one));
	if (!one)
		return -KHO_ERR_NOSPACE;
	one->abi = abi;
	one->node_count = 1;
	one->node[0] = *node;
	err = kho_root_sizes(one, &s->mem, NULL);
	if (!err)
		node->size = one->node[0].size;
	free(one);
	return err;
}

static int decode(struct doc *doc, const struct kho_node *node, struct doc_node *d)
{
	switch (d->kind) {
	case DOC_MEMBLOCK:
		return kho_memblock_read(d->data.data, d->data.size, doc->region,
					 &doc->region_count);
	case DOC_METADATA:
		return kho_metadata_read(d->data.data, d->data.size, &doc->metadata);
	case DOC_LUO:
		return kho_luo_walk(doc->source->page_shift, &doc->source->mem, node, NULL, &doc->luo);
	default:
		return 0;
	}
}

static void read_node(struct doc *doc, size_t index)
{
	struct kho_node *node = &doc->root.node[index];
	struct doc_node *d = &doc->node[index];

	d->err = find_size(doc->source, doc->root.abi, node);
	if (!d->err)
		d->err = read_data(doc->source, node, d);
	d->kind = kind_of(node, d);
	if (!d->err && d->data.size < node->size && d->kind == DOC_RAW)
		d->err = read_large(doc->source, node, d);
	if (!d->err)
		d->err = decode(doc, node, d);
}

/* ---- All of it ------------------------------------------------------------ */

int doc_read(const struct source *source, struct doc *doc)
{
	memset(doc, 0, sizeof(*doc));
	doc->source = source;
	if (blocks_init(&doc->blocks, source->page_shift))
		return error("no memory for the map of preserved memory");
	doc->root_err = kho_root_read(source->fdt.data, source->fdt.size, &doc->root);
	if (doc->root_err) {
		doc->map_err = doc->root_err;
		return 0;
	}
	read_map(doc);
	if (doc->map_err == -KHO_ERR_NOSPACE)
		return error("%s: no memory for the map of preserved memory: it names %llu blocks and more",
			     source->name, ULL(doc->blocks.map.blocks));
	for (size_t i = 0; i < doc->root.node_count; i++)
		read_node(doc, i);
	return 0;
}

int doc_read_whole(const struct source *source, struct doc *doc)
{
	if (doc_read(source, doc))
		return -1;
	if (doc->root_err)
		return error("%s: the root FDT cannot be read: %s; 'kho-fdt check' says more",
			     source->name, kho_strerror(doc->root_err));
	if (!source->has_mem)
		return error("'%s' is a root FDT without memory behind it: a memory dump is needed",
			     source->name);
	if (doc->form_unknown && doc->map_err == -KHO_ERR_ABI)
		return error("%s: nothing in this kho-v1 map tells the size of its bitmaps: say "
			     "--form=512 if a kernel of 6.16 or 6.17 wrote it, --form=page for later ones",
			     source->name);
	if (doc->map_err)
		return error("%s: the map of preserved memory at 0x%llx cannot be read: %s",
			     source->name, ULL(doc->root.map), kho_strerror(doc->map_err));
	return 0;
}

void doc_free(struct doc *doc)
{
	for (size_t i = 0; i < KHO_ROOT_NODES_MAX; i++)
		buffer_free(&doc->node[i].data);
	blocks_free(&doc->blocks);
	ranges_free(&doc->preserved);
	ranges_free(&doc->map_pages);
}

static int collect_pages(const struct collect *c, uint64_t addr, uint64_t size)
{
	const uint64_t page = doc_page_size(c->doc);
	uint64_t start = addr & ~(page - 1), end = addr + size;

	if (size > UINT64_MAX - addr || end > UINT64_MAX - page)
		return 0;
	end = (end + page - 1) & ~(page - 1);
	return ranges_add(c->found, start, end - start);
}

/* What describes a memfd file is LUO's; its pages, and the list of them, are not. */
static int on_luo_file(void *ctx, const struct kho_luo_file *file)
{
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);

	return abi == KHO_MEMFD_UNKNOWN ? 0 : collect_pages(ctx, file->data, kho_memfd_size(abi));
}

int doc_own_pages(const struct doc *doc, struct ranges *ret)
{
	struct collect collect = { doc, ret };
	const struct kho_luo_visitor visitor = { .file = on_luo_file, .block = collect_block,
						 .ctx = &collect };
	struct kho_luo_info info;
	int err = 0;

	if (doc->source->has_addr)
		err = collect_pages(&collect, doc->source->fdt_addr, doc->source->fdt.size);
	for (size_t i = 0; !err && i < doc->root.node_count; i++) {
		const struct kho_node *node = &doc->root.node[i];

		err = collect_pages(&collect, node->addr, node->size);
		if (!err && doc->node[i].kind == DOC_LUO && !doc->node[i].err)
			err = kho_luo_walk(doc->source->page_shift, &doc->source->mem, node,
					   &visitor, &info);
	}
	ranges_merge(ret);
	return err;
}
