/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot-arch.h"
#include "cmdline.h"
#include "finalize.h"
#include "image-plan.h"
#include "load.h"
#include "message.h"
#include "method.h"
#include "prebuilt.h"
#include "prebuilt-saved.h"
#include "state.h"
#include "sysfs-kexec.h"
#include "sysfs-kho.h"

struct loading {
	const struct request *request;
	struct machine machine;
	struct target *target;
	struct boot_firmware *firmware;
	struct handover handover;
	struct crash_memory crash_memory;
	struct crash_plan crash;	/* of a crash kernel */
	struct image_plan plan;
	char *cmdline;			/* REQUEST's, and what the handover or the dump needs */
	const struct load_method *method;
	int (*then)(void);		/* called right after the load, or NULL */
	int then_errno;			/* errno as that left it */
};

/* A locked-down kernel accepts only what is signed, and this program signs nothing. */
static int check_lockdown(const struct loading *l)
{
	struct kho_features features;
	char mode[32];

	lockdown_mode(&l->machine.root, mode, sizeof(mode));
	if (!strcmp(mode, "none") || l->request->dry_run || l->request->save_prebuilt)
		return 0;
	if (l->request->kho && !strcmp(mode, "confidentiality"))
		return error("the kernel is locked down (confidentiality), which closes kexec_load "
			     "and /proc/kcore, and without kcore kexec cannot tell what to hand "
			     "over: boot with lockdown=integrity or without lockdown");
	features_read(&l->machine.root, &features);
	if (l->request->kho && features.segment)
		return error("the kernel is locked down (%s), which closes kexec_load, and "
			     "kexec_file_load demands a signed handover: make it with "
			     "--kho-save-segment=FILE, have FILE signed like a kernel module, and "
			     "load it with a signed kernel and --kho-segment=FILE; or boot without "
			     "lockdown", mode);
	if (l->target->image.segments_only && !l->request->entry_32)
		return error("the kernel is locked down (%s), which closes kexec_load, and nothing else loads an "
			     "image like '%s': load a signed bzImage, or boot without lockdown", mode,
			     l->request->kernel);
	if (!l->request->kho && request_needs_segments(l->request))
		return error("the kernel is locked down (%s), which closes kexec_load, and nothing else knows "
			     "%s: leave it out, or boot without lockdown", mode,
			     request_needs_segments(l->request));
	return error("the kernel is locked down (%s), which closes kexec_load: load a signed kernel with "
		     "'kexec -s %s', or boot without lockdown%s", mode, l->request->crash ? "-p" : "-l",
		     l->request->kho ? "; what --kho adds needs kexec_load, or a kernel that takes a "
				       "signed handover (--kho-segment)" : "");
}

/* A handover built before, by prebuilt.c: nothing in it is chosen or built here. */
static int prepare_saved(struct loading *l)
{
	l->method = &method_prebuilt;
	l->plan.machine = &l->machine;
	l->plan.target = l->target;
	if (prebuilt_saved_read(l->request, &l->machine, l->target, &l->handover, &l->plan.payload_buf) ||
	    handover_cmdline(&l->handover, &l->cmdline))
		return -1;
	l->plan.cmdline = l->cmdline;
	return target_check(l->target, &l->machine, l->request, l->cmdline);
}

/* Decided before anything is loaded. */
static int choose_method(struct loading *l)
{
	const struct load_method *const *m = load_methods;
	int fits;

	while (!(fits = (*m)->fits(&l->handover, l->target, l->request)))
		m++;
	l->method = *m;
	return fits < 0 ? -1 : 0;
}

static int look(struct loading *l)
{
	const struct request *rq = l->request;

	if (target_find_abis(l->target, rq) ||
	    handover_look(&l->handover, &l->machine, rq, &l->target->reads))
		return -1;
	return target_check_regions(l->target, rq, l->handover.region_count);
}

/* Make model and plan, as far as the running kernel is known. */
static int plan(struct loading *l)
{
	const struct request *rq = l->request;

	if (rq->kho && (handover_model(&l->handover) || handover_cmdline(&l->handover, &l->cmdline) ||
			choose_method(l)))
		return -1;
	if (target_check(l->target, &l->machine, rq, l->cmdline))
		return -1;
	image_plan_release(&l->plan);
	l->plan = (struct image_plan){
		.machine = &l->machine,
		.target = l->target,
		.handover = rq->kho ? &l->handover : NULL,
		.crash = rq->crash ? &l->crash : NULL,
		.firmware = l->firmware,
		.cmdline = l->cmdline,
		.mem_min = rq->mem_min,
		.mem_max = rq->mem_max && rq->mem_max < UINT64_MAX ? rq->mem_max + 1 : 0,
		.serial_port = rq->serial_port,
		.console = rq->console_vga ? KHO_CONSOLE_VGA : 0,
		.no_checks = rq->no_checks,
		.dry_run = rq->dry_run,
		.placer = l->method->placer,
	};
	if (!image_plan_place(&l->plan)) {
		image_plan_debug(&l->plan);
		/* Scratch may not have been known before. */
		return rq->kho ? handover_check_memory(&l->handover, l->cmdline) : 0;
	}
	if (l->plan.placer->payload_only && !rq->save_prebuilt && name_set_empty(&rq->late))
		notice("with -c this program places everything, which takes less room");
	return -1;
}

/* A dry run writes nothing to the kernel's log. */
static int digest(struct loading *l)
{
	const struct request *rq = l->request;

	if (handover_digest(&l->handover) ||
	    handover_settle(&l->handover, rq->dry_run ? NULL : &l->machine.root))
		return -1;
	return handover_check_fixed(&l->handover, rq);
}

/* The kernel knows its own memory, but does not do all that is done here. */
static int advise_file_load(const struct loading *l)
{
	const struct request *rq = l->request;

	if (rq->method == METHOD_SEGMENTS && !rq->dry_run && !request_needs_segments(rq) &&
	    !l->target->image.segments_only)
		notice("with -s in place of -c, the kernel finds this out by itself");
	return -1;
}

/* crash_load_dm_crypt_keys() of the kernel's own loader passes them on. */
static void notice_crypt_keys(const struct root *root)
{
	uint64_t count;

	if (!root_read_u64(root, "sys/kernel/config/crash_dm_crypt_keys/count", &count) && count)
		notice("the %llu keys in /sys/kernel/config/crash_dm_crypt_keys are not passed to the crash kernel, "
		       "as only kexec_file_load (-s) does that", ULL(count));
}

static int prepare_crash(struct loading *l)
{
	uint64_t headers_size = 0;

	if (cmdline_open_quote(l->cmdline))
		return error("the command line ends inside a quoted word, which would swallow where the dump is: "
			     "close the quote");
	if (crash_memory_observe(&l->machine.root, l->machine.cpus, &l->crash_memory))
		return advise_file_load(l);
	if ((l->request->crash_update && crash_headers_size(&l->machine.root, &headers_size)) ||
	    crash_plan_make(&l->machine, &l->crash_memory, headers_size, &l->crash))
		return -1;
	notice_crypt_keys(&l->machine.root);
	l->cmdline = crash_plan_cmdline(&l->crash, l->cmdline, l->request->crash_memmap);
	return l->cmdline ? 0 : error("no memory for the command line");
}

static void advise_module(const struct loading *l, const char *word)
{
	struct cmdline_param param;
	struct text name = text_until((struct text){ word, strlen(word) }, "=");
	char bare[16];

	snprintf(bare, sizeof(bare), "%.*s", TEXT(name));
	if (l->target->module_count && !cmdline_last(l->target->module[0].string, bare, &param))
		notice("this machine has no BIOS where Linux in the first module, as Xen's dom0, would look for "
		       "ACPI: add '%s' to its command line", word);
}

/* A kernel that calls the BIOS of a machine that has none falls before it can say so. */
static int settle_without_bios(struct loading *l)
{
	struct cmdline_param param;
	struct boot_words words;
	struct kho_range where;

	if (!arch_wants_bios_area(&l->machine, &l->target->image, l->firmware, &where))
		return 0;
	arch_words_without_bios(&l->machine, l->firmware, &words);
	if (*words.module)
		advise_module(l, words.module);
	else
		notice("the new kernel starts without ACPI: the running one does not tell where its tables are");
	if (cmdline_last(l->cmdline, words.own, &param))
		return 0;
	if (cmdline_open_quote(l->cmdline))
		return error("the command line ends inside a quoted word, which would swallow '%s', without which "
			     "the new kernel calls a BIOS that is not there: close the quote", words.own);
	notice("added '%s' to the command line, as this machine has no BIOS that could be called", words.own);
	l->cmdline = cmdline_append(l->cmdline, words.own);
	return l->cmdline ? 0 : error("no memory for the command line");
}

/* Every refusal that does not need the running kernel to finalize. */
static int prepare(struct loading *l)
{
	const struct request *rq = l->request;

	if (rq->crash && prepare_crash(l))
		return -1;
	if (arch_read_firmware(&l->machine, &l->target->image, !rq->no_efi, &l->firmware) ||
	    settle_without_bios(l))
		return -1;
	if (rq->kho && look(l))
		return -1;
	if (plan(l))
		return -1;
	return rq->kho ? digest(l) : 0;
}

/*
 * The rest, for kernels that write their map only on demand, most of them for good. From here
 * on only the map can be a reason to refuse.
 */
static int complete(struct loading *l)
{
	const struct request *rq = l->request;

	if (!rq->kho || !l->handover.running.map_pending)
		return 0;
	if (!rq->dry_run && l->method->check_open && l->method->check_open(&l->machine.root))
		return -1;
	return handover_finish(&l->handover, rq->dry_run) ? -1 : plan(l);
}

static int build_and_load(struct loading *l)
{
	if (!l->request->prebuilt && image_plan_build(&l->plan))
		return -1;
	return l->method->load(l->request, &l->plan);
}

/* Only an image that is certainly ours is unloaded. 0, or -1 after a message. */
static int unload_again(const struct loading *l, const struct image_id *id)
{
	if (running_image_owner(&l->handover.kcore, id) != IMAGE_OURS)
		return error("the image stays loaded, because kexec cannot tell whether it is the "
			     "one made here; 'kexec -e' refuses to start it, and 'kexec -u' "
			     "unloads it");
	if (l->method->unload(false))
		return error_errno("the image stays loaded; unload it with 'kexec -u'");
	notice("the image has been unloaded again");
	return 0;
}

/* The handover's place in the image, from its own header. */
static struct kho_range payload_range(const struct loading *l)
{
	const struct kho_setup_data *header = (const void *)l->plan.payload_buf.data;
	const struct kho_payload *payload = (const void *)(header + 1);

	return (struct kho_range){ payload->addr, payload->size };
}

/*
 * How kexec -e recognizes the image. Without the symbol it loads again as its last step. With
 * the symbol, an image that is not certainly ours is taken for another program's. 0, or -1
 * after a message.
 */
static int identify(const struct loading *l, struct image_id *ret)
{
	ret->symbol = l->handover.running.image_symbol;
	ret->payload = payload_range(l);
	if (!ret->symbol) {
		notice("this kernel does not tell which image it has loaded, so 'kexec -e' will "
		       "load once more, and needs the files for that (CONFIG_KALLSYMS_ALL and "
		       "kernel.kptr_restrict below 2 avoid it)");
		return 0;
	}
	switch (running_image(&l->handover.kcore, ret->symbol, &ret->payload, &ret->image)) {
	case IMAGE_OURS:
		return 0;
	case IMAGE_UNTOLD:
		return error("cannot read through /proc/kcore whether the kernel has loaded the "
			     "image made here: load again, or unload with 'kexec -u'");
	default:
		return error("the image that the kernel has loaded is not the one made here: "
			     "another program loads or unloads at the same time; wait until it has "
			     "ended, then load again, or unload with 'kexec -u'");
	}
}

/* Is the image made of other files than were checked? 0, or -1 after a message. */
static int check_files(const struct loading *l)
{
	return l->method->reads_files ? target_check_files(l->target, l->request) :
					target_check_mapped(l->target, l->request);
}

/*
 * The image is loaded. Unload it if kexec -e could not refresh it, or if nobody has checked
 * the files it was made of; another program's image is not ours to unload. kexec -e does not
 * start an image that stays anyway.
 */
static int finish(const struct loading *l, const struct state *state)
{
	const struct root *root = &l->machine.root;
	struct image_id id = { 0 };

	if (identify(l, &id)) {
		state_spoil(root);
		return EXIT_FAILED;
	}
	if (!check_files(l) && !state_commit(root, state, &id))
		return EXIT_OK;
	if (unload_again(l, &id))
		state_spoil(root);
	else
		state_forget(root);
	return EXIT_FAILED;
}

/* What follows the load comes first: nothing slow may come in between. */
static int follow(struct loading *l, const struct state *state)
{
	int code = l->then ? l->then() : EXIT_OK, finished;

	l->then_errno = errno;
	finished = finish(l, state);
	return finished == EXIT_OK ? code : finished;
}

/* What was known of the image loaded before stays known, and no more. */
static int abandon(const struct loading *l, bool was_unknown, int code)
{
	state_abandon(&l->machine.root, was_unknown);
	return code;
}

static int load_handed_over(struct loading *l)
{
	const struct root *root = &l->machine.root;
	bool was_unknown = state_unknown(root);
	struct state state;
	int code;

	/* Building consumes the blobs, so keep them first. */
	if (state_prepare(root, &l->handover))
		return abandon(l, was_unknown, EXIT_FAILED);
	if (complete(l))
		return abandon(l, was_unknown, EXIT_REFUSED);
	state_describe(&state, l->request, l->target, &l->handover, l->cmdline, l->method->name);
	code = build_and_load(l) ? abandon(l, was_unknown, EXIT_FAILED) : follow(l, &state);
	state_release(&state);
	return code;
}

/* Nothing but a note keeps -e from starting an image that has no description. */
static void keep_from_starting(const struct root *root)
{
	if (!state_note_unknown(root))
		notice("'kexec -e' refuses to start it; load again, or reboot through the firmware");
}

static int unload_plain(const struct loading *l)
{
	const struct root *root = &l->machine.root;
	const bool crash = l->request->crash;

	if (!l->method->unload(crash)) {
		if (!crash)
			state_forget(root);
		notice("the image has been unloaded again");
		return EXIT_FAILED;
	}
	error_errno("the image cannot be unloaded");
	if (crash)
		notice("a panic starts it: load again, or unload it with 'kexec -p -u'");
	else
		keep_from_starting(root);
	return EXIT_FAILED;
}

static int load_now(struct loading *l)
{
	if (l->request->kho)
		return load_handed_over(l);
	if (build_and_load(l))
		return EXIT_FAILED;
	if (check_files(l))
		return unload_plain(l);
	/* A crash kernel takes no other image's place. */
	if (!l->request->crash)
		state_forget(&l->machine.root);
	return EXIT_OK;
}

/* The kernel must get this command line when the saved handover is loaded. */
static int save(struct loading *l)
{
	const struct request *rq = l->request;

	if (image_plan_build(&l->plan) ||
	    prebuilt_save(rq->save_prebuilt, l->plan.payload_buf.data, l->plan.payload_buf.size))
		return EXIT_FAILED;
	notice("'%s' is for '%s' with %s%s%s and the command line printed here, until this machine "
	       "reboots", rq->save_prebuilt, rq->kernel, rq->initrd ? "'" : "",
	       rq->initrd ? rq->initrd : l->target->initrd.size ? "its own initrd" : "no initrd",
	       rq->initrd ? "'" : "");
	puts(l->cmdline);
	return EXIT_OK;
}

/*
 * A multiboot2 kernel takes the first word for the name of its file, unless GRUB 2 has loaded it.
 * NULL without memory.
 */
static char *first_cmdline(const struct request *rq, const struct target *t)
{
	char *name = t->image.multiboot2.present ? strdup(rq->kernel) : NULL;

	if (!t->image.multiboot2.present)
		return strdup(rq->cmdline);
	return name ? cmdline_append(name, rq->cmdline) : NULL;
}

static int run(struct loading *l, const char *root_dir)
{
	const struct request *rq = l->request;
	int err = target_read(l->target, rq);

	if (err)
		return err;
	if (machine_observe(&l->machine, root_dir))
		return EXIT_FAILED;
	l->cmdline = first_cmdline(rq, l->target);
	if (!l->cmdline) {
		error("no memory for the command line");
		return EXIT_FAILED;
	}
	if (!rq->kho)
		arch_choose_entry(&l->machine, &l->target->image);
	if (rq->prebuilt ? prepare_saved(l) : check_lockdown(l) || prepare(l))
		return EXIT_REFUSED;
	if (rq->dry_run) {
		if (complete(l))
			return EXIT_REFUSED;
		image_plan_print(&l->plan);
		return EXIT_OK;
	}
	return rq->save_prebuilt ? save(l) : load_now(l);
}

int load_image(const struct request *request, struct target *target, const char *root_dir,
	       int (*then)(void))
{
	struct loading *l = calloc(1, sizeof(*l));
	int code, then_errno;

	if (!l) {
		error("no memory");
		return EXIT_FAILED;
	}
	l->request = request;
	l->target = target;
	l->then = then;
	l->method = &method_kexec_load;
	l->machine.root.fd = -1;
	l->handover.kcore.fd = -1;
	code = run(l, root_dir);
	if (code != EXIT_OK && l->handover.running.finalized_now)
		finalize_try_undo(root_dir);
	image_plan_release(&l->plan);
	crash_plan_free(&l->crash);
	crash_memory_free(&l->crash_memory);
	handover_release(&l->handover);
	arch_free_firmware(l->firmware);
	machine_release(&l->machine);
	free(l->cmdline);
	then_errno = l->then_errno;
	free(l);
	errno = then_errno;
	return code;
}
