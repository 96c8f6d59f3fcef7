// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd SECONDS KERNEL INITRD CMDLINE
 *
 * Programs that load, unload and leave at random, all at once: two that run the kexec
 * under test, one that knows only kexec_load(2), one that runs Debian's kexec-tools. Each
 * "kexec -e" is stopped where it calls reboot(2), and does not leave: what the kernel has
 * loaded at this moment must be the image of the description, if there is one. From time
 * to time all rest, and then a description must fit what is loaded, unless somebody who
 * knows nothing of descriptions came last. Each load has a payload of another size. Some
 * are killed on their way.
 *
 * What a program loads between the last look of "kexec -e" and reboot(2) nobody can see:
 * a verdict is left open if another one loaded or unloaded within GRACE before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#undef PAGE_SIZE			/* of sys/user.h */
#include "guest.h"

#define GRACE		100000000ll	/* ns */
#define ROUND		10		/* seconds between rests */
#define STUB_ADDR	0x2000000ul	/* of the image that kexec_load(2) is given */
#define KIMAGE_WORDS	76		/* up to the end of its segments */
#define LOADED		"/run/kexec-kho/loaded.json"
#define LOADING		"/run/kexec-kho/loading"

enum { OURS = 2, WORKERS = 4 };

static struct {
	volatile bool rest, end;
	volatile unsigned int resting;
	volatile long long foreign_begin, foreign_end;	/* the last change by somebody else */
	volatile long long ours_begin;			/* of the last load or unload that we did */
	volatile unsigned int loads, unloads, kills, refused, left, open_verdicts, foreign, rests, wrong;
} *all;

static const char *kernel, *initrd, *cmdline;
static uint64_t image_symbol;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static unsigned int below(unsigned int limit)
{
	return (unsigned int)random() % limit;
}

static void find_symbol(void)
{
	char line[256], name[128];
	unsigned long long addr;
	FILE *f = fopen("/proc/kallsyms", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %127s", &addr, name) == 2 && !strcmp(name, "kexec_image"))
			image_symbol = addr;
	if (!image_symbol)
		die("no kexec_image in /proc/kallsyms");
	fclose(f);
}

/* ---- The loaded image, and the described one ------------------------------------------- */

/* The number of KEY in the description; false without a description. */
static bool described(const char *key, uint64_t *ret)
{
	static char text[1 << 20];
	int fd = open(LOADED, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *at;

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	at = strstr(text, key);
	if (!at)
		die("no %s in the description", key);
	*ret = strtoull(at + strlen(key), NULL, 10);
	return true;
}

static bool kernel_has(uint64_t addr, uint64_t size)
{
	uint64_t image, word[KIMAGE_WORDS];

	kcore_read_virt(image_symbol, &image, sizeof(image));
	if (!image)
		return false;
	kcore_read_virt(image, word, sizeof(word));
	for (size_t i = 0; i + 1 < KIMAGE_WORDS; i++)
		if (word[i] == addr && word[i + 1] == size)
			return true;
	return false;
}

static bool description_fits(void)
{
	uint64_t addr, size;

	if (!described("\"payload_addr\":", &addr) || !described("\"payload_size\":", &size))
		return true;
	return kernel_has(addr, size);
}

static void wrong(const char *what)
{
	all->wrong++;
	printf("WRONG: %s\n", what);
	fflush(stdout);
}

/* "kexec -e" is about to leave. */
static void judge_leaving(void)
{
	long long at = now();
	bool fits = description_fits();

	all->left++;
	if (fits)
		return;
	if (all->foreign_begin > all->foreign_end || all->foreign_end > at - GRACE)
		all->open_verdicts++;
	else
		wrong("kexec -e starts an image that is not the one described");
}

/* ---- Programs ---------------------------------------------------------------------------- */

static void silence(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(99);
}

static pid_t start(char *const *argv, const char *output, bool traced)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	silence(output);
	if (traced)
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execvp(argv[0], argv);
	_exit(99);
}

/* Skip the system call that PID is about to make; it fails with EPERM. */
static void refuse_call(pid_t pid, struct user_regs_struct *regs)
{
	int status;

	regs->orig_rax = -1ull;
	ptrace(PTRACE_SETREGS, pid, NULL, regs);
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	regs->rax = (unsigned long long)-EPERM;
	ptrace(PTRACE_SETREGS, pid, NULL, regs);
}

/* Run "kexec -e" up to its reboot(2). */
static void leave(const char *output)
{
	static char *argv[] = { "kexec", "-e", "-y", NULL };
	struct user_regs_struct regs;
	pid_t pid = start(argv, output, true);
	bool reached = false;
	int status;

	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (WIFSTOPPED(status)) {
		int signal = WSTOPSIG(status) == (SIGTRAP | 0x80) || WSTOPSIG(status) == SIGTRAP ? 0 :
			     WSTOPSIG(status);

		if (WSTOPSIG(status) == (SIGTRAP | 0x80) &&
		    !ptrace(PTRACE_GETREGS, pid, NULL, &regs) && regs.orig_rax == SYS_reboot &&
		    regs.rdx == LINUX_REBOOT_CMD_KEXEC) {
			judge_leaving();
			refuse_call(pid, &regs);
			reached = true;
		}
		ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal);
		if (waitpid(pid, &status, 0) < 0)
			die("lost kexec -e");
	}
	if (!reached)
		all->refused++;
	if (WIFSIGNALED(status) || (WEXITSTATUS(status) != 1 && WEXITSTATUS(status) != 255))
		wrong("kexec -e ended with a status that is not documented");
}

static int run(char *const *argv, const char *output)
{
	int status;
	pid_t pid = start(argv, output, false);

	waitpid(pid, &status, 0);
	return status;
}

/* A blob whose size is different each time: no description fits the image of another load. */
static void make_blob(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, (1 + (off_t)below(256)) * PAGE_SIZE))
		die("cannot write %s", path);
	close(fd);
}

/* One load in eight is killed on its way. */
static void load(unsigned int number, const char *output)
{
	static char kernel_arg[128], initrd_arg[160], cmdline_arg[1024], blob[32], blob_arg[64];
	char *argv[] = { "kexec", "--kho", "-l", kernel_arg, initrd_arg, cmdline_arg, blob_arg, NULL };
	long long begin = now();
	int status;
	pid_t pid;

	snprintf(kernel_arg, sizeof(kernel_arg), "%s", kernel);
	snprintf(initrd_arg, sizeof(initrd_arg), "--initrd=%s", initrd);
	snprintf(cmdline_arg, sizeof(cmdline_arg), "--append=%s", cmdline);
	snprintf(blob, sizeof(blob), "/run/crowd.blob.%u", number);
	snprintf(blob_arg, sizeof(blob_arg), "--kho-blob=crowd=%s", blob);
	make_blob(blob);
	pid = start(argv, output, false);
	if (!below(8)) {
		usleep(below(2000000));
		kill(pid, SIGKILL);
		all->kills++;
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		all->loads++;
		all->ours_begin = begin;
	}
}

static void ours(unsigned int number)
{
	static char *const unload[] = { "kexec", "-u", NULL };
	long long begin = now();
	char output[32];

	snprintf(output, sizeof(output), "/run/crowd.%u", number);
	switch (below(6)) {
	case 0:
		if (!run(unload, output)) {
			all->unloads++;
			all->ours_begin = begin;
		}
		break;
	case 1: case 2:
		load(number, output);
		break;
	default:
		leave(output);
	}
}

/* Wait for up to MICROSECONDS; false if all are to rest meanwhile. */
static bool idle(unsigned int microseconds)
{
	long long end = now() + (long long)below(microseconds) * 1000;

	while (now() < end && !all->rest && !all->end)
		usleep(10000);
	return !all->rest && !all->end;
}

/* A page of code that stops the machine, or nothing. */
static void raw(void)
{
	static const unsigned char stop[] = { 0xfa, 0xf4, 0xeb, 0xfd };	/* cli; hlt; jmp */
	struct kexec_segment segment = { stop, sizeof(stop), (void *)STUB_ADDR, PAGE_SIZE };

	if (!idle(4000000))
		return;
	all->foreign_begin = now();
	syscall(SYS_kexec_load, STUB_ADDR, below(3) ? 1 : 0, &segment, KEXEC_ARCH_X86_64);
	all->foreign_end = now();
	all->foreign++;
}

static void kexec_tools(void)
{
	static char kernel_arg[128];
	static char *const argv[] = { "kexec-tools", "-s", "-l", kernel_arg, NULL };
	static char *const unload[] = { "kexec-tools", "-s", "-u", NULL };

	snprintf(kernel_arg, sizeof(kernel_arg), "%s", kernel);
	if (!idle(15000000))
		return;
	all->foreign_begin = now();
	run(below(3) ? argv : unload, "/run/crowd.tools");
	all->foreign_end = now();
	all->foreign++;
}

/* ---- All of them -------------------------------------------------------------------------- */

static void work(unsigned int number)
{
	srandom(number);
	kcore_open();
	while (!all->end) {
		if (all->rest) {
			__atomic_add_fetch(&all->resting, 1, __ATOMIC_SEQ_CST);
			while (all->rest)
				usleep(10000);
			__atomic_sub_fetch(&all->resting, 1, __ATOMIC_SEQ_CST);
		} else if (number < OURS) {
			ours(number);
		} else if (number == OURS) {
			raw();
		} else {
			kexec_tools();
		}
	}
	_exit(0);
}

/* False if there is nothing to judge: somebody else came last, or nothing is described. */
static bool check_rest(void)
{
	if (all->foreign_end > all->ours_begin || access(LOADED, F_OK) || !access(LOADING, F_OK))
		return false;
	if (!description_fits())
		wrong("a description is left that fits no image");
	return true;
}

static void rest(void)
{
	all->rest = true;
	while (all->resting < WORKERS)
		usleep(10000);
	if (check_rest())
		all->rests++;
	else if (!below(2))
		load(WORKERS, "/run/crowd.rest");
	/* Whatever is loaded now: it is started only if it is the one described. */
	leave("/run/crowd.rest");
	all->rest = false;
	while (all->resting)
		usleep(10000);
}

int crowd_main(int argc, char **argv)
{
	long long end;

	if (argc != 5)
		die("usage: crowd SECONDS KERNEL INITRD CMDLINE");
	kernel = argv[2];
	initrd = argv[3];
	cmdline = argv[4];
	find_symbol();
	kcore_open();
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		die("no memory");
	end = now() + (long long)number(argv[1]) * 1000000000ll;
	for (unsigned int i = 0; i < WORKERS; i++)
		if (!fork())
			work(i);
	while (now() < end) {
		sleep(ROUND);
		rest();
	}
	all->end = true;
	while (wait(NULL) > 0)
		;
	printf("%u loads, %u killed, %u unloads, %u left, %u refused to leave, %u by others; "
	       "%u verdicts left open, %u descriptions judged at rest, %u wrong\n", all->loads,
	       all->kills, all->unloads, all->left, all->refused, all->foreign, all->open_verdicts,
	       all->rests, all->wrong);
	/* A minute is too short for one of ours to come last before each rest. */
	return all->wrong || !all->loads || !all->left || !all->refused || !all->foreign ||
	       (!all->rests && number(argv[1]) > 60);
}
