/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"
#include "params.h"
#include "purgatory.h"
#include "arch.h"
#include "boot-arch.h"
#include "cmdline.h"
#include "image-plan.h"
#include "message.h"
#include "scratch-size.h"

/* Where segments may lie: scratch with a handover, what is set aside for a crash, or all RAM. */
static const struct kho_range *areas(const struct image_plan *p, size_t *count)
{
	const struct machine *m = p->machine;

	if (p->handover) {
		*count = p->handover->scratch_count;
		return p->handover->scratch;
	}
	if (p->crash) {
		*count = 1;
		return &p->crash->area;
	}
	*count = m->usable_count ? m->usable_count : m->ram_count;
	return m->usable_count ? m->usable : m->ram;
}

static int no_room_for_crash(const struct image_plan *p, const char *name, uint64_t size, uint64_t limit)
{
	const struct kho_range *area = &p->crash->area;

	if (limit && area->addr >= limit)
		return error("the memory set aside for a crash kernel begins at 0x%llx, and this kernel takes its "
			     "%s below 0x%llx only: boot with crashkernel= without ',high'", ULL(area->addr),
			     name, ULL(limit));
	return error("no room for the %s (%llu KiB) in the %llu MiB that are set aside for a crash kernel%s: boot "
		     "with a larger crashkernel=, or use a smaller initrd", name, ULL(size >> 10),
		     ULL(area->size / MIB),
		     p->mem_min || p->mem_max ? ", within --mem-min and --mem-max" : "");
}

static int no_room_in_ram(const struct image_plan *p, const char *name, uint64_t size, uint64_t limit)
{
	const char *within = p->mem_min || p->mem_max ? " within --mem-min and --mem-max" : "";

	if (limit)
		return error("no room for the %s (%llu KiB) in the machine's RAM%s below 0x%llx, where this kernel "
			     "takes it", name, ULL(size >> 10), within, ULL(limit));
	return error("no room for the %s (%llu KiB) in the machine's RAM%s", name, ULL(size >> 10), within);
}

int image_plan_no_room(const struct image_plan *p, const char *name, uint64_t size, uint64_t limit, int err)
{
	if (err == -KHO_ERR_LIMIT)
		return error("more than %d segments: a kernel takes no more at once", SEGMENTS_MAX);
	if (p->crash)
		return no_room_for_crash(p, name, size, limit);
	if (!p->handover)
		return no_room_in_ram(p, name, size, limit);
	if (!p->handover->running.kho)
		return error("no room in scratch for the %s (%llu KiB): use a smaller kernel, initrd or "
			     "blobs", name, ULL(size >> 10));
	return error("no room in the running kernel's scratch areas for the %s (%llu KiB): "
		     "everything a handover loads must fit there; boot this kernel with larger ones "
		     "(%s, which 'kho-fdt scratch' computes), or use a smaller kernel, initrd or blobs",
		     name, ULL(size >> 10), scratch_parameter(p->handover->running.scratch_name));
}

/* The lower one of two limits, of which 0 is none. */
static uint64_t lower(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static int place(struct image_plan *p, const char *name, uint64_t size, uint64_t align, uint64_t min,
		 uint64_t max, struct segment **ret)
{
	const uint64_t lowest = min > p->mem_min ? min : p->mem_min;
	const struct kho_place want = { .align = align, .min = lowest, .max = lower(max, p->mem_max) };
	const struct kho_place low = { .align = align, .min = lowest, .max = lower(LIMIT_4G, want.max) };
	size_t count;
	const struct kho_range *area = areas(p, &count);
	int err = -KHO_ERR_NOSPACE;

	/*
	 * The kernel takes the pages for its copy from above 4 GiB first. A page in the place
	 * of a later segment costs the kernel a walk through the whole image. It leaves
	 * scratch alone; without scratch, segments are better placed below 4 GiB.
	 */
	if (!p->handover)
		err = segments_place(&p->segments, name, size, area, count, low, ret);
	if (err == -KHO_ERR_NOSPACE)
		err = segments_place(&p->segments, name, size, area, count, want, ret);
	return err ? image_plan_no_room(p, name, size, max, err) : 0;
}

/* A kernel that is not relocatable runs at one address only. */
static int place_fixed_kernel(struct image_plan *p)
{
	const struct image *image = &p->target->image;
	const uint64_t addr = image->pref_address;
	const uint64_t size = (image->init_size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	const struct kho_place want = { .align = PAGE_SIZE, .min = addr, .max = addr + size };
	size_t count;
	const struct kho_range *area = areas(p, &count);

	if (p->mem_min || p->mem_max)
		return error("the new kernel is not relocatable and must run at 0x%llx: leave --mem-min and "
			     "--mem-max out, or use one with CONFIG_RELOCATABLE", ULL(addr));
	if (addr % PAGE_SIZE)
		return error("the new kernel is not relocatable, and 0x%llx, where it must run, is in the middle "
			     "of a page", ULL(addr));
	if (addr >= LOW_MEMORY_END &&
	    !segments_place(&p->segments, "kernel", size, area, count, want, &p->kernel))
		return 0;
	return error("the new kernel is not relocatable, and the %llu KiB at 0x%llx, where it must run, "
		     "are not %s: use one with CONFIG_RELOCATABLE", ULL(size >> 10), ULL(addr),
		     p->crash ? "set aside for a crash kernel" : "free RAM");
}

static int place_low_kernel(struct image_plan *p, uint64_t min)
{
	const struct image *image = &p->target->image;
	const uint64_t lowest = min > p->mem_min ? min : p->mem_min;
	const uint64_t max = lower(image->limit, p->mem_max);
	size_t count;
	const struct kho_range *area = areas(p, &count);
	struct kho_place want = { .align = image->alignment, .min = lowest, .max = lowest + image->init_size };
	const uint64_t step = image->alignment > MIB ? image->alignment : MIB;
	int err = -KHO_ERR_NOSPACE;

	for (; err == -KHO_ERR_NOSPACE && want.max <= max; want.max += step)
		err = segments_place(&p->segments, "kernel", image->init_size, area, count, want, &p->kernel);
	return err ? image_plan_no_room(p, "kernel", image->init_size, image->limit, err) : 0;
}

static int place_kernel(struct image_plan *p)
{
	const struct image *image = &p->target->image;
	uint64_t min = image->pref_address > LOW_MEMORY_END ? image->pref_address :
								 LOW_MEMORY_END;

	if (!image->relocatable)
		return place_fixed_kernel(p);
	if (image->low)
		return place_low_kernel(p, min);
	return place(p, "kernel", image->init_size, image->alignment, min, p->target->image.limit,
		     &p->kernel);
}

static int place_initrd(struct image_plan *p)
{
	if (!p->target->initrd.size)
		return 0;
	return place(p, "initrd", p->target->initrd.size, PAGE_SIZE, LOW_MEMORY_END,
		     p->target->image.initrd_limit, &p->initrd);
}

static int place_modules(struct image_plan *p)
{
	const struct target *t = p->target;

	for (size_t i = 0; i < t->module_count; i++)
		if (place(p, t->module[i].name, t->module[i].data.size, PAGE_SIZE, LOW_MEMORY_END,
			  t->image.initrd_limit, &p->module[i]))
			return -1;
	return 0;
}

static int collect_modules(struct image_plan *p)
{
	for (size_t i = 0; i < p->target->module_count; i++) {
		const struct target_module *m = &p->target->module[i];
		const uint64_t addr = p->module[i] ? p->module[i]->addr : 0;
		const struct table_item item = { m->name, KHO_CLASS_KERNEL, addr, m->data.size,
						 m->data.data, NULL, false };

		if (table_add(&p->verify, &item))
			return -1;
	}
	return 0;
}

static int add_core(struct image_plan *p)
{
	const struct buffer *headers = &p->crash->headers_buf;
	const struct table_item core = { "core headers", KHO_CLASS_KERNEL, p->crash->headers.addr,
					 headers->size, headers->data, NULL, false };

	return table_add(&p->verify, &core);
}

/* What is verified besides the handover. To a prebuilt handover the kernel adds this itself. */
static int collect_image(struct image_plan *p)
{
	const struct target *t = p->target;
	const struct table_item kernel = {
		"kernel", KHO_CLASS_KERNEL, p->kernel->addr, t->image.kernel_size,
		t->kernel.data + t->image.kernel_offset, NULL, false };
	const struct table_item initrd = {
		"initrd", KHO_CLASS_KERNEL, p->initrd ? p->initrd->addr : 0, t->initrd.size,
		t->initrd.data, NULL, false };
	const struct table_item boot_data = {
		arch_boot_data_name(&t->image), KHO_CLASS_KERNEL,
		p->boot_data ? p->boot_data->addr : 0, p->boot_data_buf.size,
		p->boot_data_buf.data, NULL, false };

	if (p->crash && !p->crash->updated && add_core(p))
		return -1;
	if (table_add(&p->verify, &kernel) || table_add(&p->verify, &initrd) ||
	    table_add(&p->verify, &boot_data) || collect_modules(p))
		return -1;
	if (!p->handover)
		return 0;
	return payload_verify_header(p->payload ? p->payload->addr : 0, p->payload_buf.data, &p->verify);
}

/*
 * Every range that purgatory verifies. Called first to learn the table's size, when nothing
 * has an address or contents yet, and again to write the table.
 */
static int collect_table(struct image_plan *p)
{
	p->verify.count = 0;
	if (!p->placer->payload_only && collect_image(p))
		return -1;
	if (!p->handover)
		return 0;
	return payload_verify(p->handover, &p->layout, p->payload ? p->payload->addr : 0,
			      p->payload_buf.data, &p->verify);
}

/* With the kernel's own live tree, setup_data keeps ranges that are not in it. */
static void collect_reserve(struct image_plan *p)
{
	const struct handover *h = p->handover;

	if (!h || h->map == MAP_OWN)
		return;
	for (size_t i = 0; i < h->region_count; i++)
		if (h->region[i].added)
			p->reserve[p->reserve_count++] = (struct kho_range){
				h->region[i].region.addr, h->region[i].region.size };
}

/* Their addresses are 0 until they are placed. */
static size_t collect_boot_modules(const struct image_plan *p,
				   struct boot_module module[MODULES_MAX])
{
	for (size_t i = 0; i < p->target->module_count; i++) {
		const struct target_module *m = &p->target->module[i];

		module[i] = (struct boot_module){ m->string, p->module[i] ? p->module[i]->addr : 0,
						  m->data.size };
	}
	return p->target->module_count;
}

static int build_boot_data(struct image_plan *p, struct buffer *ret, uint64_t *ret_payload_next)
{
	struct boot_module module[MODULES_MAX];
	struct kho_range where;
	struct boot_input in = {
		.machine = p->machine,
		.firmware = p->firmware,
		.kernel = p->target->kernel.data,
		.image = &p->target->image,
		.cmdline = p->cmdline,
		.memmap = p->crash ? p->crash->memmap : p->machine->memmap,
		.memmap_count = p->crash ? p->crash->memmap_count : p->machine->memmap_count,
		.initrd_addr = p->initrd ? p->initrd->addr : 0,
		.initrd_size = p->target->initrd.size,
		.kernel_addr = p->kernel->addr,
		.bios_area = arch_wants_bios_area(p->machine, &p->target->image, p->firmware, &where),
		.bios_area_addr = p->bios_area ? p->bios_area->addr : 0,
		.module = module,
		.module_count = collect_boot_modules(p, module),
		.reserve = p->reserve,
		.reserve_count = p->reserve_count,
	};

	if (p->handover) {
		in.payload_addr = p->payload ? p->payload->addr : 0;
		in.handed = (struct boot_handed){
			.fdt_addr = payload_fdt_addr(p->handover, &p->layout, in.payload_addr),
			.fdt_size = payload_fdt_size(&p->layout),
			.scratch_addr = in.payload_addr + p->layout.scratch,
			.scratch_size = p->handover->scratch_count * sizeof(struct kho_range),
		};
		in.handover = true;
	}
	return arch_build_boot_data(&in, p->boot_data ? p->boot_data->addr : 0, ret,
				    ret_payload_next);
}

static int plan_payload(struct image_plan *p)
{
	/* The table's size follows from the payload's parts, the offsets from both. */
	if (payload_plan(p->handover, 0, &p->layout) || collect_table(p))
		return -1;
	return payload_plan(p->handover, p->placer->table_room(p), &p->layout);
}

/* Bytes of everything that is placed besides the kernel. */
static uint64_t other_segments(const struct image_plan *p)
{
	return p->target->initrd.size + p->layout.size + p->boot_data_buf.size +
	       purgatory_memory_size + MIB;
}

static int plan_scratch(struct image_plan *p)
{
	const struct image *image = &p->target->image;

	return handover_plan_scratch(p->handover, p->machine, image->pref_address +
				     scratch_for_kernel(image) + other_segments(p),
				     cmdline_crashkernel(p->cmdline));
}

/* Learn the size of the boot_data segment by building it once. */
static int size_boot_data(struct image_plan *p)
{
	uint64_t payload_next;

	return build_boot_data(p, &p->boot_data_buf, &payload_next);
}

static int check_memory(const struct image_plan *p)
{
	uint64_t total = segments_total(&p->segments);

	if (total <= p->machine->ram_size / 2)
		return 0;
	return error("the image needs %llu MiB, and the kernel loads at most half of its %llu MiB of "
		     "memory: use a smaller initrd or fewer blobs", ULL(total / MIB),
		     ULL(p->machine->ram_size / MIB));
}

/* Its place is in the command line already. */
static int place_core(struct image_plan *p)
{
	const struct kho_range *headers = &p->crash->headers;
	const struct kho_place here = { .align = PAGE_SIZE };
	int err = segments_place(&p->segments, "core headers", headers->size, headers, 1, here, &p->core);

	return err ? image_plan_no_room(p, "core headers", headers->size, 0, err) : 0;
}

static int place_bios_area(struct image_plan *p)
{
	struct kho_range where;

	if (!arch_wants_bios_area(p->machine, &p->target->image, p->firmware, &where))
		return 0;
	return place(p, "BIOS area", PAGE_SIZE, PAGE_SIZE, where.addr, kho_range_end(&where), &p->bios_area);
}

static int place_segments(struct image_plan *p)
{
	const struct image *image = &p->target->image;
	struct handover *h = p->handover;

	if (p->crash && place_core(p))
		return -1;
	if (h && !h->running.kho && plan_scratch(p))
		return -1;
	if (place_kernel(p))
		return -1;
	if (h && place(p, "handover", p->layout.size, PAGE_SIZE, LOW_MEMORY_END, image->limit,
		       &p->payload))
		return -1;
	/* Without paging only the first 4 GiB can be reached, by the last part of purgatory too. */
	if (place_bios_area(p) || place_initrd(p) || place_modules(p) ||
	    place(p, arch_boot_data_name(image), p->boot_data_buf.size, PAGE_SIZE, LOW_MEMORY_END,
		  image->entry_32 ? LIMIT_4G : image->limit, &p->boot_data) ||
	    place(p, "purgatory", purgatory_memory_size, PAGE_SIZE, LOW_MEMORY_END,
		  image->entry_32 ? LIMIT_4G : 0, &p->purgatory))
		return -1;
	if (!h && !p->no_checks) {
		if (collect_table(p))
			return error("too many segments to verify");
		if (place(p, "table", table_size(&p->verify), PAGE_SIZE, LOW_MEMORY_END, 0, &p->table))
			return -1;
	}
	p->segments.entry = p->purgatory->addr;
	return 0;
}

static uint64_t table_room(const struct image_plan *p)
{
	return table_size(&p->verify);
}

const struct placer place_by_kexec = {
	.place = place_segments,
	.table_room = table_room,
	.serial_port = arch_serial_port,
};

int image_plan_place(struct image_plan *p)
{
	struct segment unplaced = { 0 };

	if (!p->handover && !p->crash && !p->dry_run && machine_check_usable(p->machine))
		return -1;
	p->kernel = &unplaced;
	collect_reserve(p);
	if (size_boot_data(p))
		return -1;
	if (p->handover && plan_payload(p))
		return error("the handover does not fit its own table");
	if (p->placer->place(p))
		return -1;
	return check_memory(p);
}

/* Build boot data for good; that also sets what follows the payload in the chain. */
static int fill_boot_data(struct image_plan *p)
{
	size_t planned = p->boot_data_buf.size;
	uint64_t payload_next;
	struct buffer buf;

	if (build_boot_data(p, &buf, &payload_next))
		return -1;
	buffer_free(&p->boot_data_buf);
	p->boot_data_buf = buf;
	if (buf.size > planned)
		return error("%s grew from %zu to %zu bytes", arch_boot_data_name(&p->target->image), planned,
			     buf.size);
	if (p->handover)
		((struct kho_setup_data *)p->payload_buf.data)->next = payload_next;
	return 0;
}

/* The payload takes the blobs one by one, so at most one of them is in memory twice. */
static int move_blobs(struct image_plan *p)
{
	struct handover *h = p->handover;

	for (size_t i = 0; i < h->blob_count; i++) {
		if (payload_put_blob(h, &p->layout, i, p->payload->addr, p->payload_buf.data))
			return -1;
		buffer_free(&h->blob[i].data);
	}
	return 0;
}

static int fill_payload(struct image_plan *p)
{
	if (buffer_alloc(&p->payload_buf, p->layout.size) ||
	    payload_build(p->handover, p->machine, &p->layout, p->payload->addr, p->payload_buf.data))
		return -1;
	return move_blobs(p);
}

static uint16_t serial_port(const struct image_plan *p)
{
	return p->serial_port ? p->serial_port : p->placer->serial_port(p->cmdline);
}

static uint16_t screen(const struct image_plan *p)
{
	return (uint16_t)(arch_screen(p->machine) | p->console);
}

/* Where the kernel's purgatory prints messages. */
static void fill_console(struct image_plan *p)
{
	struct kho_payload *payload = (void *)(p->payload_buf.data + sizeof(struct kho_setup_data));

	payload->serial_port = serial_port(p);
	payload->console = screen(p);
}

/* The table goes into the payload, where the next kernel finds it, or into a segment. */
static int fill_table(struct image_plan *p, uint64_t *addr)
{
	unsigned char *buf;

	if (collect_table(p))
		return error("too many segments, blobs and regions to verify");
	if (p->handover) {
		buf = p->payload_buf.data + p->layout.table;
		*addr = p->payload->addr + p->layout.table;
	} else {
		if (buffer_alloc(&p->table_buf, table_size(&p->verify)))
			return -1;
		buf = p->table_buf.data;
		*addr = p->table->addr;
	}
	table_write(&p->verify, buf);
	return 0;
}

static int fill_purgatory(struct image_plan *p, uint64_t table_addr)
{
	struct kho_purgatory_params params = {
		.magic = KHO_PURGATORY_MAGIC,
		.image_size = purgatory_image_size,
		.react = {
			.table_addr = table_addr,
			.table_size = table_addr ? table_size(&p->verify) : 0,
			.serial_port = serial_port(p),
			.console = screen(p),
		},
	};
	const struct boot_entry entry = { p->kernel->addr, p->boot_data->addr,
					  p->bios_area ? p->bios_area->addr : 0 };
	unsigned char *at;

	arch_set_entry(p->machine, &p->target->image, p->firmware, &entry, &params);
	if (p->payload)
		payload_cut(&p->layout, p->payload->addr, &params.react);
	params.react.crc = crc32c(0, &params.react, sizeof(params.react));
	if (buffer_alloc(&p->purgatory_buf, purgatory_image_size))
		return -1;
	memcpy(p->purgatory_buf.data, purgatory_image, purgatory_image_size);
	at = p->purgatory_buf.data + purgatory_image_size - sizeof(params);
	memcpy(at, &params, sizeof(params));
	params.self_crc = crc32c(0, p->purgatory_buf.data, purgatory_image_size);
	memcpy(at, &params, sizeof(params));
	return 0;
}

static void attach(struct segment *segment, const void *buf, size_t size)
{
	if (segment) {
		segment->buf = buf;
		segment->buf_size = size;
	}
}

static int build_payload_only(struct image_plan *p)
{
	uint64_t table_addr;

	if (fill_payload(p))
		return -1;
	fill_console(p);
	return p->no_checks ? 0 : fill_table(p, &table_addr);
}

static int build_all(struct image_plan *p)
{
	const struct target *t = p->target;
	uint64_t table_addr = 0;

	if (p->handover && fill_payload(p))
		return -1;
	if (fill_boot_data(p))
		return -1;
	if (!p->no_checks && fill_table(p, &table_addr))
		return -1;
	if (fill_purgatory(p, table_addr))
		return -1;
	attach(p->kernel, t->kernel.data + t->image.kernel_offset, t->image.kernel_size);
	attach(p->initrd, t->initrd.data, t->initrd.size);
	for (size_t i = 0; i < t->module_count; i++)
		attach(p->module[i], t->module[i].data.data, t->module[i].data.size);
	attach(p->boot_data, p->boot_data_buf.data, p->boot_data_buf.size);
	attach(p->payload, p->payload_buf.data, p->payload_buf.size);
	attach(p->table, p->table_buf.data, p->table_buf.size);
	if (p->crash)
		attach(p->core, p->crash->headers_buf.data, p->crash->headers_buf.size);
	attach(p->purgatory, p->purgatory_buf.data, p->purgatory_buf.size);
	return 0;
}

int image_plan_build(struct image_plan *p)
{
	return p->placer->payload_only ? build_payload_only(p) : build_all(p);
}

void image_plan_release(struct image_plan *p)
{
	buffer_free(&p->payload_buf);
	buffer_free(&p->boot_data_buf);
	buffer_free(&p->purgatory_buf);
	buffer_free(&p->table_buf);
}
