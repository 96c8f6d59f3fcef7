// SPDX-License-Identifier: GPL-2.0-only
#include "types.h"

#include "kho-handover.h"
#include "console.h"
#include "console-arch.h"
#include "io.h"

/* 16550: registers from the base port, bits of the line status. */
#define UART_TX			0
#define UART_LSR		5
#define UART_LSR_TX_EMPTY	0x20	/* room for the next character */
#define UART_LSR_IDLE		0x40	/* the last bit is on the wire */

/*
 * A read of a port takes about a microsecond. A character at 1200 baud takes
 * 8 ms: a port that is slower than this is no port.
 */
#define UART_TRIES		100000

#define VGA_MEMORY		0xb8000ul
#define VGA_COLUMNS		80
#define VGA_ROWS		25
#define VGA_LAST_ROW		((VGA_ROWS - 1) * VGA_COLUMNS)
#define VGA_ATTRIBUTE		0x0700	/* grey on black */

/* About three seconds, in port reads: a reset wipes the screen. */
#define VGA_READING_TIME	3000000
#define KBD_STATUS		0x64	/* a port that exists and is harmless to read */

void console_init(struct console *con, u16 port, u16 flags)
{
	con->serial_port = port;
	con->flags = flags;
	con->column = VGA_COLUMNS;	/* the first character opens a new row */
}

static bool serial_wait(const struct console *con, u8 bit)
{
	for (unsigned int i = 0; i < UART_TRIES; i++) {
		if (port_read((u16)(con->serial_port + UART_LSR)) & bit)
			return true;
	}
	return false;
}

static void serial_putc(struct console *con, char c)
{
	if (serial_wait(con, UART_LSR_TX_EMPTY))
		port_write((u16)(con->serial_port + UART_TX), (u8)c);
	else
		con->serial_port = 0;	/* dead: do not wait again for each character */
}

static void vga_scroll(u16 *screen)
{
	for (unsigned int i = 0; i < VGA_LAST_ROW; i++)
		screen[i] = screen[i + VGA_COLUMNS];
	for (unsigned int i = 0; i < VGA_COLUMNS; i++)
		screen[VGA_LAST_ROW + i] = VGA_ATTRIBUTE | ' ';
}

static void vga_putc(struct console *con, char c)
{
	u16 *screen = (u16 *)VGA_MEMORY;

	if (c == '\n') {
		con->column = VGA_COLUMNS;
		return;
	}
	if (con->column == VGA_COLUMNS) {
		vga_scroll(screen);
		con->column = 0;
	}
	screen[VGA_LAST_ROW + con->column++] = (u16)(VGA_ATTRIBUTE | (u8)c);
	keep_writes();
}

void console_putc(struct console *con, char c)
{
	if (con->serial_port && c == '\n')
		serial_putc(con, '\r');
	if (con->serial_port)
		serial_putc(con, c);
	if (con->flags & KHO_CONSOLE_VGA)
		vga_putc(con, c);
}

void console_drain(struct console *con)
{
	if (con->serial_port)
		serial_wait(con, UART_LSR_IDLE);
	if (con->flags & KHO_CONSOLE_VGA) {
		for (unsigned int i = 0; i < VGA_READING_TIME; i++)
			port_read(KBD_STATUS);
	}
}
