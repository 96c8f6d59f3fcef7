// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the kernel image reader on images made here.
 *
 *   test-image                        the tests
 *   test-image --write-corpus DIR     the seeds of tests/fuzz/fuzz-bzimage.c
 */
#include "config.h"

#include <elf.h>
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef HAVE_CODEC_GZIP
#include <zlib.h>
#endif
#ifdef HAVE_CODEC_XZ
#include <lzma.h>
#endif
#ifdef HAVE_CODEC_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_CODEC_LZ4
#include <lz4.h>
#include <lz4frame.h>
#endif
#ifdef HAVE_CODEC_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_CODEC_LZO
#include <lzo/lzo1x.h>
#endif

#include "decompress.h"
#include "image.h"
#include "vmlinux.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- Byte buffers ------------------------------------------------------ */

struct bytes {
	uint8_t *p;
	size_t n, size;
};

static uint8_t *extend(struct bytes *b, size_t n)
{
	if (n > b->size - b->n) {
		b->size = (b->n + n) * 2;
		b->p = realloc(b->p, b->size);
		if (!b->p)
			abort();
	}
	b->n += n;
	return b->p + b->n - n;
}

static void put(struct bytes *b, const void *data, size_t n)
{
	if (n)
		memcpy(extend(b, n), data, n);
}

static void put_le32(struct bytes *b, uint32_t v)
{
	v = htole32(v);
	put(b, &v, sizeof(v));
}

static void fill(struct bytes *b, uint8_t c, size_t n)
{
	memset(extend(b, n), c, n);
}

/* A copy of exactly B's size, so that sanitizers see any access beyond it. */
static uint8_t *exact_copy(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		abort();
	memcpy(copy, p, n);
	return copy;
}

static uint64_t random_state = 0x9e3779b97f4a7c15ull;

static uint32_t random32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32);
}

/* ---- Compressors, in the containers of the kernel's build -------------- */

typedef void (*compress_fn)(struct bytes *out, const uint8_t *in, size_t n);

#ifdef HAVE_CODEC_GZIP
static void compress_gzip(struct bytes *out, const uint8_t *in, size_t n)
{
	z_stream z = { .next_in = (Bytef *)in, .avail_in = (uInt)n };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.avail_out = (uInt)deflateBound(&z, n);
	z.next_out = extend(out, z.avail_out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n -= z.avail_out;
	deflateEnd(&z);
}
#endif

#ifdef HAVE_CODEC_XZ
static void run_lzma(lzma_stream *z, struct bytes *out, const uint8_t *in, size_t n)
{
	z->next_in = in;
	z->avail_in = n;
	z->avail_out = n + n / 2 + 1024;
	z->next_out = extend(out, z->avail_out);
	assert_int_equal(lzma_code(z, LZMA_FINISH), LZMA_STREAM_END);
	out->n -= z->avail_out;
	lzma_end(z);
}

/* As scripts/xz_wrap.sh: a filter for x86 code, crc32, but a smaller window. */
static void compress_xz(struct bytes *out, const uint8_t *in, size_t n)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma opt;
	lzma_filter filters[] = {
		{ LZMA_FILTER_X86, NULL }, { LZMA_FILTER_LZMA2, &opt }, { LZMA_VLI_UNKNOWN, NULL },
	};

	lzma_lzma_preset(&opt, 6);
	opt.dict_size = 1 << 20;
	assert_int_equal(lzma_stream_encoder(&z, filters, LZMA_CHECK_CRC32), LZMA_OK);
	run_lzma(&z, out, in, n);
}

static void compress_lzma(struct bytes *out, const uint8_t *in, size_t n)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma opt;

	lzma_lzma_preset(&opt, 6);
	opt.dict_size = 1 << 20;
	assert_int_equal(lzma_alone_encoder(&z, &opt), LZMA_OK);
	run_lzma(&z, out, in, n);
}
#endif

#ifdef HAVE_CODEC_ZSTD
static void compress_zstd(struct bytes *out, const uint8_t *in, size_t n)
{
	size_t bound = ZSTD_compressBound(n), rc;
	ZSTD_CCtx *ctx = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
	rc = ZSTD_compress2(ctx, extend(out, bound), bound, in, n);
	assert_false(ZSTD_isError(rc));
	out->n -= bound - rc;
	ZSTD_freeCCtx(ctx);
}
#endif

#ifdef HAVE_CODEC_LZ4
static void compress_lz4(struct bytes *out, const uint8_t *in, size_t n)
{
	const size_t block = 8 << 20;

	put_le32(out, 0x184c2102);
	while (n) {
		int m = (int)(n < block ? n : block), bound = LZ4_compressBound(m), rc;
		size_t at = out->n;
		uint32_t length;

		put_le32(out, 0);
		rc = LZ4_compress_default((const char *)in, (char *)extend(out, (size_t)bound),
					  m, bound);
		assert_true(rc > 0);
		out->n -= (size_t)(bound - rc);
		length = htole32((uint32_t)rc);
		memcpy(out->p + at, &length, sizeof(length));
		in += m;
		n -= (size_t)m;
	}
}

/* As the lz4 command does. */
static void compress_lz4_frame(struct bytes *out, const uint8_t *in, size_t n)
{
	const LZ4F_preferences_t prefs = {
		.frameInfo = { .blockSizeID = LZ4F_max4MB, .blockMode = LZ4F_blockIndependent,
			       .contentChecksumFlag = LZ4F_contentChecksumEnabled },
	};
	size_t bound = LZ4F_compressFrameBound(n, &prefs), rc;

	rc = LZ4F_compressFrame(extend(out, bound), bound, in, n, &prefs);
	assert_false(LZ4F_isError(rc));
	out->n -= bound - rc;
}
#endif

#ifdef HAVE_CODEC_BZIP2
static void compress_bzip2(struct bytes *out, const uint8_t *in, size_t n)
{
	unsigned int size = (unsigned int)(n + n / 50 + 1024), bound = size;

	assert_int_equal(BZ2_bzBuffToBuffCompress((char *)extend(out, bound), &size, (char *)in,
						  (unsigned int)n, 9, 0, 0), BZ_OK);
	out->n -= bound - size;
}
#endif

#ifdef HAVE_CODEC_LZO
static void put_be32(struct bytes *b, uint32_t v)
{
	v = htobe32(v);
	put(b, &v, sizeof(v));
}

#define LZO_ADLER32_D	0x0001u
#define LZO_ADLER32_C	0x0002u
#define LZO_EXTRA	0x0040u
#define LZO_CRC32_D	0x0100u
#define LZO_CRC32_C	0x0200u
#define LZO_ALL_SUMS	(LZO_ADLER32_D | LZO_ADLER32_C | LZO_CRC32_D | LZO_CRC32_C)

static void put_lzo_header(struct bytes *out, uint32_t flags)
{
	static const uint8_t magic[] = { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' };
	static const uint8_t rest[] = { 0x10, 0x40, 0x20, 0xa0, 0x09, 0x40, 1, 5 };

	put(out, magic, sizeof(magic));
	put(out, rest, sizeof(rest));
	put_be32(out, flags);
	put_be32(out, 0100644);
	put_be32(out, 0);
	put_be32(out, 0);
	put(out, "\x03vml", 4);
	put_be32(out, 0x12345678);		/* not checked: a kernel booted anyway */
	if (flags & LZO_EXTRA) {
		put_be32(out, 5);
		put(out, "extra", 5);
		put_be32(out, 0);
	}
}

static void put_lzo_block(struct bytes *out, const uint8_t *in, size_t n, uint32_t flags)
{
	static uint8_t work[LZO1X_1_MEM_COMPRESS], packed[512 * 1024];
	lzo_uint size = sizeof(packed);
	bool stored;

	assert_int_equal(lzo1x_1_compress(in, n, packed, &size, work), LZO_E_OK);
	stored = size >= n;
	if (stored)
		size = n;
	put_be32(out, (uint32_t)n);
	put_be32(out, (uint32_t)size);
	if (flags & LZO_ADLER32_D)
		put_be32(out, lzo_adler32(1, in, n));
	if (flags & LZO_CRC32_D)
		put_be32(out, lzo_crc32(0, in, n));
	if (flags & LZO_ADLER32_C && !stored)
		put_be32(out, lzo_adler32(1, packed, size));
	if (flags & LZO_CRC32_C && !stored)
		put_be32(out, lzo_crc32(0, packed, size));
	put(out, stored ? in : packed, size);
}

static void compress_lzo_flags(struct bytes *out, const uint8_t *in, size_t n, uint32_t flags)
{
	const size_t block = 256 * 1024;

	assert_int_equal(lzo_init(), LZO_E_OK);
	put_lzo_header(out, flags);
	while (n) {
		size_t m = n < block ? n : block;

		put_lzo_block(out, in, m, flags);
		in += m;
		n -= m;
	}
	put_be32(out, 0);
}

static void compress_lzo(struct bytes *out, const uint8_t *in, size_t n)
{
	compress_lzo_flags(out, in, n, LZO_ADLER32_D | LZO_ADLER32_C);
}

static void compress_lzo_crc32(struct bytes *out, const uint8_t *in, size_t n)
{
	compress_lzo_flags(out, in, n, LZO_CRC32_D);
}

static void compress_lzo_all_sums(struct bytes *out, const uint8_t *in, size_t n)
{
	compress_lzo_flags(out, in, n, LZO_ALL_SUMS | LZO_EXTRA);
}
#endif

#define SELF_ENDING	1	/* marks its end, so that all following bytes are ignored */
#define CHECKED		2	/* has a checksum of the data */

static const struct codec {
	const char *name;
	const char *format;
	compress_fn compress;
	int flags;
} codecs[] = {
#ifdef HAVE_CODEC_GZIP
	{ "gzip", "gzip", compress_gzip, SELF_ENDING | CHECKED },
#endif
#ifdef HAVE_CODEC_XZ
	{ "xz", "xz", compress_xz, SELF_ENDING | CHECKED },
	{ "lzma", "lzma", compress_lzma, SELF_ENDING },
#endif
#ifdef HAVE_CODEC_ZSTD
	{ "zstd", "zstd", compress_zstd, SELF_ENDING | CHECKED },
#endif
#ifdef HAVE_CODEC_LZ4
	{ "lz4", "lz4", compress_lz4, 0 },
	{ "lz4-frame", "lz4", compress_lz4_frame, SELF_ENDING | CHECKED },
#endif
#ifdef HAVE_CODEC_BZIP2
	{ "bzip2", "bzip2", compress_bzip2, SELF_ENDING | CHECKED },
#endif
#ifdef HAVE_CODEC_LZO
	{ "lzo", "lzo", compress_lzo, SELF_ENDING | CHECKED },
	{ "lzo-crc32", "lzo", compress_lzo_crc32, SELF_ENDING | CHECKED },
	{ "lzo-all-sums", "lzo", compress_lzo_all_sums, SELF_ENDING | CHECKED },
#endif
	{ NULL, NULL, NULL, 0 }
};

/* ---- Images ------------------------------------------------------------ */

#define KERNEL_OFFSET	1024u		/* setup_sects = 1 */
#define PAYLOAD_AT	0x240u		/* in the protected-mode part */

static void set16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static void set32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static void set64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static void make_header(uint8_t *p, size_t kernel_size, size_t payload_size)
{
	p[0x1f1] = 1;
	set32(p + 0x1f4, (uint32_t)kernel_size / 16);
	set16(p + 0x1fe, 0xaa55);
	p[0x200] = 0xeb;
	p[0x201] = 0x6a;
	memcpy(p + 0x202, "HdrS", 4);
	set16(p + 0x206, 0x020f);
	p[0x211] = 1;
	set32(p + 0x230, 0x200000);
	p[0x234] = 1;
	set16(p + 0x236, 0x7f);
	set32(p + 0x238, 2047);
	set32(p + 0x248, PAYLOAD_AT);
	set32(p + 0x24c, (uint32_t)payload_size);
	set64(p + 0x258, 0x1000000);
	set32(p + 0x260, 0x3000000);
}

static void make_bzimage(struct bytes *out, const struct bytes *payload)
{
	size_t kernel_size = (PAYLOAD_AT + payload->n + 15) & ~15ull;
	uint8_t *p = extend(out, KERNEL_OFFSET + kernel_size);

	memset(p, 0, KERNEL_OFFSET + kernel_size);
	make_header(p, kernel_size, payload->n);
	memcpy(p + KERNEL_OFFSET + PAYLOAD_AT, payload->p, payload->n);
}

/* As the linker script lays out a vmlinux: code and constants, data, notes in the code. */
static void put_elf_headers(struct bytes *out, size_t text, size_t data)
{
	const uint64_t at = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
	Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = htole16(ET_EXEC), .e_machine = htole16(EM_X86_64),
		.e_version = htole32(EV_CURRENT), .e_phoff = htole64(sizeof(ehdr)),
		.e_ehsize = htole16(sizeof(ehdr)), .e_phentsize = htole16(sizeof(Elf64_Phdr)),
		.e_phnum = htole16(3),
	};
	const Elf64_Phdr phdr[3] = {
		{ .p_type = htole32(PT_LOAD), .p_flags = htole32(PF_R | PF_X),
		  .p_offset = htole64(at), .p_filesz = htole64(text) },
		{ .p_type = htole32(PT_LOAD), .p_flags = htole32(PF_R | PF_W),
		  .p_offset = htole64(at + text), .p_filesz = htole64(data) },
		{ .p_type = htole32(PT_NOTE), .p_offset = htole64(at), .p_filesz = htole64(text / 2) },
	};

	put(out, &ehdr, sizeof(ehdr));
	put(out, phdr, sizeof(phdr));
}

static void put_elf(struct bytes *out, const void *text, size_t text_size, const void *data,
		    size_t data_size)
{
	put_elf_headers(out, text_size, data_size);
	put(out, text, text_size);
	put(out, data, data_size);
}

/* The strings of another kernel, and of one without KHO. */
#define NO_KHO	"Passed KHO data, but CONFIG_KEXEC_HANDOVER not set"
#define DECOYS_ALONE \
	"\0kho-v1\0kho-v9\0luo-v9\0luo-session-v9\0luo-flb-v9\0memfd-v9\0reserve-mem-v1" \
	"\0kho_preserve_phys\0" NO_KHO "\0Linux version 9.9.9 (x)"
#define DECOYS	DECOYS_ALONE "\0kho_scratch\0memfd-v8"
/* What a kernel has in front of its initramfs: data, and names of parameters. */
#define PARAMETERS "\0kho\0kho_bootmem\0"
#define DATA	"\0memfd-v2\0" PARAMETERS

static const char constants[] =
	"%s version %s (kbuild@host) (gcc) %s\n\0" "Linux version %s (built on %s)\0"
	"luo-session-v2\0" "luo-flb-v1\0" "kho_preserve_pages";
static const char more_constants[] =
	"\0" "kho-v4\0" "luo-v5\0" "reserve-mem-v1\0"
	"Linux version 7.3.4-kho (kbuild@host) (gcc 12) #1 SMP\n\0"
	"Linux version 9.9.9 (second one)\n";

/* A stand-in for a vmlinux with KHO, with decoys in its built-in initramfs. */
static void make_vmlinux(struct bytes *out, size_t padding)
{
	struct bytes text = { 0 };

	fill(&text, 0x90, 100);
	put(&text, constants, sizeof(constants));
	for (size_t i = 0; i < padding; i += 4)
		put_le32(&text, i % 4096 < 2048 ? 0xccccccccu : (uint32_t)(i * 2654435761u));
	put(&text, more_constants, sizeof(more_constants));
	put_elf(out, text.p, text.n, DATA DECOYS, sizeof(DATA DECOYS));
	/* What follows is no segment: sections' names and relocations. */
	put(out, DECOYS, sizeof(DECOYS));
	fill(out, 0, 64);
	free(text.p);
}

static void compress_payload(struct bytes *out, const struct codec *c, const struct bytes *in)
{
	c->compress(out, in->p, in->n);
	put_le32(out, (uint32_t)in->n);		/* as the kernel's build does */
}

/* ---- image_parse ----------------------------------------------------- */

static void make_small(struct bytes *img)
{
	struct bytes payload = { 0 };

	make_vmlinux(&payload, 0);
	make_bzimage(img, &payload);
	free(payload.p);
}

static void test_parse(void **state)
{
	struct bytes img = { 0 };
	struct image b;

	(void)state;
	make_small(&img);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_int_equal(b.bzimage.version, 0x020f);
	assert_int_equal(b.bzimage.xloadflags, 0x7f);
	assert_true(b.relocatable);
	assert_int_equal(b.alignment, 0x200000);
	assert_int_equal(b.pref_address, 0x1000000);
	assert_int_equal(b.init_size, 0x3000000);
	assert_int_equal(b.limit, 0);
	assert_int_equal(b.entry, 0x200);
	assert_int_equal(b.cmdline_max, 2047);
	assert_int_equal(b.bzimage.header_size, 0x26c - 0x1f1);
	assert_int_equal(b.kernel_offset, KERNEL_OFFSET);
	assert_int_equal(b.kernel_size, img.n - KERNEL_OFFSET);
	assert_int_equal(b.payload_offset, KERNEL_OFFSET + PAYLOAD_AT);
	assert_memory_equal(img.p + b.payload_offset, "\177ELF", 4);

	free(img.p);
}

/* A signature, padding, or more garbage than the kernel has room for. */
static void test_trailing(void **state)
{
	struct bytes img = { 0 };
	struct image b;
	size_t size;

	(void)state;
	make_small(&img);
	size = img.n;
	for (int i = 0; i < 2; i++) {
		fill(&img, 0x30, i ? 100 : 1);
		assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
		assert_int_equal(b.kernel_size, size - KERNEL_OFFSET);
	}
	set32(img.p + 0x260, (uint32_t)(size - KERNEL_OFFSET));
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	/* The payload must be in what is loaded. */
	set32(img.p + 0x1f4, (uint32_t)(size - KERNEL_OFFSET) / 16 - 1);
	set32(img.p + 0x24c, (uint32_t)(size - KERNEL_OFFSET - PAYLOAD_AT));
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_ERR_TRUNCATED);
	free(img.p);
}

/* Memtest86+ counts units of 16 bytes and does not fill the last one. */
static void test_short_unit(void **state)
{
	struct bytes img = { 0 };
	struct image b;

	(void)state;
	make_small(&img);
	set32(img.p + 0x24c, 1);
	assert_int_equal(image_parse(img.p, img.n - 15, &b), IMAGE_OK);
	assert_int_equal(b.kernel_size, img.n - 15 - KERNEL_OFFSET);
	assert_int_equal(image_parse(img.p, img.n - 16, &b), IMAGE_ERR_TRUNCATED);
	/* A count that leaves out the entry point. */
	set32(img.p + 0x1f4, 0x200 / 16);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_ERR_HEADER);
	free(img.p);
}

static void test_header_variants(void **state)
{
	struct bytes img = { 0 };
	struct image b;

	(void)state;
	make_small(&img);
	fill(&img, 0, 4096);
	img.p[0x1f1] = 0;			/* stands for 4 */
	set32(img.p + 0x24c, 0);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_int_equal(b.kernel_offset, 5 * 512);
	assert_int_equal(b.payload_offset, 0);
	assert_int_equal(b.payload_size, 0);

	set16(img.p + 0x206, 0x020c);
	img.p[0x234] = 0;
	img.p[0x201] = 0x264 - 0x202;
	img.p[0x236] &= (unsigned char)~2;	/* XLF_CAN_BE_LOADED_ABOVE_4G */
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_false(b.relocatable);
	assert_int_equal(b.limit, 1ull << 32);
	assert_int_equal(b.bzimage.header_size, 0x264 - 0x1f1);
	free(img.p);
}

static void assert_entered_32(const struct image *b, uint64_t limit)
{
	assert_true(b->entry_32 && b->segments_only);
	assert_int_equal(b->entry, 0);
	assert_int_equal(b->limit, limit);
	assert_int_equal(b->low, limit < 1ull << 32);
	assert_int_equal(b->initrd_limit, 0x37ffffff + 1);
}

/* A kernel for 32-bit CPUs, one from before there was another, and one whose user wants it. */
static void test_entry_32(void **state)
{
	struct bytes img = { 0 };
	struct image b;

	(void)state;
	make_small(&img);
	set32(img.p + 0x22c, 0x37ffffff);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_false(b.entry_32 || b.segments_only);
	assert_int_equal(b.initrd_limit, 0);
	assert_true(image_enter_32(&b));
	assert_entered_32(&b, 1ull << 32);
	assert_true(image_enter_32(&b));
	assert_entered_32(&b, 1ull << 32);
	img.p[0x236] = 0x7e;
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_entered_32(&b, 0x38000000);
	assert_int_equal(b.bzimage.xloadflags, 0x7e);
	/* Such a kernel lies below what it maps, and below an initrd's highest address. */
	set32(img.p + 0x22c, 0x2fffffff);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_int_equal(b.limit, 0x30000000);
	set32(img.p + 0x22c, 0x37ffffff);
	/* Before 2.12 there are no xloadflags. */
	img.p[0x236] = 0x7f;
	set16(img.p + 0x206, 0x020b);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_entered_32(&b, 0x38000000);
	assert_int_equal(b.bzimage.xloadflags, 0);
	set16(img.p + 0x206, 0x020a);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	free(img.p);
}

/* What wants to lie above 4 GiB cannot be entered there without paging. */
static void test_entry_32_reach(void **state)
{
	struct bytes img = { 0 };
	struct image b;

	(void)state;
	make_small(&img);
	set64(img.p + 0x258, (1ull << 32) - 0x3000000);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_true(image_enter_32(&b));
	set64(img.p + 0x258, (1ull << 32) - 0x3000000 + 1);
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
	assert_false(image_enter_32(&b));
	assert_false(b.entry_32);
	img.p[0x236] = 0x7e;
	assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_ERR_HEADER);
	free(img.p);
}

/* One field of a good image, and what image_parse() says with it. */
static const struct bad_field {
	const char *name;
	uint16_t offset;
	uint8_t size;
	uint64_t value;
	enum image_error err;
} bad_fields[] = {
	{ "no-boot-flag",	0x1fe, 2, 0x55aa, IMAGE_ERR_TYPE },
	{ "no-magic",		0x202, 4, 0x5372644a, IMAGE_ERR_TYPE },
	{ "zimage",		0x211, 1, 0xfe, IMAGE_ERR_TYPE },
	{ "old-protocol",	0x206, 2, 0x0209, IMAGE_ERR_OLD_PROTOCOL },
	{ "header-short",	0x201, 1, 0x263 - 0x202, IMAGE_ERR_HEADER },
	{ "header-long",	0x201, 1, 0x291 - 0x202, IMAGE_ERR_HEADER },
	{ "alignment-0",	0x230, 4, 0, IMAGE_ERR_HEADER },
	{ "alignment-small",	0x230, 4, 2048, IMAGE_ERR_HEADER },
	{ "alignment-odd",	0x230, 4, 0x201000, IMAGE_ERR_HEADER },
	{ "alignment-big",	0x230, 4, 0x80000000, IMAGE_ERR_HEADER },
	{ "init-size-0",	0x260, 4, 0, IMAGE_ERR_HEADER },
	{ "init-size-small",	0x260, 4, 0x200, IMAGE_ERR_HEADER },
	{ "init-size-big",	0x260, 4, 0x40000001, IMAGE_ERR_HEADER },
	{ "pref-address-wraps",	0x258, 8, UINT64_MAX - 0xfff, IMAGE_ERR_HEADER },
	{ "pref-address-big",	0x258, 8, 1ull << 52, IMAGE_ERR_HEADER },
	{ "cmdline-0",		0x238, 4, 0, IMAGE_ERR_HEADER },
	{ "cmdline-big",	0x238, 4, UINT32_MAX, IMAGE_ERR_HEADER },
	{ "setup-sects",	0x1f1, 1, 255, IMAGE_ERR_TRUNCATED },
	{ "syssize",		0x1f4, 4, UINT32_MAX, IMAGE_ERR_TRUNCATED },
	{ "payload-offset",	0x248, 4, UINT32_MAX, IMAGE_ERR_TRUNCATED },
	{ "payload-length",	0x24c, 4, UINT32_MAX, IMAGE_ERR_TRUNCATED },
};

static void break_field(struct bytes *img, const struct bad_field *f)
{
	uint64_t le = htole64(f->value);

	memcpy(img->p + f->offset, &le, f->size);
}

static void test_bad_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_fields); i++) {
		struct bytes img = { 0 };
		struct image b, before;

		make_small(&img);
		break_field(&img, &bad_fields[i]);
		memset(&b, 0x5a, sizeof(b));
		before = b;
		if (image_parse(img.p, img.n, &b) != bad_fields[i].err)
			fail_msg("%s", bad_fields[i].name);
		assert_memory_equal(&b, &before, sizeof(b));
		free(img.p);
	}
}

/* The last value that is taken, and the first that is not. */
static void test_limits(void **state)
{
	static const struct {
		uint16_t offset;
		uint8_t size;
		uint64_t last, first;
	} limits[] = {
		{ 0x201, 1, 0x264 - 0x202, 0x263 - 0x202 },
		{ 0x201, 1, 0x290 - 0x202, 0x291 - 0x202 },
		{ 0x230, 4, 4096, 2048 },
		{ 0x230, 4, 0x40000000, 0x80000000 },
		{ 0x238, 4, 255, 254 },
		{ 0x238, 4, 65535, 65536 },
		{ 0x258, 8, (1ull << 52) - 0x3000000, (1ull << 52) - 0x3000000 + 1 },
		{ 0x260, 4, 0x40000000, 0x40000001 },
		{ 0x260, 4, 2048, 2047 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct bad_field f = { "", limits[i].offset, limits[i].size, limits[i].last, IMAGE_OK };
		struct bytes img = { 0 };
		struct image b;

		make_small(&img);
		fill(&img, 0, KERNEL_OFFSET + 2048 - img.n);
		set32(img.p + 0x1f4, 0);
		break_field(&img, &f);
		assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_OK);
		f.value = limits[i].first;
		break_field(&img, &f);
		assert_int_equal(image_parse(img.p, img.n, &b), IMAGE_ERR_HEADER);
		free(img.p);
	}
}

/* A kernel has its 64-bit entry point at 0x200, and its payload in itself. */
static void test_kernel_size(void **state)
{
	struct bytes img = { 0 };
	struct image b;

	(void)state;
	make_small(&img);
	set32(img.p + 0x1f4, 0);
	set32(img.p + 0x248, 0x100);
	set32(img.p + 0x24c, 0x101);
	assert_int_equal(image_parse(img.p, KERNEL_OFFSET + 0x201, &b), IMAGE_OK);
	assert_int_equal(b.payload_offset, KERNEL_OFFSET + 0x100);
	assert_int_equal(b.payload_size, 0x101);
	set32(img.p + 0x24c, 0x102);
	assert_int_equal(image_parse(img.p, KERNEL_OFFSET + 0x201, &b), IMAGE_ERR_TRUNCATED);
	set32(img.p + 0x248, 0);
	assert_int_equal(image_parse(img.p, KERNEL_OFFSET + 0x201, &b), IMAGE_OK);
	assert_int_equal(b.payload_size, 0);
	assert_int_equal(image_parse(img.p, KERNEL_OFFSET + 0x200, &b), IMAGE_ERR_TRUNCATED);
	assert_int_equal(image_parse(img.p, KERNEL_OFFSET, &b), IMAGE_ERR_TRUNCATED);
	free(img.p);
}

/* Parse and scan a copy in a buffer of exactly N bytes. */
static enum image_error read_whole(const uint8_t *p, size_t n)
{
	uint8_t *copy = exact_copy(p, n);
	struct kernel_features f;
	enum image_error err;
	const char *format;
	struct image b;

	err = image_parse(copy, n, &b);
	if (!err && b.payload_size) {
		uint8_t *payload = exact_copy(copy + b.payload_offset, b.payload_size);

		err = image_scan(payload, b.payload_size, &f, &format);
		assert_non_null(format);
		free(payload);
	}
	free(copy);
	return err;
}

static void test_truncated_image(void **state)
{
	struct bytes img = { 0 };
	uint32_t payload;

	(void)state;
	make_small(&img);
	memcpy(&payload, img.p + 0x24c, sizeof(payload));
	payload = le32toh(payload);
	assert_int_equal(read_whole(img.p, img.n), IMAGE_OK);
	for (size_t n = 0; n < img.n; n++) {
		enum image_error err = read_whole(img.p, n);

		/* The last unit need not be whole, but the payload. */
		if (n + 16 > img.n && n >= KERNEL_OFFSET + PAYLOAD_AT + payload)
			assert_int_equal(err, IMAGE_OK);
		else
			assert_int_equal(err, n < 0x208 ? IMAGE_ERR_TYPE : IMAGE_ERR_TRUNCATED);
	}
	free(img.p);
}

/* ---- Decompression ----------------------------------------------------- */

static void check_features(const struct kernel_features *f)
{
	assert_string_equal(f->release, "7.3.4-kho");
	assert_string_equal(f->kho, "kho-v4");
	assert_string_equal(f->luo, "luo-v5");
	assert_string_equal(f->luo_session, "luo-session-v2");
	assert_string_equal(f->luo_flb, "luo-flb-v1");
	assert_string_equal(f->memfd, "memfd-v2");
	assert_true(f->reserve_mem);
	assert_false(f->preserve_phys);
	assert_true(f->preserve_pages);
	assert_int_equal(f->scratch_name, SCRATCH_NAME_BOOTMEM);
	assert_false(f->kho_ambiguous);
	assert_false(f->kho_disabled);
}

static void check_codec(const struct codec *c, size_t padding)
{
	struct bytes vmlinux = { 0 }, payload = { 0 };
	struct kernel_features f;
	const char *format;
	void *data;
	size_t n;

	make_vmlinux(&vmlinux, padding);
	compress_payload(&payload, c, &vmlinux);
	assert_int_equal(image_scan(payload.p, payload.n, &f, &format), IMAGE_OK);
	assert_string_equal(format, c->format);
	check_features(&f);

	assert_int_equal(image_unpack(payload.p, payload.n, vmlinux.n, &data, &n), IMAGE_OK);
	assert_int_equal(n, vmlinux.n);
	assert_int_equal(memcmp(data, vmlinux.p, n), 0);
	free(data);
	assert_int_equal(image_unpack(payload.p, payload.n, vmlinux.n - 1, &data, &n),
			 IMAGE_ERR_TOOBIG);
	assert_int_equal(image_unpack(payload.p, payload.n, 0, &data, &n), IMAGE_ERR_TOOBIG);

	if (c->flags & SELF_ENDING) {
		fill(&payload, 0xa5, 1000);
		assert_int_equal(image_scan(payload.p, payload.n, &f, &format), IMAGE_OK);
		check_features(&f);
	}
	free(vmlinux.p);
	free(payload.p);
}

static void test_codecs(void **state)
{
	(void)state;
	for (const struct codec *c = codecs; c->name; c++) {
		check_codec(c, 64);
		check_codec(c, 1 << 20);
		if (!(c->flags & SELF_ENDING))
			check_codec(c, 9 << 20);	/* two blocks of lz4 */
	}
}

#ifdef HAVE_CODEC_LZ4
/* The end of an lz4 stream is the end of the input, so here the length counts. */
static void test_lz4_full_blocks(void **state)
{
	const struct codec *c = codecs;
	struct bytes data = { 0 }, packed = { 0 };
	void *out;
	size_t n;

	(void)state;
	while (strcmp(c->format, "lz4"))
		c++;

	fill(&data, 'x', 16 << 20);
	c->compress(&packed, data.p, data.n);
	assert_int_equal(image_unpack(packed.p, packed.n, data.n, &out, &n), IMAGE_OK);
	assert_int_equal(n, data.n);
	free(out);
	put_le32(&packed, (uint32_t)data.n);
	assert_int_equal(image_unpack(packed.p, packed.n, data.n, &out, &n), IMAGE_OK);
	assert_int_equal(n, data.n);
	free(out);
	assert_int_equal(image_unpack(packed.p, 4, data.n, &out, &n), IMAGE_ERR_TRUNCATED);
	free(data.p);
	free(packed.p);
}
#endif

static void test_truncated_streams(void **state)
{
	(void)state;
	for (const struct codec *c = codecs; c->name; c++) {
		struct bytes vmlinux = { 0 }, packed = { 0 };
		struct kernel_features f;
		const char *format;

		make_vmlinux(&vmlinux, 64);
		c->compress(&packed, vmlinux.p, vmlinux.n);
		for (size_t n = 0; n < packed.n; n++) {
			uint8_t *copy = exact_copy(packed.p, n);
			enum image_error err = image_scan(copy, n, &f, &format);

			if (!strcmp(format, "unknown"))
				assert_int_equal(err, IMAGE_ERR_FORMAT);
			else if (err != IMAGE_ERR_TRUNCATED)
				fail_msg("%s cut to %zu of %zu: %d", c->name, n, packed.n, err);
			free(copy);
		}
		free(vmlinux.p);
		free(packed.p);
	}
}

static void test_corrupt_streams(void **state)
{
	(void)state;
	for (const struct codec *c = codecs; c->name; c++) {
		struct bytes vmlinux = { 0 }, packed = { 0 };
		struct kernel_features f;
		enum image_error err;
		const char *format;

		if (!(c->flags & CHECKED))
			continue;
		make_vmlinux(&vmlinux, 65536);
		c->compress(&packed, vmlinux.p, vmlinux.n);
		memset(packed.p + packed.n / 3, 0xff, packed.n / 3);
		err = image_scan(packed.p, packed.n, &f, &format);
		/* It may hide where the stream ends, or be decoded before it is noticed. */
		assert_true(err == IMAGE_ERR_CORRUPT || err == IMAGE_ERR_TRUNCATED ||
			    err == IMAGE_ERR_LAYOUT);
		assert_string_equal(format, c->format);
		free(vmlinux.p);
		free(packed.p);
	}
}

/* With a checksum, no wrong bit gives wrong data. */
static void test_flipped_bits(void **state)
{
	(void)state;
	for (const struct codec *c = codecs; c->name; c++) {
		struct bytes vmlinux = { 0 }, packed = { 0 };
		void *data;
		size_t n;

		if (!(c->flags & CHECKED))
			continue;
		make_vmlinux(&vmlinux, 64);
		c->compress(&packed, vmlinux.p, vmlinux.n);
		for (size_t bit = 0; bit < packed.n * 8; bit++) {
			uint8_t *copy = exact_copy(packed.p, packed.n);

			copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (!image_unpack(copy, packed.n, 1 << 20, &data, &n)) {
				if (n != vmlinux.n || memcmp(data, vmlinux.p, n))
					fail_msg("%s: bit %zu", c->name, bit);
				free(data);
			}
			free(copy);
		}
		free(vmlinux.p);
		free(packed.p);
	}
}

static void test_empty_streams(void **state)
{
	(void)state;
	for (const struct codec *c = codecs; c->name; c++) {
		struct bytes packed = { 0 };
		void *data;
		size_t n;

		c->compress(&packed, (const uint8_t *)"", 0);
		assert_int_not_equal(image_unpack(packed.p, packed.n, 100, &data, &n), IMAGE_OK);
		free(packed.p);
	}
}

static void test_kho_formats(void **state)
{
	static const struct {
		const char *name, *magic;
		size_t n;
	} all[] = {
		{ "gzip", "\x1f\x8b\x08\0\0\0\0\0\0\3", 10 },
		{ "xz", "\xfd""7zXZ\0", 6 },
		{ "lzma", "\x5d\0\0\1\0", 5 },
		{ "zstd", "\x28\xb5\x2f\xfd", 4 },
		{ "lz4", "\x02\x21\x4c\x18", 4 },
		{ "lz4", "\x04\x22\x4d\x18", 4 },
		{ "bzip2", "BZh9", 4 },
		{ "lzo", "\x89LZO\0\r\n\x1a\n", 9 },
	};
	struct kernel_features f;
	const char *format;
	void *out;
	size_t n;

	(void)state;
	/* The name is known even if this build does not have the decoder. */
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const struct decompress_format *d;
		enum image_error err;

		d = decompress_identify((const uint8_t *)all[i].magic, all[i].n);
		assert_non_null(d);
		err = image_scan(all[i].magic, all[i].n, &f, &format);
		assert_string_equal(format, all[i].name);
		assert_int_equal(err, d->run ? IMAGE_ERR_TRUNCATED : IMAGE_ERR_CODEC);
	}
	assert_int_equal(image_scan("\177ELF", 4, &f, &format), IMAGE_ERR_TRUNCATED);
	assert_string_equal(format, "elf");
	assert_int_equal(image_scan("\177EL", 3, &f, &format), IMAGE_ERR_FORMAT);
	assert_string_equal(format, "unknown");
	assert_int_equal(image_scan("", 0, &f, &format), IMAGE_ERR_FORMAT);
	assert_int_equal(image_unpack("\177ELF", 4, 100, &out, &n), IMAGE_ERR_FORMAT);
	assert_int_equal(image_unpack("MZ", 2, 100, &out, &n), IMAGE_ERR_FORMAT);
}

/* A few bytes may ask for gigabytes of window. */
static void test_memory_limit(void **state)
{
	static const char lzma[] = "\x5d\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0";
	static const char zstd[] = "\x28\xb5\x2f\xfd\0\xa8\1\0\0";
	struct kernel_features f;
	const char *format;
	enum image_error err;

	(void)state;
	err = image_scan(lzma, sizeof(lzma), &f, &format);
	assert_true(err == IMAGE_ERR_NOMEM || err == IMAGE_ERR_CODEC);
	err = image_scan(zstd, sizeof(zstd), &f, &format);
	assert_true(err == IMAGE_ERR_NOMEM || err == IMAGE_ERR_CODEC);
}

static void test_strerror(void **state)
{
	(void)state;
	for (int err = IMAGE_OK; err <= IMAGE_ERR_NOMEM + 1; err++)
		for (int other = IMAGE_OK; other < err; other++)
			assert_string_not_equal(image_strerror(err), image_strerror(other));
}

/* ---- image_scan -------------------------------------------------------- */

static struct kernel_features scan_bytes(const uint8_t *p, size_t n)
{
	uint8_t *copy = exact_copy(p, n);
	struct kernel_features f;
	const char *format;

	assert_int_equal(image_scan(copy, n, &f, &format), IMAGE_OK);
	free(copy);
	return f;
}

static struct kernel_features scan_segments(const char *text, size_t text_size, const char *data,
					    size_t data_size)
{
	struct bytes elf = { 0 };
	struct kernel_features f;

	put_elf(&elf, text, text_size, data, data_size);
	f = scan_bytes(elf.p, elf.n);
	free(elf.p);
	return f;
}

/* With TEXT where constants are, and with DATA where parameters are. */
#define SCAN(text)	scan_segments(text, sizeof(text), "", 1)
#define SCAN_DATA(data)	scan_segments("text", 5, data, sizeof(data)).scratch_name

static void test_version_strings(void **state)
{
	(void)state;
	assert_string_equal(SCAN("\0kho-v1").kho, "kho-v1");
	assert_string_equal(SCAN("\1kho-v12\0").kho, "kho-v12");
	assert_string_equal(SCAN(" kho-v123456").kho, "kho-v123456");
	assert_string_equal(SCAN("\0kho-v1234567").kho, "");
	assert_string_equal(SCAN("kho-v1").kho, "kho-v1");
	assert_string_equal(SCAN("Fkho-v1").kho, "");
	assert_string_equal(SCAN("_kho-v1").kho, "");
	assert_string_equal(SCAN("-kho-v1").kho, "");
	assert_string_equal(SCAN("\0kho-v1.").kho, "");
	assert_string_equal(SCAN("\0kho-v").kho, "");
	assert_string_equal(SCAN("\0kho-vx").kho, "");
	assert_string_equal(SCAN("\0kho-v%d").kho, "");
	assert_string_equal(SCAN("\0kho-test-v1").kho, "");
	assert_string_equal(SCAN("\0kho\0-v1").kho, "");
	assert_string_equal(SCAN("\0luo-session-v2\0luo-flb-v1").luo, "");
	assert_string_equal(SCAN("\0luo-session-v2\0luo-v5\0luo-flb-v1").luo, "luo-v5");
	assert_string_equal(SCAN("\0luo-session-v2\0luo-v5\0luo-flb-v1").luo_session,
			    "luo-session-v2");
	assert_string_equal(SCAN("\0luo-session-v2\0luo-v5\0luo-flb-v1").luo_flb, "luo-flb-v1");
	assert_string_equal(SCAN("\0luo-session-v123456").luo_session, "luo-session-v123456");
	assert_string_equal(SCAN("\0luo-session-v1234567").luo_session, "");
	assert_string_equal(SCAN("\0luo-flb-v123456").luo_flb, "luo-flb-v123456");
	assert_string_equal(SCAN("\0xluo-session-v2\0luo-flb-vx").luo_session, "");
	assert_string_equal(SCAN("\0xluo-session-v2\0luo-flb-vx").luo_flb, "");
	assert_string_equal(SCAN("\0memfd-v2").memfd, "memfd-v2");
	assert_true(SCAN("\0reserve-mem-v1").reserve_mem);
	assert_false(SCAN("\0reserve-mem-v2").reserve_mem);
	assert_false(SCAN("\0reserve-mem-v11").reserve_mem);
	assert_false(SCAN("\0xreserve-mem-v1").reserve_mem);
	/* Cut before its NUL. */
	assert_string_equal(scan_segments("\0kho-v4", 7, "", 1).kho, "");
}

static void test_ambiguous(void **state)
{
	struct kernel_features f = SCAN("\0kho-v4\0kho-v4\0kho-v4");

	(void)state;
	assert_false(f.kho_ambiguous);
	f = SCAN("\0kho-v4\0kho-v3\0kho-v4");
	assert_true(f.kho_ambiguous);
	assert_string_equal(f.kho, "kho-v4");
}

static void test_exports(void **state)
{
	(void)state;
	assert_true(SCAN("\0kho_preserve_phys").preserve_phys);
	assert_false(SCAN("\0kho_preserve_phys").preserve_pages);
	assert_true(SCAN("\0kho_preserve_pages").preserve_pages);
	assert_false(SCAN("\0kho_preserve_pages").preserve_phys);
	assert_true(SCAN("\0kho_preserve_folio\0kho_preserve_phys").preserve_phys);
	assert_false(SCAN("\0kho_preserve_folio").preserve_phys);
	assert_false(SCAN("\0__kho_preserve_phys").preserve_phys);
	assert_false(SCAN("\0kho_preserve_physx").preserve_phys);
	assert_false(SCAN("\0kho_preserve_pages_").preserve_pages);
	assert_false(SCAN("\0kho_preserve_pagesx").preserve_pages);
	/* Cut before its NUL. */
	assert_false(scan_segments("\0kho_preserve_phys", 18, "", 1).preserve_phys);
}

static void test_disabled(void **state)
{
	(void)state;
	assert_true(SCAN("\0\1""4" NO_KHO ". Ignoring.\n").kho_disabled);
	assert_true(SCAN(NO_KHO).kho_disabled);
	assert_false(SCAN("\0Passed KHO data, but CONFIG_KEXEC_HANDOVER not se").kho_disabled);
}

#define LONGEST	"6.1.0-567890123456789012345678901234567890123456789012345678901x"

static void test_release(void **state)
{
	(void)state;
	assert_string_equal(SCAN("Linux version 6.12.95+deb12-cloud-amd64 (x)").release,
			    "6.12.95+deb12-cloud-amd64");
	assert_string_equal(SCAN("Linux version %s (x)\0Linux version 6.1 (x)").release, "6.1");
	assert_string_equal(SCAN("Linux version 2.6 or newer\0Linux version 6.1 (x)").release,
			    "6.1");
	assert_string_equal(SCAN("Linux version Linux version 6.1 (x)").release, "6.1");
	assert_string_equal(SCAN("Linux version 6.1 (x) Linux version 6.2 (x)").release, "6.1");
	assert_string_equal(SCAN("Linux version 6.1\0(x)").release, "");
	assert_string_equal(SCAN("Linux version 6.1 ").release, "");
	assert_string_equal(SCAN("Linux version 6.1").release, "");
	assert_string_equal(SCAN("Linux version ").release, "");
	assert_int_equal(strlen(LONGEST), 64);
	assert_string_equal(SCAN("Linux version " LONGEST " (x)").release, LONGEST);
	assert_string_equal(SCAN("Linux version " LONGEST "x (x)").release, "");
}

static void check_nothing(struct kernel_features f, enum scratch_name name)
{
	const struct kernel_features nothing = { .scratch_name = name };

	assert_memory_equal(&f, &nothing, sizeof(f));
}

#define SEGMENTS(text, data)	scan_segments(text, sizeof(text), data, sizeof(data))

/* What a built-in initramfs contains, or what is in no segment, says nothing about the kernel. */
static void test_initramfs(void **state)
{
	struct kernel_features f;
	struct bytes elf = { 0 };

	(void)state;
	check_nothing(SEGMENTS("text", PARAMETERS DECOYS), SCRATCH_NAME_BOOTMEM);
	check_nothing(SEGMENTS("text", DECOYS_ALONE), SCRATCH_NAME_UNKNOWN);
	/* Nor do strings that begin in one segment and end in the other. */
	check_nothing(scan_segments("\0kho-", 5, "v4\0Linux version 6.1 (x)", 24), SCRATCH_NAME_UNKNOWN);
	put_elf(&elf, "text", 5, "", 1);
	put(&elf, PARAMETERS DECOYS, sizeof(PARAMETERS DECOYS));
	check_nothing(scan_bytes(elf.p, elf.n), SCRATCH_NAME_UNKNOWN);
	free(elf.p);
	/* A kernel without KHO has no parameter. */
	f = SEGMENTS("\0Linux version 6.1 (x)", DECOYS);
	assert_string_equal(f.kho, "");
	assert_string_equal(f.release, "6.1");
	assert_false(f.reserve_mem || f.kho_disabled || f.preserve_phys || f.kho_ambiguous);
}

/* LUO's strings can be in the kernel's data. */
static void test_data(void **state)
{
	struct kernel_features f = SEGMENTS("\0kho-v4", "\0luo-v5\0luo-session-v2\0luo-flb-v1" DATA DECOYS);

	(void)state;
	assert_string_equal(f.kho, "kho-v4");
	assert_false(f.kho_ambiguous || f.kho_disabled || f.reserve_mem || *f.release);
	assert_string_equal(f.luo, "luo-v5");
	assert_string_equal(f.luo_session, "luo-session-v2");
	assert_string_equal(f.luo_flb, "luo-flb-v1");
	assert_string_equal(f.memfd, "memfd-v2");
	f = SEGMENTS("\0memfd-v1", DATA);
	assert_string_equal(f.memfd, "memfd-v1");
	/* Nothing tells them from an initramfs without the parameter. */
	assert_string_equal(SEGMENTS("\0kho-v4", "\0memfd-v2").memfd, "");
}

static void test_scratch_name(void **state)
{
	(void)state;
	assert_int_equal(SCAN_DATA("\0kho_scratch"), SCRATCH_NAME_SCRATCH);
	assert_int_equal(SCAN_DATA("\0kho_bootmem"), SCRATCH_NAME_BOOTMEM);
	assert_int_equal(SCAN_DATA("kho_bootmem"), SCRATCH_NAME_BOOTMEM);
	assert_int_equal(SCAN_DATA("\0kho\0kho_bootmem\0kho_scratch"), SCRATCH_NAME_BOOTMEM);
	assert_int_equal(SCAN_DATA("\0kho_bootmem_cnt\0kho_scratch\0kho_bootmem"), SCRATCH_NAME_SCRATCH);
	assert_int_equal(SCAN_DATA("\0kho_kho_bootmem\0kho_scratches"), SCRATCH_NAME_UNKNOWN);
	/* Not cut before its NUL, and not among constants. */
	assert_int_equal(scan_segments("text", 5, "kho_bootmem", 11).scratch_name, SCRATCH_NAME_UNKNOWN);
	assert_int_equal(SCAN("\0kho_bootmem").scratch_name, SCRATCH_NAME_UNKNOWN);
}

/* One field of the headers of put_elf() that is not as a vmlinux has it. */
static const struct bad_elf {
	const char *name;
	size_t offset;
	unsigned int size;
	uint64_t value;
	enum image_error err;
} bad_elves[] = {
#define EHDR(field)	offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)
#define PHDR(i, field)	sizeof(Elf64_Ehdr) + (i) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, field), \
			sizeof(((Elf64_Phdr *)0)->field)
	{ "elf-32-bit",		EI_CLASS, 1, ELFCLASS32, IMAGE_ERR_LAYOUT },
	{ "elf-big-endian",	EI_DATA, 1, ELFDATA2MSB, IMAGE_ERR_LAYOUT },
	{ "elf-arm64",		EHDR(e_machine), EM_AARCH64, IMAGE_ERR_LAYOUT },
	{ "elf-phoff",		EHDR(e_phoff), 72, IMAGE_ERR_LAYOUT },
	{ "elf-phentsize",	EHDR(e_phentsize), 32, IMAGE_ERR_LAYOUT },
	{ "elf-phnum-0",	EHDR(e_phnum), 0, IMAGE_ERR_LAYOUT },
	{ "elf-phnum",		EHDR(e_phnum), 0xffff, IMAGE_ERR_LAYOUT },
	{ "elf-phnum-cut",	EHDR(e_phnum), VMLINUX_HEADERS_MAX, IMAGE_ERR_TRUNCATED },
	{ "elf-code-writable",	PHDR(0, p_flags), PF_R | PF_W | PF_X, IMAGE_ERR_LAYOUT },
	{ "elf-code-no-load",	PHDR(0, p_type), PT_NOTE, IMAGE_ERR_LAYOUT },
	{ "elf-code-in-headers", PHDR(0, p_offset), 64, IMAGE_ERR_LAYOUT },
	{ "elf-code-long",	PHDR(0, p_filesz), 101, IMAGE_ERR_LAYOUT },
	{ "elf-data-first",	PHDR(1, p_offset), 240, IMAGE_ERR_LAYOUT },
	{ "elf-data-wraps",	PHDR(1, p_filesz), UINT64_MAX, IMAGE_ERR_LAYOUT },
	{ "elf-data-cut",	PHDR(1, p_filesz), 101, IMAGE_ERR_TRUNCATED },
	{ "elf-data-away",	PHDR(1, p_offset), 1ull << 40, IMAGE_ERR_TRUNCATED },
};

static void make_bad_elf(struct bytes *out, const struct bad_elf *bad)
{
	uint64_t le = htole64(bad->value);
	uint8_t segment[100] = { 0 };

	put_elf(out, segment, sizeof(segment), segment, sizeof(segment));
	memcpy(out->p + bad->offset, &le, bad->size);
}

static void test_bad_elves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_elves); i++) {
		struct bytes elf = { 0 };
		struct kernel_features f;
		const char *format;
		uint8_t *copy;

		make_bad_elf(&elf, &bad_elves[i]);
		copy = exact_copy(elf.p, elf.n);
		if (image_scan(copy, elf.n, &f, &format) != bad_elves[i].err)
			fail_msg("%s", bad_elves[i].name);
		free(copy);
		free(elf.p);
	}
}

/* Most headers that are read, and segments that may be searched apart from each other. */
static void test_many_segments(void **state)
{
	const size_t at = VMLINUX_HEAD;
	struct bytes elf = { 0 };
	struct kernel_features f;

	(void)state;
	put_elf_headers(&elf, 8, 8);
	fill(&elf, 0, at + VMLINUX_HEADERS_MAX * 16 - elf.n);
	set16(elf.p + offsetof(Elf64_Ehdr, e_phnum), VMLINUX_HEADERS_MAX);
	for (size_t i = 0; i < VMLINUX_HEADERS_MAX; i++) {
		Elf64_Phdr phdr = { .p_type = htole32(PT_LOAD), .p_offset = htole64(at + i * 16),
				    .p_flags = htole32(i & 1 ? PF_R | PF_W : PF_R),
				    .p_filesz = htole64(i == 4 ? 0 : 7) };

		memcpy(elf.p + sizeof(Elf64_Ehdr) + i * sizeof(phdr), &phdr, sizeof(phdr));
		memcpy(elf.p + at + i * 16, i & 1 ? "kho-v9" : i == 4 ? "kho-v8" : "kho-v4", 7);
	}
	f = scan_bytes(elf.p, elf.n);
	assert_string_equal(f.kho, "kho-v4");
	assert_false(f.kho_ambiguous);
	/* The last one that is read only. */
	memcpy(elf.p + at + (VMLINUX_HEADERS_MAX - 2) * 16, "kho-v3", 7);
	assert_true(scan_bytes(elf.p, elf.n).kho_ambiguous);
	free(elf.p);
}

/* All strings, at each offset around the end of the window. */
static void test_window_edges(void **state)
{
	static const char text[] = "\0kho-v4\0luo-v5\0luo-session-v2\0luo-flb-v1"
				   "\0reserve-mem-v1\0kho_preserve_pages\0" NO_KHO
				   "\0Linux version 7.3.4-kho (x)";
	const size_t size = 3 * DECOMPRESS_PIECE;
	char *p = malloc(size);

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < 512; i++) {
		size_t at = DECOMPRESS_PIECE + (i & 1) * (DECOMPRESS_PIECE - 256) - 400 + i;
		struct kernel_features f;

		memset(p, 'x', size);
		memcpy(p + at, text, sizeof(text));
		f = scan_segments(p, size, DATA, sizeof(DATA));
		assert_true(f.kho_disabled);
		f.kho_disabled = false;
		check_features(&f);
		/* And at the very end. */
		memset(p + at, 'x', sizeof(text));
		memcpy(p + at - sizeof(text), text, sizeof(text));
		f = scan_segments(p, at, DATA, sizeof(DATA));
		assert_true(f.kho_disabled);
		f.kho_disabled = false;
		check_features(&f);
	}
	free(p);
}

/* The end of the data, at each offset around the end of the window. */
static void test_data_edges(void **state)
{
	const size_t size = 2 * DECOMPRESS_PIECE;
	char *p = malloc(size);

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < 512; i++) {
		size_t at = DECOMPRESS_PIECE - 400 + i;
		struct kernel_features f;

		memset(p, 'x', size);
		memcpy(p + at, DATA DECOYS, sizeof(DATA DECOYS));
		f = scan_segments("text", 5, p, size);
		assert_string_equal(f.memfd, "memfd-v2");
		assert_int_equal(f.scratch_name, SCRATCH_NAME_BOOTMEM);
		assert_string_equal(f.luo, "");
	}
	free(p);
}

/* ---- Random damage ----------------------------------------------------- */

static void damage(uint8_t *p, size_t n)
{
	for (uint32_t i = 0; i <= random32() % 4; i++) {
		size_t at = random32() % n;

		switch (random32() % 3) {
		case 0:
			p[at] ^= (uint8_t)(1u << random32() % 8);
			break;
		case 1:
			p[at] = (uint8_t)random32();
			break;
		default:
			p[at] = random32() & 1 ? 0xff : 0;
		}
	}
}

/* Nothing to compare with: no crash, no leak, no endless loop. */
static void damage_codec(const struct codec *c, unsigned int rounds)
{
	struct bytes vmlinux = { 0 }, payload = { 0 }, img = { 0 };

	make_vmlinux(&vmlinux, 3000);
	compress_payload(&payload, c, &vmlinux);
	make_bzimage(&img, &payload);
	assert_int_equal(read_whole(img.p, img.n), IMAGE_OK);
	for (unsigned int i = 0; i < rounds; i++) {
		uint8_t *copy = exact_copy(img.p, img.n);
		size_t from = i & 1 ? 0x1f1 : KERNEL_OFFSET + PAYLOAD_AT;
		size_t to = i & 1 ? 0x270 : img.n;

		damage(copy + from, to - from);
		read_whole(copy, img.n);
		free(copy);
	}
	free(vmlinux.p);
	free(payload.p);
	free(img.p);
}

static void test_damage(void **state)
{
	const char *rounds = getenv("KHO_TEST_ROUNDS");

	(void)state;
	for (const struct codec *c = codecs; c->name; c++)
		damage_codec(c, rounds ? (unsigned int)atoi(rounds) : 400);
}

/* ---- Fuzzing seeds ----------------------------------------------------- */

static void write_seed(const char *dir, const char *name, const uint8_t *p, size_t n)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f || fwrite(p, 1, n, f) != n || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void write_codec_seeds(const char *dir, const struct codec *c)
{
	struct bytes vmlinux = { 0 }, payload = { 0 }, img = { 0 };
	char name[64];

	make_vmlinux(&vmlinux, 512);
	compress_payload(&payload, c, &vmlinux);
	make_bzimage(&img, &payload);
	snprintf(name, sizeof(name), "bzimage-%s", c->name);
	write_seed(dir, name, img.p, img.n);
	snprintf(name, sizeof(name), "bare-%s", c->name);
	write_seed(dir, name, payload.p, payload.n);
	snprintf(name, sizeof(name), "cut-%s", c->name);
	write_seed(dir, name, payload.p, payload.n / 2);
	free(vmlinux.p);
	free(payload.p);
	free(img.p);
}

static int write_corpus(const char *dir)
{
	struct bytes img = { 0 };

	make_small(&img);
	write_seed(dir, "bzimage-elf", img.p, img.n);
	write_seed(dir, "cut-header", img.p, 0x230);
	for (size_t i = 0; i < ARRAY_SIZE(bad_fields); i++) {
		/* One of each kind will do. */
		if (i && bad_fields[i].err == bad_fields[i - 1].err)
			continue;
		img.n = 0;
		make_small(&img);
		break_field(&img, &bad_fields[i]);
		write_seed(dir, bad_fields[i].name, img.p, img.n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_elves); i++) {
		img.n = 0;
		make_bad_elf(&img, &bad_elves[i]);
		write_seed(dir, bad_elves[i].name, img.p, img.n);
	}
	img.n = 0;
	make_small(&img);
	img.p[0x236] = 0x7e;		/* XLF_KERNEL_64 */
	write_seed(dir, "no-64bit", img.p, img.n);
	free(img.p);
	for (const struct codec *c = codecs; c->name; c++)
		write_codec_seeds(dir, c);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_trailing),
		cmocka_unit_test(test_short_unit),
		cmocka_unit_test(test_header_variants),
		cmocka_unit_test(test_entry_32), cmocka_unit_test(test_entry_32_reach),
		cmocka_unit_test(test_bad_fields),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_kernel_size),
		cmocka_unit_test(test_truncated_image),
		cmocka_unit_test(test_codecs),
#ifdef HAVE_CODEC_LZ4
		cmocka_unit_test(test_lz4_full_blocks),
#endif
		cmocka_unit_test(test_truncated_streams),
		cmocka_unit_test(test_corrupt_streams),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_empty_streams),
		cmocka_unit_test(test_kho_formats),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_strerror),
		cmocka_unit_test(test_version_strings),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_exports),
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_initramfs),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_scratch_name),
		cmocka_unit_test(test_bad_elves),
		cmocka_unit_test(test_many_segments),
		cmocka_unit_test(test_window_edges),
		cmocka_unit_test(test_data_edges),
		cmocka_unit_test(test_damage),
	};

	if (argc == 3 && !strcmp(argv[1], "--write-corpus"))
		return write_corpus(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
