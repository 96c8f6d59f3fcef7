/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "boot-arch.h"
#include "kho-handover.h"
#include "message.h"
#include "number.h"
#include "setup-data.h"
#include "setup-data-sysfs.h"

#define SETUP_DATA_DIR	"sys/kernel/boot_params/setup_data"

/* Whether the entry in folder NAME has type WANTED: 1, 0, or -1 with errno. */
static int is_entry(const struct root *root, const char *name, uint32_t wanted, int *ret_number)
{
	uint64_t type, number;
	char path[300];
	int err;

	if (!parse_u64(name, &number) || number > INT_MAX)
		return 0;
	snprintf(path, sizeof(path), SETUP_DATA_DIR "/%s/type", name);
	err = root_read_u64(root, path, &type);
	if (!err && type == wanted)
		*ret_number = (int)number;
	errno = err == -ENOENT ? 0 : -err;
	return errno ? -1 : !err && type == wanted;
}

int setup_data_find(const struct root *root, uint32_t wanted, int *ret_number)
{
	DIR *dir = root_opendir(root, SETUP_DATA_DIR);
	const struct dirent *entry;
	int found = 0;

	if (!dir && errno == ENOENT)
		return 0;
	while (dir && !found && (entry = next_entry(dir)))
		found = is_entry(root, entry->d_name, wanted, ret_number);
	if (found < 0 || (!found && errno))
		found = error_errno("cannot read what is in /" SETUP_DATA_DIR);
	if (dir)
		closedir(dir);
	return found;
}

int arch_open_payload(const struct root *root, int *ret_fd, uint64_t *ret_skipped)
{
	int number, found = setup_data_find(root, KHO_SETUP_TYPE, &number);
	char path[96];

	if (found <= 0)
		return found;
	snprintf(path, sizeof(path), SETUP_DATA_DIR "/%d/data", number);
	*ret_fd = root_open(root, path, O_RDONLY);
	*ret_skipped = sizeof(struct kho_setup_data);
	return *ret_fd < 0 ? error_errno("cannot open /%s", path) : 1;
}

/* SETUP_KEXEC_KHO has the fields of *RET, in this order. */
int arch_read_handed(const struct root *root, struct boot_handed *ret)
{
	int number, err = setup_data_find(root, SETUP_TYPE_KEXEC_KHO, &number);
	struct buffer data;
	char path[96];

	if (err <= 0)
		return err;
	snprintf(path, sizeof(path), SETUP_DATA_DIR "/%d/data", number);
	err = root_read(root, path, PAGE_SIZE, &data);
	if (err)
		return root_read_result(err, path);
	err = data.size >= sizeof(*ret) ? 1 : error("/%s has %zu bytes instead of %zu", path,
						    data.size, sizeof(*ret));
	if (err > 0)
		memcpy(ret, data.data, sizeof(*ret));
	buffer_free(&data);
	return err;
}
