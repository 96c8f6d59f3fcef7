// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels of the Multiboot2 Specification 2.0, such as Xen. A header near the beginning of the file
 * says what the kernel wants of a boot loader. Where its parts go is in that header too, or in the
 * program headers of an ELF file; both are 32-bit addresses.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "get-le.h"
#include "image-type.h"

/* The header: magic, architecture, length, checksum, all u32; then tags, the last one TAG_END. */
#define MAGIC			0xe85250d6u
#define HEADER_ALIGN		8
#define HEADER_ARCH		4
#define HEADER_LENGTH		8
#define HEADER_CHECKSUM		12
#define HEADER_SIZE		16
#define SEARCH_SIZE		32768	/* all of it lies in the first bytes of the file */
#define ARCH_I386		0

/* A tag: type u16, flags u16, size u32 of all of it, values. The next one is 8-byte aligned. */
#define TAG_FLAGS		2
#define TAG_LENGTH		4
#define TAG_SIZE		8
#define TAG_ALIGN		8
#define TAG_OPTIONAL		0x1	/* a flag: who does not know it may ignore it */

enum tag_type {
	TAG_END = 0, TAG_INFORMATION = 1, TAG_ADDRESS = 2, TAG_ENTRY = 3, TAG_CONSOLE = 4,
	TAG_FRAMEBUFFER = 5, TAG_MODULE_ALIGN = 6, TAG_EFI_BOOT_SERVICES = 7, TAG_EFI32_ENTRY = 8,
	TAG_EFI64_ENTRY = 9, TAG_RELOCATABLE = 10,
};

#define CONSOLE_REQUIRED	0x1	/* in TAG_CONSOLE */
#define INFORMATION_FRAMEBUFFER	8
#define INFORMATION_MAX		31	/* struct multiboot2 has a bit for each */
#define LOAD_WHOLE_FILE		UINT32_MAX

#define PARTS_MAX		16
#define ALIGNMENT_MAX		(1u << 30)
#define CMDLINE_MAX		65535u	/* a limit of this program; the format has none */

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define MEMORY_MAX		(4ull << 20)
#else
#define MEMORY_MAX		(1ull << 30)
#endif

/* What the header says. Members of a tag that is not there are 0. */
struct header {
	size_t offset;			/* in the file */
	bool has_address, has_entry, relocatable;
	uint32_t header_addr, load_addr, load_end, bss_end;	/* TAG_ADDRESS */
	uint32_t entry;
	uint32_t min, max, align;	/* TAG_RELOCATABLE */
	uint32_t wanted;
};

struct part {
	uint64_t offset, filled;	/* in the file; the rest in memory is 0 */
	uint64_t addr, size;		/* physical, and bytes in memory */
	uint64_t virt;			/* where its addresses count from in the file */
};

struct layout {
	struct part part[PARTS_MAX];
	size_t count;
	uint64_t start, end;		/* of all in memory */
	uint64_t entry;
};

/* ---- The header ------------------------------------------------------------------------ */

/* False if there is none. */
static bool find_header(const uint8_t *p, size_t size, size_t *ret)
{
	if (size > SEARCH_SIZE)
		size = SEARCH_SIZE;
	for (size_t at = 0; at + HEADER_SIZE <= size; at += HEADER_ALIGN) {
		if (get32(p + at) != MAGIC || MAGIC + get32(p + at + HEADER_ARCH) +
		    get32(p + at + HEADER_LENGTH) + get32(p + at + HEADER_CHECKSUM))
			continue;
		*ret = at;
		return true;
	}
	return false;
}

static bool probe(const void *buf, size_t size)
{
	size_t at;

	return find_header(buf, size, &at);
}

/* Bytes of values that a tag of TYPE has at least. */
static size_t values_size(uint16_t type)
{
	switch (type) {
	case TAG_ADDRESS:	return 16;
	case TAG_RELOCATABLE:	return 16;
	case TAG_ENTRY:
	case TAG_CONSOLE:	return 4;
	default:		return 0;
	}
}

/* A list of types of information; what the kernel can do without does not count. */
static enum image_error read_wanted(const uint8_t *values, size_t size, bool optional,
				    struct header *h)
{
	for (size_t at = 0; !optional && size - at >= 4; at += 4) {
		uint32_t type = get32(values + at);

		if (type > INFORMATION_MAX)
			return IMAGE_ERR_MULTIBOOT2_TAG;
		h->wanted |= 1u << type;
	}
	return IMAGE_OK;
}

static enum image_error read_values(uint16_t type, const uint8_t *values, size_t size,
				    bool optional, struct header *h)
{
	if (size < values_size(type))
		return IMAGE_ERR_MULTIBOOT2;
	switch (type) {
	case TAG_INFORMATION:
		return read_wanted(values, size, optional, h);
	case TAG_ADDRESS:
		h->has_address = true;
		h->header_addr = get32(values);
		h->load_addr = get32(values + 4);
		h->load_end = get32(values + 8);
		h->bss_end = get32(values + 12);
		return IMAGE_OK;
	case TAG_ENTRY:
		h->has_entry = true;
		h->entry = get32(values);
		return IMAGE_OK;
	case TAG_CONSOLE:
		if (!optional && get32(values) & CONSOLE_REQUIRED)
			h->wanted |= 1u << INFORMATION_FRAMEBUFFER;
		return IMAGE_OK;
	case TAG_RELOCATABLE:
		h->relocatable = true;
		h->min = get32(values);
		h->max = get32(values + 4);
		h->align = get32(values + 8);
		return IMAGE_OK;
	case TAG_FRAMEBUFFER:		/* a wish for a mode, which need not be granted */
	case TAG_MODULE_ALIGN:		/* whole pages, as all segments are */
	case TAG_EFI_BOOT_SERVICES:	/* what the kernel does if there are any; there are none */
	case TAG_EFI32_ENTRY:
	case TAG_EFI64_ENTRY:
		return IMAGE_OK;
	default:
		return optional ? IMAGE_OK : IMAGE_ERR_MULTIBOOT2_TAG;
	}
}

/* The tags between P and END. */
static enum image_error read_tags(const uint8_t *p, const uint8_t *end, struct header *h)
{
	while (end - p >= TAG_SIZE) {
		size_t left = (size_t)(end - p), size = get32(p + TAG_LENGTH);
		bool optional = get16(p + TAG_FLAGS) & TAG_OPTIONAL;
		uint16_t type = get16(p);
		enum image_error err;

		if (type == TAG_END)
			return IMAGE_OK;
		if (size < TAG_SIZE || size > left)
			break;
		err = read_values(type, p + TAG_SIZE, size - TAG_SIZE, optional, h);
		if (err)
			return err;
		size = (size + TAG_ALIGN - 1) & ~(size_t)(TAG_ALIGN - 1);
		if (size > left)
			break;
		p += size;
	}
	return IMAGE_ERR_MULTIBOOT2;
}

static enum image_error read_header(const uint8_t *p, size_t size, struct header *ret)
{
	struct header h = { 0 };
	enum image_error err;
	size_t length;

	if (!find_header(p, size, &h.offset))
		return IMAGE_ERR_TYPE;
	if (get32(p + h.offset + HEADER_ARCH) != ARCH_I386)
		return IMAGE_ERR_MACHINE;
	length = get32(p + h.offset + HEADER_LENGTH);
	if (length < HEADER_SIZE || length > SEARCH_SIZE - h.offset)
		return IMAGE_ERR_MULTIBOOT2;
	if (length > size - h.offset)
		return IMAGE_ERR_TRUNCATED;
	err = read_tags(p + h.offset + HEADER_SIZE, p + h.offset + length, &h);
	if (err)
		return err;
	if (h.relocatable && (h.align & (h.align - 1) || h.align > ALIGNMENT_MAX))
		return IMAGE_ERR_MULTIBOOT2;
	*ret = h;
	return IMAGE_OK;
}

/* ---- What goes where ------------------------------------------------------------------- */

static enum image_error add_part(struct layout *l, const struct part *part, size_t file_size)
{
	if (l->count == PARTS_MAX || part->filled > part->size || part->addr > LIMIT_4G ||
	    part->size > LIMIT_4G - part->addr)
		return IMAGE_ERR_MULTIBOOT2;
	if (part->offset > file_size || part->filled > file_size - part->offset)
		return IMAGE_ERR_TRUNCATED;
	for (size_t i = 0; i < l->count; i++)
		if (part->addr < l->part[i].addr + l->part[i].size &&
		    l->part[i].addr < part->addr + part->size)
			return IMAGE_ERR_MULTIBOOT2;
	if (!l->count || part->addr < l->start)
		l->start = part->addr;
	if (part->addr + part->size > l->end)
		l->end = part->addr + part->size;
	l->part[l->count++] = *part;
	return IMAGE_OK;
}

/* TAG_ADDRESS counts the file from where the header is. */
static enum image_error read_address(const struct header *h, size_t size, struct layout *l)
{
	struct part part = { 0 };
	uint32_t load_addr = h->load_addr;

	if (!h->has_entry)
		return IMAGE_ERR_MULTIBOOT2;
	if (load_addr == LOAD_WHOLE_FILE)
		load_addr = h->header_addr - (uint32_t)h->offset;
	if (load_addr > h->header_addr || h->header_addr - load_addr > h->offset)
		return IMAGE_ERR_MULTIBOOT2;
	part.offset = h->offset - (h->header_addr - load_addr);
	part.addr = part.virt = load_addr;
	if (h->load_end && h->load_end < load_addr)
		return IMAGE_ERR_MULTIBOOT2;
	part.filled = h->load_end ? h->load_end - load_addr : size - part.offset;
	if (h->bss_end && h->bss_end < load_addr)
		return IMAGE_ERR_MULTIBOOT2;
	part.size = h->bss_end ? h->bss_end - load_addr : part.filled;
	return add_part(l, &part, size);
}

/* A program header of a file of 32 or 64 bits, as far as it is a segment to load. */
static bool read_phdr(const uint8_t *p, bool wide, struct part *ret)
{
	if (get32(p) != PT_LOAD)
		return false;
	*ret = wide ? (struct part){
		.offset = get64(p + offsetof(Elf64_Phdr, p_offset)),
		.virt = get64(p + offsetof(Elf64_Phdr, p_vaddr)),
		.addr = get64(p + offsetof(Elf64_Phdr, p_paddr)),
		.filled = get64(p + offsetof(Elf64_Phdr, p_filesz)),
		.size = get64(p + offsetof(Elf64_Phdr, p_memsz)),
	} : (struct part){
		.offset = get32(p + offsetof(Elf32_Phdr, p_offset)),
		.virt = get32(p + offsetof(Elf32_Phdr, p_vaddr)),
		.addr = get32(p + offsetof(Elf32_Phdr, p_paddr)),
		.filled = get32(p + offsetof(Elf32_Phdr, p_filesz)),
		.size = get32(p + offsetof(Elf32_Phdr, p_memsz)),
	};
	return ret->size;
}

/* Where the program headers are, of a file of either size. */
struct phdrs {
	uint64_t offset;
	size_t count, size;		/* SIZE: of each */
	bool wide;
};

static enum image_error read_ehdr(const uint8_t *p, size_t size, struct phdrs *ret, uint64_t *ret_entry)
{
	size_t wanted;

	if (size < sizeof(Elf64_Ehdr))
		return IMAGE_ERR_TRUNCATED;
	if (p[EI_CLASS] == ELFCLASS64) {
		*ret = (struct phdrs){ get64(p + offsetof(Elf64_Ehdr, e_phoff)),
				       get16(p + offsetof(Elf64_Ehdr, e_phnum)),
				       get16(p + offsetof(Elf64_Ehdr, e_phentsize)), true };
		*ret_entry = get64(p + offsetof(Elf64_Ehdr, e_entry));
		wanted = sizeof(Elf64_Phdr);
	} else {
		*ret = (struct phdrs){ get32(p + offsetof(Elf32_Ehdr, e_phoff)),
				       get16(p + offsetof(Elf32_Ehdr, e_phnum)),
				       get16(p + offsetof(Elf32_Ehdr, e_phentsize)), false };
		*ret_entry = get32(p + offsetof(Elf32_Ehdr, e_entry));
		wanted = sizeof(Elf32_Phdr);
	}
	if (ret->size != wanted)
		return IMAGE_ERR_MULTIBOOT2;
	return ret->offset > size || ret->count > (size - ret->offset) / ret->size ?
	       IMAGE_ERR_TRUNCATED : IMAGE_OK;
}

static enum image_error read_elf(const uint8_t *p, size_t size, struct layout *l)
{
	struct phdrs phdrs;
	enum image_error err = read_ehdr(p, size, &phdrs, &l->entry);

	for (size_t i = 0; !err && i < phdrs.count; i++) {
		struct part part;

		if (read_phdr(p + phdrs.offset + i * phdrs.size, phdrs.wide, &part))
			err = add_part(l, &part, size);
	}
	return err;
}

/* The entry point of an ELF file is a virtual address, that of TAG_ENTRY a physical one. */
static enum image_error find_entry(const struct header *h, struct layout *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct part *part = &l->part[i];
		uint64_t from = h->has_entry ? part->addr : part->virt;
		uint64_t entry = h->has_entry ? h->entry : l->entry;

		if (entry < from || entry - from >= part->filled)
			continue;
		l->entry = part->addr + (entry - from);
		return IMAGE_OK;
	}
	return IMAGE_ERR_MULTIBOOT2;
}

static enum image_error read_layout(const uint8_t *p, size_t size, const struct header *h,
				    struct layout *ret)
{
	struct layout l = { 0 };
	enum image_error err;

	if (h->has_address)
		err = read_address(h, size, &l);
	else if (size >= SELFMAG && !memcmp(p, ELFMAG, SELFMAG))
		err = read_elf(p, size, &l);
	else
		err = IMAGE_ERR_MULTIBOOT2;
	if (!err)
		err = find_entry(h, &l);
	if (err)
		return err;
	if (l.start & (PAGE_SIZE - 1) || l.end - l.start > MEMORY_MAX)
		return IMAGE_ERR_MULTIBOOT2;
	*ret = l;
	return IMAGE_OK;
}

static enum image_error parse(const void *buf, size_t size, struct image *ret)
{
	struct layout l;
	struct header h;
	enum image_error err = read_header(buf, size, &h);

	if (!err)
		err = read_layout(buf, size, &h, &l);
	if (err)
		return err;
	*ret = (struct image){
		.scattered = true,
		.segments_only = true,
		.entry_32 = true,
		.relocatable = h.relocatable,
		.alignment = h.align > PAGE_SIZE ? h.align : PAGE_SIZE,
		.pref_address = h.relocatable ? h.min : l.start,
		.init_size = l.end - l.start,
		.limit = h.relocatable ? (uint64_t)h.max + 1 : LIMIT_4G,
		.initrd_limit = LIMIT_4G - PAGE_SIZE,	/* a module's end has 32 bits */
		.entry = l.entry - l.start,
		.cmdline_max = CMDLINE_MAX,
		.multiboot2 = { .present = true, .wanted = h.wanted },
	};
	return IMAGE_OK;
}

static enum image_error gather(const void *file, size_t size, struct image *image, void **ret,
			       size_t *ret_size)
{
	uint64_t filled = 0;
	struct layout l;
	struct header h;
	enum image_error err = read_header(file, size, &h);
	uint8_t *out;

	if (!err)
		err = read_layout(file, size, &h, &l);
	if (err)
		return err;
	for (size_t i = 0; i < l.count; i++)
		if (l.part[i].filled && l.part[i].addr - l.start + l.part[i].filled > filled)
			filled = l.part[i].addr - l.start + l.part[i].filled;
	out = calloc(1, filled);
	if (!out)
		return IMAGE_ERR_NOMEM;
	for (size_t i = 0; i < l.count; i++)
		memcpy(out + (l.part[i].addr - l.start), (const uint8_t *)file + l.part[i].offset,
		       l.part[i].filled);
	image->scattered = false;
	image->kernel_offset = 0;
	image->kernel_size = filled;
	*ret = out;
	*ret_size = filled;
	return IMAGE_OK;
}

const struct image_type multiboot2_type = {
	.name = "multiboot2 kernels such as Xen",
	.option = { "multiboot2-x86" },
	.probe = probe,
	.parse = parse,
	.gather = gather,
};
