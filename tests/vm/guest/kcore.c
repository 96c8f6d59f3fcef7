// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kcore is an ELF core of the kernel's address space. Program headers of
 * the direct map tell the physical address, so it reaches all of RAM where
 * STRICT_DEVMEM closes /dev/mem. /proc/vmcore is the same of a kernel that has fallen.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define MAX_SEGMENTS	64

static const char *kcore = "/proc/kcore";
static int kcore_fd = -1;
static Elf64_Phdr segments[MAX_SEGMENTS];
static unsigned int segment_count;

static void read_exactly(uint64_t offset, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t got = pread(kcore_fd, p, len, (off_t)offset);

		if (got <= 0)
			die("%s at file offset 0x%" PRIx64 ": %s", kcore, offset,
			    got ? strerror(errno) : "end of file");
		p += got;
		offset += (uint64_t)got;
		len -= (size_t)got;
	}
}

void kcore_of_crash(void)
{
	kcore = "/proc/vmcore";
}

void kcore_open(void)
{
	Elf64_Ehdr header;

	if (kcore_fd >= 0)
		return;
	kcore_fd = open(kcore, O_RDONLY | O_CLOEXEC);
	if (kcore_fd < 0)
		die("%s: %s", kcore, strerror(errno));
	read_exactly(0, &header, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_phentsize != sizeof(Elf64_Phdr) ||
	    header.e_phnum > MAX_SEGMENTS)
		die("%s: not the ELF file expected", kcore);
	segment_count = header.e_phnum;
	read_exactly(header.e_phoff, segments, segment_count * sizeof(segments[0]));
}

static int holds(uint64_t start, uint64_t size, uint64_t addr, size_t len)
{
	return addr >= start && addr - start < size && len <= size - (addr - start);
}

void kcore_read_phys(uint64_t phys, void *buf, size_t len)
{
	kcore_open();
	for (unsigned int i = 0; i < segment_count; i++) {
		const Elf64_Phdr *s = &segments[i];

		/* -1: no physical address known; 0 with size is vmalloc in old kernels. */
		if (s->p_type != PT_LOAD || s->p_paddr == ~0ull)
			continue;
		if (!holds(s->p_paddr, s->p_memsz, phys, len))
			continue;
		read_exactly(s->p_offset + (phys - s->p_paddr), buf, len);
		return;
	}
	die("physical 0x%" PRIx64 "+0x%zx: not in one segment of %s", phys, len, kcore);
}

void kcore_read_virt(uint64_t virt, void *buf, size_t len)
{
	kcore_open();
	for (unsigned int i = 0; i < segment_count; i++) {
		const Elf64_Phdr *s = &segments[i];

		if (s->p_type != PT_LOAD || !holds(s->p_vaddr, s->p_memsz, virt, len))
			continue;
		read_exactly(s->p_offset + (virt - s->p_vaddr), buf, len);
		return;
	}
	die("virtual 0x%" PRIx64 ": not in %s", virt, kcore);
}

static uint64_t align4(uint64_t size)
{
	return (size + 3) & ~3ull;
}

/* pr_pid of struct elf_prstatus, linux/elfcore.h, lies behind signals. */
static int pid_of(const Elf64_Nhdr *note, uint64_t offset)
{
	const uint64_t pid_offset = 32;
	int32_t pid = 0;

	if (note->n_type == NT_PRSTATUS && note->n_descsz >= pid_offset + sizeof(pid))
		read_exactly(offset + sizeof(*note) + align4(note->n_namesz) + pid_offset, &pid, sizeof(pid));
	return pid;
}

int kcore_notes(void)
{
	kcore_open();
	for (unsigned int i = 0; i < segment_count; i++) {
		const Elf64_Phdr *s = &segments[i];
		Elf64_Nhdr note;

		if (s->p_type != PT_NOTE)
			continue;
		for (uint64_t at = 0; at + sizeof(note) <= s->p_filesz;
		     at += sizeof(note) + align4(note.n_namesz) + align4(note.n_descsz)) {
			char name[16] = "";

			read_exactly(s->p_offset + at, &note, sizeof(note));
			if (!note.n_namesz)
				break;
			read_exactly(s->p_offset + at + sizeof(note), name,
				     note.n_namesz < sizeof(name) ? note.n_namesz : sizeof(name) - 1);
			printf("%s %u %d\n", name, note.n_type, pid_of(&note, s->p_offset + at));
		}
	}
	return 0;
}
