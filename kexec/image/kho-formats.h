/* SPDX-License-Identifier: GPL-2.0-only */
/* Turns what a kernel image says of itself into what libkho can judge. Pure. */
#ifndef KEXEC_KHO_FORMATS_H
#define KEXEC_KHO_FORMATS_H

#include <stdbool.h>

#include "image.h"
#include "kho.h"

/*
 * What the kernel with these features writes and reads. A kernel with KHO off, or with more
 * than one kho-vN string, reads nothing: KHO_ABI_UNKNOWN.
 *
 * "kho-v1" is KHO_ABI_V1_512 up to 6.17.8 and KHO_ABI_V1 from 6.18 on. Returns false if
 * nothing in the image tells which form it is (6.17.9 and later 6.17, or a release that cannot
 * be parsed): abi is KHO_ABI_V1 then. Both forms can read a map that libkho encodes; a map
 * that such a kernel wrote may have either form.
 */
bool formats_of_image(const struct kernel_features *features, struct kho_formats *ret);

/*
 * The form of kho-v1 that a kernel of RELEASE writes: KHO_ABI_V1_512, KHO_ABI_V1,
 * or KHO_ABI_UNKNOWN if the release does not tell.
 */
enum kho_abi reader_v1_form(const char *release);

#endif
