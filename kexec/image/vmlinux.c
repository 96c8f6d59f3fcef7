/* SPDX-License-Identifier: GPL-2.0-only */
/* arch/x86/kernel/vmlinux.lds.S lays the segments out. */
#include <endian.h>
#include <string.h>

#include "vmlinux.h"

static enum image_error check_header(const Elf64_Ehdr *ehdr)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT };

	if (memcmp(ehdr->e_ident, ident, sizeof(ident)) || le16toh(ehdr->e_machine) != EM_X86_64 ||
	    le64toh(ehdr->e_phoff) != sizeof(*ehdr) ||
	    le16toh(ehdr->e_phentsize) != sizeof(Elf64_Phdr) ||
	    le16toh(ehdr->e_phnum) > VMLINUX_HEADERS_MAX)
		return IMAGE_ERR_LAYOUT;
	return IMAGE_OK;
}

static uint64_t memory_end(const Elf64_Phdr *phdr)
{
	uint64_t addr = le64toh(phdr->p_paddr), size = le64toh(phdr->p_memsz);

	return size > UINT64_MAX - addr ? UINT64_MAX : addr + size;
}

/* LAST is where the previous segment ends. */
static enum image_error read_segment(const Elf64_Phdr *phdr, uint64_t last,
				     struct vmlinux_segment *ret)
{
	uint64_t offset = le64toh(phdr->p_offset), size = le64toh(phdr->p_filesz);

	if (offset < last || size > UINT64_MAX - offset)
		return IMAGE_ERR_LAYOUT;
	ret->offset = offset;
	ret->end = offset + size;
	ret->addr = le64toh(phdr->p_paddr);
	ret->size = le64toh(phdr->p_memsz);
	ret->writable = le32toh(phdr->p_flags) & PF_W;
	return IMAGE_OK;
}

enum image_error vmlinux_parse(const uint8_t *head, size_t size, struct vmlinux *ret)
{
	struct vmlinux v = { 0 };
	enum image_error err;
	Elf64_Ehdr ehdr;
	uint64_t last;
	size_t count;

	if (size < sizeof(ehdr))
		return IMAGE_ERR_TRUNCATED;
	memcpy(&ehdr, head, sizeof(ehdr));
	err = check_header(&ehdr);
	if (err)
		return err;
	v.entry = le64toh(ehdr.e_entry);
	count = le16toh(ehdr.e_phnum);
	last = sizeof(ehdr) + count * sizeof(Elf64_Phdr);
	if (size < last)
		return IMAGE_ERR_TRUNCATED;

	for (size_t i = 0; i < count; i++) {
		Elf64_Phdr phdr;

		memcpy(&phdr, head + sizeof(ehdr) + i * sizeof(phdr), sizeof(phdr));
		if (le32toh(phdr.p_type) != PT_LOAD)
			continue;
		if (v.end < memory_end(&phdr))
			v.end = memory_end(&phdr);
		if (!phdr.p_filesz)
			continue;
		err = read_segment(&phdr, last, &v.segment[v.count]);
		if (err)
			return err;
		last = v.segment[v.count++].end;
	}
	if (!v.count || v.segment[0].writable)
		return IMAGE_ERR_LAYOUT;
	*ret = v;
	return IMAGE_OK;
}
