/* SPDX-License-Identifier: GPL-2.0-only */
/* What kexec writes into the flat purgatory image. */
#ifndef PURGATORY_PARAMS_H
#define PURGATORY_PARAMS_H

#include "react.h"

#define KHO_PURGATORY_MAGIC	0x3147525550484b00ull	/* "\0KHPURG1" */

/* How a kernel is entered in 32-bit mode; everything it is given then lies below 4 GiB. */
struct kho_entry_32 {
	u32 used;			/* 0: it is entered in 64-bit mode */
	u32 eax, ebx, esi;
};

/*
 * For a kernel that looks for memory and ACPI where a BIOS leaves them, on a machine that has none: the
 * BIOS data area says then that a page is the extended one (EBDA), and there is a copy of the RSDP.
 */
struct kho_bios_area {
	u64 rsdp;			/* 0: not known */
	u32 data;			/* the BIOS data area */
	u32 area;			/* the page; 0: nothing of this */
};

/*
 * The last bytes of the flat purgatory image. kexec fills it in; self_crc is
 * CRC32C over the whole image with self_crc itself taken as 0.
 */
struct kho_purgatory_params {
	u64 magic;
	u64 image_size;			/* flat image, params included */
	u64 kernel_entry;		/* physical */
	u64 boot_params;		/* in RSI, at an entry in 64-bit mode */
	struct kho_react_params react;
	struct kho_entry_32 entry_32;
	struct kho_bios_area bios;
	u32 self_crc;
	u32 reserved;
};

#endif
