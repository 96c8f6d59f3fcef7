/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include <libfdt.h>

#include "arch.h"
#include "tool.h"

#define ORDERS		53		/* blocks up to the end of addresses */
#define RAW_SHOWN	16		/* bytes of a raw blob */
#define TREE_LINES	48		/* of a device tree */
#define TREE_DEPTH	16
#define TEXT_SHOWN	64		/* characters of a property */

struct orders {
	uint64_t blocks[ORDERS];
};

static int count_order(void *ctx, uint64_t addr, unsigned int order)
{
	struct orders *o = ctx;

	(void)addr;
	o->blocks[order < ORDERS ? order : ORDERS - 1]++;
	return 0;
}

static struct orders orders_of(const struct decoded *decoded)
{
	struct orders o = { { 0 } };
	const struct kho_map_visitor visitor = { .block = count_order, .ctx = &o };

	kho_map_each(&decoded->blocks.map, &visitor);
	return o;
}

/* low, global, and one for each NUMA node that was online, whose numbers are unknown. */
static const char *area_name(size_t index, char buf[32])
{
	if (index < 2)
		return index ? "global" : "low";
	snprintf(buf, 32, "per-node %zu", index - 2);
	return buf;
}

static const char *map_problem(const struct decoded *decoded)
{
	if (!decoded->map_err)
		return NULL;
	if (!decoded->source->has_mem)
		return "there is no memory behind a bare root FDT";
	if (decoded->form_unknown && decoded->map_err == -KHO_ERR_ABI)
		return "the size of its bitmaps is unknown: use --form";
	return kho_strerror(decoded->map_err);
}

/* ---- Device trees ---------------------------------------------------------------- */

/* Strings, one after the other, each with its NUL. */
static bool is_strings(const char *p, int len)
{
	if (len < 2 || p[len - 1] || !p[0])
		return false;
	for (int i = 0; i < len; i++)
		if (p[i] ? p[i] < ' ' || p[i] > '~' : i && !p[i - 1])
			return false;
	return true;
}

/* KHO's clients write numbers in the byte order of the machine. */
static void print_property(const char *name, const void *value, int len)
{
	uint32_t u32;
	uint64_t u64;

	print_text(stdout, name, strlen(name));
	if (len)
		fputs(" = ", stdout);
	if (is_strings(value, len)) {
		putchar('"');
		print_text(stdout, value, (size_t)len - 1 < TEXT_SHOWN ? (size_t)len - 1 : TEXT_SHOWN);
		putchar('"');
	} else if (len == sizeof(u64)) {
		memcpy(&u64, value, sizeof(u64));
		printf("<0x%llx>", ULL(u64));
	} else if (len == sizeof(u32)) {
		memcpy(&u32, value, sizeof(u32));
		printf("<0x%x>", u32);
	} else if (len) {
		printf("[%d bytes: ", len);
		print_hex(stdout, value, (size_t)len, RAW_SHOWN);
		putchar(']');
	}
	putchar('\n');
}

static void print_properties(const void *fdt, int node, int indent, int *lines)
{
	int prop, len;
	const char *name;
	const void *value;

	fdt_for_each_property_offset(prop, fdt, node) {
		value = fdt_getprop_by_offset(fdt, prop, &name, &len);
		if (!value || ++*lines > TREE_LINES)
			return;
		printf("%*s", indent, "");
		print_property(name, value, len);
	}
}

static void print_tree(const void *fdt)
{
	int depth = 0, node, lines = 0;

	for (node = 0; node >= 0 && depth >= 0; node = fdt_next_node(fdt, node, &depth)) {
		const char *name = fdt_get_name(fdt, node, NULL);

		if (depth > TREE_DEPTH)
			continue;
		if (lines > TREE_LINES) {
			puts("             ...");
			return;
		}
		if (depth) {
			printf("%*s", 11 + 2 * depth, "");
			print_text(stdout, name ? name : "?", name ? strlen(name) : 1);
			putchar('\n');
			lines++;
		}
		print_properties(fdt, node, 13 + 2 * depth, &lines);
	}
}

/* ---- Text ------------------------------------------------------------------------ */

static void print_root(const struct decoded *decoded)
{
	const struct source *s = decoded->source;

	printf("root FDT     ");
	if (s->has_addr)
		printf("0x%llx, ", ULL(s->fdt_addr));
	printf("%zu bytes, ABI %s, %zu nodes", s->fdt.size, decoded_abi_label(decoded),
	       decoded->root.node_count);
	if (decoded->root.incomplete)
		printf(", %zu without an address", decoded->root.incomplete);
	putchar('\n');
}

static void print_orders(const struct decoded *decoded)
{
	const struct orders o = orders_of(decoded);
	char size[SIZE_TEXT];

	for (unsigned int order = ORDERS; order-- > 0;)
		if (o.blocks[order])
			printf("  order %-2u   %llu, %s\n", order, ULL(o.blocks[order]),
			       size_text(o.blocks[order] * decoded_block_size(decoded, order),
					 size));
}

static void print_map(const struct decoded *decoded, bool all)
{
	const char *problem = map_problem(decoded);
	char size[SIZE_TEXT];

	printf("map          0x%llx", ULL(decoded->root.map));
	if (problem) {
		printf(", not readable: %s\n", problem);
		return;
	}
	printf(", %s\n", size_text(ranges_total(&decoded->map_pages), size));
	printf("preserved    %s in %llu blocks, %zu ranges\n",
	       size_text(decoded->blocks.map.bytes, size), ULL(decoded->blocks.map.blocks),
	       decoded->preserved.count);
	print_orders(decoded);
	for (size_t i = 0; all && i < decoded->preserved.count; i++)
		printf("  0x%012llx-0x%012llx  %s\n", ULL(decoded->preserved.list[i].addr),
		       ULL(decoded->preserved.list[i].addr + decoded->preserved.list[i].size - 1),
		       size_text(decoded->preserved.list[i].size, size));
}

static void print_scratch(const struct source *s)
{
	char size[SIZE_TEXT], name[32];
	uint64_t total = 0;

	if (!s->has_scratch) {
		printf("scratch      not known: use --scratch\n");
		return;
	}
	for (size_t i = 0; i < s->scratch_count; i++)
		total += s->scratch[i].size;
	printf("scratch      %s in %zu areas\n", size_text(total, size), s->scratch_count);
	for (size_t i = 0; i < s->scratch_count; i++) {
		const struct kho_range *area = &s->scratch[i];

		if (area->size)
			printf("  %-10s 0x%012llx-0x%012llx  %s\n", area_name(i, name), ULL(area->addr),
			       ULL(area->addr + area->size - 1), size_text(area->size, size));
		else
			printf("  %-10s empty\n", area_name(i, name));
	}
}

static int print_session(void *ctx, const struct kho_luo_session *session)
{
	(void)ctx;
	printf("  session    '");
	print_text(stdout, session->name, strnlen(session->name, sizeof(session->name)));
	printf("', %llu files\n", ULL(session->file_count));
	return 0;
}

static int read_memfd(const struct source *s, const struct kho_luo_file *file, struct kho_memfd *ret)
{
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);
	unsigned char buf[KHO_MEMFD_SIZE_MAX];
	size_t size = kho_memfd_size(abi);

	if (abi == KHO_MEMFD_UNKNOWN)
		return -KHO_ERR_ABI;
	if (s->mem.read(s->mem.ctx, file->data, buf, size))
		return -KHO_ERR_READ;
	return kho_memfd_read(abi, buf, size, ret);
}

static int print_file(void *ctx, const struct kho_luo_file *file)
{
	const struct decoded *decoded = ctx;
	struct kho_memfd memfd;
	int err = read_memfd(decoded->source, file, &memfd);

	printf("    token %llu, '", ULL(file->token));
	print_text(stdout, file->compatible, strnlen(file->compatible, sizeof(file->compatible)));
	printf("', data 0x%llx", ULL(file->data));
	if (!err)
		printf(": %llu bytes, %llu folios, position %llu, seals 0x%x", ULL(memfd.size),
		       ULL(memfd.nr_folios), ULL(memfd.pos), memfd.seals);
	else if (err != -KHO_ERR_ABI)
		printf(": %s", kho_strerror(err));
	putchar('\n');
	return 0;
}

static int print_flb(void *ctx, const struct kho_luo_flb *flb)
{
	(void)ctx;
	printf("  FLB        '");
	print_text(stdout, flb->name, strnlen(flb->name, sizeof(flb->name)));
	printf("', data 0x%llx, %llu files\n", ULL(flb->data), ULL(flb->count));
	return 0;
}

static void print_luo(const struct decoded *decoded, const struct kho_node *node)
{
	const struct kho_luo_visitor visitor = { print_session, print_file, print_flb, NULL,
						 (void *)(uintptr_t)decoded };
	struct kho_luo_info info;

	printf("  %s, live update %llu, %llu sessions, %llu files, %llu FLBs\n",
	       kho_luo_abi_name(decoded->luo.abi), ULL(decoded->luo.number),
	       ULL(decoded->luo.session_count), ULL(decoded->luo.file_count),
	       ULL(decoded->luo.flb_count));
	if (decoded->source->kind == SOURCE_LIVE)
		puts("  (a running kernel writes its sessions only while it shuts down)");
	kho_luo_walk(decoded->source->page_shift, &decoded->source->mem, node, &visitor, &info);
}

static void print_regions(const struct decoded *decoded)
{
	char size[SIZE_TEXT];

	for (size_t i = 0; i < decoded->region_count; i++) {
		const struct kho_region *r = &decoded->region[i];

		printf("  region     %-15s 0x%012llx-0x%012llx  %s\n", r->name, ULL(r->addr),
		       ULL(r->addr + r->size - 1), size_text(r->size, size));
	}
}

static void print_metadata(const struct decoded *decoded)
{
	printf("  previous kernel '");
	print_text(stdout, decoded->metadata.previous_release,
		   strlen(decoded->metadata.previous_release));
	printf("', handover %u of its chain\n", decoded->metadata.kexec_count);
}

static void print_bytes(const struct decoded_node *d, size_t offset)
{
	if (d->data.size <= offset)
		return;
	printf("  bytes      ");
	print_hex(stdout, d->data.data + offset, d->data.size - offset, RAW_SHOWN);
	putchar('\n');
}

static void print_contents(const struct decoded *decoded, const struct kho_node *node)
{
	const struct decoded_node *d = decoded_node(decoded, node);

	switch (d->kind) {
	case DECODED_MEMBLOCK:	print_regions(decoded); break;
	case DECODED_METADATA:	print_metadata(decoded); break;
	case DECODED_LUO:		print_luo(decoded, node); break;
	case DECODED_BLOB:
		printf("  blob of %zu bytes, wrapped in a device tree blob\n", d->blob_size);
		print_bytes(d, d->blob_offset);
		break;
	case DECODED_FDT:
		if (d->data.size == node->size)
			print_tree(d->data.data);
		break;
	case DECODED_RAW:
		print_bytes(d, 0);
		break;
	}
}

/* Without contents only the kernel's own nodes are known, by their names. */
static bool kind_known(const struct decoded_node *d)
{
	return !d->err || d->kind != DECODED_RAW;
}

/* Unknown properties may be worth a look. */
static void print_more(const struct decoded *decoded, const struct kho_node *node)
{
	int lines = 0;

	puts("  not all of its properties are known:");
	print_properties(decoded->source->fdt.data, decoded_node_offset(decoded, node), 13, &lines);
}

static void print_nodes(const struct decoded *decoded)
{
	for (size_t i = 0; i < decoded->root.node_count; i++) {
		const struct kho_node *node = &decoded->root.node[i];
		const struct decoded_node *d = &decoded->node[i];

		printf("node         %s, 0x%llx", node->name, ULL(node->addr));
		if (node->size)
			printf(", %llu bytes", ULL(node->size));
		if (kind_known(d))
			printf(", %s", decoded_kind_name(d->kind));
		putchar('\n');
		if (node->more)
			print_more(decoded, node);
		if (d->err && decoded->source->has_mem)
			printf("  not readable: %s\n", kho_strerror(d->err));
		else if (!d->err)
			print_contents(decoded, node);
	}
}

static void show_text(const struct decoded *decoded, bool all)
{
	print_root(decoded);
	print_map(decoded, all);
	print_scratch(decoded->source);
	print_nodes(decoded);
}

/* ---- JSON ------------------------------------------------------------------------ */

static void json_map(const struct decoded *decoded, json_object *o)
{
	const struct orders counts = orders_of(decoded);
	json_object *map = json_object_new_object(), *orders = json_object_new_array();
	json_object *ranges = json_object_new_array();

	json_add_u64(map, "addr", decoded->root.map);
	json_add_text(map, "error", map_problem(decoded));
	json_object_object_add(o, "map", map);
	if (decoded->map_err)
		return;
	json_add_u64(map, "bytes", ranges_total(&decoded->map_pages));
	for (unsigned int order = 0; order < ORDERS; order++) {
		json_object *entry;

		if (!counts.blocks[order])
			continue;
		entry = json_object_new_object();
		json_add_u64(entry, "order", order);
		json_add_u64(entry, "blocks", counts.blocks[order]);
		json_object_array_add(orders, entry);
	}
	for (size_t i = 0; i < decoded->preserved.count; i++)
		json_object_array_add(ranges, json_range(decoded->preserved.list[i].addr,
							 decoded->preserved.list[i].size));
	json_add_u64(o, "preserved_bytes", decoded->blocks.map.bytes);
	json_add_u64(o, "preserved_blocks", decoded->blocks.map.blocks);
	json_object_object_add(o, "orders", orders);
	json_object_object_add(o, "preserved", ranges);
}

static int json_session(void *ctx, const struct kho_luo_session *session)
{
	json_object *o = json_object_new_object();

	json_add_text(o, "name", session->name);
	json_object_object_add(o, "files", json_object_new_array());
	json_object_array_add(ctx, o);
	return 0;
}

static int json_file(void *ctx, const struct kho_luo_file *file)
{
	json_object *o = json_object_new_object();
	json_object *session = json_object_array_get_idx(ctx, json_object_array_length(ctx) - 1);

	json_add_text(o, "handler", file->compatible);
	json_add_u64(o, "token", file->token);
	json_add_u64(o, "data", file->data);
	json_object_array_add(json_object_object_get(session, "files"), o);
	return 0;
}

static void json_luo(const struct decoded *decoded, const struct kho_node *node, json_object *o)
{
	json_object *sessions = json_object_new_array();
	const struct kho_luo_visitor visitor = { json_session, json_file, NULL, NULL, sessions };
	struct kho_luo_info info;

	json_add_text(o, "version", kho_luo_abi_name(decoded->luo.abi));
	json_add_u64(o, "number", decoded->luo.number);
	json_add_u64(o, "flbs", decoded->luo.flb_count);
	kho_luo_walk(decoded->source->page_shift, &decoded->source->mem, node, &visitor, &info);
	json_object_object_add(o, "sessions", sessions);
}

static void json_regions(const struct decoded *decoded, json_object *o)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < decoded->region_count; i++) {
		json_object *region = json_range(decoded->region[i].addr, decoded->region[i].size);

		json_add_text(region, "name", decoded->region[i].name);
		json_object_array_add(list, region);
	}
	json_object_object_add(o, "regions", list);
}

static void json_contents(const struct decoded *decoded, const struct kho_node *node,
			  json_object *o)
{
	const struct decoded_node *d = decoded_node(decoded, node);

	switch (d->kind) {
	case DECODED_MEMBLOCK:
		json_regions(decoded, o);
		break;
	case DECODED_METADATA:
		json_add_text(o, "previous_release", decoded->metadata.previous_release);
		json_add_u64(o, "kexec_count", decoded->metadata.kexec_count);
		break;
	case DECODED_LUO:
		json_luo(decoded, node, o);
		break;
	case DECODED_BLOB:
		json_add_u64(o, "blob_size", d->blob_size);
		break;
	case DECODED_FDT:
	case DECODED_RAW:
		json_add_hex(o, "bytes", d->data.data, d->data.size, RAW_SHOWN);
		break;
	}
}

static json_object *json_nodes(const struct decoded *decoded)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < decoded->root.node_count; i++) {
		const struct kho_node *node = &decoded->root.node[i];
		json_object *o = json_range(node->addr, node->size);

		json_add_text(o, "name", node->name);
		json_add_text(o, "kind", kind_known(&decoded->node[i]) ?
					 decoded_kind_name(decoded->node[i].kind) : NULL);
		json_add_bool(o, "unknown_properties", node->more);
		json_add_text(o, "error", decoded->node[i].err ?
			      kho_strerror(decoded->node[i].err) : NULL);
		if (!decoded->node[i].err)
			json_contents(decoded, node, o);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *json_scratch(const struct source *s)
{
	json_object *list = json_object_new_array();
	char name[32];

	for (size_t i = 0; i < s->scratch_count; i++) {
		json_object *area = json_range(s->scratch[i].addr, s->scratch[i].size);

		json_add_text(area, "name", area_name(i, name));
		json_object_array_add(list, area);
	}
	return list;
}

static void show_json(const struct decoded *decoded)
{
	const struct source *s = decoded->source;
	json_object *o = json_object_new_object();

	json_add_text(o, "source", s->name);
	json_add_text(o, "abi", decoded_abi_label(decoded));
	json_object_object_add(o, "root", s->has_addr ? json_object_new_uint64(s->fdt_addr) : NULL);
	json_add_u64(o, "root_size", s->fdt.size);
	json_add_u64(o, "incomplete_nodes", decoded->root.incomplete);
	json_map(decoded, o);
	json_object_object_add(o, "scratch", s->has_scratch ? json_scratch(s) : NULL);
	json_object_object_add(o, "nodes", json_nodes(decoded));
	json_finish(o);
}

int cmd_show(const struct tool_options *options)
{
	struct opened *h;
	int code = tool_open(options, 0, false, &h);

	if (h && h->decoded.root_err) {
		code = TOOL_FAILED;
		error("%s: the root FDT cannot be read: %s; 'kho-fdt check' says more", h->source.name,
		      kho_strerror(h->decoded.root_err));
	} else if (h) {
		if (options->json)
			show_json(&h->decoded);
		else
			show_text(&h->decoded, options->all);
	}
	tool_close(h);
	return code;
}
