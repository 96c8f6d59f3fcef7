// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crc32c.h"
#include "crc32c-impl.h"

#define CHUNK_SHIFT	12
#define CHUNK		(1u << CHUNK_SHIFT)
#define CHUNKS_MAX	16

typedef uint32_t (*crc_fn)(uint32_t crc, const void *buf, size_t size);
typedef void (*chunks_fn)(const void *buf, uint64_t size, unsigned int shift, uint32_t *digest);

static crc_fn all_crcs[3] = { crc32c, crc32c_generic };
static chunks_fn all_chunks[3] = { crc32c_chunks, crc32c_chunks_generic };
static size_t way_count = 2;

/* Reproducible, and the same everywhere. */
static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static unsigned char *random_bytes(size_t size, uint32_t seed)
{
	unsigned char *buf = malloc(size);

	assert_non_null(buf);
	for (size_t i = 0; i < size; i++)
		buf[i] = (unsigned char)random_next(&seed);
	return buf;
}

/* The definition, bit by bit: owes nothing to the code under test. */
static uint32_t crc_by_definition(const unsigned char *p, size_t size)
{
	uint32_t crc = 0xffffffff;

	while (size--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void assert_crc(const void *buf, size_t size, uint32_t expected)
{
	for (size_t i = 0; i < way_count; i++)
		assert_int_equal(all_crcs[i](0, buf, size), expected);
}

/* RFC 3720, appendix B.4, read as little-endian integers. */
static void known_answers(void **state)
{
	static const unsigned char read_command[48] = {
		0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18,
		[32] = 0x28, [40] = 0x02,
	};
	unsigned char buf[32];

	(void)state;
	assert_crc("", 0, 0);
	assert_crc("123456789", 9, 0xe3069283);
	memset(buf, 0, sizeof(buf));
	assert_crc(buf, sizeof(buf), 0x8a9136aa);
	memset(buf, 0xff, sizeof(buf));
	assert_crc(buf, sizeof(buf), 0x62a8ab43);
	for (unsigned int i = 0; i < sizeof(buf); i++)
		buf[i] = (unsigned char)i;
	assert_crc(buf, sizeof(buf), 0x46dd794e);
	for (unsigned int i = 0; i < sizeof(buf); i++)
		buf[i] = (unsigned char)(31 - i);
	assert_crc(buf, sizeof(buf), 0x113fdb5c);
	assert_crc(read_command, sizeof(read_command), 0xd9963a56);
}

/* Each byte value, at each place of a word: every entry of the tables. */
static void every_table_entry(void **state)
{
	(void)state;
	for (unsigned int place = 0; place < 8; place++) {
		for (unsigned int value = 0; value < 256; value++) {
			unsigned char buf[8] = { 0 };

			buf[place] = (unsigned char)value;
			assert_crc(buf, sizeof(buf), crc_by_definition(buf, sizeof(buf)));
		}
	}
}

static void random_lengths_and_alignments(void **state)
{
	unsigned char *buf = random_bytes(8192, 1);
	uint32_t seed = 2;

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		size_t offset = random_next(&seed) % 64;
		size_t size = random_next(&seed) % (i % 2 ? 64 : 4096);

		assert_crc(buf + offset, size, crc_by_definition(buf + offset, size));
	}
	free(buf);
}

static void continues(void **state)
{
	unsigned char *buf = random_bytes(1000, 3);

	(void)state;
	for (size_t way = 0; way < way_count; way++) {
		uint32_t whole = all_crcs[way](0, buf, 1000);

		for (size_t cut = 0; cut <= 1000; cut++) {
			uint32_t crc = all_crcs[way](0, buf, cut);

			assert_int_equal(all_crcs[way](crc, buf + cut, 1000 - cut), whole);
		}
	}
	free(buf);
}

/* SIZE bytes in chunks of 1 << SHIFT: right digests, and not one too many. */
static void assert_chunks(const unsigned char *buf, uint64_t size, unsigned int shift)
{
	const uint64_t chunk = (uint64_t)1 << shift;
	const uint64_t count = (size + chunk - 1) >> shift;
	uint32_t digest[CHUNKS_MAX + 1];

	assert_true(count <= CHUNKS_MAX);
	for (size_t way = 0; way < way_count; way++) {
		memset(digest, 0xa5, sizeof(digest));
		all_chunks[way](buf, size, shift, digest);
		for (uint64_t i = 0; i < count; i++) {
			uint64_t left = size - i * chunk;
			size_t length = left < chunk ? left : chunk;

			assert_int_equal(digest[i], crc_by_definition(buf + i * chunk, length));
		}
		for (uint64_t i = count; i <= CHUNKS_MAX; i++)
			assert_int_equal(digest[i], 0xa5a5a5a5);
	}
}

static void chunk_sizes(void **state)
{
	static const uint64_t sizes[] = {
		0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 1, 3 * CHUNK,
		3 * CHUNK + 1, 6 * CHUNK, 7 * CHUNK + CHUNK / 2, 9 * CHUNK, 16 * CHUNK,
	};
	unsigned char *buf = random_bytes(CHUNKS_MAX * CHUNK + 8, 4);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_chunks(buf, sizes[i], CHUNK_SHIFT);
		assert_chunks(buf + 5, sizes[i], CHUNK_SHIFT);
	}
	free(buf);
}

/* Smaller chunks than the interleaved loop can take, up to larger ones. */
static void chunk_shifts(void **state)
{
	unsigned char *buf = random_bytes(CHUNKS_MAX << 13, 5);

	(void)state;
	for (unsigned int shift = 0; shift <= 13; shift++) {
		assert_chunks(buf, (uint64_t)CHUNKS_MAX << shift, shift);
		assert_chunks(buf, ((uint64_t)7 << shift) + ((uint64_t)1 << shift) / 2, shift);
	}
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(every_table_entry),
		cmocka_unit_test(random_lengths_and_alignments),
		cmocka_unit_test(continues),
		cmocka_unit_test(chunk_sizes),
		cmocka_unit_test(chunk_shifts),
	};

	if (crc32c_have_instruction()) {
		all_crcs[way_count] = crc32c_instruction;
		all_chunks[way_count++] = crc32c_chunks_instruction;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
