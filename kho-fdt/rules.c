/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources: kernel/liveupdate/kexec_handover.c, mm/memblock.c and
 * kernel/liveupdate/luo*.c of Linux 6.17 to 7.3, and what real kernels did with
 * handovers that break a rule.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "arch.h"
#include "rules.h"

#define SCRATCH_AREA_ALIGN	(2ull << 20)	/* of readers: a pageblock, for CMA */

/* What a rule needs to know. */
enum need {
	NEED_FDT = 1,			/* a root FDT that libfdt reads */
	NEED_ROOT = 2,			/* one that libkho reads */
	NEED_ADDR = 4,			/* its address */
	NEED_MEM = 8,			/* memory to read nodes' data from */
	NEED_MAP = 16,			/* the whole map */
	NEED_SCRATCH = 32,
	NEED_RAM = 64,			/* all RAM of the machine */
	NEED_ARRAY = 128,		/* the scratch array's address */
	NEED_NODES = 256,		/* where NUMA nodes begin */
	WARN_ONLY = 512,		/* no need, but what it comes to */
};

struct rule {
	const char *id;
	const char *text;
	unsigned int needs;
	void (*check)(const struct doc *doc, struct rule_outcome *o);
};

static void __attribute__((format(printf, 2, 3))) broken(struct rule_outcome *o,
							 const char *format, ...)
{
	va_list args;

	o->result = RULE_BROKEN;
	if (o->findings < FINDINGS_MAX) {
		va_start(args, format);
		vsnprintf(o->finding[o->findings], FINDING_SIZE, format, args);
		va_end(args);
	}
	o->findings++;
}

static uint64_t last_of(const struct kho_range *range)
{
	return range->addr + range->size - 1;
}

/* ---- Root FDT ------------------------------------------------------------- */

static void check_fdt_sound(const struct doc *doc, struct rule_outcome *o)
{
	const struct buffer *fdt = &doc->source->fdt;

	if (!doc_fdt_valid(fdt->data, fdt->size))
		broken(o, "%zu bytes are not such a blob", fdt->size);
}

static void check_fdt_size(const struct doc *doc, struct rule_outcome *o)
{
	const struct source *s = doc->source;

	if (s->fdt.size > KHO_EARLY_MAP_MAX)
		broken(o, "it has %zu bytes", s->fdt.size);
	if (s->passed_size > KHO_EARLY_MAP_MAX)
		broken(o, "setup_data hands %llu bytes over", ULL(s->passed_size));
	if (s->passed_size && s->passed_size < s->fdt.size)
		broken(o, "it has %zu bytes, and setup_data hands %llu of them over", s->fdt.size,
		       ULL(s->passed_size));
}

static void check_fdt_aligned(const struct doc *doc, struct rule_outcome *o)
{
	if (doc->source->fdt_addr % PAGE_SIZE)
		broken(o, "it is at 0x%llx", ULL(doc->source->fdt_addr));
}

/* The ABI's name is the first thing kernels look at; the form plays no part here. */
static enum kho_abi abi_of(const struct doc *doc)
{
	int len;
	const char *name = fdt_getprop(doc->source->fdt.data, 0, "compatible", &len);

	return name && len > 1 && !name[len - 1] ? kho_abi_from_name(name) : KHO_ABI_UNKNOWN;
}

static void check_abi_known(const struct doc *doc, struct rule_outcome *o)
{
	const char *name = fdt_getprop(doc->source->fdt.data, 0, "compatible", NULL);

	if (abi_of(doc) == KHO_ABI_UNKNOWN || strcmp(kho_abi_name(abi_of(doc)), name))
		broken(o, "\"compatible\" of the root node is %s",
		       name ? "another string" : "missing");
}

/* A property of OFFSET that holds a number: 8 bytes, in the order of the machine. */
static bool read_number(const struct doc *doc, int offset, const char *name, uint64_t *ret)
{
	int len;
	const void *prop = fdt_getprop(doc->source->fdt.data, offset, name, &len);

	if (!prop || len != sizeof(*ret))
		return false;
	memcpy(ret, prop, sizeof(*ret));
	return true;
}

static void check_map_address(const struct doc *doc, struct rule_outcome *o)
{
	uint64_t addr;

	if (!read_number(doc, 0, "preserved-memory-map", &addr))
		broken(o, "\"preserved-memory-map\" is missing or has not 8 bytes");
	else if (!addr)
		broken(o, "it is 0: not finalized, or of a kernel before 6.19 that preserves "
		       "nothing; 6.19 and later drop such a handover");
}

/* A walk over the nodes of the root FDT, as deep as they are read. */
struct node_walk {
	const void *fdt;
	int node, depth;
	int at[KHO_ROOT_DEPTH_MAX + 1];	/* the node, behind those that it lies below */
};

static struct node_walk walk_nodes(const struct doc *doc)
{
	return (struct node_walk){ .fdt = doc->source->fdt.data };
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

/* Its name, if that can be printed: those of a hostile tree are not, as they are. */
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

static void check_node_name(const struct doc *doc, struct rule_outcome *o)
{
	struct node_walk w = walk_nodes(doc);
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

/* A node may be there for those below it alone. */
static bool holds_nodes_only(const struct node_walk *w, const char *addr_prop)
{
	return !fdt_getprop(w->fdt, w->node, addr_prop, NULL) && fdt_first_subnode(w->fdt, w->node) >= 0;
}

static const char *addr_prop_of(const struct doc *doc)
{
	return kho_abi_radix(abi_of(doc)) ? "preserved-data" : "fdt";
}

static void check_node_complete(const struct doc *doc, struct rule_outcome *o)
{
	const char *prop = addr_prop_of(doc);
	struct node_walk w = walk_nodes(doc);
	char text[PATH_TEXT];
	uint64_t addr;

	if (abi_of(doc) == KHO_ABI_UNKNOWN)
		return;
	while (next_node(&w))
		if (!holds_nodes_only(&w, prop) && (!read_number(doc, w.node, prop, &addr) || !addr))
			broken(o, "node '%s': \"%s\" is missing, 0 or has not 8 bytes",
			       path_text(&w, text), prop);
}

static void check_node_size(const struct doc *doc, struct rule_outcome *o)
{
	struct node_walk w = walk_nodes(doc);
	char text[PATH_TEXT];
	uint64_t size;

	if (!kho_abi_sized(abi_of(doc)))
		return;
	while (next_node(&w))
		if (!holds_nodes_only(&w, addr_prop_of(doc)) && !read_number(doc, w.node, "blob-size", &size))
			broken(o, "node '%s': \"blob-size\" is missing or has not 8 bytes",
			       path_text(&w, text));
}

/* ---- Map of preserved memory ---------------------------------------------- */

/* Why there is no whole map. */
static const char *map_unknown(const struct doc *doc)
{
	if (doc->form_unknown && doc->map_err == -KHO_ERR_ABI)
		return "nothing tells the form of this kho-v1 map: say --form";
	return "the map cannot be read";
}

/* The walk ends at the first error, and each kind of error is a rule of its own. */
static void map_error(const struct doc *doc, struct rule_outcome *o, int err)
{
	if (doc->map_err == err) {
		broken(o, "map at 0x%llx: %s", ULL(doc->root.map), kho_strerror(err));
	} else if (doc->map_err) {
		o->result = RULE_UNKNOWN;
		o->why = map_unknown(doc);
	}
}

static void check_map_readable(const struct doc *doc, struct rule_outcome *o)
{
	map_error(doc, o, -KHO_ERR_READ);
	if (doc->map_err == -KHO_ERR_LIMIT)
		broken(o, "map at 0x%llx: more than %llu pages", ULL(doc->root.map),
		       ULL(doc->source->max_pages));
}

static void check_map_sound(const struct doc *doc, struct rule_outcome *o)
{
	map_error(doc, o, -KHO_ERR_BADMAP);
}

static void check_map_aligned(const struct doc *doc, struct rule_outcome *o)
{
	map_error(doc, o, -KHO_ERR_ALIGN);
}

static void check_map_range(const struct doc *doc, struct rule_outcome *o)
{
	map_error(doc, o, -KHO_ERR_RANGE);
}

struct block_check {
	const struct doc *doc;
	struct rule_outcome *outcome;
};

static void each_block(const struct doc *doc, struct rule_outcome *o,
		       int (*block)(void *ctx, uint64_t addr, unsigned int order))
{
	struct block_check c = { doc, o };
	const struct kho_map_visitor visitor = { .block = block, .ctx = &c };

	kho_map_each(&doc->blocks.map, &visitor);
}

static int block_order(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;
	unsigned int most = kho_abi_max_order(c->doc->root.abi, PAGE_SHIFT);

	if (order > most)
		broken(c->outcome, "0x%llx has order %u; the ABI's kernels reserve up to %u",
		       ULL(addr), order, most);
	return 0;
}

static void check_block_order(const struct doc *doc, struct rule_outcome *o)
{
	each_block(doc, o, block_order);
}

/* Larger orders come first: a block that overlaps one lies in it. */
static void check_block_apart(const struct doc *doc, struct rule_outcome *o)
{
	uint64_t sum = ranges_total(&doc->preserved);

	if (doc->blocks.map.bytes != sum)
		broken(o, "blocks of %llu bytes cover %llu", ULL(doc->blocks.map.bytes), ULL(sum));
}

static void each_preserved(const struct doc *doc, struct rule_outcome *o,
			   bool (*bad)(const struct doc *doc, const struct kho_range *range),
			   const char *what)
{
	for (size_t i = 0; i < doc->preserved.count; i++)
		if (bad(doc, &doc->preserved.list[i]))
			broken(o, "preserved 0x%llx-0x%llx %s", ULL(doc->preserved.list[i].addr),
			       ULL(last_of(&doc->preserved.list[i])), what);
}

static bool outside_ram(const struct doc *doc, const struct kho_range *range)
{
	return !ranges_cover(&doc->source->ram, range->addr, range->size);
}

static void check_block_ram(const struct doc *doc, struct rule_outcome *o)
{
	each_preserved(doc, o, outside_ram, "is not all RAM");
}

static bool in_low_memory(const struct doc *doc, const struct kho_range *range)
{
	(void)doc;
	return range->addr < LOW_MEMORY_END;
}

static void check_block_low(const struct doc *doc, struct rule_outcome *o)
{
	each_preserved(doc, o, in_low_memory, "begins below 1 MiB");
}

struct node_check {
	const struct machine *machine;
	struct rule_outcome *outcome;
};

static int block_node(void *ctx, uint64_t addr, unsigned int order)
{
	const struct node_check *c = ctx;

	for (size_t i = 0; i < c->machine->node_count; i++)
		if (c->machine->node[i] > addr && c->machine->node[i] - addr < PAGE_SIZE << order)
			broken(c->outcome, "0x%llx, order %u: node %zu begins at 0x%llx", ULL(addr),
			       order, i, ULL(c->machine->node[i]));
	return 0;
}

/* Kernels before 7.1 took no heed of nodes, neither those that write nor those that read. */
static void check_block_node(const struct doc *doc, struct rule_outcome *o)
{
	struct node_check c = { doc->source->machine, o };
	const struct kho_map_visitor visitor = { .block = block_node, .ctx = &c };

	if (kho_abi_radix(doc->root.abi))
		kho_map_each(&doc->blocks.map, &visitor);
}

/* ---- What must not lie in scratch ------------------------------------------ */

static bool in_scratch(const struct doc *doc, const struct kho_range *range)
{
	const struct source *s = doc->source;

	return kho_find_overlap(s->scratch, s->scratch_count, range->addr, range->size) != NULL;
}

static void check_block_scratch(const struct doc *doc, struct rule_outcome *o)
{
	each_preserved(doc, o, in_scratch, "overlaps scratch");
}

/* Whether setup_data keeps it. Where that is not known, the rule cannot judge: no finding either. */
static bool reserved(const struct doc *doc, struct rule_outcome *o, uint64_t addr, uint64_t size)
{
	if (ranges_cover(&doc->source->reserved, addr, size))
		return true;
	if (doc->source->reserved_whole)
		return false;
	o->result = RULE_UNKNOWN;
	o->why = "what setup_data keeps is not known";
	return true;
}

/* In scratch, and no setup_data entry keeps it. */
static bool unprotected(const struct doc *doc, struct rule_outcome *o, uint64_t addr, uint64_t size)
{
	const struct kho_range range = { addr, size };

	return in_scratch(doc, &range) && !reserved(doc, o, addr, size);
}

static void check_map_scratch(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->map_pages.count; i++) {
		const struct kho_range *range = &doc->map_pages.list[i];

		if (unprotected(doc, o, range->addr, range->size))
			broken(o, "map pages 0x%llx-0x%llx overlap scratch", ULL(range->addr),
			       ULL(last_of(range)));
	}
}

static void check_fdt_scratch(const struct doc *doc, struct rule_outcome *o)
{
	if (unprotected(doc, o, doc->source->fdt_addr, doc->source->fdt.size))
		broken(o, "it is at 0x%llx", ULL(doc->source->fdt_addr));
}

/* Of a node without a size that could be told the first byte counts. */
static uint64_t node_bytes(const struct doc *doc, const struct kho_node *node)
{
	return node->size || kho_abi_sized(doc->root.abi) ? node->size : 1;
}

static void check_node_scratch(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->root.node_count; i++) {
		const struct kho_node *node = &doc->root.node[i];

		if (unprotected(doc, o, node->addr, node_bytes(doc, node)))
			broken(o, "node '%s' is at 0x%llx", node->name, ULL(node->addr));
	}
}

/* ---- What must be preserved ------------------------------------------------- */

static bool kept(const struct doc *doc, struct rule_outcome *o, uint64_t addr, uint64_t size)
{
	return ranges_cover(&doc->preserved, addr, size) || reserved(doc, o, addr, size);
}

/* Kernels of 6.16 to 6.18 take it out of the map, and fail on one that is not in it. */
static void check_fdt_preserved(const struct doc *doc, struct rule_outcome *o)
{
	const struct source *s = doc->source;
	bool found = kho_abi_radix(doc->root.abi) ? kept(doc, o, s->fdt_addr, s->fdt.size) :
		     ranges_cover(&doc->preserved, s->fdt_addr, s->fdt.size);

	if (!found)
		broken(o, "0x%llx, %zu bytes, is not", ULL(doc->source->fdt_addr),
		       doc->source->fdt.size);
}

static void check_node_preserved(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->root.node_count; i++) {
		const struct kho_node *node = &doc->root.node[i];

		if (!kept(doc, o, node->addr, node_bytes(doc, node)))
			broken(o, "node '%s' at 0x%llx, %llu bytes, is not", node->name,
			       ULL(node->addr), ULL(node->size));
	}
}

static void check_region_preserved(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->region_count; i++) {
		const struct kho_region *r = &doc->region[i];

		if (!kept(doc, o, r->addr, r->size))
			broken(o, "region '%s' at 0x%llx, %llu bytes, is not", r->name,
			       ULL(r->addr), ULL(r->size));
	}
}

static void check_region_apart(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->region_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct kho_region *a = &doc->region[j], *b = &doc->region[i];
			const struct kho_range range = { a->addr, a->size };

			if (kho_find_overlap(&range, 1, b->addr, b->size))
				broken(o, "regions '%s' and '%s' overlap", a->name, b->name);
		}
}

/* ---- Nodes' contents --------------------------------------------------------- */

static void check_node_readable(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->root.node_count; i++)
		if (doc->node[i].err == -KHO_ERR_READ && doc->node[i].kind != DOC_LUO)
			broken(o, "node '%s' at 0x%llx, %llu bytes, is not", doc->root.node[i].name,
			       ULL(doc->root.node[i].addr), ULL(doc->root.node[i].size));
}

static void check_node_fdt(const struct doc *doc, struct rule_outcome *o)
{
	if (kho_abi_sized(doc->root.abi))
		return;
	for (size_t i = 0; i < doc->root.node_count; i++) {
		const struct doc_node *d = &doc->node[i];

		if (d->err == -KHO_ERR_BADNODE || (!d->err && d->kind == DOC_RAW))
			broken(o, "node '%s' at 0x%llx is not", doc->root.node[i].name,
			       ULL(doc->root.node[i].addr));
	}
}

/* The error of the node of KIND, if it is there and could be read. */
static void check_kind(const struct doc *doc, struct rule_outcome *o, enum doc_kind kind)
{
	for (size_t i = 0; i < doc->root.node_count; i++)
		if (doc->node[i].kind == kind && doc->node[i].err &&
		    (doc->node[i].err != -KHO_ERR_READ || kind == DOC_LUO))
			broken(o, "node '%s': %s", doc->root.node[i].name,
			       kho_strerror(doc->node[i].err));
}

static void check_memblock(const struct doc *doc, struct rule_outcome *o)
{
	check_kind(doc, o, DOC_MEMBLOCK);
}

static void check_metadata(const struct doc *doc, struct rule_outcome *o)
{
	check_kind(doc, o, DOC_METADATA);
}

static void check_luo(const struct doc *doc, struct rule_outcome *o)
{
	check_kind(doc, o, DOC_LUO);
}

/* ---- Live update --------------------------------------------------------------- */

/* The node LUO, if it has been decoded. */
static const struct kho_node *luo_node(const struct doc *doc)
{
	for (size_t i = 0; i < doc->root.node_count; i++)
		if (doc->node[i].kind == DOC_LUO && !doc->node[i].err)
			return &doc->root.node[i];
	return NULL;
}

static void check_luo_abi(const struct doc *doc, struct rule_outcome *o)
{
	enum kho_luo_abi want = doc->root.abi == KHO_ABI_V4 ? KHO_LUO_V5 : KHO_LUO_V1;

	if (luo_node(doc) && doc->luo.abi != want)
		broken(o, "%s in %s, whose kernels read %s and panic on another",
		       kho_luo_abi_name(doc->luo.abi), doc_abi_label(doc), kho_luo_abi_name(want));
	else if (luo_node(doc) && doc->root.abi == KHO_ABI_V3 && !doc->luo.flbs)
		broken(o, "it has no place for FLBs ('luo-flb'), and kernels of %s panic without "
		       "one", doc_abi_label(doc));
}

static void walk_luo(const struct doc *doc, struct rule_outcome *o,
		     const struct kho_luo_visitor *wanted)
{
	struct block_check c = { doc, o };
	struct kho_luo_visitor visitor = *wanted;
	const struct kho_node *node = luo_node(doc);
	struct kho_luo_info info;

	visitor.ctx = &c;
	if (node)
		kho_luo_walk(PAGE_SHIFT, &doc->source->mem, node, &visitor, &info);
}

static int luo_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;

	if (!kho_map_has(&c->doc->blocks.map, addr, order) &&
	    !reserved(c->doc, c->outcome, addr, PAGE_SIZE << order))
		broken(c->outcome, "0x%llx, order %u, is not", ULL(addr), order);
	return 0;
}

static void check_luo_preserved(const struct doc *doc, struct rule_outcome *o)
{
	walk_luo(doc, o, &(struct kho_luo_visitor){ .block = luo_block });
}

static int memfd_block(void *ctx, uint64_t addr, unsigned int order)
{
	const struct block_check *c = ctx;

	if (!ranges_cover(&c->doc->preserved, addr, PAGE_SIZE << order))
		broken(c->outcome, "0x%llx, order %u, of its list of folios is not", ULL(addr),
		       order);
	return 0;
}

static int memfd_chunk(void *ctx, uint64_t addr)
{
	return memfd_block(ctx, addr, 0);
}

static int memfd_folio(void *ctx, const struct kho_memfd_folio *folio)
{
	const struct block_check *c = ctx;

	if (!ranges_cover(&c->doc->preserved, folio->addr, PAGE_SIZE))
		broken(c->outcome, "page %llu, at 0x%llx, is not", ULL(folio->index),
		       ULL(folio->addr));
	return 0;
}

static int read_memfd(const struct doc *doc, enum kho_memfd_abi abi, uint64_t addr,
		      struct kho_memfd *ret)
{
	unsigned char buf[KHO_MEMFD_SIZE_MAX];
	size_t size = kho_memfd_size(abi);

	if (doc->source->mem.read(doc->source->mem.ctx, addr, buf, size))
		return -KHO_ERR_READ;
	return kho_memfd_read(abi, buf, size, ret);
}

static int memfd_file(void *ctx, const struct kho_luo_file *file)
{
	struct block_check *c = ctx;
	const struct source *s = c->doc->source;
	const struct kho_vmalloc_visitor area = { memfd_chunk, memfd_block, c };
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);
	struct kho_memfd memfd;
	int err;

	if (abi == KHO_MEMFD_UNKNOWN)
		return 0;
	err = read_memfd(c->doc, abi, file->data, &memfd);
	if (!err)
		err = kho_vmalloc_walk(PAGE_SHIFT, &s->mem, &memfd.folios, s->max_pages, &area);
	if (!err)
		err = kho_memfd_walk(PAGE_SHIFT, &s->mem, &memfd, s->max_pages, memfd_folio, c);
	if (err)
		broken(c->outcome, "file with token %llu at 0x%llx: %s", ULL(file->token),
		       ULL(file->data), kho_strerror(err));
	return 0;
}

static void check_memfd(const struct doc *doc, struct rule_outcome *o)
{
	walk_luo(doc, o, &(struct kho_luo_visitor){ .file = memfd_file });
}

/* ---- Scratch ------------------------------------------------------------------- */

static void check_scratch_size(const struct doc *doc, struct rule_outcome *o)
{
	uint64_t bytes = (uint64_t)doc->source->scratch_count * sizeof(struct kho_range);

	if (bytes > KHO_EARLY_MAP_MAX)
		broken(o, "%zu areas take %llu bytes", doc->source->scratch_count, ULL(bytes));
}

static void check_scratch_usable(const struct doc *doc, struct rule_outcome *o)
{
	for (size_t i = 0; i < doc->source->scratch_count; i++)
		if (doc->source->scratch[i].size)
			return;
	broken(o, "all %zu are empty", doc->source->scratch_count);
}

static void each_area(const struct doc *doc, struct rule_outcome *o,
		      bool (*bad)(const struct doc *doc, size_t index), const char *what)
{
	const struct source *s = doc->source;

	for (size_t i = 0; i < s->scratch_count; i++)
		if (s->scratch[i].size && bad(doc, i))
			broken(o, "area %zu, 0x%llx and 0x%llx bytes, %s", i,
			       ULL(s->scratch[i].addr), ULL(s->scratch[i].size), what);
}

static bool area_wraps(const struct doc *doc, size_t i)
{
	const struct kho_range *area = &doc->source->scratch[i];

	return area->size > UINT64_MAX - area->addr;
}

static void check_scratch_range(const struct doc *doc, struct rule_outcome *o)
{
	each_area(doc, o, area_wraps, "wraps around");
}

static bool area_overlaps(const struct doc *doc, size_t i)
{
	const struct kho_range *area = doc->source->scratch;

	return kho_find_overlap(area, i, area[i].addr, area[i].size) != NULL;
}

static void check_scratch_apart(const struct doc *doc, struct rule_outcome *o)
{
	each_area(doc, o, area_overlaps, "overlaps one before it");
}

/* Up to 6.19 kernels leave sizes of the command line as they are. */
static bool area_odd(const struct doc *doc, size_t i)
{
	const struct kho_range *area = &doc->source->scratch[i];
	bool sized = doc->root_err || kho_abi_sized(doc->root.abi);

	return area->addr % SCRATCH_AREA_ALIGN || (sized && area->size % SCRATCH_AREA_ALIGN);
}

static void check_scratch_aligned(const struct doc *doc, struct rule_outcome *o)
{
	each_area(doc, o, area_odd, "does not");
}

static void check_scratch_low(const struct doc *doc, struct rule_outcome *o)
{
	const struct kho_range *area = doc->source->scratch;

	if (doc->source->scratch_count && area->size &&
	    (area->addr > LIMIT_4G || area->size > LIMIT_4G - area->addr))
		broken(o, "it is at 0x%llx, 0x%llx bytes", ULL(area->addr), ULL(area->size));
}

/* The next kernel reserves it, but KASLR, which comes first, may put the kernel there. */
static void check_scratch_array(const struct doc *doc, struct rule_outcome *o)
{
	const struct source *s = doc->source;
	uint64_t size = s->scratch_count * sizeof(struct kho_range);

	if (unprotected(doc, o, s->scratch_addr, size))
		broken(o, "it is at 0x%llx, %llu bytes", ULL(s->scratch_addr), ULL(size));
}

static bool area_no_ram(const struct doc *doc, size_t i)
{
	return outside_ram(doc, &doc->source->scratch[i]);
}

static void check_scratch_ram(const struct doc *doc, struct rule_outcome *o)
{
	each_area(doc, o, area_no_ram, "is not all RAM");
}

/* ---- All of them ------------------------------------------------------------- */

static const struct rule rules[] = {
	{ "fdt-sound", "the root FDT is a whole device tree blob of version 17 or later", 0,
	  check_fdt_sound },
	{ "fdt-size", "the root FDT has at most 256 KiB: kernels map no more of it", 0,
	  check_fdt_size },
	{ "fdt-aligned", "the root FDT begins a page", NEED_ADDR, check_fdt_aligned },
	{ "abi-known", "the root node names an ABI of a released kernel", NEED_FDT,
	  check_abi_known },
	{ "map-address", "the root node says where the map of preserved memory is", NEED_FDT,
	  check_map_address },
	{ "node-name", "a node's name has 1 to 63 letters, digits and \",._+-\", and is used once",
	  NEED_FDT, check_node_name },
	{ "node-complete", "every node says where its data is", NEED_FDT, check_node_complete },
	{ "node-size", "in kho-v3 and v4 every node says how large its data is", NEED_FDT,
	  check_node_size },
	{ "map-readable", "every page of the map can be read", NEED_ROOT | NEED_MEM,
	  check_map_readable },
	{ "map-sound", "the map has no circle, no bit that is no key, no count beyond its page",
	  NEED_ROOT | NEED_MEM, check_map_sound },
	{ "map-aligned", "pages of the map and blocks are aligned to their size",
	  NEED_ROOT | NEED_MEM, check_map_aligned },
	{ "map-range", "no block goes beyond the end of addresses", NEED_ROOT | NEED_MEM,
	  check_map_range },
	{ "block-order", "no block is larger than kernels of the ABI can reserve", NEED_MAP,
	  check_block_order },
	{ "block-apart", "no memory is preserved twice, in blocks of different orders", NEED_MAP,
	  check_block_apart },
	{ "block-ram", "preserved memory is RAM", NEED_MAP | NEED_RAM, check_block_ram },
	{ "block-low", "nothing is preserved below 1 MiB, where CPUs are started", NEED_MAP,
	  check_block_low },
	{ "block-node", "in kho-v2 to v4 no block lies in two NUMA nodes", NEED_MAP | NEED_NODES,
	  check_block_node },
	{ "block-scratch", "no preserved memory overlaps scratch, which is overwritten",
	  NEED_MAP | NEED_SCRATCH, check_block_scratch },
	{ "map-scratch", "the map is not in scratch, unless setup_data keeps it",
	  NEED_MAP | NEED_SCRATCH, check_map_scratch },
	{ "fdt-scratch", "the root FDT is not in scratch, unless setup_data keeps it",
	  NEED_ADDR | NEED_SCRATCH, check_fdt_scratch },
	{ "node-scratch", "no node's data is in scratch, unless setup_data keeps it",
	  NEED_ROOT | NEED_SCRATCH, check_node_scratch },
	{ "fdt-preserved", "the root FDT is preserved, or, but in kho-v1, kept by setup_data",
	  NEED_MAP | NEED_ADDR, check_fdt_preserved },
	{ "node-preserved", "every node's data is preserved, or kept by setup_data", NEED_MAP,
	  check_node_preserved },
	{ "node-readable", "every node's data is memory that can be read", NEED_ROOT | NEED_MEM,
	  check_node_readable },
	{ "node-fdt", "in kho-v1 and v2 every node's data is a device tree blob",
	  NEED_ROOT | NEED_MEM, check_node_fdt },
	{ "memblock-sound", "node memblock is \"memblock-v1\", with at most 8 regions",
	  NEED_ROOT | NEED_MEM, check_memblock },
	{ "region-preserved", "reserve_mem regions are preserved, or kept by setup_data", NEED_MAP,
	  check_region_preserved },
	{ "region-apart", "reserve_mem regions do not overlap", NEED_ROOT | NEED_MEM,
	  check_region_apart },
	{ "metadata-sound", "node kexec-metadata is of version 1, with 73 bytes",
	  NEED_ROOT | NEED_MEM, check_metadata },
	{ "luo-sound", "node LUO can be read, with all its sessions and files",
	  NEED_ROOT | NEED_MEM, check_luo },
	{ "luo-abi", "node LUO is of the version that kernels of this ABI read, and whole",
	  NEED_ROOT | NEED_MEM, check_luo_abi },
	{ "luo-preserved", "LUO's blocks are preserved, with the order they are freed by", NEED_MAP,
	  check_luo_preserved },
	{ "memfd-preserved", "the pages of memfd files, and the lists of them, are preserved",
	  NEED_MAP, check_memfd },
	{ "scratch-array", "the scratch array is not in scratch, unless setup_data keeps it",
	  NEED_SCRATCH | NEED_ARRAY | WARN_ONLY, check_scratch_array },
	{ "scratch-size", "the scratch array has at most 256 KiB: kernels map no more of it",
	  NEED_SCRATCH, check_scratch_size },
	{ "scratch-usable", "at least one scratch area is not empty", NEED_SCRATCH,
	  check_scratch_usable },
	{ "scratch-range", "scratch areas do not wrap around", NEED_SCRATCH, check_scratch_range },
	{ "scratch-apart", "scratch areas do not overlap", NEED_SCRATCH, check_scratch_apart },
	{ "scratch-aligned", "scratch areas begin and end on 2 MiB", NEED_SCRATCH,
	  check_scratch_aligned },
	{ "scratch-low", "the first scratch area is below 4 GiB", NEED_SCRATCH, check_scratch_low },
	{ "scratch-ram", "scratch is RAM", NEED_SCRATCH | NEED_RAM, check_scratch_ram },
};

_Static_assert(sizeof(rules) / sizeof(rules[0]) <= RULES_MAX, "room for every rule");

/* What of NEEDS is missing; NULL: nothing. */
static const char *missing(const struct doc *doc, unsigned int needs)
{
	const struct source *s = doc->source;

	if (needs & NEED_FDT && !doc_fdt_valid(s->fdt.data, s->fdt.size))
		return "the root FDT is no device tree blob";
	if (needs & (NEED_ROOT | NEED_MAP) && doc->root_err == -KHO_ERR_LIMIT)
		return "the root FDT has more nodes, or more of them below each other, than are read";
	if (needs & (NEED_ROOT | NEED_MAP) && doc->root_err)
		return "the root FDT breaks a rule above";
	if (needs & (NEED_MEM | NEED_MAP) && !s->has_mem)
		return "there is no memory behind a bare root FDT";
	if (needs & NEED_ADDR && !s->has_addr)
		return "the root FDT's address is not known";
	if (needs & NEED_MAP && doc->map_err)
		return map_unknown(doc);
	if (needs & NEED_SCRATCH && !s->has_scratch)
		return "scratch is not known: say --scratch";
	if (needs & NEED_RAM && !s->ram_whole)
		return "not all RAM of the machine is known";
	if (needs & NEED_ARRAY && !s->scratch_addr)
		return "the scratch array's address is not known";
	if (needs & NEED_NODES && !(s->machine && s->machine->node_count))
		return "the machine's NUMA nodes are not known";
	return NULL;
}

void rules_check(const struct doc *doc, struct rule_report *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->map_checked = !missing(doc, NEED_MAP);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct rule_outcome *o = &ret->outcome[ret->count++];

		o->id = rules[i].id;
		o->text = rules[i].text;
		o->why = missing(doc, rules[i].needs);
		if (o->why)
			o->result = RULE_UNKNOWN;
		else
			rules[i].check(doc, o);
		if (o->result == RULE_BROKEN && rules[i].needs & WARN_ONLY)
			o->result = RULE_WARNING;
		ret->broken += o->result == RULE_BROKEN;
		ret->warnings += o->result == RULE_WARNING;
		ret->unknown += o->result == RULE_UNKNOWN;
	}
}
