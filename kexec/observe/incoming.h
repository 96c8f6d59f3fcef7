/* SPDX-License-Identifier: GPL-2.0-only */
/* What the previous kernel handed to this one. */
#ifndef KEXEC_INCOMING_H
#define KEXEC_INCOMING_H

#include <stdbool.h>

#include "files.h"
#include "kho-handover.h"

struct incoming {
	int fd;				/* the payload, in sysfs */
	uint64_t skipped;		/* its first bytes that this file leaves out: the header */
	struct kho_payload payload;
	struct kho_report report;
	struct kho_item *item;		/* payload.item_count, malloc'ed */
};

/*
 * Find and check the payload, in /sys/kernel/kho/in/segment or in the boot data. 1 if there
 * is one, 0 if not, -1 after a message if it cannot be read or is damaged.
 */
int incoming_open(const struct root *root, struct incoming *ret);
void incoming_close(struct incoming *in);

/*
 * Does a payload's header have this format, and lies everything it names inside the payload?
 * Pure.
 */
bool payload_valid(const struct kho_payload *payload);

/* Copy memory of the payload, by its address. 0, or -1 without a message. */
int incoming_read(const struct incoming *in, uint64_t addr, void *buf, size_t size);

/* Did purgatory let the handover through? If not, a message says so for WHAT. */
bool incoming_trusted(const struct incoming *in, const char *what);

/* NULL if no item of this KIND has this NAME. */
const struct kho_item *incoming_find(const struct incoming *in, enum kho_item_kind kind,
				     const char *name);

/*
 * The bytes of a blob, checked again with the digests that purgatory used. 0, or -1 after a
 * message; the caller frees *RET.
 */
int incoming_read_blob(const struct incoming *in, const struct kho_item *item, struct buffer *ret);

/* Name of table entry INDEX into NAME of KHO_NAME_MAX bytes; "?" if unreadable. */
void incoming_entry_name(const struct incoming *in, uint32_t index, char *name);

#endif
