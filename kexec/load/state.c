/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crc32c.h"
#include "boot-id.h"
#include "message.h"
#include "method.h"
#include "state.h"
#include "table.h"

#define STATE_FILE	STATE_DIR "/loaded.json"
#define STATE_NEW	STATE_DIR "/loaded.json.new"
#define LOADING		STATE_DIR "/loading"	/* a load is under way, or was interrupted */
#define NOTHING_PRESERVED STATE_DIR "/nothing-preserved"	/* see state_note_nothing_preserved() */
#define STATE_VERSION	6
#define STATE_MAX	(64u << 20)

static void put_number(json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void put_string(json_object *o, const char *key, const char *value)
{
	if (value)
		json_object_object_add(o, key, json_object_new_string(value));
}

/* Digests as hexadecimal text, eight digits each, because there are many chunks. */
static void put_digests(json_object *o, const uint32_t *digest, size_t count)
{
	char *text = malloc(count * 8 + 1);

	for (size_t i = 0; text && i < count; i++)
		snprintf(text + i * 8, 9, "%08x", digest[i]);
	put_string(o, "digests", text);
	free(text);
}

static void describe_regions(json_object *o, const struct handover *h)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < h->region_count; i++) {
		const struct handover_region *r = &h->region[i];
		json_object *item = json_object_new_object();

		put_string(item, "name", r->region.name);
		put_number(item, "addr", r->region.addr);
		put_number(item, "size", r->region.size);
		json_object_object_add(item, "added", json_object_new_boolean(r->added));
		if (handover_digested(r))
			put_number(item, "crc", handover_region_crc(r));
		json_object_object_add(item, "load", json_object_new_boolean(r->fixed));
		if (r->fixed)
			put_digests(item, r->digest, chunk_count(r->region.size));
		json_object_object_add(item, "seal", json_object_new_boolean(r->late));
		json_object_array_add(list, item);
	}
	json_object_object_add(o, "regions", list);
}

static void describe_blobs(struct state *s, const struct handover *h)
{
	json_object *list = json_object_new_array();

	json_object_object_add(s->json, "blobs", list);
	for (size_t i = 0; i < h->blob_count; i++)
		json_object_array_add(list, json_object_new_string(h->blob[i].name));
	s->blob_count = h->blob_count;
}

/* An absolute path: "kexec -e" may run in another directory. */
static void put_path(json_object *o, const char *key, const char *path)
{
	char *full = path ? realpath(path, NULL) : NULL;

	put_string(o, key, full ? full : path);
	free(full);
}

/* What the new kernel reads: finding it out again would require unpacking the kernel again. */
static void describe_reads(json_object *o, const struct kho_formats *reads)
{
	json_object *item = json_object_new_object();

	put_string(item, "abi", kho_abi_label(reads->abi));
	json_object_object_add(item, "reserve_mem", json_object_new_boolean(reads->reserve_mem));
	put_string(item, "luo", reads->luo);
	put_string(item, "luo_session", reads->luo_session);
	put_string(item, "luo_flb", reads->luo_flb);
	put_string(item, "memfd", reads->memfd);
	json_object_object_add(o, "reads", item);
}

void state_describe(struct state *s, const struct request *rq, const struct target *t,
		    const struct handover *h, const char *cmdline, const char *method)
{
	memset(s, 0, sizeof(*s));
	s->json = json_object_new_object();
	put_number(s->json, "version", STATE_VERSION);
	put_path(s->json, "kernel", rq->kernel);
	put_number(s->json, "kernel_crc", t->kernel_crc);
	put_path(s->json, "initrd", rq->initrd);
	put_number(s->json, "initrd_crc", t->initrd_crc);
	put_string(s->json, "cmdline", cmdline);
	put_string(s->json, "method", method);
	put_path(s->json, "segment", rq->prebuilt);
	describe_reads(s->json, &t->reads);
	json_object_object_add(s->json, "no_checks", json_object_new_boolean(rq->no_checks));
	json_object_object_add(s->json, "no_efi", json_object_new_boolean(rq->no_efi));
	put_number(s->json, "file_flags", rq->file_flags);
	put_number(s->json, "serial_port", rq->serial_port);
	json_object_object_add(s->json, "console_vga", json_object_new_boolean(rq->console_vga));
	/* A map of v1 shows the time when it was finalized. */
	if (h->running.kho && (h->map == MAP_OWN || !kho_abi_radix(h->running.root.abi)))
		put_number(s->json, "map_crc", running_crc(&h->running));
	if (h->map == MAP_LIVE) {
		put_number(s->json, "fdt_addr", h->running.fdt_addr);
		put_number(s->json, "fdt_crc", crc32c(0, h->running.fdt, sizeof(h->running.fdt)));
	}
	json_object_object_add(s->json, "kho", json_object_new_boolean(h->running.kho));
	json_object_object_add(s->json, "luo_dropped", json_object_new_boolean(h->luo_dropped));
	describe_regions(s->json, h);
	describe_blobs(s, h);
}

void state_release(struct state *s)
{
	json_object_put(s->json);
	memset(s, 0, sizeof(*s));
}

static void blob_path(char *path, size_t size, size_t index, bool fresh)
{
	snprintf(path, size, STATE_DIR "/blob.%zu%s", index, fresh ? ".new" : "");
}

static int write_file(const struct root *root, const char *path, const void *data, size_t size)
{
	int fd = root_open(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
	int err = fd < 0 || write_all(fd, data, size) ? -1 : 0;

	if (err)
		error_errno("cannot write /%s", path);
	if (fd >= 0 && close(fd) && !err)
		err = error_errno("cannot write /%s", path);
	return err;
}

bool state_unknown(const struct root *root)
{
	return !faccessat(root->fd, LOADING, F_OK, 0);
}

int state_prepare(const struct root *root, const struct handover *h)
{
	char path[64];

	if (state_make_dir(root, true))
		return error_errno("cannot make /" STATE_DIR);
	for (size_t i = 0; i < h->blob_count; i++) {
		blob_path(path, sizeof(path), i, true);
		if (write_file(root, path, h->blob[i].data.data, h->blob[i].data.size))
			return error("the blobs must fit into /run: 'kexec -e' may have to load them again");
	}
	return write_file(root, LOADING, "", 0);
}

static int rename_blobs(const struct root *root, size_t count)
{
	char fresh[64], path[64];

	for (size_t i = 0; i < count; i++) {
		blob_path(fresh, sizeof(fresh), i, true);
		blob_path(path, sizeof(path), i, false);
		if (renameat(root->fd, fresh, root->fd, path))
			return error_errno("cannot rename to /%s", path);
	}
	return 0;
}

static void remove_blobs(const struct root *root, size_t first)
{
	char path[64];

	for (size_t i = first; i < BLOBS_MAX; i++) {
		blob_path(path, sizeof(path), i, false);
		unlinkat(root->fd, path, 0);
		blob_path(path, sizeof(path), i, true);
		unlinkat(root->fd, path, 0);
	}
}

int state_commit(const struct root *root, const struct state *s, const struct image_id *id)
{
	char boot_id[BOOT_ID_LEN + 1];
	const char *text;

	errno = -boot_id_read(root, boot_id);
	if (errno)
		return error_errno("cannot read /" BOOT_ID_FILE);
	put_string(s->json, "boot_id", boot_id);
	put_number(s->json, "image_symbol", id->symbol);
	put_number(s->json, "payload_addr", id->payload.addr);
	put_number(s->json, "payload_size", id->payload.size);
	put_number(s->json, "image", id->image);
	text = json_object_to_json_string_ext(s->json, JSON_C_TO_STRING_PRETTY);
	if (strlen(text) > STATE_MAX)
		return error("/" STATE_FILE " would be larger than %u MiB, because of the digests "
			     "of regions with ':load' in --kho-verify: leave ':load' out",
			     STATE_MAX >> 20);
	/* An old description must not meet new blobs. */
	unlinkat(root->fd, STATE_FILE, 0);
	if (rename_blobs(root, s->blob_count) || write_file(root, STATE_NEW, text, strlen(text)))
		return -1;
	if (renameat(root->fd, STATE_NEW, root->fd, STATE_FILE))
		return error_errno("cannot rename to /" STATE_FILE);
	remove_blobs(root, s->blob_count);
	unlinkat(root->fd, LOADING, 0);
	unlinkat(root->fd, NOTHING_PRESERVED, 0);
	return 0;
}

void state_abandon(const struct root *root, bool was_unknown)
{
	char path[64];

	if (!was_unknown)
		unlinkat(root->fd, LOADING, 0);
	for (size_t i = 0; i < BLOBS_MAX; i++) {
		blob_path(path, sizeof(path), i, true);
		unlinkat(root->fd, path, 0);
	}
}

void state_spoil(const struct root *root)
{
	unlinkat(root->fd, STATE_FILE, 0);
	remove_blobs(root, 0);
}

static int note(const struct root *root, const char *path)
{
	if (state_make_dir(root, true))
		return error_errno("cannot make /" STATE_DIR);
	return write_file(root, path, "", 0);
}

int state_note_unknown(const struct root *root)
{
	state_spoil(root);
	return note(root, LOADING);
}

int state_note_nothing_preserved(const struct root *root)
{
	return note(root, NOTHING_PRESERVED);
}

bool state_nothing_was_preserved(const struct root *root)
{
	return !faccessat(root->fd, NOTHING_PRESERVED, F_OK, 0);
}

void state_forget(const struct root *root)
{
	state_spoil(root);
	unlinkat(root->fd, LOADING, 0);
	unlinkat(root->fd, NOTHING_PRESERVED, 0);
}

static const char *get_string(json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : NULL;
}

static uint64_t get_number(json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_uint64(value) : 0;
}

static bool get_bool(json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) && json_object_get_boolean(value);
}

static bool copy_string(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

/* The digests of NAME, as put_digests() has written them. 0 or -1. */
static int load_digests(json_object *item, const char *name, uint64_t count, struct request *rq)
{
	struct first_digests *first = &rq->first[rq->first_count];
	const char *text = get_string(item, "digests");
	char word[9] = "";

	if (!text || strlen(text) / 8 != count || strlen(text) % 8)
		return -1;
	first->digest = calloc(count + 1, sizeof(*first->digest));
	if (!first->digest)
		return -1;
	rq->first_count++;
	strcpy(first->name, name);
	first->count = count;
	for (size_t i = 0; i < count; i++) {
		memcpy(word, text + i * 8, 8);
		if (strspn(word, "0123456789abcdef") != 8)
			return -1;
		first->digest[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	return 0;
}

static int load_region(json_object *item, struct loaded_record *ret)
{
	const char *name = get_string(item, "name");
	struct kho_region region = { .addr = get_number(item, "addr"),
				     .size = get_number(item, "size") };
	struct request *rq = &ret->request;

	if (!name || strlen(name) >= sizeof(region.name))
		return -1;
	strcpy(region.name, name);
	if (get_bool(item, "added"))
		rq->region[rq->region_count++] = region;
	if (get_bool(item, "seal"))
		return name_set_add(&rq->late, name);
	if (!json_object_object_get_ex(item, "crc", NULL))
		return 0;
	ret->region[ret->region_count] = (struct handover_region){
		.region = region, .verify = true, .fixed = get_bool(item, "load") };
	ret->region_crc[ret->region_count] = (uint32_t)get_number(item, "crc");
	if (!ret->region[ret->region_count++].fixed)
		return name_set_add(&rq->verify, name);
	if (load_digests(item, name, chunk_count(region.size), rq))
		return -1;
	return name_set_add(&rq->load, name);
}

static int load_regions(json_object *o, struct loaded_record *ret)
{
	json_object *list;
	size_t count;

	if (!json_object_object_get_ex(o, "regions", &list) ||
	    !json_object_is_type(list, json_type_array))
		return -1;
	count = json_object_array_length(list);
	if (count > KHO_REGIONS_MAX)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (load_region(json_object_array_get_idx(list, i), ret))
			return -1;
	return 0;
}

static int load_blobs(json_object *o, struct request *rq)
{
	json_object *list;
	size_t count;
	char path[72] = "/";

	if (!json_object_object_get_ex(o, "blobs", &list) ||
	    !json_object_is_type(list, json_type_array))
		return -1;
	count = json_object_array_length(list);
	if (count > BLOBS_MAX)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));

		if (!name || strlen(name) >= sizeof(rq->blob[i].name))
			return -1;
		strcpy(rq->blob[i].name, name);
		blob_path(path + 1, sizeof(path) - 1, i, false);
		rq->blob[i].path = strdup(path);
		if (!rq->blob[i].path)
			return -1;
		rq->blob_count++;
	}
	return 0;
}

static void get_text(json_object *o, const char *key, char *ret, size_t size)
{
	const char *text = get_string(o, key);

	snprintf(ret, size, "%s", text ? text : "");
}

static int load_reads(json_object *o, struct kho_formats *ret)
{
	json_object *item;

	if (!json_object_object_get_ex(o, "reads", &item) || !get_string(item, "abi"))
		return -1;
	ret->abi = kho_abi_from_name(get_string(item, "abi"));
	ret->reserve_mem = get_bool(item, "reserve_mem");
	get_text(item, "luo", ret->luo, sizeof(ret->luo));
	get_text(item, "luo_session", ret->luo_session, sizeof(ret->luo_session));
	get_text(item, "luo_flb", ret->luo_flb, sizeof(ret->luo_flb));
	get_text(item, "memfd", ret->memfd, sizeof(ret->memfd));
	return ret->abi == KHO_ABI_UNKNOWN ? -1 : 0;
}

static int load_choice(json_object *o, struct request *rq)
{
	const char *name = get_string(o, "method");
	const struct load_method *method = name ? load_method_find(name) : NULL;

	if (!method)
		return -1;
	rq->method = method->choice;
	return copy_string(&rq->prebuilt, get_string(o, "segment")) ? 0 : -1;
}

static int load_json(json_object *o, struct loaded_record *ret)
{
	struct request *rq = &ret->request;

	if (get_number(o, "version") != STATE_VERSION || !get_string(o, "kernel") ||
	    !get_string(o, "cmdline"))
		return -1;
	if (!copy_string(&rq->kernel, get_string(o, "kernel")) ||
	    !copy_string(&rq->initrd, get_string(o, "initrd")) ||
	    !copy_string(&rq->cmdline, get_string(o, "cmdline")))
		return -1;
	ret->id.symbol = get_number(o, "image_symbol");
	ret->id.payload.addr = get_number(o, "payload_addr");
	ret->id.payload.size = get_number(o, "payload_size");
	ret->id.image = get_number(o, "image");
	rq->kho = true;
	rq->reloading = true;
	rq->no_checks = get_bool(o, "no_checks");
	rq->no_efi = get_bool(o, "no_efi");
	rq->serial_port = (uint16_t)get_number(o, "serial_port");
	rq->console_vga = get_bool(o, "console_vga");
	rq->file_flags = (unsigned long)get_number(o, "file_flags");
	rq->kernel_crc = (uint32_t)get_number(o, "kernel_crc");
	rq->initrd_crc = (uint32_t)get_number(o, "initrd_crc");
	ret->fdt_addr = get_number(o, "fdt_addr");
	ret->fdt_crc = (uint32_t)get_number(o, "fdt_crc");
	ret->kho = get_bool(o, "kho");
	ret->luo_dropped = get_bool(o, "luo_dropped");
	ret->map_copied = json_object_object_get_ex(o, "map_crc", NULL);
	ret->map_crc = (uint32_t)get_number(o, "map_crc");
	if (load_choice(o, rq) || load_reads(o, &rq->reads))
		return -1;
	return load_regions(o, ret) || load_blobs(o, rq) ? -1 : 0;
}

/* 1, or 0 if it is from an earlier boot and does not count, or -1 after a message. */
static int take_description(const struct root *root, json_object *o, struct loaded_record *ret)
{
	char boot_id[BOOT_ID_LEN + 1];

	if (!o || load_json(o, ret) || !get_string(o, "boot_id"))
		return error("/" STATE_FILE " is damaged: run the load command again");
	errno = -boot_id_read(root, boot_id);
	if (errno)
		return error_errno("cannot read /" BOOT_ID_FILE);
	return !strcmp(boot_id, get_string(o, "boot_id"));
}

int state_load(const struct root *root, struct loaded_record *ret)
{
	struct buffer buf;
	json_tokener *parser;
	json_object *o;
	int err, found;

	memset(ret, 0, sizeof(*ret));
	if (state_unknown(root))
		return error("the last load left an unknown image (/" LOADING "): it was "
			     "interrupted, or another program loaded at the same time; run the load "
			     "command again, or 'kexec -u'");
	err = root_read(root, STATE_FILE, STATE_MAX, &buf);
	if (err == -ENOENT)
		return 0;
	errno = -err;
	if (err)
		return error_errno("cannot read /" STATE_FILE);
	parser = json_tokener_new();
	o = parser ? json_tokener_parse_ex(parser, (const char *)buf.data, (int)buf.size) : NULL;
	found = take_description(root, o, ret);
	json_object_put(o);
	if (parser)
		json_tokener_free(parser);
	buffer_free(&buf);
	if (found <= 0)
		request_free(&ret->request);
	return found;
}
