/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The prebuilt handover, for kexec_file_load(2): the payload is built here, for an address
 * in scratch, and the kernel places everything else.
 */
#ifndef KEXEC_PREBUILT_H
#define KEXEC_PREBUILT_H

#include "image-plan.h"
#include "request.h"

/*
 * Why HANDOVER cannot go to the running kernel prebuilt, with the remedy, into WHY; false if
 * it can.
 */
bool prebuilt_obstacle(const struct handover *handover, const struct target *target,
		       const struct request *request, char *why, size_t size);

/*
 * Give SIZE bytes to the kernel, sealed against writes, with the open files of TARGET and
 * CMDLINE. 0, or -1 after a message.
 */
int prebuilt_load(const struct request *request, const struct target *target, const char *cmdline,
		  const void *bytes, size_t size);

/* Write them to PATH, for its owner alone. 0, or -1 after a message. */
int prebuilt_save(const char *path, const void *bytes, size_t size);

#endif
