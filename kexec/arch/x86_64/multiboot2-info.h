/* SPDX-License-Identifier: GPL-2.0-only */
/* What a multiboot2 kernel is told, in place of boot_params. */
#ifndef KEXEC_MULTIBOOT2_INFO_H
#define KEXEC_MULTIBOOT2_INFO_H

#include "boot-arch.h"
#include "files.h"

/*
 * Build the information of the Multiboot2 Specification 2.0, section 3.6. It has no address in
 * itself, and can lie at any. 0, or -1 after a message, also if the image demands information that
 * there is none of; the caller frees *RET.
 */
int multiboot2_build_info(const struct boot_input *in, struct buffer *ret);

#endif
