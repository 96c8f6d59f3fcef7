/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture-machine DIR KEXEC-OPTION ...: plan a handover as "kexec --dry-run" does, and write
 * the kernel memory that was read for it to DIR/proc/kcore, a core file of exactly these
 * bytes, so that the same plan can be made elsewhere with --sysroot. Also writes
 * DIR/proc/kallsyms, with the symbols that matter.
 *
 * Linked with --wrap for the functions of kcore.c, so that calls to them come here.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kcore.h"
#include "load.h"
#include "message.h"
#include "options.h"
#include "target.h"

#define PIECES_MAX	4096

int __real_kcore_read_phys(const struct kcore *kcore, uint64_t addr, void *buf, size_t size);
int __real_kcore_read_virt(const struct kcore *kcore, uint64_t addr, void *buf, size_t size);
uint64_t __real_kcore_virt_to_phys(const struct kcore *kcore, uint64_t addr);
int __wrap_kcore_read_phys(const struct kcore *kcore, uint64_t addr, void *buf, size_t size);
int __wrap_kcore_read_virt(const struct kcore *kcore, uint64_t addr, void *buf, size_t size);
uint64_t __wrap_kcore_virt_to_phys(const struct kcore *kcore, uint64_t addr);

struct piece {
	uint64_t virt, phys;
	size_t size;
	void *bytes;
};

static struct piece pieces[PIECES_MAX];
static size_t piece_count;

/* The kernel virtual address of a physical one, by the core's own segments. */
static uint64_t virt_of(const struct kcore *kcore, uint64_t phys)
{
	for (size_t i = 0; i < kcore->count; i++) {
		const struct kcore_segment *s = &kcore->segment[i];

		if (s->phys != KCORE_NO_PHYS && phys >= s->phys && phys - s->phys < s->size)
			return s->virt + (phys - s->phys);
	}
	return 0;
}

static void keep(uint64_t virt, uint64_t phys, const void *bytes, size_t size)
{
	struct piece *piece = &pieces[piece_count];

	for (size_t i = 0; i < piece_count; i++)
		if (pieces[i].virt == virt && pieces[i].size >= size)
			return;
	if (piece_count == PIECES_MAX)
		exit(error("more than %d reads of kernel memory", PIECES_MAX) ? 1 : 0);
	*piece = (struct piece){ virt, phys, size, malloc(size) };
	memcpy(piece->bytes, bytes, size);
	piece_count++;
}

int __wrap_kcore_read_phys(const struct kcore *kcore, uint64_t addr, void *buf, size_t size)
{
	int err = __real_kcore_read_phys(kcore, addr, buf, size);

	if (!err)
		keep(virt_of(kcore, addr), addr, buf, size);
	return err;
}

int __wrap_kcore_read_virt(const struct kcore *kcore, uint64_t addr, void *buf, size_t size)
{
	int err = __real_kcore_read_virt(kcore, addr, buf, size);

	if (!err)
		keep(addr, __real_kcore_virt_to_phys(kcore, addr), buf, size);
	return err;
}

/* What is translated must be in the new core file too: its first page will do. */
uint64_t __wrap_kcore_virt_to_phys(const struct kcore *kcore, uint64_t addr)
{
	unsigned char page[4096];

	__wrap_kcore_read_virt(kcore, addr, page, sizeof(page));
	return __real_kcore_virt_to_phys(kcore, addr);
}

static void write_core(FILE *f)
{
	Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(ehdr), .e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = (Elf64_Half)piece_count,
	};
	uint64_t offset = sizeof(ehdr) + piece_count * sizeof(Elf64_Phdr);

	fwrite(&ehdr, sizeof(ehdr), 1, f);
	for (size_t i = 0; i < piece_count; i++) {
		const Elf64_Phdr phdr = {
			.p_type = PT_LOAD, .p_offset = offset, .p_vaddr = pieces[i].virt,
			.p_paddr = pieces[i].phys, .p_filesz = pieces[i].size,
			.p_memsz = pieces[i].size,
		};

		fwrite(&phdr, sizeof(phdr), 1, f);
		offset += pieces[i].size;
	}
	for (size_t i = 0; i < piece_count; i++)
		fwrite(pieces[i].bytes, 1, pieces[i].size, f);
}

int main(int argc, char **argv)
{
	struct options options;
	struct target target;
	char path[4096];
	FILE *f;
	int code;

	if (argc < 3) {
		fputs("usage: capture-machine DIR KEXEC-OPTION ...\n", stderr);
		return EXIT_REFUSED;
	}
	snprintf(path, sizeof(path), "%s/proc/kcore", argv[1]);
	code = options_parse(&options, argc - 1, argv + 1);
	if (code == EXIT_OK) {
		code = target_open(&target, &options.request) ? EXIT_FAILED :
		       load_image(&options.request, &target, "/", NULL);
		target_release(&target);
	}
	options_free(&options);
	/* Also of a plan that is refused. */
	f = code == EXIT_OK || code == EXIT_REFUSED ? fopen(path, "w") : NULL;
	if (!f)
		return EXIT_FAILED;
	write_core(f);
	return fclose(f) ? EXIT_FAILED : EXIT_OK;
}
