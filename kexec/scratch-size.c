/* SPDX-License-Identifier: GPL-2.0-only */
#include "arch.h"
#include "scratch-size.h"

uint64_t scratch_for_kernel(const struct bzimage *image)
{
	return 2 * ((uint64_t)image->init_size + image->alignment);
}

uint64_t scratch_for_pages(uint64_t ram)
{
	/* 64 bytes for each 4 KiB, and half as much again. */
	return ram / 64 * 3 / 2;
}

uint64_t scratch_for_boot(unsigned int cpus)
{
	return cpus * 2 * MIB + 64 * MIB;
}
