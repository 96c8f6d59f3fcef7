// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both frames of lz4. The "legacy" one is the only one the kernel reads in its own payload: the
 * magic number, then blocks of a little-endian u32 length and as many bytes. Each block
 * decompresses to 8 MiB, the last one to that or less; there is no end mark. The other frame is
 * what the lz4 command writes, and liblz4 reads it.
 */
#include "config.h"

#ifdef HAVE_CODEC_LZ4

#include <endian.h>
#include <lz4.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>

#include "decompress.h"

#define MAGIC_SIZE	4
#define LENGTH_SIZE	4
#define BLOCK_SIZE	(8 << 20)

static uint32_t get_length(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/*
 * Decompress the block at *IN. The kernel build appends the total size in 4 bytes; after a
 * full block only the end of the input distinguishes it from a length.
 */
static enum image_error read_block(const uint8_t **in, size_t *left, uint8_t *block, int *ret_size)
{
	uint32_t length;

	if (*left < LENGTH_SIZE)
		return IMAGE_ERR_TRUNCATED;
	length = get_length(*in);
	*in += LENGTH_SIZE;
	*left -= LENGTH_SIZE;

	if (!length || length > LZ4_COMPRESSBOUND(BLOCK_SIZE))
		return IMAGE_ERR_CORRUPT;
	if (length > *left)
		return IMAGE_ERR_TRUNCATED;
	*ret_size = LZ4_decompress_safe((const char *)*in, (char *)block, (int)length, BLOCK_SIZE);
	if (*ret_size < 0)
		return IMAGE_ERR_CORRUPT;
	*in += length;
	*left -= length;
	return IMAGE_OK;
}

static enum image_error run(const uint8_t *in, size_t left, uint8_t *block,
			    struct decompress_out *out)
{
	enum image_error err;
	int n;

	do {
		err = read_block(&in, &left, block, &n);
		if (!err)
			err = decompress_emit(out, block, (size_t)n);
	} while (!err && n == BLOCK_SIZE && left > LENGTH_SIZE);
	return err;
}

enum image_error decompress_lz4(const uint8_t *in, size_t size, struct decompress_out *out)
{
	uint8_t *block = malloc(BLOCK_SIZE);
	enum image_error err;

	if (!block)
		return IMAGE_ERR_NOMEM;
	err = run(in + MAGIC_SIZE, size - MAGIC_SIZE, block, out);
	free(block);
	return err;
}

static enum image_error run_frame(LZ4F_dctx *ctx, const uint8_t *in, size_t left,
				  struct decompress_out *out)
{
	enum image_error err;
	size_t rc, taken, made;

	do {
		taken = left;
		made = DECOMPRESS_PIECE;
		rc = LZ4F_decompress(ctx, out->piece, &made, in, &taken, NULL);
		if (LZ4F_isError(rc))
			return IMAGE_ERR_CORRUPT;
		in += taken;
		left -= taken;
		err = decompress_emit(out, out->piece, made);
	} while (!err && rc && (taken || made));
	return !err && rc ? IMAGE_ERR_TRUNCATED : err;
}

enum image_error decompress_lz4_frame(const uint8_t *in, size_t size, struct decompress_out *out)
{
	enum image_error err;
	LZ4F_dctx *ctx;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
		return IMAGE_ERR_NOMEM;
	err = run_frame(ctx, in, size, out);
	LZ4F_freeDecompressionContext(ctx);
	return err;
}

#endif
