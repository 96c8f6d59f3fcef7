/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each architecture does in its own way. configure chooses the folder below kexec/arch
 * that defines these functions; a build has one. Types of other folders are only pointed to
 * here, so that every folder can include this header.
 */
#ifndef KEXEC_BOOT_ARCH_H
#define KEXEC_BOOT_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"

struct buffer;
struct image;
struct kho_purgatory_params;
struct kho_range;
struct machine;
struct memmap_entry;
struct root;

/* ---- The running kernel ---------------------------------------------------------------- */

/* Fill in *RET, what struct machine_arch has of the kernel below ROOT. 0, or -1 after a message. */
int arch_observe(const struct root *root, struct machine_arch *ret);

/*
 * If IMAGE has an entry with which it can start in the state MACHINE is in now, and the one chosen
 * is none, choose that, after a notice.
 */
void arch_choose_entry(const struct machine *machine, struct image *image);

/* Can IMAGE start in the state MACHINE is in now? 0, or -1 after a message. */
int arch_check_image(const struct machine *machine, const struct image *image);

/* ---- What came in ---------------------------------------------------------------------- */

/*
 * Open the payload that the previous kernel left in the boot data. 1: *RET_FD, which the
 * caller closes, is a file that leaves out the first *RET_SKIPPED bytes. 0: there is none. -1
 * after a message.
 */
int arch_open_payload(const struct root *root, int *ret_fd, uint64_t *ret_skipped);

/* Physical addresses and bytes of what the kernel itself gets for its handover. */
struct boot_handed {
	uint64_t fdt_addr, fdt_size;
	uint64_t scratch_addr, scratch_size;
};

/* 1 and *RET, or 0 if the kernel got none, or -1 after a message. */
int arch_read_handed(const struct root *root, struct boot_handed *ret);

/* ---- Boot data: what the next kernel is told ------------------------------------------- */

/* What firmware tells only one kernel, so that this one has to pass it on. */
struct boot_firmware;

/*
 * Read it, as far as IMAGE can use it: where the firmware's tables are, and its runtime services
 * if SERVICES are wanted. A notice says what cannot be passed on. 0, or -1 after a message; the
 * caller frees *RET, which may be NULL.
 */
int arch_read_firmware(const struct machine *machine, const struct image *image, bool services,
		       struct boot_firmware **ret);
void arch_free_firmware(struct boot_firmware *firmware);

/* A file that a multiboot2 kernel gets. */
struct boot_module {
	const char *string;		/* its name and arguments */
	uint64_t addr, size;
};

struct boot_input {
	const struct machine *machine;
	const struct boot_firmware *firmware;	/* NULL: do not pass it on */
	const unsigned char *kernel;	/* the file, for its header */
	const struct image *image;
	const char *cmdline;
	const struct memmap_entry *memmap;	/* what it is told of memory, by address */
	size_t memmap_count;
	uint64_t initrd_addr;
	uint64_t initrd_size;		/* bytes; 0: none */
	uint64_t kernel_addr;		/* where the image is loaded */
	bool bios_area;			/* a page stands in for what a BIOS leaves, at: */
	uint64_t bios_area_addr;
	const struct boot_module *module;	/* of a multiboot2 kernel only */
	size_t module_count;
	bool handover;			/* the rest is for a handover only */
	uint64_t payload_addr;
	struct boot_handed handed;
	const struct kho_range *reserve;	/* ranges the next kernel must keep */
	size_t reserve_count;
};

/*
 * Build the segment of boot data for address ADDR. Its size does not depend on any address, so
 * it can be built once to learn its size and again to be loaded. It makes the next kernel
 * reserve everything of ours before that kernel allocates memory. A multiboot2 kernel gets its own
 * form of it, and no handover. *RET_PAYLOAD_NEXT is the
 * value for "next" in the payload's header; purgatory cuts it off if the preserved state is
 * damaged. 0, or -1 after a message; the caller frees *RET.
 */
int arch_build_boot_data(const struct boot_input *in, uint64_t addr, struct buffer *ret,
			 uint64_t *ret_payload_next);

/* What the segment of boot data for IMAGE is called. */
const char *arch_boot_data_name(const struct image *image);

/*
 * Must IMAGE be given a page in which it looks for what a BIOS leaves there, because MACHINE has no
 * BIOS? *RET: where the page may lie.
 */
bool arch_wants_bios_area(const struct machine *machine, const struct image *image,
			  const struct boot_firmware *firmware, struct kho_range *ret);

/* Words that such a kernel, and the one in its first module, need on their command lines. */
struct boot_words {
	const char *own;
	char module[40];		/* "": ACPI's tables are not known */
};

void arch_words_without_bios(const struct machine *machine, const struct boot_firmware *firmware,
			     struct boot_words *ret);

/* Addresses of what purgatory hands to an image. */
struct boot_entry {
	uint64_t kernel, boot_data;
	uint64_t bios_area;		/* 0: none */
};

/* How purgatory enters IMAGE on MACHINE. */
void arch_set_entry(const struct machine *machine, const struct image *image,
		    const struct boot_firmware *firmware, const struct boot_entry *at,
		    struct kho_purgatory_params *params);

/* ---- Where purgatory prints ------------------------------------------------------------ */

/* I/O port of the serial console that CMDLINE names last; 0 if none. */
uint16_t arch_serial_port(const char *cmdline);

/* I/O port of the serial console NAME, "ttyS0" or a port's number; 0 if it is neither. */
uint16_t arch_serial_named(const char *name);

/* The same, if the kernel's purgatory can use it; a notice says if not. */
uint16_t arch_serial_port_of_kernel(const char *cmdline);

/* KHO_CONSOLE_*: the screen of MACHINE. */
uint16_t arch_screen(const struct machine *machine);

#endif
