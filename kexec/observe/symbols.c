/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

/* Note an "ADDRESS TYPE NAME" line. Modules' symbols come last and have a fourth word. */
static void match_line(char *line, struct symbol *symbol, size_t count, bool *nonzero)
{
	char *end, *name;
	uint64_t addr = strtoull(line, &end, 16);

	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ')
		return;
	*nonzero |= addr != 0;
	name = end + 3;
	name[strcspn(name, "\n")] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (symbol[i].addr || strcmp(symbol[i].name, name))
			continue;
		symbol[i].addr = addr;
		symbol[i].listed = true;
	}
}

int symbols_find(const struct root *root, struct symbol *symbol, size_t count)
{
	FILE *f = root_fopen(root, "proc/kallsyms");
	bool nonzero = false;
	char *line = NULL;
	size_t room = 0;
	int err;

	if (!f)
		return -errno;
	errno = 0;
	while (getline(&line, &room, f) > 0)
		match_line(line, symbol, count, &nonzero);
	/* A missing symbol has a meaning, so the list must be complete. */
	err = feof(f) ? 0 : errno ? -errno : -EIO;
	free(line);
	fclose(f);
	return err ? err : nonzero ? 0 : -EACCES;
}
