/* SPDX-License-Identifier: GPL-2.0-only */
/* EFI runtime services, as /sys/firmware/efi shows them. */
#ifndef KEXEC_EFI_H
#define KEXEC_EFI_H

#include "files.h"
#include "machine.h"

struct boot_firmware {
	uint64_t fw_vendor;
	uint64_t config_table;
	uint64_t smbios;
	uint64_t rsdp;
	struct buffer memmap;		/* descriptors of the runtime map; empty without services */
};

/*
 * Read the above, the runtime map only if SERVICES are wanted. 0, or -1 after a message; without
 * EFI all is 0.
 */
int efi_observe(const struct machine *machine, bool services, struct boot_firmware *ret);

#endif
