// SPDX-License-Identifier: GPL-2.0-only
#include "crc32c.h"
#include "crc32c-impl.h"

/*
 * The cpuid instruction leaves a virtual machine, which costs microseconds;
 * the tables are through with a buffer of this size before that.
 */
#define SHORT_BUFFER	256

/* ---- Tables ------------------------------------------------------------ */

/*
 * table[s][n] is the CRC of byte n followed by s zero bytes. A CRC is linear:
 * each entry is the sum of the entries of the bits of n, so eight values, bit 7
 * first, give a whole table. Each value is the one before it, shifted once
 * through the polynomial.
 */
#define BIT(n, b, v)	(((n) >> (b) & 1) * (v))
#define E(n, b7, b6, b5, b4, b3, b2, b1, b0)				\
	(BIT(n, 7, b7) ^ BIT(n, 6, b6) ^ BIT(n, 5, b5) ^ BIT(n, 4, b4) ^	\
	 BIT(n, 3, b3) ^ BIT(n, 2, b2) ^ BIT(n, 1, b1) ^ BIT(n, 0, b0))
#define E4(n, ...)							\
	E((n), __VA_ARGS__), E((n) + 1, __VA_ARGS__),			\
	E((n) + 2, __VA_ARGS__), E((n) + 3, __VA_ARGS__)
#define E16(n, ...)							\
	E4((n), __VA_ARGS__), E4((n) + 4, __VA_ARGS__),			\
	E4((n) + 8, __VA_ARGS__), E4((n) + 12, __VA_ARGS__)
#define E64(n, ...)							\
	E16((n), __VA_ARGS__), E16((n) + 16, __VA_ARGS__),		\
	E16((n) + 32, __VA_ARGS__), E16((n) + 48, __VA_ARGS__)
#define E256(n, ...)							\
	E64((n), __VA_ARGS__), E64((n) + 64, __VA_ARGS__),		\
	E64((n) + 128, __VA_ARGS__), E64((n) + 192, __VA_ARGS__)

static const uint32_t table[8][256] = {
	{ E256(0, 0x82f63b78u, 0x417b1dbcu, 0x20bd8edeu, 0x105ec76fu,
		  0x8ad958cfu, 0xc79a971fu, 0xe13b70f7u, 0xf26b8303u) },
	{ E256(0, 0xfbc3faf9u, 0xff17c604u, 0x7f8be302u, 0x3fc5f181u,
		  0x9d14c3b8u, 0x4e8a61dcu, 0x274530eeu, 0x13a29877u) },
	{ E256(0, 0x8b277743u, 0xc76580d9u, 0xe144fb14u, 0x70a27d8au,
		  0x38513ec5u, 0x9edea41au, 0x4f6f520du, 0xa541927eu) },
	{ E256(0, 0x52a0c93fu, 0xaba65fe7u, 0xd725148bu, 0xe964b13du,
		  0xf64463e6u, 0x7b2231f3u, 0xbf672381u, 0xdd45aab8u) },
	{ E256(0, 0x6ea2d55cu, 0x37516aaeu, 0x1ba8b557u, 0x8f2261d3u,
		  0xc5670b91u, 0xe045beb0u, 0x7022df58u, 0x38116facu) },
	{ E256(0, 0x1c08b7d6u, 0x0e045bebu, 0x85f4168du, 0xc00c303eu,
		  0x6006181fu, 0xb2f53777u, 0xdb8ca0c3u, 0xef306b19u) },
	{ E256(0, 0xf56e0ef4u, 0x7ab7077au, 0x3d5b83bdu, 0x9c5bfaa6u,
		  0x4e2dfd53u, 0xa5e0c5d1u, 0xd0065990u, 0x68032cc8u) },
	{ E256(0, 0x34019664u, 0x1a00cb32u, 0x0d006599u, 0x847609b4u,
		  0x423b04dau, 0x211d826du, 0x9278fa4eu, 0x493c7d27u) },
};

static uint64_t load64(const unsigned char *p)
{
	uint64_t value;

	__builtin_memcpy(&value, p, sizeof(value));
	return value;
}

uint32_t crc32c_generic(uint32_t crc, const void *buf, size_t size)
{
	const unsigned char *p = buf;

	crc = ~crc;
	for (; size >= 8; size -= 8, p += 8) {
		uint64_t word = load64(p) ^ crc;

		crc = table[7][word & 0xff] ^ table[6][word >> 8 & 0xff] ^
		      table[5][word >> 16 & 0xff] ^ table[4][word >> 24 & 0xff] ^
		      table[3][word >> 32 & 0xff] ^ table[2][word >> 40 & 0xff] ^
		      table[1][word >> 48 & 0xff] ^ table[0][word >> 56];
	}
	for (; size; size--, p++)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}

void crc32c_chunks_generic(const void *buf, uint64_t size, unsigned int shift, uint32_t *digest)
{
	const unsigned char *p = buf;
	uint64_t chunk = (uint64_t)1 << shift;

	for (; size > chunk; size -= chunk, p += chunk)
		*digest++ = crc32c_generic(0, p, chunk);
	if (size)
		*digest = crc32c_generic(0, p, size);
}

/* ---- Instruction ------------------------------------------------------- */

/*
 * Written in assembly so that the file needs no -msse4.2: the instruction works
 * on general registers, which are all that purgatory has.
 */

#define CPUID_1_ECX_SSE42	(1u << 20)

bool crc32c_have_sse42(void)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ecx & CPUID_1_ECX_SSE42;
}

uint32_t crc32c_sse42(uint32_t crc, const void *buf, size_t size)
{
	const unsigned char *p = buf;
	uint64_t state = (uint32_t)~crc;

	for (; size >= 8; size -= 8, p += 8)
		__asm__("crc32q %1, %0" : "+r"(state) : "m"(*(const unsigned char (*)[8])p));
	for (; size; size--, p++)
		__asm__("crc32b %1, %k0" : "+r"(state) : "m"(*p));
	return ~(uint32_t)state;
}

/*
 * A crc32 waits for the one before it, about three cycles, but one can start in
 * each cycle: three chunks side by side keep the unit busy.
 */
#define LANES		3
#define STRIDE		256		/* bytes of each lane in one round */
#define STRIDE_SHIFT	8

#define WORD(offset)					\
	"crc32q " offset "(%[p0]), %[c0]\n\t"		\
	"crc32q " offset "(%[p1]), %[c1]\n\t"		\
	"crc32q " offset "(%[p2]), %[c2]\n\t"
#define WORDS8(offset)							\
	WORD(offset "+0") WORD(offset "+8") WORD(offset "+16") WORD(offset "+24")	\
	WORD(offset "+32") WORD(offset "+40") WORD(offset "+48") WORD(offset "+56")

/* The digests of LANES whole chunks that lie one behind the other. */
static void crc32c_lanes(const unsigned char *p, uint64_t chunk, uint32_t *digest)
{
	typedef const unsigned char block[STRIDE];
	const unsigned char *p0 = p, *p1 = p + chunk, *p2 = p + 2 * chunk;
	const unsigned char *end = p1;
	uint64_t c0 = 0xffffffff, c1 = 0xffffffff, c2 = 0xffffffff;

	for (; p0 != end; p0 += STRIDE, p1 += STRIDE, p2 += STRIDE) {
		__asm__(WORDS8("0") WORDS8("64") WORDS8("128") WORDS8("192")
			: [c0] "+r"(c0), [c1] "+r"(c1), [c2] "+r"(c2)
			: [p0] "r"(p0), [p1] "r"(p1), [p2] "r"(p2),
			  "m"(*(block *)p0), "m"(*(block *)p1), "m"(*(block *)p2));
	}
	digest[0] = ~(uint32_t)c0;
	digest[1] = ~(uint32_t)c1;
	digest[2] = ~(uint32_t)c2;
}

void crc32c_chunks_sse42(const void *buf, uint64_t size, unsigned int shift, uint32_t *digest)
{
	const unsigned char *p = buf;
	uint64_t chunk = (uint64_t)1 << shift;

	if (shift >= STRIDE_SHIFT) {
		for (; size >> shift >= LANES; size -= LANES * chunk, p += LANES * chunk) {
			crc32c_lanes(p, chunk, digest);
			digest += LANES;
		}
	}
	for (; size > chunk; size -= chunk, p += chunk)
		*digest++ = crc32c_sse42(0, p, chunk);
	if (size)
		*digest = crc32c_sse42(0, p, size);
}

/* ---- Choice ------------------------------------------------------------ */

uint32_t crc32c(uint32_t crc, const void *buf, size_t size)
{
	if (size <= SHORT_BUFFER || !crc32c_have_sse42())
		return crc32c_generic(crc, buf, size);
	return crc32c_sse42(crc, buf, size);
}

void crc32c_chunks(const void *buf, uint64_t size, unsigned int shift, uint32_t *digest)
{
	if (size <= SHORT_BUFFER || !crc32c_have_sse42())
		crc32c_chunks_generic(buf, size, shift, digest);
	else
		crc32c_chunks_sse42(buf, size, shift, digest);
}
