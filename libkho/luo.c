/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Node "LUO": what both of its ABIs have in common. */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "luo-abi.h"

#define LUO_HEAD_SIZE	8		/* enough to tell the ABIs apart */

struct luo_abi {
	enum kho_luo_abi abi;
	const char *name;
	bool in_fdt;			/* the node is a device tree; else it begins with NAME */
	unsigned int align_order;	/* of BASE, in pages */
	int (*walk)(struct kho_luo_walk_ *w, const struct kho_node *node);
	int (*pages)(unsigned int page_shift, const struct kho_luo_state *state, uint64_t *ret);
	int (*encode)(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
		      struct kho_node *ret_node);
};

static const struct luo_abi abi_table[] = {
	{ KHO_LUO_V1, "luo-v1", true, LUO_V1_SESSION_ORDER,
	  kho_luo_v1_walk_, kho_luo_v1_pages_, kho_luo_v1_encode_ },
	{ KHO_LUO_V5, "luo-v5", false, 0,
	  kho_luo_v5_walk_, kho_luo_v5_pages_, kho_luo_v5_encode_ },
};

#define ABI_COUNT (sizeof(abi_table) / sizeof(abi_table[0]))

static const struct luo_abi *find_abi(enum kho_luo_abi abi)
{
	for (size_t i = 0; i < ABI_COUNT; i++)
		if (abi_table[i].abi == abi)
			return &abi_table[i];
	return NULL;
}

const char *kho_luo_abi_name(enum kho_luo_abi abi)
{
	const struct luo_abi *found = find_abi(abi);

	return found ? found->name : NULL;
}

enum kho_luo_abi kho_luo_abi_from_name(const char *name)
{
	for (size_t i = 0; i < ABI_COUNT; i++)
		if (!strcmp(abi_table[i].name, name))
			return abi_table[i].abi;
	return KHO_LUO_UNKNOWN;
}

static uint64_t get_u64(const unsigned char *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/* RET, of SIZE bytes, is zeroed after the name. Errors: -KHO_ERR_BADNODE (no NUL). */
static int get_name(const unsigned char *p, char *ret, size_t size)
{
	size_t len = strnlen((const char *)p, size);

	if (len == size)
		return -KHO_ERR_BADNODE;
	memset(ret, 0, size);
	memcpy(ret, p, len);
	return 0;
}

int kho_luo_get_(const struct kho_luo_walk_ *w, uint64_t addr, void *buf, size_t size)
{
	return w->mem->read(w->mem->ctx, addr, buf, size) ? -KHO_ERR_READ : 0;
}

int kho_luo_enter_block_(struct kho_luo_walk_ *w, uint64_t addr, unsigned int order)
{
	uint64_t size = kho_page_size_(w->page_shift) << order;

	if (!addr)
		return -KHO_ERR_BADNODE;
	if (addr & (size - 1))
		return -KHO_ERR_ALIGN;
	if (size > w->bytes_left)
		return -KHO_ERR_LIMIT;
	w->bytes_left -= size;
	return w->visitor->block ? w->visitor->block(w->visitor->ctx, addr, order) : 0;
}

int kho_luo_enter_session_(struct kho_luo_walk_ *w, uint64_t addr, uint64_t max,
			   struct kho_luo_files_ *ret)
{
	unsigned char entry[LUO_SESSION_SIZE];
	struct kho_luo_session session;
	int err;

	err = kho_luo_get_(w, addr, entry, sizeof(entry));
	if (!err)
		err = get_name(entry, session.name, sizeof(session.name));
	if (err)
		return err;
	ret->addr = get_u64(entry + LUO_SESSION_OFF_FILES);
	ret->count = get_u64(entry + LUO_SESSION_OFF_COUNT);
	if (!ret->addr != !ret->count)
		return -KHO_ERR_BADNODE;
	if (ret->count > max)
		return -KHO_ERR_LIMIT;
	session.file_count = ret->count;
	w->info.session_count++;
	return w->visitor->session ? w->visitor->session(w->visitor->ctx, &session) : 0;
}

static int walk_file(struct kho_luo_walk_ *w, uint64_t addr)
{
	unsigned char entry[LUO_FILE_SIZE];
	struct kho_luo_file file;
	int err;

	err = kho_luo_get_(w, addr, entry, sizeof(entry));
	if (!err)
		err = get_name(entry, file.compatible, sizeof(file.compatible));
	if (err)
		return err;
	file.data = get_u64(entry + LUO_FILE_OFF_DATA);
	file.token = get_u64(entry + LUO_FILE_OFF_TOKEN);
	w->info.file_count++;
	return w->visitor->file ? w->visitor->file(w->visitor->ctx, &file) : 0;
}

int kho_luo_walk_files_(struct kho_luo_walk_ *w, uint64_t addr, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		int err = walk_file(w, addr + i * LUO_FILE_SIZE);

		if (err)
			return err;
	}
	return 0;
}

static int walk_flb(struct kho_luo_walk_ *w, uint64_t addr)
{
	unsigned char entry[LUO_FLB_SIZE];
	struct kho_luo_flb flb;
	int err;

	err = kho_luo_get_(w, addr, entry, sizeof(entry));
	if (!err)
		err = get_name(entry, flb.name, sizeof(flb.name));
	if (err)
		return err;
	flb.data = get_u64(entry + LUO_FLB_OFF_DATA);
	flb.count = get_u64(entry + LUO_FLB_OFF_COUNT);
	w->info.flb_count++;
	return w->visitor->flb ? w->visitor->flb(w->visitor->ctx, &flb) : 0;
}

int kho_luo_walk_flbs_(struct kho_luo_walk_ *w, uint64_t addr)
{
	unsigned char header[LUO_FLB_HEADER];
	uint64_t count;
	int err;

	w->info.flbs = true;
	err = kho_luo_enter_block_(w, addr, 0);
	if (!err)
		err = kho_luo_get_(w, addr, header, sizeof(header));
	if (err)
		return err;
	if (get_u64(header + LUO_FLB_HEADER_OFF_PAGES) != LUO_FLB_PAGES)
		return -KHO_ERR_BADNODE;
	count = get_u64(header + LUO_FLB_HEADER_OFF_COUNT);
	if (count > kho_luo_flb_room_(w->page_shift))
		return -KHO_ERR_LIMIT;
	for (uint64_t i = 0; !err && i < count; i++)
		err = walk_flb(w, addr + LUO_FLB_HEADER + i * LUO_FLB_SIZE);
	return err;
}

/* By the first bytes of its node. NULL: none that is known. */
static const struct luo_abi *abi_of_node(const unsigned char head[LUO_HEAD_SIZE])
{
	bool in_fdt = fdt32_ld((const void *)head) == FDT_MAGIC;

	for (size_t i = 0; i < ABI_COUNT; i++)
		if (abi_table[i].in_fdt == in_fdt &&
		    (in_fdt || !strncmp((const char *)head, abi_table[i].name, LUO_HEAD_SIZE)))
			return &abi_table[i];
	return NULL;
}

static int walk_node(struct kho_luo_walk_ *w, const struct kho_node *node)
{
	unsigned char head[LUO_HEAD_SIZE];
	const struct luo_abi *abi;
	int err;

	err = kho_luo_enter_block_(w, node->addr, 0);
	if (err)
		return err;
	if (node->size && node->size < sizeof(head))
		return -KHO_ERR_BADNODE;
	err = kho_luo_get_(w, node->addr, head, sizeof(head));
	if (err)
		return err;
	abi = abi_of_node(head);
	if (!abi)
		return -KHO_ERR_ABI;
	w->info.abi = abi->abi;
	return abi->walk(w, node);
}

int kho_luo_walk(unsigned int page_shift, const struct kho_mem *mem, const struct kho_node *node,
		 const struct kho_luo_visitor *visitor, struct kho_luo_info *ret_info)
{
	static const struct kho_luo_visitor nobody;
	struct kho_luo_walk_ w = {
		.page_shift = page_shift,
		.mem = mem,
		.visitor = visitor ? visitor : &nobody,
		.bytes_left = KHO_LUO_BYTES_MAX,
	};
	int err;

	if (!kho_page_shift_valid_(page_shift))
		return -KHO_ERR_INVAL;
	err = walk_node(&w, node);
	if (!err)
		*ret_info = w.info;
	return err;
}

/* What still has to be filled. */
struct reading {
	struct kho_luo_state *state;
	size_t sessions, files, flbs;
};

static int read_session(void *ctx, const struct kho_luo_session *session)
{
	struct reading *r = ctx;

	if (r->sessions == r->state->session_count)
		return -KHO_ERR_NOSPACE;
	r->state->session[r->sessions++] = *session;
	return 0;
}

static int read_file(void *ctx, const struct kho_luo_file *file)
{
	struct reading *r = ctx;

	if (r->files == r->state->file_count)
		return -KHO_ERR_NOSPACE;
	r->state->file[r->files++] = *file;
	return 0;
}

static int read_flb(void *ctx, const struct kho_luo_flb *flb)
{
	struct reading *r = ctx;

	if (r->flbs == r->state->flb_count)
		return -KHO_ERR_NOSPACE;
	r->state->flb[r->flbs++] = *flb;
	return 0;
}

int kho_luo_read(unsigned int page_shift, const struct kho_mem *mem, const struct kho_node *node,
		 struct kho_luo_state *state)
{
	struct reading r = { .state = state };
	const struct kho_luo_visitor visitor = {
		.session = read_session, .file = read_file, .flb = read_flb, .ctx = &r,
	};
	struct kho_luo_info info;
	int err;

	err = kho_luo_walk(page_shift, mem, node, &visitor, &info);
	if (err)
		return err;
	state->number = info.number;
	state->session_count = r.sessions;
	state->file_count = r.files;
	state->flb_count = r.flbs;
	return 0;
}

static bool name_ends(const char *name, size_t size)
{
	return strnlen(name, size) < size;
}

int kho_luo_check_state_(const struct kho_luo_state *state)
{
	uint64_t left = state->file_count;

	for (size_t i = 0; i < state->session_count; i++) {
		const struct kho_luo_session *session = &state->session[i];

		if (!name_ends(session->name, sizeof(session->name)) || session->file_count > left)
			return -KHO_ERR_INVAL;
		left -= session->file_count;
	}
	if (left)
		return -KHO_ERR_INVAL;
	for (size_t i = 0; i < state->file_count; i++)
		if (!name_ends(state->file[i].compatible, sizeof(state->file[i].compatible)))
			return -KHO_ERR_INVAL;
	for (size_t i = 0; i < state->flb_count; i++)
		if (!name_ends(state->flb[i].name, sizeof(state->flb[i].name)))
			return -KHO_ERR_INVAL;
	return 0;
}

int kho_luo_size(enum kho_luo_abi abi, unsigned int page_shift, const struct kho_luo_state *state,
		 uint64_t *ret_size)
{
	const struct luo_abi *found = find_abi(abi);
	uint64_t pages;
	int err;

	if (!found)
		return -KHO_ERR_ABI;
	if (!kho_page_shift_valid_(page_shift))
		return -KHO_ERR_INVAL;
	err = kho_luo_check_state_(state);
	if (err)
		return err;
	if (state->flb_count > kho_luo_flb_room_(page_shift))
		return -KHO_ERR_LIMIT;
	err = found->pages(page_shift, state, &pages);
	if (err)
		return err;
	if (pages > KHO_LUO_BYTES_MAX >> page_shift)
		return -KHO_ERR_LIMIT;
	*ret_size = pages << page_shift;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const char *x, *y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return strcmp(x, y);
}

/*
 * Do two of COUNT items of SIZE bytes, which begin with a name, have the same name? BUF has
 * room for a pointer to each: every item takes more in the output.
 */
static bool names_repeat(const void *item, size_t count, size_t size, unsigned char *buf)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = (const char *)item + i * size;

		memcpy(buf + i * sizeof(name), &name, sizeof(name));
	}
	qsort(buf, count, sizeof(char *), compare_names);
	for (size_t i = 1; i < count; i++)
		if (!compare_names(buf + (i - 1) * sizeof(char *), buf + i * sizeof(char *)))
			return true;
	return false;
}

int kho_luo_check_output_(const struct kho_luo_output *out, uint64_t need, uint64_t align)
{
	if (out->struct_size != sizeof(*out))
		return -KHO_ERR_INVAL;
	if (need > out->room)
		return -KHO_ERR_NOSPACE;
	if (out->base & (align - 1))
		return -KHO_ERR_ALIGN;
	if (!out->base || need > UINT64_MAX - out->base)
		return -KHO_ERR_RANGE;
	return 0;
}

int kho_luo_encode(enum kho_luo_abi abi, unsigned int page_shift,
		   const struct kho_luo_state *state, const struct kho_luo_output *out,
		   const struct kho_luo_visitor *visitor, struct kho_node *ret_node)
{
	const struct luo_abi *found = find_abi(abi);
	struct kho_luo_writer_ w = { .page_shift = page_shift, .visitor = visitor };
	struct kho_node node = { .name = KHO_NODE_LUO };
	uint64_t need;
	int err;

	err = kho_luo_size(abi, page_shift, state, &need);
	if (!err)
		err = kho_luo_check_output_(out, need, kho_page_size_(page_shift) << found->align_order);
	if (err)
		return err;
	if (names_repeat(state->session, state->session_count, sizeof(*state->session), out->buf) ||
	    names_repeat(state->flb, state->flb_count, sizeof(*state->flb), out->buf))
		return -KHO_ERR_EXISTS;
	memset(out->buf, 0, need);
	w.buf = out->buf;
	w.base = out->base;
	err = found->encode(&w, state, &node);
	if (!err)
		*ret_node = node;
	return err;
}

unsigned char *kho_luo_take_(struct kho_luo_writer_ *w, unsigned int order, uint64_t *ret_addr,
			     int *ret_err)
{
	unsigned char *p = w->buf + w->used;
	uint64_t addr = w->base + w->used;

	if (w->visitor && w->visitor->block) {
		int err = w->visitor->block(w->visitor->ctx, addr, order);

		if (err) {
			*ret_err = err;
			return NULL;
		}
	}
	w->used += kho_page_size_(w->page_shift) << order;
	*ret_addr = addr;
	return p;
}

void kho_luo_put_u64_(unsigned char *p, uint64_t value)
{
	memcpy(p, &value, sizeof(value));
}

void kho_luo_put_session_(unsigned char *p, const struct kho_luo_session *session, uint64_t files)
{
	memcpy(p, session->name, strlen(session->name));
	kho_luo_put_u64_(p + LUO_SESSION_OFF_FILES, files);
	kho_luo_put_u64_(p + LUO_SESSION_OFF_COUNT, session->file_count);
}

void kho_luo_put_file_(unsigned char *p, const struct kho_luo_file *file)
{
	memcpy(p, file->compatible, strlen(file->compatible));
	kho_luo_put_u64_(p + LUO_FILE_OFF_DATA, file->data);
	kho_luo_put_u64_(p + LUO_FILE_OFF_TOKEN, file->token);
}

int kho_luo_put_flbs_(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
		      uint64_t *ret_addr)
{
	unsigned char *p;
	int err = 0;

	p = kho_luo_take_(w, 0, ret_addr, &err);
	if (!p)
		return err;
	kho_luo_put_u64_(p + LUO_FLB_HEADER_OFF_PAGES, LUO_FLB_PAGES);
	kho_luo_put_u64_(p + LUO_FLB_HEADER_OFF_COUNT, state->flb_count);
	for (size_t i = 0; i < state->flb_count; i++) {
		const struct kho_luo_flb *flb = &state->flb[i];
		unsigned char *entry = p + LUO_FLB_HEADER + i * LUO_FLB_SIZE;

		memcpy(entry, flb->name, strlen(flb->name));
		kho_luo_put_u64_(entry + LUO_FLB_OFF_DATA, flb->data);
		kho_luo_put_u64_(entry + LUO_FLB_OFF_COUNT, flb->count);
	}
	return 0;
}
