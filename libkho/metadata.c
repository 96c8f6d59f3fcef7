/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Node "kexec-metadata": struct kho_kexec_metadata, packed. */
#include <string.h>

#include "abi.h"

#define OFF_VERSION	0
#define OFF_RELEASE	4
#define OFF_COUNT	69

int kho_metadata_read(const void *buf, size_t size, struct kho_metadata *ret)
{
	const unsigned char *p = buf;
	uint32_t version;

	if (size < KHO_METADATA_SIZE)
		return -KHO_ERR_BADNODE;
	memcpy(&version, p + OFF_VERSION, sizeof(version));
	if (version != KHO_METADATA_VERSION || !memchr(p + OFF_RELEASE, 0, KHO_RELEASE_MAX))
		return -KHO_ERR_BADNODE;
	memcpy(ret->previous_release, p + OFF_RELEASE, KHO_RELEASE_MAX);
	memcpy(&ret->kexec_count, p + OFF_COUNT, sizeof(ret->kexec_count));
	return 0;
}

void kho_metadata_write(const struct kho_metadata *meta, void *buf)
{
	unsigned char *p = buf;
	const uint32_t version = KHO_METADATA_VERSION;
	size_t len = strnlen(meta->previous_release, KHO_RELEASE_MAX - 1);

	memset(p, 0, KHO_METADATA_SIZE);
	memcpy(p + OFF_VERSION, &version, sizeof(version));
	memcpy(p + OFF_RELEASE, meta->previous_release, len);
	memcpy(p + OFF_COUNT, &meta->kexec_count, sizeof(meta->kexec_count));
}
