// SPDX-License-Identifier: GPL-2.0-only
/* Link this to a fuzz target, without libFuzzer, to run each file named once. */
#include <stdio.h>

#include "fuzz.h"

#define INPUT_MAX	(1u << 20)

static int run_file(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		return 1;
	}
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	return LLVMFuzzerTestOneInput(buf, n);
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++)
		rc |= run_file(argv[i]);
	return rc;
}
