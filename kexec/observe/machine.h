/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine as its firmware and the running kernel describe it. */
#ifndef KEXEC_MACHINE_H
#define KEXEC_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "files.h"
#include "kho.h"

#define MEMMAP_MAX	2048
#define NODES_MAX	64
#define TAKEN_MAX	16

/* E820 types, Documentation/arch/x86/boot.rst and ACPI 6.5 table 15.4. */
enum e820_type {
	E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4, E820_UNUSABLE = 5,
	E820_PMEM = 7, E820_PRAM = 12, E820_SOFT_RESERVED = 0xefffffffu,
};

struct memmap_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;			/* enum e820_type */
};

struct machine_node {
	unsigned int number;		/* as the kernel counts; there may be gaps */
	uint64_t start;			/* its lowest address */
};

struct machine {
	struct root root;
	char release[KHO_RELEASE_MAX];
	char *cmdline;			/* of the running kernel */
	struct memmap_entry memmap[MEMMAP_MAX];
	size_t memmap_count;
	struct kho_range ram[MEMMAP_MAX];	/* as firmware says, and the next kernel will see */
	size_t ram_count;
	/*
	 * The part of it that the running kernel uses as RAM. The rest may have been set aside
	 * by memmap= and the like, and its contents may be precious.
	 */
	struct kho_range usable[MEMMAP_MAX];
	size_t usable_count;		/* 0: /proc/iomem hides it from us */
	struct kho_range taken[TAKEN_MAX];	/* by the kernel's code and data, and a crash kernel */
	size_t taken_count;
	uint64_t ram_total;		/* bytes of ram[] */
	uint64_t ram_size;		/* bytes the kernel manages, /proc/meminfo */
	unsigned int cpus;		/* possible, not only online */
	struct machine_node node[NODES_MAX];	/* NUMA nodes with memory */
	size_t node_count;
	bool nodes_unknown;		/* node[] is empty for that reason */
	struct machine_arch arch;
};

/* Read all of it below ROOT_DIR. 0, or -1 after a message. */
int machine_observe(struct machine *machine, const char *root_dir);

/* Are usable[] and taken[] known? 0, or -1 after a message. */
int machine_check_usable(const struct machine *machine);

/* Is node[] known? 0, or -1 after a message. */
int machine_check_nodes(const struct machine *machine);

void machine_release(struct machine *machine);

#endif
