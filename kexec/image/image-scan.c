// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches a decompressed vmlinux for the strings that tell which handover it can read. Most
 * are constants, in segments that cannot be written. A built-in initramfs lies in a writable
 * one, after the kernel's data, and may contain any string: another kernel, or this program.
 * The name of a parameter, which every kernel with KHO has in its init data, marks where the
 * kernel's own data ends; the names of LUO's handlers are in front of it. Sections would say
 * more, but come last in the file, too late for a stream.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "decompress.h"
#include "vmlinux.h"

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define SCAN_CAP	(4u << 20)
#else
#define SCAN_CAP	IMAGE_SCAN_CAP
#endif

#define ELF_MAGIC	"\177ELF"
#define BANNER		"Linux version "
#define NO_KHO		"Passed KHO data, but CONFIG_KEXEC_HANDOVER not set"
#define PRESERVE	"kho_preserve_"		/* and "phys" or "pages": exported names */
#define PARAMETER	"kho_"			/* and the rest of a scratch_name() */

/*
 * Each string is found by an anchor byte in it. A window is searched for anchors that have
 * BEFORE bytes in front of them and AFTER bytes from them on; other anchors wait for the next
 * window, or for the end of the segment.
 */
#define BEFORE		16	/* "reserve-mem" and the byte in front of it */
#define AFTER		128	/* the banner and the longest release */
#define VERSION_DIGITS	6	/* most digits of a version that fit in the result */
#define VERSION_MAX	(sizeof("luo-session-v") + VERSION_DIGITS)

_Static_assert(BEFORE >= sizeof("reserve-mem"), "a name and what is in front of it");
_Static_assert(VERSION_MAX <= sizeof(((struct kernel_features *)0)->luo_session) &&
	       sizeof("luo-flb-v") + VERSION_DIGITS <= sizeof(((struct kernel_features *)0)->luo_flb),
	       "a name and its version");
_Static_assert(AFTER >= sizeof(BANNER) + sizeof(((struct kernel_features *)0)->release) + 1,
	       "the banner, a release and the parenthesis after it");

struct scanner {
	struct kernel_features constant, data;	/* found in segments of either kind */
	uint64_t pos;			/* in the stream, of the next byte */
	size_t head_fill;
	uint8_t head[VMLINUX_HEAD];	/* the first bytes of the stream */
	struct vmlinux vmlinux;		/* known when these are */
	size_t segment;			/* the one at POS, or the next one */
	size_t fill;			/* bytes in the window */
	size_t next;			/* the first one not yet tried as anchor */
	uint8_t window[DECOMPRESS_PIECE];
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Can C belong to a longer name that only ends like this one? */
static bool is_name(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '-';
}

/* Does the whole string in front of P read NAME? */
static bool preceded_by(const struct scanner *s, const uint8_t *p, const char *name)
{
	size_t len = strlen(name);
	size_t have = (size_t)(p - s->window);

	if (have < len || memcmp(p - len, name, len))
		return false;
	/* Nothing in front: only at the start of a segment, see BEFORE. */
	return have == len || !is_name(p[-(ptrdiff_t)len - 1]);
}

/* Digits of a NUL-terminated "-vN" at P, or 0. */
static size_t version_digits(const struct scanner *s, const uint8_t *p)
{
	size_t have = (size_t)(s->window + s->fill - p);
	size_t n = 0;

	if (have < 4 || p[1] != 'v')
		return 0;
	while (n < VERSION_DIGITS && n + 3 < have && is_digit(p[n + 2]))
		n++;
	return p[n + 2] ? 0 : n;
}

/* Keep NAME "-v" VERSION in FIELD; the first one wins. False if FIELD has another one. */
static bool keep_version(char *field, const char *name, const uint8_t *p, size_t digits)
{
	size_t len = strlen(name);
	char value[VERSION_MAX] = "";

	memcpy(value, name, len);
	memcpy(value + len, p, digits + 2);
	if (!*field)
		strcpy(field, value);
	return !strcmp(field, value);
}

/* P is at a '-'. */
static void try_version(const struct scanner *s, const uint8_t *p, struct kernel_features *f)
{
	size_t digits = version_digits(s, p);

	if (!digits)
		return;
	if (preceded_by(s, p, "kho"))
		f->kho_ambiguous |= !keep_version(f->kho, "kho", p, digits);
	else if (preceded_by(s, p, "luo"))
		keep_version(f->luo, "luo", p, digits);
	else if (preceded_by(s, p, "luo-session"))
		keep_version(f->luo_session, "luo-session", p, digits);
	else if (preceded_by(s, p, "luo-flb"))
		keep_version(f->luo_flb, "luo-flb", p, digits);
	else if (preceded_by(s, p, "memfd"))
		keep_version(f->memfd, "memfd", p, digits);
	else if (preceded_by(s, p, "reserve-mem") && digits == 1 && p[2] == '1')
		f->reserve_mem = true;
}

/*
 * All version strings contain a '-', which is rare, so one pass of memchr() finds the
 * candidates of all of them.
 */
static void search_versions(const struct scanner *s, size_t end, struct kernel_features *f)
{
	const uint8_t *p = s->window + s->next;
	const uint8_t *stop = s->window + end;

	while (p < stop && (p = memchr(p, '-', (size_t)(stop - p))))
		try_version(s, p++, f);
}

/* The first TEXT that starts at P or later and before END, or NULL. */
static const uint8_t *find(const struct scanner *s, const uint8_t *p, size_t end,
			   const char *text, size_t len)
{
	size_t have = (size_t)(s->window + s->fill - p);
	size_t room = (size_t)(s->window + end - p) + len - 1;

	return memmem(p, room < have ? room : have, text, len);
}

/* Length of a release at P that is followed by " (", or 0. */
static size_t release_length(const uint8_t *p, size_t have)
{
	size_t n = 0;

	/* A format string has "%s" there, other texts have words. */
	if (!have || !is_digit(*p))
		return 0;
	while (n < have && p[n] > ' ' && p[n] < 0x7f)
		n++;
	if (have - n < 2 || p[n] != ' ' || p[n + 1] != '(')
		return 0;
	return n < sizeof(((struct kernel_features *)0)->release) ? n : 0;
}

static void search_release(const struct scanner *s, size_t end, struct kernel_features *f)
{
	const size_t len = strlen(BANNER);
	const uint8_t *p = s->window + s->next;

	while (!*f->release && p < s->window + end) {
		size_t n;

		p = find(s, p, end, BANNER, len);
		if (!p)
			return;
		p += len;
		n = release_length(p, (size_t)(s->window + s->fill - p));
		memcpy(f->release, p, n);
	}
}

/* Is the NUL-terminated string at P, of HAVE bytes, exactly TEXT? */
static bool is_string(const uint8_t *p, size_t have, const char *text)
{
	return have > strlen(text) && !memcmp(p, text, strlen(text) + 1);
}

/* Names of exported functions, whole strings in __ksymtab_strings. */
static void search_exports(const struct scanner *s, size_t end, struct kernel_features *f)
{
	const size_t len = strlen(PRESERVE);
	const uint8_t *p = s->window + s->next;

	while (p < s->window + end && (p = find(s, p, end, PRESERVE, len))) {
		bool whole = p == s->window || !is_name(p[-1]);
		size_t have;

		p += len;
		have = (size_t)(s->window + s->fill - p);
		f->preserve_phys |= whole && is_string(p, have, "phys");
		f->preserve_pages |= whole && is_string(p, have, "pages");
	}
}

static void search_constants(struct scanner *s, size_t end)
{
	struct kernel_features *f = &s->constant;

	search_versions(s, end, f);
	search_release(s, end, f);
	search_exports(s, end, f);
	if (!f->kho_disabled)
		f->kho_disabled = find(s, s->window + s->next, end, NO_KHO, strlen(NO_KHO)) != NULL;
}

/* The scratch_name() that the string at P, of HAVE bytes, is. */
static enum scratch_name parameter_at(const uint8_t *p, size_t have)
{
	if (is_string(p, have, scratch_name(SCRATCH_NAME_SCRATCH)))
		return SCRATCH_NAME_SCRATCH;
	if (is_string(p, have, scratch_name(SCRATCH_NAME_BOOTMEM)))
		return SCRATCH_NAME_BOOTMEM;
	return SCRATCH_NAME_UNKNOWN;
}

/* The place of the parameter's name in front of END, or END. */
static size_t find_parameter(const struct scanner *s, size_t end, enum scratch_name *ret)
{
	const size_t len = strlen(PARAMETER);
	const uint8_t *p = s->window + s->next;

	while (p < s->window + end && (p = find(s, p, end, PARAMETER, len))) {
		bool whole = p == s->window || !is_name(p[-1]);

		*ret = parameter_at(p, (size_t)(s->window + s->fill - p));
		if (whole && *ret != SCRATCH_NAME_UNKNOWN)
			return (size_t)(p - s->window);
		p += len;
	}
	*ret = SCRATCH_NAME_UNKNOWN;
	return end;
}

/* The first parameter ends it: the initramfs may come after it. */
static void search_data(struct scanner *s, size_t end)
{
	if (s->data.scratch_name == SCRATCH_NAME_UNKNOWN)
		search_versions(s, find_parameter(s, end, &s->data.scratch_name), &s->data);
}

/* Search for anchors in front of END. */
static void search_window(struct scanner *s, size_t end)
{
	if (s->vmlinux.segment[s->segment].writable)
		search_data(s, end);
	else
		search_constants(s, end);
	s->next = end;
}

/* Make room: drop what no later anchor needs. */
static void slide(struct scanner *s)
{
	size_t drop = s->next - BEFORE;

	memmove(s->window, s->window + drop, s->fill - drop);
	s->fill -= drop;
	s->next -= drop;
}

/* SIZE bytes of a segment; END: they are its last. */
static void scan_segment(struct scanner *s, const uint8_t *data, size_t size, bool end)
{
	while (size) {
		size_t room = sizeof(s->window) - s->fill;
		size_t n = size < room ? size : room;

		memcpy(s->window + s->fill, data, n);
		s->fill += n;
		data += n;
		size -= n;
		if (s->fill == sizeof(s->window)) {
			search_window(s, s->fill - AFTER);
			slide(s);
		}
	}
	if (end) {
		search_window(s, s->fill);
		s->fill = s->next = 0;
	}
}

/* The next bytes of the stream. Skips what is in no segment. */
static void scan_stream(struct scanner *s, const uint8_t *data, size_t size)
{
	while (size && s->segment < s->vmlinux.count) {
		const struct vmlinux_segment *v = &s->vmlinux.segment[s->segment];
		bool inside = s->pos >= v->offset;
		uint64_t left = (inside ? v->end : v->offset) - s->pos;
		size_t n = size < left ? size : (size_t)left;

		if (inside)
			scan_segment(s, data, n, n == left);
		if (inside && n == left)
			s->segment++;
		s->pos += n;
		data += n;
		size -= n;
	}
}

/* Called when the head is complete, or the stream is at its end. */
static enum image_error scan_head(struct scanner *s)
{
	enum image_error err = vmlinux_parse(s->head, s->head_fill, &s->vmlinux);

	if (!err)
		scan_stream(s, s->head, s->head_fill);
	return err;
}

static enum image_error scan(void *arg, const uint8_t *data, size_t size)
{
	struct scanner *s = arg;
	size_t room = sizeof(s->head) - s->head_fill;
	size_t n = size < room ? size : room;
	enum image_error err;

	memcpy(s->head + s->head_fill, data, n);
	s->head_fill += n;
	if (room && n == room) {
		err = scan_head(s);
		if (err)
			return err;
	}
	scan_stream(s, data + n, size - n);
	return IMAGE_OK;
}

static void fill_in(char *field, const char *other)
{
	if (!*field)
		strcpy(field, other);
}

/* Without the parameter it is not known which part of the data is the kernel's own. */
static struct kernel_features result(const struct scanner *s)
{
	struct kernel_features f = s->constant;

	f.scratch_name = s->data.scratch_name;
	if (f.scratch_name == SCRATCH_NAME_UNKNOWN)
		return f;
	fill_in(f.luo, s->data.luo);
	fill_in(f.luo_session, s->data.luo_session);
	fill_in(f.luo_flb, s->data.luo_flb);
	fill_in(f.memfd, s->data.memfd);
	return f;
}

/* A stream that ends before its segments do is not a whole kernel. */
static enum image_error scan_end(struct scanner *s)
{
	enum image_error err = s->head_fill < sizeof(s->head) ? scan_head(s) : IMAGE_OK;

	return !err && s->segment < s->vmlinux.count ? IMAGE_ERR_TRUNCATED : err;
}

static enum image_error scan_stored(const uint8_t *in, size_t size, struct scanner *s)
{
	if (size > SCAN_CAP)
		return IMAGE_ERR_TOOBIG;
	return scan(s, in, size);
}

enum image_error image_scan(const void *payload, size_t size, struct kernel_features *ret,
			    const char **ret_format)
{
	const struct decompress_format *format = decompress_identify(payload, size);
	bool stored = size >= 4 && !memcmp(payload, ELF_MAGIC, 4);
	enum image_error err;
	struct scanner *s;

	*ret_format = format ? format->name : stored ? "elf" : "unknown";
	if (!format && !stored)
		return IMAGE_ERR_FORMAT;
	s = calloc(1, sizeof(*s));
	if (!s)
		return IMAGE_ERR_NOMEM;

	if (format)
		err = decompress(format, payload, size, SCAN_CAP, scan, s);
	else
		err = scan_stored(payload, size, s);
	if (!err)
		err = scan_end(s);
	if (!err)
		*ret = result(s);
	free(s);
	return err;
}
