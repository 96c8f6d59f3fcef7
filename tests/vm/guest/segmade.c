// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments that are wrong in one thing each, with the error that the kernel has for it
 * and what it says: the error alone would not tell which check has found it.
 *
 * The kernel prints at most ten of each message in five seconds. A case that was refused
 * rightly but without a word is tried again in the next pass.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kernel-page-flags.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "segment.h"

#define CASES_MAX	512
#define PASSES		8
#define RATELIMIT	6		/* seconds */

enum verdict { OPEN = 0, GOOD, BAD };

struct made {
	struct segment s;
	struct tree root;		/* the value in the valid segment */
	struct tree memblock;
	struct kho_item *user;		/* the item that reserves memory */
	struct kho_item *blob;
	struct kho_entry *part;		/* the entry of items, FDTs and scratch array */
	struct kho_entry *state;	/* that of the blob */
	struct kho_entry *region;	/* one of other memory */
	int no_kernel;
	int real_kernel;
	int log;
	char said[256];
	/* What the next load is called with. */
	int kernel;
	int fd;
	unsigned long flags;
	unsigned int number;		/* of the case */
	enum verdict verdict[CASES_MAX];
};

/* ---- One case ---------------------------------------------------------------- */

/* The last thing that the kernel has said of a segment since the last call. */
static void hear(struct made *m)
{
	const char *prefix = "KHO segment: ", *text;
	char record[2048];
	ssize_t size;

	m->said[0] = 0;
	for (;;) {
		size = read(m->log, record, sizeof(record) - 1);
		if (size < 0 && errno == EPIPE)
			continue;
		if (size <= 0)
			return;
		record[size] = 0;
		text = strstr(record, prefix);
		if (text)
			snprintf(m->said, sizeof(m->said), "%.*s",
				 (int)strcspn(text + strlen(prefix), "\n"), text + strlen(prefix));
	}
}

static bool begin(struct made *m)
{
	if (++m->number == CASES_MAX)
		die("too many cases");
	if (m->verdict[m->number] != OPEN)
		return false;
	segment_restore(&m->s);
	m->kernel = m->no_kernel;
	m->fd = m->s.fd;
	m->flags = KEXEC_FILE_KHO;
	return true;
}

static void finish(struct made *m, const char *what, int error, const char *says)
{
	int got = segment_load(m->kernel, m->fd, m->flags);
	bool right = got == error;

	hear(m);
	if (m->fd != m->s.fd)
		close(m->fd);
	if (says && right && !m->said[0])
		return;
	right = right && (says ? !!strstr(m->said, says) : !m->said[0]);
	m->verdict[m->number] = right ? GOOD : BAD;
	if (right)
		printf("ok   %3u %s: %s\n", m->number, what, strerrorname_np(got));
	else
		printf("FAIL %3u %s: %s '%s', expected %s '%s'\n", m->number, what,
		       got ? strerrorname_np(got) : "loaded", m->said, strerrorname_np(error),
		       says ? says : "");
}

/* The statements change the valid segment; then it has to be refused with ERROR. */
#define CASE(m, what, error, says, ...) do {		\
	if (begin(m)) {					\
		__VA_ARGS__;				\
		finish(m, what, error, says);		\
	}						\
} while (0)

/* The same with digests and checksum made right, so that they do not hide the rest. */
#define REPAIRED(m, what, error, says, ...)		\
	CASE(m, what, error, says, __VA_ARGS__; segment_repair(&(m)->s))

/* The statements change "tree", which replaces the root FDT or the memblock node. */
#define ROOT(m, what, error, says, ...)			\
	REPAIRED(m, what, error, says, struct tree tree = (m)->root; __VA_ARGS__;	\
		 place_root(m, &tree); cover(m))
#define MEMBLOCK(m, what, error, says, ...)		\
	REPAIRED(m, what, error, says, struct tree tree = (m)->memblock; __VA_ARGS__;	\
		 place_memblock(m, &tree); cover(m))

/* What was appended is to be in the table, too. */
static void cover(struct made *m)
{
	m->part->size = m->s.payload->addr + m->s.size - m->part->addr;
}

static void place_root(struct made *m, const struct tree *root)
{
	uint64_t offset = segment_append(&m->s, 1);

	tree_write(root, m->s.at + offset);
	m->s.payload->fdt_addr = m->s.payload->addr + offset;
}

static void place_memblock(struct made *m, const struct tree *memblock)
{
	uint64_t offset = segment_append(&m->s, 1);
	struct tree root = m->root;
	struct tree_node *node = tree_find(&root, "memblock");

	node->first = m->s.payload->addr + offset;
	node->second = tree_write(memblock, m->s.at + offset);
	place_root(m, &root);
}

static void remove_node(struct tree *tree, const char *name)
{
	struct tree_node *node = tree_find(tree, name);

	*node = tree->node[--tree->count];
}

/* ---- Memory ------------------------------------------------------------------- */

struct range {
	uint64_t start;
	uint64_t end;			/* last byte */
};

/* The LAST or first range NAME of /proc/iomem. */
static struct range iomem(const char *name, bool last)
{
	FILE *file = fopen("/proc/iomem", "re");
	struct range range, found = { 0, 0 };
	char line[256], text[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %127[^\n]", &range.start, &range.end,
			   text) == 3 && !strcmp(text, name) && (last || !found.end))
			found = range;
	if (file)
		fclose(file);
	if (!found.end)
		die("/proc/iomem does not have %s", name);
	return found;
}

/* Memory in no range, between two ranges of RAM; "memmap=1M%0x7c000000-1" makes one. */
static struct range hole(void)
{
	FILE *file = fopen("/proc/iomem", "re");
	struct range range, found = { 0, 0 };
	char line[256], text[128];
	uint64_t ram = 0;

	/* Those inside of another begin with a space. */
	while (file && fgets(line, sizeof(line), file)) {
		if (line[0] == ' ' || sscanf(line, "%" SCNx64 "-%" SCNx64 " : %127[^\n]",
					     &range.start, &range.end, text) != 3)
			continue;
		if (strcmp(text, "System RAM"))
			range.end = 0;
		else if (ram && range.start > ram + 1)
			found = (struct range){ ram + 1, range.start - 1 };
		ram = range.end;
	}
	if (file)
		fclose(file);
	if (!found.end)
		die("there is no hole in the RAM");
	return found;
}

/* A page of RAM that is not allocated; pages in scratch are for the next kernel. */
static uint64_t free_page(const struct made *m)
{
	const uint64_t *scratch = (const uint64_t *)(m->s.valid + m->s.payload->scratch_offset);
	uint64_t page = iomem("System RAM", true).end + 1, flags = 0;
	int file = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	while (!(flags >> KPF_BUDDY & 1) && page > 16 << 20) {
		bool in_scratch = false;

		page -= PAGE_SIZE;
		for (uint32_t i = 0; i < m->s.payload->scratch_count; i++)
			in_scratch |= page - scratch[2 * i] < scratch[2 * i + 1];
		if (in_scratch || pread(file, &flags, sizeof(flags),
					page / PAGE_SIZE * sizeof(flags)) != sizeof(flags))
			flags = 0;
	}
	close(file);
	if (!flags)
		die("no page is free");
	return page;
}

#define USER(what, says, from, length)							\
	CASE(m, "reserve " what, EADDRNOTAVAIL, says, m->user->addr = (from);		\
	     m->user->size = (length))

static void unverify(struct made *m)
{
	for (uint32_t i = 0; i < m->s.payload->item_count; i++)
		m->s.item[i].flags &= ~KHO_ITEM_VERIFIED;
}

static void reserve_cases(struct made *m)
{
	const uint64_t *scratch = (const uint64_t *)(m->s.valid + m->s.payload->scratch_offset);
	uint64_t start = scratch[0], size = scratch[1];
	struct range kernel = iomem("Kernel code", false), crash = iomem("Crash kernel", false);
	struct range ram = iomem("System RAM", true);

	USER("at 0", "impossible", 0, PAGE_SIZE);
	USER("nothing", "impossible", m->user->addr, 0);
	USER("that wraps", "impossible", -2 * PAGE_SIZE, 4 * PAGE_SIZE);
	USER("to the last byte", "impossible", -PAGE_SIZE, PAGE_SIZE);
	USER("VGA memory", "impossible", 0xa0000, PAGE_SIZE);
	USER("all above 1 MiB", "not all of it is RAM", 1 << 20, -(2 << 20));
	USER("the local APIC", "not all of it is RAM", 0xfee00000, PAGE_SIZE);
	USER("far above RAM", "not all of it is RAM", 1ull << 50, PAGE_SIZE);
	USER("more than RAM", "not all of it is RAM", ram.end + 1 - PAGE_SIZE, 2 * PAGE_SIZE);
	USER("a hole in RAM", "not all of it is RAM", hole().start, PAGE_SIZE);
	USER("into a hole in RAM", "not all of it is RAM", hole().start - PAGE_SIZE, 2 * PAGE_SIZE);
	USER("over a hole in RAM", "not all of it is RAM", hole().start - PAGE_SIZE,
	     hole().end - hole().start + 1 + 2 * PAGE_SIZE);
	USER("all scratch", "lies in scratch", start, size);
	USER("first page of scratch", "lies in scratch", start, PAGE_SIZE);
	USER("last page of scratch", "lies in scratch", start + size - PAGE_SIZE, PAGE_SIZE);
	USER("into scratch", "lies in scratch", start - PAGE_SIZE, 2 * PAGE_SIZE);
	USER("the segment", "lies in scratch", m->s.payload->addr, PAGE_SIZE);
	USER("kernel text", "lies in the running kernel", kernel.start, PAGE_SIZE);
	USER("into kernel text", "lies in the running kernel", kernel.start - PAGE_SIZE,
	     2 * PAGE_SIZE);
	USER("free memory", "some of it is free memory", free_page(m), PAGE_SIZE);
	USER("crash memory", "lies in the crash kernel", crash.start, PAGE_SIZE);
	USER("end of crash memory", "lies in the crash kernel", crash.end + 1 - PAGE_SIZE,
	     PAGE_SIZE);
}

#define ENTRY(what, error, says, from, length)						\
	REPAIRED(m, "entry " what, error, says, m->region->addr = (from);		\
		 m->region->size = (length))

static void entry_place_cases(struct made *m)
{
	struct kho_payload *p = m->s.payload;
	uint64_t body = p->addr + p->table_offset + p->table_size;

	ENTRY("at 0", EBADMSG, "impossible address", 0, PAGE_SIZE);
	ENTRY("of nothing", EBADMSG, "impossible address", m->region->addr, 0);
	ENTRY("that wraps", EBADMSG, "impossible address", -PAGE_SIZE, 2 * PAGE_SIZE);
	ENTRY("to the last byte", EADDRNOTAVAIL, "impossible", -PAGE_SIZE, PAGE_SIZE);
	ENTRY("of VGA memory", EADDRNOTAVAIL, "impossible", 0xa0000, 8);
	ENTRY("above RAM", EADDRNOTAVAIL, "not all of it is RAM", 1ull << 50, 8);
	ENTRY("in scratch", EADDRNOTAVAIL, "lies in scratch", m->s.scratch[0], 8);
	ENTRY("of the table", EADDRNOTAVAIL, "lies in scratch", p->addr + p->table_offset, 8);
	ENTRY("of table and body", EADDRNOTAVAIL, "lies in scratch", body - 8, 16);
	ENTRY("beyond the segment", EADDRNOTAVAIL, "lies in scratch", p->addr + p->size - 8, 16);
	ENTRY("of kernel text", EADDRNOTAVAIL, "lies in the running kernel",
	      iomem("Kernel code", false).start, 8);
	ENTRY("of crash memory", EADDRNOTAVAIL, "lies in the crash kernel",
	      iomem("Crash kernel", false).start, 8);
	ENTRY("of a byte", EBADMSG, "not in the table", m->region->addr, 1);
	REPAIRED(m, "entry of a byte, nothing said to be verified", ENOEXEC, NULL,
		 m->region->size = 1; unverify(m));
}

/* ---- Header, items, scratch array --------------------------------------------- */

static void header_cases(struct made *m)
{
	struct kho_setup_data *h = m->s.header;
	struct kho_payload *p = m->s.payload;

	CASE(m, "nothing wrong", ENOEXEC, NULL, (void)h);
	CASE(m, "type 0", EBADMSG, "no payload", h->type = 0);
	CASE(m, "type of a reserved range", EBADMSG, "no payload", h->type = KHO_SETUP_RESERVE);
	CASE(m, "next", EBADMSG, "no payload", h->next = p->addr);
	CASE(m, "length + 1", EBADMSG, "no payload", h->len++);
	CASE(m, "length - 1", EBADMSG, "no payload", h->len--);
	CASE(m, "length ~0", EBADMSG, "no payload", h->len = UINT32_MAX);
	CASE(m, "magic number", EBADMSG, "no payload", p->magic ^= 1);
	CASE(m, "version 1", EBADMSG, "version 1, this", p->version = 1);
	CASE(m, "version ~0", EBADMSG, "this kernel takes", p->version = UINT32_MAX);
	CASE(m, "size + a page", EBADMSG, "not of the size", p->size += PAGE_SIZE);
	CASE(m, "size - 1", EBADMSG, "not of the size", p->size--);
	CASE(m, "size + 4 GiB", EBADMSG, "not of the size", p->size += 1ull << 32);
	CASE(m, "release without end", EBADMSG, "text without end",
	     memset(p->from_release, 'x', sizeof(p->from_release)));
	CASE(m, "ABI without end", EBADMSG, "text without end",
	     memset(p->abi, 'x', sizeof(p->abi)));
	CASE(m, "no such port", EBADMSG, "no serial port", p->serial_port = 0x70);
	CASE(m, "port + 1", EBADMSG, "no serial port", p->serial_port = 0x3f9);
	CASE(m, "console 2", EBADMSG, "unknown console", p->console = 2);
	CASE(m, "console ~0", EBADMSG, "unknown console", p->console = UINT16_MAX);
	CASE(m, "reserved field", EBADMSG, "unknown console", p->reserved = 1);
}

static void place_cases(struct made *m)
{
	struct kho_payload *p = m->s.payload;
	uint64_t start = m->s.scratch[0], size = m->s.scratch[1];

	CASE(m, "at 0", EADDRNOTAVAIL, "not in one scratch", p->addr = 0);
	CASE(m, "unaligned", EADDRNOTAVAIL, "not in one scratch", p->addr += 8);
	CASE(m, "below scratch", EADDRNOTAVAIL, "not in one scratch", p->addr = start - PAGE_SIZE);
	CASE(m, "behind scratch", EADDRNOTAVAIL, "not in one scratch", p->addr = start + size);
	CASE(m, "beyond scratch", EADDRNOTAVAIL, "not in one scratch",
	     p->addr = start + size - PAGE_SIZE);
	CASE(m, "at the last page", EADDRNOTAVAIL, "not in one scratch", p->addr = -PAGE_SIZE);
	CASE(m, "in other memory", EADDRNOTAVAIL, "not in one scratch", p->addr = m->user->addr);
	CASE(m, "table at 0", EBADMSG, "table outside", p->table_offset = 0);
	CASE(m, "table on the report", EBADMSG, "table outside",
	     p->table_offset = KHO_REPORT_OFFSET);
	CASE(m, "table unaligned", EBADMSG, "table outside", p->table_offset += 4);
	CASE(m, "table behind the end", EBADMSG, "table outside", p->table_offset = p->size + 8);
	CASE(m, "table that wraps", EBADMSG, "table outside", p->table_offset = -8ull);
	CASE(m, "table too large", EBADMSG, "table outside", p->table_size = p->size);
	CASE(m, "table of ~0", EBADMSG, "table outside", p->table_size = UINT64_MAX);
	CASE(m, "table on the items", EBADMSG, "items outside",
	     p->table_size = p->item_offset - p->table_offset + 8);
	CASE(m, "table on all else", EBADMSG, "items outside",
	     p->table_size = p->size - p->table_offset);
}

/* COUNT times the same, except that reserved ones have places of their own: a page each. */
static void many_items(struct made *m, const struct kho_item *item, unsigned int count)
{
	uint64_t offset = segment_append(&m->s, count * sizeof(*item) / PAGE_SIZE + 1);
	struct kho_item *items = (void *)(m->s.at + offset);

	for (unsigned int i = 0; i < count; i++) {
		items[i] = *item;
		if (item->flags & KHO_ITEM_RESERVE) {
			items[i].addr += i * PAGE_SIZE;
			items[i].size = PAGE_SIZE;
		}
	}
	m->s.payload->item_offset = offset;
	m->s.payload->item_count = count;
}

static void item_cases(struct made *m)
{
	struct kho_payload *p = m->s.payload;
	struct kho_item *item = m->s.item, *user = m->user, *blob = m->blob;

	CASE(m, "items ~0", EBADMSG, "items outside", p->item_count = UINT32_MAX);
	CASE(m, "1025 items", EBADMSG, "items outside", many_items(m, blob, 1025));
	CASE(m, "items unaligned", EBADMSG, "items outside", p->item_offset += 4);
	CASE(m, "items on the header", EBADMSG, "items outside", p->item_offset = 0);
	CASE(m, "items in the table", EBADMSG, "items outside", p->item_offset = p->table_offset);
	CASE(m, "items beyond the end", EBADMSG, "items outside", p->item_offset = p->size - 8);
	CASE(m, "items that wrap", EBADMSG, "items outside", p->item_offset = -8ull);
	CASE(m, "item name without end", EBADMSG, "item name", memset(item->name, 'x', 64));
	CASE(m, "item of kind 0", EBADMSG, "unknown kind", item->kind = 0);
	CASE(m, "item of kind 4", EBADMSG, "unknown kind", item->kind = 4);
	CASE(m, "item of kind ~0", EBADMSG, "unknown kind", item->kind = UINT32_MAX);
	CASE(m, "item flag 4", EBADMSG, "unknown kind", item->flags |= 4);
	CASE(m, "item flag 2^31", EBADMSG, "unknown kind", item->flags |= 1u << 31);
	CASE(m, "blob reserved", EBADMSG, "cannot be reserved", blob->flags |= KHO_ITEM_RESERVE);
	CASE(m, "node reserved", EBADMSG, "cannot be reserved", user->kind = KHO_ITEM_NODE);
	CASE(m, "reserve unaligned", EBADMSG, "cannot be reserved", user->addr += 8);
	CASE(m, "reserve part of a page", EBADMSG, "cannot be reserved", user->size--);
	CASE(m, "65 reserved", EBADMSG, "more than 64", many_items(m, user, 65));
	MEMBLOCK(m, "64 reserved", ENOEXEC, NULL, many_items(m, user, 64);
		 remove_node(&tree, user->name));
	CASE(m, "reserved twice", EBADMSG, "overlaps another", *blob = *user);
	CASE(m, "reserved twice, in part", EBADMSG, "overlaps another", *blob = *user;
	     blob->addr += PAGE_SIZE; blob->size = PAGE_SIZE);
	CASE(m, "reserve what is preserved", ESTALE, "this kernel preserves",
	     user->addr = tree_find(&m->memblock, "r0")->first;
	     user->size = tree_find(&m->memblock, "r0")->second);
	CASE(m, "reserve a page that is preserved", ESTALE, "this kernel preserves",
	     user->addr = tree_find(&m->memblock, "r0")->first; user->size = PAGE_SIZE);
	REPAIRED(m, "nothing said to be verified", ENOEXEC, NULL, unverify(m));
	REPAIRED(m, "verified, and not in the table", EBADMSG, "not in the table", blob->size++);
}

static void scratch_cases(struct made *m)
{
	struct kho_payload *p = m->s.payload;
	uint64_t *scratch = m->s.scratch;

	CASE(m, "scratch beyond the end", EBADMSG, "scratch array", p->scratch_offset = p->size);
	CASE(m, "scratch that wraps", EBADMSG, "scratch array", p->scratch_offset = -8ull);
	CASE(m, "scratch in the table", EBADMSG, "scratch array",
	     p->scratch_offset = p->table_offset);
	CASE(m, "scratch areas ~0", EBADMSG, "scratch array", p->scratch_count = UINT32_MAX);
	CASE(m, "one area more", ESTALE, "scratch is not", p->scratch_count++);
	CASE(m, "one area less", ESTALE, "scratch is not", p->scratch_count--);
	CASE(m, "no areas", ESTALE, "scratch is not", p->scratch_count = 0);
	CASE(m, "area moved", ESTALE, "scratch is not", scratch[0] += PAGE_SIZE);
	CASE(m, "area larger", ESTALE, "scratch is not", scratch[1] += PAGE_SIZE);
	CASE(m, "last area moved", ESTALE, "scratch is not",
	     scratch[2 * p->scratch_count - 2] -= PAGE_SIZE);
}

/* ---- Device trees --------------------------------------------------------------- */

static void fdt_place_cases(struct made *m)
{
	struct kho_payload *p = m->s.payload;

	CASE(m, "FDT at 0", EBADMSG, "root FDT outside", p->fdt_addr = 0);
	CASE(m, "FDT unaligned", EBADMSG, "root FDT outside", p->fdt_addr += 8);
	CASE(m, "FDT on the header", EBADMSG, "root FDT outside", p->fdt_addr = p->addr);
	CASE(m, "FDT in the table", EBADMSG, "root FDT outside",
	     p->fdt_addr = p->addr + p->table_offset);
	CASE(m, "FDT behind the end", EBADMSG, "root FDT outside", p->fdt_addr = p->addr + p->size);
	CASE(m, "FDT in other memory", EBADMSG, "root FDT outside", p->fdt_addr = m->user->addr);
	CASE(m, "FDT at the last page", EBADMSG, "root FDT outside", p->fdt_addr = -PAGE_SIZE);
	CASE(m, "FDT on no tree", EBADMSG, "root FDT is damaged",
	     p->fdt_addr = p->addr + segment_append(&m->s, 1));
}

/* Header field INDEX of the root FDT, or of the memblock node. */
#define FIELD(index, value) (((uint32_t *)fdt)[index] = htobe32((uint32_t)(value)))

#define HEADER(what, ...)							\
	CASE(m, "FDT " what, EBADMSG, "root FDT is damaged",			\
	     uint32_t *fdt = segment_phys(&m->s, m->s.payload->fdt_addr); __VA_ARGS__)

static void fdt_header_cases(struct made *m)
{
	struct kho_payload *p = m->s.payload;

	HEADER("magic number", FIELD(0, 0xd00dfeec));
	HEADER("size 0", FIELD(1, 0));
	HEADER("size of less than its header", FIELD(1, 39));
	HEADER("size beyond the segment", FIELD(1, p->addr + p->size - p->fdt_addr + 1));
	HEADER("size 2^31", FIELD(1, 1u << 31));
	HEADER("size ~0", FIELD(1, -1));
	HEADER("structure behind the end", FIELD(2, be32toh(fdt[1])));
	HEADER("structure at ~3", FIELD(2, -4));
	HEADER("structure on the header", FIELD(2, 0));
	HEADER("structure unaligned", FIELD(2, be32toh(fdt[2]) + 1));
	HEADER("strings behind the end", FIELD(3, be32toh(fdt[1]) + 1));
	HEADER("strings at ~0", FIELD(3, -1));
	HEADER("reservations unaligned", FIELD(4, 41));
	HEADER("reservations at ~7", FIELD(4, -8));
	HEADER("version 16", FIELD(5, 16));
	HEADER("version 0", FIELD(5, 0));
	HEADER("for version 18", FIELD(5, 18); FIELD(6, 18));
	HEADER("older than what it is for", FIELD(6, 17); FIELD(5, 16));
	HEADER("strings of ~0", FIELD(8, -1));
	HEADER("no strings", FIELD(8, 0));
	HEADER("structure of ~0", FIELD(9, -1));
	HEADER("no structure", FIELD(9, 0));
	HEADER("structure of a word", FIELD(9, 4));
	HEADER("reservations in place of structure", FIELD(2, be32toh(fdt[4])));
}

/* Word INDEX of the structure of a root FDT that tree_write() has made. */
#define STRUCTURE(what, index, value)						\
	CASE(m, "FDT " what, EBADMSG, "root FDT is damaged",			\
	     place_root(m, &m->root);						\
	     uint32_t *fdt = segment_phys(&m->s, m->s.payload->fdt_addr);	\
	     FIELD(14 + (index), value))

/* Words: 0 begin, 1 name "", 2 property, 3 length, 4 name, 5-6 "kho-v4", 7 property, 8 ... */
static void fdt_structure_cases(struct made *m)
{
	STRUCTURE("begins with its end", 0, 9);
	STRUCTURE("begins with an end of a node", 0, 2);
	STRUCTURE("begins with a property", 0, 3);
	STRUCTURE("begins with a NOP", 0, 4);
	STRUCTURE("begins with an unknown token", 0, 0x55);
	STRUCTURE("root with a name", 1, 0x41414141);
	STRUCTURE("unknown token", 2, 0x55);
	STRUCTURE("ends early", 2, 9);
	STRUCTURE("property of ~0", 3, -1);
	STRUCTURE("property of 2^31 - 1", 3, INT32_MAX);
	STRUCTURE("property longer than the tree", 3, PAGE_SIZE);
	STRUCTURE("property of nothing", 3, 0);
	STRUCTURE("property named at ~0", 4, -1);
	STRUCTURE("property named at 2^31", 4, 1u << 31);
	STRUCTURE("property with another name", 4, 11);
	STRUCTURE("another compatible", 5, 0x6b686f2e);
	STRUCTURE("map of 4 bytes", 8, 4);
	STRUCTURE("map of 2^32 - 8", 8, -8);
	ROOT(m, "FDT of kho-v3", EBADMSG, "root FDT is damaged", strcpy(tree.compatible, "kho-v3"));
	ROOT(m, "FDT of no version", EBADMSG, "root FDT is damaged", tree.odd = ODD_NO_COMPATIBLE);
	ROOT(m, "FDT without map", EBADMSG, "root FDT is damaged", tree.odd = ODD_NO_FIRST);
	ROOT(m, "FDT with half a map", EBADMSG, "root FDT is damaged", tree.odd = ODD_SHORT_FIRST);
	ROOT(m, "FDT with map 0", ESTALE, "its map is not", tree.map = 0);
	ROOT(m, "FDT with another map", ESTALE, "its map is not", tree.map += PAGE_SIZE);
	ROOT(m, "FDT with map in the segment", ESTALE, "its map is not",
	     tree.map = m->s.payload->addr);
	ROOT(m, "FDT written by this program", ENOEXEC, NULL, (void)tree);
}

/* Nodes of the kernel's own: all there, and as they are. */
static void own_node_cases(struct made *m)
{
	uint64_t addr = m->s.payload->addr, body = m->s.payload->item_offset;

	ROOT(m, "no node LUO", ESTALE, "'LUO' is missing", remove_node(&tree, "LUO"));
	ROOT(m, "no node memblock", ESTALE, "'memblock' is missing",
	     remove_node(&tree, "memblock"));
	ROOT(m, "no node kexec-metadata", ESTALE, "'kexec-metadata' is missing",
	     remove_node(&tree, "kexec-metadata"));
	ROOT(m, "no nodes", ESTALE, "is missing", tree.count = 0);
	ROOT(m, "LUO renamed", ESTALE, "'LUO' is missing",
	     strcpy(tree_find(&tree, "LUO")->name, "LUo"));
	ROOT(m, "LUO moved", ESTALE, "'LUO' is not this", tree_find(&tree, "LUO")->first += 8);
	ROOT(m, "LUO larger", ESTALE, "'LUO' is not this", tree_find(&tree, "LUO")->second++);
	ROOT(m, "LUO at 0", ESTALE, "'LUO' is not this", tree_find(&tree, "LUO")->first = 0);
	ROOT(m, "LUO in the segment", ESTALE, "'LUO' is not this",
	     tree_find(&tree, "LUO")->first = addr + body);
	ROOT(m, "LUO without data", EBADMSG, "damaged node",
	     tree_find(&tree, "LUO")->odd = ODD_NO_FIRST);
	ROOT(m, "LUO with half an address", EBADMSG, "damaged node",
	     tree_find(&tree, "LUO")->odd = ODD_SHORT_FIRST);
	ROOT(m, "LUO without size", EBADMSG, "damaged node",
	     tree_find(&tree, "LUO")->odd = ODD_NO_SECOND);
	ROOT(m, "LUO with a long size", EBADMSG, "damaged node",
	     tree_find(&tree, "LUO")->odd = ODD_LONG_SECOND);
	ROOT(m, "LUO again, forged", EBADMSG, "damaged node",
	     tree_add(&tree, "LUO", addr + body, 16));
	ROOT(m, "LUO again, the same", EBADMSG, "damaged node",
	     tree_add(&tree, "LUO", tree_find(&tree, "LUO")->first,
		      tree_find(&tree, "LUO")->second));
	ROOT(m, "metadata in the segment", ESTALE, "'kexec-metadata' is not this",
	     tree_find(&tree, "kexec-metadata")->first = addr + body);
}

#define BLOB(what, error, says, from, length)				\
	ROOT(m, "node " what, error, says, tree_add(&tree, "x", from, length))

/* Other nodes are in the segment, after the table. */
static void node_cases(struct made *m)
{
	uint64_t addr = m->s.payload->addr, size = m->s.valid_size;
	uint64_t body = m->s.payload->table_offset + m->s.payload->table_size;
	uint64_t longer = (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE + PAGE_SIZE;

	BLOB("at the body", ENOEXEC, NULL, addr + body, 1);
	BLOB("of all the body", ENOEXEC, NULL, addr + body, size - body);
	BLOB("at 0", EBADMSG, "outside", 0, 8);
	BLOB("at ~7", EBADMSG, "outside", -8ull, 8);
	BLOB("in other memory", EBADMSG, "outside", m->user->addr, 8);
	BLOB("in kernel text", EBADMSG, "outside", iomem("Kernel code", false).start, 8);
	BLOB("below the segment", EBADMSG, "outside", addr - 8, 8);
	BLOB("on the header", EBADMSG, "outside", addr, 8);
	BLOB("in the table", EBADMSG, "outside", addr + body - 8, 8);
	BLOB("behind the end", EBADMSG, "outside", addr + longer + 1, 0);
	BLOB("beyond the end", EBADMSG, "outside", addr + longer - 8, 9);
	BLOB("of ~0", EBADMSG, "outside", addr + body, UINT64_MAX);
	BLOB("that wraps", EBADMSG, "outside", addr + body, -(addr + body));
	ROOT(m, "node without data", EBADMSG, "damaged node",
	     tree_add(&tree, "x", 0, 0)->odd = ODD_NO_FIRST);
	ROOT(m, "node without size", EBADMSG, "damaged node",
	     tree_add(&tree, "x", addr + body, 0)->odd = ODD_NO_SECOND);
}

/* ---- The memblock node ------------------------------------------------------------ */

#define MEMBLOCK_FIELD(what, ...)						\
	CASE(m, "memblock " what, EBADMSG, "memblock node is damaged",		\
	     place_memblock(m, &m->memblock);					\
	     uint32_t *fdt = (void *)(m->s.at + m->s.size - 2 * PAGE_SIZE); __VA_ARGS__)

#define MEMBLOCK_NODE(what, ...)						\
	ROOT(m, "memblock " what, EBADMSG, "memblock node is damaged",		\
	     struct tree_node *node = tree_find(&tree, "memblock"); __VA_ARGS__)

static void memblock_form_cases(struct made *m)
{
	MEMBLOCK(m, "memblock written by this program", ENOEXEC, NULL, (void)tree);
	MEMBLOCK_FIELD("magic number", FIELD(0, 0));
	MEMBLOCK_FIELD("larger than its node", FIELD(1, be32toh(fdt[1]) + 4));
	MEMBLOCK_FIELD("of 2^31", FIELD(1, 1u << 31));
	MEMBLOCK_FIELD("structure behind the end", FIELD(2, PAGE_SIZE));
	MEMBLOCK_FIELD("strings behind the end", FIELD(3, PAGE_SIZE));
	MEMBLOCK_FIELD("version 16", FIELD(5, 16));
	MEMBLOCK_FIELD("for version 18", FIELD(5, 18); FIELD(6, 18));
	MEMBLOCK_FIELD("no structure", FIELD(9, 0));
	MEMBLOCK_FIELD("root with a name", FIELD(15, 0x41414141));
	MEMBLOCK(m, "memblock-v2", EBADMSG, "memblock node is damaged",
		 strcpy(tree.compatible, "memblock-v2"));
	MEMBLOCK(m, "memblock of no version", EBADMSG, "memblock node is damaged",
		 tree.odd = ODD_NO_COMPATIBLE);
	MEMBLOCK_NODE("unaligned", node->first += 4);
	MEMBLOCK_NODE("of less than a header", node->second = 39);
	MEMBLOCK_NODE("of nothing", node->second = 0);
	MEMBLOCK_NODE("on no tree", node->first = m->s.payload->addr + m->s.payload->item_offset);
	ROOT(m, "memblock outside", ESTALE, "'memblock' is not this",
	     tree_find(&tree, "memblock")->first = m->user->addr);
	ROOT(m, "memblock in the table", ESTALE, "'memblock' is not this",
	     tree_find(&tree, "memblock")->first = m->s.payload->addr + m->s.payload->table_offset);
}

#define OVER(what, from, length)						\
	MEMBLOCK(m, "region " what, EBADMSG, "reserved by nothing",		\
		 tree_add(&tree, "x", from, length))

static void memblock_region_cases(struct made *m)
{
	const char *user = m->user->name;
	uint64_t start = m->user->addr, size = m->user->size;

	MEMBLOCK(m, "r0 left out", ESTALE, "'r0' is missing", remove_node(&tree, "r0"));
	MEMBLOCK(m, "r0 renamed", ESTALE, "'r0' is missing",
		 strcpy(tree_find(&tree, "r0")->name, "r1"));
	MEMBLOCK(m, "r0 moved", ESTALE, "'r0' is missing",
		 tree_find(&tree, "r0")->first += PAGE_SIZE);
	MEMBLOCK(m, "r0 larger", ESTALE, "'r0' is missing",
		 tree_find(&tree, "r0")->second += PAGE_SIZE);
	MEMBLOCK(m, "r0 incompatible", ESTALE, "'r0' is missing",
		 tree_find(&tree, "r0")->odd = ODD_NO_COMPATIBLE);
	MEMBLOCK(m, "r0 without start", ESTALE, "'r0' is missing",
		 tree_find(&tree, "r0")->odd = ODD_NO_FIRST);
	MEMBLOCK(m, "r0 with half a start", ESTALE, "'r0' is missing",
		 tree_find(&tree, "r0")->odd = ODD_SHORT_FIRST);
	MEMBLOCK(m, "no regions", ESTALE, "'r0' is missing", tree.count = 0);
	MEMBLOCK(m, "user region without start", EBADMSG, "memblock node is damaged",
		 tree_find(&tree, user)->odd = ODD_NO_FIRST);
	MEMBLOCK(m, "user region with a long size", EBADMSG, "memblock node is damaged",
		 tree_find(&tree, user)->odd = ODD_LONG_SECOND);
	MEMBLOCK(m, "user region left out", ENOEXEC, NULL, remove_node(&tree, user));
	OVER("that nothing reserves", PAGE_SIZE, PAGE_SIZE);
	OVER("at 0", 0, 0);
	OVER("at ~0", UINT64_MAX, UINT64_MAX);
	OVER("over the user's and more", start, size + PAGE_SIZE);
	OVER("in the user's", start, size - PAGE_SIZE);
	OVER("on the end of the user's", start + size, PAGE_SIZE);
	OVER("on r0 under another name", tree_find(&tree, "r0")->first,
	     tree_find(&tree, "r0")->second);
	MEMBLOCK(m, "r0 again, elsewhere", EBADMSG, "memblock node is damaged",
		 tree_add(&tree, "r0", PAGE_SIZE, PAGE_SIZE));
	REPAIRED(m, "user region not reserved", EBADMSG, "reserved by nothing",
		 m->user->flags &= ~KHO_ITEM_RESERVE);
	REPAIRED(m, "reserved less than its region", EBADMSG, "reserved by nothing",
		 m->user->size -= PAGE_SIZE);
}

/* ---- What the library for device trees does not see ------------------------------- */

/*
 * The last bytes of the segment, which end a page, are property "compatible" of a tree,
 * without the NUL that ends its text: what reads on is beyond all memory. Returns the
 * offset of the tree, a page long.
 */
static uint64_t end_in_compatible(struct made *m, const char *compatible)
{
	uint64_t offset = segment_append(&m->s, 1);
	uint32_t *fdt = (void *)(m->s.at + offset);
	uint32_t length = (uint32_t)(strlen(compatible) + 3) & ~3u;
	uint32_t word = (uint32_t)(PAGE_SIZE - length) / 4 - 5;

	FIELD(0, 0xd00dfeed);
	FIELD(1, PAGE_SIZE);
	FIELD(2, 4 * word);
	FIELD(3, 56);
	FIELD(4, 40);
	FIELD(5, 17);
	FIELD(6, 16);
	FIELD(8, sizeof("compatible"));
	FIELD(9, 20 + length);
	memcpy(fdt + 14, "compatible", sizeof("compatible"));
	FIELD(word, 1);
	FIELD(word + 2, 3);
	FIELD(word + 3, length);
	memcpy(m->s.at + offset + PAGE_SIZE - strlen(compatible), compatible, strlen(compatible));
	return offset;
}

static void memblock_at_end(struct made *m)
{
	struct tree root = m->root;
	struct tree_node *node = tree_find(&root, "memblock");
	uint64_t offset, addr = m->s.payload->addr;

	place_root(m, &root);
	offset = end_in_compatible(m, "memblock-v1");
	node->first = addr + offset;
	node->second = PAGE_SIZE;
	tree_write(&root, segment_phys(&m->s, m->s.payload->fdt_addr));
}

static void library_cases(struct made *m)
{
	uint64_t addr = m->s.payload->addr, body = m->s.payload->item_offset;

	STRUCTURE("property without end", 3, 6);
	MEMBLOCK_FIELD("compatible without end", FIELD(17, 11));
	ROOT(m, "FDT without end", EBADMSG, "root FDT is damaged", tree.odd = ODD_NO_END);
	MEMBLOCK(m, "memblock without end", EBADMSG, "memblock node is damaged",
		 tree.odd = ODD_NO_END);
	/* A search for LUO finds LUO@1. */
	ROOT(m, "LUO@1 in place of LUO", EBADMSG, "damaged node",
	     strcpy(tree_find(&tree, "LUO")->name, "LUO@1");
	     tree_find(&tree, "LUO@1")->first = addr + body);
	ROOT(m, "LUO@1 before LUO", EBADMSG, "damaged node",
	     struct tree_node luo = *tree_find(&tree, "LUO");
	     strcpy(tree_find(&tree, "LUO")->name, "LUO@1");
	     tree_find(&tree, "LUO@1")->first = addr + body;
	     tree.node[tree.count++] = luo);
	ROOT(m, "memblock@1 in place of memblock", EBADMSG, "damaged node",
	     strcpy(tree_find(&tree, "memblock")->name, "memblock@1");
	     tree_find(&tree, "memblock@1")->first = addr + body);
	ROOT(m, "node .", EBADMSG, "damaged node", tree_add(&tree, ".", addr + body, 8));
	ROOT(m, "node ..", EBADMSG, "damaged node", tree_add(&tree, "..", addr + body, 8));
	ROOT(m, "node with a slash", EBADMSG, "damaged node", tree_add(&tree, "a/b", addr + body, 8));
	ROOT(m, "node without a name", EBADMSG, "damaged node", tree_add(&tree, "", addr + body, 8));
	CASE(m, "compatible is the end of the segment", EBADMSG, "root FDT is damaged",
	     m->s.payload->fdt_addr = addr + end_in_compatible(m, "kho-v4"));
	CASE(m, "memblock's is the end of the segment", EBADMSG, "memblock node is damaged",
	     memblock_at_end(m));
}

/* ---- Table ----------------------------------------------------------------------- */

static void table_cases(struct made *m)
{
	struct kho_payload *p = m->s.payload;
	struct kho_table *t = m->s.table;

	CASE(m, "table of a byte", EBADMSG, "too large", p->table_size = 1);
	CASE(m, "table without room", EBADMSG, "longer than its memory",
	     p->table_size = sizeof(*t) + t->entry_count * sizeof(*m->s.entry));
	REPAIRED(m, "no table", ENOEXEC, NULL, p->table_size = 0);
	CASE(m, "table magic number", EBADMSG, "wrong magic", t->magic = 0);
	CASE(m, "table version 1", EBADMSG, "unknown version", t->version = 1);
	CASE(m, "table of SHA-1", EBADMSG, "digest algorithm", t->algorithm = 2);
	CASE(m, "chunks of 0", EBADMSG, "impossible chunk", t->chunk_shift = 0);
	CASE(m, "chunks of 2 GiB", EBADMSG, "impossible chunk", t->chunk_shift = 31);
	CASE(m, "chunks of 2^64", EBADMSG, "impossible chunk", t->chunk_shift = 64);
	REPAIRED(m, "chunks of 4 MiB", EBADMSG, "table is damaged", t->chunk_shift = 22);
	CASE(m, "no entries", EBADMSG, "no entries", t->entry_count = 0);
	CASE(m, "entries ~0", EBADMSG, "too large", t->entry_count = UINT32_MAX);
	CASE(m, "digests ~0", EBADMSG, "too large", t->digest_count = UINT32_MAX);
	CASE(m, "entries that wrap in 32 bits", EBADMSG, "too large", t->entry_count = 0x2e8ba2f);
	CASE(m, "512 entries, and no room", EBADMSG, "longer than", t->entry_count = 512);
	CASE(m, "2^20 digests, and no room", EBADMSG, "longer than", t->digest_count = 1 << 20);
	CASE(m, "no digests", EBADMSG, "entry without digests", t->digest_count = 0);
	CASE(m, "one digest less", EBADMSG, "entry without digests", t->digest_count--);
	CASE(m, "one digest more", EBADMSG, "table is damaged", t->digest_count++);
	CASE(m, "checksum", EBADMSG, "table is damaged", t->crc ^= 1);
	CASE(m, "digest of memory changed", EBADMSG, "table is damaged",
	     m->s.digest[m->region->first_digest] ^= 1);
}

static void entry_cases(struct made *m)
{
	struct kho_table *t = m->s.table;
	struct kho_entry *region = m->region, *part = m->part;

	CASE(m, "class 0", EBADMSG, "unknown class", region->class = 0);
	CASE(m, "class 3", EBADMSG, "unknown class", region->class = 3);
	REPAIRED(m, "class of the kernel", EBADMSG, "only state", region->class = KHO_CLASS_KERNEL);
	REPAIRED(m, "part of class kernel", EBADMSG, "only state", part->class = KHO_CLASS_KERNEL);
	REPAIRED(m, "entry flag 2", EBADMSG, "unknown flags", region->flags = 2);
	CASE(m, "entry flag 2^15", EBADMSG, "unknown class", region->flags = 1 << 15);
	CASE(m, "entry name without end", EBADMSG, "name without end",
	     memset(region->name, 'x', KHO_NAME_MAX));
	CASE(m, "first digest ~0", EBADMSG, "without digests", region->first_digest = UINT32_MAX);
	CASE(m, "first digest behind the last", EBADMSG, "without digests",
	     region->first_digest = t->digest_count);
	CASE(m, "more digests than there are", EBADMSG, "without digests",
	     region->size = 1ull << 62);
	REPAIRED(m, "part sealed", EBADMSG, "cannot be sealed", part->flags |= KHO_ENTRY_SEAL);
	REPAIRED(m, "region sealed", ENOEXEC, NULL, region->flags |= KHO_ENTRY_SEAL);
	CASE(m, "part changed", EBADMSG, "wrong digest",
	     m->s.at[part->addr - m->s.payload->addr + part->size - 1] ^= 1);
	CASE(m, "report changed", ENOEXEC, NULL, m->s.at[KHO_REPORT_OFFSET] ^= 1);
	REPAIRED(m, "part of other bytes", EBADMSG, "leaves out parts", part->size = 8);
	REPAIRED(m, "blob's last byte left out", EBADMSG, "not in the table", m->state->size--);
}

/* Move everything after the table back, for a table that is larger by PAGES. */
static void grow_table(struct made *m, unsigned int pages)
{
	struct segment *s = &m->s;
	struct kho_payload *p = s->payload;
	uint64_t body = p->table_offset + p->table_size, more = pages * PAGE_SIZE;
	struct kho_item *item = (void *)(s->at + p->item_offset + more);
	struct tree root = m->root;

	segment_append(s, pages);
	memmove(s->at + body + more, s->valid + body, s->valid_size - body);
	for (uint32_t i = 0; i < s->table->entry_count; i++)
		if (s->entry[i].addr - p->addr < s->valid_size)
			s->entry[i].addr += more;
	for (uint32_t i = 0; i < p->item_count; i++)
		if (item[i].addr - p->addr < s->valid_size)
			item[i].addr += more;
	for (unsigned int i = 0; i < root.count; i++)
		if (root.node[i].first - p->addr < s->valid_size)
			root.node[i].first += more;
	p->table_size += more;
	p->item_offset += more;
	p->scratch_offset += more;
	p->fdt_addr += more;
	tree_write(&root, segment_phys(s, p->fdt_addr));
}

/* A table of COUNT entries: those that it has, and one of them again and again. */
static void many_entries(struct made *m, unsigned int count)
{
	struct segment *s = &m->s;
	size_t size = s->table->digest_count * sizeof(uint32_t);
	struct kho_entry region = *m->region;
	void *digests = malloc(size);

	if (!digests)
		die("no memory");
	memcpy(digests, s->digest, size);
	grow_table(m, 16);
	for (unsigned int i = s->table->entry_count; i < count; i++)
		s->entry[i] = region;
	memcpy(s->entry + count, digests, size);
	s->table->entry_count = count;
	free(digests);
}

static void large_table_cases(struct made *m)
{
	REPAIRED(m, "larger table", ENOEXEC, NULL, grow_table(m, 16));
	REPAIRED(m, "20 times the same", ENOEXEC, NULL, many_entries(m, 20));
	REPAIRED(m, "513 entries", EBADMSG, "too large", many_entries(m, 513));
	REPAIRED(m, "more memory than there is", EBADMSG, "table of more", many_entries(m, 512));
	/* Known only when the image has been placed. */
	CASE(m, "no room for the kernel's entries", ENOSPC, "no room in the table",
	     m->kernel = m->real_kernel; segment_fill_table(&m->s));
}

/* ---- Files ----------------------------------------------------------------------- */

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static int memfd(void)
{
	int fd = memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		die("no memory");
	return fd;
}

static int sealed(struct made *m, int seals)
{
	int fd = memfd();

	if (write(fd, m->s.valid, m->s.valid_size) != (ssize_t)m->s.valid_size ||
	    fcntl(fd, F_ADD_SEALS, seals))
		die("no memory");
	return fd;
}

static int sparse(uint64_t size)
{
	int fd = memfd();

	if (ftruncate(fd, (off_t)size))
		die("no memory");
	return fd;
}

static int pipe_end(void)
{
	int ends[2];

	if (pipe(ends))
		die("no pipe");
	close(ends[1]);
	return ends[0];
}

static int closed(void)
{
	int fd = memfd();

	close(fd);
	return fd;
}

#define FILE_CASE(what, error, file) CASE(m, what, error, NULL, m->fd = (file))
#define FLAGS(what, set) CASE(m, what, EINVAL, NULL, m->flags |= (set))
#define LENGTH(what, error, says, size) CASE(m, what, error, says, segment_resize(&m->s, size))

static void file_cases(struct made *m)
{
	const char *path = "/run/segfuzz";

	FILE_CASE("descriptor -1", EBADF, -1);
	FILE_CASE("closed descriptor", EBADF, closed());
	FILE_CASE("only for writing", EBADF, open_file(path, O_WRONLY | O_CREAT));
	FILE_CASE("open for writing", ETXTBSY, open_file(path, O_RDWR | O_CREAT));
	FILE_CASE("O_PATH", EBADF, open_file(path, O_PATH));
	FILE_CASE("empty file", EINVAL, open_file(path, O_RDONLY));
	FILE_CASE("directory", EINVAL, open_file("/run", O_RDONLY));
	FILE_CASE("pipe", EINVAL, pipe_end());
	FILE_CASE("socket", EINVAL, socket(AF_UNIX, SOCK_STREAM, 0));
	FILE_CASE("/dev/zero", EINVAL, open_file("/dev/zero", O_RDONLY));
	FILE_CASE("/dev/null", EINVAL, open_file("/dev/null", O_RDONLY));
	FILE_CASE("/proc/version", EINVAL, open_file("/proc/version", O_RDONLY));
	FILE_CASE("2 GiB", EFBIG, sparse(2ull << 30));
	FILE_CASE("1 GiB + 1", EFBIG, sparse((1ull << 30) + 1));
	FILE_CASE("2^63 - 1", EFBIG, sparse(INT64_MAX));
	FILE_CASE("sealed", ENOEXEC, sealed(m, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW |
						       F_SEAL_SEAL));
	FILE_CASE("sealed against growth", ENOEXEC, sealed(m, F_SEAL_GROW));
	CASE(m, "16 MiB of zeros", EBADMSG, "no payload", m->fd = sparse(16 << 20));
	unlink(path);
}

static void length_cases(struct made *m)
{
	size_t size = m->s.valid_size;

	LENGTH("no bytes", EINVAL, NULL, 0);
	LENGTH("a byte", EBADMSG, "too short", 1);
	LENGTH("a page", EBADMSG, "too short", PAGE_SIZE);
	LENGTH("two pages - 1", EBADMSG, "too short", 2 * PAGE_SIZE - 1);
	LENGTH("two pages", EBADMSG, "no payload", 2 * PAGE_SIZE);
	LENGTH("a byte less", EBADMSG, "no payload", size - 1);
	LENGTH("a byte more", EBADMSG, "no payload", size + 1);
	LENGTH("a page more", EBADMSG, "no payload", size + PAGE_SIZE);
	REPAIRED(m, "a byte more, told", ENOEXEC, NULL, segment_resize(&m->s, size + 1));
	FLAGS("for a crash", KEXEC_FILE_ON_CRASH);
	FLAGS("unload", KEXEC_FILE_UNLOAD);
	FLAGS("flag 2^31", 1ul << 31);
	FLAGS("flag 2^63", 1ul << 63);
	CASE(m, "no kernel", EBADF, NULL, m->kernel = -1);
	CASE(m, "no kernel, and a wrong segment", EBADF, NULL, m->kernel = -1;
	     m->s.header->type = 0);
	CASE(m, "a kernel, and a wrong segment", EBADMSG, "no payload",
	     m->kernel = m->real_kernel; m->s.header->type = 0);
}

/* ---- All of it ------------------------------------------------------------------- */

static void find_items(struct made *m)
{
	struct kho_payload *p = m->s.payload;

	for (uint32_t i = 0; i < p->item_count; i++) {
		if (m->s.item[i].flags & KHO_ITEM_RESERVE)
			m->user = &m->s.item[i];
		else if (m->s.item[i].kind == KHO_ITEM_BLOB)
			m->blob = &m->s.item[i];
	}
	for (uint32_t i = 0; i < m->s.table->entry_count; i++) {
		if (m->s.entry[i].addr - p->addr >= p->size)
			m->region = &m->s.entry[i];
		else if (m->s.entry[i].addr == p->addr + p->item_offset)
			m->part = &m->s.entry[i];
		else
			m->state = &m->s.entry[i];
	}
	if (!m->user || !m->blob || !m->part || !m->state || !m->region)
		die("the segment needs an added region, a blob, and both verified");
}

static void open_all(struct made *m, const char *segment, const char *kernel)
{
	segment_open(&m->s, segment);
	find_items(m);
	tree_read(&m->root, segment_phys(&m->s, m->s.payload->fdt_addr), false);
	tree_read(&m->memblock, segment_phys(&m->s, tree_find(&m->root, "memblock")->first), true);
	m->no_kernel = segment_no_kernel();
	m->real_kernel = open_file(kernel, O_RDONLY);
	m->log = open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	lseek(m->log, 0, SEEK_END);
}

static void pass(struct made *m)
{
	m->number = 0;
	header_cases(m);
	place_cases(m);
	item_cases(m);
	reserve_cases(m);
	scratch_cases(m);
	fdt_place_cases(m);
	fdt_header_cases(m);
	fdt_structure_cases(m);
	own_node_cases(m);
	node_cases(m);
	memblock_form_cases(m);
	memblock_region_cases(m);
	table_cases(m);
	entry_cases(m);
	entry_place_cases(m);
	large_table_cases(m);
	length_cases(m);
	file_cases(m);
	library_cases(m);
}

static unsigned int count(const struct made *m, enum verdict verdict)
{
	unsigned int found = 0;

	for (unsigned int i = 1; i <= m->number; i++)
		found += m->verdict[i] == verdict;
	return found;
}

int segfuzz_made(const char *segment, const char *kernel)
{
	static struct made made;
	int loaded = segment_loaded();

	open_all(&made, segment, kernel);
	for (int i = 0; i < PASSES; i++) {
		if (i)
			sleep(RATELIMIT);
		pass(&made);
		if (!count(&made, OPEN))
			break;
	}
	printf("made: %u right, %u wrong, %u without a word, of %u\n", count(&made, GOOD),
	       count(&made, BAD), count(&made, OPEN), made.number);
	if (segment_loaded() != loaded)
		die("what is loaded has changed");
	return count(&made, GOOD) != made.number;
}
