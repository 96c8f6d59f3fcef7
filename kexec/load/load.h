/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading: from a request to an image in the kernel. */
#ifndef KEXEC_LOAD_H
#define KEXEC_LOAD_H

#include "request.h"
#include "target.h"

/*
 * Load REQUEST, whose files TARGET has open: a handover through the first of load_methods that
 * fits, an image without one through kexec_load(2). A dry run prints the plan. Reads TARGET,
 * which stays the caller's. Looks at the machine below ROOT_DIR. An image loaded before stays
 * loaded unless the kernel itself has taken the new one. THEN, unless it is NULL, is called
 * right after the kernel has taken a handover; if it returns, errno stays as it left it.
 * Returns an exit code, THEN's if everything else went well, after a message if it is not
 * EXIT_OK.
 */
int load_image(const struct request *request, struct target *target, const char *root_dir,
	       int (*then)(void));

#endif
