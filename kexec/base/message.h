/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user is told. All of it goes to stderr, after the program's name. */
#ifndef KEXEC_MESSAGE_H
#define KEXEC_MESSAGE_H

#include <stdbool.h>

/* Exit codes, those of kexec-tools: scripts know them. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,	/* usage, bad option value, pre-flight refusal */
	EXIT_DROPPED = 2,	/* --kho-status: the handover, or a region of it, is lost */
	EXIT_NO_CRASH_MEMORY = 254,	/* -p: crashkernel= has set nothing aside */
	EXIT_FAILED = 255,	/* a file or system call failed, image not usable */
};

extern bool debug_enabled;
extern const char *program_name;	/* "kexec", unless main() says otherwise */

/* Why something did not happen, and the remedy. Returns -1, for "return error(...)". */
int error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with ": strerror(errno)" appended. */
int error_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Something the program did on the user's behalf. */
void notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Only with --debug. */
void debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
