/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals that wait, each in a process of its own. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signals.h"
#include "unit.h"

/* Exit codes of the children that no signal ends. */
enum { SURVIVED = 40, NOT_TOLD, TOLD };

/*
 * Whatever started the test: nohup ignores signals, and a process stops only in a group that
 * somebody outside of it could continue.
 */
static void usual_signals(void)
{
	sigset_t none;

	setpgid(0, 0);
	for (int number = 1; number <= SIGRTMAX; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int status_of(int (*child)(int number), int number)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		close(STDERR_FILENO);
		usual_signals();
		_exit(child(number));
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return status;
}

static int hold_and_release(int number)
{
	signals_hold();
	if (signals_pending())
		return TOLD;
	raise(number);
	if (signals_pending() != number || signals_check() != -1)
		return NOT_TOLD;
	signals_release();
	return SURVIVED;
}

/* What ends the program by default is told, waits, and ends it then, as it would have before. */
static void signals_wait(void **state)
{
	static const int numbers[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2,
				       SIGXCPU, SIGVTALRM, SIGIO, SIGPWR };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int status = status_of(hold_and_release, numbers[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), numbers[i]);
	}
	assert_int_equal(WTERMSIG(status_of(hold_and_release, SIGRTMIN)), SIGRTMIN);
	assert_int_equal(WTERMSIG(status_of(hold_and_release, SIGRTMAX)), SIGRTMAX);
}

static int harmless(int number)
{
	signals_hold();
	raise(number);
	if (signals_pending() || signals_check())
		return TOLD;
	signals_release();
	return SURVIVED;
}

/* Held as well, but no reason to give up. */
static void harmless_signals(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(status_of(harmless, SIGCHLD)), SURVIVED);
	assert_int_equal(WEXITSTATUS(status_of(harmless, SIGWINCH)), SURVIVED);
	assert_int_equal(WEXITSTATUS(status_of(harmless, SIGCONT)), SURVIVED);
	assert_int_equal(WTERMSIG(status_of(harmless, SIGPIPE)), SIGPIPE);
	assert_true(WIFSTOPPED(status_of(harmless, SIGTSTP)));
}

/* nohup kexec -e */
static int ignored(int number)
{
	signal(number, SIG_IGN);
	return harmless(number);
}

/* Who started the program keeps this one from it. */
static int blocked_before(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return harmless(number);
}

static void signals_of_others(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(status_of(ignored, SIGHUP)), SURVIVED);
	assert_int_equal(WEXITSTATUS(status_of(blocked_before, SIGTERM)), SURVIVED);
}

static int not_held(int number)
{
	signals_release();
	if (signals_pending() || signals_check())
		return TOLD;
	raise(number);
	return SURVIVED;
}

static int held_twice(int number)
{
	signals_hold();
	return hold_and_release(number);
}

static int held_again(int number)
{
	signals_hold();
	signals_release();
	return hold_and_release(number);
}

static void when_they_are_held(void **state)
{
	(void)state;
	assert_int_equal(WTERMSIG(status_of(not_held, SIGTERM)), SIGTERM);
	assert_int_equal(WTERMSIG(status_of(held_twice, SIGTERM)), SIGTERM);
	assert_int_equal(WTERMSIG(status_of(held_again, SIGTERM)), SIGTERM);
}

/* A fault of the program itself does not wait. */
static int faulty(int number)
{
	signals_hold();
	raise(number);
	return SURVIVED;
}

static void faults(void **state)
{
	(void)state;
	signal(SIGSEGV, SIG_DFL);
	assert_int_equal(WTERMSIG(status_of(faulty, SIGSEGV)), SIGSEGV);
	assert_int_equal(WTERMSIG(status_of(faulty, SIGABRT)), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_wait),
		cmocka_unit_test(harmless_signals),
		cmocka_unit_test(signals_of_others),
		cmocka_unit_test(when_they_are_held),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
