/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live update state for a kernel with another memfd ABI. */
#include <string.h>

#include "luo-abi.h"

static bool is_converted(const struct kho_luo_file *file, enum kho_memfd_abi to)
{
	enum kho_memfd_abi from = kho_memfd_abi_from_name(file->compatible);

	return from != KHO_MEMFD_UNKNOWN && from != to;
}

int kho_luo_convert_size(unsigned int page_shift, const struct kho_luo_state *state,
			 enum kho_memfd_abi to, uint64_t *ret_size)
{
	uint64_t pages = 0;
	int err;

	if (!kho_page_shift_valid_(page_shift) || !kho_memfd_size(to))
		return -KHO_ERR_INVAL;
	err = kho_luo_check_state_(state);
	if (err)
		return err;
	for (size_t i = 0; i < state->file_count; i++)
		pages += is_converted(&state->file[i], to);
	*ret_size = pages << page_shift;
	return 0;
}

/* A conversion in progress. */
struct conversion {
	unsigned int page_shift;
	const struct kho_mem *mem;
	enum kho_memfd_abi to;
	unsigned char *next;		/* page for the next struct */
};

static int convert_file(struct conversion *c, const struct kho_luo_file *file)
{
	enum kho_memfd_abi from = kho_memfd_abi_from_name(file->compatible);
	unsigned char raw[KHO_MEMFD_SIZE_MAX];
	struct kho_memfd memfd;
	int err;

	if (from == KHO_MEMFD_UNKNOWN)
		return -KHO_ERR_LOSS;
	if (from == c->to)
		return 0;
	if (file->data & (kho_page_size_(c->page_shift) - 1))
		return -KHO_ERR_ALIGN;
	if (c->mem->read(c->mem->ctx, file->data, raw, kho_memfd_size(from)))
		return -KHO_ERR_READ;
	memset(c->next, 0, kho_page_size_(c->page_shift));
	err = kho_memfd_read(from, raw, kho_memfd_size(from), &memfd);
	if (!err)
		err = kho_memfd_write(c->to, &memfd, c->next, kho_memfd_size(c->to));
	c->next += kho_page_size_(c->page_shift);
	return err;
}

static int convert_files(struct conversion *c, const struct kho_luo_state *state,
			 struct kho_luo_culprit *culprit)
{
	const struct kho_luo_file *file = state->file;

	for (size_t i = 0; i < state->session_count; i++) {
		const struct kho_luo_session *session = &state->session[i];

		for (uint64_t j = 0; j < session->file_count; j++, file++) {
			int err = convert_file(c, file);

			if (err) {
				culprit->session = session;
				culprit->file = file;
				return err;
			}
		}
	}
	if (state->flb_count) {
		culprit->flb = state->flb;
		return -KHO_ERR_LOSS;
	}
	return 0;
}

/* Give each converted file its new name and page. */
static void adopt(struct kho_luo_state *state, enum kho_memfd_abi to, unsigned int page_shift,
		  uint64_t base)
{
	const char *name = kho_memfd_abi_name(to);

	for (size_t i = 0; i < state->file_count; i++) {
		struct kho_luo_file *file = &state->file[i];

		if (!is_converted(file, to))
			continue;
		memset(file->compatible, 0, sizeof(file->compatible));
		memcpy(file->compatible, name, strlen(name));
		file->data = base;
		base += kho_page_size_(page_shift);
	}
}

int kho_luo_convert(unsigned int page_shift, const struct kho_mem *mem,
		    struct kho_luo_state *state, enum kho_memfd_abi to,
		    const struct kho_luo_output *out, struct kho_luo_culprit *reterr_culprit)
{
	struct conversion c = { .page_shift = page_shift, .mem = mem, .to = to };
	struct kho_luo_culprit culprit = { 0 };
	uint64_t need;
	int err;

	err = kho_luo_convert_size(page_shift, state, to, &need);
	if (!err)
		err = kho_luo_check_output_(out, need, kho_page_size_(page_shift));
	if (!err) {
		c.next = out->buf;
		err = convert_files(&c, state, &culprit);
	}
	if (!err)
		adopt(state, to, page_shift, out->base);
	else if (reterr_culprit)
		*reterr_culprit = culprit;
	return err;
}
