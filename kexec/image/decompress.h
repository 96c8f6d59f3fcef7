/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decompression of kernel images as a stream: the whole input is in memory, the output goes
 * piece by piece to a sink. One compressed stream is read. What follows it is ignored, because
 * kernel payloads end with their size.
 */
#ifndef KEXEC_DECOMPRESS_H
#define KEXEC_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"

/* Most bytes of output that most decoders pass to a sink at a time. */
#define DECOMPRESS_PIECE	(256u * 1024)

/*
 * Most bytes a decoder may allocate. The kernel's own build asks for windows
 * of 128 MiB (xz, zstd --ultra).
 */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define DECOMPRESS_WINDOW_LOG	23
#else
#define DECOMPRESS_WINDOW_LOG	27
#endif
#define DECOMPRESS_MEMLIMIT	(2ull << DECOMPRESS_WINDOW_LOG)

/* Takes the next SIZE bytes. Any result but IMAGE_OK ends decompression. */
typedef enum image_error (*decompress_sink)(void *arg, const uint8_t *data, size_t size);

struct decompress_out {
	decompress_sink sink;
	void *arg;
	uint64_t left;			/* bytes until the cap */
	uint8_t *piece;			/* DECOMPRESS_PIECE bytes for the decoder */
};

typedef enum image_error (*decompress_fn)(const uint8_t *in, size_t size,
					  struct decompress_out *out);

struct decompress_format {
	const char *name;
	uint8_t magic_size;
	uint8_t magic[9];
	decompress_fn run;		/* NULL: not built in */
};

/* The format that IN starts with, or NULL. A bare ELF is not one. */
const struct decompress_format *decompress_identify(const uint8_t *in, size_t size);

/* Decompress IN, at most CAP bytes, into SINK. */
enum image_error decompress(const struct decompress_format *format, const uint8_t *in, size_t size,
			    uint64_t cap, decompress_sink sink, void *arg);

/* ---- For the decoders -------------------------------------------------- */

/* Pass SIZE bytes on, unless that exceeds the cap. */
enum image_error decompress_emit(struct decompress_out *out, const uint8_t *data, size_t size);

/* Each returns IMAGE_ERR_TRUNCATED if the stream does not end inside IN. */
enum image_error decompress_gzip(const uint8_t *in, size_t size, struct decompress_out *out);
enum image_error decompress_xz(const uint8_t *in, size_t size, struct decompress_out *out);
enum image_error decompress_lzma(const uint8_t *in, size_t size, struct decompress_out *out);
enum image_error decompress_zstd(const uint8_t *in, size_t size, struct decompress_out *out);
enum image_error decompress_lz4(const uint8_t *in, size_t size, struct decompress_out *out);
enum image_error decompress_lz4_frame(const uint8_t *in, size_t size, struct decompress_out *out);
enum image_error decompress_bzip2(const uint8_t *in, size_t size, struct decompress_out *out);
enum image_error decompress_lzo(const uint8_t *in, size_t size, struct decompress_out *out);

#endif
