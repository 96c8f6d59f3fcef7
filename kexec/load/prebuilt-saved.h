/* SPDX-License-Identifier: GPL-2.0-only */
/* A prebuilt handover that was saved (--kho-save-segment), to be loaded (--kho-segment). */
#ifndef KEXEC_PREBUILT_SAVED_H
#define KEXEC_PREBUILT_SAVED_H

#include "files.h"
#include "handover.h"
#include "request.h"
#include "target.h"

/*
 * Read the file REQUEST names into *RET, and what it hands over into HANDOVER, so far as
 * the command line and "kexec -e" need it. Refused is what the running kernel or TARGET,
 * whose ABIs are found here, would. 0, or -1 after a message; HANDOVER is to be released
 * in either case.
 */
int prebuilt_saved_read(const struct request *request, const struct machine *machine,
			struct target *target, struct handover *handover, struct buffer *ret);

#endif
