// SPDX-License-Identifier: GPL-2.0-only
#include "config.h"

#ifdef HAVE_CODEC_BZIP2

#include <bzlib.h>

#include "decompress.h"

static enum image_error result(int rc)
{
	switch (rc) {
	case BZ_STREAM_END:
		return IMAGE_OK;
	case BZ_OK:
		return IMAGE_ERR_TRUNCATED;
	case BZ_MEM_ERROR:
		return IMAGE_ERR_NOMEM;
	default:
		return IMAGE_ERR_CORRUPT;
	}
}

enum image_error decompress_bzip2(const uint8_t *in, size_t size, struct decompress_out *out)
{
	/* The library takes input as char *, and does not write to it. */
	bz_stream z = { .next_in = (char *)in, .avail_in = (unsigned int)size };
	enum image_error err;
	int rc;

	if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
		return IMAGE_ERR_NOMEM;
	do {
		z.next_out = (char *)out->piece;
		z.avail_out = DECOMPRESS_PIECE;
		rc = BZ2_bzDecompress(&z);
		err = decompress_emit(out, out->piece, DECOMPRESS_PIECE - z.avail_out);
		/* Room left over means that it needs more input, and there is none. */
	} while (!err && rc == BZ_OK && !z.avail_out);
	BZ2_bzDecompressEnd(&z);
	return err ? err : result(rc);
}

#endif
