/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as options, sysfs and kernel command lines write them. Pure. */
#ifndef KEXEC_NUMBER_H
#define KEXEC_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal, 0x hex or 0 octal; nothing before or after. */
bool parse_u64(const char *text, uint64_t *ret);

/*
 * A number with an optional suffix K, M, G, T, P or E (powers of 1024), as the
 * kernel's memparse(). *END is set to the first character after it.
 */
bool parse_size(const char *text, const char **end, uint64_t *ret);

#endif
