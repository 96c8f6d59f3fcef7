/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CRC32C (Castagnoli, reflected polynomial 0x82f63b78, as in RFC 3720).
 * Freestanding: built into purgatory and, from the same source, into kexec.
 */
#ifndef PURGATORY_CRC32C_H
#define PURGATORY_CRC32C_H

#include "types.h"

/*
 * Continue CRC (0 to begin) over SIZE bytes. crc32c(0, "123456789", 9) is
 * 0xe3069283; crc32c(crc32c(0, a, n), b, m) is the CRC of a followed by b.
 */
u32 crc32c(u32 crc, const void *buf, size_t size);

/*
 * The digest of each chunk of 1 << SHIFT bytes of BUF, the last one possibly
 * shorter, into DIGEST[ceil(size >> shift)]. Independent chunks are taken
 * several at a time, which is what the CPU's pipeline wants.
 */
void crc32c_chunks(const void *buf, u64 size, unsigned int shift, u32 *digest);

#endif
