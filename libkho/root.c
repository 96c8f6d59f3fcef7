/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root FDT: which ABI it has, where the map is, and which nodes there are. */
#include <string.h>

#include <libfdt.h>

#include "abi.h"

bool kho_node_name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789,._+-";
	size_t len = strnlen(name, KHO_NODE_NAME_MAX);

	return len > 0 && len < KHO_NODE_NAME_MAX && strspn(name, allowed) == len &&
	       strcmp(name, ".") && strcmp(name, "..");
}

/* Can each part of "a/b/c" name a node, and are there not too many? */
static bool path_valid(const char *path)
{
	size_t len = strnlen(path, KHO_NODE_NAME_MAX), from = 0;
	char part[KHO_NODE_NAME_MAX];

	if (len == KHO_NODE_NAME_MAX)
		return false;
	for (int depth = 0; depth < KHO_ROOT_DEPTH_MAX; depth++) {
		size_t n = strcspn(path + from, "/");

		memcpy(part, path + from, n);
		part[n] = '\0';
		if (!kho_node_name_valid(part))
			return false;
		from += n + 1;
		if (from > len)
			return true;
	}
	return false;
}

bool kho_node_within(const char *name, const char *top)
{
	size_t len = strlen(top);

	return !strncmp(name, top, len) && (!name[len] || name[len] == '/');
}

const struct kho_node *kho_root_find(const struct kho_root *root, const char *name)
{
	for (size_t i = 0; i < root->node_count; i++)
		if (!strcmp(root->node[i].name, name))
			return &root->node[i];
	return NULL;
}

int kho_root_add(struct kho_root *root, const char *name, uint64_t addr, uint64_t size)
{
	struct kho_node *node;

	if (!path_valid(name))
		return -KHO_ERR_INVAL;
	if (kho_root_find(root, name))
		return -KHO_ERR_EXISTS;
	if (root->node_count >= KHO_ROOT_NODES_MAX)
		return -KHO_ERR_LIMIT;
	node = &root->node[root->node_count++];
	memset(node, 0, sizeof(*node));
	memcpy(node->name, name, strlen(name));
	node->addr = addr;
	node->size = size;
	return 0;
}

static enum kho_abi root_abi(const void *fdt)
{
	int len;
	const char *prop = fdt_getprop(fdt, 0, KHO_PROP_COMPATIBLE, &len);

	if (!prop || len < 1 || prop[len - 1])
		return KHO_ABI_UNKNOWN;
	return kho_abi_from_name(prop);
}

/* Read after read_node() has found an address; 0 if this ABI has no sizes. */
static int read_size(const void *fdt, int offset, const struct kho_abi_info *info, uint64_t *ret)
{
	*ret = 0;
	return info->size_prop ? kho_prop_u64_(fdt, offset, info->size_prop, ret) : 0;
}

/* Does the ABI of INFO give PROP a meaning, in the root node or in another node? */
static bool prop_known(const struct kho_abi_info *info, bool is_root, const char *prop)
{
	if (is_root)
		return !strcmp(prop, KHO_PROP_COMPATIBLE) || !strcmp(prop, KHO_PROP_MAP);
	return !strcmp(prop, info->addr_prop) || (info->size_prop && !strcmp(prop, info->size_prop));
}

static bool has_more(const void *fdt, int offset, const struct kho_abi_info *info)
{
	const char *name;
	int prop;

	fdt_for_each_property_offset(prop, fdt, offset)
		if (fdt_getprop_by_offset(fdt, prop, &name, NULL) && !prop_known(info, false, name))
			return true;
	return false;
}

static int read_data(const void *fdt, int offset, const struct kho_abi_info *info, const char *path,
		     struct kho_root *root)
{
	uint64_t addr, size;
	int err;

	if (kho_prop_u64_(fdt, offset, info->addr_prop, &addr) || !addr ||
	    read_size(fdt, offset, info, &size) || size > UINT64_MAX - addr)
		return -KHO_ERR_BADNODE;
	err = kho_root_add(root, path, addr, size);
	if (!err)
		root->node[root->node_count - 1].more = has_more(fdt, offset, info);
	return err;
}

/* The path of the node NAME below PARENT, which is "" for the root. */
static int make_path(const char *parent, const char *name, char path[KHO_NODE_NAME_MAX])
{
	if (!kho_node_name_valid(name))
		return -KHO_ERR_BADNODE;
	if (strlen(parent) + 1 + strlen(name) >= KHO_NODE_NAME_MAX && *parent)
		return -KHO_ERR_LIMIT;
	path[0] = '\0';
	if (*parent)
		strcat(strcpy(path, parent), "/");
	strcat(path, name);
	return 0;
}

static int read_nodes(const void *fdt, int parent, const struct kho_abi_info *info, const char *parent_path,
		      int depth, struct kho_root *root);

static int read_node(const void *fdt, int parent, int offset, const struct kho_abi_info *info,
		     const char *parent_path, int depth, struct kho_root *root)
{
	const char *name = fdt_get_name(fdt, offset, NULL);
	bool has_data = fdt_getprop(fdt, offset, info->addr_prop, NULL);
	bool has_nodes = fdt_first_subnode(fdt, offset) >= 0;
	char path[KHO_NODE_NAME_MAX];
	int err;

	if (!name)
		return -KHO_ERR_BADFDT;
	if (!has_data && !has_nodes) {
		root->incomplete++;
		return 0;
	}
	err = make_path(parent_path, name, path);
	/*
	 * Of two nodes that share a name, one may have the data and the other the nodes below
	 * it.
	 */
	if (!err && fdt_subnode_offset(fdt, parent, name) != offset)
		err = -KHO_ERR_EXISTS;
	if (!err && has_data)
		err = read_data(fdt, offset, info, path, root);
	if (err || !has_nodes)
		return err;
	return read_nodes(fdt, offset, info, path, depth + 1, root);
}

static int read_nodes(const void *fdt, int parent, const struct kho_abi_info *info, const char *parent_path,
		      int depth, struct kho_root *root)
{
	int node, err = depth > KHO_ROOT_DEPTH_MAX ? -KHO_ERR_LIMIT : 0;

	if (err)
		return err;
	fdt_for_each_subnode(node, fdt, parent) {
		err = read_node(fdt, parent, node, info, parent_path, depth, root);
		if (err)
			return err;
	}
	return 0;
}

int kho_root_read(const void *buf, size_t size, struct kho_root *ret)
{
	const struct kho_abi_info *info;
	struct kho_root root = { 0 };
	int err;

	err = kho_fdt_check(buf, size);
	if (err)
		return err;
	root.abi = root_abi(buf);
	info = kho_abi_info_(root.abi);
	if (!info)
		return -KHO_ERR_ABI;
	if (kho_prop_u64_(buf, 0, KHO_PROP_MAP, &root.map) || (info->radix && !root.map))
		return -KHO_ERR_BADNODE;
	err = read_nodes(buf, 0, info, "", 1, &root);
	if (err)
		return err;
	*ret = root;
	return 0;
}

/* The total size of the FDT at ADDR, by its header. */
static int read_fdt_size(const struct kho_mem *mem, uint64_t addr, uint64_t *ret)
{
	struct fdt_header header;
	uint32_t size;

	if (mem->read(mem->ctx, addr, &header, sizeof(header)))
		return -KHO_ERR_READ;
	size = fdt_totalsize(&header);
	if (fdt_magic(&header) != FDT_MAGIC || size < sizeof(header) || size > INT32_MAX ||
	    size > UINT64_MAX - addr)
		return -KHO_ERR_BADNODE;
	*ret = size;
	return 0;
}

int kho_root_sizes(struct kho_root *root, const struct kho_mem *mem,
		   const struct kho_node **ret_node)
{
	for (size_t i = 0; !kho_abi_sized(root->abi) && i < root->node_count; i++) {
		struct kho_node *node = &root->node[i];
		int err = node->size ? 0 : read_fdt_size(mem, node->addr, &node->size);

		if (!err)
			continue;
		if (ret_node)
			*ret_node = node;
		return err;
	}
	return 0;
}

struct writer {
	const struct kho_root *root;
	const struct kho_abi_info *info;
	const void *from;		/* NULL: there is none */
	const struct kho_abi_info *from_info;
	void *fdt;
};

/* The unknown properties of node PATH, "" for the root, in the old FDT. */
static int copy_properties(const struct writer *w, const char *path)
{
	char full[KHO_NODE_NAME_MAX + 1] = "/";
	int prop, offset, len, err = 0;
	const char *name;
	const void *value;

	offset = w->from ? fdt_path_offset(w->from, strcat(full, path)) : -1;
	if (offset < 0)
		return 0;
	fdt_for_each_property_offset(prop, w->from, offset) {
		value = fdt_getprop_by_offset(w->from, prop, &name, &len);
		if (!value || prop_known(w->info, !*path, name) || prop_known(w->from_info, !*path, name))
			continue;
		err = fdt_property(w->fdt, name, value, len);
		if (err)
			break;
	}
	return err;
}

static int write_data(const struct writer *w, const struct kho_node *node)
{
	int err = fdt_property(w->fdt, w->info->addr_prop, &node->addr, sizeof(node->addr));

	if (!err && w->info->size_prop)
		err = fdt_property(w->fdt, w->info->size_prop, &node->size, sizeof(node->size));
	return err;
}

static int write_nodes(const struct writer *w, const char *parent);

static int write_node(const struct writer *w, const char *path)
{
	const struct kho_node *node = kho_root_find(w->root, path);
	const char *slash = strrchr(path, '/');
	int err = fdt_begin_node(w->fdt, slash ? slash + 1 : path);

	if (!err && node)
		err = write_data(w, node);
	if (!err)
		err = copy_properties(w, path);
	if (!err)
		err = write_nodes(w, path);
	return err ? err : fdt_end_node(w->fdt);
}

/*
 * The node right below PARENT, "" for the root, that is NODE or a parent of it. False: NODE is
 * elsewhere.
 */
static bool child_of(const struct kho_node *node, const char *parent, char path[KHO_NODE_NAME_MAX])
{
	size_t len = strlen(parent);

	if (len && (!kho_node_within(node->name, parent) || !node->name[len]))
		return false;
	len += len ? 1 : 0;
	len += strcspn(node->name + len, "/");
	memcpy(path, node->name, len);
	path[len] = '\0';
	return true;
}

/* Each node right below PARENT, at the first node that is it or lies below it. */
static int write_nodes(const struct writer *w, const char *parent)
{
	char path[KHO_NODE_NAME_MAX];
	int err = 0;

	for (size_t i = 0; !err && i < w->root->node_count; i++) {
		size_t first = 0;

		if (!child_of(&w->root->node[i], parent, path))
			continue;
		while (!kho_node_within(w->root->node[first].name, path))
			first++;
		if (first == i)
			err = write_node(w, path);
	}
	return err;
}

static int write_tree(const struct writer *w, int size)
{
	int err = fdt_create(w->fdt, size);

	if (!err)
		err = fdt_finish_reservemap(w->fdt);
	if (!err)
		err = fdt_begin_node(w->fdt, "");
	if (!err)
		err = fdt_property_string(w->fdt, KHO_PROP_COMPATIBLE, w->info->compatible);
	if (!err)
		err = fdt_property(w->fdt, KHO_PROP_MAP, &w->root->map, sizeof(w->root->map));
	if (!err)
		err = copy_properties(w, "");
	if (!err)
		err = write_nodes(w, "");
	if (!err)
		err = fdt_end_node(w->fdt);
	if (!err)
		err = fdt_finish(w->fdt);
	return err;
}

/* Names first, so that a search can rely on the NUL of each. */
static int check_nodes(const struct kho_root *root)
{
	for (size_t i = 0; i < root->node_count; i++) {
		if (!path_valid(root->node[i].name))
			return -KHO_ERR_INVAL;
		if (kho_root_find(root, root->node[i].name) != &root->node[i])
			return -KHO_ERR_EXISTS;
	}
	return 0;
}

/* What to copy from, if that is a root FDT. */
static int check_from(struct writer *w, const void *from, size_t size)
{
	int err = kho_fdt_check(from, size);

	if (err)
		return err;
	w->from = from;
	w->from_info = kho_abi_info_(root_abi(from));
	return w->from_info ? 0 : -KHO_ERR_ABI;
}

int kho_root_rewrite(const struct kho_root *root, const void *from, size_t from_size, void *buf,
		     size_t size)
{
	struct writer w = { .root = root, .info = kho_abi_info_(root->abi), .fdt = buf };
	int err;

	if (!w.info)
		return -KHO_ERR_ABI;
	if (!root->map || root->node_count > KHO_ROOT_NODES_MAX)
		return -KHO_ERR_INVAL;
	if (size > KHO_EARLY_MAP_MAX)
		return -KHO_ERR_LIMIT;
	err = check_nodes(root);
	if (!err && from)
		err = check_from(&w, from, from_size);
	if (err)
		return err;
	err = write_tree(&w, (int)size);
	if (!err)
		err = fdt_open_into(buf, buf, (int)size);
	return kho_fdt_write_error_(err);
}

int kho_root_write(const struct kho_root *root, void *buf, size_t size)
{
	return kho_root_rewrite(root, NULL, 0, buf, size);
}
