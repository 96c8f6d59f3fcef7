// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for what the kernel says to whoever loads a crash kernel, and for what is made of
 * it. The input is the files of a tree, each up to a NUL, in the order of files[]; the rest of it is
 * /proc/kcore.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch.h"
#include "core-headers.h"
#include "crash-plan.h"
#include "fuzz.h"

#define CPU	"/sys/devices/system/cpu"

static const char *const folders[] = {
	"/proc", "/sys", "/sys/devices", "/sys/devices/system", CPU, CPU "/cpu0", "/sys/kernel",
};

static const char *const files[] = {
	"/proc/iomem", "/sys/kernel/kexec_crash_cma_ranges", CPU "/cpu0/crash_notes",
	CPU "/cpu0/crash_notes_size", "/sys/kernel/vmcoreinfo", "/sys/kernel/crash_elfcorehdr_size",
	"/proc/kcore",
};

#define FOLDERS	(sizeof(folders) / sizeof(folders[0]))
#define FILES	(sizeof(files) / sizeof(files[0]))

static char folder[256];
static int fds[FILES];
static struct root root;

static void path_of(char path[400], const char *name)
{
	snprintf(path, 400, "%s%s", folder, name);
}

static void remove_tree(void)
{
	char path[400];

	for (size_t i = 0; i < FILES; i++) {
		path_of(path, files[i]);
		remove(path);
	}
	for (size_t i = FOLDERS; i--;) {
		path_of(path, folders[i]);
		remove(path);
	}
	remove(folder);
}

static void make_tree(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[400];

	snprintf(folder, sizeof(folder), "%s/fuzz-crash.XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(folder) != NULL);
	atexit(remove_tree);
	for (size_t i = 0; i < FOLDERS; i++) {
		path_of(path, folders[i]);
		must(!mkdir(path, 0700));
	}
	for (size_t i = 0; i < FILES; i++) {
		path_of(path, files[i]);
		fds[i] = open(path, O_RDWR | O_CREAT, 0600);
		must(fds[i] >= 0);
	}
	must(!root_init(&root, folder));
}

static void put(int fd, const uint8_t *data, size_t size)
{
	must(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
}

static void put_files(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < FILES; i++) {
		const uint8_t *nul = i + 1 < FILES && size ? memchr(data, 0, size) : NULL;
		size_t len = nul ? (size_t)(nul - data) : size, used = len + (nul != NULL);

		put(fds[i], data, len);
		data += used;
		size -= used;
	}
}

static bool apart(const struct kho_range *a, uint64_t addr, uint64_t size)
{
	return kho_range_end(a) <= addr || addr + size <= a->addr;
}

/* Memory that is dumped is RAM, and none of what the crash kernel uses. */
static void check_memory_header(const struct crash_memory *m, const struct crash_plan *p, const Elf64_Phdr *h)
{
	must(h->p_memsz && h->p_paddr >= LOW_MEMORY_END && h->p_offset == h->p_paddr);
	must(ranges_cover(&m->ram, h->p_paddr, h->p_memsz));
	must(h->p_vaddr - h->p_paddr == m->direct_map);
	for (size_t i = 0; i < p->memmap_count; i++) {
		const struct kho_range used = { p->memmap[i].addr, p->memmap[i].size };

		must(p->memmap[i].type != E820_RAM || apart(&used, h->p_paddr, h->p_memsz));
	}
	must(apart(&p->headers, h->p_paddr, h->p_memsz));
}

static void check_headers(const struct crash_memory *m, const struct crash_plan *p)
{
	const struct kho_range *reserved = crash_memory_main(m);
	const Elf64_Ehdr *ehdr = (const void *)p->headers_buf.data;
	const Elf64_Phdr *phdr = (const void *)(ehdr + 1);

	must(p->headers_buf.size == sizeof(*ehdr) + ehdr->e_phnum * sizeof(*phdr));
	must(ehdr->e_phnum >= m->note_count + 2);
	for (size_t i = m->note_count + 2; i < ehdr->e_phnum; i++)
		check_memory_header(m, p, &phdr[i]);
	must(p->headers.size >= p->headers_buf.size && !(p->headers.addr % PAGE_SIZE));
	must(p->area.addr >= reserved->addr && kho_range_end(&p->area) == p->headers.addr);
	must(kho_range_end(&p->headers) <= kho_range_end(reserved));
}

static void check_cmdline(const struct crash_plan *p)
{
	char *line = strdup("quiet -- x");

	must(line != NULL);
	line = crash_plan_cmdline(p, line, true);
	must(line && strstr(line, " elfcorehdr=0x") && strstr(line, " -- x"));
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine machine = {
		.memmap = { { 0x1000, 0x9e000, E820_RAM }, { 0xf0000, 0x10000, E820_RESERVED },
			    { 0x100000, 0x7ff00000, E820_RAM }, { 0x80000000, 0x10000, E820_ACPI } },
		.memmap_count = 4,
	};
	static struct crash_plan plan;
	struct crash_memory memory;
	uint64_t headers_size;

	if (!root.fd)
		make_tree();
	put_files(data, size);
	if (crash_headers_size(&root, &headers_size))
		headers_size = 0;
	if (!crash_memory_observe(&root, 2, &memory)) {
		if (!crash_plan_make(&machine, &memory, headers_size, &plan)) {
			check_headers(&memory, &plan);
			check_cmdline(&plan);
		}
		crash_plan_free(&plan);
	}
	crash_memory_free(&memory);
	return 0;
}
