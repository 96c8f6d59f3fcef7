/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel's root FDT. */
#include <errno.h>
#include <string.h>

#include "arch.h"
#include "kho-formats.h"
#include "message.h"
#include "running-private.h"
#include "sysfs-kho.h"

#define DEBUGFS_FDT	"sys/kernel/debug/kho/out/fdt"

/* Decode R->fdt. 0, or -1 after a message. */
static int decode_root(struct running *r)
{
	int err = kho_root_read(r->fdt, sizeof(r->fdt), &r->root);

	if (err == -KHO_ERR_ABI)
		return error("the running kernel's KHO ABI is not one of those this program reads (kho-v1 to "
			     "kho-v4); 'kexec -s -l' hands over to a kernel of the same ABI");
	if (err)
		return error("the running kernel's KHO root FDT is broken: %s", kho_strerror(err));
	if (r->root.incomplete)
		return error("the running kernel's KHO root FDT has %zu nodes without data: a part of it "
			     "failed to hand over; its log says which", r->root.incomplete);
	return 0;
}

/* The page that kho_out points to. Its contents show whether it is the root FDT. */
static bool read_root_page(const struct kcore *kcore, const struct symbol *symbol, struct running *r)
{
	uint64_t virt;

	if (kcore_read_virt(kcore, symbol[SYM_KHO_OUT].addr, &virt, sizeof(virt)))
		return false;
	r->fdt_addr = kcore_virt_to_phys(kcore, virt);
	if (r->fdt_addr == KCORE_NO_PHYS || r->fdt_addr % PAGE_SIZE ||
	    kcore_read_phys(kcore, r->fdt_addr, r->fdt, sizeof(r->fdt)))
		return false;
	/* A kernel of 6.19 writes its map's address only when it finalizes. */
	return kho_root_read(r->fdt, sizeof(r->fdt), &r->root) != -KHO_ERR_BADFDT;
}

int running_read_root_debugfs(const struct root *root, struct running *r)
{
	struct buffer buf;
	int err;

	r->fdt_addr = 0;
	err = root_read(root, DEBUGFS_FDT, sizeof(r->fdt), &buf);
	errno = -err;
	if (err)
		return error_errno("cannot read /" DEBUGFS_FDT);
	memset(r->fdt, 0, sizeof(r->fdt));
	memcpy(r->fdt, buf.data, buf.size);
	buffer_free(&buf);
	return decode_root(r);
}

/* The root FDT that the kernel itself shows: 1, or 0 if it shows none, or -1 after a message. */
static int read_root_shown(const struct root *root, struct running *r)
{
	int err;

	r->fdt_addr = sysfs_fdt_addr(root);
	if (!r->fdt_addr)
		return 0;
	err = running_read_fdt(root, NULL, r->fdt_addr, r->fdt);
	errno = -err;
	if (err)
		return error_errno("cannot read the running kernel's root FDT in /" SYSFS_KHO "/out");
	if (r->fdt_addr % PAGE_SIZE)
		return error("/" SYSFS_KHO "/out/fdt_addr, 0x%llx, is not the start of a page",
			     ULL(r->fdt_addr));
	return decode_root(r) ? -1 : 1;
}

int running_read_fdt(const struct root *root, const struct kcore *kcore, uint64_t addr,
		     unsigned char fdt[RUNNING_FDT_SIZE])
{
	int err = sysfs_read_fdt(root, fdt, RUNNING_FDT_SIZE);

	if (err != -ENOENT || !kcore)
		return err;
	return kcore_read_phys(kcore, addr, fdt, RUNNING_FDT_SIZE) ? -EIO : 0;
}

int running_read_root_live(const struct root *root, const struct kcore *kcore, const struct symbol *symbol,
			   struct running *r)
{
	int shown = read_root_shown(root, r);

	if (shown)
		return shown < 0 ? -1 : 0;
	/* Read it again: a node may have been added meanwhile. */
	if (!read_root_page(kcore, symbol, r) && !read_root_page(kcore, symbol, r))
		return error("the running kernel's KHO root FDT cannot be read through /proc/kcore, or is no "
			     "device tree");
	return decode_root(r);
}

int running_read_sizes(struct kcore *kcore, struct running *r)
{
	const struct kho_mem mem = kcore_mem(kcore);
	const struct kho_node *node = NULL;
	int err = kho_root_sizes(&r->root, &mem, &node);

	return err ? error("the running kernel's node '%s' cannot be handed over: %s", node->name,
			   kho_strerror(err)) : 0;
}

enum kho_abi running_v1_form(const struct machine *m, const struct symbol *symbol)
{
	if (symbol[SYM_PRESERVE_PAGES].addr)
		return KHO_ABI_V1;
	return reader_v1_form(m->release) == KHO_ABI_V1_512 ? KHO_ABI_V1_512 : KHO_ABI_UNKNOWN;
}

int running_find_form(const struct machine *m, struct kcore *kcore, const struct symbol *symbol,
		      struct running *r)
{
	const struct kho_mem mem = kcore_mem(kcore);
	int err;

	if (r->root.abi != KHO_ABI_V1)
		return 0;
	r->root.abi = running_v1_form(m, symbol);
	if (r->root.abi != KHO_ABI_UNKNOWN)
		return 0;
	err = kho_v1_form(PAGE_SHIFT, &mem, r->root.map, m->ram_size >> PAGE_SHIFT, &r->root.abi);
	if (err)
		return error("the running kernel's map of preserved memory cannot be read: %s",
			     kho_strerror(err));
	if (r->root.abi == KHO_ABI_UNKNOWN)
		return error("cannot tell whether Linux %s maps preserved memory with bitmaps of "
			     "512 or 4096 bytes, and a wrong guess loses memory: hand over from "
			     "another release",
			     m->release);
	return 0;
}
