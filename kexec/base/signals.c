/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "message.h"
#include "signals.h"

static bool held;
static sigset_t before;			/* what was blocked before */

/* An instruction of this program causes these; if they were blocked, they would kill at once. */
static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };

/*
 * By default these end nothing. SIGPIPE only says that nobody reads our messages, which is no
 * reason to stop.
 */
static const int harmless[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU,
				SIGPIPE };

static bool is_harmless(int number)
{
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (number == harmless[i])
			return true;
	return false;
}

/* A blocked signal waits even if it is ignored, as SIGHUP is under nohup. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

void signals_hold(void)
{
	sigset_t set;

	if (held)
		return;
	sigfillset(&set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&set, faults[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	held = true;
}

int signals_pending(void)
{
	sigset_t set;

	if (!held || sigpending(&set))
		return 0;
	for (int number = 1; number <= SIGRTMAX; number++)
		if (sigismember(&set, number) == 1 && !sigismember(&before, number) &&
		    !is_harmless(number) && !is_ignored(number))
			return number;
	return 0;
}

int signals_check(void)
{
	int number = signals_pending();

	return number ? error("signal %d (%s): giving up", number, strsignal(number)) : 0;
}

void signals_release(void)
{
	if (!held)
		return;
	held = false;
	sigprocmask(SIG_SETMASK, &before, NULL);
}
