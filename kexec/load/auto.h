/* SPDX-License-Identifier: GPL-2.0-only */
/* The choice between kexec_file_load(2) and kexec_load(2) for a load without --kho. */
#ifndef KEXEC_AUTO_H
#define KEXEC_AUTO_H

#include "files.h"
#include "request.h"
#include "target.h"

/*
 * Try the kernel's own loader first, and kexec_load if it cannot load the image; only the first if
 * REQUEST says so. Nothing that the kernel below ROOT preserves is lost on the way. An exit code,
 * after a message.
 */
int load_auto(const struct root *root, const struct request *request, struct target *target);

#endif
