// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all compression formats share, and decompression into memory.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "decompress.h"
#include "grow.h"

#ifdef HAVE_CODEC_GZIP
#define RUN_GZIP	decompress_gzip
#else
#define RUN_GZIP	NULL
#endif
#ifdef HAVE_CODEC_XZ
#define RUN_XZ		decompress_xz
#define RUN_LZMA	decompress_lzma
#else
#define RUN_XZ		NULL
#define RUN_LZMA	NULL
#endif
#ifdef HAVE_CODEC_ZSTD
#define RUN_ZSTD	decompress_zstd
#else
#define RUN_ZSTD	NULL
#endif
#ifdef HAVE_CODEC_LZ4
#define RUN_LZ4		decompress_lz4
#define RUN_LZ4_FRAME	decompress_lz4_frame
#else
#define RUN_LZ4		NULL
#define RUN_LZ4_FRAME	NULL
#endif
#ifdef HAVE_CODEC_BZIP2
#define RUN_BZIP2	decompress_bzip2
#else
#define RUN_BZIP2	NULL
#endif
#ifdef HAVE_CODEC_LZO
#define RUN_LZO		decompress_lzo
#else
#define RUN_LZO		NULL
#endif

static const struct decompress_format formats[] = {
	{ "gzip",  2, { 0x1f, 0x8b }, RUN_GZIP },
	{ "xz",    6, { 0xfd, '7', 'z', 'X', 'Z', 0 }, RUN_XZ },
	{ "lzma",  3, { 0x5d, 0, 0 }, RUN_LZMA },
	{ "zstd",  4, { 0x28, 0xb5, 0x2f, 0xfd }, RUN_ZSTD },
	{ "lz4",   4, { 0x02, 0x21, 0x4c, 0x18 }, RUN_LZ4 },
	{ "lz4",   4, { 0x04, 0x22, 0x4d, 0x18 }, RUN_LZ4_FRAME },
	{ "bzip2", 3, { 'B', 'Z', 'h' }, RUN_BZIP2 },
	{ "lzo",   9, { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' }, RUN_LZO },
};

const struct decompress_format *decompress_identify(const uint8_t *in, size_t size)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (size >= formats[i].magic_size &&
		    !memcmp(in, formats[i].magic, formats[i].magic_size))
			return &formats[i];
	}
	return NULL;
}

enum image_error decompress_emit(struct decompress_out *out, const uint8_t *data, size_t size)
{
	if (size > out->left)
		return IMAGE_ERR_TOOBIG;
	out->left -= size;
	return size ? out->sink(out->arg, data, size) : IMAGE_OK;
}

enum image_error decompress(const struct decompress_format *format, const uint8_t *in, size_t size,
			    uint64_t cap, decompress_sink sink, void *arg)
{
	struct decompress_out out = { .sink = sink, .arg = arg, .left = cap };
	enum image_error err;

	if (!format->run)
		return IMAGE_ERR_CODEC;
	/* zlib and bzip2 count input in 32 bits. */
	if (size > UINT32_MAX)
		return IMAGE_ERR_TOOBIG;

	out.piece = malloc(DECOMPRESS_PIECE);
	if (!out.piece)
		return IMAGE_ERR_NOMEM;
	err = format->run(in, size, &out);
	free(out.piece);
	return err;
}

struct growing_buffer {
	uint8_t *data;
	size_t used, size, cap;
};

/* The cap was checked by decompress_emit(), so USED + SIZE is within it. */
static enum image_error append(void *arg, const uint8_t *data, size_t size)
{
	struct growing_buffer *b = arg;
	uint8_t *more = grow(b->data, &b->size, b->used + size, b->cap, 1);

	if (!more)
		return IMAGE_ERR_NOMEM;
	b->data = more;
	memcpy(b->data + b->used, data, size);
	b->used += size;
	return IMAGE_OK;
}

enum image_error image_unpack(const void *in, size_t size, size_t cap, void **ret, size_t *ret_size)
{
	const struct decompress_format *format = decompress_identify(in, size);
	struct growing_buffer b = { .cap = cap };
	enum image_error err;

	if (!format)
		return IMAGE_ERR_FORMAT;

	err = decompress(format, in, size, cap, append, &b);
	if (!err && !b.used)
		err = IMAGE_ERR_CORRUPT;
	if (err) {
		free(b.data);
		return err;
	}
	*ret = b.data;
	*ret_size = b.used;
	return IMAGE_OK;
}
