/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel to be loaded: its files, and which handovers it reads. */
#ifndef KEXEC_TARGET_H
#define KEXEC_TARGET_H

#include "files.h"
#include "image.h"
#include "kernel-file.h"
#include "machine.h"
#include "request.h"

/* A file that a multiboot2 kernel gets besides its own. */
struct target_module {
	const char *string;		/* the request's, what the kernel is told of it */
	char name[32];			/* "module 1", for messages */
	int fd;				/* -1: it could not be opened */
	struct buffer data;		/* mapped, if that is possible */
	uint32_t crc;			/* of what was read */
};

struct target {
	/*
	 * Opened once, so that the files that are checked are the files that are loaded. -1:
	 * none.
	 */
	int kernel_fd, initrd_fd, prebuilt_fd;
	struct buffer kernel;		/* the image, decompressed if the file was */
	struct buffer initrd;		/* the user's, or of a UKI; size 0: none */
	uint32_t kernel_crc;		/* of the kernel file as it was read */
	uint32_t initrd_crc;		/* of the user's */
	struct kernel_extras extras;
	struct target_module module[MODULES_MAX];
	size_t module_count;
	struct image image;
	bool kernel_was_read;		/* what is above is valid, except descriptors and initrd */
	bool was_read;			/* ... and the initrd and modules */
	bool held;			/* the descriptors are sealed memory with what was read */
	struct kho_formats reads;	/* only with KHO: which handovers it reads */
};

/*
 * Open the files of REQUEST. 0, or -1 after a message. Release with target_release(),
 * also after an error.
 */
int target_open(struct target *target, const struct request *request);

/*
 * Read and parse the files of REQUEST that target_open() has opened, unless that was done
 * before: a target can be loaded again when its files are out of reach. 0, or an exit code
 * after a message.
 */
int target_read(struct target *target, const struct request *request);

/* The same for the kernel alone: in kexec_file_load() the running kernel reads the initrd. */
int target_read_kernel(struct target *target, const struct request *request);

/*
 * After target_read(): copy everything that is still read through the descriptors into memory.
 * After that the files may be out of reach, and anybody may write to them. 0, or -1 after a
 * message.
 */
int target_hold(struct target *target, const struct request *request);

/*
 * Do the files contain what target_read() has read? In kexec_file_load() the kernel reads them
 * itself. 0, or -1 after a message.
 */
int target_check_files(const struct target *target, const struct request *request);

/*
 * After a load through kexec_load: was it made of what target_read() has seen? An initrd that is
 * mapped may have changed meanwhile. 0, or -1 after a message.
 */
int target_check_mapped(const struct target *target, const struct request *request);

/* Does it read all of CMDLINE? 0, or -1 after a message. */
int target_check_cmdline(const struct target *target, const struct request *request, const char *cmdline);

/* Can this kernel run where it will run? 0, or -1 after a message. */
int target_check(const struct target *target, const struct machine *machine,
		 const struct request *request, const char *cmdline);

/* Find out which handover it reads; refuse a kernel that reads none. 0, or -1 after a message. */
int target_find_abis(struct target *target, const struct request *request);

/* Can it revive REGIONS reserve_mem regions? 0, or -1 after a message. */
int target_check_regions(const struct target *target, const struct request *request, size_t regions);

void target_release(struct target *target);

#endif
