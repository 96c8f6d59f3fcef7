/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the handlers "memfd-v1" and "memfd-v2" hand over: struct memfd_luo_ser, packed. */
#include <string.h>

#include "luo-abi.h"

#define PIECE	4096			/* bytes of records held at a time */

struct memfd_abi {
	enum kho_memfd_abi abi;
	const char *name;
	size_t size;
};

static const struct memfd_abi abi_table[] = {
	{ KHO_MEMFD_V1, "memfd-v1", MEMFD_V1_SIZE },
	{ KHO_MEMFD_V2, "memfd-v2", MEMFD_V2_SIZE },
};

#define ABI_COUNT (sizeof(abi_table) / sizeof(abi_table[0]))

static const struct memfd_abi *find_abi(enum kho_memfd_abi abi)
{
	for (size_t i = 0; i < ABI_COUNT; i++)
		if (abi_table[i].abi == abi)
			return &abi_table[i];
	return NULL;
}

const char *kho_memfd_abi_name(enum kho_memfd_abi abi)
{
	const struct memfd_abi *found = find_abi(abi);

	return found ? found->name : NULL;
}

enum kho_memfd_abi kho_memfd_abi_from_name(const char *name)
{
	for (size_t i = 0; i < ABI_COUNT; i++)
		if (!strcmp(abi_table[i].name, name))
			return abi_table[i].abi;
	return KHO_MEMFD_UNKNOWN;
}

size_t kho_memfd_size(enum kho_memfd_abi abi)
{
	const struct memfd_abi *found = find_abi(abi);

	return found ? found->size : 0;
}

int kho_memfd_read(enum kho_memfd_abi abi, const void *buf, size_t size, struct kho_memfd *ret)
{
	const unsigned char *p = buf;
	struct kho_memfd memfd;

	if (!find_abi(abi))
		return -KHO_ERR_INVAL;
	if (size < kho_memfd_size(abi))
		return -KHO_ERR_BADNODE;
	memcpy(&memfd.pos, p + MEMFD_OFF_POS, sizeof(memfd.pos));
	memcpy(&memfd.size, p + MEMFD_OFF_SIZE, sizeof(memfd.size));
	if (abi == KHO_MEMFD_V1) {
		memfd.seals = KHO_MEMFD_SEAL_SEAL;
		memfd.flags = 0;
		memcpy(&memfd.nr_folios, p + MEMFD_V1_OFF_COUNT, sizeof(memfd.nr_folios));
		kho_vmalloc_read(p + MEMFD_V1_OFF_FOLIOS, &memfd.folios);
	} else {
		memcpy(&memfd.seals, p + MEMFD_V2_OFF_SEALS, sizeof(memfd.seals));
		memcpy(&memfd.flags, p + MEMFD_V2_OFF_FLAGS, sizeof(memfd.flags));
		memcpy(&memfd.nr_folios, p + MEMFD_V2_OFF_COUNT, sizeof(memfd.nr_folios));
		kho_vmalloc_read(p + MEMFD_V2_OFF_FOLIOS, &memfd.folios);
	}
	if (memfd.seals & ~KHO_MEMFD_SEALS)
		return -KHO_ERR_BADNODE;
	*ret = memfd;
	return 0;
}

int kho_memfd_write(enum kho_memfd_abi abi, const struct kho_memfd *memfd, void *buf, size_t size)
{
	unsigned char *p = buf;

	if (!find_abi(abi) || memfd->seals & ~KHO_MEMFD_SEALS)
		return -KHO_ERR_INVAL;
	if (abi == KHO_MEMFD_V1 && (memfd->seals != KHO_MEMFD_SEAL_SEAL || memfd->flags))
		return -KHO_ERR_LOSS;
	if (size < kho_memfd_size(abi))
		return -KHO_ERR_NOSPACE;
	memcpy(p + MEMFD_OFF_POS, &memfd->pos, sizeof(memfd->pos));
	memcpy(p + MEMFD_OFF_SIZE, &memfd->size, sizeof(memfd->size));
	if (abi == KHO_MEMFD_V1) {
		memcpy(p + MEMFD_V1_OFF_COUNT, &memfd->nr_folios, sizeof(memfd->nr_folios));
		kho_vmalloc_write(&memfd->folios, p + MEMFD_V1_OFF_FOLIOS);
	} else {
		memcpy(p + MEMFD_V2_OFF_SEALS, &memfd->seals, sizeof(memfd->seals));
		memcpy(p + MEMFD_V2_OFF_FLAGS, &memfd->flags, sizeof(memfd->flags));
		memcpy(p + MEMFD_V2_OFF_COUNT, &memfd->nr_folios, sizeof(memfd->nr_folios));
		kho_vmalloc_write(&memfd->folios, p + MEMFD_V2_OFF_FOLIOS);
	}
	return 0;
}

struct records {
	unsigned int page_shift;
	const struct kho_mem *mem;
	uint64_t left;
	int (*folio)(void *ctx, const struct kho_memfd_folio *folio);
	void *ctx;
};

static int tell_folio(const struct records *r, const unsigned char *record)
{
	struct kho_memfd_folio folio;
	uint64_t word, pfn;

	memcpy(&word, record, sizeof(word));
	memcpy(&folio.index, record + FOLIO_OFF_INDEX, sizeof(folio.index));
	pfn = word & ((1ull << FOLIO_PFN_BITS) - 1);
	if (!pfn)
		return 0;
	if (pfn > UINT64_MAX >> r->page_shift)
		return -KHO_ERR_RANGE;
	folio.addr = pfn << r->page_shift;
	folio.flags = (unsigned int)(word >> FOLIO_PFN_BITS);
	return r->folio(r->ctx, &folio);
}

static int read_piece(void *ctx, uint64_t addr, unsigned int order)
{
	struct records *r = ctx;
	uint64_t bytes = kho_page_size_(r->page_shift) << order;
	unsigned char record[PIECE];
	int err;

	for (uint64_t off = 0; off < bytes && r->left; off += PIECE) {
		if (r->mem->read(r->mem->ctx, addr + off, record, PIECE))
			return -KHO_ERR_READ;
		for (size_t i = 0; i < PIECE / FOLIO_SIZE && r->left; i++, r->left--) {
			err = tell_folio(r, record + i * FOLIO_SIZE);
			if (err)
				return err;
		}
	}
	return 0;
}

int kho_memfd_walk(unsigned int page_shift, const struct kho_mem *mem,
		   const struct kho_memfd *memfd, uint64_t max_pages,
		   int (*folio)(void *ctx, const struct kho_memfd_folio *folio), void *ctx)
{
	struct records r = { page_shift, mem, memfd->nr_folios, folio, ctx };
	const struct kho_vmalloc_visitor visitor = { .piece = read_piece, .ctx = &r };

	if (!kho_page_shift_valid_(page_shift))
		return -KHO_ERR_INVAL;
	if (memfd->nr_folios >
	    ((uint64_t)memfd->folios.total_pages << page_shift) / FOLIO_SIZE)
		return -KHO_ERR_BADNODE;
	return kho_vmalloc_walk(page_shift, mem, &memfd->folios, max_pages, &visitor);
}
