/* SPDX-License-Identifier: GPL-2.0-only */
#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "arch.h"
#include "core-headers.h"
#include "message.h"

/* Everything that the crash kernel may write to is left out. */
static int find_dumped(const struct crash_memory *m, struct ranges *ret)
{
	struct ranges used = { 0 };
	int err = ranges_add(&used, 0, LOW_MEMORY_END);

	for (size_t i = 0; !err && i < m->reserved_count; i++)
		err = ranges_add(&used, m->reserved[i].addr, m->reserved[i].size);
	for (size_t i = 0; !err && i < m->cma.count; i++)
		err = ranges_add(&used, m->cma.list[i].addr, m->cma.list[i].size);
	ranges_merge(&used);
	if (!err)
		err = ranges_subtract(&m->ram, &used, ret);
	ranges_free(&used);
	return err ? error("no memory for the ranges of the dump") : 0;
}

static Elf64_Phdr note_header(const struct kho_range *r)
{
	return (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = r->addr, .p_paddr = r->addr,
			     .p_filesz = r->size, .p_memsz = r->size };
}

static Elf64_Phdr memory_header(const struct kho_range *r, uint64_t virt)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_offset = r->addr,
			     .p_vaddr = virt, .p_paddr = r->addr, .p_filesz = r->size, .p_memsz = r->size };
}

static void write_headers(const struct crash_memory *m, const struct ranges *dumped, size_t count,
			  unsigned char *to)
{
	const Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = CORE_MACHINE,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(ehdr),
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)count,
	};
	Elf64_Phdr *phdr = (void *)(to + sizeof(ehdr));

	memcpy(to, &ehdr, sizeof(ehdr));
	for (size_t i = 0; i < m->note_count; i++)
		*phdr++ = note_header(&m->note[i]);
	*phdr++ = note_header(&m->vmcoreinfo);
	*phdr++ = memory_header(&m->text, m->text_virt);
	for (size_t i = 0; i < dumped->count; i++)
		*phdr++ = memory_header(&dumped->list[i], m->direct_map + dumped->list[i].addr);
}

int core_headers_make(const struct crash_memory *m, struct buffer *ret)
{
	struct ranges dumped = { 0 };
	size_t count;
	int err = find_dumped(m, &dumped);

	count = m->note_count + 2 + dumped.count;
	if (!err && count >= PN_XNUM)
		err = error("the machine has %zu CPUs and ranges of RAM, and the headers of a dump describe at "
			    "most %d", count, PN_XNUM - 1);
	if (!err)
		err = buffer_alloc(ret, sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr));
	if (!err)
		write_headers(m, &dumped, count, ret->data);
	ranges_free(&dumped);
	return err;
}
