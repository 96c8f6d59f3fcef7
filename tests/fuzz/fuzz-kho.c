// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for libkho: the first byte chooses the reader, the others
 * are its input. What is read must come back the same from the writer.
 */
#include <string.h>

#include "fuzz.h"
#include "kho.h"

/* Device tree blobs are to be aligned; reads past SIZE are to be seen. */
static void *copy_of(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	must(copy != NULL);
	memcpy(copy, data, size);
	return copy;
}

/* Memory is the input over and over, so that a root FDT can be its own node. */
struct memory {
	const uint8_t *data;
	size_t size;
};

static int mem_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct memory *m = ctx;

	addr %= m->size;
	if (size > m->size - addr)
		return -1;
	memcpy(buf, m->data + addr, size);
	return 0;
}

static void check_sizes(struct kho_root *root, const uint8_t *data, size_t size)
{
	struct memory m = { data, size };
	const struct kho_mem mem = { mem_read, &m };
	const struct kho_node *bad = NULL;
	int err = kho_root_sizes(root, &mem, &bad);

	must(!err == !bad);
	for (size_t i = 0; i < root->node_count && &root->node[i] != bad; i++)
		must((root->node[i].size || kho_abi_sized(root->abi)) &&
		     root->node[i].size <= UINT64_MAX - root->node[i].addr);
}

/*
 * A root FDT written for ABI must read back the same, with sizes if the ABI has them; FROM, if
 * it is not NULL, adds what libkho does not know.
 */
static void check_written(struct kho_root *root, enum kho_abi abi, const void *from, size_t from_size)
{
	static _Alignas(8) unsigned char buf[65536];
	static struct kho_root back;

	memset(&back, 0xee, sizeof(back));
	root->abi = abi;
	must(!kho_root_rewrite(root, from, from_size, buf, sizeof(buf)));
	must(!kho_root_read(buf, sizeof(buf), &back));
	for (size_t i = 0; i < root->node_count; i++) {
		must(from || !back.node[i].more);
		back.node[i].more = root->node[i].more;
	}
	if (abi == KHO_ABI_V1_512)
		back.abi = abi;
	if (!kho_abi_sized(abi))
		for (size_t i = 0; i < root->node_count; i++)
			root->node[i].size = 0;
	must(!memcmp(root, &back, sizeof(*root)));
}

static void fuzz_root(const uint8_t *data, size_t size)
{
	static struct kho_root root;
	void *copy = copy_of(data, size);

	if (!kho_root_read(copy, size, &root)) {
		must(root.node_count <= KHO_ROOT_NODES_MAX);
		must(root.map || !kho_abi_radix(root.abi));
		check_sizes(&root, data, size);
		root.incomplete = 0;
		root.map |= 4096;
		for (enum kho_abi abi = KHO_ABI_V4; abi > KHO_ABI_UNKNOWN; abi--)
			check_written(&root, abi, NULL, 0);
		for (enum kho_abi abi = KHO_ABI_V4; abi > KHO_ABI_UNKNOWN; abi--)
			check_written(&root, abi, copy, size);
	}
	free(copy);
}

/* The kernel names regions more freely than kexec would. */
static void fuzz_memblock(const uint8_t *data, size_t size)
{
	struct kho_region region[KHO_REGIONS_MAX], back[KHO_REGIONS_MAX];
	_Alignas(8) unsigned char buf[4096];
	size_t count, back_count;
	void *copy = copy_of(data, size);

	if (!kho_memblock_read(copy, size, region, &count)) {
		must(count <= KHO_REGIONS_MAX);
		for (size_t i = 0; i < count; i++)
			must(strnlen(region[i].name, KHO_REGION_NAME_MAX) < KHO_REGION_NAME_MAX &&
			     region[i].size && region[i].addr + region[i].size > region[i].addr);
		if (!kho_memblock_write(region, count, buf, sizeof(buf))) {
			must(!kho_memblock_read(buf, sizeof(buf), back, &back_count));
			must(back_count == count &&
			     !memcmp(region, back, count * sizeof(region[0])));
		}
	}
	free(copy);
}

static void fuzz_metadata(const uint8_t *data, size_t size)
{
	struct kho_metadata meta, back;
	unsigned char buf[KHO_METADATA_SIZE];
	void *copy = copy_of(data, size);

	if (!kho_metadata_read(copy, size, &meta)) {
		must(size >= KHO_METADATA_SIZE);
		kho_metadata_write(&meta, buf);
		must(!kho_metadata_read(buf, sizeof(buf), &back));
		must(!strcmp(meta.previous_release, back.previous_release) &&
		     meta.kexec_count == back.kexec_count);
	}
	free(copy);
}

static void fuzz_blob(const uint8_t *data, size_t size)
{
	size_t offset, data_size, again_offset, again_size;
	unsigned char *copy = copy_of(data, size), *again;

	if (!kho_blob_unwrap(copy, size, &offset, &data_size)) {
		must(offset <= size && data_size <= size - offset);
		size = kho_blob_wrapped_size(data_size);
		again = malloc(size);
		must(again != NULL && !kho_blob_wrap(again, size, data_size, &again_offset));
		memcpy(again + again_offset, copy + offset, data_size);
		must(!kho_blob_unwrap(again, size, &offset, &again_size));
		must(offset == again_offset && again_size == data_size);
		free(again);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const target[])(const uint8_t *, size_t) = {
		fuzz_root, fuzz_memblock, fuzz_metadata, fuzz_blob,
	};

	if (size)
		target[data[0] % 4](data + 1, size - 1);
	return 0;
}
