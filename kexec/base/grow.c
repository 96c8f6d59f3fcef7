/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "grow.h"

#define FIRST_BYTES	1024		/* a small array does not begin with room for one */

void *grow(void *list, size_t *room, size_t need, size_t max, size_t size)
{
	size_t want;
	void *more;

	if (need <= *room)
		return list;
	if (max > SIZE_MAX / size)
		max = SIZE_MAX / size;
	if (need > max) {
		errno = ENOMEM;
		return NULL;
	}
	want = *room ? *room : FIRST_BYTES / 2 / size;
	want = want > max / 2 ? max : want * 2;
	if (want < need)
		want = need;
	more = realloc(list, want * size);
	if (more)
		*room = want;
	return more;
}
