// SPDX-License-Identifier: GPL-2.0-only
/* kexec/base/message.c for fuzzing: all is formatted, so that arguments are read. */
#include <stdarg.h>
#include <stdio.h>

#include "message.h"

static char text[65536];

#define FORMAT(format) do { \
	va_list args; \
	va_start(args, format); \
	vsnprintf(text, sizeof(text), format, args); \
	va_end(args); \
} while (0)

bool debug_enabled;

int error(const char *format, ...)
{
	FORMAT(format);
	return -1;
}

int error_errno(const char *format, ...)
{
	FORMAT(format);
	return -1;
}

void notice(const char *format, ...)
{
	FORMAT(format);
}

void debug(const char *format, ...)
{
	FORMAT(format);
}
