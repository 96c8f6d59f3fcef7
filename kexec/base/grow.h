/* SPDX-License-Identifier: GPL-2.0-only */
/* How every array and buffer of unknown length grows. */
#ifndef KEXEC_GROW_H
#define KEXEC_GROW_H

#include <stddef.h>

/*
 * Room for NEED elements of SIZE bytes, both not 0, in LIST, malloc'ed or NULL, which has room for
 * *ROOM: twice as many as before at least, and MAX at most. Returns the list, which may have
 * moved, and its room in *ROOM. NULL if there is no memory, or NEED is above MAX or more than
 * addresses can hold: LIST and *ROOM are then as before. What is new is not initialized.
 */
void *grow(void *list, size_t *room, size_t need, size_t max, size_t size);

#endif
