/* SPDX-License-Identifier: GPL-2.0-only */
/* A segment made before (--kho-save-segment), as a handover to load (--kho-segment). */
#ifndef KEXEC_SEGMENT_READY_H
#define KEXEC_SEGMENT_READY_H

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
int segment_ready_read(const struct request *request, const struct machine *machine,
		       struct target *target, struct handover *handover, struct buffer *ret);

#endif
