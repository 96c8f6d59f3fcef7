/* SPDX-License-Identifier: GPL-2.0-only */
/* The only places where purgatory touches I/O ports and the time stamp counter. */
#ifndef PURGATORY_IO_H
#define PURGATORY_IO_H

#include "types.h"

static inline u8 port_read(u16 port)
{
	u8 value;

	__asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_write(u16 port, u8 value)
{
	__asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port));
}

/* What was written to memory that the compiler does not know of stays written. */
static inline void keep_writes(void)
{
	__asm__ volatile("" : : : "memory");
}

static inline u64 read_tsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

#endif
