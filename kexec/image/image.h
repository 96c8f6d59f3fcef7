/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel image file says of itself. Pure: bytes in, facts out; nothing
 * here opens a file or prints.
 */
#ifndef KEXEC_IMAGE_H
#define KEXEC_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scratch-name.h"

#define BZIMAGE_SETUP_HEADER_OFFSET	0x1f1	/* in the file and in boot_params */

enum image_error {
	IMAGE_OK = 0,
	IMAGE_ERR_TRUNCATED,		/* the file is shorter than its header says, or the
					   compressed data or a segment is cut off */
	IMAGE_ERR_TYPE,			/* no type in the table of image-type.c, or a zImage */
	IMAGE_ERR_MACHINE,		/* not for x86_64 */
	IMAGE_ERR_SECTIONS,		/* a UKI without .linux, or with sections that overlap */
	IMAGE_ERR_NESTED,		/* a UKI in a UKI */
	IMAGE_ERR_NOT_LINUX,		/* an ELF file that does not name its release */
	IMAGE_ERR_OLD_LINUX,		/* a vmlinux from before 3.14 */
	IMAGE_ERR_OLD_PROTOCOL,		/* boot protocol before 2.10 */
	IMAGE_ERR_NO_64BIT,		/* an ELF file for 32-bit CPUs, without a multiboot2
					   header */
	IMAGE_ERR_HEADER,		/* a field of the setup header is out of its range */
	IMAGE_ERR_MULTIBOOT2,		/* tags of a multiboot2 header that are not as specified, or
					   addresses that do not fit together */
	IMAGE_ERR_MULTIBOOT2_TAG,	/* a tag that must be understood, and is not */
	IMAGE_ERR_FORMAT,		/* compression format not recognised */
	IMAGE_ERR_CODEC,		/* recognised, but this build has no decompressor */
	IMAGE_ERR_CORRUPT,		/* the decompressor rejects the data */
	IMAGE_ERR_LAYOUT,		/* the vmlinux is not laid out like one */
	IMAGE_ERR_TOOBIG,		/* decompressed size above the cap */
	IMAGE_ERR_NOMEM,		/* none left, or the data asks for more than the limit */
};

/* A sentence fragment for ERR, such as "truncated". Never NULL. */
const char *image_strerror(enum image_error err);

/* What the boot data of x86 needs of a bzImage; nothing else uses it. */
struct bzimage {
	uint16_t version;		/* boot protocol, 0x020f = 2.15 */
	uint16_t xloadflags;		/* XLF_*; of other images, what is true of them */
	uint32_t header_size;		/* bytes of setup header from 0x1f1 on; 0: it has none */
	uint32_t initrd_max;		/* highest address of an initrd, at the 32-bit entry */
};

/* What the boot data of x86 needs of a multiboot2 kernel. */
struct multiboot2 {
	bool present;			/* it is one: it takes modules, and no initrd */
	uint32_t wanted;		/* bit N: it must be given information of type N */
};

struct image_type;

/* A part of the file; size 0: it has none. */
struct image_part {
	size_t offset, size;
};

/* What a unified kernel image (UKI) has. */
struct image_bundle {
	struct image_part kernel;	/* an image of another type, or compressed */
	struct image_part ucode;	/* the initrd's first part: microcode */
	struct image_part initrd;
	struct image_part cmdline;	/* text, without a NUL if it fills the part */
	struct image_part dtb;
	struct image_part uname;	/* the kernel's release, for addons */
};

/*
 * What a loader needs to know of an image of any type. If it is a bundle (bundle.kernel.size is
 * not 0), all else is 0: parse its kernel for that.
 */
struct image {
	const struct image_type *type;	/* image-type.h; never NULL */
	struct image_bundle bundle;
	bool scattered;			/* the file's parts lie elsewhere in memory: kernel_* and
					   payload_* are 0, and image_gather() is next */
	bool segments_only;		/* kexec_file_load of running kernels does not take it */
	bool entry_32;			/* entered in 32-bit mode, so that all it is given must lie
					   below 4 GiB */
	bool relocatable;
	bool low;			/* place it as low as there is room */
	uint64_t alignment;		/* of the load address: power of two, at least a page */
	uint64_t pref_address;		/* lowest load address */
	uint64_t init_size;		/* bytes needed from the load address on; at least kernel_size */
	uint64_t limit;			/* it takes only addresses below this one; 0: any */
	uint64_t initrd_limit;		/* the same for its initrd or modules */
	uint64_t entry;			/* entry point, from the load address on */
	uint32_t cmdline_max;		/* longest command line, NUL not counted */
	size_t kernel_offset;		/* the part of the file that is loaded */
	size_t kernel_size;
	size_t payload_offset;		/* compressed vmlinux in the file; 0 if not named */
	size_t payload_size;
	struct bzimage bzimage;
	struct multiboot2 multiboot2;
};

/* Parse a whole image of SIZE bytes, of any type. Writes *RET only on IMAGE_OK. */
enum image_error image_parse(const void *buf, size_t size, struct image *ret);

/*
 * Make the parts of a scattered IMAGE, parsed from FILE, one piece as it will be in memory:
 * malloc'ed, the caller frees *RET. IMAGE then describes *RET. The payload of a vmlinux is all of
 * it, a vmlinux for image_scan(). IMAGE_ERR_NOMEM, or as image_parse().
 */
enum image_error image_gather(const void *file, size_t size, struct image *image, void **ret,
			      size_t *ret_size);

/* Parse an addon of a UKI: a PE file without a kernel. As image_parse(). */
enum image_error image_parse_addon(const void *buf, size_t size, struct image_bundle *ret);

/* Choose the entry of IMAGE in 32-bit mode. False if it has none. */
bool image_enter_32(struct image *image);

/*
 * Make the text LINE of a UKI a command line, as systemd-stub does: control characters become
 * spaces, and spaces around it are cut off.
 */
void image_clean_cmdline(char *line);

/* The type that option --type calls NAME, as kexec-tools does; NULL if there is none. */
const struct image_type *image_type_named(const char *name);

/* What option --type calls TYPE. */
const char *image_type_option(const struct image_type *type);

/* The names of all types, with commas between them, into TEXT of SIZE bytes. */
void image_type_names(char *text, size_t size);

/*
 * What the decompressed vmlinux says it can read; strings of a built-in initramfs do not
 * count. A kernel from before KHO has neither a kho string nor the message of a kernel without
 * KHO.
 *
 * LUO's strings and the parameter's name lie in data, where only a kernel with KHO shows what
 * is not initramfs. For other kernels these fields may be anything.
 */
struct kernel_features {
	char release[65];		/* of "Linux version RELEASE "; empty if not found */
	char kho[16];			/* "kho-v4", the first found; empty: none named */
	char luo[16];			/* "luo-v5" */
	char luo_session[24];		/* "luo-session-v2" */
	char luo_flb[16];		/* "luo-flb-v1" */
	char memfd[16];			/* "memfd-v2" */
	enum scratch_name scratch_name;	/* of the parameter that sets the sizes of scratch */
	bool kho_ambiguous;		/* more than one distinct kho-vN string */
	bool kho_disabled;		/* has the message of a kernel without KHO */
	bool reserve_mem;		/* "reserve-mem-v1": revives reserve_mem regions */
	bool preserve_phys;		/* exports kho_preserve_phys(): 6.16, 6.17 */
	bool preserve_pages;		/* exports kho_preserve_pages(): 6.18 and later */
};

#define IMAGE_SCAN_CAP	(1ull << 30)	/* most bytes of vmlinux that are read */

/*
 * Decompress PAYLOAD in a stream (gzip, xz, lzma, zstd, lz4, bzip2, lzo, or a
 * bare ELF) and search it. Memory use does not grow with the size of the
 * kernel. *RET_FORMAT gets the format's name ("zstd", "elf", or "unknown"), also
 * on failure. Writes *RET only on IMAGE_OK.
 */
enum image_error image_scan(const void *payload, size_t size, struct kernel_features *ret,
			    const char **ret_format);

/*
 * Decompress a whole-file compressed image (vmlinuz.gz and the like) into a
 * malloc'ed buffer of at most CAP bytes, which the caller frees. Input that is
 * not compressed is IMAGE_ERR_FORMAT.
 */
enum image_error image_unpack(const void *in, size_t size, size_t cap, void **ret, size_t *ret_size);

#endif
