/* SPDX-License-Identifier: GPL-2.0-only */
/* What console.c asks of an architecture, which also has console_init() and console_drain(). */
#ifndef PURGATORY_CONSOLE_ARCH_H
#define PURGATORY_CONSOLE_ARCH_H

struct console;

void console_putc(struct console *con, char c);

#endif
