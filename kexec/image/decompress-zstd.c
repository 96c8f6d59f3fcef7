// SPDX-License-Identifier: GPL-2.0-only
#include "config.h"

#ifdef HAVE_CODEC_ZSTD

#include <zstd.h>
#include <zstd_errors.h>

#include "decompress.h"

static enum image_error result(size_t rc)
{
	if (!rc)
		return IMAGE_OK;
	if (!ZSTD_isError(rc))
		return IMAGE_ERR_TRUNCATED;

	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_memory_allocation:
	case ZSTD_error_frameParameter_windowTooLarge:
		return IMAGE_ERR_NOMEM;
	default:
		return IMAGE_ERR_CORRUPT;
	}
}

static enum image_error run(ZSTD_DCtx *ctx, const uint8_t *in, size_t size,
			    struct decompress_out *out)
{
	ZSTD_inBuffer src = { in, size, 0 };
	ZSTD_outBuffer dst;
	enum image_error err;
	size_t rc;

	do {
		dst = (ZSTD_outBuffer){ out->piece, DECOMPRESS_PIECE, 0 };
		rc = ZSTD_decompressStream(ctx, &dst, &src);
		err = decompress_emit(out, out->piece, dst.pos);
		/* Room left over means that it needs more input; is there any? */
	} while (!err && rc && !ZSTD_isError(rc) && (src.pos < size || dst.pos == dst.size));
	return err ? err : result(rc);
}

enum image_error decompress_zstd(const uint8_t *in, size_t size, struct decompress_out *out)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	enum image_error err = IMAGE_ERR_NOMEM;

	if (!ctx)
		return err;
	if (!ZSTD_isError(ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, DECOMPRESS_WINDOW_LOG)))
		err = run(ctx, in, size, out);
	ZSTD_freeDCtx(ctx);
	return err;
}

#endif
