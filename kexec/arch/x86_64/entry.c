/* SPDX-License-Identifier: GPL-2.0-only */
#include "params.h"

#include "boot-arch.h"
#include "image.h"

#define MULTIBOOT2_MAGIC	0x36d76289u	/* in EAX at the entry */

const char *arch_boot_data_name(const struct image *image)
{
	return image->multiboot2.present ? "multiboot2" : "boot_params";
}

/* The registers of Linux' 32-bit boot protocol, boot.rst section 1.13, and of multiboot2, 3.3. */
static struct kho_entry_32 entry_32(const struct image *image, uint32_t data)
{
	if (image->multiboot2.present)
		return (struct kho_entry_32){ .used = 1, .eax = MULTIBOOT2_MAGIC, .ebx = data };
	return (struct kho_entry_32){ .used = 1, .esi = data };
}

void arch_set_entry(const struct image *image, uint64_t kernel, uint64_t boot_data,
		    struct kho_purgatory_params *params)
{
	params->kernel_entry = kernel + image->entry;
	params->boot_params = boot_data;
	if (image->entry_32)
		params->entry_32 = entry_32(image, (uint32_t)boot_data);
}
