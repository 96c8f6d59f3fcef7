/* SPDX-License-Identifier: GPL-2.0-only */
/* EFI runtime services, as /sys/firmware/efi shows them. */
#ifndef KEXEC_EFI_H
#define KEXEC_EFI_H

#include "files.h"
#include "machine.h"

/* Root System Description Pointer, ACPI 6.5 section 5.2.5.3: 20 bytes, from revision 2 on 36. */
#define RSDP_V1_SIZE	20
#define RSDP_MAX	36

struct boot_firmware {
	uint64_t fw_vendor;
	uint64_t config_table;
	uint64_t smbios;
	uint64_t rsdp;
	unsigned char rsdp_copy[RSDP_MAX];	/* what is there, for a multiboot2 kernel */
	size_t rsdp_size;		/* of it; 0: not read, or nothing there */
	struct buffer memmap;		/* descriptors of the runtime map; empty without services */
};

/*
 * Read the above, the runtime map only if SERVICES are wanted. 0, or -1 after a message; without
 * EFI all is 0.
 */
int efi_observe(const struct machine *machine, bool services, struct boot_firmware *ret);

/* Where ACPI's RSDP is, as far as the running kernel was told; 0 otherwise. */
uint64_t efi_rsdp(const struct machine *machine, const struct boot_firmware *firmware);

#endif
