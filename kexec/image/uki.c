/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unified kernel images: an EFI program, which has the kernel and what goes with it in sections
 * of its own. The PE format: Microsoft's "PE Format"; the sections: the UAPI group's
 * specification of UKIs, and systemd-stub(7).
 *
 * Sections before the first ".profile" belong to all profiles. Those from there to the next
 * ".profile" are those of profile 0, which boots unless another one is chosen, and take the
 * place of others of the same name. Of two with the same name, the first one counts.
 */
#include "get-le.h"
#include "image-type.h"

#define DOS_HEADER_SIZE		0x40
#define DOS_PE_OFFSET		0x3c	/* u32 */

/* From "PE\0\0" on. */
#define PE_MACHINE		4	/* u16 */
#define PE_SECTIONS		6	/* u16 */
#define PE_OPTIONAL_SIZE	20	/* u16, of the header before the table of sections */
#define PE_HEADER_SIZE		24
#define PE_MACHINE_X86_64	0x8664

/* From a section's entry in the table on. */
#define SECTION_NAME_SIZE	8	/* shorter names are padded with NULs */
#define SECTION_MEMORY_SIZE	8	/* u32 */
#define SECTION_FILE_SIZE	16	/* u32, rounded up to whole units of the file */
#define SECTION_FILE_OFFSET	20	/* u32 */
#define SECTION_SIZE		40

struct pe {
	const uint8_t *file;
	size_t size;
	uint16_t machine;
	const uint8_t *section;		/* the table */
	size_t count;
};

/* False if this is no PE file with its whole table. */
static bool read_pe(const uint8_t *p, size_t size, struct pe *ret)
{
	size_t at, left;

	if (size < DOS_HEADER_SIZE || memcmp(p, "MZ", 2))
		return false;
	at = get32(p + DOS_PE_OFFSET);
	if (at > size || size - at < PE_HEADER_SIZE || memcmp(p + at, "PE\0\0", 4))
		return false;
	ret->machine = get16(p + at + PE_MACHINE);
	ret->count = get16(p + at + PE_SECTIONS);
	left = size - at - PE_HEADER_SIZE;
	if (left < get16(p + at + PE_OPTIONAL_SIZE))
		return false;
	left -= get16(p + at + PE_OPTIONAL_SIZE);
	if (left / SECTION_SIZE < ret->count)
		return false;
	ret->file = p;
	ret->size = size;
	ret->section = p + size - left;
	return true;
}

/* The first section NAME from FROM on and before END; END if there is none. */
static size_t find(const struct pe *pe, const char *name, size_t from, size_t end)
{
	while (from < end && strncmp((const char *)pe->section + from * SECTION_SIZE, name,
				     SECTION_NAME_SIZE))
		from++;
	return from;
}

/* The section NAME that counts; NULL if there is none. */
static const uint8_t *locate(const struct pe *pe, const char *name)
{
	size_t base_end = find(pe, ".profile", 0, pe->count);
	size_t profile = base_end < pe->count ? base_end + 1 : base_end;
	size_t profile_end = find(pe, ".profile", profile, pe->count);
	size_t found = find(pe, name, profile, profile_end);

	if (found == profile_end) {
		found = find(pe, name, 0, base_end);
		if (found == base_end)
			return NULL;
	}
	return pe->section + found * SECTION_SIZE;
}

/* What of the section NAME is in the file; nothing of it: size 0. */
static enum image_error read_section(const struct pe *pe, const char *name, struct image_part *ret)
{
	const uint8_t *section = locate(pe, name);
	size_t offset, size;

	if (!section)
		return IMAGE_OK;
	offset = get32(section + SECTION_FILE_OFFSET);
	size = get32(section + SECTION_FILE_SIZE);
	if (size > get32(section + SECTION_MEMORY_SIZE))
		size = get32(section + SECTION_MEMORY_SIZE);
	if (offset > pe->size || size > pe->size - offset)
		return IMAGE_ERR_TRUNCATED;
	*ret = (struct image_part){ offset, size };
	return IMAGE_OK;
}

static bool probe(const void *buf, size_t size)
{
	struct pe pe;

	return read_pe(buf, size, &pe) && find(&pe, ".linux", 0, pe.count) < pe.count;
}

static enum image_error parse_sections(const void *buf, size_t size, struct image_bundle *b)
{
	const struct {
		const char *name;
		struct image_part *part;
	} wanted[] = {
		{ ".linux", &b->kernel }, { ".ucode", &b->ucode }, { ".initrd", &b->initrd },
		{ ".cmdline", &b->cmdline }, { ".dtb", &b->dtb }, { ".uname", &b->uname },
	};
	struct pe pe;

	if (!read_pe(buf, size, &pe))
		return IMAGE_ERR_TYPE;
	if (pe.machine != PE_MACHINE_X86_64)
		return IMAGE_ERR_MACHINE;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		enum image_error err = read_section(&pe, wanted[i].name, wanted[i].part);

		if (err)
			return err;
	}
	return IMAGE_OK;
}

static enum image_error parse(const void *buf, size_t size, struct image *ret)
{
	enum image_error err = parse_sections(buf, size, &ret->bundle);

	return !err && !ret->bundle.kernel.size ? IMAGE_ERR_SECTIONS : err;
}

enum image_error image_parse_addon(const void *buf, size_t size, struct image_bundle *ret)
{
	struct image_bundle b = { 0 };
	enum image_error err = parse_sections(buf, size, &b);

	if (!err && b.kernel.size)
		err = IMAGE_ERR_NESTED;
	if (!err)
		*ret = b;
	return err;
}

void image_clean_cmdline(char *line)
{
	size_t from = 0, len = 0;

	while (line[from] && (unsigned char)line[from] <= ' ')
		from++;
	for (; line[from]; from++)
		line[len++] = (unsigned char)line[from] < ' ' ? ' ' : line[from];
	while (len && line[len - 1] == ' ')
		len--;
	line[len] = '\0';
}

const struct image_type uki_type = {
	.name = "unified kernel images (UKI)",
	.option = { "uki" },
	.probe = probe,
	.parse = parse,
};
