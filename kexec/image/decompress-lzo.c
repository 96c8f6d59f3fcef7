// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file format of lzop(1), big-endian: the magic number and a header,
 * then blocks of
 *
 *   u32 size decompressed, 0 = end
 *   u32 size compressed, same as decompressed = stored
 *   u32 adler32 and crc32 of the decompressed bytes, as the flags say
 *   u32 adler32 and crc32 of the compressed bytes, likewise, unless stored
 */
#include "config.h"

#ifdef HAVE_CODEC_LZO

#include <endian.h>
#include <lzo/lzo1x.h>
#include <stdbool.h>
#include <string.h>

#include "decompress.h"

#define MAGIC_SIZE		9
#define VERSION_LONG_HEADER	0x0940	/* has the fields marked "long" below */

#define FLAG_ADLER32_D		0x0001
#define FLAG_ADLER32_C		0x0002
#define FLAG_EXTRA_FIELD	0x0040
#define FLAG_CRC32_D		0x0100
#define FLAG_CRC32_C		0x0200
#define FLAG_FILTER		0x0800

#define METHOD_FIRST		1	/* 1 to 3 differ in the compressor only */
#define METHOD_LAST		3

struct reader {
	const uint8_t *p;
	size_t left;
	bool over;			/* a read went past the end; all give 0 then */
};

/* What the stored checksums of a block are. */
struct checksums {
	uint32_t adler32;
	uint32_t crc32;
};

static const uint8_t *take(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->over || n > r->left) {
		r->over = true;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

static uint32_t take8(struct reader *r)
{
	const uint8_t *p = take(r, 1);

	return p ? *p : 0;
}

static uint32_t take16(struct reader *r)
{
	uint32_t high = take8(r);

	return high << 8 | take8(r);
}

static uint32_t take32(struct reader *r)
{
	uint32_t high = take16(r);

	return high << 16 | take16(r);
}

static enum image_error read_header(struct reader *r, uint32_t *ret_flags)
{
	uint32_t version, method, flags;

	take(r, MAGIC_SIZE);
	version = take16(r);
	take16(r);				/* library version */
	if (version >= VERSION_LONG_HEADER)
		take16(r);			/* long: version needed to extract */
	method = take8(r);
	if (version >= VERSION_LONG_HEADER)
		take8(r);			/* long: level */
	flags = take32(r);
	take32(r);				/* mode */
	take32(r);				/* time of modification */
	if (version >= VERSION_LONG_HEADER)
		take32(r);			/* long: its high half */
	take(r, take8(r));			/* name */
	take32(r);				/* checksum of the header */
	if (flags & FLAG_EXTRA_FIELD) {
		take(r, take32(r));
		take32(r);			/* checksum of that */
	}

	if (r->over)
		return IMAGE_ERR_TRUNCATED;
	/* A filter changes the bytes; neither lzop(1) nor the kernel's build uses one. */
	if (method < METHOD_FIRST || method > METHOD_LAST || flags & FLAG_FILTER)
		return IMAGE_ERR_CORRUPT;
	*ret_flags = flags;
	return IMAGE_OK;
}

static bool checksums_match(const struct checksums *sums, uint32_t flags,
			    const uint8_t *data, size_t size)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)sums, (void)flags, (void)data, (void)size;
#else
	/* Both sums start from their value for no data. */
	if (flags & FLAG_ADLER32_D && lzo_adler32(1, data, size) != sums->adler32)
		return false;
	if (flags & FLAG_CRC32_D && lzo_crc32(0, data, size) != sums->crc32)
		return false;
#endif
	return true;
}

/* Expand SRC to exactly SIZE bytes in DST. */
static bool expand(const uint8_t *src, size_t src_size, uint8_t *dst, size_t size)
{
	lzo_uint n = size;

	return lzo1x_decompress_safe(src, src_size, dst, &n, NULL) == LZO_E_OK && n == size;
}

/* Read the block whose decompressed size, not 0, was just read. */
static enum image_error read_block(struct reader *r, uint32_t size, uint32_t flags,
				   struct decompress_out *out)
{
	struct checksums sums = { 0, 0 };
	uint32_t src_size = take32(r);
	const uint8_t *data;

	if (flags & FLAG_ADLER32_D)
		sums.adler32 = take32(r);
	if (flags & FLAG_CRC32_D)
		sums.crc32 = take32(r);
	if (flags & FLAG_ADLER32_C && src_size < size)
		take32(r);
	if (flags & FLAG_CRC32_C && src_size < size)
		take32(r);

	/* lzop's block size, and the most the kernel takes, is one piece. */
	if (size > DECOMPRESS_PIECE || src_size > size)
		return IMAGE_ERR_CORRUPT;
	data = take(r, src_size);
	if (!data)
		return IMAGE_ERR_TRUNCATED;
	if (src_size < size) {
		if (!expand(data, src_size, out->piece, size))
			return IMAGE_ERR_CORRUPT;
		data = out->piece;
	}
	if (!checksums_match(&sums, flags, data, size))
		return IMAGE_ERR_CORRUPT;
	return decompress_emit(out, data, size);
}

enum image_error decompress_lzo(const uint8_t *in, size_t size, struct decompress_out *out)
{
	struct reader r = { .p = in, .left = size };
	enum image_error err;
	uint32_t flags, n;

	if (lzo_init() != LZO_E_OK)
		return IMAGE_ERR_NOMEM;
	err = read_header(&r, &flags);
	while (!err) {
		n = take32(&r);
		if (r.over)
			return IMAGE_ERR_TRUNCATED;
		if (!n)
			break;
		err = read_block(&r, n, flags, out);
	}
	return err;
}

#endif
