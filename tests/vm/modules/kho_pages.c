// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory whose pages have no reference, at the address that parameter "at" shows:
 *
 * kind=block: of a block that is not compound, where only the first page has one;
 * kind=frozen: what kmalloc() gives for a large size;
 * kind=freed: two pages that have just been freed, and are on the list of a CPU.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define ORDER	4	/* of the kept pages: more than CPUs have on their lists */

static char *kind = "block";
module_param(kind, charp, 0400);
static unsigned long at;
module_param(at, ulong, 0400);

/* Order 1 and movable, which is rare, so that nothing else takes it meanwhile. */
static struct page *freed_block(void)
{
	struct page *page = alloc_pages(GFP_HIGHUSER_MOVABLE, 1);

	if (page)
		__free_pages(page, 1);
	return page;
}

static int __init kho_pages_init(void)
{
	struct page *page = NULL;
	void *frozen;

	if (!strcmp(kind, "block")) {
		page = alloc_pages(GFP_KERNEL, ORDER);
	} else if (!strcmp(kind, "frozen")) {
		frozen = kmalloc(PAGE_SIZE << ORDER, GFP_KERNEL);
		page = frozen ? virt_to_page(frozen) : NULL;
	} else if (!strcmp(kind, "freed")) {
		page = freed_block();
	}
	if (!page)
		return -ENOMEM;
	at = page_to_phys(page);
	pr_info("kho_pages: %s: references %d, last page %d, buddy %d\n", kind, page_count(page),
		page_count(page + 1), is_free_buddy_page(page));
	return 0;
}
module_init(kho_pages_init);

static void __exit kho_pages_exit(void)
{
	if (!strcmp(kind, "block"))
		__free_pages(pfn_to_page(PHYS_PFN(at)), ORDER);
	else if (!strcmp(kind, "frozen"))
		kfree(phys_to_virt(at));
}
module_exit(kho_pages_exit);

MODULE_DESCRIPTION("Pages without a reference");
MODULE_LICENSE("GPL");
