// SPDX-License-Identifier: GPL-2.0-only
/*
 * xz, and the older lzma format ("alone": no container, no checksum).
 */
#include "config.h"

#ifdef HAVE_CODEC_XZ

#include <lzma.h>

#include "decompress.h"

static enum image_error result(lzma_ret rc)
{
	switch (rc) {
	case LZMA_STREAM_END:
		return IMAGE_OK;
	case LZMA_BUF_ERROR:
		return IMAGE_ERR_TRUNCATED;
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		return IMAGE_ERR_NOMEM;
	default:
		return IMAGE_ERR_CORRUPT;
	}
}

static enum image_error run(lzma_stream *z, const uint8_t *in, size_t size,
			    struct decompress_out *out)
{
	enum image_error err;
	lzma_ret rc;

	z->next_in = in;
	z->avail_in = size;
	do {
		z->next_out = out->piece;
		z->avail_out = DECOMPRESS_PIECE;
		rc = lzma_code(z, LZMA_RUN);
		err = decompress_emit(out, out->piece, DECOMPRESS_PIECE - z->avail_out);
	} while (!err && rc == LZMA_OK);
	lzma_end(z);
	return err ? err : result(rc);
}

enum image_error decompress_xz(const uint8_t *in, size_t size, struct decompress_out *out)
{
	lzma_stream z = LZMA_STREAM_INIT;

	if (lzma_stream_decoder(&z, DECOMPRESS_MEMLIMIT, 0) != LZMA_OK)
		return IMAGE_ERR_NOMEM;
	return run(&z, in, size, out);
}

enum image_error decompress_lzma(const uint8_t *in, size_t size, struct decompress_out *out)
{
	lzma_stream z = LZMA_STREAM_INIT;

	if (lzma_alone_decoder(&z, DECOMPRESS_MEMLIMIT) != LZMA_OK)
		return IMAGE_ERR_NOMEM;
	return run(&z, in, size, out);
}

#endif
