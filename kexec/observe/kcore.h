/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical and kernel memory of the running kernel, read through /proc/kcore. */
#ifndef KEXEC_KCORE_H
#define KEXEC_KCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files.h"
#include "hidden-pages.h"
#include "kho.h"

struct kcore_segment {
	uint64_t virt;
	uint64_t phys;			/* KCORE_NO_PHYS if the kernel does not say */
	uint64_t size;
	uint64_t offset;		/* in the file */
};

#define KCORE_NO_PHYS	UINT64_MAX

struct kcore {
	int fd;
	struct kcore_segment *segment;
	size_t count;
	struct hidden_pages hidden;
};

/* Could kcore_open() open the file? If not, errno says why. */
bool kcore_opens(const struct root *root);

/* 0, or -1 after a message with the remedy. Release with kcore_close(). */
int kcore_open(const struct root *root, struct kcore *ret);
void kcore_close(struct kcore *kcore);

/*
 * Copy memory; 0, or -1 without a message. For physical memory a page that the kernel hides is
 * an error too, and a notice names it and says why.
 */
int kcore_read_phys(const struct kcore *kcore, uint64_t addr, void *buf, size_t size);
int kcore_read_virt(const struct kcore *kcore, uint64_t addr, void *buf, size_t size);

/* KCORE as a reader of memory for libkho; KCORE must stay open that long. */
struct kho_mem kcore_mem(struct kcore *kcore);

/* The physical address of a kernel virtual one; KCORE_NO_PHYS if unknown. */
uint64_t kcore_virt_to_phys(const struct kcore *kcore, uint64_t addr);

#endif
