// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile KHO segments for kexec_file_load.
 *
 *	segfuzz made SEGMENT KERNEL		wrong in one thing each, by hand
 *	segfuzz mutate SEGMENT COUNT SEED [FIRST]	damaged at random
 *	segfuzz load SEGMENT KERNEL COUNT SEED [FIRST]	the same, loaded if it is accepted
 *	segfuzz failnth SEGMENT KERNEL		with each allocation failing once
 *	segfuzz failnth-refused SEGMENT KERNEL	the same; in the end it is refused, too
 *
 * SEGMENT is one that "kexec --kho-save-segment" has made in this kernel, with region
 * "r0", a region that the user has added, and a blob, all of them verified. "made" and
 * "mutate" load nothing: what the kernel accepts ends in ENOEXEC, for its kernel is none.
 */
#include <string.h>

#include "segment.h"

int segfuzz_main(int argc, char **argv)
{
	const char *command = argc > 3 ? argv[1] : "";

	if (!strcmp(command, "made") && argc == 4)
		return segfuzz_made(argv[2], argv[3]);
	if (!strcmp(command, "mutate") && (argc == 5 || argc == 6))
		return segfuzz_mutate(argv[2], NULL, number(argv[3]), number(argv[4]),
				      argc == 6 ? number(argv[5]) : 0);
	if (!strcmp(command, "load") && (argc == 6 || argc == 7))
		return segfuzz_mutate(argv[2], argv[3], number(argv[4]), number(argv[5]),
				      argc == 7 ? number(argv[6]) : 0);
	if (!strcmp(command, "failnth") && argc == 4)
		return segfuzz_failnth(argv[2], argv[3], false);
	if (!strcmp(command, "failnth-refused") && argc == 4)
		return segfuzz_failnth(argv[2], argv[3], true);
	die("usage: segfuzz made|mutate|load|failnth|failnth-refused SEGMENT ...");
}
