// SPDX-License-Identifier: GPL-2.0-only
/*
 * Search of a decompressed vmlinux for the strings that tell what handover it
 * can read. The ELF's sections are not looked at: a string can only be found
 * where it is, and a stream cannot be searched in the order of a section table.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "decompress.h"

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define SCAN_CAP	(4u << 20)
#else
#define SCAN_CAP	IMAGE_SCAN_CAP
#endif

#define ELF_MAGIC	"\177ELF"
#define BANNER		"Linux version "
#define NO_KHO		"Passed KHO data, but CONFIG_KEXEC_HANDOVER not set"
#define PRESERVE	"kho_preserve_"		/* and "phys" or "pages": exported names */

/*
 * Each string is found by an anchor byte in it. A window is searched for
 * anchors that have BEFORE bytes in front of them and AFTER bytes from them
 * on; the others wait for the next window, or for the end of the stream.
 */
#define BEFORE		16	/* "reserve-mem" and what is in front of it */
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
	struct kernel_features found;
	size_t fill;			/* bytes in the window */
	size_t next;			/* the first one not yet tried as anchor */
	uint8_t window[DECOMPRESS_PIECE];
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Can C belong to a longer name that merely ends like the one searched? */
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
	/* Nothing in front: only at the start of the stream, see BEFORE. */
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

/* Keep NAME "-v" VERSION in FIELD, the first one wins. False: it differs. */
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
static void try_version(struct scanner *s, const uint8_t *p)
{
	struct kernel_features *f = &s->found;
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
 * All version strings have a '-' in common, which is rare: one pass of
 * memchr() finds the candidates of all of them.
 */
static void search_versions(struct scanner *s, size_t end)
{
	const uint8_t *p = s->window + s->next;
	const uint8_t *stop = s->window + end;

	while (p < stop && (p = memchr(p, '-', (size_t)(stop - p))))
		try_version(s, p++);
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

static void search_release(struct scanner *s, size_t end)
{
	const size_t len = strlen(BANNER);
	const uint8_t *p = s->window + s->next;

	while (!*s->found.release && p < s->window + end) {
		size_t n;

		p = find(s, p, end, BANNER, len);
		if (!p)
			return;
		p += len;
		n = release_length(p, (size_t)(s->window + s->fill - p));
		memcpy(s->found.release, p, n);
	}
}

/* Is the NUL-terminated string at P, of HAVE bytes, exactly TEXT? */
static bool is_string(const uint8_t *p, size_t have, const char *text)
{
	return have > strlen(text) && !memcmp(p, text, strlen(text) + 1);
}

/* Names of exported functions, whole strings in __ksymtab_strings. */
static void search_exports(struct scanner *s, size_t end)
{
	const size_t len = strlen(PRESERVE);
	const uint8_t *p = s->window + s->next;

	while (p < s->window + end && (p = find(s, p, end, PRESERVE, len))) {
		bool whole = p == s->window || !is_name(p[-1]);
		size_t have;

		p += len;
		have = (size_t)(s->window + s->fill - p);
		s->found.preserve_phys |= whole && is_string(p, have, "phys");
		s->found.preserve_pages |= whole && is_string(p, have, "pages");
	}
}

/* Search for anchors in front of END. */
static void search_window(struct scanner *s, size_t end)
{
	const uint8_t *p = s->window + s->next;

	search_versions(s, end);
	search_release(s, end);
	search_exports(s, end);
	if (!s->found.kho_disabled)
		s->found.kho_disabled = find(s, p, end, NO_KHO, strlen(NO_KHO)) != NULL;
	s->next = end;
}

/* Make room: drop what no later anchor can need. */
static void slide(struct scanner *s)
{
	size_t drop = s->next - BEFORE;

	memmove(s->window, s->window + drop, s->fill - drop);
	s->fill -= drop;
	s->next -= drop;
}

static enum image_error scan(void *arg, const uint8_t *data, size_t size)
{
	struct scanner *s = arg;

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
	return IMAGE_OK;
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
	if (!err) {
		search_window(s, s->fill);
		*ret = s->found;
	}
	free(s);
	return err;
}
