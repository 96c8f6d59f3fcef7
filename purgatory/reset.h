/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PURGATORY_RESET_H
#define PURGATORY_RESET_H

#include "console.h"

/* Reset the machine by every way there is; CON tells when none of them works. */
__noreturn void reset_machine(struct console *con);

#endif
