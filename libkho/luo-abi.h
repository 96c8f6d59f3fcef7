/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layouts of live update data, each number written once; internal to libkho.
 * From include/linux/kho/abi/luo.h, block.h, memfd.h and kexec_handover.h, and the
 * limits from kernel/liveupdate/luo_*.c and kho_block.c, of Linux 6.19 to 7.3.
 */
#ifndef KHO_LUO_ABI_H
#define KHO_LUO_ABI_H

#include "abi.h"

/* luo-v1: an FDT. */
#define LUO_V1_PROP_NUMBER		"liveupdate-number"
#define LUO_V1_SESSION_NODE		"luo-session"
#define LUO_V1_SESSION_COMPATIBLE	"luo-session-v2"
#define LUO_V1_SESSION_PROP		"luo-session-header"
#define LUO_V1_FLB_NODE			"luo-flb"
#define LUO_V1_FLB_COMPATIBLE		"luo-flb-v1"
#define LUO_V1_FLB_PROP			"luo-flb-header"
#define LUO_V1_FDT_MAX			4096	/* the smallest page; kernels need 300 bytes */
#define LUO_V1_SESSION_ORDER		4	/* LUO_SESSION_PGCNT */
#define LUO_V1_FILE_ORDER		1	/* LUO_FILE_PGCNT */
#define LUO_V1_SESSION_HEADER		8	/* struct luo_session_header_ser: u64 count */

/* luo-v5: struct luo_ser. */
#define LUO_V5_SIZE			32
#define LUO_V5_OFF_NUMBER		8
#define LUO_V5_OFF_SESSIONS		16
#define LUO_V5_OFF_FLBS			24
#define LUO_V5_BLOCKS_MAX		10000	/* KHO_MAX_BLOCKS, of one list */

/* struct kho_block_header_ser: one page of a list. */
#define LUO_BLOCK_HEADER		16
#define LUO_BLOCK_OFF_NEXT		0
#define LUO_BLOCK_OFF_COUNT		8

/* struct luo_flb_header_ser, in both. */
#define LUO_FLB_HEADER			16
#define LUO_FLB_HEADER_OFF_PAGES	0
#define LUO_FLB_HEADER_OFF_COUNT	8
#define LUO_FLB_PAGES			1	/* LUO_FLB_PGCNT */

/* The entries are the same in both; each begins with its name. */
#define LUO_SESSION_SIZE		80
#define LUO_SESSION_OFF_FILES		64
#define LUO_SESSION_OFF_COUNT		72

#define LUO_FILE_SIZE			64
#define LUO_FILE_OFF_DATA		48
#define LUO_FILE_OFF_TOKEN		56

#define LUO_FLB_SIZE			64
#define LUO_FLB_OFF_DATA		48
#define LUO_FLB_OFF_COUNT		56

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

/* Has a list that continues at ADDR, which is not 0, closed a circle? */
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

/* How many entries of SIZE bytes 1 << ORDER pages with a header hold. */
static inline uint64_t kho_luo_room_(unsigned int page_shift, unsigned int order, uint64_t header,
				     uint64_t size)
{
	return ((kho_page_size_(page_shift) << order) - header) / size;
}

static inline uint64_t kho_luo_flb_room_(unsigned int page_shift)
{
	return kho_luo_room_(page_shift, 0, LUO_FLB_HEADER, LUO_FLB_SIZE);
}

/* A walk in progress. */
struct kho_luo_walk_ {
	unsigned int page_shift;
	const struct kho_mem *mem;
	const struct kho_luo_visitor *visitor;
	struct kho_luo_info info;
	uint64_t bytes_left;
};

/* Where the files of a session are, as its entry says. */
struct kho_luo_files_ {
	uint64_t addr;
	uint64_t count;
};

/*
 * Steps of a walk, common to both ABIs. All may also return what the visitor
 * returned.
 */

/* Errors: -KHO_ERR_READ. */
int kho_luo_get_(const struct kho_luo_walk_ *w, uint64_t addr, void *buf, size_t size);

/* Errors: -KHO_ERR_BADNODE (address 0), -KHO_ERR_ALIGN, -KHO_ERR_LIMIT. */
int kho_luo_enter_block_(struct kho_luo_walk_ *w, uint64_t addr, unsigned int order);

/*
 * Call the visitor for the session whose entry is at ADDR. MAX: files that it can have.
 * Errors: -KHO_ERR_READ, -KHO_ERR_BADNODE, -KHO_ERR_LIMIT.
 */
int kho_luo_enter_session_(struct kho_luo_walk_ *w, uint64_t addr, uint64_t max,
			   struct kho_luo_files_ *ret);

/* Call the visitor for COUNT files from ADDR on. Errors: -KHO_ERR_READ, -KHO_ERR_BADNODE. */
int kho_luo_walk_files_(struct kho_luo_walk_ *w, uint64_t addr, uint64_t count);

/* The header at ADDR and all FLBs after it; errors: all of kho_luo_walk(). */
int kho_luo_walk_flbs_(struct kho_luo_walk_ *w, uint64_t addr);

/* A node of each ABI. */
int kho_luo_v1_walk_(struct kho_luo_walk_ *w, const struct kho_node *node);
int kho_luo_v5_walk_(struct kho_luo_walk_ *w, const struct kho_node *node);

/* Do names end, and do file counts add up? Errors: -KHO_ERR_INVAL. */
int kho_luo_check_state_(const struct kho_luo_state *state);

/*
 * Does OUT have room for NEED bytes, and is its base aligned? Errors: -KHO_ERR_INVAL (its
 * size), -KHO_ERR_NOSPACE, -KHO_ERR_ALIGN, -KHO_ERR_RANGE.
 */
int kho_luo_check_output_(const struct kho_luo_output *out, uint64_t need, uint64_t align);

/* Output in progress; SIZE of it is enough. */
struct kho_luo_writer_ {
	unsigned int page_shift;
	unsigned char *buf;
	uint64_t base;
	uint64_t used;			/* bytes */
	const struct kho_luo_visitor *visitor;
};

/*
 * Take the next 1 << ORDER pages; *RET_ADDR gets their address. NULL if the visitor returned
 * something, which is then in *RET_ERR.
 */
unsigned char *kho_luo_take_(struct kho_luo_writer_ *w, unsigned int order, uint64_t *ret_addr,
			     int *ret_err);

void kho_luo_put_u64_(unsigned char *p, uint64_t value);
void kho_luo_put_session_(unsigned char *p, const struct kho_luo_session *session,
			  uint64_t files);
void kho_luo_put_file_(unsigned char *p, const struct kho_luo_file *file);

/* The page of FLBs. Errors: whatever the visitor returned. */
int kho_luo_put_flbs_(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
		      uint64_t *ret_addr);

/* Pages for STATE, which has been checked. Errors: -KHO_ERR_LIMIT. */
int kho_luo_v1_pages_(unsigned int page_shift, const struct kho_luo_state *state, uint64_t *ret);
int kho_luo_v5_pages_(unsigned int page_shift, const struct kho_luo_state *state, uint64_t *ret);

/* Errors: whatever the visitor returned. */
int kho_luo_v1_encode_(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
		       struct kho_node *ret_node);
int kho_luo_v5_encode_(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
		       struct kho_node *ret_node);

#endif
