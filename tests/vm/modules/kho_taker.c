// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes the memory of its incoming node, and writes to it, while somebody is about to copy
 * it for a reader of /sys/kernel/kho/in/nodes/kho_taker: at the entry of the function that
 * copies. It waits there for a second, which is long enough if nothing excludes the other.
 *
 * In a kernel to which no node has come, it adds one of the byte 0xa5.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#define NAME "kho_taker"

static phys_addr_t phys;
static bool wanted, taken;

static int take(void *unused)
{
	while (!READ_ONCE(wanted))
		cond_resched();
	if (kho_restore_folio(phys))
		memset(phys_to_virt(phys), 0x5a, PAGE_SIZE);
	WRITE_ONCE(taken, true);
	return 0;
}

static int before_copy(struct kprobe *probe, struct pt_regs *regs)
{
	if (regs_get_kernel_argument(regs, 3) != (unsigned long)phys_to_virt(phys))
		return 0;
	WRITE_ONCE(wanted, true);
	for (int ms = 0; ms < 1000 && !READ_ONCE(taken); ms++)
		mdelay(1);
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "memory_read_from_buffer",
	.pre_handler = before_copy,
};

static int __init give(void)
{
	void *blob = kho_alloc_preserve(PAGE_SIZE);

	if (IS_ERR(blob))
		return PTR_ERR(blob);
	memset(blob, 0xa5, PAGE_SIZE);
	return kho_add_subtree(NAME, blob, PAGE_SIZE);
}

static int __init kho_taker_init(void)
{
	struct task_struct *task;

	if (kho_retrieve_subtree(NAME, &phys, NULL))
		return give();
	/* On a CPU of its own, because the reader's CPU does nothing else meanwhile. */
	task = kthread_create(take, NULL, NAME);
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, 1);
	wake_up_process(task);
	return register_kprobe(&probe);
}
module_init(kho_taker_init);

MODULE_DESCRIPTION("Takes incoming memory while it is read");
MODULE_LICENSE("GPL");
