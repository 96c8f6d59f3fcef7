// SPDX-License-Identifier: GPL-2.0-only
#include "cycles.h"
#include "io.h"

u64 read_cycles(void)
{
	return read_tsc();
}
