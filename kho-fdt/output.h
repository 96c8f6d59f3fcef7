/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that a verb is told to write. */
#ifndef KHO_FDT_OUTPUT_H
#define KHO_FDT_OUTPUT_H

#include <stdio.h>

/*
 * Would writing PATH, as OPTION says, replace SOURCE, which is read? Either can be NULL.
 * 0, or -1 after a message.
 */
int output_check(const char *option, const char *path, const char *source);

/* Would it replace a file that is not empty and no SVG picture? 0, or -1 after a message. */
int output_check_svg(const char *path);

/* Close what was written to PATH; with ERR it is removed, if it is a file. ERR, or -1 after a message. */
int output_close(FILE *f, const char *path, int err);

#endif
