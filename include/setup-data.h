/* SPDX-License-Identifier: GPL-2.0-only */
/* Types of setup_data entries, from arch/x86/include/uapi/asm/setup_data.h. */
#ifndef SETUP_DATA_H
#define SETUP_DATA_H

#define SETUP_TYPE_E820_EXT	1u
#define SETUP_TYPE_EFI		4u
#define SETUP_TYPE_RNG_SEED	9u
#define SETUP_TYPE_KEXEC_KHO	10u
#define SETUP_TYPE_INDIRECT	0x80000000u

#endif
