/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layouts of live update data, each number written once; internal to libkho.
 * From include/linux/kho/abi/luo.h, block.h, memfd.h and kexec_handover.h, and the
 * limits from kernel/liveupdate/luo_*.c and kho_block.c, of Linux 6.19 to 7.3.
 */
#ifndef KHO_LUO_ABI_H
#define KHO_LUO_ABI_H

#include "abi.h"

/* struct memfd_luo_ser. */
#define MEMFD_OFF_POS			0
#define MEMFD_OFF_SIZE			8
#define MEMFD_V1_OFF_COUNT		16
#define MEMFD_V1_OFF_FOLIOS		24
#define MEMFD_V1_SIZE			40
#define MEMFD_V2_OFF_SEALS		16
#define MEMFD_V2_OFF_FLAGS		20
#define MEMFD_V2_OFF_COUNT		24
#define MEMFD_V2_OFF_FOLIOS		32
#define MEMFD_V2_SIZE			48

/* struct memfd_luo_folio_ser: a frame number with flags above it, and an index. */
#define FOLIO_SIZE			16
#define FOLIO_PFN_BITS			52
#define FOLIO_OFF_INDEX			8

/* struct kho_vmalloc, and the link at the start of a chunk. */
#define VMALLOC_OFF_FIRST		0
#define VMALLOC_OFF_PAGES		8
#define VMALLOC_OFF_FLAGS		12
#define VMALLOC_OFF_ORDER		14
#define VMALLOC_CHUNK_HEADER		8
#define VMALLOC_ORDER_MAX		31	/* of a number of pages of 32 bits */

/*
 * Brent's search for a circle in a list of addresses. Zeroed it is ready for the
 * first one.
 */
struct kho_chain_ {
	uint64_t mark;
	uint64_t steps, stride;
};

/* Whether a list that goes on to ADDR, which is not 0, has closed. */
static inline bool kho_chain_closes_(struct kho_chain_ *chain, uint64_t addr)
{
	if (addr == chain->mark)
		return true;
	if (chain->steps++ == chain->stride) {
		chain->mark = addr;
		chain->stride = chain->stride * 2 + 1;
		chain->steps = 0;
	}
	return false;
}

static inline uint64_t kho_page_size_(unsigned int page_shift)
{
	return 1ull << page_shift;
}

#endif
