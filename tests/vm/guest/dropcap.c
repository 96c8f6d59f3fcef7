// SPDX-License-Identifier: GPL-2.0-only
/* "dropcap NUMBER COMMAND ...": run COMMAND without one of the capabilities. */
#include <sys/prctl.h>
#include <unistd.h>

#include "guest.h"

int dropcap_main(int argc, char **argv)
{
	if (argc < 3)
		die("usage: dropcap NUMBER COMMAND ...");
	/* What root is given by execve(2) is no more than this set. */
	if (prctl(PR_CAPBSET_DROP, number(argv[1]), 0, 0, 0))
		die("cannot drop capability %s", argv[1]);
	execvp(argv[2], argv + 2);
	die("cannot run %s", argv[2]);
}
