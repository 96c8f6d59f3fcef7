/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The prebuilt handover, for kexec_file_load(2): this program builds the payload, for an
 * address in scratch, and the kernel places everything else. The method itself is
 * method_prebuilt.
 */
#ifndef KEXEC_PREBUILT_H
#define KEXEC_PREBUILT_H

#include "handover.h"
#include "request.h"
#include "target.h"

/*
 * Put the reason why HANDOVER cannot go to the running kernel prebuilt, with the remedy, into
 * WHY; false if it can.
 */
bool prebuilt_obstacle(const struct handover *handover, const struct target *target,
		       const struct request *request, char *why, size_t size);

/* Write the SIZE bytes of one to PATH, readable for its owner alone. 0, or -1 after a message. */
int prebuilt_save(const char *path, const void *bytes, size_t size);

#endif
