// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "said.h"
#include "unit.h"

static FILE *usual;
static char *text;
static size_t size;

/* The C library lets a program assign to stderr. */
void said_begin(void)
{
	free(text);
	text = NULL;
	usual = stderr;
	stderr = open_memstream(&text, &size);
	if (!stderr)
		abort();
}

const char *said_end(void)
{
	fclose(stderr);
	stderr = usual;
	return text;
}

void assert_said(const char *said, const char *phrase)
{
	if (!phrase ? *said : !strstr(said, phrase))
		fail_msg("it says '%s', not '%s'", said, phrase ? phrase : "");
}
