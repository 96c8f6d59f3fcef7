/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CRC32C (Castagnoli, reflected polynomial 0x82f63b78, as in RFC 3720).
 * Freestanding: built into purgatory and, from the same source, into kexec.
 */
#ifndef PURGATORY_CRC32C_H
#define PURGATORY_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Continue CRC (0 to begin) over SIZE bytes. crc32c(0, "123456789", 9) is
 * 0xe3069283; crc32c(crc32c(0, a, n), b, m) is the CRC of a followed by b.
 */
uint32_t crc32c(uint32_t crc, const void *buf, size_t size);

/*
 * The digest of each chunk of 1 << SHIFT bytes of BUF, the last one possibly
 * shorter, into DIGEST[ceil(size >> shift)]. Independent chunks are taken
 * several at a time, which is what the CPU's pipeline wants.
 */
void crc32c_chunks(const void *buf, uint64_t size, unsigned int shift, uint32_t *digest);

#endif
