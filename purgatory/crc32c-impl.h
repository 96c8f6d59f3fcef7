/* SPDX-License-Identifier: GPL-2.0-only */
/* The two ways behind crc32c.h, for the tests that compare them. */
#ifndef PURGATORY_CRC32C_IMPL_H
#define PURGATORY_CRC32C_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the CPU have the crc32 instruction of SSE4.2? */
bool crc32c_have_sse42(void);

/* As in crc32c.h, by tables and by instruction. */
uint32_t crc32c_generic(uint32_t crc, const void *buf, size_t size);
uint32_t crc32c_sse42(uint32_t crc, const void *buf, size_t size);
void crc32c_chunks_generic(const void *buf, uint64_t size, unsigned int shift, uint32_t *digest);
void crc32c_chunks_sse42(const void *buf, uint64_t size, unsigned int shift, uint32_t *digest);

#endif
