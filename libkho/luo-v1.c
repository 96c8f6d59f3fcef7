/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "luo-v1": an FDT that names a block of sessions, and since 7.0 one of FLBs. */
#include <libfdt.h>

#include "luo-abi.h"

static uint64_t session_room(unsigned int page_shift)
{
	return kho_luo_room_(page_shift, LUO_V1_SESSION_ORDER, LUO_V1_SESSION_HEADER,
			     LUO_SESSION_SIZE);
}

static uint64_t file_room(unsigned int page_shift)
{
	return kho_luo_room_(page_shift, LUO_V1_FILE_ORDER, 0, LUO_FILE_SIZE);
}

static int walk_session(struct kho_luo_walk_ *w, uint64_t addr)
{
	struct kho_luo_files_ files;
	int err;

	err = kho_luo_enter_session_(w, addr, file_room(w->page_shift), &files);
	if (err || !files.count)
		return err;
	err = kho_luo_enter_block_(w, files.addr, LUO_V1_FILE_ORDER);
	if (!err)
		err = kho_luo_walk_files_(w, files.addr, files.count);
	return err;
}

static int walk_sessions(struct kho_luo_walk_ *w, uint64_t addr)
{
	uint64_t count;
	int err;

	err = kho_luo_enter_block_(w, addr, LUO_V1_SESSION_ORDER);
	if (!err)
		err = kho_luo_get_(w, addr, &count, sizeof(count));
	if (err)
		return err;
	if (count > session_room(w->page_shift))
		return -KHO_ERR_LIMIT;
	for (uint64_t i = 0; !err && i < count; i++)
		err = walk_session(w, addr + LUO_V1_SESSION_HEADER + i * LUO_SESSION_SIZE);
	return err;
}

/* The address in PROP of a child that is of the version known here. */
static int read_child(const void *fdt, int child, const char *compatible, const char *prop,
		      uint64_t *ret)
{
	if (!kho_prop_compatible_(fdt, child, compatible))
		return -KHO_ERR_ABI;
	return kho_prop_u64_(fdt, child, prop, ret);
}

static int walk_fdt(struct kho_luo_walk_ *w, const void *fdt)
{
	uint64_t sessions, flbs;
	int child, err;

	if (!kho_prop_compatible_(fdt, 0, kho_luo_abi_name(KHO_LUO_V1)))
		return -KHO_ERR_ABI;
	err = kho_prop_u64_(fdt, 0, LUO_V1_PROP_NUMBER, &w->info.number);
	if (err)
		return err;
	child = fdt_subnode_offset(fdt, 0, LUO_V1_SESSION_NODE);
	if (child < 0)
		return -KHO_ERR_BADNODE;
	err = read_child(fdt, child, LUO_V1_SESSION_COMPATIBLE, LUO_V1_SESSION_PROP, &sessions);
	if (!err)
		err = walk_sessions(w, sessions);
	if (err)
		return err;
	child = fdt_subnode_offset(fdt, 0, LUO_V1_FLB_NODE);
	if (child < 0)
		return 0;
	err = read_child(fdt, child, LUO_V1_FLB_COMPATIBLE, LUO_V1_FLB_PROP, &flbs);
	if (!err)
		err = kho_luo_walk_flbs_(w, flbs);
	return err;
}

int kho_luo_v1_walk_(struct kho_luo_walk_ *w, const struct kho_node *node)
{
	_Alignas(8) unsigned char fdt[LUO_V1_FDT_MAX];
	uint32_t size;
	int err;

	err = kho_luo_get_(w, node->addr, fdt, 8);
	if (err)
		return err;
	size = fdt_totalsize(fdt);
	if (size > sizeof(fdt) || (node->size && size > node->size))
		return -KHO_ERR_BADFDT;
	err = kho_luo_get_(w, node->addr, fdt, size);
	if (!err)
		err = kho_fdt_check(fdt, size);
	if (!err)
		err = walk_fdt(w, fdt);
	return err;
}

int kho_luo_v1_pages_(unsigned int page_shift, const struct kho_luo_state *state, uint64_t *ret)
{
	uint64_t pages = (1u << LUO_V1_SESSION_ORDER) + 2;	/* FDT and FLBs */

	if (state->session_count > session_room(page_shift))
		return -KHO_ERR_LIMIT;
	for (size_t i = 0; i < state->session_count; i++) {
		if (state->session[i].file_count > file_room(page_shift))
			return -KHO_ERR_LIMIT;
		if (state->session[i].file_count)
			pages += 1u << LUO_V1_FILE_ORDER;
	}
	*ret = pages;
	return 0;
}

/* COUNT files of STATE, beginning with FILE. */
static int put_files(struct kho_luo_writer_ *w, const struct kho_luo_state *state, uint64_t file,
		     uint64_t count, uint64_t *ret_addr)
{
	unsigned char *p;
	int err = 0;

	if (!count) {
		*ret_addr = 0;
		return 0;
	}
	p = kho_luo_take_(w, LUO_V1_FILE_ORDER, ret_addr, &err);
	if (!p)
		return err;
	for (uint64_t i = 0; i < count; i++)
		kho_luo_put_file_(p + i * LUO_FILE_SIZE, &state->file[file + i]);
	return 0;
}

static int put_sessions(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
			uint64_t *ret_addr)
{
	unsigned char *p;
	uint64_t files, file = 0;
	int err = 0;

	p = kho_luo_take_(w, LUO_V1_SESSION_ORDER, ret_addr, &err);
	if (!p)
		return err;
	kho_luo_put_u64_(p, state->session_count);
	p += LUO_V1_SESSION_HEADER;
	for (size_t i = 0; i < state->session_count; i++) {
		const struct kho_luo_session *session = &state->session[i];

		err = put_files(w, state, file, session->file_count, &files);
		if (err)
			return err;
		kho_luo_put_session_(p + i * LUO_SESSION_SIZE, session, files);
		file += session->file_count;
	}
	return 0;
}

static int put_child(void *fdt, const char *name, const char *compatible, const char *prop,
		     uint64_t addr)
{
	int err = fdt_begin_node(fdt, name);

	if (!err)
		err = fdt_property_string(fdt, KHO_PROP_COMPATIBLE, compatible);
	if (!err)
		err = fdt_property(fdt, prop, &addr, sizeof(addr));
	if (!err)
		err = fdt_end_node(fdt);
	return err;
}

static int put_fdt(void *fdt, uint64_t number, uint64_t sessions, uint64_t flbs)
{
	int err = fdt_create(fdt, LUO_V1_FDT_MAX);

	if (!err)
		err = fdt_finish_reservemap(fdt);
	if (!err)
		err = fdt_begin_node(fdt, "");
	if (!err)
		err = fdt_property_string(fdt, KHO_PROP_COMPATIBLE, kho_luo_abi_name(KHO_LUO_V1));
	if (!err)
		err = fdt_property(fdt, LUO_V1_PROP_NUMBER, &number, sizeof(number));
	if (!err)
		err = put_child(fdt, LUO_V1_SESSION_NODE, LUO_V1_SESSION_COMPATIBLE,
				LUO_V1_SESSION_PROP, sessions);
	if (!err)
		err = put_child(fdt, LUO_V1_FLB_NODE, LUO_V1_FLB_COMPATIBLE, LUO_V1_FLB_PROP,
				flbs);
	if (!err)
		err = fdt_end_node(fdt);
	if (!err)
		err = fdt_finish(fdt);
	return kho_fdt_write_error_(err);
}

/* Sessions come first, because BASE is aligned for their block. */
int kho_luo_v1_encode_(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
		       struct kho_node *ret_node)
{
	uint64_t sessions, flbs;
	unsigned char *fdt;
	int err;

	err = put_sessions(w, state, &sessions);
	if (!err)
		err = kho_luo_put_flbs_(w, state, &flbs);
	if (err)
		return err;
	fdt = kho_luo_take_(w, 0, &ret_node->addr, &err);
	if (!fdt)
		return err;
	err = put_fdt(fdt, state->number, sessions, flbs);
	if (!err)
		ret_node->size = fdt_totalsize(fdt);
	return err;
}
