// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for what the kernel says of the machine's memory. The input is /proc/iomem up to
 * its first NUL, then /proc/zoneinfo: files of a tree that is made once. There is no
 * /sys/firmware/memmap.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "machine.h"

static const struct {
	const char *path, *text;	/* no TEXT: a folder */
} tree[] = {
#define FOLDER(path)	{ path, NULL }
	FOLDER("/proc"), FOLDER("/proc/sys"), FOLDER("/proc/sys/kernel"), FOLDER("/sys"),
	FOLDER("/sys/devices"), FOLDER("/sys/devices/system"), FOLDER("/sys/devices/system/cpu"),
	FOLDER("/sys/kernel"), FOLDER("/sys/kernel/boot_params"),
	{ "/proc/sys/kernel/osrelease", "7.3.4\n" }, { "/proc/cmdline", "quiet\n" },
	{ "/proc/meminfo", "MemTotal: 1000000 kB\n" }, { "/proc/cpuinfo", "flags : fpu\n" },
	{ "/sys/devices/system/cpu/possible", "0-3\n" },
	{ "/sys/kernel/boot_params/data", "" },
};

#define TREE	(sizeof(tree) / sizeof(tree[0]))

static char folder[256];
static int iomem = -1, zoneinfo = -1;

static void path_of(char path[400], const char *name)
{
	snprintf(path, 400, "%s%s", folder, name);
}

static void remove_tree(void)
{
	char path[400];

	path_of(path, "/proc/iomem");
	remove(path);
	path_of(path, "/proc/zoneinfo");
	remove(path);
	for (size_t i = TREE; i--;) {
		path_of(path, tree[i].path);
		remove(path);
	}
	remove(folder);
}

static int make_file(const char *name)
{
	char path[400];
	int fd;

	path_of(path, name);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	must(fd >= 0);
	return fd;
}

static void make_tree(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[400];
	FILE *f;

	snprintf(folder, sizeof(folder), "%s/fuzz-machine.XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(folder) != NULL);
	atexit(remove_tree);
	for (size_t i = 0; i < TREE; i++) {
		path_of(path, tree[i].path);
		if (!tree[i].text) {
			must(!mkdir(path, 0700));
			continue;
		}
		f = fopen(path, "w");
		must(f && fputs(tree[i].text, f) >= 0 && !fclose(f));
	}
	/* Of all bytes 0: boot_params. */
	must(!truncate(path, 4096));
	iomem = make_file("/proc/iomem");
	zoneinfo = make_file("/proc/zoneinfo");
}

static void put(int fd, const uint8_t *data, size_t size)
{
	must(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
}

static void check_range(const struct kho_range *r)
{
	must(r->size && r->size - 1 <= UINT64_MAX - r->addr);
}

static void check(const struct machine *m)
{
	must(m->memmap_count <= MEMMAP_MAX && m->ram_count && m->ram_count <= m->memmap_count);
	must(m->usable_count <= MEMMAP_MAX && m->taken_count <= TAKEN_MAX && m->node_count <= NODES_MAX);
	for (size_t i = 0; i < m->ram_count; i++)
		check_range(&m->ram[i]);
	for (size_t i = 0; i < m->usable_count; i++)
		check_range(&m->usable[i]);
	for (size_t i = 0; i < m->node_count; i++)
		for (size_t j = 0; j < i; j++)
			must(m->node[i].number != m->node[j].number);
	must(!m->nodes_unknown || !m->node_count);
	machine_check_usable(m);
	machine_check_nodes(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine machine;
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t first = nul ? (size_t)(nul - data) : size;

	if (iomem < 0)
		make_tree();
	put(iomem, data, first);
	put(zoneinfo, data + first + (nul != NULL), size - first - (nul != NULL));
	if (!machine_observe(&machine, folder))
		check(&machine);
	machine_release(&machine);
	return 0;
}
