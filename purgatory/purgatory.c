// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs between the old kernel and the new one. Only the stack is writable, so the whole image
 * has one CRC, params included.
 */
#include "types.h"

#include "bios.h"
#include "crc32c.h"
#include "entry-offsets.h"
#include "params.h"

/* From the linker script; hidden, or else a compiler asks for a GOT. */
#pragma GCC visibility push(hidden)
extern const unsigned char purgatory_start[];
extern const unsigned char purgatory_end[];
extern const struct kho_purgatory_params purgatory_params;
#pragma GCC visibility pop

void purgatory_main(void);

_Static_assert(sizeof(struct kho_purgatory_params) == PARAMS_SIZE, "entry-offsets.h");
#define ASSERT_OFFSET(field, value) \
	_Static_assert(offsetof(struct kho_purgatory_params, field) == (value), "entry-offsets.h")

ASSERT_OFFSET(kernel_entry, PARAMS_KERNEL_ENTRY);
ASSERT_OFFSET(boot_params, PARAMS_BOOT_PARAMS);
ASSERT_OFFSET(entry_32.used, PARAMS_ENTRY_32);
ASSERT_OFFSET(entry_32.eax, PARAMS_EAX);
ASSERT_OFFSET(entry_32.ebx, PARAMS_EBX);
ASSERT_OFFSET(entry_32.esi, PARAMS_ESI);

static bool image_intact(const struct kho_purgatory_params *params)
{
	static const u32 zero;
	const unsigned char *self_crc = (const unsigned char *)&params->self_crc;
	const unsigned char *after = self_crc + sizeof(params->self_crc);
	u32 crc;

	crc = crc32c(0, purgatory_start, (size_t)(self_crc - purgatory_start));
	crc = crc32c(crc, &zero, sizeof(zero));
	crc = crc32c(crc, after, (size_t)(purgatory_end - after));
	return crc == params->self_crc && params->magic == KHO_PURGATORY_MAGIC &&
	       params->image_size == (u64)(purgatory_end - purgatory_start);
}

/* Returns to start the new kernel. */
void purgatory_main(void)
{
	const struct kho_purgatory_params *params = &purgatory_params;

	if (!image_intact(params))
		kho_params_damaged(&params->react, "purgatory is");
	kho_verify_and_react(&params->react);
	if (params->bios.area)
		make_bios_area(&params->bios);
}
