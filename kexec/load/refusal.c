/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec_load_permitted() of kernel/kexec_core.c, and what follows it in both system calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash-memory.h"
#include "message.h"
#include "refusal.h"
#include "running.h"
#include "sysfs-kexec.h"

#define SYSCTL		"proc/sys/kernel/kexec_load_"
#define CAP_SYS_BOOT	22		/* include/uapi/linux/capability.h */

/* -1 without a limit, and where it is not known. */
static int read_limit(const struct root *root, bool crash)
{
	char line[16];
	int limit;

	if (root_read_line(root, crash ? SYSCTL "limit_panic" : SYSCTL "limit_reboot", line, sizeof(line)) ||
	    sscanf(line, "%d", &limit) != 1)
		return -1;
	return limit;
}

bool refusal_counts(const struct root *root, bool crash)
{
	return read_limit(root, crash) >= 0;
}

const char *refusal_leaves(const struct root *root, bool crash)
{
	int saved_errno = errno;
	int kept = crash ? kexec_crash_loaded(root) : 1;

	errno = saved_errno;
	if (kept < 0)
		return "a crash kernel that was loaded before may be gone";
	return kept ? "what was loaded before is still loaded" : "no crash kernel is loaded now";
}

/* Both can only be tightened, so that the remedy is a reboot. */
static bool is_closed(const struct root *root, bool crash, char *why, size_t size)
{
	uint64_t disabled;

	*why = '\0';
	if (!root_read_u64(root, SYSCTL "disabled", &disabled) && disabled)
		snprintf(why, size, "kernel.kexec_load_disabled is 1, and stays so until this kernel ends: "
				    "reboot through the firmware, and look into /etc/sysctl.d and the like "
				    "for what sets it");
	else if (!read_limit(root, crash))
		snprintf(why, size, "kernel.kexec_load_limit_%s is 0, so the kernel takes no more %s and "
				    "unloads none, and this cannot be raised until it ends: reboot through "
				    "the firmware%s", crash ? "panic" : "reboot", crash ? "crash kernels" : "images",
				    crash ? "" : ", or start what is loaded");
	return *why;
}

int refusal_foreseen(const struct root *root, bool crash)
{
	char why[256];

	return is_closed(root, crash, why, sizeof(why)) ? error("the kernel refuses: %s", why) : 0;
}

/* False also if that is not known. */
static bool lacks_capability(const struct root *root)
{
	unsigned long long effective;
	const char *line;
	bool lacks;
	char *text;

	if (root_read_text(root, "proc/self/status", &text))
		return false;
	line = strstr(text, "\nCapEff:");
	lacks = line && sscanf(line, "\nCapEff: %llx", &effective) == 1 &&
		!(effective >> CAP_SYS_BOOT & 1);
	free(text);
	return lacks;
}

/* Without securityfs lockdown counts as "none". */
static bool mode_is_known(const struct root *root)
{
	int fd = root_open(root, "sys/kernel/security/lockdown", O_RDONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void explain_eperm(const struct root *root, enum load_call call, bool crash)
{
	const char *name = call == CALL_KEXEC_LOAD ? "kexec_load" : "kexec_file_load";
	char why[256], mode[32];

	lockdown_mode(root, mode, sizeof(mode));
	if (lacks_capability(root))
		notice("%s needs root, and this process does not have CAP_SYS_BOOT", name);
	else if (strcmp(mode, "none") && call == CALL_KEXEC_LOAD)
		notice("the kernel is locked down (%s), which closes kexec_load: use kexec_file_load (-s) with a "
		       "signed kernel, or boot without lockdown (Secure Boot may switch it on)", mode);
	else if (strcmp(mode, "none"))
		notice("the kernel is locked down (%s), and takes no kernel without a signature by a key it "
		       "trusts: use the signed kernel of your distribution, or sign this one and enrol the "
		       "key (mokutil --import)", mode);
	else if (is_closed(root, crash, why, sizeof(why)))
		/* Now, which this call may have caused: so it comes last. */
		notice("%s", why);
	else
		notice("%s needs root (CAP_SYS_BOOT), no lockdown, and 'sysctl kernel.kexec_load_disabled' at 0; "
		       "none of these shows as the cause here: %sLoadPin or another security module, or a "
		       "container's rules, may forbid the call", name,
		       mode_is_known(root) ? "" : "mount securityfs to see lockdown; ");
}

/* Of kexec_file_load, if the kernel checks signatures (CONFIG_KEXEC_SIG, IMA). */
static const struct {
	int err;
	const char *what;
} signature[] = {
	{ ENODATA, "the kernel takes only signed images (CONFIG_KEXEC_SIG_FORCE, or Secure Boot with IMA), "
		   "and this file has no signature: use the signed kernel of your distribution, or sign "
		   "this one (sbsign) with a key that the kernel trusts" },
	{ ENOKEY, "the file is signed by a key that the kernel does not have: use a kernel of the same "
		  "distribution as the running one, or enrol the key (mokutil --import) and reboot" },
	{ EKEYREJECTED, "the signature does not fit the file, or its key is on the list of those that are "
			"revoked: install the kernel again, or use another one" },
	{ EKEYREVOKED, "the key of the signature has been revoked: use a newer kernel" },
	{ EKEYEXPIRED, "the key of the signature has expired: use a newer kernel" },
	{ ENOPKG, "the running kernel lacks the hash or the cipher of this signature: sign with another" },
	{ EBADMSG, "the signature in the file is damaged: install the kernel again" },
	{ ELIBBAD, "the file is not built as signed files are (PE), or is damaged: install the kernel again, "
		   "or sign the file (sbsign)" },
	{ EACCES, "IMA's policy demands a signature of this file (security.ima), or forbids loading it" },
};

static const struct {
	int err;
	const char *segments, *file;	/* after kexec_load, and after kexec_file_load; NULL: nothing to add */
} cause[] = {
	{ ENOSYS, "the running kernel is built without CONFIG_KEXEC, or this program is for another "
		  "architecture: use a kernel with it", NULL },
	{ EBUSY, "another program loads or unloads an image at this moment: try again",
		 "another program loads or unloads an image at this moment: try again" },
	{ ENOMEM, "the kernel has no free memory for the image: free some, or use a smaller initrd",
		  "the kernel has no free memory for the image: free some, or use a smaller initrd" },
	{ EADDRNOTAVAIL, "a segment lies where the kernel has no memory: has memory been removed meanwhile?",
			 "the kernel finds no room for the image: free memory, or use a smaller initrd" },
	{ EINVAL, "the kernel finds a fault in the segments, or has too little memory for them",
		  "the kernel does not take this image, its command line or a flag; its log may say why" },
	{ ETXTBSY, NULL, "somebody is writing to the file: wait until it is complete" },
	{ EFBIG, NULL, "the file is larger than the kernel reads" },
};

bool kexec_load_is_open(const struct root *root)
{
	char mode[32];

	lockdown_mode(root, mode, sizeof(mode));
	return !strcmp(mode, "none");
}

/* Where kexec_file_load cannot do it at all; -c is no way out of lockdown. */
static void explain_unable(const struct root *root, int err)
{
	const bool open = kexec_load_is_open(root);

	if (err == ENOSYS)
		notice("the running kernel is built without CONFIG_KEXEC_FILE: %s", open ? "use -c" :
		       "and lockdown closes kexec_load, so use another kernel to load from");
	else
		notice("the running kernel does not take an image of this kind: %s", open ? "-c may load it" :
		       "load a signed bzImage, because lockdown closes kexec_load");
}

/* All of a crash kernel must fit into what was set aside when the running kernel booted. */
static bool explain_no_room(const struct root *root, int err)
{
	struct kho_range range;

	if ((err != EADDRNOTAVAIL && err != ENOMEM) || crash_reserved(root, &range) <= 0)
		return false;
	notice("the crash kernel does not fit into the %llu MiB that are set aside for it: boot with a larger "
	       "crashkernel=, or use a smaller initrd%s", (unsigned long long)range.size >> 20,
	       err == ENOMEM ? "; or the running kernel has no free memory to read the files: free some" : "");
	return true;
}

void refusal_explain(const struct root *root, enum load_call call, bool crash, int err)
{
	if (err == EPERM) {
		explain_eperm(root, call, crash);
		return;
	}
	if (crash && explain_no_room(root, err))
		return;
	if (err == EADDRNOTAVAIL && call == CALL_KEXEC_FILE_LOAD && running_has_kho(root)) {
		notice("this kernel runs with KHO, so everything must fit into its scratch areas: boot it with "
		       "larger ones ('kho-fdt scratch' computes them), or use a smaller initrd%s",
		       kexec_load_is_open(root) ? "; -c needs none, and hands nothing over" : "");
		return;
	}
	if (call == CALL_KEXEC_FILE_LOAD && (err == ENOSYS || err == ENOEXEC))
		explain_unable(root, err);
	for (size_t i = 0; call == CALL_KEXEC_FILE_LOAD && i < sizeof(signature) / sizeof(signature[0]); i++)
		if (signature[i].err == err)
			notice("%s", signature[i].what);
	for (size_t i = 0; i < sizeof(cause) / sizeof(cause[0]); i++) {
		const char *what = call == CALL_KEXEC_LOAD ? cause[i].segments : cause[i].file;

		if (cause[i].err == err && what)
			notice("%s", what);
	}
}
