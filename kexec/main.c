/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "auto.h"
#include "cmdline.h"
#include "config.h"
#include "crash-memory.h"
#include "exec.h"
#include "load.h"
#include "lock.h"
#include "machine.h"
#include "message.h"
#include "options.h"
#include "report.h"
#include "running.h"
#include "scratch-name.h"
#include "state.h"
#include "sysfs-kexec.h"
#include "target.h"

static const char *root_dir(const struct options *o)
{
	return o->sysroot ? o->sysroot : "/";
}

/* 1 loaded, 0 not, 255 unknown: the inverse of what shells call true. */
static int loaded_status(const struct options *o)
{
	const bool crash = o->request.crash || !o->load;
	struct root root;
	int loaded;

	if (root_init(&root, root_dir(o)))
		return EXIT_FAILED;
	loaded = crash ? kexec_crash_loaded(&root) : kexec_loaded(&root);
	close(root.fd);
	if (loaded >= 0)
		return loaded;
	errno = -loaded;
	error_errno("cannot read /sys/kernel/kexec_%sloaded (has this kernel %s, and is /sys mounted?)",
		    crash ? "crash_" : "", crash ? "CONFIG_CRASH_DUMP" : "CONFIG_KEXEC");
	return EXIT_FAILED;
}

/* Without a command line of the user, that of a UKI counts. */
static int choose_cmdline(struct options *o, const struct target *t)
{
	const char *own = t->extras.cmdline && !o->reuse_cmdline ? t->extras.cmdline : "";

	if (o->request.cmdline)
		return 0;
	if (strlen(own) > t->image.cmdline_max)
		return error("the command line in '%s' has %zu characters, its kernel reads %u: give one with "
			     "--append", o->request.kernel, strlen(own), t->image.cmdline_max);
	if (*own)
		notice("the command line in '%s' is used: %s", o->request.kernel, own);
	o->request.cmdline = strdup(own);
	return o->request.cmdline ? 0 : error("no memory for the command line");
}

/*
 * A kernel that runs with kho=off cannot be given another line than its own. Of two switches the
 * last one counts; one that --append has is the user's own word. Frees LINE; NULL without memory.
 */
static char *reuse_with_kho(char *line, const char *append)
{
	if (cmdline_switch(line, "kho") != 0 || cmdline_switch(append, "kho") >= 0 ||
	    cmdline_open_quote(line))
		return line;
	notice("added 'kho=on' to the command line, behind the running kernel's kho=off");
	return cmdline_append(line, "kho=on");
}

/*
 * What is for the running kernel alone; of the handover, memory that a crash kernel would set aside
 * once more, out of the little that it has. Frees LINE; NULL without memory.
 */
static char *reuse_for_crash(char *line)
{
	static const char *const words[] = { "crashkernel", "elfcorehdr", NULL };
	static const char *const handover_words[] = { SCRATCH_NAME_7_3, SCRATCH_NAME_7_4, "reserve_mem", NULL };
	const bool kho = cmdline_last(line, "kho", &(struct cmdline_param){ 0 });
	struct cmdline_param param;
	char *rest, *ret;

	for (const char *const *word = handover_words; *word; word++)
		if (cmdline_last(line, *word, &param))
			notice("'%s=' is left out of the crash kernel's command line", *word);
	rest = cmdline_without(line, words);
	free(line);
	ret = rest ? cmdline_without(rest, handover_words) : NULL;
	free(rest);
	if (!ret || !kho || cmdline_open_quote(ret))
		return ret;
	notice("added 'kho=off' to the crash kernel's command line");
	return cmdline_append(ret, "kho=off");
}

/* Replace the value of --append by the whole command line. */
static int complete_cmdline(struct options *o, const struct target *t)
{
	static const char *const boot_loader_words[] = { "BOOT_IMAGE", NULL };
	struct root root;
	char *reused, *line;
	int err;

	if (choose_cmdline(o, t))
		return -1;
	if (!o->reuse_cmdline)
		return 0;
	if (root_init(&root, root_dir(o)))
		return -1;
	err = root_read_text(&root, "proc/cmdline", &line);
	close(root.fd);
	errno = -err;
	if (err)
		return error_errno("cannot read /proc/cmdline for --reuse-cmdline");
	if (*o->request.cmdline && cmdline_open_quote(line)) {
		free(line);
		return error("the running kernel's command line ends inside a quoted word, which would "
			     "swallow what --append adds: use --append with the whole line instead of "
			     "--reuse-cmdline");
	}
	reused = cmdline_without(line, boot_loader_words);
	free(line);
	if (reused && o->request.crash)
		reused = reuse_for_crash(reused);
	if (reused && o->request.kho)
		reused = reuse_with_kho(reused, o->request.cmdline);
	reused = reused ? cmdline_append(reused, o->request.cmdline) : NULL;
	free(o->request.cmdline);
	o->request.cmdline = reused;
	return reused ? 0 : error("no memory for the command line");
}

/* A root that cannot be opened cannot be told of either. */
static bool kho_is_on(const struct options *o)
{
	int saved_errno = errno;
	struct root root;
	bool on;

	if (root_init(&root, root_dir(o)))
		return true;
	on = running_has_kho(&root);
	close(root.fd);
	errno = saved_errno;
	return on;
}

static int load_plain(const struct options *o, struct target *target)
{
	struct root root;
	int code;

	if (o->request.method != METHOD_SEGMENTS && !o->request.dry_run) {
		if (root_init(&root, "/"))
			return EXIT_FAILED;
		code = load_auto(&root, &o->request, target);
		close(root.fd);
		return code;
	}
	if (!o->request.crash && kho_is_on(o))
		notice("this kernel runs with KHO, and the loaded image gets no handover; --kho "
		       "hands over what is preserved");
	return load_image(&o->request, target, root_dir(o), NULL);
}

static int print_crash_size(const struct options *o)
{
	struct kho_range range;
	struct root root;
	int found;

	if (root_init(&root, root_dir(o)))
		return EXIT_FAILED;
	found = crash_reserved(&root, &range);
	close(root.fd);
	if (found < 0)
		return EXIT_FAILED;
	printf("%llu\n", found ? ULL(range.size) : 0);
	return EXIT_OK;
}

/* Why there is no memory for a crash kernel: nobody has asked, or the kernel could not. */
static int refuse_unreserved(const struct root *root)
{
	struct cmdline_param param;
	char *line = NULL;
	bool asked;

	if (root_read_text(root, "proc/cmdline", &line))
		line = NULL;
	asked = line && cmdline_last(line, "crashkernel", &param);
	free(line);
	error("Memory for crashkernel is not reserved: a kernel for a panic must be in memory that nothing "
	      "else uses, and the running kernel has set none aside: %s", asked ?
	      "it was booted with crashkernel=, and its log (dmesg) says why it could not, unless the memory was "
	      "given back (/sys/kernel/kexec_crash_size); try another size, such as crashkernel=256M" : "boot it with crashkernel=256M on its command line");
	return EXIT_NO_CRASH_MEMORY;
}

/* What the kernel says of a crash kernel without memory for one is nothing but EINVAL. */
static int check_crash_memory(const struct root *root)
{
	int supported = kexec_crash_supported(root), found;
	struct kho_range range;

	if (supported <= 0) {
		error("%s", supported ? "cannot read /sys/kernel/kexec_crash_loaded (has this kernel CONFIG_KEXEC, and is /sys mounted?)" :
		      "the running kernel cannot have a crash kernel: use one with CONFIG_CRASH_DUMP");
		return EXIT_FAILED;
	}
	found = crash_reserved(root, &range);
	if (found < 0)
		return EXIT_FAILED;
	return found ? EXIT_OK : refuse_unreserved(root);
}

static int check_crash(const struct options *o)
{
	struct root root;
	int code;

	if (root_init(&root, root_dir(o)))
		return EXIT_FAILED;
	code = check_crash_memory(&root);
	close(root.fd);
	return code;
}

static int load_target(struct options *o)
{
	struct target target;
	int code = EXIT_REFUSED;

	if (!target_open(&target, &o->request))
		code = target_read_kernel(&target, &o->request);
	if (!code && complete_cmdline(o, &target))
		code = EXIT_REFUSED;
	if (!code)
		code = o->request.kho ? load_image(&o->request, &target, root_dir(o), NULL) :
					load_plain(o, &target);
	target_release(&target);
	return code;
}

static int load(struct options *o)
{
	int code;

	if (!o->request.kernel) {
		error("No kernel specified");
		options_usage();
		return EXIT_FAILED;
	}
	code = o->request.crash ? check_crash(o) : EXIT_OK;
	return code == EXIT_OK ? load_target(o) : code;
}

/* kexec without an action: init stops the services and then starts the kernel. */
static int run_shutdown(void)
{
	static const char *const paths[] = { "/sbin/shutdown", "/etc/shutdown", "/bin/shutdown" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		execl(paths[i], "shutdown", "-r", "now", (char *)NULL);
	error_errno("cannot run shutdown");
	return EXIT_FAILED;
}

/* While this runs, nobody else loads, unloads or leaves, until the process ends. */
static int lock(const struct options *o)
{
	const struct request *rq = &o->request;
	bool loads = o->load && !rq->dry_run && !rq->save_prebuilt;
	struct root root;
	int err;

	if (!loads && !o->exec && !o->unload)
		return 0;
	if (root_init(&root, "/"))
		return -1;
	err = lock_take(&root, loads && rq->kho, LOCK_WAIT);
	close(root.fd);
	return err;
}

static int run_actions(struct options *o)
{
	int code = EXIT_OK;

	if (o->status)
		return loaded_status(o);
	if (o->crash_size)
		return print_crash_size(o);
	if (o->kho_status)
		return report_status(root_dir(o), o->json);
	if (o->kho_get)
		return report_get(root_dir(o), o->kho_get);
	if (lock(o))
		return EXIT_REFUSED;
	if (o->unload && o->request.crash)
		return unload_crash("/", o->request.method);
	if (o->unload)
		return unload("/", o->request.method);
	if (o->load)
		code = load(o);
	if (code == EXIT_OK && o->exec)
		code = execute("/", o->no_sync, o->no_ifdown);
	else if (code == EXIT_OK && o->shutdown)
		code = run_shutdown();
	return code;
}

int main(int argc, char **argv)
{
	struct options options;
	int code = options_parse(&options, argc, argv);

	if (code == EXIT_OK && options.help)
		options_usage();
	else if (code == EXIT_OK && options.version)
		puts(PACKAGE_STRING);
	else if (code == EXIT_OK)
		code = run_actions(&options);
	options_free(&options);
	if (fflush(stdout) || ferror(stdout)) {
		error_errno("cannot write to standard output");
		return EXIT_FAILED;
	}
	return code;
}
