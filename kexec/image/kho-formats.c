/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "kho-formats.h"

/* 6.17.8 is the last release known to have bitmaps of 512 bytes. */
#define LAST_512_PATCH	8

enum kho_abi reader_v1_form(const char *release)
{
	unsigned int major, minor, patch = 0;

	if (sscanf(release, "%u.%u.%u", &major, &minor, &patch) < 2)
		return KHO_ABI_UNKNOWN;
	if (major > 6 || (major == 6 && minor > 17))
		return KHO_ABI_V1;
	/* kho-v1 begins with 6.16, which ended before the change. */
	if (major == 6 && (minor == 16 || (minor == 17 && patch <= LAST_512_PATCH)))
		return KHO_ABI_V1_512;
	return KHO_ABI_UNKNOWN;
}

/* Exported names are facts; a release is a name that somebody gave to a build. */
static enum kho_abi form_of(const struct kernel_features *f)
{
	enum kho_abi form = reader_v1_form(f->release);

	if (f->preserve_pages && !f->preserve_phys)
		return KHO_ABI_V1;
	if (f->preserve_phys && !f->preserve_pages && form == KHO_ABI_V1)
		return KHO_ABI_UNKNOWN;
	return form;
}

bool formats_of_image(const struct kernel_features *f, struct kho_formats *ret)
{
	enum kho_abi form;

	memset(ret, 0, sizeof(*ret));
	ret->reserve_mem = f->reserve_mem;
	strcpy(ret->luo, f->luo);
	strcpy(ret->luo_session, f->luo_session);
	strcpy(ret->luo_flb, f->luo_flb);
	strcpy(ret->memfd, f->memfd);
	if (f->kho_disabled || f->kho_ambiguous)
		return true;
	ret->abi = kho_abi_from_name(f->kho);
	if (ret->abi != KHO_ABI_V1)
		return true;
	form = form_of(f);
	if (form != KHO_ABI_UNKNOWN)
		ret->abi = form;
	return form != KHO_ABI_UNKNOWN;
}
