/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "elf-core.h"
#include "files.h"

static bool is_core(const Elf64_Ehdr *ehdr)
{
	return !memcmp(ehdr->e_ident, ELFMAG, SELFMAG) &&
	       ehdr->e_ident[EI_CLASS] == ELFCLASS64 && ehdr->e_ident[EI_DATA] == ELFDATA2LSB &&
	       ehdr->e_type == ET_CORE;
}

/* With 65535 or more segments, the first section header has their number. */
static uint64_t segment_count(int fd, const Elf64_Ehdr *ehdr)
{
	Elf64_Shdr shdr;

	if (ehdr->e_phnum != PN_XNUM)
		return ehdr->e_phnum;
	if (ehdr->e_shentsize != sizeof(shdr) || !ehdr->e_shoff ||
	    read_at(fd, &shdr, sizeof(shdr), ehdr->e_shoff))
		return 0;
	return shdr.sh_info;
}

enum elf_core_error elf_core_read(int fd, uint64_t max, struct elf_core *ret)
{
	Elf64_Ehdr ehdr;

	*ret = (struct elf_core){ 0 };
	if (read_at(fd, &ehdr, sizeof(ehdr), 0))
		return ELF_CORE_SHORT;
	if (!is_core(&ehdr))
		return ELF_CORE_OTHER;
	ret->count = segment_count(fd, &ehdr);
	ret->segment_size = ehdr.e_phentsize;
	if (!ret->count || ret->count > max || ret->segment_size != sizeof(Elf64_Phdr))
		return ELF_CORE_SEGMENTS;
	ret->segment = calloc(ret->count, sizeof(*ret->segment));
	if (!ret->segment)
		return ELF_CORE_NOMEM;
	if (ehdr.e_phoff <= INT64_MAX &&
	    !read_at(fd, ret->segment, ret->count * sizeof(*ret->segment), ehdr.e_phoff))
		return ELF_CORE_OK;
	free(ret->segment);
	ret->segment = NULL;
	return ELF_CORE_CUT_OFF;
}

bool elf_core_holds(const Elf64_Phdr *segment, uint64_t addr, uint64_t size)
{
	return size <= UINT64_MAX - addr && size <= INT64_MAX &&
	       segment->p_offset <= (uint64_t)INT64_MAX - size;
}
