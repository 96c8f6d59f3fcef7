/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "arch.h"
#include "decoded.h"
#include "message.h"

bool decoded_fdt_valid(const void *buf, size_t size)
{
	return !kho_fdt_check(buf, size);
}

const char *decoded_kind_name(enum decoded_kind kind)
{
	switch (kind) {
	case DECODED_MEMBLOCK:	return "memblock";
	case DECODED_METADATA:	return "kexec-metadata";
	case DECODED_LUO:		return "LUO";
	case DECODED_FDT:		return "fdt";
	case DECODED_BLOB:		return "blob";
	case DECODED_RAW:		break;
	}
	return "raw";
}

const char *decoded_abi_label(const struct decoded *decoded)
{
	const char *label;

	if (decoded->root_err)
		return "unknown";
	label = decoded->form_unknown ? kho_abi_name(decoded->root.abi) :
		kho_abi_label(decoded->root.abi);
	return label ? label : "unknown";
}

const struct decoded_node *decoded_node(const struct decoded *decoded, const struct kho_node *node)
{
	return &decoded->node[node - decoded->root.node];
}

int decoded_node_offset(const struct decoded *decoded, const struct kho_node *node)
{
	char path[KHO_NODE_NAME_MAX + 1] = "/";

	return fdt_path_offset(decoded->source->fdt.data, strcat(path, node->name));
}

/* ---- Map ------------------------------------------------------------------ */

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct decoded *decoded = ctx;
	int err = blocks_add(&decoded->blocks, addr, order);

	return err ? err :
		ranges_add(&decoded->preserved, addr, decoded_block_size(decoded, order));
}

static int on_page(void *ctx, uint64_t addr)
{
	struct decoded *decoded = ctx;

	return ranges_add(&decoded->map_pages, addr, decoded_page_size(decoded));
}

/* Memory collected for a decoded handover. */
struct collect {
	const struct decoded *decoded;
	struct ranges *found;
};

static int collect_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct collect *c = ctx;

	return ranges_add(c->found, addr, decoded_block_size(c->decoded, order));
}

/* Does the map, read in FORM, contain the root FDT and all nodes' data? */
static bool form_fits(const struct decoded *decoded, enum kho_abi form)
{
	const struct source *s = decoded->source;
	struct ranges found = { 0 };
	struct collect collect = { decoded, &found };
	const struct kho_map_visitor visitor = { .block = collect_block, .ctx = &collect };
	bool fits = !kho_map_walk(form, s->page_shift, &s->mem, decoded->root.map, s->max_pages,
				  &visitor);

	ranges_merge(&found);
	fits = fits && (!s->has_addr || ranges_cover(&found, s->fdt_addr, 1));
	for (size_t i = 0; fits && i < decoded->root.node_count; i++)
		fits = ranges_cover(&found, decoded->root.node[i].addr, 1);
	ranges_free(&found);
	return fits;
}

/* Kernels preserve what they hand over, so a form in which it is not preserved is the wrong one. */
static enum kho_abi form_by_contents(const struct decoded *decoded)
{
	bool small = form_fits(decoded, KHO_ABI_V1_512), page = form_fits(decoded, KHO_ABI_V1);

	return small == page ? KHO_ABI_UNKNOWN : small ? KHO_ABI_V1_512 : KHO_ABI_V1;
}

/*
 * What the user or the release says counts; otherwise the map itself may tell, by its
 * addresses or by its contents.
 */
static int find_form(struct decoded *decoded)
{
	const struct source *s = decoded->source;
	enum kho_abi form = s->form;
	int err = 0;

	if (decoded->root.abi != KHO_ABI_V1 || !decoded->root.map)
		return 0;
	if (form == KHO_ABI_UNKNOWN)
		err = kho_v1_form(s->page_shift, &s->mem, decoded->root.map, s->max_pages, &form);
	if (!err && form == KHO_ABI_UNKNOWN)
		form = form_by_contents(decoded);
	decoded->form_unknown = err || form == KHO_ABI_UNKNOWN;
	if (!decoded->form_unknown)
		decoded->root.abi = form;
	return err ? err : decoded->form_unknown ? -KHO_ERR_ABI : 0;
}

static void read_map(struct decoded *decoded)
{
	const struct source *s = decoded->source;
	const struct kho_map_visitor visitor = { on_block, on_page, decoded };

	decoded->map_err = s->has_mem ? find_form(decoded) : -KHO_ERR_READ;
	if (!decoded->map_err)
		decoded->map_err = kho_map_walk(decoded->root.abi, s->page_shift, &s->mem,
						decoded->root.map, s->max_pages, &visitor);
	ranges_merge(&decoded->preserved);
	ranges_merge(&decoded->map_pages);
}

/* ---- Nodes ---------------------------------------------------------------- */

static enum decoded_kind kind_of(const struct kho_node *node, struct decoded_node *d)
{
	if (!strcmp(node->name, KHO_NODE_MEMBLOCK))
		return DECODED_MEMBLOCK;
	if (!strcmp(node->name, KHO_NODE_METADATA))
		return DECODED_METADATA;
	if (!strcmp(node->name, KHO_NODE_LUO))
		return DECODED_LUO;
	if (!kho_blob_unwrap(d->data.data, d->data.size, &d->blob_offset, &d->blob_size))
		return DECODED_BLOB;
	return decoded_fdt_valid(d->data.data, d->data.size) ? DECODED_FDT : DECODED_RAW;
}

/* A blob above DECODED_DATA_MAX is cut off, and so is its FDT: read all of it here. */
static int read_large(const struct source *s, const struct kho_node *node, struct decoded_node *d)
{
	uint32_t magic;
	struct buffer all;
	int err = 0;

	memcpy(&magic, d->data.data, sizeof(magic));
	if (fdt32_to_cpu(magic) != FDT_MAGIC || node->size > INT32_MAX)
		return 0;
	all = (struct buffer){ .data = malloc(node->size), .size = node->size };
	if (!all.data)
		return -KHO_ERR_NOSPACE;
	if (s->mem.read(s->mem.ctx, node->addr, all.data, all.size))
		err = -KHO_ERR_READ;
	else if (!kho_blob_unwrap(all.data, all.size, &d->blob_offset, &d->blob_size))
		d->kind = DECODED_BLOB;
	else if (decoded_fdt_valid(all.data, all.size))
		d->kind = DECODED_FDT;
	buffer_free(&all);
	return err;
}

static int read_data(const struct source *s, struct kho_node *node, struct decoded_node *d)
{
	size_t size = node->size < DECODED_DATA_MAX ? node->size : DECODED_DATA_MAX;

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

/* The size, if the ABI has none, from the data. */
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

static int decode(struct decoded *decoded, const struct kho_node *node, struct decoded_node *d)
{
	switch (d->kind) {
	case DECODED_MEMBLOCK:
		return kho_memblock_read(d->data.data, d->data.size, decoded->region,
					 &decoded->region_count);
	case DECODED_METADATA:
		return kho_metadata_read(d->data.data, d->data.size, &decoded->metadata);
	case DECODED_LUO:
		return kho_luo_walk(decoded->source->page_shift, &decoded->source->mem, node, NULL,
				    &decoded->luo);
	default:
		return 0;
	}
}

static void read_node(struct decoded *decoded, size_t index)
{
	struct kho_node *node = &decoded->root.node[index];
	struct decoded_node *d = &decoded->node[index];

	d->err = find_size(decoded->source, decoded->root.abi, node);
	if (!d->err)
		d->err = read_data(decoded->source, node, d);
	d->kind = kind_of(node, d);
	if (!d->err && d->data.size < node->size && d->kind == DECODED_RAW)
		d->err = read_large(decoded->source, node, d);
	if (!d->err)
		d->err = decode(decoded, node, d);
}

/* ---- All of it ------------------------------------------------------------ */

int decoded_read(const struct source *source, struct decoded *decoded)
{
	memset(decoded, 0, sizeof(*decoded));
	decoded->source = source;
	if (blocks_init(&decoded->blocks, source->page_shift))
		return error("no memory for the map of preserved memory");
	decoded->root_err = kho_root_read(source->fdt.data, source->fdt.size, &decoded->root);
	if (decoded->root_err) {
		decoded->map_err = decoded->root_err;
		return 0;
	}
	read_map(decoded);
	if (decoded->map_err == -KHO_ERR_NOSPACE)
		return error("%s: no memory for the map of preserved memory, which has more than "
			     "%llu blocks",
			     source->name, ULL(decoded->blocks.map.blocks));
	for (size_t i = 0; i < decoded->root.node_count; i++)
		read_node(decoded, i);
	return 0;
}

int decoded_read_whole(const struct source *source, struct decoded *decoded)
{
	if (decoded_read(source, decoded))
		return -1;
	if (decoded->root_err)
		return error("%s: the root FDT cannot be read: %s; 'kho-fdt check' says more",
			     source->name, kho_strerror(decoded->root_err));
	if (!source->has_mem)
		return error("'%s' is a root FDT without memory behind it: a memory dump is needed",
			     source->name);
	if (decoded->form_unknown && decoded->map_err == -KHO_ERR_ABI)
		return error("%s: nothing in this kho-v1 map tells the size of its bitmaps: use "
			     "--form=512 if a kernel of 6.16 or 6.17 wrote it, --form=page for "
			     "later ones",
			     source->name);
	if (decoded->map_err)
		return error("%s: the map of preserved memory at 0x%llx cannot be read: %s",
			     source->name, ULL(decoded->root.map), kho_strerror(decoded->map_err));
	return 0;
}

void decoded_free(struct decoded *decoded)
{
	for (size_t i = 0; i < KHO_ROOT_NODES_MAX; i++)
		buffer_free(&decoded->node[i].data);
	blocks_free(&decoded->blocks);
	ranges_free(&decoded->preserved);
	ranges_free(&decoded->map_pages);
}

static int collect_pages(const struct collect *c, uint64_t addr, uint64_t size)
{
	const uint64_t page = decoded_page_size(c->decoded);
	uint64_t start = addr & ~(page - 1), end = addr + size;

	if (size > UINT64_MAX - addr || end > UINT64_MAX - page)
		return 0;
	end = (end + page - 1) & ~(page - 1);
	return ranges_add(c->found, start, end - start);
}

/* The structs of a memfd file are LUO's; its pages, and the list of them, are not. */
static int on_luo_file(void *ctx, const struct kho_luo_file *file)
{
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);

	return abi == KHO_MEMFD_UNKNOWN ? 0 : collect_pages(ctx, file->data, kho_memfd_size(abi));
}

int decoded_own_pages(const struct decoded *decoded, struct ranges *ret)
{
	struct collect collect = { decoded, ret };
	const struct kho_luo_visitor visitor = { .file = on_luo_file, .block = collect_block,
						 .ctx = &collect };
	struct kho_luo_info info;
	int err = 0;

	if (decoded->source->has_addr)
		err = collect_pages(&collect, decoded->source->fdt_addr, decoded->source->fdt.size);
	for (size_t i = 0; !err && i < decoded->root.node_count; i++) {
		const struct kho_node *node = &decoded->root.node[i];

		err = collect_pages(&collect, node->addr, node->size);
		if (!err && decoded->node[i].kind == DECODED_LUO && !decoded->node[i].err)
			err = kho_luo_walk(decoded->source->page_shift, &decoded->source->mem, node,
					   &visitor, &info);
	}
	ranges_merge(ret);
	return err;
}
