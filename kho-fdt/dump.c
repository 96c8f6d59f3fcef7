/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump.h"
#include "elf-core.h"
#include "files.h"
#include "message.h"

/* First bytes that identify a file. */
#define MAGIC_SIZE	16
#define DUMP_PAGE	4096u		/* the most that may be left out at its end */
#define MAGIC_FDT	"\xd0\x0d\xfe\xed"

/* What would otherwise be taken for a raw image of RAM, with the way to one that can be read. */
static const struct {
	const char *magic;
	size_t size;
	const char *what, *remedy;
} foreign[] = {
#define FOREIGN(magic, what, remedy)	{ magic, sizeof(magic) - 1, what, remedy }
#define KDUMP(magic)	FOREIGN(magic, "a compressed kdump file", \
				"write an ELF core (makedumpfile -E; QEMU's dump-guest-memory without -z)")
#define PACKED(magic, name, program) \
			FOREIGN(magic, "compressed with " name, "unpack it (" program ")")
	KDUMP("KDUMP   "), KDUMP("DISKDUMP"), KDUMP("makedumpfile"),
	FOREIGN("EMiL", "a LiME dump", "take one with \"format=padded\", in which each byte of RAM is at "
		"its address"),
	FOREIGN("LibvirtQemudSave", "a libvirt save file, which holds a guest's state and no plain RAM",
		"use 'virsh dump --memory-only'"),
	FOREIGN("LibvirtQemudPart", "a libvirt save file that was not completed",
		"use 'virsh dump --memory-only'"),
	FOREIGN("QEVM", "a migration stream of QEMU", "use dump-guest-memory"),
	FOREIGN("QFI\xfb", "a qcow2 disk image", "use dump-guest-memory"),
	PACKED("\x1f\x8b", "gzip", "gunzip"),
	PACKED("\xfd" "7zXZ", "xz", "unxz"),
	PACKED("\x28\xb5\x2f\xfd", "zstd", "unzstd"),
	PACKED("\x04\x22\x4d\x18", "lz4", "unlz4"),
	PACKED("BZh", "bzip2", "bunzip2"),
};

struct file_facts {
	uint64_t size;			/* UINT64_MAX: not a regular file, no end known */
	unsigned char magic[MAGIC_SIZE];
};

static int compare_extents(const void *a, const void *b)
{
	const struct dump_extent *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void cut_front(struct dump_extent *e, uint64_t cut)
{
	uint64_t stored = cut < e->stored ? cut : e->stored;

	e->addr += cut;
	e->size -= cut;
	e->offset += stored;
	e->stored -= stored;
}

/* Are they adjacent in memory and in the file? */
static bool follows(const struct dump_extent *last, const struct dump_extent *e)
{
	return last->stored == last->size && e->addr == last->addr + last->size &&
	       e->offset == last->offset + last->size;
}

/* Sort, cut off what an earlier extent has, and join adjacent pieces. */
static void normalize(struct dump *d)
{
	struct dump_extent *e = d->extent;
	size_t count = 0;

	qsort(e, d->count, sizeof(*e), compare_extents);
	for (size_t i = 0; i < d->count; i++) {
		struct dump_extent *last = count ? &e[count - 1] : NULL;
		uint64_t end = last ? last->addr + last->size : 0, cut;

		if (last && e[i].addr < end) {
			cut = end - e[i].addr;
			if (cut >= e[i].size)
				continue;
			cut_front(&e[i], cut);
		}
		if (last && follows(last, &e[i])) {
			last->size += e[i].size;
			last->stored += e[i].stored;
		} else {
			e[count++] = e[i];
		}
	}
	d->count = count;
	for (size_t i = 0; i < count; i++)
		d->bytes += e[i].size;
}

/* Append the part that a program header names and that the file has. */
static void add_segment(struct dump *d, const struct file_facts *file, const Elf64_Phdr *phdr)
{
	uint64_t size = phdr->p_filesz < phdr->p_memsz ? phdr->p_filesz : phdr->p_memsz;
	uint64_t room = phdr->p_offset < file->size ? file->size - phdr->p_offset : 0;
	uint64_t zeros = 0;

	if (phdr->p_type != PT_LOAD || !size || !elf_core_holds(phdr, phdr->p_paddr, size))
		return;
	if (size > room) {
		d->cut_off = true;
		size = room;
	} else {
		zeros = -(phdr->p_paddr + size) % DUMP_PAGE;
		if (zeros > phdr->p_memsz - size || zeros > UINT64_MAX - phdr->p_paddr - size)
			zeros = 0;
	}
	if (size)
		d->extent[d->count++] = (struct dump_extent){ phdr->p_paddr, size + zeros,
							      phdr->p_offset, size };
}

/* Report ERR of elf_core_read() for PATH. -1. */
static int refuse_core(enum elf_core_error err, const struct elf_core *core, const char *path)
{
	switch (err) {
	case ELF_CORE_SHORT:
		return error("'%s' ends inside its ELF header", path);
	case ELF_CORE_OTHER:
		return error("'%s' is an ELF file, but not a 64-bit little-endian core: a dump of a "
			     "machine's memory is needed", path);
	case ELF_CORE_SEGMENTS:
		return error("'%s' names %llu segments of %u bytes; this program reads 1 to %u of %zu",
			     path, (unsigned long long)core->count, core->segment_size,
			     DUMP_SEGMENTS_MAX, sizeof(Elf64_Phdr));
	case ELF_CORE_CUT_OFF:
		return error("'%s' ends before its program headers: the dump is cut off", path);
	default:
		return error("no memory for the %llu segments of '%s'",
			     (unsigned long long)core->count, path);
	}
}

static int open_core(struct dump *d, const struct file_facts *file, const char *path)
{
	struct elf_core core;
	enum elf_core_error err = elf_core_read(d->fd, DUMP_SEGMENTS_MAX, &core);

	if (!err) {
		d->extent = calloc(core.count, sizeof(*d->extent));
		err = d->extent ? ELF_CORE_OK : ELF_CORE_NOMEM;
	}
	for (uint64_t i = 0; !err && i < core.count; i++)
		add_segment(d, file, &core.segment[i]);
	free(core.segment);
	if (err)
		return refuse_core(err, &core, path);
	normalize(d);
	if (!d->count)
		return error("'%s' contains no memory: none of its %llu segments has bytes in the "
			     "file and a physical address", path, (unsigned long long)core.count);
	return 0;
}

static int open_raw(struct dump *d, const struct file_facts *file, uint64_t base, const char *path)
{
	if (file->size == UINT64_MAX)
		return error("'%s' has no size: a raw image of RAM must be a regular file", path);
	if (!file->size || file->size > UINT64_MAX - base)
		return error("'%s' has %llu bytes, which cannot be RAM at 0x%llx", path,
			     (unsigned long long)file->size, (unsigned long long)base);
	d->extent = calloc(1, sizeof(*d->extent));
	if (!d->extent)
		return error("no memory for '%s'", path);
	d->extent[0] = (struct dump_extent){ base, file->size, 0, file->size };
	d->count = 1;
	d->bytes = file->size;
	return 0;
}

static int read_facts(int fd, const char *path, struct file_facts *ret)
{
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	if (fstat(fd, &st))
		return error_errno("cannot look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		return error("'%s' is a folder: name a dump file, 'live' or 'in'", path);
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		return error("'%s' is a pipe, and a dump is read here and there: write it to a file first",
			     path);
	ret->size = S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : UINT64_MAX;
	if (read_at(fd, ret->magic, sizeof(ret->magic), 0))
		return error("'%s' is too short to hold a handover", path);
	return 0;
}

static int open_kind(struct dump *d, const struct file_facts *file, uint64_t raw_base,
		     const char *path)
{
	/* Who names the address of its first byte says that it is RAM, which can begin with anything. */
	for (size_t i = 0; !raw_base && i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (!memcmp(file->magic, foreign[i].magic, foreign[i].size))
			return error("'%s' is %s, which this program does not read: %s", path,
				     foreign[i].what, foreign[i].remedy);
	if (!memcmp(file->magic, ELFMAG, SELFMAG)) {
		d->kind = DUMP_CORE;
		return open_core(d, file, path);
	}
	if (!memcmp(file->magic, MAGIC_FDT, strlen(MAGIC_FDT))) {
		d->kind = DUMP_FDT;
		return 0;
	}
	d->kind = DUMP_RAW;
	return open_raw(d, file, raw_base, path);
}

int dump_open(const char *path, uint64_t raw_base, struct dump *ret)
{
	struct dump d = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	struct file_facts file;

	if (d.fd < 0)
		return error_errno("cannot open '%s'", path);
	if (read_facts(d.fd, path, &file) || open_kind(&d, &file, raw_base, path)) {
		dump_close(&d);
		return -1;
	}
	*ret = d;
	return 0;
}

void dump_close(struct dump *d)
{
	if (d->fd >= 0)
		close(d->fd);
	free(d->extent);
	d->extent = NULL;
	d->count = 0;
	d->fd = -1;
}

/* The extent that contains ADDR, or NULL. */
static const struct dump_extent *find(const struct dump *d, uint64_t addr)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct dump_extent *e = &d->extent[middle];

		if (addr < e->addr)
			high = middle;
		else if (addr - e->addr >= e->size)
			low = middle + 1;
		else
			return e;
	}
	return NULL;
}

static int read_extent(const struct dump *d, const struct dump_extent *e, uint64_t skip,
		       unsigned char *p, uint64_t size)
{
	uint64_t stored = skip < e->stored ? e->stored - skip : 0;

	if (stored > size)
		stored = size;
	memset(p + stored, 0, size - stored);
	return stored ? read_at(d->fd, p, stored, e->offset + skip) : 0;
}

int dump_read(const struct dump *d, uint64_t addr, void *buf, size_t size)
{
	unsigned char *p = buf;

	while (size) {
		const struct dump_extent *e = find(d, addr);
		uint64_t skip, n;

		if (!e)
			return -1;
		skip = addr - e->addr;
		n = e->size - skip < size ? e->size - skip : size;
		if (read_extent(d, e, skip, p, n))
			return -1;
		p += n;
		addr += n;
		size -= n;
	}
	return 0;
}
