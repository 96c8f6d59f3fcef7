// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that removes its node, and gives the memory back, while devices are shut down:
 * after the kernel has looked for the last time whether its nodes are those of the image.
 *
 * when=unbind: another thread unbinds it, which holds the lock of the device meanwhile;
 * when=shutdown: its own shutdown() does it, in the task that reboots.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kexec_handover.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/reboot.h>
#include <linux/string.h>

#define NAME "kho_remover"

static char *when = "unbind";
module_param(when, charp, 0400);

static struct platform_device *device;
static void *blob;
static DECLARE_COMPLETION(removing);

static int add_node(struct platform_device *pdev)
{
	int err;

	blob = kho_alloc_preserve(PAGE_SIZE);
	if (IS_ERR(blob))
		return PTR_ERR(blob);
	memset(blob, 0xa5, PAGE_SIZE);
	err = kho_add_subtree(NAME, blob, PAGE_SIZE);
	if (err)
		kho_unpreserve_free(blob);
	return err;
}

static void remove_node(struct platform_device *pdev)
{
	complete(&removing);
	kho_remove_subtree(blob);
	memset(blob, 0x5a, PAGE_SIZE);
	kho_unpreserve_free(blob);
}

static void shut_down(struct platform_device *pdev)
{
	if (!strcmp(when, "shutdown"))
		remove_node(pdev);
}

static struct platform_driver driver = {
	.driver = { .name = NAME },
	.probe = add_node,
	.remove = remove_node,
	.shutdown = shut_down,
};

static int unbind(void *unused)
{
	device_release_driver(&device->dev);
	return 0;
}

/* The kernel calls it before it shuts devices down. */
static int on_reboot(struct notifier_block *block, unsigned long event, void *data)
{
	if (strcmp(when, "unbind"))
		return NOTIFY_DONE;
	if (!IS_ERR(kthread_run(unbind, NULL, NAME))) {
		wait_for_completion(&removing);
		msleep(200);	/* it is in kho_remove_subtree() now, or has been */
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = on_reboot };

static int __init kho_remover_init(void)
{
	int err = platform_driver_register(&driver);

	if (err)
		return err;
	device = platform_device_register_simple(NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return register_reboot_notifier(&notifier);
}
module_init(kho_remover_init);

MODULE_DESCRIPTION("Removes a KHO node while devices are shut down");
MODULE_LICENSE("GPL");
