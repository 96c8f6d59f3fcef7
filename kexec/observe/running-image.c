/* SPDX-License-Identifier: GPL-2.0-only */
/* Which image the running kernel has loaded. */
#include "arch.h"
#include "crc32c.h"
#include "running.h"

/* struct kimage: four fields, the pages of its code, then {buf, bufsz, mem, memsz} of each segment. */
#define KIMAGE_FIELDS	4
#define KIMAGE_WORDS	(KIMAGE_FIELDS + 8 + 16 * 4)

/* Do two words in a row describe PAYLOAD? The offset of the list differs between kernels. */
static bool lists_payload(const uint64_t *word, const struct kho_range *payload)
{
	uint64_t size = (payload->size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	for (size_t i = KIMAGE_FIELDS; i + 1 < KIMAGE_WORDS; i++)
		if (word[i] == payload->addr && word[i + 1] == size)
			return true;
	return false;
}

enum image_owner running_image(const struct kcore *kcore, uint64_t symbol,
			       const struct kho_range *payload, uint64_t *ret)
{
	uint64_t image, word[KIMAGE_WORDS];

	if (!symbol || kcore_read_virt(kcore, symbol, &image, sizeof(image)))
		return IMAGE_UNTOLD;
	if (!image)
		return IMAGE_NONE;
	if (kcore_read_virt(kcore, image, word, sizeof(word)))
		return IMAGE_UNTOLD;
	if (!lists_payload(word, payload))
		return IMAGE_FOREIGN;
	/* Another image may lie at the same address. */
	*ret = image ^ (uint64_t)crc32c(0, word, KIMAGE_FIELDS * sizeof(word[0])) << 16;
	return IMAGE_OURS;
}

enum image_owner running_image_owner(const struct kcore *kcore, const struct image_id *id)
{
	uint64_t image;
	enum image_owner owner = running_image(kcore, id->symbol, &id->payload, &image);

	return owner == IMAGE_OURS && image != id->image ? IMAGE_FOREIGN : owner;
}
