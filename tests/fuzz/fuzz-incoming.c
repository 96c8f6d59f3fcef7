// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for what the previous kernel handed over. The input is the
 * payload as sysfs shows it: "data" of a folder made once is a link to a memfd
 * that takes the bytes. Seeds: "test-incoming --write-corpus DIR".
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "incoming.h"

#define SETUP_DATA	"/sys/kernel/boot_params/setup_data"

static struct root root;
static char folder[256];
static int data_fd = -1;

static void make_folders(void)
{
	static const char *const part[] = { "", "/sys", "/sys/kernel", "/sys/kernel/boot_params",
					    SETUP_DATA, SETUP_DATA "/0" };
	char path[400];

	for (size_t i = 1; i < sizeof(part) / sizeof(part[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", folder, part[i]);
		must(!mkdir(path, 0700));
	}
}

static void remove_folders(void)
{
	static const char *const part[] = { SETUP_DATA "/0/type", SETUP_DATA "/0/data",
					    SETUP_DATA "/0", SETUP_DATA, "/sys/kernel/boot_params",
					    "/sys/kernel", "/sys", "" };
	char path[400];

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", folder, part[i]);
		remove(path);
	}
}

static void make_tree(void)
{
	char path[400], target[64];
	const char *tmp = getenv("TMPDIR");
	FILE *f;

	snprintf(folder, sizeof(folder), "%s/fuzz-incoming.XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(folder) != NULL);
	atexit(remove_folders);
	make_folders();
	snprintf(path, sizeof(path), "%s%s", folder, SETUP_DATA "/0/type");
	f = fopen(path, "w");
	must(f && fprintf(f, "0x%x\n", KHO_SETUP_TYPE) > 0 && !fclose(f));
	data_fd = memfd_create("payload", 0);
	must(data_fd >= 0);
	snprintf(path, sizeof(path), "%s%s", folder, SETUP_DATA "/0/data");
	snprintf(target, sizeof(target), "/proc/%d/fd/%d", (int)getpid(), data_fd);
	must(!symlink(target, path));
	must(!root_init(&root, folder));
}

static void read_items(const struct incoming *in)
{
	for (uint32_t i = 0; i < in->payload.item_count; i++) {
		const struct kho_item *item = &in->item[i];
		struct buffer blob;

		must(strnlen(item->name, KHO_NAME_MAX) < KHO_NAME_MAX);
		must(incoming_find(in, item->kind, item->name) != NULL);
		if (item->kind != KHO_ITEM_BLOB || incoming_read_blob(in, item, &blob))
			continue;
		must(blob.size == item->size);
		buffer_free(&blob);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[KHO_NAME_MAX];
	struct incoming in;

	if (data_fd < 0)
		make_tree();
	must(!ftruncate(data_fd, 0) && pwrite(data_fd, data, size, 0) == (ssize_t)size);
	if (incoming_open(&root, &in) != 1)
		return 0;
	incoming_trusted(&in, "fuzz");
	read_items(&in);
	for (uint32_t i = 0; i < 4; i++) {
		incoming_entry_name(&in, i, name);
		must(strlen(name) < sizeof(name));
	}
	incoming_close(&in);
	return 0;
}
