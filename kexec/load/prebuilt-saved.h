/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads (--kho-segment) a prebuilt handover that was saved (--kho-save-segment). */
#ifndef KEXEC_PREBUILT_SAVED_H
#define KEXEC_PREBUILT_SAVED_H

#include "files.h"
#include "handover.h"
#include "request.h"
#include "target.h"

/*
 * Read the file that REQUEST names into *RET, and what it hands over into HANDOVER, as far as
 * the command line and "kexec -e" need it. Refuses what the running kernel would refuse, or
 * TARGET, whose ABIs are found here. 0, or -1 after a message; release HANDOVER in either
 * case.
 */
int prebuilt_saved_read(const struct request *request, const struct machine *machine,
			struct target *target, struct handover *handover, struct buffer *ret);

#endif
