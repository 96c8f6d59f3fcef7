// SPDX-License-Identifier: GPL-2.0-only
/*
 * Node LUO, against images laid out by hand from the structs in
 * include/linux/kho/abi/luo.h; then decode(encode(x)) = x.
 */
#include <stdio.h>

#include <libfdt.h>

#include "kho.h"
#include "unit.h"

#define BASE	0x7654000000ull		/* of every image; aligned to 16 pages of any size */
#define PAGE	0x1000ull

/* Where libkho is to write. */
#define OUTPUT(buf, room, base) \
	(&(struct kho_luo_output){ sizeof(struct kho_luo_output), (buf), (room), (base) })

static const unsigned int page_shifts[] = { 12, 14, 16 };

/* ---- Memory ---- */

struct image {
	unsigned char *bytes;
	uint64_t size;
	unsigned int reads, fail_at;	/* this read fails, counted from 1 */
};

static int image_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	struct image *m = ctx;

	if (++m->reads == m->fail_at)
		return -1;
	if (addr < BASE || addr - BASE > m->size || size > m->size - (addr - BASE))
		return -1;
	memcpy(buf, m->bytes + (addr - BASE), size);
	return 0;
}

static void poke(struct image *m, uint64_t addr, uint64_t value)
{
	assert_true(addr >= BASE && addr - BASE + 8 <= m->size);
	memcpy(m->bytes + (addr - BASE), &value, sizeof(value));
}

static uint64_t peek(const struct image *m, uint64_t addr)
{
	uint64_t value;

	assert_true(addr >= BASE && addr - BASE + 8 <= m->size);
	memcpy(&value, m->bytes + (addr - BASE), sizeof(value));
	return value;
}

static void poke_string(struct image *m, uint64_t addr, const char *text)
{
	assert_true(addr >= BASE && addr - BASE + strlen(text) <= m->size);
	memcpy(m->bytes + (addr - BASE), text, strlen(text));
}

static void poke_session(struct image *m, uint64_t addr, const char *name, uint64_t files,
			 uint64_t count)
{
	poke_string(m, addr, name);
	poke(m, addr + 64, files);
	poke(m, addr + 72, count);
}

/* A file, or an FLB: a name of 48 bytes and two words. */
static void poke_entry(struct image *m, uint64_t addr, const char *name, uint64_t first,
		       uint64_t second)
{
	poke_string(m, addr, name);
	poke(m, addr + 48, first);
	poke(m, addr + 56, second);
}

/* ---- What a visitor is told, as text ---- */

struct told {
	char text[4096];
	size_t used;
	unsigned int events, stop_at;
};

#define STOPPED	77

__attribute__((format(printf, 2, 3)))
static int tell(struct told *told, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	told->used += vsnprintf(told->text + told->used, sizeof(told->text) - told->used, format,
				args);
	va_end(args);
	assert_true(told->used < sizeof(told->text));
	return ++told->events == told->stop_at ? STOPPED : 0;
}

static int tell_session(void *ctx, const struct kho_luo_session *session)
{
	return tell(ctx, "session %s %u\n", session->name, (unsigned int)session->file_count);
}

static int tell_file(void *ctx, const struct kho_luo_file *file)
{
	return tell(ctx, "file %s %llx %llx\n", file->compatible, (unsigned long long)file->data,
		    (unsigned long long)file->token);
}

static int tell_flb(void *ctx, const struct kho_luo_flb *flb)
{
	return tell(ctx, "flb %s %llx %llu\n", flb->name, (unsigned long long)flb->data,
		    (unsigned long long)flb->count);
}

static int tell_block(void *ctx, uint64_t addr, unsigned int order)
{
	return tell(ctx, "block %llx %u\n", (unsigned long long)(addr - BASE), order);
}

static int walk(struct image *m, const struct kho_node *node, struct told *told,
		struct kho_luo_info *info)
{
	const struct kho_mem mem = { image_read, m };
	const struct kho_luo_visitor visitor = {
		tell_session, tell_file, tell_flb, tell_block, told,
	};

	m->reads = 0;
	return kho_luo_walk(12, &mem, node, &visitor, info);
}

static int walk_silently(struct image *m, const struct kho_node *node)
{
	const struct kho_mem mem = { image_read, m };
	struct kho_luo_info info;

	m->reads = 0;
	return kho_luo_walk(12, &mem, node, NULL, &info);
}

/* ---- luo-v5 by hand ---- */

/* Where things are in it. */
#define V5_NODE		(BASE + 0x0000)
#define V5_SESSIONS	(BASE + 0x1000)		/* two blocks, not in order */
#define V5_SESSIONS_2	(BASE + 0x5000)
#define V5_FILES	(BASE + 0x2000)
#define V5_FILES_2	(BASE + 0x3000)
#define V5_FLBS		(BASE + 0x4000)
#define V5_PAGES	6

static struct image v5_image(void)
{
	struct image m = { .bytes = must_calloc(V5_PAGES * PAGE), .size = V5_PAGES * PAGE };

	poke_string(&m, V5_NODE, "luo-v5");
	poke(&m, V5_NODE + 8, 7);
	poke(&m, V5_NODE + 16, V5_SESSIONS);
	poke(&m, V5_NODE + 24, V5_FLBS);

	poke(&m, V5_SESSIONS, V5_SESSIONS_2);
	poke(&m, V5_SESSIONS + 8, 2);
	poke_session(&m, V5_SESSIONS + 16, "vm-a", V5_FILES, 3);
	poke_session(&m, V5_SESSIONS + 16 + 80, "empty", 0, 0);
	poke(&m, V5_SESSIONS_2, 0);
	poke(&m, V5_SESSIONS_2 + 8, 1);
	poke_session(&m, V5_SESSIONS_2 + 16, "", 0, 0);

	poke(&m, V5_FILES, V5_FILES_2);
	poke(&m, V5_FILES + 8, 2);
	poke_entry(&m, V5_FILES + 16, "memfd-v2", 0xabc000, 1);
	poke_entry(&m, V5_FILES + 16 + 64, "vfio", 0xdef000, UINT64_MAX);
	poke(&m, V5_FILES_2 + 8, 1);
	poke_entry(&m, V5_FILES_2 + 16, "memfd-v2", 0x123000, 0);

	poke(&m, V5_FLBS, 1);
	poke(&m, V5_FLBS + 8, 1);
	poke_entry(&m, V5_FLBS + 16, "iommu-v1", 0x456000, 3);
	return m;
}

static const struct kho_node v5_node = { .name = "LUO", .addr = V5_NODE, .size = 32 };

static void v5_read(void **state)
{
	struct image m = v5_image();
	struct kho_luo_info info = { 0 };
	struct told told = { 0 };

	(void)state;
	assert_int_equal(walk(&m, &v5_node, &told, &info), 0);
	assert_string_equal(told.text,
			    "block 0 0\n"
			    "block 1000 0\n"
			    "session vm-a 3\n"
			    "block 2000 0\n"
			    "file memfd-v2 abc000 1\n"
			    "file vfio def000 ffffffffffffffff\n"
			    "block 3000 0\n"
			    "file memfd-v2 123000 0\n"
			    "session empty 0\n"
			    "block 5000 0\n"
			    "session  0\n"
			    "block 4000 0\n"
			    "flb iommu-v1 456000 3\n");
	assert_int_equal(info.abi, KHO_LUO_V5);
	assert_int_equal(info.number, 7);
	assert_int_equal(info.session_count, 3);
	assert_int_equal(info.file_count, 3);
	assert_int_equal(info.flb_count, 1);
	assert_true(info.flbs);
	free(m.bytes);
}

static void v5_read_nothing(void **state)
{
	struct image m = v5_image();
	struct kho_luo_info info = { 0 };
	struct told told = { 0 };

	(void)state;
	poke(&m, V5_NODE + 16, 0);
	poke(&m, V5_NODE + 24, 0);
	assert_int_equal(walk(&m, &v5_node, &told, &info), 0);
	assert_string_equal(told.text, "block 0 0\n");
	assert_false(info.flbs);
	free(m.bytes);
}

/* One word of a good image changed. */
struct spoilt {
	uint64_t addr, value;
	int err;
};

static void check_spoilt(struct image (*make)(void), const struct kho_node *node,
			 const struct spoilt *spoilt, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct image m = make();

		poke(&m, spoilt[i].addr, spoilt[i].value);
		if (walk_silently(&m, node) != -spoilt[i].err)
			fail_msg("case %zu: %d", i, walk_silently(&m, node));
		free(m.bytes);
	}
}

#define X8	0x7878787878787878ull	/* eight letters */

static void v5_spoilt(void **state)
{
	static const struct spoilt spoilt[] = {
		{ V5_NODE, 0x36762d6f756c, KHO_ERR_ABI },		/* "luo-v6" */
		{ V5_NODE, 0x31762d6f756c, KHO_ERR_ABI },		/* "luo-v1" */
		{ V5_NODE, 0x3031762d6f756c, KHO_ERR_ABI },		/* "luo-v10" */
		{ V5_NODE, 0x303030352d6f756c, KHO_ERR_ABI },		/* no NUL */
		{ V5_NODE, 0, KHO_ERR_ABI },
		{ V5_NODE + 16, V5_SESSIONS + 8, KHO_ERR_ALIGN },
		{ V5_NODE + 16, V5_SESSIONS + 0x800, KHO_ERR_ALIGN },
		{ V5_NODE + 16, BASE + V5_PAGES * PAGE, KHO_ERR_READ },
		{ V5_NODE + 24, V5_FLBS + 16, KHO_ERR_ALIGN },
		{ V5_NODE + 24, ~0xfffull, KHO_ERR_READ },
		/* Lists: counts, links. */
		{ V5_SESSIONS + 8, 0, KHO_ERR_BADNODE },
		{ V5_SESSIONS + 8, 52, KHO_ERR_LIMIT },
		{ V5_SESSIONS + 8, UINT64_MAX, KHO_ERR_LIMIT },
		{ V5_SESSIONS_2 + 8, 0, KHO_ERR_BADNODE },
		{ V5_SESSIONS, V5_SESSIONS, KHO_ERR_BADNODE },
		{ V5_SESSIONS_2, V5_SESSIONS, KHO_ERR_BADNODE },
		{ V5_SESSIONS_2, V5_SESSIONS_2, KHO_ERR_BADNODE },
		{ V5_SESSIONS, V5_SESSIONS_2 + 1, KHO_ERR_ALIGN },
		{ V5_FILES + 8, 0, KHO_ERR_BADNODE },
		{ V5_FILES + 8, 64, KHO_ERR_LIMIT },
		{ V5_FILES, V5_FILES, KHO_ERR_BADNODE },
		{ V5_FILES_2, V5_FILES, KHO_ERR_BADNODE },
		/* Sessions. */
		{ V5_SESSIONS + 16 + 64, 0, KHO_ERR_BADNODE },
		{ V5_SESSIONS + 16 + 72, 0, KHO_ERR_BADNODE },
		{ V5_SESSIONS + 16 + 72, 2, KHO_ERR_BADNODE },
		{ V5_SESSIONS + 16 + 72, 4, KHO_ERR_BADNODE },
		{ V5_SESSIONS + 16 + 72, 630001, KHO_ERR_LIMIT },
		{ V5_SESSIONS + 16 + 80 + 64, V5_FILES, KHO_ERR_BADNODE },
		{ V5_SESSIONS + 16 + 64, V5_FILES + 64, KHO_ERR_ALIGN },
		/* FLBs. */
		{ V5_FLBS, 0, KHO_ERR_BADNODE },
		{ V5_FLBS, 2, KHO_ERR_BADNODE },
		{ V5_FLBS + 8, 64, KHO_ERR_LIMIT },
	};
	static const struct {
		uint64_t addr, size;
	} names[] = {
		{ V5_SESSIONS + 16, 64 }, { V5_SESSIONS_2 + 16, 64 },
		{ V5_FILES + 16, 48 }, { V5_FILES_2 + 16, 48 }, { V5_FLBS + 16, 48 },
	};
	struct image m;

	(void)state;
	check_spoilt(v5_image, &v5_node, spoilt, ARRAY_SIZE(spoilt));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		m = v5_image();
		for (uint64_t off = 0; off < names[i].size; off += 8)
			poke(&m, names[i].addr + off, X8);
		assert_int_equal(walk_silently(&m, &v5_node), -KHO_ERR_BADNODE);
		poke(&m, names[i].addr + names[i].size - 8, X8 >> 8);
		assert_int_equal(walk_silently(&m, &v5_node), 0);
		free(m.bytes);
	}
}

static void v5_node_spoilt(void **state)
{
	struct image m = v5_image();
	struct kho_node node = v5_node;

	(void)state;
	for (node.size = 0; node.size < 32; node.size++)
		assert_int_equal(walk_silently(&m, &node), -KHO_ERR_BADNODE);
	node.addr += 8;
	assert_int_equal(walk_silently(&m, &node), -KHO_ERR_ALIGN);
	node.addr = 0;
	assert_int_equal(walk_silently(&m, &node), -KHO_ERR_BADNODE);
	free(m.bytes);
}

/* Each block that a list has at most: 51 sessions, 63 files, 63 FLBs. */
static void v5_read_full(void **state)
{
	struct image m = v5_image();

	(void)state;
	poke(&m, V5_SESSIONS + 8, 51);
	poke(&m, V5_FILES + 8, 63);
	poke(&m, V5_SESSIONS + 16 + 72, 64);
	poke(&m, V5_FLBS + 8, 63);
	assert_int_equal(walk_silently(&m, &v5_node), 0);
	free(m.bytes);
}

/* Any read that fails ends the walk; so does anything the visitor returns. */
static void check_failures(struct image *m, const struct kho_node *node)
{
	struct kho_luo_info info = { .number = 42 };
	struct told told = { 0 };
	unsigned int reads, events;

	assert_int_equal(walk(m, node, &told, &info), 0);
	reads = m->reads;
	events = told.events;
	info.number = 42;
	for (m->fail_at = 1; m->fail_at <= reads; m->fail_at++)
		assert_int_equal(walk_silently(m, node), -KHO_ERR_READ);
	m->fail_at = 0;
	for (unsigned int i = 1; i <= events; i++) {
		told = (struct told){ .stop_at = i };
		assert_int_equal(walk(m, node, &told, &info), STOPPED);
		assert_int_equal(told.events, i);
	}
	assert_int_equal(info.number, 42);
}

static void v5_failures(void **state)
{
	struct image m = v5_image();

	(void)state;
	check_failures(&m, &v5_node);
	free(m.bytes);
}

/* Blocks of one session, one after the other, without end or to LAST. */
struct endless {
	uint64_t first, last, jump_to;
};

static int endless_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct endless *e = ctx;
	const uint64_t head[4] = { 0x35762d6f756c, 0, e->first, 0 };
	const uint64_t block[2] = { addr == e->last ? e->jump_to : addr + PAGE, 1 };
	uint64_t entry[10] = { addr >> 12 };

	if (addr == BASE) {
		memcpy(buf, head, size);
	} else if (addr % PAGE == 0) {
		assert_int_equal(size, sizeof(block));
		memcpy(buf, block, size);
	} else {
		assert_int_equal(size, sizeof(entry));
		memcpy(buf, entry, size);
	}
	return 0;
}

static int walk_endless(struct endless *e, uint64_t *ret_sessions)
{
	const struct kho_mem mem = { endless_read, e };
	struct kho_luo_info info = { 0 };
	int err = kho_luo_walk(12, &mem, &v5_node, NULL, &info);

	*ret_sessions = info.session_count;
	return err;
}

static void v5_longest_list(void **state)
{
	struct endless e = { .first = BASE + PAGE };
	uint64_t sessions;

	(void)state;
	e.last = BASE + 10000 * PAGE;
	assert_int_equal(walk_endless(&e, &sessions), 0);
	assert_int_equal(sessions, 10000);
	e.last += PAGE;
	assert_int_equal(walk_endless(&e, &sessions), -KHO_ERR_LIMIT);
	/* Circles of any length and at any place are found before the limit. */
	for (uint64_t tail = 1; tail < 3000; tail = tail * 2 + 1)
		for (uint64_t ring = 1; ring < 2000; ring *= 3) {
			e.last = BASE + (tail + ring) * PAGE;
			e.jump_to = BASE + (tail + 1) * PAGE;
			assert_int_equal(walk_endless(&e, &sessions), -KHO_ERR_BADNODE);
		}
}

/* Each of many sessions has the same list of files, of 9999 blocks with one file. */
#define SHARED		(BASE + 0x10000000)

static int shared_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	static const uint64_t head[4] = { 0x35762d6f756c, 0, BASE + PAGE, 0 };
	const uint64_t block[2] = {
		addr == SHARED + 9998 * PAGE ? 0 : addr + PAGE, addr < SHARED ? 51 : 1,
	};
	const uint64_t entry[10] = { 'x', [8] = SHARED, [9] = 9999 };

	++*(unsigned int *)ctx;
	memcpy(buf, addr == BASE ? head : addr % PAGE == 0 ? block : entry, size);
	return 0;
}

static void v5_bounded_in_all(void **state)
{
	unsigned int reads = 0;
	const struct kho_mem mem = { shared_read, &reads };
	struct kho_luo_info info;

	(void)state;
	assert_int_equal(kho_luo_walk(12, &mem, &v5_node, NULL, &info), -KHO_ERR_LIMIT);
	/* Two for each block of the 256 MiB, and those of the sessions. */
	assert_in_range(reads, 2u << 16, (2u << 16) + 200);
}

/* ---- luo-v1 by hand ---- */

#define V1_SESSIONS	(BASE + 0x00000)	/* 16 pages */
#define V1_FILES	(BASE + 0x10000)	/* 2 pages */
#define V1_FLBS		(BASE + 0x12000)
#define V1_NODE		(BASE + 0x13000)
#define V1_PAGES	20

struct recipe {
	const char *root_compatible, *session_name, *session_compatible;	/* NULL: left out */
	const char *flb_name, *flb_compatible;
	const char *number_prop, *session_prop, *flb_prop;
	int number_len, session_len, flb_len;
	uint64_t sessions, flbs;
};

static const struct recipe good = {
	.root_compatible = "luo-v1",
	.session_name = "luo-session", .session_compatible = "luo-session-v2",
	.flb_name = "luo-flb", .flb_compatible = "luo-flb-v1",
	.number_prop = "liveupdate-number", .session_prop = "luo-session-header",
	.flb_prop = "luo-flb-header",
	.number_len = 8, .session_len = 8, .flb_len = 8,
	.sessions = V1_SESSIONS, .flbs = V1_FLBS,
};

static void put_prop(void *fdt, const char *name, uint64_t value, int len)
{
	const uint64_t bytes[2] = { value, 0 };

	if (name)
		assert_int_equal(fdt_property(fdt, name, bytes, len), 0);
}

static void put_node(void *fdt, const char *name, const char *compatible, const char *prop,
		     uint64_t value, int len)
{
	if (!name)
		return;
	assert_int_equal(fdt_begin_node(fdt, name), 0);
	if (compatible)
		assert_int_equal(fdt_property_string(fdt, "compatible", compatible), 0);
	put_prop(fdt, prop, value, len);
	assert_int_equal(fdt_end_node(fdt), 0);
}

static void build(void *fdt, const struct recipe *r)
{
	assert_int_equal(fdt_create(fdt, PAGE), 0);
	assert_int_equal(fdt_finish_reservemap(fdt), 0);
	assert_int_equal(fdt_begin_node(fdt, ""), 0);
	if (r->root_compatible)
		assert_int_equal(fdt_property_string(fdt, "compatible", r->root_compatible), 0);
	put_prop(fdt, r->number_prop, 9, r->number_len);
	put_node(fdt, r->session_name, r->session_compatible, r->session_prop, r->sessions,
		 r->session_len);
	put_node(fdt, r->flb_name, r->flb_compatible, r->flb_prop, r->flbs, r->flb_len);
	assert_int_equal(fdt_end_node(fdt), 0);
	assert_int_equal(fdt_finish(fdt), 0);
}

static struct image v1_image_of(const struct recipe *r)
{
	struct image m = { .bytes = must_calloc(V1_PAGES * PAGE), .size = V1_PAGES * PAGE };

	poke(&m, V1_SESSIONS, 2);
	poke_session(&m, V1_SESSIONS + 8, "one", V1_FILES, 2);
	poke_session(&m, V1_SESSIONS + 8 + 80, "two", 0, 0);
	poke_entry(&m, V1_FILES, "memfd-v1", 0xabc000, 5);
	poke_entry(&m, V1_FILES + 64, "other", 0, 6);
	poke(&m, V1_FLBS, 1);
	poke(&m, V1_FLBS + 8, 2);
	poke_entry(&m, V1_FLBS + 16, "flb-a", 1, 2);
	poke_entry(&m, V1_FLBS + 16 + 64, "flb-b", 3, 4);
	build(m.bytes + (V1_NODE - BASE), r);
	return m;
}

static struct image v1_image(void)
{
	return v1_image_of(&good);
}

static const struct kho_node v1_node = { .name = "LUO", .addr = V1_NODE };

#define V1_TOLD \
	"block 13000 0\n" \
	"block 0 4\n" \
	"session one 2\n" \
	"block 10000 1\n" \
	"file memfd-v1 abc000 5\n" \
	"file other 0 6\n" \
	"session two 0\n"

static void v1_read(void **state)
{
	struct image m = v1_image();
	struct kho_luo_info info = { 0 };
	struct told told = { 0 };

	(void)state;
	assert_int_equal(walk(&m, &v1_node, &told, &info), 0);
	assert_string_equal(told.text, V1_TOLD
			    "block 12000 0\n"
			    "flb flb-a 1 2\n"
			    "flb flb-b 3 4\n");
	assert_int_equal(info.abi, KHO_LUO_V1);
	assert_int_equal(info.number, 9);
	assert_int_equal(info.session_count, 2);
	assert_int_equal(info.file_count, 2);
	assert_int_equal(info.flb_count, 2);
	assert_true(info.flbs);
	free(m.bytes);
}

/* As 6.19 writes it. */
static void v1_read_without_flbs(void **state)
{
	struct kho_luo_info info = { .flbs = true };
	struct recipe r = good;
	struct told told = { 0 };
	struct image m;

	(void)state;
	r.flb_name = NULL;
	m = v1_image_of(&r);
	assert_int_equal(walk(&m, &v1_node, &told, &info), 0);
	assert_string_equal(told.text, V1_TOLD);
	assert_false(info.flbs);
	free(m.bytes);
}

static void v1_fdt_spoilt(void **state)
{
	static const int lengths[] = { 0, 4, 7, 9, 16 };

	(void)state;
#define SPOIL(field, what, err) do { \
	struct recipe r = good; \
	struct image m; \
	r.field = (what); \
	m = v1_image_of(&r); \
	assert_int_equal(walk_silently(&m, &v1_node), -(err)); \
	free(m.bytes); \
} while (0)
	SPOIL(root_compatible, NULL, KHO_ERR_ABI);
	SPOIL(root_compatible, "luo-v2", KHO_ERR_ABI);
	SPOIL(root_compatible, "luo-v5", KHO_ERR_ABI);
	SPOIL(root_compatible, "luo-v11", KHO_ERR_ABI);
	SPOIL(number_prop, NULL, KHO_ERR_BADNODE);
	SPOIL(session_name, NULL, KHO_ERR_BADNODE);
	SPOIL(session_name, "luo-sessions", KHO_ERR_BADNODE);
	SPOIL(session_compatible, NULL, KHO_ERR_ABI);
	SPOIL(session_compatible, "luo-session-v1", KHO_ERR_ABI);
	SPOIL(session_prop, NULL, KHO_ERR_BADNODE);
	SPOIL(flb_compatible, NULL, KHO_ERR_ABI);
	SPOIL(flb_compatible, "luo-flb-v2", KHO_ERR_ABI);
	SPOIL(flb_prop, NULL, KHO_ERR_BADNODE);
	SPOIL(sessions, 0, KHO_ERR_BADNODE);
	SPOIL(sessions, V1_SESSIONS + PAGE, KHO_ERR_ALIGN);
	SPOIL(sessions, V1_SESSIONS + 8 * PAGE, KHO_ERR_ALIGN);
	SPOIL(sessions, V1_SESSIONS + V1_PAGES * 16 * PAGE, KHO_ERR_READ);
	SPOIL(flbs, 0, KHO_ERR_BADNODE);
	SPOIL(flbs, V1_FLBS + 0x800, KHO_ERR_ALIGN);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		SPOIL(number_len, lengths[i], KHO_ERR_BADNODE);
		SPOIL(session_len, lengths[i], KHO_ERR_BADNODE);
		SPOIL(flb_len, lengths[i], KHO_ERR_BADNODE);
	}
#undef SPOIL
}

static void v1_spoilt(void **state)
{
	static const struct spoilt spoilt[] = {
		{ V1_SESSIONS, 820, KHO_ERR_LIMIT },
		{ V1_SESSIONS, UINT64_MAX, KHO_ERR_LIMIT },
		{ V1_SESSIONS + 8 + 64, 0, KHO_ERR_BADNODE },
		{ V1_SESSIONS + 8 + 64, V1_FILES + PAGE, KHO_ERR_ALIGN },
		{ V1_SESSIONS + 8 + 64, V1_FILES + 0x1000000, KHO_ERR_READ },
		{ V1_SESSIONS + 8 + 72, 0, KHO_ERR_BADNODE },
		{ V1_SESSIONS + 8 + 72, 129, KHO_ERR_LIMIT },
		{ V1_SESSIONS + 8 + 80 + 64, V1_FILES, KHO_ERR_BADNODE },
		{ V1_SESSIONS + 8 + 80 + 72, 1, KHO_ERR_BADNODE },
		{ V1_FLBS, 16, KHO_ERR_BADNODE },
		{ V1_FLBS + 8, 64, KHO_ERR_LIMIT },
		/* Words are little-endian, those of the FDT's header big-endian. */
		{ V1_NODE, 0, KHO_ERR_ABI },
		{ V1_NODE, 0x01100000edfe0dd0, KHO_ERR_BADFDT },	/* 4097 bytes */
		{ V1_NODE, 0x27000000edfe0dd0, KHO_ERR_BADFDT },	/* 39 bytes */
	};
	static const struct {
		uint64_t addr, size;
	} names[] = {
		{ V1_SESSIONS + 8, 64 }, { V1_FILES, 48 }, { V1_FLBS + 16, 48 },
	};

	(void)state;
	check_spoilt(v1_image, &v1_node, spoilt, ARRAY_SIZE(spoilt));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct image m = v1_image();

		for (uint64_t off = 0; off < names[i].size; off += 8)
			poke(&m, names[i].addr + off, X8);
		assert_int_equal(walk_silently(&m, &v1_node), -KHO_ERR_BADNODE);
		free(m.bytes);
	}
}

static void v1_read_full(void **state)
{
	struct image m = v1_image();
	struct kho_luo_info info;
	struct told told = { 0 };

	(void)state;
	poke(&m, V1_SESSIONS + 8 + 72, 128);
	assert_int_equal(walk_silently(&m, &v1_node), 0);
	poke(&m, V1_SESSIONS, 819);
	poke(&m, V1_FLBS + 8, 63);
	assert_int_equal(walk_silently(&m, &v1_node), 0);
	/* One more is too many, even if it were read as zeros from after the block. */
	memset(m.bytes + 8, 0, V1_FLBS - BASE - 8);
	poke(&m, V1_SESSIONS, 820);
	assert_int_equal(walk_silently(&m, &v1_node), -KHO_ERR_LIMIT);
	poke(&m, V1_SESSIONS, 0);
	poke(&m, V1_FLBS + 8, 0);
	assert_int_equal(walk(&m, &v1_node, &told, &info), 0);
	assert_string_equal(told.text, "block 13000 0\nblock 0 4\nblock 12000 0\n");
	free(m.bytes);
}

static void v1_cut(void **state)
{
	struct image m = v1_image();
	struct kho_node node = v1_node;
	uint64_t whole = fdt_totalsize(m.bytes + (V1_NODE - BASE));

	(void)state;
	for (node.size = 1; node.size < whole; node.size++)
		assert_int_equal(walk_silently(&m, &node),
				 node.size < 8 ? -KHO_ERR_BADNODE : -KHO_ERR_BADFDT);
	assert_int_equal(walk_silently(&m, &node), 0);
	/* The memory ends there. */
	for (m.size = V1_NODE - BASE; m.size < V1_NODE - BASE + whole; m.size++)
		assert_int_equal(walk_silently(&m, &node), -KHO_ERR_READ);
	free(m.bytes);
}

static void v1_failures(void **state)
{
	struct image m = v1_image();

	(void)state;
	check_failures(&m, &v1_node);
	free(m.bytes);
}

/* ---- kho_luo_read() ---- */

static void read_arrays(void **state)
{
	struct image m = v5_image();
	const struct kho_mem mem = { image_read, &m };
	struct kho_luo_session session[4];
	struct kho_luo_file file[4];
	struct kho_luo_flb flb[2];
	const struct kho_luo_state room = { 0, session, 4, file, 4, flb, 2 };
	struct kho_luo_state s = room;

	(void)state;
	memset(session, 0xee, sizeof(session));
	memset(file, 0xee, sizeof(file));
	assert_int_equal(kho_luo_read(12, &mem, &v5_node, &s), 0);
	assert_int_equal(s.number, 7);
	assert_int_equal(s.session_count, 3);
	assert_int_equal(s.file_count, 3);
	assert_int_equal(s.flb_count, 1);
	assert_string_equal(session[0].name, "vm-a");
	assert_int_equal(session[0].name[63], 0);
	assert_int_equal(session[0].file_count, 3);
	assert_string_equal(file[2].compatible, "memfd-v2");
	assert_int_equal(file[2].data, 0x123000);
	assert_string_equal(flb[0].name, "iommu-v1");
	s = room;
	s.session_count = 2;
	assert_int_equal(kho_luo_read(12, &mem, &v5_node, &s), -KHO_ERR_NOSPACE);
	assert_int_equal(s.session_count, 2);
	s = room;
	s.file_count = 2;
	assert_int_equal(kho_luo_read(12, &mem, &v5_node, &s), -KHO_ERR_NOSPACE);
	s = room;
	s.flb_count = 0;
	assert_int_equal(kho_luo_read(12, &mem, &v5_node, &s), -KHO_ERR_NOSPACE);
	free(m.bytes);
}

/* ---- Encoding ---- */

/* Into a buffer of just the size asked for. */
static struct image encode(enum kho_luo_abi abi, unsigned int shift,
			   const struct kho_luo_state *s, const struct kho_luo_visitor *visitor,
			   struct kho_node *ret_node)
{
	struct image m = { 0 };

	assert_int_equal(kho_luo_size(abi, shift, s, &m.size), 0);
	assert_int_equal(m.size % (1ull << shift), 0);
	m.bytes = must_calloc(m.size);
	memset(m.bytes, 0xee, m.size);
	assert_int_equal(kho_luo_encode(abi, shift, s, OUTPUT(m.bytes, m.size, BASE), visitor,
					ret_node), 0);
	assert_string_equal(ret_node->name, "LUO");
	return m;
}

static struct kho_luo_session few_sessions[] = { { "s1", 2 }, { "s2", 0 }, { "s3", 1 } };
static struct kho_luo_file few_files[] = {
	{ "memfd-v2", 0x1111111111111111, 1 }, { "b", 2, 0x2222222222222222 }, { "c", 3, 4 },
};
static struct kho_luo_flb few_flbs[] = { { "flb", 0x3333333333333333, 9 } };

static const struct kho_luo_state few = {
	0x123456789abcdef0, few_sessions, 3, few_files, 3, few_flbs, 1,
};

/* The bytes at ADDR are these, and zeros to the end of SIZE. */
static void assert_bytes(const struct image *m, uint64_t addr, const struct image *want,
			 uint64_t size)
{
	assert_true(addr >= BASE && addr - BASE + size <= m->size);
	assert_int_equal(want->size, size);
	assert_memory_equal(m->bytes + (addr - BASE), want->bytes, size);
	free(want->bytes);
}

static struct image blank(uint64_t size)
{
	return (struct image){ .bytes = must_calloc(size), .size = size };
}

static void v5_bytes(void **state)
{
	struct image m, want;
	struct kho_node node;
	uint64_t sessions, flbs, files1, files3;

	(void)state;
	m = encode(KHO_LUO_V5, 12, &few, NULL, &node);
	assert_int_equal(m.size, 5 * PAGE);
	assert_int_equal(node.size, 32);
	sessions = peek(&m, node.addr + 16);
	flbs = peek(&m, node.addr + 24);
	files1 = peek(&m, sessions + 16 + 64);
	files3 = peek(&m, sessions + 16 + 2 * 80 + 64);

	want = blank(PAGE);
	poke_string(&want, BASE, "luo-v5");
	poke(&want, BASE + 8, few.number);
	poke(&want, BASE + 16, sessions);
	poke(&want, BASE + 24, flbs);
	assert_bytes(&m, node.addr, &want, PAGE);

	want = blank(PAGE);
	poke(&want, BASE + 8, 3);
	poke_session(&want, BASE + 16, "s1", files1, 2);
	poke_session(&want, BASE + 16 + 80, "s2", 0, 0);
	poke_session(&want, BASE + 16 + 160, "s3", files3, 1);
	assert_bytes(&m, sessions, &want, PAGE);

	want = blank(PAGE);
	poke(&want, BASE + 8, 2);
	poke_entry(&want, BASE + 16, "memfd-v2", 0x1111111111111111, 1);
	poke_entry(&want, BASE + 16 + 64, "b", 2, 0x2222222222222222);
	assert_bytes(&m, files1, &want, PAGE);

	want = blank(PAGE);
	poke(&want, BASE + 8, 1);
	poke_entry(&want, BASE + 16, "c", 3, 4);
	assert_bytes(&m, files3, &want, PAGE);

	want = blank(PAGE);
	poke(&want, BASE, 1);
	poke(&want, BASE + 8, 1);
	poke_entry(&want, BASE + 16, "flb", 0x3333333333333333, 9);
	assert_bytes(&m, flbs, &want, PAGE);
	free(m.bytes);
}

static uint64_t fdt_u64(const void *fdt, const char *path, const char *prop)
{
	int node = fdt_path_offset(fdt, path), len;
	uint64_t value;

	assert_true(node >= 0);
	assert_non_null(fdt_getprop(fdt, node, prop, &len));
	assert_int_equal(len, 8);
	memcpy(&value, fdt_getprop(fdt, node, prop, &len), sizeof(value));
	return value;
}

static void v1_bytes(void **state)
{
	struct image m, want;
	struct kho_node node;
	uint64_t sessions, flbs, files1, files3;
	const void *fdt;
	int len;

	(void)state;
	m = encode(KHO_LUO_V1, 12, &few, NULL, &node);
	assert_int_equal(m.size, 22 * PAGE);
	fdt = m.bytes + (node.addr - BASE);
	assert_int_equal(fdt_check_full(fdt, PAGE), 0);
	assert_int_equal(node.size, fdt_totalsize(fdt));
	assert_string_equal(fdt_getprop(fdt, 0, "compatible", &len), "luo-v1");
	assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/luo-session"), "compatible",
					&len), "luo-session-v2");
	assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/luo-flb"), "compatible",
					&len), "luo-flb-v1");
	assert_int_equal(fdt_u64(fdt, "/", "liveupdate-number"), few.number);
	sessions = fdt_u64(fdt, "/luo-session", "luo-session-header");
	flbs = fdt_u64(fdt, "/luo-flb", "luo-flb-header");
	files1 = peek(&m, sessions + 8 + 64);
	files3 = peek(&m, sessions + 8 + 2 * 80 + 64);

	want = blank(16 * PAGE);
	poke(&want, BASE, 3);
	poke_session(&want, BASE + 8, "s1", files1, 2);
	poke_session(&want, BASE + 8 + 80, "s2", 0, 0);
	poke_session(&want, BASE + 8 + 160, "s3", files3, 1);
	assert_bytes(&m, sessions, &want, 16 * PAGE);

	want = blank(2 * PAGE);
	poke_entry(&want, BASE, "memfd-v2", 0x1111111111111111, 1);
	poke_entry(&want, BASE + 64, "b", 2, 0x2222222222222222);
	assert_bytes(&m, files1, &want, 2 * PAGE);

	want = blank(2 * PAGE);
	poke_entry(&want, BASE, "c", 3, 4);
	assert_bytes(&m, files3, &want, 2 * PAGE);

	want = blank(PAGE);
	poke(&want, BASE, 1);
	poke(&want, BASE + 8, 1);
	poke_entry(&want, BASE + 16, "flb", 0x3333333333333333, 9);
	assert_bytes(&m, flbs, &want, PAGE);
	free(m.bytes);
}

/* Blocks, as one bit for each page of an image. */
struct cover {
	unsigned int shift;
	uint64_t size;
	unsigned char *pages;
	uint64_t blocks, orders;	/* their number, the sum of order + 1 */
};

static int cover_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct cover *c = ctx;
	uint64_t page = (addr - BASE) >> c->shift;

	assert_int_equal(addr % (1ull << (c->shift + order)), 0);
	assert_true(addr >= BASE && addr - BASE + (1ull << (c->shift + order)) <= c->size);
	for (uint64_t i = 0; i < 1ull << order; i++) {
		assert_int_equal(c->pages[page + i], 0);
		c->pages[page + i] = 1 + (i == 0);
	}
	c->blocks++;
	c->orders += order + 1;
	return 0;
}

/* Random names of random lengths; counters keep them apart. */
static void random_name(uint32_t *seed, char *name, size_t size, size_t i)
{
	size_t len = random_next(seed) % size;

	memset(name, 0, size);
	snprintf(name, size, "%zu", i);
	for (size_t j = strlen(name); j < len; j++)
		name[j] = (char)(1 + random_next(seed) % 255);
}

static struct kho_luo_state random_state(uint32_t *seed)
{
	struct kho_luo_state s = { .number = random_u64(seed) };

	s.session_count = random_next(seed) % 4 ? random_next(seed) % 8 : random_next(seed) % 820;
	s.session = must_calloc(s.session_count * sizeof(*s.session));
	for (size_t i = 0; i < s.session_count; i++) {
		random_name(seed, s.session[i].name, sizeof(s.session[i].name), i);
		s.session[i].file_count = random_next(seed) % 2 ? random_next(seed) % 3 :
			random_next(seed) % 129;
		s.file_count += s.session[i].file_count;
	}
	s.file = must_calloc(s.file_count * sizeof(*s.file));
	for (size_t i = 0; i < s.file_count; i++) {
		random_name(seed, s.file[i].compatible, sizeof(s.file[i].compatible), i);
		s.file[i].data = random_u64(seed);
		s.file[i].token = random_u64(seed);
	}
	s.flb_count = random_next(seed) % 64;
	s.flb = must_calloc(s.flb_count * sizeof(*s.flb));
	for (size_t i = 0; i < s.flb_count; i++) {
		random_name(seed, s.flb[i].name, sizeof(s.flb[i].name), i);
		s.flb[i].data = random_u64(seed);
		s.flb[i].count = random_u64(seed);
	}
	return s;
}

static void free_state(struct kho_luo_state *s)
{
	free(s->session);
	free(s->file);
	free(s->flb);
}

static void check_round_trip(enum kho_luo_abi abi, unsigned int shift,
			     const struct kho_luo_state *s)
{
	struct cover told = { .shift = shift }, seen = { .shift = shift };
	struct kho_luo_visitor visitor = { .block = cover_block, .ctx = &told };
	struct kho_luo_state back = *s;
	struct kho_luo_info info;
	struct kho_node node;
	struct kho_mem mem;
	struct image m;

	assert_int_equal(kho_luo_size(abi, shift, s, &told.size), 0);
	seen.size = told.size;
	told.pages = must_calloc(told.size >> shift);
	seen.pages = must_calloc(told.size >> shift);
	m = encode(abi, shift, s, &visitor, &node);
	mem = (struct kho_mem){ image_read, &m };
	visitor.ctx = &seen;
	assert_int_equal(kho_luo_walk(shift, &mem, &node, &visitor, &info), 0);
	assert_int_equal(info.abi, abi);
	assert_int_equal(info.number, s->number);
	assert_int_equal(info.session_count, s->session_count);
	assert_int_equal(info.file_count, s->file_count);
	assert_int_equal(info.flb_count, s->flb_count);
	/* The same blocks, and together all of the buffer. */
	assert_memory_equal(told.pages, seen.pages, told.size >> shift);
	assert_null(memchr(told.pages, 0, told.size >> shift));
	assert_int_equal(told.blocks, seen.blocks);
	assert_int_equal(told.orders, seen.orders);

	back.number = 0;
	back.session = must_calloc(s->session_count * sizeof(*s->session));
	back.file = must_calloc(s->file_count * sizeof(*s->file));
	back.flb = must_calloc(s->flb_count * sizeof(*s->flb));
	assert_int_equal(kho_luo_read(shift, &mem, &node, &back), 0);
	assert_int_equal(back.number, s->number);
	assert_memory_equal(back.session, s->session, s->session_count * sizeof(*s->session));
	assert_memory_equal(back.file, s->file, s->file_count * sizeof(*s->file));
	assert_memory_equal(back.flb, s->flb, s->flb_count * sizeof(*s->flb));
	free_state(&back);
	free(told.pages);
	free(seen.pages);
	free(m.bytes);
}

static void round_trips(void **state)
{
	uint32_t seed = 20;

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		struct kho_luo_state s = random_state(&seed);

		for (size_t j = 0; j < ARRAY_SIZE(page_shifts); j++) {
			check_round_trip(KHO_LUO_V1, page_shifts[j], &s);
			check_round_trip(KHO_LUO_V5, page_shifts[j], &s);
		}
		free_state(&s);
	}
}

/* Counts at which a block is full, and one more. */
static void round_trip_edges(void **state)
{
	static const size_t sessions[] = { 0, 1, 51, 52, 102, 103, 819 };
	static const size_t files[] = { 0, 1, 63, 64, 126, 127, 128 };
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sessions); i++) {
		struct kho_luo_state s = { .session_count = sessions[i] };

		s.session = must_calloc(s.session_count * sizeof(*s.session));
		for (size_t j = 0; j < s.session_count; j++)
			random_name(&seed, s.session[j].name, 64, j);
		if (s.session_count)
			s.session[s.session_count - 1].file_count = s.file_count = files[i];
		s.file = must_calloc(s.file_count * sizeof(*s.file));
		s.flb = must_calloc(1);
		check_round_trip(KHO_LUO_V1, 12, &s);
		check_round_trip(KHO_LUO_V5, 12, &s);
		free_state(&s);
	}
}

/* Most that each holds by its definition, with pages of 4, 16 and 64 KiB. */
static void limits(void **state)
{
	static const size_t v1_sessions[] = { 819, 3276, 13107 }, v1_files[] = { 128, 512, 2048 };
	static const size_t v5_sessions[] = { 51, 204, 819 }, v5_files[] = { 63, 255, 1023 };
	static const size_t flbs[] = { 63, 255, 1023 };
	struct kho_luo_session *session = must_calloc((10000 * 51 + 1) * sizeof(*session));
	struct kho_luo_file *file = must_calloc((10000 * 63 + 1) * sizeof(*file));
	struct kho_luo_flb *flb = must_calloc(1024 * sizeof(*flb));
	uint64_t size;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		unsigned int shift = page_shifts[i];
		struct kho_luo_state s = { .session = session, .file = file, .flb = flb };

		s.session_count = v1_sessions[i];
		assert_int_equal(kho_luo_size(KHO_LUO_V1, shift, &s, &size), 0);
		assert_int_equal(size >> shift, 18);
		s.session_count++;
		assert_int_equal(kho_luo_size(KHO_LUO_V1, shift, &s, &size), -KHO_ERR_LIMIT);
		s.session_count = 1;
		s.file_count = session->file_count = v1_files[i];
		assert_int_equal(kho_luo_size(KHO_LUO_V1, shift, &s, &size), 0);
		assert_int_equal(size >> shift, 20);
		s.file_count = ++session->file_count;
		assert_int_equal(kho_luo_size(KHO_LUO_V1, shift, &s, &size), -KHO_ERR_LIMIT);
		s.file_count = session->file_count = v5_files[i];
		assert_int_equal(kho_luo_size(KHO_LUO_V5, shift, &s, &size), 0);
		assert_int_equal(size >> shift, 4);
		s.file_count = ++session->file_count;
		assert_int_equal(kho_luo_size(KHO_LUO_V5, shift, &s, &size), 0);
		assert_int_equal(size >> shift, 5);
		s.file_count = session->file_count = 0;
		s.session_count = v5_sessions[i];
		assert_int_equal(kho_luo_size(KHO_LUO_V5, shift, &s, &size), 0);
		assert_int_equal(size >> shift, 3);
		s.flb_count = flbs[i];
		assert_int_equal(kho_luo_size(KHO_LUO_V1, shift, &s, &size), 0);
		assert_int_equal(kho_luo_size(KHO_LUO_V5, shift, &s, &size), 0);
		s.flb_count++;
		assert_int_equal(kho_luo_size(KHO_LUO_V1, shift, &s, &size), -KHO_ERR_LIMIT);
		assert_int_equal(kho_luo_size(KHO_LUO_V5, shift, &s, &size), -KHO_ERR_LIMIT);
	}
	{
		struct kho_luo_state s = { .session = session, .file = file, .flb = flb };

		s.session_count = 10000 * 51;
		assert_int_equal(kho_luo_size(KHO_LUO_V5, 12, &s, &size), 0);
		assert_int_equal(size >> 12, 10002);
		s.session_count++;
		assert_int_equal(kho_luo_size(KHO_LUO_V5, 12, &s, &size), -KHO_ERR_LIMIT);
		s.session_count = 1;
		s.file_count = session->file_count = 10000 * 63;
		assert_int_equal(kho_luo_size(KHO_LUO_V5, 12, &s, &size), 0);
		s.file_count = ++session->file_count;
		assert_int_equal(kho_luo_size(KHO_LUO_V5, 12, &s, &size), -KHO_ERR_LIMIT);
	}
	free(session);
	free(file);
	free(flb);
}

static int encode_at(enum kho_luo_abi abi, const struct kho_luo_state *s, uint64_t base,
		     uint64_t missing)
{
	struct kho_node node = { .size = 42 };
	unsigned char *buf;
	uint64_t size = 0;
	int err;

	err = kho_luo_size(abi, 12, s, &size);
	if (err)
		return err;
	buf = must_calloc(size - missing);
	err = kho_luo_encode(abi, 12, s, OUTPUT(buf, size - missing, base), NULL, &node);
	assert_int_equal(err ? node.size : 42, 42);
	free(buf);
	return err;
}

static void encode_errors(void **state)
{
	struct kho_luo_session twice[] = { { "a", 0 }, { "b", 0 }, { "a", 0 } };
	struct kho_luo_flb flbs[] = { { "x", 0, 0 }, { "x", 0, 0 } };
	struct kho_luo_session session = { "s", 1 };
	struct kho_luo_file file = { "f", 0, 0 };
	struct kho_luo_state s = { 0 };
	uint64_t size = 42;

	(void)state;
	for (enum kho_luo_abi abi = KHO_LUO_V1; abi <= KHO_LUO_V5; abi++) {
		uint64_t align = abi == KHO_LUO_V1 ? 16 * PAGE : PAGE;

		assert_int_equal(encode_at(abi, &few, BASE, 0), 0);
		assert_int_equal(encode_at(abi, &few, BASE, 1), -KHO_ERR_NOSPACE);
		assert_int_equal(encode_at(abi, &few, BASE + align / 2, 0), -KHO_ERR_ALIGN);
		assert_int_equal(encode_at(abi, &few, BASE + 8, 0), -KHO_ERR_ALIGN);
		assert_int_equal(encode_at(abi, &few, 0, 0), -KHO_ERR_RANGE);
		assert_int_equal(encode_at(abi, &few, -align, 0), -KHO_ERR_RANGE);
		s = (struct kho_luo_state){ .session = twice, .session_count = 3 };
		assert_int_equal(encode_at(abi, &s, BASE, 0), -KHO_ERR_EXISTS);
		s.session_count = 2;
		assert_int_equal(encode_at(abi, &s, BASE, 0), 0);
		s = (struct kho_luo_state){ .flb = flbs, .flb_count = 2 };
		assert_int_equal(encode_at(abi, &s, BASE, 0), -KHO_ERR_EXISTS);
		/* File counts that do not add up. */
		s = (struct kho_luo_state){
			.session = &session, .session_count = 1, .file = &file,
		};
		assert_int_equal(encode_at(abi, &s, BASE, 0), -KHO_ERR_INVAL);
		s.file_count = 1;
		assert_int_equal(encode_at(abi, &s, BASE, 0), 0);
		session.file_count = 0;
		assert_int_equal(encode_at(abi, &s, BASE, 0), -KHO_ERR_INVAL);
		session.file_count = 1;
		/* Names without NUL. */
		memset(session.name, 'x', sizeof(session.name));
		assert_int_equal(encode_at(abi, &s, BASE, 0), -KHO_ERR_INVAL);
		session.name[63] = 0;
		memset(file.compatible, 'x', sizeof(file.compatible));
		assert_int_equal(encode_at(abi, &s, BASE, 0), -KHO_ERR_INVAL);
		file.compatible[47] = 0;
		assert_int_equal(encode_at(abi, &s, BASE, 0), 0);
		s = (struct kho_luo_state){ .flb = flbs, .flb_count = 1 };
		memset(flbs[0].name, 'x', sizeof(flbs[0].name));
		assert_int_equal(encode_at(abi, &s, BASE, 0), -KHO_ERR_INVAL);
		flbs[0] = flbs[1];
		assert_int_equal(kho_luo_size(abi, 13, &few, &size), -KHO_ERR_INVAL);
	}
	assert_int_equal(kho_luo_size(KHO_LUO_UNKNOWN, 12, &few, &size), -KHO_ERR_ABI);
	assert_int_equal(encode_at(KHO_LUO_UNKNOWN, &few, BASE, 0), -KHO_ERR_ABI);
	assert_int_equal(size, 42);
}

/* A version of the struct that is not known. */
static void encode_other_size(void **state)
{
	unsigned char *buf = must_calloc(22 * PAGE);
	struct kho_luo_output out = *OUTPUT(buf, 22 * PAGE, BASE);
	const size_t sizes[] = { 0, out.struct_size - 1, out.struct_size + 1, SIZE_MAX };
	struct kho_node node = { .size = 42 };

	(void)state;
	assert_int_equal(kho_luo_encode(KHO_LUO_V5, 12, &few, &out, NULL, &node), 0);
	node.size = 42;
	memset(buf, 0xee, 22 * PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		out.struct_size = sizes[i];
		assert_int_equal(kho_luo_encode(KHO_LUO_V5, 12, &few, &out, NULL, &node),
				 -KHO_ERR_INVAL);
		assert_int_equal(node.size, 42);
		assert_int_equal(buf[0], 0xee);
	}
	free(buf);
}

static void encode_stopped(void **state)
{
	unsigned char *buf = must_calloc(22 * PAGE);
	struct told told = { 0 };
	const struct kho_luo_visitor visitor = { .block = tell_block, .ctx = &told };
	struct kho_node node;

	(void)state;
	for (enum kho_luo_abi abi = KHO_LUO_V1; abi <= KHO_LUO_V5; abi++) {
		unsigned int blocks;

		told = (struct told){ 0 };
		assert_int_equal(kho_luo_encode(abi, 12, &few, OUTPUT(buf, 22 * PAGE, BASE), &visitor,
						&node), 0);
		blocks = told.events;
		assert_int_equal(blocks, 5);
		for (unsigned int i = 1; i <= blocks; i++) {
			told = (struct told){ .stop_at = i };
			assert_int_equal(kho_luo_encode(abi, 12, &few, OUTPUT(buf, 22 * PAGE, BASE),
							&visitor, &node), STOPPED);
			assert_int_equal(told.events, i);
		}
	}
	free(buf);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(kho_luo_abi_name(KHO_LUO_V1), "luo-v1");
	assert_string_equal(kho_luo_abi_name(KHO_LUO_V5), "luo-v5");
	assert_null(kho_luo_abi_name(KHO_LUO_UNKNOWN));
	assert_null(kho_luo_abi_name(99));
	assert_int_equal(kho_luo_abi_from_name("luo-v1"), KHO_LUO_V1);
	assert_int_equal(kho_luo_abi_from_name("luo-v5"), KHO_LUO_V5);
	assert_int_equal(kho_luo_abi_from_name("luo-v2"), KHO_LUO_UNKNOWN);
	assert_int_equal(kho_luo_abi_from_name(""), KHO_LUO_UNKNOWN);
	assert_string_equal(kho_strerror(-KHO_ERR_LOSS), "the format cannot hold it");
}

static void walk_arguments(void **state)
{
	struct image m = v5_image();
	const struct kho_mem mem = { image_read, &m };
	struct kho_luo_info info;

	(void)state;
	for (unsigned int shift = 0; shift < 20; shift++)
		if (shift != 12 && shift != 14 && shift != 16)
			assert_int_equal(kho_luo_walk(shift, &mem, &v5_node, NULL, &info),
					 -KHO_ERR_INVAL);
	/* Blocks that are aligned for 4 KiB only. */
	assert_int_equal(kho_luo_walk(16, &mem, &v5_node, NULL, &info), -KHO_ERR_ALIGN);
	free(m.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v5_read),
		cmocka_unit_test(v5_read_nothing),
		cmocka_unit_test(v5_read_full),
		cmocka_unit_test(v5_spoilt),
		cmocka_unit_test(v5_node_spoilt),
		cmocka_unit_test(v5_failures),
		cmocka_unit_test(v5_longest_list),
		cmocka_unit_test(v5_bounded_in_all),
		cmocka_unit_test(v1_read),
		cmocka_unit_test(v1_read_without_flbs),
		cmocka_unit_test(v1_read_full),
		cmocka_unit_test(v1_fdt_spoilt),
		cmocka_unit_test(v1_spoilt),
		cmocka_unit_test(v1_cut),
		cmocka_unit_test(v1_failures),
		cmocka_unit_test(read_arrays),
		cmocka_unit_test(v5_bytes),
		cmocka_unit_test(v1_bytes),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(round_trip_edges),
		cmocka_unit_test(limits),
		cmocka_unit_test(encode_errors),
		cmocka_unit_test(encode_other_size),
		cmocka_unit_test(encode_stopped),
		cmocka_unit_test(names),
		cmocka_unit_test(walk_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
