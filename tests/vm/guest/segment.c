// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "segment.h"

static uint32_t crc_table[256];

void crc32c_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
		crc_table[i] = crc;
	}
}

uint32_t crc32c(const void *buf, size_t size)
{
	const unsigned char *byte = buf;
	uint32_t crc = ~0u;

	while (size--)
		crc = crc >> 8 ^ crc_table[(crc ^ *byte++) & 0xff];
	return ~crc;
}

/* What the file has from OFFSET on is really there. */
static void *inside(struct segment *s, uint64_t offset, uint64_t size)
{
	if (offset > s->size || size > s->size - offset)
		die("the segment is not one of kexec: it ends too early");
	return s->at + offset;
}

static void find_parts(struct segment *s)
{
	struct kho_payload *p;

	s->header = inside(s, 0, PAGE_SIZE);
	s->payload = p = (void *)(s->header + 1);
	if (p->magic != KHO_PAYLOAD_MAGIC || p->version != KHO_FORMAT_VERSION)
		die("the segment is not one of kexec");
	s->item = inside(s, p->item_offset, p->item_count * sizeof(*s->item));
	s->scratch = inside(s, p->scratch_offset, p->scratch_count * 2 * sizeof(*s->scratch));
	s->table = inside(s, p->table_offset, p->table_size);
	if (p->table_size < sizeof(*s->table))
		die("the segment has no table");
	s->entry = (void *)(s->table + 1);
	s->digest = (void *)(s->entry + s->table->entry_count);
}

void segment_open(struct segment *s, const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (file < 0 || fstat(file, &status))
		die("%s: %s", path, strerror(errno));
	s->valid_size = (size_t)status.st_size;
	if (s->valid_size > SEGMENT_MAX / 2)
		die("%s: %zu bytes are too many", path, s->valid_size);
	s->valid = malloc(SEGMENT_MAX);
	s->fd = memfd_create("segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (!s->valid || s->fd < 0)
		die("no memory");
	if (read(file, s->valid, s->valid_size) != (ssize_t)s->valid_size)
		die("%s: cannot read it", path);
	close(file);
	s->at = mmap(NULL, SEGMENT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->at == MAP_FAILED)
		die("cannot map the segment");
	crc32c_init();
	segment_restore(s);
	find_parts(s);
}

void segment_resize(struct segment *s, size_t size)
{
	if (size == s->size)
		return;
	if (size > SEGMENT_MAX || ftruncate(s->fd, (off_t)size))
		die("cannot make the segment %zu bytes long", size);
	s->size = size;
}

void segment_restore(struct segment *s)
{
	segment_resize(s, s->valid_size);
	memcpy(s->at, s->valid, s->valid_size);
}

/* The digests of an entry, if all of it lies in the segment and in the table. */
static void repair_entry(struct segment *s, const struct kho_table *table,
			 const struct kho_entry *entry)
{
	uint32_t *digest = (uint32_t *)((struct kho_entry *)(table + 1) + table->entry_count);
	uint64_t offset = entry->addr - s->payload->addr;
	uint64_t left = entry->size, chunk = 1ull << KHO_CHUNK_SHIFT;

	if (entry->addr < s->payload->addr || offset > s->size || left > s->size - offset ||
	    entry->first_digest >= table->digest_count ||
	    (left + chunk - 1) / chunk > table->digest_count - entry->first_digest)
		return;
	for (digest += entry->first_digest; left; digest++) {
		uint64_t length = left < chunk ? left : chunk;

		*digest = crc32c(s->at + offset, length);
		offset += length;
		left -= length;
	}
}

static void repair_table(struct segment *s)
{
	uint64_t offset = s->payload->table_offset;
	struct kho_table *table;
	uint64_t size;

	if (offset % 8 || offset > s->size || s->size - offset < sizeof(*table))
		return;
	table = (void *)(s->at + offset);
	size = sizeof(*table) + (uint64_t)table->entry_count * sizeof(struct kho_entry) +
	       (uint64_t)table->digest_count * sizeof(uint32_t);
	if (size > s->size - offset)
		return;
	for (uint32_t i = 0; i < table->entry_count; i++)
		repair_entry(s, table, (struct kho_entry *)(table + 1) + i);
	table->crc = 0;
	table->crc = crc32c(table, size);
}

void segment_repair(struct segment *s)
{
	if (s->size < PAGE_SIZE)
		return;
	s->header->len = (uint32_t)(s->size - sizeof(*s->header));
	s->payload->size = s->size;
	repair_table(s);
}

void segment_fill_table(struct segment *s)
{
	s->payload->table_size = sizeof(*s->table) + s->table->entry_count * sizeof(*s->entry) +
				 s->table->digest_count * sizeof(*s->digest);
	segment_repair(s);
}

uint64_t segment_append(struct segment *s, unsigned int pages)
{
	uint64_t offset = (s->size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	segment_resize(s, offset + pages * PAGE_SIZE);
	memset(s->at + offset, 0, pages * PAGE_SIZE);
	s->header->len = (uint32_t)(s->size - sizeof(*s->header));
	s->payload->size = s->size;
	return offset;
}

int segment_load(int kernel, int segment, unsigned long flags)
{
	const unsigned long no_initramfs = 4;

	errno = 0;
	return syscall(SYS_kexec_file_load, kernel, -1, 1ul, "", flags | no_initramfs,
		       segment) ? errno : 0;
}

int segment_no_kernel(void)
{
	int fd = memfd_create("kernel", MFD_CLOEXEC);

	if (fd < 0 || write(fd, "no kernel", 9) != 9)
		die("no memory");
	return fd;
}

int segment_loaded(void)
{
	FILE *file = fopen("/sys/kernel/kexec_loaded", "re");
	int loaded = -1;

	if (!file || fscanf(file, "%d", &loaded) != 1)
		die("cannot read kexec_loaded");
	fclose(file);
	return loaded;
}

void *segment_phys(const struct segment *s, uint64_t phys)
{
	uint64_t offset = phys - s->payload->addr;

	if (phys < s->payload->addr || offset > s->size - PAGE_SIZE)
		die("%#lx is not in the segment", phys);
	return s->at + offset;
}
