// SPDX-License-Identifier: GPL-2.0-only
#include "types.h"
#include "reset.h"
#include "io.h"

#define KBD_COMMAND		0x64	/* read: status */
#define KBD_INPUT_FULL		0x02
#define KBD_PULSE_RESET		0xfe
#define KBD_TRIES		100000

#define RESET_CONTROL		0xcf9	/* of the PCI chipset */
#define RESET_CONTROL_HARD	0x02
#define RESET_CONTROL_GO	0x04	/* on its rising edge */

/* Port reads, about a microsecond each, until a reset must have happened. */
#define RESET_TIME		100000

static void wait_for_reset(void)
{
	for (unsigned int i = 0; i < RESET_TIME; i++)
		port_read(KBD_COMMAND);
}

static void forget_exceptions(void)
{
	static const u16 no_idt[5];	/* limit, address */

	__asm__ volatile("lidt %0" : : "m"(no_idt));
}

__noreturn void reset_machine(struct console *con)
{
	console_drain(con);

	for (unsigned int i = 0; i < KBD_TRIES; i++) {
		if (!(port_read(KBD_COMMAND) & KBD_INPUT_FULL))
			break;
	}
	port_write(KBD_COMMAND, KBD_PULSE_RESET);
	wait_for_reset();

	port_write(RESET_CONTROL, RESET_CONTROL_HARD);
	port_write(RESET_CONTROL, RESET_CONTROL_HARD | RESET_CONTROL_GO);
	wait_for_reset();

	/* Said now: without an IDT, the exception below does not return. */
	console_puts(con, "kexec-kho: the machine did not reset; switch it off and on\n");
	console_drain(con);
	forget_exceptions();
	__asm__ volatile("int3");
	for (;;)
		__asm__ volatile("cli; hlt");
}
