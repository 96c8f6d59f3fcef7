/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of kexec(8) itself. */
#ifndef KEXEC_OPTIONS_H
#define KEXEC_OPTIONS_H

#include <stdbool.h>

#include "request.h"

struct options {
	/* Actions; several can be combined as in kexec-tools. */
	bool load, exec, unload, status, help, version;
	bool crash_size;		/* print how much is set aside for a crash kernel */
	bool shutdown;			/* no action named: load, then shutdown(8) */
	bool kho_status;
	char *kho_get;			/* blob name */
	/* How. */
	bool no_ifdown, no_sync, json;
	char *sysroot;			/* "/" unless a captured tree stands in */
	struct request request;		/* cmdline: what --append said, or NULL */
	bool reuse_cmdline, console_serial;
};

/*
 * Parse ARGV. 0, or an exit code to leave with, after a message. Free with
 * options_free() in either case.
 */
int options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

void options_usage(void);

#endif
