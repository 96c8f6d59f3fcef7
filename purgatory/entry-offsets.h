/* SPDX-License-Identifier: GPL-2.0-only */
/* struct kho_purgatory_params for the assembler; purgatory.c checks the values. */
#ifndef PURGATORY_ENTRY_OFFSETS_H
#define PURGATORY_ENTRY_OFFSETS_H

#define PARAMS_KERNEL_ENTRY	16
#define PARAMS_BOOT_PARAMS	24
#define PARAMS_ENTRY_32		88
#define PARAMS_EAX		92
#define PARAMS_EBX		96
#define PARAMS_ESI		100
#define PARAMS_SIZE		128

#endif
