/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel to be loaded: its files, and what it can take. */
#ifndef KEXEC_TARGET_H
#define KEXEC_TARGET_H

#include "files.h"
#include "image.h"
#include "machine.h"
#include "request.h"

struct target {
	struct buffer kernel;		/* a bzImage, decompressed if the file was */
	struct buffer initrd;		/* size 0: none */
	uint32_t file_crc;		/* of the kernel file as it was read */
	bool packed;			/* ... compressed as a whole, which kexec_file_load does not take */
	struct bzimage image;
	struct kho_reader reads;	/* only with KHO: what it can be handed */
};

/* Read and parse the files of REQUEST. 0, or an exit code after a message. */
int target_read(struct target *target, const struct request *request);

/* Can this kernel run where it will run? 0, or -1 after a message. */
int target_check(const struct target *target, const struct machine *machine,
		 const char *cmdline);

/* Find out which handover it reads; one that reads none is refused. 0, or -1 after a message. */
int target_find_abis(struct target *target, const struct request *request);

/* Can it take REGIONS reserve_mem regions back? 0, or -1 after a message. */
int target_check_regions(const struct target *target, const struct request *request, size_t regions);

void target_release(struct target *target);

#endif
