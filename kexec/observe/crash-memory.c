/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crash_prepare_headers() of kernel/crash_core.c takes the same from the kernel's own variables;
 * here it comes from /proc/iomem, /proc/kcore and sysfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "cmdline.h"
#include "crash-memory.h"
#include "elf-core.h"
#include "iomem.h"
#include "message.h"

#define KCORE_SEGMENTS_MAX	4096
#define CMA_FILE	"sys/kernel/kexec_crash_cma_ranges"	/* since Linux 7.2 */
#define CPU_FILE	"sys/devices/system/cpu/cpu%u/%s"

/* ---- /proc/iomem ----------------------------------------------------------------------- */

/* Also memory that a driver has added, "System RAM (kmem)". */
static bool is_ram(const char *name)
{
	static const char ram[] = "System RAM";
	const size_t len = strlen(ram);

	return !strncmp(name, ram, len) && (!name[len] || name[len] == ' ');
}

static int add_reserved(struct crash_memory *m, const struct kho_range *range)
{
	if (m->reserved_count == CRASH_RESERVED_MAX)
		return error("/proc/iomem names more than %d ranges for a crash kernel",
			     CRASH_RESERVED_MAX);
	m->reserved[m->reserved_count++] = *range;
	return 0;
}

static int read_line(void *ctx, char *text)
{
	struct crash_memory *m = ctx;
	struct iomem_line line;

	if (!iomem_parse(text, &line))
		return 0;
	if (!strcmp(line.name, "Crash kernel"))
		return add_reserved(m, &line.range);
	if (is_ram(line.name) && ranges_add(&m->ram, line.range.addr, line.range.size))
		return error("no memory for the ranges of /proc/iomem");
	return 0;
}

static void sort_reserved(struct crash_memory *m)
{
	const struct kho_range first = m->reserved[0];

	if (m->reserved_count == 2 && m->reserved[1].addr < first.addr) {
		m->reserved[0] = m->reserved[1];
		m->reserved[1] = first;
	}
}

static int read_ranges(const struct root *root, struct crash_memory *m)
{
	if (root_each_line(root, "proc/iomem", read_line, m))
		return -1;
	if (!m->ram.count)
		return error("/proc/iomem shows no System RAM (needs root: CAP_SYS_ADMIN)");
	ranges_merge(&m->ram);
	sort_reserved(m);
	return 0;
}

static int check_reserved(const struct crash_memory *m)
{
	if (!m->reserved_count)
		return error("/proc/iomem shows no memory for a crash kernel any more");
	for (size_t i = 0; i < m->reserved_count; i++) {
		const struct kho_range *r = &m->reserved[i];

		if (r->addr < LOW_MEMORY_END || !ranges_cover(&m->ram, r->addr, r->size) ||
		    (i && kho_range_end(&m->reserved[i - 1]) > r->addr))
			return error("/proc/iomem shows memory for a crash kernel, 0x%llx-0x%llx, "
				     "that is not free System RAM", ULL(r->addr),
				     ULL(kho_range_end(r) - 1));
	}
	return 0;
}

int crash_reserved(const struct root *root, struct kho_range *ret)
{
	struct crash_memory m = { 0 };
	int err = read_ranges(root, &m);

	if (!err && m.reserved_count)
		*ret = *crash_memory_main(&m);
	ranges_free(&m.ram);
	return err ? -1 : m.reserved_count != 0;
}

const struct kho_range *crash_memory_main(const struct crash_memory *m)
{
	return &m->reserved[m->reserved_count - 1];
}

/* ---- sysfs ----------------------------------------------------------------------------- */

static int read_cma_line(void *ctx, char *line)
{
	struct crash_memory *m = ctx;
	unsigned long long start, end;

	if (!*line)
		return 0;
	if (sscanf(line, "%llx-%llx", &start, &end) != 2 || end <= start || end == UINT64_MAX ||
	    !ranges_cover(&m->ram, start, end - start + 1))
		return error("/" CMA_FILE " says '%s', which is no RAM",
			     line);
	if (ranges_add(&m->cma, start, end - start + 1))
		return error("no memory for the ranges of crashkernel=...,cma");
	return 0;
}

/* Has the running kernel been asked for crashkernel=SIZE,cma? */
static bool wants_cma(const char *cmdline)
{
	static const char suffix[] = ",cma";
	const size_t len = strlen(suffix);
	struct cmdline_param param;

	while (cmdline_find(&cmdline, "crashkernel", &param))
		if (param.value.len >= len &&
		    !memcmp(param.value.start + param.value.len - len, suffix, len))
			return true;
	return false;
}

/* A kernel without the file may use CMA all the same. */
static int check_no_cma(const struct root *root)
{
	char *cmdline;
	bool wanted;

	if (root_read_result(root_read_text(root, "proc/cmdline", &cmdline), "proc/cmdline"))
		return -1;
	wanted = wants_cma(cmdline);
	free(cmdline);
	return wanted ? error("the running kernel does not show which memory is that of crashkernel=...,cma "
			      "(/" CMA_FILE ")") : 0;
}

/* Of crashkernel=SIZE,cma. */
static int read_cma(const struct root *root, struct crash_memory *m)
{
	int fd = root_open(root, CMA_FILE, O_PATH), err;

	if (fd < 0)
		return errno == ENOENT ? check_no_cma(root) : error_errno("cannot read /" CMA_FILE);
	close(fd);
	err = root_each_line(root, CMA_FILE, read_cma_line, m);
	ranges_merge(&m->cma);
	return err;
}

int crash_headers_size(const struct root *root, uint64_t *ret)
{
	static const char path[] = "sys/kernel/crash_elfcorehdr_size";

	if (!root_read_u64(root, path, ret) && *ret)
		return 0;
	return error("--hotplug: the running kernel does not keep a crash kernel up to date (no size in "
		     "/%s, needs CONFIG_CRASH_HOTPLUG): leave it out, and load again when CPUs or memory "
		     "change", path);
}

static bool in_ram(const struct crash_memory *m, const struct kho_range *r)
{
	return r->size && r->size <= UINT64_MAX - r->addr && ranges_cover(&m->ram, r->addr, r->size);
}

/* 1 and *RET, or 0 if there is no such CPU, or -1 after a message. */
static int read_note(const struct root *root, const struct crash_memory *m, unsigned int cpu,
		     struct kho_range *ret)
{
	unsigned long long addr;
	char path[64], line[32];
	int err;

	snprintf(path, sizeof(path), CPU_FILE, cpu, "crash_notes");
	err = root_read_line(root, path, line, sizeof(line));
	if (err == -ENOENT)
		return 0;
	if (err)
		return root_read_result(err, path);
	if (sscanf(line, "%llx", &addr) != 1)
		return error("/%s says '%s', which is no address", path, line);
	ret->addr = addr;
	snprintf(path, sizeof(path), CPU_FILE, cpu, "crash_notes_size");
	err = root_read_u64(root, path, &ret->size);
	if (err)
		return root_read_result(err, path);
	if (in_ram(m, ret))
		return 1;
	return error("the notes of CPU %u, %llu bytes at 0x%llx, do not lie in RAM", cpu,
		     ULL(ret->size), ULL(ret->addr));
}

/* Numbers may have gaps. */
static int read_notes(const struct root *root, unsigned int cpus, struct crash_memory *m)
{
	if (cpus > CRASH_CPUS_MAX)
		return error("the kernel counts %u CPUs, and this program dumps at most %d",
			     cpus, CRASH_CPUS_MAX);
	m->note = calloc(cpus ? cpus : 1, sizeof(*m->note));
	if (!m->note)
		return error("no memory for the CPUs' notes");
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		int found = read_note(root, m, cpu, &m->note[m->note_count]);

		if (found < 0)
			return -1;
		m->note_count += (size_t)found;
	}
	if (m->note_count)
		return 0;
	return error("/sys/devices/system/cpu shows no crash_notes, where the CPUs' registers will be "
		     "(needs CONFIG_CRASH_DUMP)");
}

static int read_vmcoreinfo(const struct root *root, struct crash_memory *m)
{
	static const char path[] = "sys/kernel/vmcoreinfo";
	unsigned long long addr, size;
	char line[64];
	int err = root_read_line(root, path, line, sizeof(line));

	if (err)
		return root_read_result(err, path);
	if (sscanf(line, "%llx %llx", &addr, &size) != 2)
		return error("/%s says '%s', which is no address and size", path, line);
	m->vmcoreinfo = (struct kho_range){ addr, size };
	if (in_ram(m, &m->vmcoreinfo))
		return 0;
	return error("/%s says '%s', which does not lie in RAM", path, line);
}

/* ---- /proc/kcore ----------------------------------------------------------------------- */

/* A segment of memory; of others the kernel gives no physical address. */
static bool shows_ram(const struct crash_memory *m, const Elf64_Phdr *p)
{
	const struct kho_range range = { p->p_paddr, p->p_memsz };

	return p->p_type == PT_LOAD && elf_core_holds(p, p->p_vaddr, p->p_memsz) && in_ram(m, &range);
}

/* The kernel's own mapping is in one piece, and the rest is mapped at one distance. */
static bool take_segment(struct crash_memory *m, const Elf64_Phdr *p)
{
	const uint64_t distance = p->p_vaddr - p->p_paddr;

	if (p->p_vaddr >= KERNEL_MAP_START) {
		if (m->text.size)
			return false;
		m->text = (struct kho_range){ p->p_paddr, p->p_memsz };
		m->text_virt = p->p_vaddr;
		return true;
	}
	if (m->direct_map && m->direct_map != distance)
		return false;
	m->direct_map = distance;
	return true;
}

static int read_segments(const struct elf_core *core, struct crash_memory *m)
{
	bool fits = true;

	for (uint64_t i = 0; fits && i < core->count; i++)
		if (shows_ram(m, &core->segment[i]))
			fits = take_segment(m, &core->segment[i]);
	return fits && m->text.size && m->direct_map ? 0 :
	       error("/proc/kcore does not show where the kernel maps itself and RAM");
}

static int read_kcore(const struct root *root, struct crash_memory *m)
{
	int fd = root_open(root, "proc/kcore", O_RDONLY), err = -1;
	struct elf_core core;

	if (fd < 0)
		return error_errno("cannot open /proc/kcore, which shows where the running kernel maps its "
				   "memory (needs root and CONFIG_PROC_KCORE)");
	if (!elf_core_read(fd, KCORE_SEGMENTS_MAX, &core))
		err = read_segments(&core, m);
	else
		error("/proc/kcore is not an ELF core file this program can read");
	free(core.segment);
	close(fd);
	return err;
}

int crash_memory_observe(const struct root *root, unsigned int cpus, struct crash_memory *ret)
{
	*ret = (struct crash_memory){ 0 };
	if (read_ranges(root, ret) || check_reserved(ret) || read_cma(root, ret) || read_notes(root, cpus, ret) ||
	    read_vmcoreinfo(root, ret))
		return -1;
	return read_kcore(root, ret);
}

void crash_memory_free(struct crash_memory *m)
{
	ranges_free(&m->ram);
	ranges_free(&m->cma);
	free(m->note);
	m->note = NULL;
	m->note_count = 0;
}
