// SPDX-License-Identifier: GPL-2.0-only
/* "asuser UID COMMAND ...": run COMMAND without root's rights. */
#include <grp.h>
#include <unistd.h>

#include "guest.h"

int asuser_main(int argc, char **argv)
{
	uid_t uid;

	if (argc < 3)
		die("usage: asuser UID COMMAND ...");
	uid = (uid_t)number(argv[1]);
	if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
		die("cannot become user %s", argv[1]);
	execvp(argv[2], argv + 2);
	die("cannot run %s", argv[2]);
}
