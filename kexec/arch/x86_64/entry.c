/* SPDX-License-Identifier: GPL-2.0-only */
#include <asm/bootparam.h>
#include <stdio.h>
#include <string.h>

#include "params.h"

#include "boot-arch.h"
#include "efi.h"
#include "image.h"
#include "machine.h"

#define MULTIBOOT2_MAGIC	0x36d76289u	/* in EAX at the entry */

/*
 * A page of a BIOS is below the screen. Xen wants 64 KiB below it for itself, and does not believe an
 * EBDA below 256 KiB.
 */
#define BIOS_DATA		0x400
#define BIOS_AREA_START		0x60000
#define BIOS_AREA_END		0xa0000

const char *arch_boot_data_name(const struct image *image)
{
	return image->multiboot2.present ? "multiboot2" : "boot_params";
}

/* "EL32" or "EL64": what boot loaders leave where firmware is EFI, linux/efi.h. */
static bool has_efi(const struct machine *m)
{
	const struct boot_params *bp = (const void *)m->arch.boot_params;

	return !memcmp(&bp->efi_info.efi_loader_signature, "EL", 2);
}

/*
 * The RSDP, if it is in ACPI's memory, which kexec's page tables map and no image is loaded into. 0: it is
 * not known, or an image may lie there by the time it is copied.
 */
static uint64_t rsdp_to_copy(const struct machine *m, const struct boot_firmware *firmware)
{
	const uint64_t addr = efi_rsdp(m, firmware);

	for (size_t i = 0; i < m->memmap_count; i++) {
		const struct memmap_entry *e = &m->memmap[i];

		if (addr >= e->addr && addr - e->addr < e->size && e->size - (addr - e->addr) >= RSDP_MAX)
			return e->type == E820_ACPI || e->type == E820_NVS ? addr : 0;
	}
	return 0;
}

bool arch_wants_bios_area(const struct machine *machine, const struct image *image,
			  const struct boot_firmware *firmware, struct kho_range *ret)
{
	*ret = (struct kho_range){ BIOS_AREA_START, BIOS_AREA_END - BIOS_AREA_START };
	return image->multiboot2.present &&
	       (has_efi(machine) || efi_rsdp(machine, firmware) >= LOW_MEMORY_END);
}

/* Xen would call a BIOS, and its dom0 does not see the page that stands in for one. */
void arch_words_without_bios(const struct machine *machine, const struct boot_firmware *firmware,
			     struct boot_words *ret)
{
	ret->own = "no-real-mode";
	ret->module[0] = '\0';
	if (rsdp_to_copy(machine, firmware))
		snprintf(ret->module, sizeof(ret->module), "acpi_rsdp=0x%llx",
			 ULL(rsdp_to_copy(machine, firmware)));
}

/* The registers of Linux' 32-bit boot protocol, boot.rst section 1.13, and of multiboot2, 3.3. */
static struct kho_entry_32 entry_32(const struct image *image, uint32_t data)
{
	if (image->multiboot2.present)
		return (struct kho_entry_32){ .used = 1, .eax = MULTIBOOT2_MAGIC, .ebx = data };
	return (struct kho_entry_32){ .used = 1, .esi = data };
}

void arch_set_entry(const struct machine *machine, const struct image *image,
		    const struct boot_firmware *firmware, const struct boot_entry *at,
		    struct kho_purgatory_params *params)
{
	params->kernel_entry = at->kernel + image->entry;
	params->boot_params = at->boot_data;
	if (image->entry_32)
		params->entry_32 = entry_32(image, (uint32_t)at->boot_data);
	if (at->bios_area)
		params->bios = (struct kho_bios_area){ .rsdp = rsdp_to_copy(machine, firmware),
						       .data = BIOS_DATA,
						       .area = (uint32_t)at->bios_area };
}
