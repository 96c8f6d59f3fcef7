/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * systemd-stub(7): addons are PE files, FOLDER/NAME.addon.efi, of which the folder is called like the
 * kernel's file with ".extra.d" behind it. One for another release (.uname) does not count.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int uki_addons_append(const char *path, struct kernel_extras *extras)
{
	char folder[PATH_MAX];
	struct dirent **entry;
	int count, err = 0;

	if ((size_t)snprintf(folder, sizeof(folder), "%s.extra.d", path) >= sizeof(folder))
		return 0;	/* no such folder can be there */
	count = scandir(folder, &entry, is_file, by_name);
	if (count < 0)
		return errno == ENOENT ? 0 : error_errno("cannot read the addons in '%s'", folder);
	for (int i = 0; i < count; i++) {
		if (!err)
			err = add(folder, entry[i]->d_name, extras);
		free(entry[i]);
	}
	free(entry);
	return err;
}
