/* SPDX-License-Identifier: GPL-2.0-only */
/* struct kho_purgatory_params for the assembler; purgatory.c checks the values. */
#ifndef PURGATORY_ENTRY_OFFSETS_H
#define PURGATORY_ENTRY_OFFSETS_H

#define PARAMS_KERNEL_ENTRY	32
#define PARAMS_BOOT_PARAMS	40

#endif
