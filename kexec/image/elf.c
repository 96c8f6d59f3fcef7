/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vmlinux, the ELF file of a kernel that a bzImage has compressed in it. Its entry point is
 * startup_64 (arch/x86/kernel/head_64.S), which the decompressor of a bzImage enters just as a
 * 64-bit boot loader may: in 64-bit mode, with its memory and boot_params identity-mapped, and the
 * address of boot_params in RSI. It runs at any physical address that is a multiple of 2 MiB;
 * virtual addresses stay those it was linked for.
 */
#include <elf.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/bootparam.h>

#include "image-type.h"
#include "vmlinux.h"

#define ALIGNMENT	(2u << 20)	/* __startup_64() */
#define CMDLINE_MAX	2047u		/* COMMAND_LINE_SIZE of x86, without the NUL */
#define PHYS_END	(1ull << 52)
#define HEAD_SIZE	4096u		/* of a gathered file; at least VMLINUX_HEAD */

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define MEMORY_MAX	(4ull << 20)
#else
#define MEMORY_MAX	(1ull << 30)
#endif

static bool probe(const void *buf, size_t size)
{
	return size >= sizeof(Elf64_Ehdr) && !memcmp(buf, ELFMAG, SELFMAG);
}

/* Is it a program for a CPU that purgatory leaves in 64-bit mode? */
static enum image_error check_machine(const void *buf)
{
	uint16_t type, machine;
	Elf64_Ehdr ehdr;

	memcpy(&ehdr, buf, sizeof(ehdr));	/* as far as these, 32-bit files are the same */
	type = le16toh(ehdr.e_type);
	machine = le16toh(ehdr.e_machine);
	if (machine == EM_386)
		return IMAGE_ERR_NO_64BIT;
	if (machine != EM_X86_64)
		return IMAGE_ERR_MACHINE;
	return type == ET_EXEC || type == ET_DYN ? IMAGE_OK : IMAGE_ERR_LAYOUT;
}

/* Segments in the order of their addresses, and an entry point in one of them. */
static enum image_error check_segments(const struct vmlinux *v, size_t size)
{
	const uint64_t start = v->segment[0].addr;
	uint64_t last = start;
	bool entered = false;

	for (size_t i = 0; i < v->count; i++) {
		const struct vmlinux_segment *s = &v->segment[i];
		uint64_t filled = s->end - s->offset;

		if (s->end > size)
			return IMAGE_ERR_TRUNCATED;
		if (s->addr < last || filled > s->size || s->size > UINT64_MAX - s->addr)
			return IMAGE_ERR_LAYOUT;
		last = s->addr + s->size;
		entered |= v->entry >= s->addr && v->entry - s->addr < filled;
	}
	if (!entered || start & (ALIGNMENT - 1) || start > PHYS_END - MEMORY_MAX ||
	    v->end - start > MEMORY_MAX)
		return IMAGE_ERR_LAYOUT;
	return IMAGE_OK;
}

/* Since 3.14 Linux takes everything that it is given here: initrds anywhere, SETUP_EFI. */
static enum image_error check_linux(const void *buf, size_t size)
{
	struct kernel_features features;
	unsigned int major, minor;
	const char *format;
	enum image_error err = image_scan(buf, size, &features, &format);

	if (err)
		return err;
	if (sscanf(features.release, "%u.%u", &major, &minor) != 2)
		return IMAGE_ERR_NOT_LINUX;
	return major > 3 || (major == 3 && minor >= 14) ? IMAGE_OK : IMAGE_ERR_OLD_LINUX;
}

static enum image_error parse(const void *buf, size_t size, struct image *ret)
{
	enum image_error err = check_machine(buf);
	struct vmlinux v;

	if (!err)
		err = vmlinux_parse(buf, size, &v);
	if (!err)
		err = check_segments(&v, size);
	if (!err)
		err = check_linux(buf, size);
	if (err)
		return err;
	*ret = (struct image){
		.scattered = true,
		.segments_only = true,
		.relocatable = true,
		.alignment = ALIGNMENT,
		.pref_address = v.segment[0].addr,
		.init_size = v.end - v.segment[0].addr,
		.entry = v.entry - v.segment[0].addr,
		.cmdline_max = CMDLINE_MAX,
		/* Nothing tells whether it can start with 5-level page tables. */
		.bzimage.xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G | XLF_EFI_KEXEC,
	};
	return IMAGE_OK;
}

static void put_headers(uint8_t *out, const struct vmlinux *v)
{
	Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = htole16(ET_EXEC), .e_machine = htole16(EM_X86_64),
		.e_version = htole32(EV_CURRENT), .e_phoff = htole64(sizeof(ehdr)),
		.e_entry = htole64(v->entry), .e_ehsize = htole16(sizeof(ehdr)),
		.e_phentsize = htole16(sizeof(Elf64_Phdr)), .e_phnum = htole16((uint16_t)v->count),
	};

	memcpy(out, &ehdr, sizeof(ehdr));
	out += sizeof(ehdr);
	for (size_t i = 0; i < v->count; i++) {
		const struct vmlinux_segment *s = &v->segment[i];
		Elf64_Phdr phdr = {
			.p_type = htole32(PT_LOAD), .p_flags = htole32(s->writable ? PF_R | PF_W : PF_R),
			.p_offset = htole64(HEAD_SIZE + s->addr - v->segment[0].addr),
			.p_paddr = htole64(s->addr), .p_memsz = htole64(s->size),
			.p_filesz = htole64(s->end - s->offset),
		};

		memcpy(out + i * sizeof(phdr), &phdr, sizeof(phdr));
	}
}

static enum image_error gather(const void *file, size_t size, struct image *image, void **ret,
			       size_t *ret_size)
{
	const struct vmlinux_segment *last;
	enum image_error err;
	struct vmlinux v;
	uint64_t filled;
	uint8_t *out;

	err = vmlinux_parse(file, size, &v);
	if (!err)
		err = check_segments(&v, size);
	if (err)
		return err;
	last = &v.segment[v.count - 1];
	filled = last->addr + (last->end - last->offset) - v.segment[0].addr;
	out = calloc(1, HEAD_SIZE + filled);
	if (!out)
		return IMAGE_ERR_NOMEM;
	put_headers(out, &v);
	for (size_t i = 0; i < v.count; i++) {
		const struct vmlinux_segment *s = &v.segment[i];

		memcpy(out + HEAD_SIZE + (s->addr - v.segment[0].addr), (const uint8_t *)file + s->offset,
		       s->end - s->offset);
	}
	image->scattered = false;
	image->kernel_offset = HEAD_SIZE;
	image->kernel_size = filled;
	image->payload_offset = 0;
	image->payload_size = HEAD_SIZE + filled;
	*ret = out;
	*ret_size = image->payload_size;
	return IMAGE_OK;
}

const struct image_type elf_type = {
	.name = "64-bit x86 vmlinux files (ELF, Linux 3.14 and later)",
	.option = { "elf-x86_64", "vmlinux" },
	.probe = probe,
	.parse = parse,
	.gather = gather,
};
