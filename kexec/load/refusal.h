/* SPDX-License-Identifier: GPL-2.0-only */
/* Why the kernel does not load an image: what the system says about it, and what can be done. */
#ifndef KEXEC_REFUSAL_H
#define KEXEC_REFUSAL_H

#include <stdbool.h>

#include "files.h"

enum load_call { CALL_KEXEC_LOAD, CALL_KEXEC_FILE_LOAD };

/*
 * Would the kernel below ROOT refuse every load and unload by whatever system call, of crash kernels
 * if CRASH? Asks /proc/sys, and not the kernel, so nothing is used up. 0 if that is not known, or
 * -1 after a message.
 */
int refusal_foreseen(const struct root *root, bool crash);

/*
 * Does each call, also one that fails, use up one of those that the kernel still allows
 * (kernel.kexec_load_limit_reboot, or of crash kernels kernel.kexec_load_limit_panic)?
 */
bool refusal_counts(const struct root *root, bool crash);

/* Does lockdown leave kexec_load open, as far as that shows? */
bool kexec_load_is_open(const struct root *root);

/*
 * For a message that a load has failed: what is loaded now. A crash kernel has been given up by
 * then, unless the kernel has refused the call itself. Leaves errno alone.
 */
const char *refusal_leaves(const struct root *root, bool crash);

/*
 * After a message that CALL, for a crash kernel if CRASH, has failed with ERR: a notice with the
 * cause, as far as it shows.
 */
void refusal_explain(const struct root *root, enum load_call call, bool crash, int err);

#endif
