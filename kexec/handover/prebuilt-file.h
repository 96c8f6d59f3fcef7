/* SPDX-License-Identifier: GPL-2.0-only */
/* A prebuilt handover, read back from a file: hostile until the kernel has accepted it. Pure. */
#ifndef KEXEC_PREBUILT_FILE_H
#define KEXEC_PREBUILT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "kho-handover.h"
#include "kho.h"

#define PREBUILT_MAX		(1ull << 30)	/* limit of kexec_file_load */
#define PREBUILT_SIGNATURE_MAX	(1ull << 20)	/* bytes of an appended signature */
#define PREBUILT_FILE_MAX	(PREBUILT_MAX + PREBUILT_SIGNATURE_MAX + (64u << 10))

/* All pointers are into the bytes that were parsed. */
struct prebuilt_file {
	bool is_signed;
	size_t size;			/* without the signature */
	const struct kho_payload *payload;
	const struct kho_item *item;	/* payload->item_count */
	const struct kho_table *table;	/* NULL: nothing is verified */
	const struct kho_range *scratch;	/* payload->scratch_count */
	enum kho_abi abi;
	bool own_root;			/* the root FDT is in it: */
	struct kho_root root;
};

/*
 * Check SIZE bytes, 8-byte aligned, with or without a signature at the end. NULL, or what is
 * wrong with them.
 */
const char *prebuilt_parse(const void *bytes, size_t size, struct prebuilt_file *ret);

/* The entry of the table for region ITEM; NULL if there is none. */
const struct kho_entry *prebuilt_find_entry(const struct prebuilt_file *prebuilt,
					    const struct kho_item *item);

/*
 * Does it suit a kernel with these SCRATCH areas that prepares ROOT at FDT_ADDR? NULL, or what
 * does not.
 */
const char *prebuilt_check_running(const struct prebuilt_file *prebuilt,
				   const struct kho_range *scratch, size_t scratch_count,
				   uint64_t fdt_addr, const struct kho_root *root);

#endif
