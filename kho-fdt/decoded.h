/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One handover, decoded as far as possible: what cannot be decoded is kept as an error beside
 * the rest. Pure except for the memory it allocates; reads through the source's callback.
 */
#ifndef KHO_FDT_DECODED_H
#define KHO_FDT_DECODED_H

#include "blocks.h"
#include "source.h"

#define DECODED_DATA_MAX	(1u << 20)	/* bytes of a node's data that are kept */

enum decoded_kind {
	DECODED_RAW,			/* bytes in no known form */
	DECODED_MEMBLOCK,
	DECODED_METADATA,
	DECODED_LUO,
	DECODED_FDT,			/* some other device tree blob */
	DECODED_BLOB,			/* a blob wrapped in an FDT: "kho-blob-v1" */
};

struct decoded_node {
	enum decoded_kind kind;
	int err;			/* why the contents cannot be decoded; 0: they could be */
	struct buffer data;		/* the first bytes, or all of them */
	size_t blob_offset, blob_size;	/* DECODED_BLOB: in the node's data */
};

struct decoded {
	const struct source *source;
	int root_err;			/* of the root FDT; nothing else is filled in then */
	struct kho_root root;
	struct decoded_node node[KHO_ROOT_NODES_MAX];	/* of root.node[], in its order */
	/* Map of preserved memory. */
	int map_err;			/* 0: the whole map was read */
	bool form_unknown;		/* kho-v1 whose form is unknown */
	struct blocks blocks;
	struct ranges preserved;	/* the same, merged */
	struct ranges map_pages;
	/* Contents of the kernel's own nodes; valid if the node's err is 0. */
	struct kho_region region[KHO_REGIONS_MAX];
	size_t region_count;
	struct kho_metadata metadata;
	struct kho_luo_info luo;
};

/* Bytes of a page, and of a block, of the kernel that hands over. */
static inline uint64_t decoded_page_size(const struct decoded *decoded)
{
	return 1ull << decoded->source->page_shift;
}

static inline uint64_t decoded_block_size(const struct decoded *decoded, unsigned int order)
{
	return decoded_page_size(decoded) << order;
}

/*
 * Decode SOURCE, which must outlive RET. 0; -1 after a message if there is no
 * memory for it. Release with decoded_free() in both cases.
 */
int decoded_read(const struct source *source, struct decoded *ret);
void decoded_free(struct decoded *decoded);

/*
 * As decoded_read(), for verbs that need a root and a map: it is an error, with a message, if
 * these cannot be read.
 */
int decoded_read_whole(const struct source *source, struct decoded *ret);

/* The decoded_node of NODE, which is one of decoded->root.node[]. */
const struct decoded_node *decoded_node(const struct decoded *decoded, const struct kho_node *node);

/* The offset of NODE, which is one of decoded->root.node[], in the source's root FDT. */
int decoded_node_offset(const struct decoded *decoded, const struct kho_node *node);

/* Does BUF hold a sound FDT that is safe for libfdt? */
bool decoded_fdt_valid(const void *buf, size_t size);

/* "memblock", "blob", "raw" ...; for people and JSON. */
const char *decoded_kind_name(enum decoded_kind kind);

/* "kho-v1/512"; "kho-v1" if the form is not known; "unknown". Never NULL. */
const char *decoded_abi_label(const struct decoded *decoded);

/*
 * Memory that belongs to the handover and not to a client: root FDT and nodes' data, in whole
 * pages, and blocks of LUO. Translation moves it. 0, or -KHO_ERR_NOSPACE.
 */
int decoded_own_pages(const struct decoded *decoded, struct ranges *ret);

#endif
