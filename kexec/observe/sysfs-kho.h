/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel that takes segments (KEXEC_FILE_KHO) shows of its handovers below
 * /sys/kernel/kho, for root. Reading it needs neither kallsyms nor kcore.
 */
#ifndef KEXEC_SYSFS_KHO_H
#define KEXEC_SYSFS_KHO_H

#include <stdbool.h>

#include "files.h"
#include "kho.h"

#define SYSFS_KHO	"sys/kernel/kho"

struct kho_features {
	bool segment;			/* kexec_file_load takes one */
	bool verify;			/* ... with a verification table */
	bool seal;			/* ... whose digests the kernel takes at the end */
};

enum features_result {
	FEATURES_OK,
	FEATURES_ABSENT,		/* a kernel without this, or KHO is off */
	FEATURES_FORMAT,		/* segments of another format */
	FEATURES_BAD,			/* not understood */
};

/* "format N" on a line, then words; unknown words are ignored. Pure. */
enum features_result features_parse(const char *text, struct kho_features *ret);

/* Read and parse the running kernel's. *RET is all false unless FEATURES_OK. */
enum features_result features_read(const struct root *root, struct kho_features *ret);

/* Address of the root FDT that the running kernel prepares; 0 if it does not say. */
uint64_t sysfs_fdt_addr(const struct root *root);

/* Copy SIZE bytes of that FDT into FDT, zeroes after its end. 0, or -errno without a message. */
int sysfs_read_fdt(const struct root *root, void *fdt, size_t size);

/*
 * The scratch areas, malloc'ed, in the kernel's order. 0, or -errno without a message; -EINVAL
 * if this is not a list of 1 to MAX ranges.
 */
int sysfs_read_scratch(const struct root *root, size_t max, struct kho_range **ret,
		       size_t *ret_count);

/* The bytes of node NAME of DIRECTION ("out", "in"). 0, or -errno without a message. */
int sysfs_read_node(const struct root *root, const char *direction, const char *name, size_t cap,
		    struct buffer *ret);

#endif
