/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one kernel can read of another, by the strings that name their formats. A kernel
 * compares each of them for equality, so two different strings are two formats.
 */
#include <string.h>

#include "abi.h"
#include "luo-abi.h"

static const struct kho_verdict native = { KHO_FATE_NATIVE, NULL };

static struct kho_verdict verdict(enum kho_fate fate, const char *reason)
{
	return (struct kho_verdict){ fate, reason };
}

void kho_formats_add_luo(struct kho_formats *formats, const struct kho_luo_info *info)
{
	bool in_parts = info->abi == KHO_LUO_V1;
	enum kho_memfd_abi memfd = kho_abi_radix(formats->abi) ? KHO_MEMFD_V2 : KHO_MEMFD_V1;

	strcpy(formats->luo, kho_luo_abi_name(info->abi));
	strcpy(formats->luo_session, in_parts ? LUO_V1_SESSION_COMPATIBLE : "");
	strcpy(formats->luo_flb, in_parts && info->flbs ? LUO_V1_FLB_COMPATIBLE : "");
	strcpy(formats->memfd, kho_memfd_abi_name(memfd));
}

struct kho_verdict kho_compat_map(const struct kho_formats *from, const struct kho_formats *to)
{
	if (!kho_abi_info_(from->abi))
		return verdict(KHO_FATE_REFUSED, "the running kernel has no KHO, "
			       "or an ABI this program does not know");
	if (!kho_abi_info_(to->abi))
		return verdict(KHO_FATE_REFUSED,
			       "it has no KHO, or an ABI this program does not know");
	if (to->abi == KHO_ABI_V2)
		return verdict(KHO_FATE_REFUSED, "no release reads kho-v2, so nothing written for "
			       "it has ever been tried");
	if (from->abi == to->abi)
		return native;
	if (!kho_abi_radix(from->abi) && !kho_abi_radix(to->abi))
		return verdict(KHO_FATE_TRANSLATED, "the bitmaps of its map have another size");
	return verdict(KHO_FATE_TRANSLATED, "its map and root FDT have another format");
}

/*
 * A node of another version makes the new kernel panic, in every release, so it can only be
 * left out. Sessions are written in the reboot path, when no program runs any more.
 */
static struct kho_verdict luo_verdict(const struct kho_formats *from, const struct kho_formats *to,
				      bool map_crosses, bool sessions)
{
	bool same = from->luo[0] && !strcmp(from->luo, to->luo) &&
		    !strcmp(from->luo_session, to->luo_session) &&
		    !strcmp(from->luo_flb, to->luo_flb) && !strcmp(from->memfd, to->memfd);

	if (same && map_crosses)
		return native;
	if (!sessions)
		return verdict(KHO_FATE_DROPPED, "no live update session is open");
	if (!to->luo[0])
		return verdict(KHO_FATE_REFUSED,
			       "it has no live update, so it cannot take the open sessions");
	return verdict(KHO_FATE_REFUSED, "live update sessions are written in the reboot path, "
		       "in a format it does not read");
}

struct kho_verdict kho_compat_node(const struct kho_formats *from, const struct kho_formats *to,
				   const char *name, bool sessions)
{
	const struct kho_verdict map = kho_compat_map(from, to);
	bool map_crosses = map.fate != KHO_FATE_REFUSED;

	if (kho_node_within(name, KHO_NODE_LUO))
		return luo_verdict(from, to, map_crosses, sessions);
	/* 73 bytes that are no FDT, and unknown to kernels before 7.1, which have no sizes. */
	if (kho_node_within(name, KHO_NODE_METADATA) && !kho_abi_sized(to->abi))
		return verdict(KHO_FATE_DROPPED, "it does not know of this node");
	if (!map_crosses)
		return map;
	if (kho_node_within(name, KHO_NODE_MEMBLOCK) && !to->reserve_mem)
		return verdict(KHO_FATE_REFUSED, "it does not revive reserve_mem regions");
	return native;
}
