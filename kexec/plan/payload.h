/* SPDX-License-Identifier: GPL-2.0-only */
/* The handover payload: layout and contents. Pure; see kho-handover.h. */
#ifndef KEXEC_PAYLOAD_H
#define KEXEC_PAYLOAD_H

#include "handover.h"
#include "react.h"
#include "table.h"

/* Data of a blob's node: the blob, or an FDT around it. */
struct blob_layout {
	uint64_t offset, size;
};

/* Offsets and sizes inside the payload; 0 where a part is absent. */
struct payload_layout {
	uint64_t table, table_size;
	uint64_t items;
	uint64_t scratch;
	uint64_t fdt, fdt_size;		/* root FDT, unless handed on in place */
	uint64_t map, map_size;		/* only with MAP_OWN */
	uint64_t memblock;
	uint64_t metadata;
	uint64_t core_end;		/* end of what entry "handover" covers */
	struct blob_layout blob[BLOBS_MAX];	/* in the handover's order */
	uint64_t size;
};

/*
 * Lay the payload out. TABLE_SIZE: bytes kept for the verification table. 0, or -1 after a
 * message.
 */
int payload_plan(const struct handover *handover, uint64_t table_size, struct payload_layout *ret);

/* Address and size of the root FDT if the payload is at ADDR. */
uint64_t payload_fdt_addr(const struct handover *handover, const struct payload_layout *layout,
			  uint64_t addr);
uint64_t payload_fdt_size(const struct payload_layout *layout);

/*
 * Fill BUF of layout->size zeroed bytes for physical address ADDR, except the blobs, the
 * verification table and "next" of the setup_data header. 0, or -1 after a message.
 */
int payload_build(const struct handover *handover, const struct machine *machine,
		  const struct payload_layout *layout, uint64_t addr, void *buf);

/*
 * Fill in blob INDEX and its item. After that the caller may free the handover's copy: the
 * next steps do not read it. 0, or -1 after a message.
 */
int payload_put_blob(const struct handover *handover, const struct payload_layout *layout,
		     size_t index, uint64_t addr, void *buf);

/* Tell purgatory where to report, and how to take away the payload at ADDR. */
void payload_cut(const struct payload_layout *layout, uint64_t addr, struct kho_react_params *ret);

/* Add the payload's own header to TABLE. 0, or -1 (full). */
int payload_verify_header(uint64_t addr, const void *buf, struct table *table);

/* Add the payload's other parts and the preserved regions to TABLE. 0, or -1 (full). */
int payload_verify(const struct handover *handover, const struct payload_layout *layout,
		   uint64_t addr, const void *buf, struct table *table);

#endif
