// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for kho-fdt: the input is a memory dump. What can be read of it
 * is checked by all rules and drawn; a handover that is whole is the same as itself,
 * and as its translation.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diff.h"
#include "fuzz.h"
#include "picture.h"
#include "rules.h"
#include "source-private.h"
#include "translate.h"

/* Only files are opened here. */
int source_open_live(struct source *source, const char *sysroot)
{
	must(!source || !sysroot);
	return -1;
}

int source_open_in(struct source *source, const char *sysroot)
{
	must(!source || !sysroot);
	return -1;
}

static void check_diff(const struct decoded *decoded)
{
	struct diff diff;

	must(!diff_make(decoded, decoded, &diff));
	must(!diff.only_a.blocks && !diff.only_b.blocks);
	for (size_t i = 0; i < diff.node_count; i++)
		must(diff.node[i].fate == DIFF_SAME || diff.node[i].fate == DIFF_UNREADABLE);
	diff_free(&diff);
}

static void check_picture(const struct decoded *decoded)
{
	struct picture p;
	uint64_t sum = 0;

	must(!picture_make(decoded, &p));
	for (size_t i = 0; i < p.count; i++) {
		must(p.list[i].size && p.list[i].size <= UINT64_MAX - p.list[i].addr);
		must(!i || p.list[i].addr == p.list[i - 1].addr + p.list[i - 1].size);
		sum += p.list[i].size;
	}
	for (size_t i = 0; i < PICTURE_KINDS; i++)
		sum -= p.total[i];
	must(!sum);
	must(picture_row_size(&p, 64, 32) >= 64 * 4096);
	picture_free(&p);
}

static void check_translation(const struct decoded *decoded, enum kho_abi abi)
{
	const struct translate_target to = translate_target_of(abi);
	static struct kho_root root;
	struct translation t;

	if (!translate(decoded, &to, translate_default_base(decoded), &t)) {
		must(!kho_root_read(t.bytes.data, t.fdt_size, &root));
		must(root.map == t.map && t.map >= t.base && t.map - t.base <= t.bytes.size);
		must(t.map_size <= t.bytes.size - (t.map - t.base));
	}
	translate_free(&t);
}

static void check_source(const struct source *source)
{
	static struct rule_report report;
	static struct decoded decoded;

	if (!decoded_read(source, &decoded)) {
		rules_check(&decoded, &report);
		must(report.count && report.broken + report.unknown <= report.count);
		if (!decoded.root_err)
			check_picture(&decoded);
		if (!decoded.root_err && !decoded.map_err) {
			check_diff(&decoded);
			check_translation(&decoded, KHO_ABI_V1);
			check_translation(&decoded, KHO_ABI_V3);
			check_translation(&decoded, KHO_ABI_V4);
		}
	}
	decoded_free(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("dump", MFD_CLOEXEC);
	struct source_spec spec = { .sysroot = "/" };
	struct source source;
	char path[64];

	must(fd >= 0);
	must(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	spec.name = path;
	/* The root FDT's address as the user may give it, and as the search finds it. */
	for (int i = 0; i < 2; i++) {
		spec.has_root = i;
		spec.root = 0x1000000;
		spec.form = i ? KHO_ABI_V1_512 : KHO_ABI_UNKNOWN;
		if (!source_open(&spec, &source))
			check_source(&source);
		source_close(&source);
	}
	close(fd);
	return 0;
}
