/* SPDX-License-Identifier: GPL-2.0-only */
/* A KHO segment that is changed and given to the kernel; see segfuzz.c. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdbool.h>

#include "../../../include/kho-handover.h"
#include "guest.h"

#define KEXEC_FILE_UNLOAD	0x1ul
#define KEXEC_FILE_ON_CRASH	0x2ul
#define KEXEC_FILE_KHO		0x40ul
#define SEGMENT_MAX		(1ul << 20)

/*
 * The file is a memfd and mapped: "at" is what the kernel reads. The pointers lead into
 * it and hold as long as the file is not shorter than what they point to.
 */
struct segment {
	unsigned char *at;
	size_t size;
	int fd;
	unsigned char *valid;		/* as kexec made it */
	size_t valid_size;
	struct kho_setup_data *header;
	struct kho_payload *payload;
	struct kho_item *item;
	struct kho_table *table;
	struct kho_entry *entry;
	uint32_t *digest;
	uint64_t *scratch;		/* pairs of address and size */
};

/* segment.c */
void segment_open(struct segment *s, const char *path);
void segment_resize(struct segment *s, size_t size);
void segment_restore(struct segment *s);
/* Make lengths, digests of what lies in the segment and the table's checksum right. */
void segment_repair(struct segment *s);
/* Leave the kernel's entries no room in the table, which is seen when the image is placed. */
void segment_fill_table(struct segment *s);
/* Make the segment longer by whole pages; returns their offset. */
uint64_t segment_append(struct segment *s, unsigned int pages);
/* kexec_file_load; returns 0 or errno. */
int segment_load(int kernel, int segment, unsigned long flags);
/* A file that no loader takes for a kernel. */
int segment_no_kernel(void);
int segment_loaded(void);
/* Where address PHYS of the segment is in the file. */
void *segment_phys(const struct segment *s, uint64_t phys);
void crc32c_init(void);
uint32_t crc32c(const void *buf, size_t size);

/* segtree.c: the two kinds of device tree that a segment has. */
#define TREE_NODES	24

enum {
	ODD_NO_COMPATIBLE = 1,
	ODD_NO_FIRST = 2,
	ODD_SHORT_FIRST = 4,
	ODD_NO_SECOND = 8,
	ODD_LONG_SECOND = 16,
	ODD_NO_END = 32,
};

struct tree_node {
	char name[KHO_NAME_MAX];
	uint64_t first;			/* preserved-data, or start */
	uint64_t second;		/* blob-size, or size */
	unsigned int odd;
};

struct tree {
	bool memblock;			/* or the root FDT */
	char compatible[16];
	uint64_t map;
	unsigned int odd;		/* of the root; its map is "first" */
	unsigned int count;
	struct tree_node node[TREE_NODES];
};

void tree_read(struct tree *tree, const void *fdt, bool memblock);
struct tree_node *tree_find(struct tree *tree, const char *name);
struct tree_node *tree_add(struct tree *tree, const char *name, uint64_t first, uint64_t second);
/* At most a page; returns the size. */
size_t tree_write(const struct tree *tree, void *to);

/* segmade.c, segmutate.c, segfail.c */
int segfuzz_made(const char *segment, const char *kernel);
/* KERNEL NULL: one that is none, so that nothing is loaded. */
int segfuzz_mutate(const char *segment, const char *kernel, uint64_t count, uint64_t seed,
		   uint64_t first);
int segfuzz_failnth(const char *segment, const char *kernel, bool refused);

#endif
