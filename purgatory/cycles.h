/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PURGATORY_CYCLES_H
#define PURGATORY_CYCLES_H

#include "types.h"

/* A counter of the CPU that grows evenly, for the report. */
u64 read_cycles(void);

#endif
