/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernels call the memory that this program calls scratch: 7.4 gave it another name. */
#ifndef KEXEC_SCRATCH_NAME_H
#define KEXEC_SCRATCH_NAME_H

/* The array's variable, and the parameter that sets its sizes. */
#define SCRATCH_NAME_7_3	"kho_scratch"	/* 6.16 to 7.3 */
#define SCRATCH_NAME_7_4	"kho_bootmem"

enum scratch_name {
	SCRATCH_NAME_UNKNOWN = 0,
	SCRATCH_NAME_SCRATCH,
	SCRATCH_NAME_BOOTMEM,
};

/* NULL for an unknown one. */
static inline const char *scratch_name(enum scratch_name name)
{
	static const char *const names[] = {
		[SCRATCH_NAME_SCRATCH] = SCRATCH_NAME_7_3, [SCRATCH_NAME_BOOTMEM] = SCRATCH_NAME_7_4 };

	return names[name];
}

/* The parameter, for messages. */
static inline const char *scratch_parameter(enum scratch_name name)
{
	static const char *const parameters[] = {
		[SCRATCH_NAME_UNKNOWN] = SCRATCH_NAME_7_3 "=..., from Linux 7.4 on " SCRATCH_NAME_7_4 "=...",
		[SCRATCH_NAME_SCRATCH] = SCRATCH_NAME_7_3 "=...",
		[SCRATCH_NAME_BOOTMEM] = SCRATCH_NAME_7_4 "=..." };

	return parameters[name];
}

#endif
