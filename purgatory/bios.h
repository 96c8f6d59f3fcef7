/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PURGATORY_BIOS_H
#define PURGATORY_BIOS_H

#include "params.h"

/* Make what BIOS describes. Both places and the RSDP must be mapped, as kexec's page tables do. */
__attribute__((cold)) void make_bios_area(const struct kho_bios_area *bios);

#endif
