// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree.h"
#include "unit.h"

void tree_make(struct tree *tree)
{
	strcpy(tree->path, "/tmp/kexec-kho-test.XXXXXX");
	assert_non_null(mkdtemp(tree->path));
	assert_int_equal(root_init(&tree->root, tree->path), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_remove(struct tree *tree)
{
	close(tree->root.fd);
	assert_int_equal(nftw(tree->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void make_folders(const struct tree *tree, const char *path)
{
	char folder[256];

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		mkdirat(tree->root.fd, folder, 0700);	/* or the next open fails */
	}
}

void tree_write(const struct tree *tree, const char *path, const void *bytes, size_t size)
{
	int fd;

	make_folders(tree, path);
	fd = root_open(&tree->root, path, O_WRONLY | O_CREAT | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(close(fd), 0);
}

void tree_unlink(const struct tree *tree, const char *path)
{
	assert_int_equal(unlinkat(tree->root.fd, path, 0), 0);
}
