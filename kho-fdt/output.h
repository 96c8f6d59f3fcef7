/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that a verb writes. */
#ifndef KHO_FDT_OUTPUT_H
#define KHO_FDT_OUTPUT_H

#include <stdio.h>

/*
 * Would writing PATH, given by OPTION, replace SOURCE, which is read? Either can be NULL. 0,
 * or -1 after a message.
 */
int output_check(const char *option, const char *path, const char *source);

/* Would it replace a file that is neither empty nor an SVG picture? 0, or -1 after a message. */
int output_check_svg(const char *path);

/*
 * Close PATH, which was written; if ERR is set, remove it if it is a file. ERR, or -1 after a
 * message.
 */
int output_close(FILE *f, const char *path, int err);

#endif
