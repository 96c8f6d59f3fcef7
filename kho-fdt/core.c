/* SPDX-License-Identifier: GPL-2.0-only */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "message.h"
#include "output.h"

static Elf64_Ehdr core_header(size_t count)
{
	Elf64_Ehdr ehdr = {
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(ehdr),
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)count,
	};

	memcpy(ehdr.e_ident, ELFMAG, SELFMAG);
	ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	return ehdr;
}

static int write_pieces(FILE *f, const struct core_piece *piece, size_t count)
{
	Elf64_Ehdr ehdr = core_header(count);
	uint64_t offset = sizeof(ehdr) + count * sizeof(Elf64_Phdr);

	if (fwrite(&ehdr, sizeof(ehdr), 1, f) != 1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		Elf64_Phdr phdr = {
			.p_type = PT_LOAD,
			.p_flags = PF_R,
			.p_offset = offset,
			.p_vaddr = piece[i].addr,
			.p_paddr = piece[i].addr,
			.p_filesz = piece[i].size,
			.p_memsz = piece[i].size,
		};

		if (fwrite(&phdr, sizeof(phdr), 1, f) != 1)
			return -1;
		offset += piece[i].size;
	}
	for (size_t i = 0; i < count; i++)
		if (piece[i].size && fwrite(piece[i].bytes, piece[i].size, 1, f) != 1)
			return -1;
	return 0;
}

int core_write(const char *path, const struct core_piece *piece, size_t count)
{
	FILE *f;
	int err;

	if (count > CORE_PIECES_MAX)
		return error("'%s': %zu pieces of memory are more than an ELF core's %d", path, count,
			     CORE_PIECES_MAX);
	f = fopen(path, "wbe");
	if (!f)
		return error_errno("cannot create '%s'", path);
	err = write_pieces(f, piece, count) ? error_errno("cannot write '%s'", path) : 0;
	return output_close(f, path, err);
}
