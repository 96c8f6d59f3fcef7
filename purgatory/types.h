/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's names for types: what kernel-patches/kernel-form takes into the
 * kernel is the same code there.
 */
#ifndef PURGATORY_TYPES_H
#define PURGATORY_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#ifndef __noreturn
#define __noreturn	__attribute__((noreturn))
#endif

#endif
