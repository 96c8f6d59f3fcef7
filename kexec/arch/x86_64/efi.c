/* SPDX-License-Identifier: GPL-2.0-only */
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot-arch.h"
#include "efi.h"
#include "image.h"
#include "message.h"
#include "number.h"

#define RUNTIME_ENTRIES_MAX	1024
#define RSDP_REVISION		15

/* EFI_MEMORY_DESCRIPTOR, UEFI 2.10 section 7.2; the stride may be larger. */
struct efi_descriptor {
	uint32_t type, pad;
	uint64_t phys_addr, virt_addr, num_pages, attribute;
};

static int read_field(const struct machine *m, unsigned int entry, const char *field, uint64_t *ret)
{
	char path[96];

	snprintf(path, sizeof(path), "sys/firmware/efi/runtime-map/%u/%s", entry, field);
	return root_read_u64(&m->root, path, ret);
}

/* 1, or 0 if there is no such entry, or -1 after a message. */
static int read_descriptor(const struct machine *m, unsigned int entry, struct efi_descriptor *ret)
{
	uint64_t type;
	int err = read_field(m, entry, "type", &type);

	if (err == -ENOENT)
		return 0;
	if (err || read_field(m, entry, "phys_addr", &ret->phys_addr) ||
	    read_field(m, entry, "virt_addr", &ret->virt_addr) ||
	    read_field(m, entry, "num_pages", &ret->num_pages) ||
	    read_field(m, entry, "attribute", &ret->attribute))
		return error("cannot read /sys/firmware/efi/runtime-map/%u; with --noefi it is not needed",
			     entry);
	ret->type = (uint32_t)type;
	ret->pad = 0;
	return 1;
}

static int read_runtime_map(const struct machine *m, uint32_t stride, struct buffer *ret)
{
	struct efi_descriptor descriptor;
	unsigned int count = 0;
	struct buffer map;
	int found;

	if (stride < sizeof(descriptor) || stride > 4096)
		return error("EFI memory descriptors of %u bytes are not understood", stride);
	if (buffer_alloc(&map, (size_t)RUNTIME_ENTRIES_MAX * stride))
		return -1;
	while ((found = read_descriptor(m, count, &descriptor)) > 0) {
		if (count == RUNTIME_ENTRIES_MAX) {
			found = error("/sys/firmware/efi/runtime-map has more than %d entries; with --noefi "
				      "it is not needed", RUNTIME_ENTRIES_MAX);
			break;
		}
		memcpy(map.data + (size_t)count++ * stride, &descriptor, sizeof(descriptor));
	}
	if (found < 0) {
		buffer_free(&map);
		return -1;
	}
	map.size = (size_t)count * stride;
	*ret = map;
	return 0;
}

/* Lines "NAME=0xADDR"; ACPI20 is preferred to ACPI. */
static void read_systab(const struct machine *m, struct boot_firmware *facts)
{
	FILE *f = root_fopen(&m->root, "sys/firmware/efi/systab");
	char line[128];
	uint64_t value, acpi = 0;

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "ACPI20=", 7) && parse_u64(line + 7, &value))
			facts->rsdp = value;
		else if (!strncmp(line, "ACPI=", 5) && parse_u64(line + 5, &value))
			acpi = value;
		else if (!strncmp(line, "SMBIOS=", 7) && parse_u64(line + 7, &value))
			facts->smbios = value;
	}
	if (!facts->rsdp)
		facts->rsdp = acpi;
	fclose(f);
}

int efi_observe(const struct machine *m, bool services, struct boot_firmware *ret)
{
	const struct boot_params *bp = (const void *)m->arch.boot_params;
	struct boot_firmware facts = { 0 };
	int fd = root_open(&m->root, "sys/firmware/efi", O_PATH | O_DIRECTORY);

	*ret = facts;
	if (fd < 0)
		return 0;
	close(fd);
	read_systab(m, &facts);
	if (services && bp->efi_info.efi_memmap_size &&
	    !root_read_u64(&m->root, "sys/firmware/efi/fw_vendor", &facts.fw_vendor) &&
	    !root_read_u64(&m->root, "sys/firmware/efi/config_table", &facts.config_table) &&
	    read_runtime_map(m, bp->efi_info.efi_memdesc_size, &facts.memmap))
		return -1;
	if (services && !facts.memmap.size)
		notice("EFI runtime services are not passed on: the running kernel does not show "
		       "/sys/firmware/efi/runtime-map");
	*ret = facts;
	return 0;
}

/* The tables' address stays: without it the new kernel has no ACPI, whatever it knows of EFI. */
static void drop_services(const struct image *image, struct boot_firmware *efi)
{
	if (efi->memmap.size)
		notice("EFI runtime services are not passed on: %s", image->multiboot2.present ?
		       "multiboot2 has no form for them once the firmware has been left" :
		       "the new kernel does not take them (XLF_EFI_KEXEC)");
	buffer_free(&efi->memmap);
}

/* Where a BIOS has the RSDP, ACPI 6.5 section 5.2.5.1. */
#define BIOS_START	0xe0000
#define RSDP_ALIGN	16

static bool sums_up(const unsigned char *p, size_t size)
{
	unsigned char sum = 0;

	while (size--)
		sum = (unsigned char)(sum + p[size]);
	return !sum;
}

/* Bytes of the RSDP at P; 0: it is none. */
static size_t rsdp_size(const unsigned char p[RSDP_MAX])
{
	if (memcmp(p, "RSD PTR ", 8) || !sums_up(p, RSDP_V1_SIZE))
		return 0;
	if (p[RSDP_REVISION] < 2)
		return RSDP_V1_SIZE;
	return sums_up(p, RSDP_MAX) ? RSDP_MAX : 0;
}

/* 0, or -1 with errno; then, or if there is none, efi->rsdp_size stays 0. */
static int read_rsdp(int fd, uint64_t addr, struct boot_firmware *efi)
{
	ssize_t got = addr <= INT64_MAX ? pread(fd, efi->rsdp_copy, RSDP_MAX, (off_t)addr) : 0;

	if (got == RSDP_MAX)
		efi->rsdp_size = rsdp_size(efi->rsdp_copy);
	return got < 0 ? -1 : 0;
}

/* A BIOS' own area, where the address was not told. */
static void find_rsdp(int fd, struct boot_firmware *efi)
{
	for (uint64_t at = BIOS_START; !efi->rsdp_size && at < LOW_MEMORY_END; at += RSDP_ALIGN)
		if (read_rsdp(fd, at, efi))
			return;
}

uint64_t efi_rsdp(const struct machine *m, const struct boot_firmware *efi)
{
	const struct boot_params *bp = (const void *)m->arch.boot_params;

	return bp->acpi_rsdp_addr || !efi ? bp->acpi_rsdp_addr : efi->rsdp;
}

/* A multiboot2 kernel gets a copy of the RSDP, if /dev/mem shows it; it also finds it as with a BIOS. */
static void copy_rsdp(const struct machine *m, struct boot_firmware *efi)
{
	const uint64_t addr = efi_rsdp(m, efi);
	int fd = root_open(&m->root, "dev/mem", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (addr)
		read_rsdp(fd, addr, efi);
	else
		find_rsdp(fd, efi);
	close(fd);
}

int arch_read_firmware(const struct machine *m, const struct image *image, bool services,
		       struct boot_firmware **ret)
{
	struct boot_firmware *efi = calloc(1, sizeof(*efi));

	*ret = NULL;
	if (!efi)
		return error("no memory for the EFI data");
	if (efi_observe(m, services, efi)) {
		free(efi);
		return -1;
	}
	if (!(image->bzimage.xloadflags & XLF_EFI_KEXEC))
		drop_services(image, efi);
	if (image->multiboot2.present)
		copy_rsdp(m, efi);
	*ret = efi;
	return 0;
}

void arch_free_firmware(struct boot_firmware *efi)
{
	if (efi)
		buffer_free(&efi->memmap);
	free(efi);
}
