// SPDX-License-Identifier: GPL-2.0-only
#include "types.h"
#include "crc32c-impl.h"

/* ---- Instruction ------------------------------------------------------- */

/*
 * Written in assembly so that the file needs no -msse4.2: the instruction works
 * on general registers, which are all that purgatory has.
 */

#define CPUID_1_ECX_SSE42	0x100000u

bool crc32c_have_instruction(void)
{
	u32 eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ecx & CPUID_1_ECX_SSE42;
}

u32 crc32c_instruction(u32 crc, const void *buf, size_t size)
{
	const unsigned char *p = buf;
	u64 state = (u32)~crc;

	for (; size >= 8; size -= 8, p += 8)
		__asm__("crc32q %1, %0" : "+r"(state) : "m"(*(const unsigned char (*)[8])p));
	for (; size; size--, p++)
		__asm__("crc32b %1, %k0" : "+r"(state) : "m"(*p));
	return ~(u32)state;
}

/*
 * A crc32 waits for the one before it, about three cycles, but one can start in
 * each cycle: three chunks side by side keep the unit busy.
 */
#define LANES		3
#define STRIDE		256		/* bytes of each lane in one round */
#define STRIDE_SHIFT	8

/* One round: the assembler repeats it for each word of the stride. */
#define ROUND					\
	".set crc_at, 0\n\t"			\
	".rept 32\n\t"				\
	"crc32q crc_at(%[p0]), %[c0]\n\t"	\
	"crc32q crc_at(%[p1]), %[c1]\n\t"	\
	"crc32q crc_at(%[p2]), %[c2]\n\t"	\
	".set crc_at, crc_at + 8\n\t"		\
	".endr"

struct stride {
	unsigned char byte[STRIDE];
};

/* The digests of LANES whole chunks that lie one behind the other. */
static void crc32c_lanes(const unsigned char *p, u64 chunk, u32 *digest)
{
	const unsigned char *p0 = p, *p1 = p + chunk, *p2 = p + 2 * chunk;
	const unsigned char *end = p1;
	u64 c0 = 0xffffffff, c1 = 0xffffffff, c2 = 0xffffffff;

	for (; p0 != end; p0 += STRIDE, p1 += STRIDE, p2 += STRIDE) {
		__asm__(ROUND
			: [c0] "+r"(c0), [c1] "+r"(c1), [c2] "+r"(c2)
			: [p0] "r"(p0), [p1] "r"(p1), [p2] "r"(p2),
			  "m"(*(const struct stride *)p0), "m"(*(const struct stride *)p1),
			  "m"(*(const struct stride *)p2));
	}
	digest[0] = ~(u32)c0;
	digest[1] = ~(u32)c1;
	digest[2] = ~(u32)c2;
}

void crc32c_chunks_instruction(const void *buf, u64 size, unsigned int shift, u32 *digest)
{
	const unsigned char *p = buf;
	u64 chunk = (u64)1 << shift;

	if (shift >= STRIDE_SHIFT) {
		for (; size >> shift >= LANES; size -= LANES * chunk, p += LANES * chunk) {
			crc32c_lanes(p, chunk, digest);
			digest += LANES;
		}
	}
	for (; size > chunk; size -= chunk, p += chunk)
		*digest++ = crc32c_instruction(0, p, chunk);
	if (size)
		*digest = crc32c_instruction(0, p, size);
}
