/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "kho-handover.h"
#include "number.h"
#include "sysfs-kho.h"

static void take_feature(struct kho_features *f, const char *word, size_t len)
{
	const struct {
		const char *name;
		bool *set;
	} known[] = {
		{ "segment", &f->segment }, { "verify", &f->verify }, { "seal", &f->seal },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len && !memcmp(known[i].name, word, len))
			*known[i].set = true;
}

enum features_result features_parse(const char *text, struct kho_features *ret)
{
	static const char format[] = "format ";
	size_t line = strcspn(text, "\n");
	char number[16];
	uint64_t version;

	memset(ret, 0, sizeof(*ret));
	if (strncmp(text, format, strlen(format)) || line >= strlen(format) + sizeof(number))
		return FEATURES_BAD;
	snprintf(number, sizeof(number), "%.*s", (int)(line - strlen(format)), text + strlen(format));
	if (!parse_u64(number, &version))
		return FEATURES_BAD;
	if (version != KHO_FORMAT_VERSION)
		return FEATURES_FORMAT;
	for (text += line; *(text += strspn(text, " \n")); text += strcspn(text, " \n"))
		take_feature(ret, text, strcspn(text, " \n"));
	return FEATURES_OK;
}

enum features_result features_read(const struct root *root, struct kho_features *ret)
{
	enum features_result result;
	char *text;

	memset(ret, 0, sizeof(*ret));
	if (root_read_text(root, SYSFS_KHO "/features", &text))
		return FEATURES_ABSENT;
	result = features_parse(text, ret);
	free(text);
	return result;
}

uint64_t sysfs_fdt_addr(const struct root *root)
{
	uint64_t addr;

	return root_read_u64(root, SYSFS_KHO "/out/fdt_addr", &addr) ? 0 : addr;
}

int sysfs_read_fdt(const struct root *root, void *fdt, size_t size)
{
	struct buffer buf;
	int err = root_read(root, SYSFS_KHO "/out/fdt", size, &buf);

	if (err)
		return err;
	memset(fdt, 0, size);
	memcpy(fdt, buf.data, buf.size);
	buffer_free(&buf);
	return 0;
}

/* "0xADDR 0xSIZE" */
static bool parse_range(char *line, struct kho_range *ret)
{
	char *space = strchr(line, ' ');

	if (!space)
		return false;
	*space = '\0';
	return parse_u64(line, &ret->addr) && parse_u64(space + 1, &ret->size);
}

static int parse_ranges(char *text, size_t max, struct kho_range **list, size_t *count)
{
	size_t room = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct kho_range *more;

		if (!*line)
			continue;
		if (*count == max)
			return -EINVAL;
		more = grow(*list, &room, *count + 1, max, sizeof(*more));
		if (!more)
			return -ENOMEM;
		*list = more;
		if (!parse_range(line, &more[(*count)++]))
			return -EINVAL;
	}
	return *count ? 0 : -EINVAL;
}

int sysfs_read_scratch(const struct root *root, size_t max, struct kho_range **ret,
		       size_t *ret_count)
{
	struct kho_range *list = NULL;
	size_t count = 0;
	char *text;
	int err = root_read_text(root, SYSFS_KHO "/out/scratch", &text);

	if (err)
		return err;
	err = parse_ranges(text, max, &list, &count);
	free(text);
	if (err) {
		free(list);
		return err;
	}
	*ret = list;
	*ret_count = count;
	return 0;
}

int sysfs_read_node(const struct root *root, const char *direction, const char *name, size_t cap,
		    struct buffer *ret)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS_KHO "/%s/nodes/%s", direction, name);
	return root_read(root, path, cap, ret);
}
