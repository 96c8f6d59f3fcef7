/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot-arch.h"
#include "crc32c.h"
#include "kho.h"
#include "message.h"
#include "kho-formats.h"
#include "prebuilt-file.h"
#include "target.h"
#include "uki-addons.h"

#define INITRD_MAX	(64ull << 30)

/* CRC is of a file now, and FIRST of what was loaded first. */
static int check_unchanged(const struct request *rq, uint32_t crc, uint32_t first)
{
	if (rq->reloading && crc != first)
		return error("'%s' or '%s' has changed since it was loaded, so the image cannot be "
			     "loaded again with the regions' newest digests: run the load command again",
			     rq->kernel, rq->initrd ? rq->initrd : "initrd");
	return 0;
}

/* With an empty initrd a kernel boots as if it had none, and nothing says why it finds no root. */
static int open_filled(const char *path, const char *what)
{
	int fd = file_open(path, what, INITRD_MAX);
	struct stat st;

	if (fd < 0 && !strcmp(path, FIRST_INITRD))
		notice("the running kernel keeps its initrd only if it was started with retain_initrd: name the "
		       "file with --initrd");
	if (fd < 0 || fstat(fd, &st) || st.st_size)
		return fd;
	close(fd);
	return error("%s '%s' is empty: it was not written completely, or has yielded nothing%s", what, path,
		     strcmp(what, "initrd") ? "" : "; leave --initrd out to load without one");
}

int target_open(struct target *t, const struct request *rq)
{
	memset(t, 0, sizeof(*t));
	t->initrd_fd = t->prebuilt_fd = t->extras.initrd_fd = -1;
	t->kernel_fd = file_open(rq->kernel, "kernel", KERNEL_FILE_MAX);
	if (t->kernel_fd < 0)
		return -1;
	if (rq->initrd)
		t->initrd_fd = open_filled(rq->initrd, "initrd");
	if (rq->prebuilt)
		t->prebuilt_fd = file_open(rq->prebuilt, "segment", PREBUILT_FILE_MAX);
	return (rq->initrd && t->initrd_fd < 0) || (rq->prebuilt && t->prebuilt_fd < 0) ? -1 : 0;
}

static int hold(int *fd, const char *path, uint64_t cap)
{
	int copy = *fd < 0 ? -1 : file_copy(*fd, cap);

	if (*fd < 0)
		return 0;
	if (copy < 0)
		return error_errno("cannot copy '%s' into memory", path);
	close(*fd);
	*fd = copy;
	return 0;
}

static int check_file(int fd, const char *path, uint32_t wanted)
{
	uint32_t crc;

	if (file_crc(fd, &crc))
		return error_errno("cannot read '%s' again, to check that the kernel has loaded "
				   "the same file", path);
	return crc == wanted ? 0 : error("'%s' was written while it was being loaded: load it "
					 "again when it is complete", path);
}

/* What was unpacked is in our memory. */
static int check_kernel(const struct target *t, const struct request *rq)
{
	return t->extras.unpacked ? 0 : check_file(t->kernel_fd, rq->kernel, t->kernel_crc);
}

/* What is mapped is the copy then, as its lease went with the file. 0, or -1 after a message. */
static int hold_initrd(struct target *t, const struct request *rq)
{
	if (!rq->initrd || file_is_sealed(t->initrd_fd))
		return 0;
	buffer_free(&t->initrd);
	if (hold(&t->initrd_fd, rq->initrd, INITRD_MAX))
		return -1;
	if (!file_map(t->initrd_fd, INITRD_MAX, &t->initrd))
		return error_errno("cannot map '%s'", rq->initrd);
	return check_file(t->initrd_fd, rq->initrd, t->initrd_crc);
}

int target_hold(struct target *t, const struct request *rq)
{
	const bool kernel_reads = rq->method == METHOD_FILE;

	/* For kexec_load this program has read the files, but may have only mapped the initrd. */
	if ((kernel_reads || t->initrd.mapped) && hold_initrd(t, rq))
		return -1;
	if (!kernel_reads || t->held)
		return 0;
	if ((!t->extras.unpacked && hold(&t->kernel_fd, rq->kernel, KERNEL_FILE_MAX)) ||
	    hold(&t->prebuilt_fd, rq->prebuilt, PREBUILT_FILE_MAX) || check_kernel(t, rq))
		return -1;
	t->held = true;
	return 0;
}

/* Both system calls can read it there. */
static void move_initrd(struct target *t, struct kernel_extras *extras)
{
	buffer_free(&t->initrd);
	if (t->initrd_fd >= 0)
		close(t->initrd_fd);
	t->initrd_fd = extras->initrd_fd;
	t->initrd = extras->initrd;
	extras->initrd_fd = -1;
	extras->initrd = (struct buffer){ 0 };
}

/* The user's initrd takes the place of the one in a UKI. */
static void take_own_initrd(struct target *t, const struct request *rq)
{
	if (t->extras.dtb && !rq->reloading)
		notice("the device tree in '%s' (.dtb) is not passed on", rq->kernel);
	if (!t->extras.initrd.size)
		return;
	if (!rq->reloading && rq->initrd)
		notice("'%s' is loaded in place of the initrd in '%s'", rq->initrd, rq->kernel);
	else if (!rq->reloading)
		notice("the initrd in '%s' is loaded", rq->kernel);
	if (!rq->initrd)
		move_initrd(t, &t->extras);
}

static int check_type(const struct target *t, const struct request *rq)
{
	if (!rq->type || rq->type == t->extras.type)
		return 0;
	return error("Wrong file type %s: '%s' is of type %s", image_type_option(rq->type), rq->kernel,
		     image_type_option(t->extras.type));
}

/* Options that go with one kind of kernel alone. */
static int check_kind(const struct target *t, const struct request *rq)
{
	if (t->image.multiboot2.present) {
		if (rq->crash)
			return error("'%s' is a multiboot2 kernel, which does not stay in the memory that is set aside "
				     "for a crash kernel: use a kernel of Linux for -p", rq->kernel);
		if (rq->initrd)
			return error("'%s' is a multiboot2 kernel, which takes modules and no initrd: "
				     "use --module=\"FILE ARGUMENTS\" in place of --initrd",
				     rq->kernel);
		if (rq->args_linux)
			return error("'%s' is a multiboot2 kernel, which does not take Linux' boot "
				     "parameters: leave --args-linux out", rq->kernel);
	} else if (rq->module_count) {
		return error("'%s' is no multiboot2 kernel, and Linux takes nothing besides its "
			     "initrd: use --initrd in place of --module", rq->kernel);
	}
	return 0;
}

/* 0, or -1 after a message. */
static int check_request(struct target *t, const struct request *rq)
{
	if (check_kind(t, rq))
		return -1;
	if (!rq->entry_32 || image_enter_32(&t->image))
		return 0;
	return error("'%s' has no 32-bit entry point: leave --entry-32bit out", rq->kernel);
}

/* Parse what is in t->kernel. 0, or an exit code after a message. */
static int parse_kernel(struct target *t, const struct request *rq)
{
	t->kernel_crc = crc32c(0, t->kernel.data, t->kernel.size);
	if (check_unchanged(rq, t->kernel_crc, rq->kernel_crc))
		return EXIT_REFUSED;
	kernel_extras_free(&t->extras);
	if (kernel_file_parse(rq->kernel, &t->kernel, &t->image, &t->extras) || check_type(t, rq))
		return EXIT_FAILED;
	/* Loaded again, it has the command line of the first load; the user's replaces all of this. */
	if (t->extras.bundle && !rq->reloading && !rq->cmdline && strcmp(rq->kernel, "-") &&
	    uki_addons_append(rq->kernel, &t->extras))
		return EXIT_REFUSED;
	take_own_initrd(t, rq);
	return check_request(t, rq) ? EXIT_REFUSED : 0;
}

/* A kernel that was not packed is small, and its file may be written from now on. */
static int keep_kernel(struct target *t)
{
	struct buffer copy;

	if (!t->kernel.mapped)
		return 0;
	if (buffer_alloc(&copy, t->kernel.size))
		return -1;
	memcpy(copy.data, t->kernel.data, copy.size);
	buffer_free(&t->kernel);
	t->kernel = copy;
	return 0;
}

int target_read_kernel(struct target *t, const struct request *rq)
{
	int code;

	if (t->kernel_was_read)
		return 0;
	buffer_free(&t->kernel);
	/* Mapped, as a UKI may have a large initrd inside. */
	if (!file_map(t->kernel_fd, KERNEL_FILE_MAX, &t->kernel) &&
	    file_read_open(t->kernel_fd, rq->kernel, "kernel", KERNEL_FILE_MAX, &t->kernel))
		return EXIT_REFUSED;
	code = parse_kernel(t, rq);
	if (!code && keep_kernel(t))
		code = EXIT_FAILED;
	file_let_go(t->kernel_fd);
	t->kernel_was_read = !code;
	return code;
}

static int read_initrd(struct target *t, const struct request *rq)
{
	if (rq->initrd) {
		buffer_free(&t->initrd);
		if (!file_map(t->initrd_fd, INITRD_MAX, &t->initrd) &&
		    file_read_open(t->initrd_fd, rq->initrd, "initrd", INITRD_MAX, &t->initrd))
			return -1;
		t->initrd_crc = crc32c(0, t->initrd.data, t->initrd.size);
	}
	return check_unchanged(rq, t->initrd_crc, rq->initrd_crc);
}

/* The file of a module is the first word of what the kernel is told. */
static int read_module(const char *string, size_t number, struct target_module *ret)
{
	char *path = strndup(string, strcspn(string, " "));
	int err;

	ret->string = string;
	snprintf(ret->name, sizeof(ret->name), "module %zu", number);
	ret->fd = path ? open_filled(path, "module") : error("no memory for a file name");
	err = ret->fd < 0 || (!file_map(ret->fd, INITRD_MAX, &ret->data) &&
			      file_read_open(ret->fd, path, "module", INITRD_MAX, &ret->data));
	free(path);
	ret->crc = crc32c(0, ret->data.data, ret->data.size);
	return err ? -1 : 0;
}

static int read_modules(struct target *t, const struct request *rq)
{
	int err = 0;

	while (!err && t->module_count < rq->module_count) {
		const size_t i = t->module_count++;

		err = read_module(rq->module[i], i + 1, &t->module[i]);
	}
	return err;
}

int target_read(struct target *t, const struct request *rq)
{
	int code = t->was_read ? 0 : target_read_kernel(t, rq);

	if (code || t->was_read)
		return code;
	if (read_initrd(t, rq) || read_modules(t, rq))
		return EXIT_REFUSED;
	t->was_read = true;
	return 0;
}

int target_check_files(const struct target *t, const struct request *rq)
{
	if (t->held)
		return 0;
	if (check_kernel(t, rq))
		return -1;
	return rq->initrd ? check_file(t->initrd_fd, rq->initrd, t->initrd_crc) : 0;
}

int target_check_mapped(const struct target *t, const struct request *rq)
{
	for (size_t i = 0; i < t->module_count; i++) {
		const struct target_module *m = &t->module[i];

		if (m->data.mapped && check_file(m->fd, m->string, m->crc))
			return -1;
	}
	if (!t->initrd.mapped || file_is_sealed(t->initrd_fd))
		return 0;
	return check_file(t->initrd_fd, rq->initrd, t->initrd_crc);
}

int target_check_cmdline(const struct target *t, const struct request *rq, const char *cmdline)
{
	if (strlen(cmdline) <= t->image.cmdline_max)
		return 0;
	return error("the command line has %zu characters%s, the new kernel reads %u", strlen(cmdline),
		     rq->crash_memmap ? " with elfcorehdr= and the words of --pass-memmap-cmdline" :
		     rq->crash ? " with elfcorehdr=" : "", t->image.cmdline_max);
}

int target_check(const struct target *t, const struct machine *m, const struct request *rq,
		 const char *cmdline)
{
	const struct image *image = &t->image;

	if (arch_check_image(m, image))
		return -1;
	if (rq->kho && kernel_file_check_handover(rq->kernel, image))
		return -1;
	if (rq->kho && !image->relocatable)
		return error("the new kernel is not relocatable, and a handover needs one that runs in "
			     "scratch: build it with CONFIG_RELOCATABLE");
	return target_check_cmdline(t, rq, cmdline);
}

static int check_reads(const struct target *t, const struct request *rq,
		       const struct kernel_features *f)
{
	const struct kho_formats any = { .abi = KHO_ABI_V4 };

	if (kho_compat_map(&any, &t->reads).fate != KHO_FATE_REFUSED)
		return 0;
	if (!f->kho[0] || f->kho_disabled)
		return error("'%s' (%s) has no KHO: it would boot as if nothing had been handed over; "
			     "use a kernel built with CONFIG_KEXEC_HANDOVER", rq->kernel, f->release);
	return error("'%s' (%s) reads handovers of ABI %s, which this program does not write: it would drop "
		     "the handover; use a kernel whose ABI is kho-v1, kho-v3 or kho-v4 (Linux 6.16 and "
		     "later)", rq->kernel, f->release,
		     f->kho_ambiguous ? "unclear" : f->kho);
}

int target_find_abis(struct target *t, const struct request *rq)
{
	struct kernel_features features;

	if (rq->reloading) {
		t->reads = rq->reads;
		return 0;
	}
	if (kernel_file_scan(rq->kernel, &t->kernel, &t->image, &features))
		return -1;
	/* If the form of v1 is unknown, no map may be handed on by address. */
	if (!formats_of_image(&features, &t->reads) && t->reads.abi == KHO_ABI_V1)
		t->reads.abi = KHO_ABI_V1_512;
	debug("target: release %s, KHO %s, LUO %s, memfd %s", features.release, features.kho,
	      features.luo, features.memfd);
	return check_reads(t, rq, &features);
}

int target_check_regions(const struct target *t, const struct request *rq, size_t regions)
{
	if (regions && !t->reads.reserve_mem)
		return error("'%s' cannot revive reserve_mem regions: its memblock code does not read "
			     "'reserve-mem-v1'", rq->kernel);
	return 0;
}

void target_release(struct target *t)
{
	kernel_extras_free(&t->extras);
	buffer_free(&t->kernel);
	buffer_free(&t->initrd);
	for (size_t i = 0; i < t->module_count; i++) {
		buffer_free(&t->module[i].data);
		if (t->module[i].fd >= 0)
			close(t->module[i].fd);
	}
	if (t->kernel_fd >= 0)
		close(t->kernel_fd);
	if (t->initrd_fd >= 0)
		close(t->initrd_fd);
	if (t->prebuilt_fd >= 0)
		close(t->prebuilt_fd);
	t->kernel_fd = t->initrd_fd = t->prebuilt_fd = -1;
	t->held = false;
}
