/* SPDX-License-Identifier: GPL-2.0-only */
/* The flat purgatory image that kexec contains. Generated: purgatory-image.c. */
#ifndef PURGATORY_PURGATORY_H
#define PURGATORY_PURGATORY_H

#include <stddef.h>

/*
 * Loaded at any page-aligned address; entered at its first byte in 64-bit mode
 * with identity-mapped memory. The last bytes are struct kho_purgatory_params.
 */
extern const unsigned char purgatory_image[];
extern const size_t purgatory_image_size;
/* Bytes of memory it needs from its load address on (image, then stack). */
extern const size_t purgatory_memory_size;

#endif
