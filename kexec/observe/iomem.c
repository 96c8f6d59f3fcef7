/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdint.h>
#include <stdio.h>

#include "iomem.h"

bool iomem_parse(const char *line, struct iomem_line *ret)
{
	unsigned long long start, end;
	int name = 0;

	if (sscanf(line, " %llx-%llx : %n", &start, &end, &name) != 2 || !name || end <= start ||
	    end == UINT64_MAX)
		return false;
	*ret = (struct iomem_line){ { start, end - start + 1 }, line + name, *line != ' ' };
	return true;
}
