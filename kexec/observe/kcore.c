/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "elf-core.h"
#include "kcore.h"
#include "message.h"
#include "vmcoreinfo.h"

#define SEGMENTS_MAX	4096

static void add_segment(struct kcore *kcore, const Elf64_Phdr *phdr)
{
	if (phdr->p_type != PT_LOAD || !elf_core_holds(phdr, phdr->p_vaddr, phdr->p_memsz))
		return;
	kcore->segment[kcore->count++] = (struct kcore_segment){
		.virt = phdr->p_vaddr,
		.phys = elf_core_holds(phdr, phdr->p_paddr, phdr->p_memsz) ? phdr->p_paddr :
									     KCORE_NO_PHYS,
		.size = phdr->p_memsz,
		.offset = phdr->p_offset,
	};
}

/* Also finds its notes, which are one segment. */
static int read_segments(struct kcore *kcore, Elf64_Phdr *ret_notes)
{
	struct elf_core core;

	if (elf_core_read(kcore->fd, SEGMENTS_MAX, &core))
		return -1;
	kcore->segment = calloc(core.count, sizeof(*kcore->segment));
	for (uint64_t i = 0; kcore->segment && i < core.count; i++) {
		add_segment(kcore, &core.segment[i]);
		if (core.segment[i].p_type == PT_NOTE)
			*ret_notes = core.segment[i];
	}
	free(core.segment);
	return kcore->segment ? 0 : -1;
}

static void find_tables(struct kcore *kcore, const Elf64_Phdr *notes)
{
	struct hidden_pages *hidden = &kcore->hidden;
	char *info = vmcoreinfo_read(kcore->fd, notes->p_offset, notes->p_filesz);
	uint64_t virt;

	if (info && hidden_pages_tables(hidden, info, &virt))
		hidden->top = kcore_virt_to_phys(kcore, virt);
	free(info);
}

bool kcore_opens(const struct root *root)
{
	int fd = root_open(root, "proc/kcore", O_RDONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int kcore_open(const struct root *root, struct kcore *ret)
{
	struct kcore kcore = { .fd = root_open(root, "proc/kcore", O_RDONLY) };
	Elf64_Phdr notes = { 0 };

	if (kcore.fd < 0)
		return error_errno("cannot open /proc/kcore, which shows what the running kernel preserves "
				   "(needs root, CONFIG_PROC_KCORE, and no lockdown=confidentiality)");
	hidden_pages_open(root, &kcore.hidden);
	if (read_segments(&kcore, &notes)) {
		kcore_close(&kcore);
		return error("/proc/kcore is not an ELF core file this program can read");
	}
	if (kcore.hidden.asked)
		find_tables(&kcore, &notes);
	*ret = kcore;
	return 0;
}

void kcore_close(struct kcore *kcore)
{
	if (kcore->fd >= 0) {
		close(kcore->fd);
		hidden_pages_close(&kcore->hidden);
	}
	free(kcore->segment);
	kcore->segment = NULL;
	kcore->count = 0;
	kcore->fd = -1;
}

/* The segment that contains all of [addr, addr + size), by physical or by virtual address. */
static const struct kcore_segment *find(const struct kcore *kcore, uint64_t addr, uint64_t size,
					bool virt)
{
	for (size_t i = 0; i < kcore->count; i++) {
		const struct kcore_segment *s = &kcore->segment[i];
		uint64_t start = virt ? s->virt : s->phys;

		if (start != KCORE_NO_PHYS && addr >= start && addr - start <= s->size &&
		    size <= s->size - (addr - start))
			return s;
	}
	return NULL;
}

/* Hidden memory reads as zeros. */
static int read_shown(const struct kcore *kcore, uint64_t addr, void *buf, size_t size)
{
	const struct kcore_segment *s = find(kcore, addr, size, false);

	return s ? read_at(kcore->fd, buf, size, s->offset + (addr - s->phys)) : -1;
}

static int read_table(void *ctx, uint64_t addr, void *buf, size_t size)
{
	return read_shown(ctx, addr, buf, size);
}

static bool all_zero(const unsigned char *p, size_t size)
{
	return !p[0] && !memcmp(p, p + 1, size - 1);
}

/*
 * BUF is what /proc/kcore shows of ADDR. 0 if its pages of zeros are really zeros, or -1 after
 * a notice.
 */
static int check_zeros(const struct kcore *kcore, uint64_t addr, const unsigned char *buf, size_t size)
{
	const struct kcore_segment *s = find(kcore, addr, size, false);
	const struct kho_mem tables = { read_table, (void *)kcore };
	const uint64_t last_page = (addr + size - 1) / PAGE_SIZE;
	struct hidden_look look = { 0 };
	size_t len;

	for (size_t at = 0; at < size; at += len) {
		const uint64_t here = addr + at, in_page = PAGE_SIZE - here % PAGE_SIZE;
		const char *why = NULL;

		len = in_page < size - at ? in_page : size - at;
		if (all_zero(buf + at, len))
			why = hidden_page(&kcore->hidden, &look, &tables, here, s->virt + (here - s->phys),
					  last_page - here / PAGE_SIZE + 1);
		if (why) {
			notice("/proc/kcore shows zeros in the place of page 0x%llx: %s",
			       ULL(here & ~(PAGE_SIZE - 1)), why);
			return -1;
		}
	}
	return 0;
}

int kcore_read_phys(const struct kcore *kcore, uint64_t addr, void *buf, size_t size)
{
	if (read_shown(kcore, addr, buf, size))
		return -1;
	return kcore->hidden.asked ? check_zeros(kcore, addr, buf, size) : 0;
}

int kcore_read_virt(const struct kcore *kcore, uint64_t addr, void *buf, size_t size)
{
	const struct kcore_segment *s = find(kcore, addr, size, true);

	return s ? read_at(kcore->fd, buf, size, s->offset + (addr - s->virt)) : -1;
}

uint64_t kcore_virt_to_phys(const struct kcore *kcore, uint64_t addr)
{
	for (size_t i = 0; i < kcore->count; i++) {
		const struct kcore_segment *s = &kcore->segment[i];

		if (s->phys != KCORE_NO_PHYS && addr >= s->virt && addr - s->virt < s->size)
			return s->phys + (addr - s->virt);
	}
	return KCORE_NO_PHYS;
}

static int mem_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	return kcore_read_phys(ctx, addr, buf, size);
}

struct kho_mem kcore_mem(struct kcore *kcore)
{
	return (struct kho_mem){ mem_read, kcore };
}
