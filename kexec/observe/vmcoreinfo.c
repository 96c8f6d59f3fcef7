/* SPDX-License-Identifier: GPL-2.0-only */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "vmcoreinfo.h"

#define NOTE_MAX	65536		/* bytes of one; that of VMCOREINFO has a page */
#define NOTE_NAME	"VMCOREINFO"

static uint64_t align4(uint64_t size)
{
	return (size + 3) & ~3ull;
}

/* The text of the note whose name is at OFFSET, malloc'ed; NULL if it is another note. */
static char *read_note(int fd, uint64_t offset, const Elf64_Nhdr *nhdr)
{
	char name[sizeof(NOTE_NAME)], *text;

	if (nhdr->n_namesz != sizeof(name) || read_at(fd, name, sizeof(name), offset) ||
	    memcmp(name, NOTE_NAME, sizeof(name)))
		return NULL;
	text = calloc(1, (size_t)nhdr->n_descsz + 1);
	if (!text || !read_at(fd, text, nhdr->n_descsz, offset + align4(sizeof(name))))
		return text;
	free(text);
	return NULL;
}

char *vmcoreinfo_read(int fd, uint64_t offset, uint64_t size)
{
	char *text = NULL;
	Elf64_Nhdr nhdr;

	for (uint64_t done = 0; !text && done < size && size - done >= sizeof(nhdr);) {
		if (read_at(fd, &nhdr, sizeof(nhdr), offset + done) || nhdr.n_namesz > NOTE_MAX ||
		    nhdr.n_descsz > NOTE_MAX)
			return NULL;
		done += sizeof(nhdr);
		text = read_note(fd, offset + done, &nhdr);
		done += align4(nhdr.n_namesz) + align4(nhdr.n_descsz);
	}
	return text;
}

bool vmcoreinfo_number(const char *info, const char *key, int base, uint64_t *ret)
{
	const size_t len = strlen(key);

	for (; *info; info += strcspn(info, "\n"), info += *info == '\n') {
		char *end;

		if (strncmp(info, key, len))
			continue;
		*ret = strtoull(info + len, &end, base);
		return end != info + len && (*end == '\n' || !*end);
	}
	return false;
}
