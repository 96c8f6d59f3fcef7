/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Option names, abbreviations and the way actions replace each other are those
 * of kexec-tools 2.0.32: scripts must not have to know which kexec they run.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot-arch.h"
#include "file-load.h"
#include "image.h"
#include "message.h"
#include "number.h"
#include "options.h"

enum long_only {
	OPT_APPEND = 256, OPT_INITRD, OPT_REUSE_CMDLINE, OPT_NOEFI, OPT_DRY_RUN, OPT_SYSROOT, OPT_JSON,
	OPT_KHO, OPT_KHO_REGION, OPT_KHO_BLOB, OPT_KHO_CARRY, OPT_KHO_VERIFY, OPT_KHO_GET,
	OPT_KHO_STATUS, OPT_KHO_SEGMENT, OPT_KHO_SAVE_SEGMENT, OPT_MEM_MIN, OPT_MEM_MAX, OPT_SERIAL,
	OPT_CONSOLE_SERIAL, OPT_CONSOLE_VGA, OPT_REUSE_INITRD, OPT_NO_CMA, OPT_FORCE_DTB,
	OPT_PRINT_CKR_SIZE, OPT_HOTPLUG, OPT_PASS_MEMMAP, OPT_ENTRY_32, OPT_MODULE, OPT_ARGS_LINUX,
	OPT_AS_EVER, OPT_UNSUPPORTED,
};


static const char short_options[] = "h?vdfixyluet:pscaS";

/* Options of kexec-tools that are understood and refused come last but for abbreviations. */
static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ "debug", no_argument, NULL, 'd' },
	{ "force", no_argument, NULL, 'f' },
	{ "no-checks", no_argument, NULL, 'i' },
	{ "no-ifdown", no_argument, NULL, 'x' },
	{ "no-sync", no_argument, NULL, 'y' },
	{ "load", no_argument, NULL, 'l' },
	{ "unload", no_argument, NULL, 'u' },
	{ "exec", no_argument, NULL, 'e' },
	{ "type", required_argument, NULL, 't' },
	{ "kexec-file-syscall", no_argument, NULL, 's' },
	{ "kexec-syscall", no_argument, NULL, 'c' },
	{ "kexec-syscall-auto", no_argument, NULL, 'a' },
	{ "status", no_argument, NULL, 'S' },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "command-line", required_argument, NULL, OPT_APPEND },
	{ "reuse-cmdline", no_argument, NULL, OPT_REUSE_CMDLINE },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "ramdisk", required_argument, NULL, OPT_INITRD },
	{ "noefi", no_argument, NULL, OPT_NOEFI },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "sysroot", required_argument, NULL, OPT_SYSROOT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "kho", no_argument, NULL, OPT_KHO },
	{ "kho-region", required_argument, NULL, OPT_KHO_REGION },
	{ "kho-blob", required_argument, NULL, OPT_KHO_BLOB },
	{ "kho-carry", optional_argument, NULL, OPT_KHO_CARRY },
	{ "kho-verify", required_argument, NULL, OPT_KHO_VERIFY },
	{ "kho-get", required_argument, NULL, OPT_KHO_GET },
	{ "kho-status", no_argument, NULL, OPT_KHO_STATUS },
	{ "kho-segment", required_argument, NULL, OPT_KHO_SEGMENT },
	{ "kho-save-segment", required_argument, NULL, OPT_KHO_SAVE_SEGMENT },
	{ "mem-min", required_argument, NULL, OPT_MEM_MIN },
	{ "mem-max", required_argument, NULL, OPT_MEM_MAX },
	{ "reuseinitrd", no_argument, NULL, OPT_REUSE_INITRD },
	{ "no-cma", no_argument, NULL, OPT_NO_CMA },
	{ "force-dtb", no_argument, NULL, OPT_FORCE_DTB },
	{ "console-vga", no_argument, NULL, OPT_CONSOLE_VGA },
	{ "console-serial", no_argument, NULL, OPT_CONSOLE_SERIAL },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ "entry-32bit", no_argument, NULL, OPT_ENTRY_32 },
	{ "module", required_argument, NULL, OPT_MODULE },
	{ "args-linux", no_argument, NULL, OPT_ARGS_LINUX },
	/* What it asks for is what is done in any case. */
	{ "reuse-video-type", no_argument, NULL, OPT_AS_EVER },
	{ "elf64-core-headers", no_argument, NULL, OPT_AS_EVER },
	{ "load-panic", no_argument, NULL, 'p' },
	{ "print-ckr-size", no_argument, NULL, OPT_PRINT_CKR_SIZE },
	{ "hotplug", no_argument, NULL, OPT_HOTPLUG },
	{ "pass-memmap-cmdline", no_argument, NULL, OPT_PASS_MEMMAP },
	{ "load-preserve-context", no_argument, NULL, OPT_UNSUPPORTED },
	{ "load-jump-back-helper", no_argument, NULL, OPT_UNSUPPORTED },
	{ "load-live-update", no_argument, NULL, OPT_UNSUPPORTED },
	{ "exec-live-update", no_argument, NULL, OPT_UNSUPPORTED },
	{ "entry", required_argument, NULL, OPT_UNSUPPORTED },
	{ "dtb", required_argument, NULL, OPT_UNSUPPORTED },
	{ "real-mode", no_argument, NULL, OPT_UNSUPPORTED },
	{ "reset-vga", no_argument, NULL, OPT_UNSUPPORTED },
	{ "serial-baud", required_argument, NULL, OPT_UNSUPPORTED },
	{ "elf32-core-headers", no_argument, NULL, OPT_UNSUPPORTED },
	{ "args-elf", no_argument, NULL, OPT_UNSUPPORTED },
	{ "args-none", no_argument, NULL, OPT_UNSUPPORTED },
	/* Abbreviations that newer options would make ambiguous, and that scripts may use. */
	{ "no-c", no_argument, NULL, 'i' },
	{ "f", no_argument, NULL, 'f' },
	{ "fo", no_argument, NULL, 'f' },
	{ "for", no_argument, NULL, 'f' },
	{ "forc", no_argument, NULL, 'f' },
	{ NULL, 0, NULL, 0 },
};

void options_usage(void)
{
	fputs("Usage: kexec [OPTION]... KERNEL\n"
	      "Start another kernel from the running one, and hand memory over to it.\n"
	      "\n"
	      "Actions\n"
	      "  -l, --load             load KERNEL\n"
	      "  -e, --exec             start the loaded kernel now, without shutdown scripts\n"
	      "  -f, --force            load KERNEL and start it at once\n"
	      "  (none)                 load KERNEL and run 'shutdown -r now'\n"
	      "  -p, --load-panic       load KERNEL, to be started if the running one panics\n"
	      "  -u, --unload           unload the loaded kernel; with -p, the one for a panic\n"
	      "      --print-ckr-size   print how many bytes crashkernel= has set aside for -p\n"
	      "  -S, --status           exit status 1 if a crash kernel is loaded; with -l, a kernel for -e\n"
	      "      --kho-status       print what was handed to this kernel, and whether it is intact\n"
	      "      --kho-get=NAME     write blob NAME, handed to this kernel, to standard output\n"
	      "  -h, --help             print this\n"
	      "  -v, --version          print the version\n"
	      "\n"
	      "The next kernel\n"
	      "      --initrd=FILE, --ramdisk=FILE\n"
	      "      --append=LINE, --command-line=LINE\n"
	      "      --reuse-cmdline    begin with the running kernel's command line\n"
	      "      --reuseinitrd      the initrd that this kernel was started with (retain_initrd)\n"
	      "      --module=\"FILE ARGUMENTS\"\n"
	      "                         a module for a multiboot2 kernel such as Xen; may be repeated\n"
	      "                         (kexec_load only)\n"
	      "\n"
	      "Handing memory over\n"
	      "      --kho              hand over what the running kernel preserves, its reserve_mem=\n"
	      "                         regions, and:\n"
	      "      --kho-region=NAME=ADDR,SIZE\n"
	      "                         physical memory, revived as reserve_mem region NAME\n"
	      "      --kho-blob=NAME=FILE\n"
	      "                         the bytes of FILE ('-': standard input)\n"
	      "      --kho-carry[=NAME,...]\n"
	      "                         blobs that were handed to this kernel\n"
	      "      --kho-verify=NAME[:load|:late],...|all[:load|:late]\n"
	      "                         check these regions in purgatory, before the new kernel starts:\n"
	      "                         as they are at -e; load: as they are now, and -e refuses if they\n"
	      "                         change; late, or seal: as they are when all else has stopped\n"
	      "      --kho-save-segment=FILE\n"
	      "                         write the handover to FILE, to be signed, and load nothing\n"
	      "      --kho-segment=FILE load with the handover in FILE\n"
	      "\n"
	      "How\n"
	      "  -c, --kexec-syscall    load through kexec_load\n"
	      "  -s, --kexec-file-syscall\n"
	      "                         load through kexec_file_load; with --kho the running kernel must\n"
	      "                         take handovers built in userspace\n"
	      "  -a, --kexec-syscall-auto\n"
	      "                         -s if the kernel can, otherwise -c (default)\n"
	      "  -i, --no-checks        no checksums in purgatory\n"
	      "  -x, --no-ifdown        leave network interfaces up\n"
	      "  -y, --no-sync          do not sync file systems\n"
	      "  -t, --type=TYPE        refuse any other kind of kernel than TYPE: bzImage, multiboot2-x86, uki,\n"
	      "                         vmlinux\n"
	      "      --entry-32bit      enter KERNEL in 32-bit mode (kexec_load only)\n"
	      "      --noefi            do not pass EFI runtime services on (kexec_load only)\n"
	      "      --mem-min=ADDR, --mem-max=ADDR\n"
	      "                         load between these addresses (kexec_load only)\n"
	      "      --console-serial, --serial=ttySN|PORT, --console-vga\n"
	      "                         where purgatory prints, besides what console= says (kexec_load only)\n"
	      "      --no-cma           nothing in CMA areas (kexec_file_load; kexec_load never uses them)\n"
	      "      --force-dtb        pass the running kernel's device tree on (kexec_file_load only)\n"
	      "      --hotplug          the kernel keeps what -p has loaded up to date when CPUs or memory\n"
	      "                         change (with -s it does so in any case)\n"
	      "      --pass-memmap-cmdline\n"
	      "                         with -p, the memory map also as memmap= words (kexec_load only)\n"
	      "      --dry-run          print every address and load nothing\n"
	      "      --json             with --kho-status\n"
	      "      --sysroot=DIR      read /proc and /sys below DIR (--dry-run, --kho-status, --kho-get,\n"
	      "                         --kho-save-segment, --print-ckr-size, -S)\n"
	      "  -d, --debug            print more\n"
	      "\n"
	      "Exit status: 0; 1 for usage and refusals; 255 for images and system calls that fail, and\n"
	      "without KERNEL; 254 if nothing is set aside for -p; 2 if --kho-status finds a handover that is\n"
	      "lost, in whole or in part, or cannot tell.\n"
	      "See kexec(8), also for options of kexec-tools that are refused.\n", stdout);
}

static int set_string(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	return *to ? 0 : error("no memory for an option");
}

static int take_type(struct request *rq, const char *name)
{
	rq->type = image_type_named(name);
	if (rq->type)
		return 0;
	error("Unsupported kernel type %s: there are bzImage, multiboot2-x86, uki and vmlinux", name);
	return EXIT_FAILED;
}

/* Actions replace each other as in kexec-tools: the last of -l, -u and -e counts. */
static void set_action(struct options *o, int c)
{
	if (c == 'p') {
		/* With -u it says which image; settle() decides. */
		o->request.crash = o->load = true;
		o->exec = o->shutdown = false;
		return;
	}
	o->load = c == 'l' || c == 'f';
	o->exec = c == 'e' || c == 'f';
	o->unload = c == 'u';
	o->shutdown = false;
}

static int take_address(const char *option, const char *value, uint64_t *ret)
{
	const char *end;

	if (parse_size(value, &end, ret) && !*end)
		return 0;
	return error("%s=%s: needs an address (0x, K, M and G are allowed)", option, value);
}

/* 0 would leave no memory at all. */
static int take_last_address(struct request *rq, const char *value)
{
	if (take_address("--mem-max", value, &rq->mem_max))
		return -1;
	return rq->mem_max ? 0 : error("--mem-max=%s: no memory lies below that", value);
}

static int take_serial(struct request *rq, const char *value)
{
	rq->serial_port = arch_serial_named(value);
	return rq->serial_port ? 0 : error("--serial=%s: needs ttyS0 to ttyS3, or the number of an I/O port "
					   "such as 0x3f8", value);
}

static int take_file_option(struct options *o, int c, const char *value)
{
	struct request *rq = &o->request;

	switch (c) {
	case OPT_APPEND:	return set_string(&rq->cmdline, value);
	case OPT_INITRD:	return set_string(&rq->initrd, value);
	case OPT_SYSROOT:	return set_string(&o->sysroot, value);
	case OPT_KHO_GET:	return set_string(&o->kho_get, value);
	case OPT_MODULE:	return request_add_module(rq, value);
	case OPT_KHO_REGION:	return request_add_region(rq, value);
	case OPT_KHO_BLOB:	return request_add_blob(rq, value);
	case OPT_KHO_CARRY:	return request_add_carry(rq, value);
	case OPT_KHO_VERIFY:	return request_add_verify(rq, value);
	case OPT_KHO_SEGMENT:	return set_string(&rq->prebuilt, value);
	case OPT_KHO_SAVE_SEGMENT: return set_string(&rq->save_prebuilt, value);
	case OPT_MEM_MIN:	return take_address("--mem-min", value, &rq->mem_min);
	case OPT_MEM_MAX:	return take_last_address(rq, value);
	case OPT_SERIAL:	return take_serial(rq, value);
	case OPT_REUSE_INITRD:	return set_string(&rq->initrd, FIRST_INITRD);
	}
	return -1;
}

static bool take_flag(struct options *o, int c)
{
	switch (c) {
	case 'h': o->help = true; break;
	case 'v': o->version = true; break;
	case 'd': debug_enabled = true; break;
	case 'i': o->request.no_checks = true; break;
	case 'x': o->no_ifdown = true; break;
	case 'y': o->no_sync = true; break;
	case 's': o->request.method = METHOD_FILE; break;
	case 'c': o->request.method = METHOD_SEGMENTS; break;
	case 'a': o->request.method = METHOD_AUTO; break;
	case 'S': o->status = true; break;
	case OPT_REUSE_CMDLINE: o->reuse_cmdline = true; break;
	case OPT_NOEFI: o->request.no_efi = true; break;
	case OPT_DRY_RUN: o->request.dry_run = true; break;
	case OPT_JSON: o->json = true; break;
	case OPT_KHO: o->request.kho = true; break;
	case OPT_KHO_STATUS: o->kho_status = true; break;
	case OPT_CONSOLE_SERIAL: o->console_serial = true; break;
	case OPT_CONSOLE_VGA: o->request.console_vga = true; break;
	case OPT_NO_CMA: o->request.file_flags |= KEXEC_FILE_NO_CMA; break;
	case OPT_FORCE_DTB: o->request.file_flags |= KEXEC_FILE_FORCE_DTB; break;
	case OPT_PRINT_CKR_SIZE: o->crash_size = true; break;
	case OPT_HOTPLUG: o->request.crash_update = true; break;
	case OPT_PASS_MEMMAP: o->request.crash_memmap = true; break;
	case OPT_ENTRY_32: o->request.entry_32 = true; break;
	case OPT_ARGS_LINUX: o->request.args_linux = true; break;
	case OPT_AS_EVER: break;
	case 'l': case 'p': case 'e': case 'u': case 'f': set_action(o, c); break;
	default: return false;
	}
	return true;
}

/* What to do without an option of kexec-tools that is not honoured. */
static const struct {
	const char *name, *why;
} unsupported_options[] = {
	{ "load-preserve-context", "jumping to another kernel and back is not supported: hibernate instead "
				   "('systemctl hibernate')" },
	{ "load-jump-back-helper", "jumping to another kernel and back is not supported" },
	{ "entry", "it belongs to --load-jump-back-helper, which is not supported; a kernel's own entry needs no "
		   "option" },
	{ "load-live-update", "it is for live updates of Xen, which its own tools do" },
	{ "exec-live-update", "it is for live updates of Xen, which its own tools do" },
	{ "dtb", "kernels for x86 take no device tree at boot; --force-dtb passes the running kernel's on" },
	{ "real-mode", "kernels are entered in 64-bit or 32-bit mode, where no BIOS is called: leave it "
		       "out" },
	{ "reset-vga", "the screen keeps its mode until the new kernel sets one: leave it out; if the screen stays "
		       "dark, unload the graphics driver before the load" },
	{ "serial-baud", "the port keeps the speed it has: leave it out, and set the speed with 'stty -F "
			 "/dev/ttyS0 N', or with console=ttyS0,N for the new kernel" },
	{ "elf32-core-headers", "a kernel of 64 bits lies at addresses that such headers cannot hold: leave it "
				"out" },
	{ "args-elf", "Linux takes its boot parameters, and other kernels need a multiboot2 header: leave "
		      "it out" },
	{ "args-none", "Linux takes its boot parameters, and other kernels need a multiboot2 header: "
		       "leave it out" },
};

static int unsupported(const char *name)
{
	for (size_t i = 0; i < sizeof(unsupported_options) / sizeof(unsupported_options[0]); i++)
		if (!strcmp(unsupported_options[i].name, name)) {
			error("--%s is an option of kexec-tools that this program does not have: %s", name,
			      unsupported_options[i].why);
			return EXIT_REFUSED;
		}
	error("--%s is an option of kexec-tools that this program does not have", name);
	return EXIT_REFUSED;
}

/*
 * getopt has printed what is wrong with WORD, unless that is "-?": it asks for help, and leaves optopt
 * 0 as an unknown long option does.
 */
static int not_an_option(const char *word)
{
	if (!optopt && !strcmp(word, "-?"))
		options_usage();
	return EXIT_REFUSED;
}

static int take_option(struct options *o, int c, int index)
{
	if (take_flag(o, c))
		return 0;
	if (c == 't')
		return take_type(&o->request, optarg);
	if (c == OPT_UNSUPPORTED)
		return unsupported(long_options[index].name);
	return take_file_option(o, c, optarg) ? EXIT_REFUSED : 0;
}

static bool blob_from_stdin(const struct request *rq)
{
	for (size_t i = 0; i < rq->blob_count; i++)
		if (!strcmp(rq->blob[i].path, "-"))
			return true;
	return false;
}

static size_t stdin_uses(const struct request *rq)
{
	size_t uses = 0;

	for (size_t i = 0; i < rq->blob_count; i++)
		uses += !strcmp(rq->blob[i].path, "-");
	for (size_t i = 0; i < rq->module_count; i++)
		uses += rq->module[i][0] == '-' && strcspn(rq->module[i], " ") == 1;
	uses += rq->kernel && !strcmp(rq->kernel, "-");
	return uses + (rq->initrd && !strcmp(rq->initrd, "-"));
}

/* What the kernel does by itself, and what only a prebuilt handover supports. */
static int check_method(const struct options *o)
{
	const struct request *rq = &o->request;
	const char *option = request_needs_segments(rq);

	if (rq->method == METHOD_FILE && !rq->kho && rq->dry_run)
		return error("--dry-run plans for kexec_load and for --kho: with -s alone the kernel "
			     "places everything");
	if (rq->method == METHOD_FILE && option)
		return error("%s works with kexec_load only: with -s the kernel decides; use -c", option);
	if (rq->kho && rq->entry_32)
		return error("--entry-32bit works without --kho only: a handover lies anywhere in "
			     "memory, and 32-bit code reaches 4 GiB; every kernel with KHO has a 64-bit "
			     "entry point");
	if (rq->kho && (rq->mem_min || rq->mem_max))
		return error("--mem-min and --mem-max work without --kho only: a handover lies where the next "
			     "kernel's scratch is");
	if (rq->file_flags & KEXEC_FILE_FORCE_DTB && (rq->kho || rq->dry_run))
		return error("--force-dtb works with kexec_file_load alone, without %s: leave one of them out",
			     rq->kho ? "--kho" : "--dry-run");
	if (rq->file_flags & KEXEC_FILE_FORCE_DTB && (option || rq->method == METHOD_SEGMENTS))
		return error("--force-dtb works with kexec_file_load only: leave %s out", option ? option : "-c");
	if (rq->method == METHOD_SEGMENTS && !name_set_empty(&rq->late))
		return error("--kho-verify=...:late works with kexec_file_load only: the kernel takes these "
			     "digests; use -s, or leave ':late' out");
	return 0;
}

static int check_prebuilt(const struct options *o, bool asks)
{
	const struct request *rq = &o->request;

	if (!rq->prebuilt && !rq->save_prebuilt)
		return 0;
	if (!rq->kho)
		return error("--kho-segment and --kho-save-segment need --kho");
	if (rq->prebuilt && rq->save_prebuilt)
		return error("--kho-segment loads a segment, and --kho-save-segment makes one and "
			     "loads nothing: use one of them");
	if (rq->method == METHOD_SEGMENTS)
		return error("--kho-segment and --kho-save-segment are for kexec_file_load: leave -c out");
	if (request_needs_segments(rq))
		return error("%s works with kexec_load only, and a segment is for kexec_file_load",
			     request_needs_segments(rq));
	if (rq->prebuilt && (asks || rq->no_checks))
		return error("--kho-segment: the segment already says what is handed over and "
			     "verified; give these options to --kho-save-segment");
	if (rq->dry_run || (rq->save_prebuilt && (o->exec || o->unload)))
		return error("%s", rq->dry_run ?
			     "--dry-run works without --kho-segment and --kho-save-segment only" :
			     "--kho-save-segment loads nothing, so it cannot be combined with -e, "
			     "-f or -u");
	return 0;
}

static int check_crash(const struct options *o)
{
	const struct request *rq = &o->request;

	if (!rq->crash && (rq->crash_update || rq->crash_memmap))
		return error("%s is for crash kernels: use it with -p, or leave it out", rq->crash_update ?
			     "--hotplug" : "--pass-memmap-cmdline");
	if (rq->crash && rq->kho)
		return error("--kho -p: a crash kernel gets no handover, and what --kho -l has loaded stays when "
			     "-p loads; leave --kho out");
	if (rq->crash && o->exec)
		return error("-p loads a kernel for a panic, and -e and -f start one now: use two commands");
	return 0;
}

static int check_combination(const struct options *o)
{
	const struct request *rq = &o->request;
	bool verifies = !name_set_empty(&rq->verify) || !name_set_empty(&rq->load) ||
			!name_set_empty(&rq->late);
	bool asks = rq->region_count || rq->blob_count || !name_set_empty(&rq->carry) || verifies;
	bool offline = rq->dry_run || o->kho_status || o->kho_get || rq->save_prebuilt ||
		       o->crash_size;

	if (asks && !rq->kho)
		return error("--kho-region, --kho-blob, --kho-carry and --kho-verify need --kho");
	if (rq->no_checks && verifies)
		return error("--kho-verify and --no-checks contradict each other");
	if (check_crash(o) || check_method(o) || check_prebuilt(o, asks))
		return -1;
	if (o->sysroot && !offline)
		return error("--sysroot works with --dry-run, --kho-status, --kho-get, --kho-save-segment, "
			     "--print-ckr-size and -S only");
	if (o->json && !o->kho_status)
		return error("--json works with --kho-status only");
	if (rq->kernel && (o->kho_status || o->kho_get) && !o->load)
		return error("unexpected word '%s': --kho-status and --kho-get load nothing", rq->kernel);
	if (rq->kho && !o->load)
		return error("--kho works with -l only: what is handed over is decided when loading");
	if (stdin_uses(rq) > 1 || (rq->kho && stdin_uses(rq) && !blob_from_stdin(rq)))
		return error("'-' (standard input) can be one blob, or without --kho the kernel or the "
			     "initrd: 'kexec --kho -e' may have to read those again");
	if (rq->dry_run && (o->exec || o->unload))
		return error("--dry-run plans a load: use it with -l or -p");
	return 0;
}

/* The kernel is the first word that belongs to no option. */
static int take_words(struct options *o, char **word, int count)
{
	for (int i = 0; i < count; i++)
		if (!*word[i])
			return error("unexpected empty word '' on the command line: is a variable empty?");
	if (count && set_string(&o->request.kernel, word[0]))
		return -1;
	if (count > 1)
		return error("unexpected word '%s' after the kernel '%s': one kernel at a time; put a command "
			     "line with spaces in quotes (--append=\"a b\")", word[1], word[0]);
	return 0;
}

/* Options whose meaning depends on others. */
static void settle(struct options *o)
{
	struct request *rq = &o->request;

	if (o->console_serial && !rq->serial_port)
		rq->serial_port = arch_serial_named("ttyS0");
	if (rq->file_flags & KEXEC_FILE_FORCE_DTB && rq->method == METHOD_AUTO)
		rq->method = METHOD_FILE;
	if (rq->crash && o->unload) {
		o->load = o->load && rq->kernel;
		o->unload = !o->load;
	}
	if (o->kho_status || o->kho_get || o->crash_size || rq->dry_run || rq->save_prebuilt)
		o->shutdown = false;
	if (o->shutdown || rq->dry_run || (rq->save_prebuilt && !o->unload))
		o->load = true;
}

int options_parse(struct options *o, int argc, char **argv)
{
	int c, code, index = 0;

	memset(o, 0, sizeof(*o));
	o->shutdown = true;
	while ((c = getopt_long(argc, argv, short_options, long_options, &index)) != -1) {
		if (c == '?')
			return not_an_option(argv[optind - 1]);
		code = take_option(o, c, index);
		/* What comes behind -h and -v is not looked at. */
		if (code || o->help || o->version)
			return code;
	}
	/* Its answer is the exit code, so what belongs to other actions must not make one. */
	if (o->status)
		return 0;
	if (take_words(o, argv + optind, argc - optind))
		return EXIT_REFUSED;
	settle(o);
	return check_combination(o) ? EXIT_REFUSED : 0;
}

void options_free(struct options *o)
{
	request_free(&o->request);
	free(o->sysroot);
	free(o->kho_get);
}
