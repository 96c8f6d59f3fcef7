/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "message.h"
#include "number.h"
#include "request.h"

#define NAMES_MAX	65536

static void name_set_free(struct name_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->name[i]);
	free(set->name);
}

void request_free(struct request *request)
{
	free(request->kernel);
	free(request->initrd);
	free(request->cmdline);
	for (size_t i = 0; i < request->module_count; i++)
		free(request->module[i]);
	for (size_t i = 0; i < request->blob_count; i++)
		free(request->blob[i].path);
	name_set_free(&request->carry);
	name_set_free(&request->verify);
	name_set_free(&request->load);
	name_set_free(&request->late);
	free(request->save_prebuilt);
	free(request->prebuilt);
	for (size_t i = 0; i < request->first_count; i++)
		free(request->first[i].digest);
	memset(request, 0, sizeof(*request));
}

const char *request_needs_segments(const struct request *rq)
{
	if (rq->no_efi)
		return "--noefi";
	if (rq->crash_memmap)
		return "--pass-memmap-cmdline";
	if (rq->entry_32)
		return "--entry-32bit";
	if (rq->module_count)
		return "--module";
	if (rq->mem_min)
		return "--mem-min";
	if (rq->mem_max)
		return "--mem-max";
	if (rq->serial_port)
		return "--console-serial or --serial";
	return rq->console_vga ? "--console-vga" : NULL;
}

bool name_set_names(const struct name_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->name[i], name))
			return true;
	return false;
}

bool name_set_has(const struct name_set *set, const char *name)
{
	return set->all || name_set_names(set, name);
}

int name_set_add(struct name_set *set, const char *name)
{
	char **list = grow(set->name, &set->room, set->count + 1, NAMES_MAX, sizeof(*list));

	if (!list)
		return error("no memory for a name");
	set->name = list;
	list[set->count] = strdup(name);
	if (!list[set->count])
		return error("no memory for a name");
	set->count++;
	return 0;
}

/* Put the part of VALUE before '=' into NAME; *REST points to what follows '='. */
static int split_name(const char *value, const char *option, char *name, size_t size,
		      const char **rest)
{
	size_t len = strcspn(value, "=");

	if (value[len] != '=' || !len)
		return error("%s=%s: needs NAME= and a value", option, value);
	if (len >= size)
		return error("%s=%s: a name has at most %zu characters", option, value, size - 1);
	memcpy(name, value, len);
	name[len] = '\0';
	if (!kho_node_name_valid(name) || strchr(name, ',') || !strcmp(name, "all"))
		return error("%s: '%s' cannot be a name: use letters, digits and ._+-, and not "
			     "'all'", option, name);
	*rest = value + len + 1;
	return 0;
}

static bool name_taken(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->region_count; i++)
		if (!strcmp(request->region[i].name, name))
			return true;
	for (size_t i = 0; i < request->blob_count; i++)
		if (!strcmp(request->blob[i].name, name))
			return true;
	return false;
}

static int check_unique(const struct request *request, const char *option, const char *name)
{
	if (!name_taken(request, name))
		return 0;
	return error("%s: the name '%s' is given twice; the next kernel finds things by name, so "
		     "each needs its own", option, name);
}

int request_add_region(struct request *request, const char *value)
{
	struct kho_region region = { 0 };
	const char *rest;

	if (split_name(value, "--kho-region", region.name, sizeof(region.name), &rest) ||
	    check_unique(request, "--kho-region", region.name))
		return -1;
	if (!parse_size(rest, &rest, &region.addr) || *rest != ',' ||
	    !parse_size(rest + 1, &rest, &region.size) || *rest)
		return error("--kho-region=%s: needs NAME=ADDR,SIZE in bytes (0x, K, M and G are "
			     "allowed)", value);
	if (!region.size || region.size > UINT64_MAX - region.addr)
		return error("--kho-region=%s: no memory can have this address and size", value);
	if (request->region_count == KHO_REGIONS_MAX)
		return error("--kho-region: a kernel revives at most %d regions", KHO_REGIONS_MAX);
	request->region[request->region_count++] = region;
	return 0;
}

int request_add_module(struct request *request, const char *value)
{
	if (!*value || *value == ' ')
		return error("--module=%s: needs a file, and its arguments after a space", value);
	if (request->module_count == MODULES_MAX)
		return error("--module: at most %d modules can be loaded", MODULES_MAX);
	request->module[request->module_count] = strdup(value);
	if (!request->module[request->module_count])
		return error("no memory for --module");
	request->module_count++;
	return 0;
}

int request_add_blob(struct request *request, const char *value)
{
	struct blob_request *blob = &request->blob[request->blob_count];
	const char *rest;

	if (request->blob_count == BLOBS_MAX)
		return error("--kho-blob: at most %d blobs can be handed over", BLOBS_MAX);
	memset(blob, 0, sizeof(*blob));
	if (split_name(value, "--kho-blob", blob->name, sizeof(blob->name), &rest) ||
	    check_unique(request, "--kho-blob", blob->name))
		return -1;
	if (!*rest)
		return error("--kho-blob=%s: needs NAME=FILE", value);
	blob->path = strdup(rest);
	if (!blob->path)
		return error("no memory for a file name");
	request->blob_count++;
	return 0;
}

static int add_name(struct name_set *set, const char *name)
{
	if (strcmp(name, "all"))
		return name_set_add(set, name);
	set->all = true;
	return 0;
}

/* Call TAKE for each NAME of the list VALUE. 0, or -1 after a message. */
static int each_name(struct request *request, const char *option, const char *value,
		     int (*take)(struct request *request, char *name))
{
	char *list = strdup(value), *rest = list, *name;
	int err = 0;

	if (!list)
		return error("no memory for %s", option);
	while (!err && (name = strsep(&rest, ",")))
		err = *name ? take(request, name) : error("%s: an empty name", option);
	free(list);
	return err;
}

static bool name_given(const struct name_set *set, const char *name)
{
	return strcmp(name, "all") ? name_set_names(set, name) : set->all;
}

/* NAME, NAME:load or NAME:late, which can also be written NAME:seal. */
static int take_verify(struct request *request, char *name)
{
	const struct {
		const char *suffix;
		struct name_set *set;
	} kind[] = {
		{ "", &request->verify }, { ":load", &request->load }, { ":late", &request->late },
		{ ":seal", &request->late },
	};
	const size_t kinds = sizeof(kind) / sizeof(kind[0]);
	const char *suffix = name + strcspn(name, ":");
	size_t wanted = 0;

	while (wanted < kinds && strcmp(kind[wanted].suffix, suffix))
		wanted++;
	if (wanted == kinds)
		return error("--kho-verify=%s: needs :load or :late after the name", name);
	name[suffix - name] = '\0';
	if (!*name)
		return error("--kho-verify: an empty name");
	for (size_t i = 0; i < kinds; i++)
		if (kind[i].set != kind[wanted].set && name_given(kind[i].set, name))
			return error("--kho-verify: '%s' is given twice, once as '%s%s'", name, name,
				     kind[i].suffix);
	return add_name(kind[wanted].set, name);
}

int request_add_verify(struct request *request, const char *value)
{
	return each_name(request, "--kho-verify", value, take_verify);
}

static int take_carry(struct request *request, char *name)
{
	return add_name(&request->carry, name);
}

int request_add_carry(struct request *request, const char *value)
{
	if (value)
		return each_name(request, "--kho-carry", value, take_carry);
	request->carry.all = true;
	return 0;
}
