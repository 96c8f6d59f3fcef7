/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages on a serial port and in VGA text memory; either may be missing. */
#ifndef PURGATORY_CONSOLE_H
#define PURGATORY_CONSOLE_H

#include "types.h"

struct console {
	u16 serial_port;		/* 0: none */
	u16 flags;			/* KHO_CONSOLE_* */
	unsigned int column;		/* in the last row of the VGA screen */
};

/* PORT and FLAGS as in struct kho_react_params. */
void console_init(struct console *con, u16 port, u16 flags);

void console_puts(struct console *con, const char *s);

/* At most SIZE bytes; what is not printable ASCII becomes '?'. */
void console_put_name(struct console *con, const char *name, unsigned int size);

void console_put_dec(struct console *con, u64 value);

/* "0x" and DIGITS hexadecimal digits. */
void console_put_hex(struct console *con, u64 value, unsigned int digits);

/* Wait (not for ever) until everything has left, and a reader has seen it. */
void console_drain(struct console *con);

#endif
