// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a compiler may call even in freestanding code. The string instructions
 * keep it from recognising the loop and calling the function from itself.
 */
#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
	void *to = dst;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(src), "+c"(size) : : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t size)
{
	char *to = dst;
	const char *from = src;

	if (to <= from || to >= from + size)
		return memcpy(dst, src, size);
	to += size - 1;
	from += size - 1;
	__asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return dst;
}

void *memset(void *dst, int value, size_t size)
{
	void *to = dst;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size; size--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}
