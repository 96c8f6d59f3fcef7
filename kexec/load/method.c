/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "method.h"

const struct load_method *const load_methods[] = {
	&method_prebuilt,
	&method_kexec_load,
	NULL,
};

const struct load_method *load_method_find(const char *name)
{
	const struct load_method *const *m = load_methods;

	while (*m && strcmp((*m)->name, name))
		m++;
	return *m;
}
