/* SPDX-License-Identifier: GPL-2.0-only */
/* The two ways behind crc32c.h, for the tests that compare them. */
#ifndef PURGATORY_CRC32C_IMPL_H
#define PURGATORY_CRC32C_IMPL_H

#include "types.h"

/* Does the CPU have the crc32 instruction of SSE4.2? */
bool crc32c_have_instruction(void);

/* As in crc32c.h, by tables and by instruction. */
u32 crc32c_generic(u32 crc, const void *buf, size_t size);
u32 crc32c_instruction(u32 crc, const void *buf, size_t size);
void crc32c_chunks_generic(const void *buf, u64 size, unsigned int shift, u32 *digest);
void crc32c_chunks_instruction(const void *buf, u64 size, unsigned int shift, u32 *digest);

#endif
