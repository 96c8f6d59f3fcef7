/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * systemd-stub(7): addons are PE files, FOLDER/NAME.addon.efi. Those in "loader/addons" of the file
 * system that the kernel is in, the EFI system partition, are for all kernels; those in a folder that
 * is called like the kernel's file with ".extra.d" behind it are for this one. One for another release
 * (.uname) does not count.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "uki-addons.h"

#define ADDON_MAX	(4u << 20)
#define ENDING		".addon.efi"

static bool is_addon(const char *name)
{
	size_t len = strlen(name), ending = strlen(ENDING);

	return len > ending && !strcmp(name + len - ending, ENDING);
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int append(struct kernel_extras *extras, const char *text)
{
	const char *before = extras->cmdline ? extras->cmdline : "";
	size_t size = strlen(before) + strlen(text) + 2;
	char *line = malloc(size);

	if (!line)
		return error("no memory for the command line");
	snprintf(line, size, "%s%s%s", before, *before && *text ? " " : "", text);
	free(extras->cmdline);
	extras->cmdline = line;
	return 0;
}

/* Is it for this kernel, as far as both say? 1, 0, or -1 after a message. */
static int fits(const struct kernel_extras *extras, const struct buffer *file, struct image_part uname)
{
	char *release;
	int same;

	if (!uname.size || !extras->uname)
		return 1;
	release = kernel_file_text(file, uname);
	if (!release)
		return error("no memory for an addon");
	same = !strcmp(release, extras->uname);
	free(release);
	return same;
}

static int add_text(const char *path, struct kernel_extras *extras, const struct buffer *file)
{
	struct image_bundle addon;
	enum image_error err = image_parse_addon(file->data, file->size, &addon);
	char *text;
	int result;

	if (err)
		return error("cannot use '%s' as an addon of the kernel: %s; remove it, or give the whole "
			     "command line with --append", path,
			     err == IMAGE_ERR_NESTED ? "it has a kernel of its own" : image_strerror(err));
	result = fits(extras, file, addon.uname);
	if (!result)
		notice("'%s' is left out, as it is for another kernel", path);
	if (result > 0 && (addon.ucode.size || addon.initrd.size || addon.dtb.size))
		notice("of '%s' only the command line is passed on", path);
	if (result <= 0 || !addon.cmdline.size)
		return result < 0 ? -1 : 0;
	text = kernel_file_text(file, addon.cmdline);
	if (!text)
		return error("no memory for the command line");
	result = append(extras, text);
	free(text);
	return result;
}

static int add(const char *folder, const char *name, struct kernel_extras *extras)
{
	char path[PATH_MAX];
	struct buffer file;
	int err;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return error("the path of addon '%s' is too long", name);
	if (!is_addon(name)) {
		notice("'%s' is not passed on", path);
		return 0;
	}
	if (file_read(path, "addon", ADDON_MAX, &file))
		return -1;
	err = add_text(path, extras, &file);
	buffer_free(&file);
	return err;
}

/* Can nobody but root, or who runs this, write to it? */
static bool is_own(const struct stat *st)
{
	return (!st->st_uid || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* All of FOLDER, if it is there. What others can put there is not for this command line. */
static int add_folder(const char *folder, struct kernel_extras *extras)
{
	struct dirent **entry;
	struct stat st;
	int count, err = 0;

	if (stat(folder, &st))
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		       error_errno("cannot read the addons in '%s'", folder);
	if (!is_own(&st))
		return error("others than root can put addons into '%s': change its owner or mode, or give the "
			     "whole command line with --append", folder);
	count = scandir(folder, &entry, is_file, by_name);
	if (count < 0)
		return error_errno("cannot read the addons in '%s'", folder);
	for (int i = 0; i < count; i++) {
		if (!err)
			err = add(folder, entry[i]->d_name, extras);
		free(entry[i]);
	}
	free(entry);
	return err;
}

/*
 * Cut PATH, which begins with '/', down to where its file system is mounted. False for the root's, and
 * where others can write, as in /tmp: that is no EFI system partition.
 */
static bool cut_to_mount(char *path)
{
	struct stat here, above;
	char *slash;

	if (stat(path, &here))
		return false;
	while ((slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		if (stat(path, &above))
			return false;
		if (above.st_dev != here.st_dev) {
			*slash = '/';
			return !stat(path, &here) && is_own(&here);
		}
	}
	return !stat("/", &above) && above.st_dev != here.st_dev && !stat(path, &here) && is_own(&here);
}

static int add_global(const char *path, struct kernel_extras *extras)
{
	static const char inside[] = "/loader/addons";
	char folder[PATH_MAX + sizeof(inside)];

	/* A pipe, or a file that was removed, is in no folder. */
	if (!realpath(path, folder))
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		       error_errno("cannot tell in which folder '%s' is", path);
	if (!cut_to_mount(folder))
		return 0;
	strcat(folder, inside);
	return add_folder(folder, extras);
}

int uki_addons_append(const char *path, struct kernel_extras *extras)
{
	char folder[PATH_MAX];

	if (add_global(path, extras))
		return -1;
	if ((size_t)snprintf(folder, sizeof(folder), "%s.extra.d", path) >= sizeof(folder))
		return 0;	/* no such folder can be there */
	return add_folder(folder, extras);
}
