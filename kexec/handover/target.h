/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel to be loaded: its files, and what it can take. */
#ifndef KEXEC_TARGET_H
#define KEXEC_TARGET_H

#include "files.h"
#include "image.h"
#include "machine.h"
#include "request.h"

struct target {
	/* Opened once: what is judged is what is loaded. -1: none. */
	int kernel_fd, initrd_fd, prebuilt_fd;
	struct buffer kernel;		/* the image, decompressed if the file was */
	struct buffer initrd;		/* size 0: none */
	uint32_t kernel_crc;		/* of the kernel file as it was read */
	uint32_t initrd_crc;
	bool packed;			/* ... compressed as a whole, which kexec_file_load does not take */
	struct image image;
	bool was_read;			/* all of the above but the descriptors is valid */
	bool held;			/* the descriptors are of sealed memory, and hold what was read */
	struct kho_formats reads;	/* only with KHO: what it can be handed */
};

/*
 * Open the files of REQUEST. 0, or -1 after a message. Release with target_release(),
 * also after an error.
 */
int target_open(struct target *target, const struct request *request);

/*
 * Read and parse the files of REQUEST that target_open() has opened, unless that was
 * done before: a target can be loaded again with its files out of reach. 0, or an exit
 * code after a message.
 */
int target_read(struct target *target, const struct request *request);

/*
 * After target_read(): copy what is still read through the descriptors into memory. From
 * here on the files may be out of reach, and written by anybody. 0, or -1 after a message.
 */
int target_hold(struct target *target, const struct request *request);

/*
 * Do the files hold what target_read() has read? The kernel reads them by itself in
 * kexec_file_load(). 0, or -1 after a message.
 */
int target_check_files(const struct target *target, const struct request *request);

/* Can this kernel run where it will run? 0, or -1 after a message. */
int target_check(const struct target *target, const struct machine *machine,
		 const char *cmdline);

/* Find out which handover it reads; one that reads none is refused. 0, or -1 after a message. */
int target_find_abis(struct target *target, const struct request *request);

/* Can it take REGIONS reserve_mem regions back? 0, or -1 after a message. */
int target_check_regions(const struct target *target, const struct request *request, size_t regions);

void target_release(struct target *target);

#endif
