/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root FDT: which ABI, where the map is, which nodes there are. */
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

	if (!kho_node_name_valid(name))
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

/* Read after read_node() has found an address; 0 if this ABI tells none. */
static int read_size(const void *fdt, int offset, const struct kho_abi_info *info, uint64_t *ret)
{
	*ret = 0;
	return info->size_prop ? kho_prop_u64_(fdt, offset, info->size_prop, ret) : 0;
}

static int read_node(const void *fdt, int offset, const struct kho_abi_info *info,
		     struct kho_root *root)
{
	const char *name = fdt_get_name(fdt, offset, NULL);
	uint64_t addr, size;

	if (!name)
		return -KHO_ERR_BADFDT;
	if (!fdt_getprop(fdt, offset, info->addr_prop, NULL)) {
		root->incomplete++;
		return 0;
	}
	if (kho_prop_u64_(fdt, offset, info->addr_prop, &addr) || !addr ||
	    read_size(fdt, offset, info, &size) || size > UINT64_MAX - addr)
		return -KHO_ERR_BADNODE;
	if (!kho_node_name_valid(name))
		return -KHO_ERR_BADNODE;
	return kho_root_add(root, name, addr, size);
}

int kho_root_read(const void *buf, size_t size, struct kho_root *ret)
{
	const struct kho_abi_info *info;
	struct kho_root root = { 0 };
	int node, err;

	err = kho_fdt_check(buf, size);
	if (err)
		return err;
	root.abi = root_abi(buf);
	info = kho_abi_info_(root.abi);
	if (!info)
		return -KHO_ERR_ABI;
	if (kho_prop_u64_(buf, 0, KHO_PROP_MAP, &root.map) || (info->radix && !root.map))
		return -KHO_ERR_BADNODE;
	fdt_for_each_subnode(node, buf, 0) {
		err = read_node(buf, node, info, &root);
		if (err)
			return err;
	}
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

static int write_node(void *fdt, const struct kho_abi_info *info, const struct kho_node *node)
{
	int err = fdt_begin_node(fdt, node->name);

	if (!err)
		err = fdt_property(fdt, info->addr_prop, &node->addr, sizeof(node->addr));
	if (!err && info->size_prop)
		err = fdt_property(fdt, info->size_prop, &node->size, sizeof(node->size));
	if (!err)
		err = fdt_end_node(fdt);
	return err;
}

static int write_tree(const struct kho_root *root, const struct kho_abi_info *info, void *fdt,
		      int size)
{
	int err = fdt_create(fdt, size);

	if (!err)
		err = fdt_finish_reservemap(fdt);
	if (!err)
		err = fdt_begin_node(fdt, "");
	if (!err)
		err = fdt_property_string(fdt, KHO_PROP_COMPATIBLE, info->compatible);
	if (!err)
		err = fdt_property(fdt, KHO_PROP_MAP, &root->map, sizeof(root->map));
	for (size_t i = 0; !err && i < root->node_count; i++)
		err = write_node(fdt, info, &root->node[i]);
	if (!err)
		err = fdt_end_node(fdt);
	if (!err)
		err = fdt_finish(fdt);
	return err;
}

/* Names first: a search may then rely on each having its NUL. */
static int check_nodes(const struct kho_root *root)
{
	for (size_t i = 0; i < root->node_count; i++) {
		if (!kho_node_name_valid(root->node[i].name))
			return -KHO_ERR_INVAL;
		if (kho_root_find(root, root->node[i].name) != &root->node[i])
			return -KHO_ERR_EXISTS;
	}
	return 0;
}

int kho_root_write(const struct kho_root *root, void *buf, size_t size)
{
	const struct kho_abi_info *info = kho_abi_info_(root->abi);
	int err;

	if (!info)
		return -KHO_ERR_ABI;
	if (!root->map || root->node_count > KHO_ROOT_NODES_MAX)
		return -KHO_ERR_INVAL;
	if (size > KHO_EARLY_MAP_MAX)
		return -KHO_ERR_LIMIT;
	err = check_nodes(root);
	if (err)
		return err;
	err = write_tree(root, info, buf, (int)size);
	if (!err)
		err = fdt_open_into(buf, buf, (int)size);
	return kho_fdt_write_error_(err);
}
