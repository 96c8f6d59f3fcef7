/* SPDX-License-Identifier: GPL-2.0-only */
/* All arrays and buffers of unknown length grow here. */
#ifndef KEXEC_GROW_H
#define KEXEC_GROW_H

#include <stddef.h>

/*
 * Make room for NEED elements of SIZE bytes, both not 0, in LIST, which is malloc'ed or NULL
 * and has room for *ROOM. The room at least doubles, and does not exceed MAX. Returns the
 * list, which may have moved, and its room in *ROOM. NULL with errno ENOMEM if there is no
 * memory, or if NEED is above MAX or more than fits into the address space: LIST and *ROOM
 * are then unchanged. New elements are not initialized.
 */
void *grow(void *list, size_t *room, size_t need, size_t max, size_t size);

#endif
