// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmdlines SEED COUNT: have this kernel's own parser (tests/vm/lab/cmdline.c) and kexec's
 * read the same command lines, a list of nasty ones and COUNT made from SEED, and fail if
 * they do not understand the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmdline.h"
#include "guest.h"
#include "number.h"

#define KERNEL_FILE	"/sys/kernel/debug/lab-cmdline"
#define LINE_MAX_LEN	2047		/* COMMAND_LINE_SIZE - 1 of x86 */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char *const nasty[] = {
	"quiet", " quiet ", "a=1 b=2", "a= b", "=", "==", "=a=b", "\"", "\"\"", "\"\"\"", "\"=\"", "a=\"",
	"a=\"\"", "a=\"\"\"", "\"a=\"", "\"a=\"\"", "\"a=\"b\"\"", "\"a=\"b c\"", "\"a=\"b c\"\"", "a\"b c\"",
	"a\"b=c d\"e f", "a=b\"c d\"", "a=\"b\"c", "a=\"b\" \"c", "a=\"b c", "\"a b=c d\" e", "\"a b\"=c d",
	"--", "a -- b", "a \"--\" b", "a \"-- b", "a \"--", "a --\" b", "--= b", "\"--=\" b", "--=\"\" b",
	"--a b", "---", "- -", "\"-\"-", "-- -- a", " -- ", "--\xa0" "a", "\"--\"\xa0" "a", "a\xa0--\xa0" "b",
	"quiet\xa0kho=on", "quiet\xc2\xa0reserve_mem=8M:4096:r0", "quiet\xc3\xa0" "b", "\xa0", "\xa0\xa0" "a",
	"a=\"\xa0\" b", "a\x85" "b\x1c" "c\x7f" "d", "a\tb\nc\vd\fe\rf", "a\x01" "b",
	"reserve-mem=1 reserve_mem=2", "re_serve_mem=1", "mem_map=1", "kho", "kho=", "kho=o", "kho=on", "kho=OF",
	"kho=\"on\"", "\"kho=off\"", "kho=x kho=1", "mem=512M mem=2G", "mem=0x mem=08 mem=0xg mem=1E mem=k",
	"mem=16E mem=18446744073709551615 mem=18446744073709551616", "mem=\"1G\" mem=1\"G\"",
	"memmap=exactmap,639K@0,511M@1M memmap=1M$2M memmap=1M#2M memmap=1M!2M memmap=1M%2M-1+2",
	"trace_instance=a@r0,b trace_instance=\"c\td@r1\"", "crashkernel=1G-:1M,high",
	"ramoops.mem_name=r0 ramoops.mem-name=r1",
};

/* ---- What kexec understands ------------------------------------------------------------- */

/* Of tests/vm/lab/cmdline.c. */
static const char *const known[] = {
	"mem", "memmap", "kho", "liveupdate", "reserve_mem", "console", "crashkernel",
	"trace_instance", "ramoops.mem_name", "nokaslr",
};

static void put_quoted(FILE *out, struct text text)
{
	fputs(" \"", out);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.start[i];

		if (c > ' ' && c < 0x7f && c != '"' && c != '\\')
			fputc(c, out);
		else
			fprintf(out, "\\x%02x", c);
	}
	fputc('"', out);
}

static void put_value(FILE *out, struct text value)
{
	const char *end = value.start;
	uint64_t size;

	if (text_switch(value) >= 0)
		fprintf(out, "  switch %d\n", text_switch(value));
	if (!value.len || *value.start < '0' || *value.start > '9')
		return;
	if (!parse_size(value.start, &end, &size)) {
		fputs("  size ?\n", out);
		return;
	}
	fprintf(out, "  size %llu", (unsigned long long)size);
	put_quoted(out, (struct text){ end, value.len - (size_t)(end - value.start) });
	fputc('\n', out);
}

static void put_param(FILE *out, const struct cmdline_param *param)
{
	fputs("arg", out);
	put_quoted(out, param->name);
	if (param->has_value)
		put_quoted(out, param->value);
	fputc('\n', out);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (cmdline_is(param, known[i]))
			fprintf(out, "  like %s\n", known[i]);
	if (param->has_value)
		put_value(out, param->value);
}

static char *ours(const char *line)
{
	struct cmdline_param param = { 0 };
	const char *pos = line;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		die("no memory");
	while (cmdline_next(&pos, &param))
		put_param(out, &param);
	if (!param.has_value && text_is(param.name, "--")) {
		fputs("init", out);
		put_quoted(out, (struct text){ pos, strlen(pos) });
		fputc('\n', out);
	}
	fclose(out);
	return text;
}

/* ---- What the kernel does --------------------------------------------------------------- */

static char *kernels(int fd, const char *line)
{
	static char text[256 << 10];
	size_t len = 0;
	ssize_t n;

	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		die("cannot write to %s: %s", KERNEL_FILE, strerror(errno));
	while ((n = pread(fd, text + len, sizeof(text) - 1 - len, (off_t)len)) > 0)
		len += (size_t)n;
	if (n < 0)
		die("cannot read %s: %s", KERNEL_FILE, strerror(errno));
	text[len] = '\0';
	return text;
}

/*
 * The same lines up to where kexec's end? Numbers that are too large differ, and must:
 * kexec takes none, the kernel some other.
 */
static bool same(const char *kernel, const char *our)
{
	static const char unread[] = "  size ?";

	while (*our) {
		size_t len = strcspn(kernel, "\n"), our_len = strcspn(our, "\n");
		bool skip = !strncmp(our, unread, strlen(unread)) && !strncmp(kernel, unread, strlen(unread) - 1);

		if (!kernel[len] || (!skip && (len != our_len || memcmp(kernel, our, len))))
			return false;
		kernel += len + 1;
		our += our_len + 1;
	}
	return !*kernel || !strncmp(kernel, "word ", 5) || !strncmp(kernel, "option ", 7);
}

static void compare(int fd, const char *line)
{
	const char *kernel = kernels(fd, line);
	char *our = ours(line);

	if (!same(kernel, our)) {
		fputs("line", stdout);
		put_quoted(stdout, (struct text){ line, strlen(line) });
		printf("\n--- kernel\n%s--- kexec\n%s", kernel, our);
		die("they do not understand the same");
	}
	free(our);
}

/*
 * cmdline_find_option(), which looks for a few words before parse_args() can, cuts otherwise:
 * at every byte up to ' ' and no other, without quotes, "--" or '-' for '_'.
 */
static const struct {
	const char *line;
	const char *name;
	bool args;			/* parse_args() has it, and so has kexec */
	bool early;			/* cmdline_find_option() has it */
} differences[] = {
	{ "quiet nokaslr", "nokaslr", true, true },
	{ "quiet\xa0nokaslr", "nokaslr", true, false },
	{ "quiet\x01nokaslr", "nokaslr", false, true },
	{ "\"nokaslr\"", "nokaslr", true, false },
	{ "a=\"b nokaslr c\"", "nokaslr", false, true },
	{ "-- nokaslr", "nokaslr", false, true },
	{ "quiet mem=1G", "mem", true, true },
	{ "\"mem=1G\"", "mem", true, false },
	{ "-- mem=1G", "mem", false, true },
	{ "reserve-mem=1", "reserve_mem", true, false },
};

static bool has_early(const char *kernel, const char *name)
{
	char word[64], option[64];

	snprintf(word, sizeof(word), "\nword %s\n", name);
	snprintf(option, sizeof(option), "\noption %s \"", name);
	return strstr(kernel, word) || strstr(kernel, option);
}

static void check_differences(int fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
		struct cmdline_param param;
		const char *line = differences[i].line, *name = differences[i].name;

		compare(fd, line);
		if (cmdline_last(line, name, &param) != differences[i].args)
			die("kexec understands '%s' otherwise", line);
		if (has_early(kernels(fd, line), name) != differences[i].early)
			die("cmdline_find_option() understands '%s' otherwise", line);
	}
}

/* ---- Lines ------------------------------------------------------------------------------ */

static uint32_t random_state;

static uint32_t random_below(uint32_t end)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % end;
}

static const char *const pieces[] = {
	"\"", "\"", "\"", "=", "=", " ", " ", " ", "\t", "\n", "\v", "\xa0", "\xa0", "\xc2\xa0", "\xc3\xa0",
	"\x85", "\x01", "\x1f", "\x7f", "\xff", "-", "--", " -- ", "_", ",", ":", "@", "$", "#", "!", "%", "\\",
	"mem", "memmap", "kho", "liveupdate", "reserve_mem", "reserve-mem", "trace_instance", "trace-instance",
	"console", "crashkernel", "ramoops.mem_name", "nokaslr", "a", "b", "on", "off", "o", "yes", "0", "1",
	"512M", "0x10", "0x", "08", "1E", "16E", "99999999999999999999", "8M:4096:r0", "exactmap",
};

static void add_piece(char *line)
{
	size_t len = strlen(line), more = random_below(600);
	const char *piece = pieces[random_below(ARRAY_SIZE(pieces))];

	if (!random_below(100) && len + more <= LINE_MAX_LEN) {
		memset(line + len, 'x', more);
		line[len + more] = '\0';
	} else if (len + strlen(piece) <= LINE_MAX_LEN) {
		strcat(line, piece);
	}
}

static void make_line(char *line)
{
	uint32_t count = 1 + random_below(random_below(10) ? 20 : 300);

	*line = '\0';
	while (count--)
		add_piece(line);
}

int cmdlines_main(int argc, char **argv)
{
	char line[LINE_MAX_LEN + 1];
	uint64_t count;
	int fd;

	if (argc != 3)
		die("usage: cmdlines SEED COUNT");
	random_state = (uint32_t)number(argv[1]);
	count = number(argv[2]);
	fd = open(KERNEL_FILE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", KERNEL_FILE, strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(nasty); i++)
		compare(fd, nasty[i]);
	check_differences(fd);
	for (uint64_t i = 0; i < count; i++) {
		make_line(line);
		compare(fd, line);
	}
	printf("%zu nasty lines and %llu made from seed %s: the same\n", ARRAY_SIZE(nasty),
	       (unsigned long long)count, argv[1]);
	return 0;
}
