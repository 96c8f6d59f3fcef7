/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boot_params segment of x86: boot_params, command line, EFI memory map
 * and the small setup_data entries, in one piece of memory. Pure, but for the
 * random seed.
 */
#ifndef KEXEC_BOOTPARAMS_H
#define KEXEC_BOOTPARAMS_H

#include "files.h"
#include "image.h"
#include "machine.h"

/* What /sys/firmware/efi says; count 0 without EFI runtime services. */
struct efi_facts {
	uint64_t fw_vendor;
	uint64_t config_table;
	uint64_t smbios;
	uint64_t rsdp;
	struct buffer memmap;		/* descriptors of the runtime map */
};

/* Read the above. 0, or -1 after a message; without EFI all is 0. */
int efi_observe(const struct machine *machine, struct efi_facts *ret);

struct bootparams_input {
	const struct machine *machine;
	const struct efi_facts *efi;	/* NULL: do not pass EFI on */
	const unsigned char *kernel;	/* the file, for its setup header */
	const struct image *image;
	const char *cmdline;
	uint64_t initrd_addr;
	uint64_t initrd_size;
	bool handover;			/* the rest is for a handover only */
	uint64_t payload_addr;
	uint64_t fdt_addr;
	uint64_t fdt_size;
	uint64_t scratch_addr;
	uint64_t scratch_size;
	const struct kho_range *reserve;	/* ranges the next kernel must keep */
	size_t reserve_count;
};

struct bootparams {
	struct buffer buf;
	/* What the payload's own setup_data header must point to next. */
	uint64_t payload_next;
};

/*
 * Build the segment for address ADDR. Its size does not depend on any address,
 * so that it can be built once to learn its size and again to be loaded. The
 * chain of setup_data is: EFI, RNG seed, further E820 entries; payload; KHO,
 * reserved ranges. Purgatory cuts it behind the payload if the preserved state
 * is damaged. 0, or -1 after a message; the caller frees ret->buf.
 */
int bootparams_build(const struct bootparams_input *in, uint64_t addr, struct bootparams *ret);

#endif
