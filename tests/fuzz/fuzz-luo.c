// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for live update data: the first byte chooses what to read and
 * the page size, the others are its input. State that is read must come back the
 * same from both encoders.
 */
#include <string.h>

#include "fuzz.h"
#include "kho.h"

#define PAGES		24		/* of physical memory */
#define NODE_PAGE	20		/* before it there is room for a block of 16 */
#define EVENTS_MAX	3000		/* things that one walk tells */
#define STOPPED		12345
#define NEW_BASE	(1ull << 40)

/* Where libkho is to write. */
#define OUTPUT(buf, room, base) \
	(&(struct kho_luo_output){ sizeof(struct kho_luo_output), (buf), (room), (base) })

struct memory {
	unsigned char *bytes;
	uint64_t addr, size;
	unsigned int shift;
	uint64_t events, own;		/* bytes of blocks */
};

static int mem_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct memory *m = ctx;

	if (addr < m->addr || addr - m->addr > m->size || size > m->size - (addr - m->addr))
		return -1;
	memcpy(buf, m->bytes + (addr - m->addr), size);
	return 0;
}

/*
 * Pieces of input, each after its page, offset (2 bytes) and length, in memory
 * that is zero elsewhere.
 */
static struct memory fill(unsigned int shift, const uint8_t *data, size_t size)
{
	struct memory m = { .shift = shift, .addr = 16ull << shift };

	m.size = (uint64_t)PAGES << shift;
	m.bytes = calloc(1, m.size);
	must(m.bytes != NULL);
	while (size > 4) {
		uint64_t at = (uint64_t)(data[0] % PAGES) << shift;
		size_t len = data[3];
		uint16_t off;

		memcpy(&off, data + 1, sizeof(off));
		at += off & ((1u << shift) - 1);
		data += 4;
		size -= 4;
		if (len > size)
			len = size;
		if (len > m.size - at)
			len = m.size - at;
		memcpy(m.bytes + at, data, len);
		data += len;
		size -= len;
	}
	return m;
}

static int count_event(struct memory *m)
{
	return ++m->events > EVENTS_MAX ? STOPPED : 0;
}

static int on_session(void *ctx, const struct kho_luo_session *session)
{
	must(strnlen(session->name, sizeof(session->name)) < sizeof(session->name));
	return count_event(ctx);
}

static int on_file(void *ctx, const struct kho_luo_file *file)
{
	must(strnlen(file->compatible, sizeof(file->compatible)) < sizeof(file->compatible));
	return count_event(ctx);
}

static int on_flb(void *ctx, const struct kho_luo_flb *flb)
{
	must(strnlen(flb->name, sizeof(flb->name)) < sizeof(flb->name));
	return count_event(ctx);
}

static int on_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct memory *m = ctx;

	must(order <= 4 && addr && !(addr & ((1ull << (m->shift + order)) - 1)));
	m->own += 1ull << (m->shift + order);
	return count_event(m);
}

static int walk(struct memory *m, const struct kho_node *node, struct kho_luo_info *info)
{
	const struct kho_mem mem = { mem_read, m };
	const struct kho_luo_visitor visitor = { on_session, on_file, on_flb, on_block, m };

	m->events = 0;
	m->own = 0;
	return kho_luo_walk(m->shift, &mem, node, &visitor, info);
}

static void *must_calloc(uint64_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	must(p != NULL);
	return p;
}

/* Arrays for what INFO counts. */
static struct kho_luo_state room_for(const struct kho_luo_info *info)
{
	return (struct kho_luo_state){
		.session = must_calloc(info->session_count, sizeof(struct kho_luo_session)),
		.session_count = info->session_count,
		.file = must_calloc(info->file_count, sizeof(struct kho_luo_file)),
		.file_count = info->file_count,
		.flb = must_calloc(info->flb_count, sizeof(struct kho_luo_flb)),
		.flb_count = info->flb_count,
	};
}

static void free_state(struct kho_luo_state *s)
{
	free(s->session);
	free(s->file);
	free(s->flb);
}

static void must_be_same(const struct kho_luo_state *a, const struct kho_luo_state *b)
{
	must(a->number == b->number && a->session_count == b->session_count &&
	     a->file_count == b->file_count && a->flb_count == b->flb_count);
	must(!memcmp(a->session, b->session, a->session_count * sizeof(*a->session)));
	must(!memcmp(a->file, b->file, a->file_count * sizeof(*a->file)));
	must(!memcmp(a->flb, b->flb, a->flb_count * sizeof(*a->flb)));
}

/* Names may repeat, and a page of luo-v5 may hold more than luo-v1 can. */
static void check_again(enum kho_luo_abi abi, unsigned int shift, const struct kho_luo_state *s)
{
	struct memory again = { .shift = shift, .addr = NEW_BASE };
	const struct kho_mem mem = { mem_read, &again };
	struct kho_luo_info info;
	struct kho_luo_state back;
	struct kho_node node;
	int err = kho_luo_size(abi, shift, s, &again.size);

	must(!err || err == -KHO_ERR_LIMIT);
	if (err)
		return;
	again.bytes = must_calloc(again.size, 1);
	err = kho_luo_encode(abi, shift, s, OUTPUT(again.bytes, again.size, again.addr), NULL, &node);
	must(!err || err == -KHO_ERR_EXISTS);
	if (!err) {
		/* Blocks add events. */
		err = walk(&again, &node, &info);
		must(!err || err == STOPPED);
		must(err || again.own == again.size);
		must(err || info.abi == abi);
		back = *s;
		back.session = must_calloc(s->session_count, sizeof(*s->session));
		back.file = must_calloc(s->file_count, sizeof(*s->file));
		back.flb = must_calloc(s->flb_count, sizeof(*s->flb));
		must(!kho_luo_read(shift, &mem, &node, &back));
		must_be_same(s, &back);
		free_state(&back);
	}
	free(again.bytes);
}

/* Structs of memfd files are read from the input too. */
static void check_conversion(struct memory *m, struct kho_luo_state *s, enum kho_memfd_abi to)
{
	const struct kho_mem mem = { mem_read, m };
	struct kho_luo_culprit culprit;
	unsigned char *buf;
	uint64_t size;

	must(!kho_luo_convert_size(m->shift, s, to, &size));
	buf = must_calloc(size, 1);
	if (kho_luo_convert(m->shift, &mem, s, to, OUTPUT(buf, size, NEW_BASE), &culprit)) {
		must(!culprit.flb || !culprit.file);
		must(culprit.flb || (culprit.file && culprit.session));
	} else {
		for (size_t i = 0; i < s->file_count; i++)
			must(!strcmp(s->file[i].compatible, kho_memfd_abi_name(to)));
		must(!kho_luo_convert_size(m->shift, s, to, &size) && !size);
	}
	free(buf);
}

static void fuzz_luo(unsigned int shift, const uint8_t *data, size_t size)
{
	struct memory m;
	struct kho_node node = { .name = KHO_NODE_LUO };
	struct kho_luo_info info;
	struct kho_luo_state s;

	if (size < 2)
		return;
	memcpy(&node.size, data, 2);
	m = fill(shift, data + 2, size - 2);
	node.addr = m.addr + ((uint64_t)NODE_PAGE << shift);
	if (!walk(&m, &node, &info)) {
		const struct kho_mem mem = { mem_read, &m };

		s = room_for(&info);
		must(!kho_luo_read(shift, &mem, &node, &s));
		must(s.session_count == info.session_count && s.file_count == info.file_count &&
		     s.flb_count == info.flb_count && s.number == info.number);
		check_again(KHO_LUO_V1, shift, &s);
		check_again(KHO_LUO_V5, shift, &s);
		check_conversion(&m, &s, KHO_MEMFD_V1);
		check_conversion(&m, &s, KHO_MEMFD_V2);
		free_state(&s);
	}
	free(m.bytes);
}

struct area {
	unsigned int shift, order;
	uint64_t events, pages;
};

static int on_chunk(void *ctx, uint64_t addr)
{
	struct area *a = ctx;

	must(addr && !(addr & ((1ull << a->shift) - 1)));
	return ++a->events > EVENTS_MAX ? STOPPED : 0;
}

static int on_piece(void *ctx, uint64_t addr, unsigned int order)
{
	struct area *a = ctx;

	must(addr && order == a->order && !(addr & ((1ull << (a->shift + order)) - 1)));
	a->pages += 1ull << order;
	return ++a->events > EVENTS_MAX ? STOPPED : 0;
}

static int on_folio(void *ctx, const struct kho_memfd_folio *folio)
{
	struct area *a = ctx;

	must(folio->addr && !(folio->addr & ((1ull << a->shift) - 1)));
	must(folio->flags < 1u << 12);
	return ++a->events > EVENTS_MAX ? STOPPED : 0;
}

/* A memfd-v2 struct, and the memory with its area. */
static void fuzz_area(unsigned int shift, const uint8_t *data, size_t size)
{
	struct kho_memfd memfd;
	struct memory m;

	if (size < KHO_MEMFD_SIZE_MAX || kho_memfd_read(KHO_MEMFD_V2, data, size, &memfd))
		return;
	m = fill(shift, data + KHO_MEMFD_SIZE_MAX, size - KHO_MEMFD_SIZE_MAX);
	{
		struct area a = { .shift = shift, .order = memfd.folios.order };
		const struct kho_vmalloc_visitor visitor = { on_chunk, on_piece, &a };
		const struct kho_mem mem = { mem_read, &m };

		if (!kho_vmalloc_walk(shift, &mem, &memfd.folios, UINT32_MAX, &visitor))
			must(a.pages == memfd.folios.total_pages);
		a.events = 0;
		if (!kho_memfd_walk(shift, &mem, &memfd, UINT32_MAX, on_folio, &a))
			must(a.events <= memfd.nr_folios);
	}
	free(m.bytes);
}

static void fuzz_struct(unsigned int shift, const uint8_t *data, size_t size)
{
	unsigned char buf[KHO_MEMFD_SIZE_MAX];
	unsigned char *copy = malloc(size ? size : 1);
	struct kho_memfd memfd;

	(void)shift;
	must(copy != NULL);
	memcpy(copy, data, size);
	for (enum kho_memfd_abi abi = KHO_MEMFD_V1; abi <= KHO_MEMFD_V2; abi++)
		if (!kho_memfd_read(abi, copy, size, &memfd)) {
			must(size >= kho_memfd_size(abi));
			must(!kho_memfd_write(abi, &memfd, buf, sizeof(buf)));
			must(!memcmp(buf, copy, kho_memfd_size(abi)));
		}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const target[])(unsigned int, const uint8_t *, size_t) = {
		fuzz_luo, fuzz_area, fuzz_struct,
	};

	if (size)
		target[data[0] % 3](12 + data[0] / 3 % 3 * 2, data + 1, size - 1);
	return 0;
}
