/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's tools: one static program, the command chosen by the name it is
 * called by, as in busybox. "memtool" also runs on the host, on RAM files.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE	4096ul
#define HUGE_SIZE	(2ul << 20)
#define IO_CHUNK	(1ul << 20)

int memtool_main(int argc, char **argv);
int dirty_main(int argc, char **argv);
int pageflags_main(int argc, char **argv);
int hugemem_main(int argc, char **argv);
int luo_main(int argc, char **argv);
int measure_main(int argc, char **argv);
int asuser_main(int argc, char **argv);
int dropcap_main(int argc, char **argv);
int scribble_main(int argc, char **argv);
int segfuzz_main(int argc, char **argv);
int rawkexec_main(int argc, char **argv);
int crowd_main(int argc, char **argv);
int cmdlines_main(int argc, char **argv);
int hidden_main(int argc, char **argv);

/* main.c: print "TOOL: message" and exit with status 1. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t number(const char *text);

/*
 * pattern.c: byte N of pattern SEED, for every N. Each 64-bit word depends on
 * the seed and on its place, so displaced data shows as well as damaged data.
 */
struct pattern_diff {
	uint64_t first;			/* position of the first wrong byte */
	uint64_t count;			/* wrong bytes; 0: equal */
};

/* pos: position of buf[0] in the pattern, a multiple of 8. */
void pattern_fill(void *buf, size_t len, uint64_t seed, uint64_t pos);
/* Adds to diff, which the caller sets to zero before the first piece. */
void pattern_compare(const void *buf, size_t len, uint64_t seed, uint64_t pos,
		     struct pattern_diff *diff);
/* Print the findings; returns the exit status. */
int pattern_report(const struct pattern_diff *diff, uint64_t size, uint64_t seed);

/* hugemem.c: where a page of this process is; PAGEMAP is /proc/self/pagemap. */
uint64_t physical(int pagemap, const void *virt);

/*
 * kcore.c: physical and kernel virtual memory through /proc/kcore, or of the kernel
 * that has fallen, through /proc/vmcore.
 */
void kcore_of_crash(void);
void kcore_open(void);
void kcore_read_phys(uint64_t phys, void *buf, size_t len);
/* Print NAME TYPE PID of each ELF note. */
int kcore_notes(void);
void kcore_read_virt(uint64_t virt, void *buf, size_t len);

#endif
