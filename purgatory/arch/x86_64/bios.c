// SPDX-License-Identifier: GPL-2.0-only
/* ACPI 6.5 section 5.2.5.1, and what kernels take from the BIOS data area. */
#include "types.h"

#include "bios.h"

#define DATA_EBDA	0x0e	/* u16, in the BIOS data area: the EBDA's address in 16 bytes */
#define DATA_MEMORY	0x13	/* u16: KiB of memory below it */
#define EBDA_RSDP	16	/* its alignment */
#define RSDP_SIZE	36

void make_bios_area(const struct kho_bios_area *b)
{
	unsigned char *data = (unsigned char *)(unsigned long)b->data;
	unsigned char *area = (unsigned char *)(unsigned long)b->area;

	*(u16 *)(data + DATA_EBDA) = (u16)(b->area >> 4);
	*(u16 *)(data + DATA_MEMORY) = (u16)(b->area >> 10);
	/* If that is not known, there is no RSDP at address 0 either. */
	__builtin_memcpy(area + EBDA_RSDP, (const void *)(unsigned long)b->rsdp, RSDP_SIZE);
}
