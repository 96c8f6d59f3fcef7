// SPDX-License-Identifier: GPL-2.0-only
#include "config.h"

#ifdef HAVE_CODEC_GZIP

#define ZLIB_CONST
#include <zlib.h>

#include "decompress.h"

#define GZIP_WRAPPER	16	/* added to the window bits: expect a gzip header */

static enum image_error result(int rc)
{
	switch (rc) {
	case Z_STREAM_END:
		return IMAGE_OK;
	case Z_BUF_ERROR:
		return IMAGE_ERR_TRUNCATED;
	case Z_MEM_ERROR:
		return IMAGE_ERR_NOMEM;
	default:
		return IMAGE_ERR_CORRUPT;
	}
}

enum image_error decompress_gzip(const uint8_t *in, size_t size, struct decompress_out *out)
{
	z_stream z = { .next_in = in, .avail_in = (uInt)size };
	enum image_error err;
	int rc;

	if (inflateInit2(&z, MAX_WBITS + GZIP_WRAPPER) != Z_OK)
		return IMAGE_ERR_NOMEM;
	do {
		z.next_out = out->piece;
		z.avail_out = DECOMPRESS_PIECE;
		rc = inflate(&z, Z_NO_FLUSH);
		err = decompress_emit(out, out->piece, DECOMPRESS_PIECE - z.avail_out);
	} while (!err && rc == Z_OK);
	inflateEnd(&z);
	return err ? err : result(rc);
}

#endif
