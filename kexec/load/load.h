/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading: from a request to an image in the kernel. */
#ifndef KEXEC_LOAD_H
#define KEXEC_LOAD_H

#include "request.h"
#include "target.h"

/*
 * Load REQUEST, whose files TARGET has open: a handover by the first of load_methods that
 * fits, without one through kexec_load(2). A dry run prints the plan. Reads TARGET, which
 * stays the caller's. The machine is looked at below ROOT_DIR. What was loaded
 * before stays loaded unless the kernel itself took the new image. THEN, unless it is
 * NULL, is called when the kernel has taken a handover, with nothing in between; should
 * it come back, errno stays what it has left. Returns an exit code, THEN's if all else went
 * well, after a message if it is not EXIT_OK.
 */
int load_image(const struct request *request, struct target *target, const char *root_dir,
	       int (*then)(void));

#endif
