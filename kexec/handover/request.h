/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user wants to load and hand over. */
#ifndef KEXEC_REQUEST_H
#define KEXEC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kho-handover.h"
#include "kho.h"

struct image_type;

/* The initrd that the running kernel was started with, if it was told to keep it. */
#define FIRST_INITRD	"/sys/firmware/initrd"

#define MODULES_MAX	12		/* kexec_load takes 16 segments; 4 are needed besides */

#define BLOBS_MAX	48		/* leaves room for the kernel's own nodes */

struct blob_request {
	char name[KHO_NAME_MAX];
	char *path;
};

/* Names from --kho-verify or --kho-carry, or all of them. */
struct name_set {
	bool all;
	char **name;
	size_t count, room;
};

/* For a region that must not change: the digests of the first load. */
struct first_digests {
	char name[KHO_REGION_NAME_MAX];
	uint32_t *digest;		/* malloc'ed, one for each chunk */
	size_t count;
};

/* Which system call loads: options -a, -s and -c. */
enum method_choice { METHOD_AUTO, METHOD_FILE, METHOD_SEGMENTS };

struct request {
	char *kernel;
	const struct image_type *type;	/* the kernel must be of it; NULL: any */
	char *initrd;			/* NULL: none */
	char *cmdline;
	char *module[MODULES_MAX];	/* "FILE ARGUMENTS", for a multiboot2 kernel */
	size_t module_count;
	bool entry_32;			/* of --entry-32bit */
	bool args_linux;		/* the kernel must take Linux' boot data */
	enum method_choice method;
	bool kho;
	bool crash;			/* to be started by a panic */
	bool crash_update;		/* --hotplug: the kernel may change the headers of the dump */
	bool crash_memmap;		/* --pass-memmap-cmdline */
	bool no_checks;
	bool no_efi;
	uint64_t mem_min, mem_max;	/* lowest and highest address of segments; 0: any */
	uint16_t serial_port;		/* purgatory's, whatever the command line says; 0: as that says */
	bool console_vga;		/* purgatory also writes to VGA text memory */
	unsigned long file_flags;	/* of kexec_file_load, in addition: --no-cma, --force-dtb */
	bool dry_run;
	bool reloading;			/* second load of an image that was checked before */
	struct kho_region region[KHO_REGIONS_MAX];	/* of --kho-region */
	size_t region_count;
	struct blob_request blob[BLOBS_MAX];
	size_t blob_count;
	struct name_set carry;
	/* --kho-verify: which digests count. */
	struct name_set verify;		/* those of the load, or of kexec -e if the region has
					   changed */
	struct name_set load;		/* those of the load: a change is an error */
	struct name_set late;		/* the kernel's, when everything else has stopped */
	char *save_prebuilt;		/* file to write the handover to, instead of loading */
	char *prebuilt;			/* file with a handover written before */
	/* What the files must still contain, when loading again. */
	uint32_t kernel_crc;
	uint32_t initrd_crc;
	struct first_digests first[KHO_REGIONS_MAX];	/* of each region of LOAD */
	size_t first_count;
	struct kho_formats reads;	/* what the new kernel reads, as found at the first load */
};

void request_free(struct request *request);

/* An option of REQUEST that only kexec_load can honour; NULL if there is none. */
const char *request_needs_segments(const struct request *request);

/*
 * Take one option value into REQUEST. 0, or -1 after a message.
 * NAME=ADDR,SIZE; FILE ARGUMENTS; NAME=FILE; NAME,NAME,... or "all", each with ":load", ":late" or
 * ":seal".
 */
int request_add_region(struct request *request, const char *value);
int request_add_module(struct request *request, const char *value);
int request_add_blob(struct request *request, const char *value);
int request_add_verify(struct request *request, const char *value);
/* VALUE NULL: every incoming blob. */
int request_add_carry(struct request *request, const char *value);

/* Is it in the set, by its name or by "all"? */
bool name_set_has(const struct name_set *set, const char *name);
bool name_set_names(const struct name_set *set, const char *name);
static inline bool name_set_empty(const struct name_set *set)
{
	return !set->all && !set->count;
}
/* Append a copy of NAME. 0, or -1 after a message. */
int name_set_add(struct name_set *set, const char *name);

#endif
