/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "arch.h"
#include "boot-arch.h"
#include "cmdline.h"
#include "iomem.h"
#include "machine.h"
#include "message.h"
#include "number.h"

/* The names of the E820 types in /sys/firmware/memmap, from arch/x86/kernel/e820.c. */
static uint32_t e820_type(const char *name)
{
	static const struct {
		const char *name;
		uint32_t type;
	} table[] = {
		{ "System RAM", E820_RAM },
		{ "ACPI Tables", E820_ACPI },
		{ "ACPI Non-volatile Storage", E820_NVS },
		{ "Unusable memory", E820_UNUSABLE },
		{ "Persistent Memory", E820_PMEM },
		{ "Persistent Memory (legacy)", E820_PRAM },
		{ "Soft Reserved", E820_SOFT_RESERVED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].name, name))
			return table[i].type;
	return E820_RESERVED;
}

static int read_text(const struct machine *m, const char *path, char **ret)
{
	return root_read_result(root_read_text(&m->root, path, ret), path);
}

static int read_memmap_entry(struct machine *m, const char *number)
{
	struct memmap_entry *entry = &m->memmap[m->memmap_count];
	char path[300], type[64];
	uint64_t start, end;

	if (m->memmap_count == MEMMAP_MAX)
		return error("the firmware memory map has more than %d entries", MEMMAP_MAX);
	snprintf(path, sizeof(path), "sys/firmware/memmap/%s/start", number);
	if (root_read_u64(&m->root, path, &start))
		return error("cannot read /%s", path);
	snprintf(path, sizeof(path), "sys/firmware/memmap/%s/end", number);
	if (root_read_u64(&m->root, path, &end) || end < start || end - start == UINT64_MAX)
		return error("cannot read /%s", path);
	snprintf(path, sizeof(path), "sys/firmware/memmap/%s/type", number);
	if (root_read_line(&m->root, path, type, sizeof(type)))
		return error("cannot read /%s", path);
	*entry = (struct memmap_entry){ start, end - start + 1, e820_type(type) };
	m->memmap_count++;
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct memmap_entry *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void collect_ram(struct machine *m)
{
	for (size_t i = 0; i < m->memmap_count; i++)
		if (m->memmap[i].type == E820_RAM)
			m->ram[m->ram_count++] = (struct kho_range){ m->memmap[i].addr,
								     m->memmap[i].size };
	for (size_t i = 0; i < m->ram_count; i++)
		m->ram_total += m->ram[i].size;
}

/* The first kernel that was started here had it from firmware, and each one has had it since. */
static int read_memmap_firmware(struct machine *m, DIR *dir)
{
	const struct dirent *entry;
	int err = 0;

	while (!err && (entry = next_entry(dir)))
		err = read_memmap_entry(m, entry->d_name);
	if (!err && errno)
		err = error_errno("cannot list /sys/firmware/memmap");
	return err;
}

/* Entries of the first level of /proc/iomem; those of devices are no memory. */
static int read_memmap_line(void *ctx, char *text)
{
	struct machine *m = ctx;
	struct iomem_line line;

	if (!iomem_parse(text, &line) || !line.top)
		return 0;
	if (e820_type(line.name) == E820_RESERVED && strcasecmp(line.name, "reserved"))
		return 0;
	if (m->memmap_count == MEMMAP_MAX)
		return error("/proc/iomem has more than %d ranges of memory", MEMMAP_MAX);
	m->memmap[m->memmap_count++] = (struct memmap_entry){ line.range.addr, line.range.size,
							      e820_type(line.name) };
	return 0;
}

/*
 * With add_efi_memmap the kernel has taken more from EFI than it shows there, and in a domain of Xen
 * the map is not the machine's.
 */
static bool memmap_is_another(const struct machine *m)
{
	struct cmdline_param param;
	int fd = root_open(&m->root, "proc/xen", O_PATH | O_DIRECTORY);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || cmdline_last(m->cmdline, "add_efi_memmap", &param);
}

static int read_memmap(struct machine *m)
{
	DIR *dir = memmap_is_another(m) ? NULL : root_opendir(&m->root, "sys/firmware/memmap");
	bool firmware = dir;
	int err;

	if (firmware) {
		err = read_memmap_firmware(m, dir);
		closedir(dir);
	} else {
		debug("memory is taken from /proc/iomem, not from /sys/firmware/memmap");
		err = root_each_line(&m->root, "proc/iomem", read_memmap_line, m);
	}
	if (err)
		return err;
	qsort(m->memmap, m->memmap_count, sizeof(m->memmap[0]), compare_entries);
	collect_ram(m);
	if (m->ram_count)
		return 0;
	return error("%s", firmware ? "/sys/firmware/memmap names no RAM" :
		     "/proc/iomem shows no RAM (needs root: CAP_SYS_ADMIN), and /sys/firmware/memmap is not used "
		     "or not there (CONFIG_FIRMWARE_MEMMAP)");
}

/* Add the part of RANGE that is firmware's RAM to the usable memory. */
static int add_usable(struct machine *m, const struct kho_range *range)
{
	const uint64_t end = kho_range_end(range);

	for (size_t i = 0; i < m->ram_count; i++) {
		uint64_t ram_end = kho_range_end(&m->ram[i]);
		uint64_t low = range->addr > m->ram[i].addr ? range->addr : m->ram[i].addr;
		uint64_t high = end < ram_end ? end : ram_end;

		if (low >= high)
			continue;
		if (m->usable_count == MEMMAP_MAX)
			return error("/proc/iomem names more than %d ranges of RAM", MEMMAP_MAX);
		m->usable[m->usable_count++] = (struct kho_range){ low, high - low };
	}
	return 0;
}

static int add_taken(struct machine *m, const struct kho_range *range)
{
	if (m->taken_count == TAKEN_MAX)
		return error("/proc/iomem names more than %d ranges of the kernel's own", TAKEN_MAX);
	m->taken[m->taken_count++] = *range;
	return 0;
}

static bool names_taken(const char *name)
{
	return !strncmp(name, "Kernel ", strlen("Kernel ")) || !strcmp(name, "Crash kernel");
}

static int read_iomem_line(void *ctx, char *text)
{
	struct machine *m = ctx;
	struct iomem_line line;

	if (!iomem_parse(text, &line))
		return 0;
	if (names_taken(line.name))
		return add_taken(m, &line.range);
	return line.top && !strcmp(line.name, "System RAM") ? add_usable(m, &line.range) : 0;
}

int machine_check_usable(const struct machine *m)
{
	if (m->usable_count)
		return 0;
	return error("/proc/iomem shows no System RAM, so this program cannot tell what the "
		     "running kernel has set aside (needs root: CAP_SYS_ADMIN)");
}

static int read_memory_size(struct machine *m)
{
	unsigned long long kib;
	const char *total;
	char *text;

	if (read_text(m, "proc/meminfo", &text))
		return -1;
	total = strstr(text, "MemTotal:");
	if (!total || sscanf(total, "MemTotal: %llu kB", &kib) != 1) {
		free(text);
		return error("/proc/meminfo has no MemTotal line");
	}
	m->ram_size = (uint64_t)kib << 10;
	free(text);
	return 0;
}

/*
 * "0-3" or "0-3,8-11": the last number counts, because the next kernel sets memory aside for
 * all.
 */
static int read_possible_cpus(struct machine *m)
{
	char line[256], *last;
	unsigned int highest;

	if (root_read_line(&m->root, "sys/devices/system/cpu/possible", line, sizeof(line)))
		return error("cannot read /sys/devices/system/cpu/possible");
	last = strrchr(line, ',');
	last = last ? last + 1 : line;
	if (strchr(last, '-'))
		last = strchr(last, '-') + 1;
	if (sscanf(last, "%u", &highest) != 1)
		return error("/sys/devices/system/cpu/possible says '%s'", line);
	m->cpus = highest + 1;
	return 0;
}

/* The node of this number, a new one if need be. NULL if that would be one too many. */
static struct machine_node *find_node(struct machine *m, unsigned int number)
{
	for (size_t i = 0; i < m->node_count; i++)
		if (m->node[i].number == number)
			return &m->node[i];
	if (m->node_count == NODES_MAX)
		return NULL;
	m->node[m->node_count] = (struct machine_node){ number, UINT64_MAX };
	return &m->node[m->node_count++];
}

/*
 * Lines "Node N, zone ..." are followed by one "start_pfn: P" for each zone. Numbers may have
 * gaps; a node without memory counts for nothing.
 */
static bool read_zones(struct machine *m, char *text)
{
	unsigned int number = 0;
	bool inside = false;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct machine_node *node;
		unsigned long long pfn;

		inside |= sscanf(line, "Node %u,", &number) == 1;
		if (!inside || sscanf(line, " start_pfn: %llu", &pfn) != 1 || !pfn)
			continue;
		node = find_node(m, number);
		if (!node)
			return false;
		if (pfn < node->start >> PAGE_SHIFT)
			node->start = (uint64_t)pfn << PAGE_SHIFT;
	}
	return true;
}

/* Only a handover needs them: machine_check_nodes(). */
static void read_nodes(struct machine *m)
{
	char *text;

	m->nodes_unknown = true;
	if (root_read_text(&m->root, "proc/zoneinfo", &text))
		return;
	m->nodes_unknown = !read_zones(m, text);
	if (m->nodes_unknown)
		m->node_count = 0;
	free(text);
}

int machine_check_nodes(const struct machine *m)
{
	if (!m->nodes_unknown)
		return 0;
	return error("the machine's NUMA nodes are not known, and no preserved block may cross them: "
		     "/proc/zoneinfo cannot be read, or names more than %d nodes with memory", NODES_MAX);
}

int machine_observe(struct machine *m, const char *root_dir)
{
	memset(m, 0, sizeof(*m));
	if (root_init(&m->root, root_dir))
		return -1;
	if (root_read_line(&m->root, "proc/sys/kernel/osrelease", m->release, sizeof(m->release)))
		return error("cannot read /proc/sys/kernel/osrelease; is /proc mounted?");
	if (read_text(m, "proc/cmdline", &m->cmdline) || read_memmap(m) ||
	    root_each_line(&m->root, "proc/iomem", read_iomem_line, m) ||
	    read_memory_size(m) || read_possible_cpus(m))
		return -1;
	read_nodes(m);
	return arch_observe(&m->root, &m->arch);
}

void machine_release(struct machine *m)
{
	free(m->cmdline);
	m->cmdline = NULL;
	if (m->root.fd >= 0)
		close(m->root.fd);
	m->root.fd = -1;
}
