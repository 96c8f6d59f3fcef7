// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv);
} commands[] = {
	{ "memtool", memtool_main },
	{ "dirty", dirty_main },
	{ "pageflags", pageflags_main },
	{ "hugemem", hugemem_main },
	{ "luo", luo_main },
	{ "measure", measure_main },
	{ "asuser", asuser_main },
	{ "dropcap", dropcap_main },
	{ "scribble", scribble_main },
	{ "segfuzz", segfuzz_main },
	{ "rawkexec", rawkexec_main },
	{ "crowd", crowd_main },
	{ "cmdlines", cmdlines_main },
	{ "hidden", hidden_main },
};

static const char *tool = "guest";

void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: ", tool);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

uint64_t number(const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		die("not a number: %s", text);
	return value;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
	/* "guest TOOL ..." or a link named TOOL. */
	if (argc > 1 && !strcmp(base_name(argv[0]), "guest")) {
		argc--;
		argv++;
	}
	tool = base_name(argv[0]);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(tool, commands[i].name))
			return commands[i].main(argc, argv);
	die("no such tool");
}
