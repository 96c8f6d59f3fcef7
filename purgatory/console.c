// SPDX-License-Identifier: GPL-2.0-only
#include "types.h"

#include "console.h"
#include "console-arch.h"

void console_puts(struct console *con, const char *s)
{
	while (*s)
		console_putc(con, *s++);
}

void console_put_name(struct console *con, const char *name, unsigned int size)
{
	for (unsigned int i = 0; i < size && name[i]; i++)
		console_putc(con, name[i] >= ' ' && name[i] <= '~' ? name[i] : '?');
}

void console_put_dec(struct console *con, u64 value)
{
	char digits[21];
	char *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	console_puts(con, p);
}

void console_put_hex(struct console *con, u64 value, unsigned int digits)
{
	console_puts(con, "0x");
	while (digits--)
		console_putc(con, "0123456789abcdef"[value >> 4 * digits & 15]);
}
