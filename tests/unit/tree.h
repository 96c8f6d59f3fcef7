/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder that stands in for "/": what --sysroot names. */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stddef.h>

#include "files.h"

struct tree {
	char path[64];
	struct root root;
};

/* Each fails the test if it cannot do its work. */
void tree_make(struct tree *tree);
void tree_remove(struct tree *tree);

/* Write a file, making the folders on the way. PATH: "sys/kernel/...". */
void tree_write(const struct tree *tree, const char *path, const void *bytes, size_t size);
void tree_unlink(const struct tree *tree, const char *path);

#endif
