/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network interfaces are down while kernels change: a card left running could
 * write into memory that is no longer its own.
 */
#ifndef KEXEC_INTERFACES_H
#define KEXEC_INTERFACES_H

#include <stddef.h>

struct if_nameindex;

/* Network interfaces, and which of them were taken down. */
struct interfaces {
	int fd;
	struct if_nameindex *list;
	short *was_up;			/* flags of those taken down, else 0 */
};

void interfaces_open(struct interfaces *n);

/* Take all but loopback down; how many those were. */
size_t interfaces_down(struct interfaces *n);

/* Take those up again. */
void interfaces_up(const struct interfaces *n);

void interfaces_close(struct interfaces *n);

#endif
