/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "luo-v5": a packed struct that names a list of blocks of sessions, and one page of FLBs. */
#include <string.h>

#include "luo-abi.h"

static uint64_t block_room(unsigned int page_shift, uint64_t entry_size)
{
	return kho_luo_room_(page_shift, 0, LUO_BLOCK_HEADER, entry_size);
}

/* The most entries of a list. */
static uint64_t list_room(unsigned int page_shift, uint64_t entry_size)
{
	return block_room(page_shift, entry_size) * LUO_V5_BLOCKS_MAX;
}

/* A list of blocks; ENTRIES is called with the contents of each. */
static int walk_list(struct kho_luo_walk_ *w, uint64_t addr, uint64_t entry_size,
		     int (*entries)(struct kho_luo_walk_ *w, uint64_t addr, uint64_t count),
		     uint64_t *ret_count)
{
	unsigned char header[LUO_BLOCK_HEADER];
	struct kho_chain_ chain = { 0 };
	uint64_t count, total = 0;
	unsigned int blocks = 0;
	int err;

	while (addr) {
		if (kho_chain_closes_(&chain, addr))
			return -KHO_ERR_BADNODE;
		if (blocks++ == LUO_V5_BLOCKS_MAX)
			return -KHO_ERR_LIMIT;
		err = kho_luo_enter_block_(w, addr, 0);
		if (!err)
			err = kho_luo_get_(w, addr, header, sizeof(header));
		if (err)
			return err;
		memcpy(&count, header + LUO_BLOCK_OFF_COUNT, sizeof(count));
		if (!count)
			return -KHO_ERR_BADNODE;
		if (count > block_room(w->page_shift, entry_size))
			return -KHO_ERR_LIMIT;
		err = entries(w, addr + LUO_BLOCK_HEADER, count);
		if (err)
			return err;
		total += count;
		memcpy(&addr, header + LUO_BLOCK_OFF_NEXT, sizeof(addr));
	}
	*ret_count = total;
	return 0;
}

static int walk_session(struct kho_luo_walk_ *w, uint64_t addr)
{
	struct kho_luo_files_ files;
	uint64_t count;
	int err;

	err = kho_luo_enter_session_(w, addr, list_room(w->page_shift, LUO_FILE_SIZE), &files);
	if (!err)
		err = walk_list(w, files.addr, LUO_FILE_SIZE, kho_luo_walk_files_, &count);
	if (!err && count != files.count)
		err = -KHO_ERR_BADNODE;
	return err;
}

static int walk_sessions(struct kho_luo_walk_ *w, uint64_t addr, uint64_t count)
{
	int err = 0;

	for (uint64_t i = 0; !err && i < count; i++)
		err = walk_session(w, addr + i * LUO_SESSION_SIZE);
	return err;
}

int kho_luo_v5_walk_(struct kho_luo_walk_ *w, const struct kho_node *node)
{
	unsigned char head[LUO_V5_SIZE];
	uint64_t sessions, flbs, count;
	int err;

	if (node->size < sizeof(head))
		return -KHO_ERR_BADNODE;
	err = kho_luo_get_(w, node->addr, head, sizeof(head));
	if (err)
		return err;
	memcpy(&w->info.number, head + LUO_V5_OFF_NUMBER, sizeof(w->info.number));
	memcpy(&sessions, head + LUO_V5_OFF_SESSIONS, sizeof(sessions));
	memcpy(&flbs, head + LUO_V5_OFF_FLBS, sizeof(flbs));
	err = walk_list(w, sessions, LUO_SESSION_SIZE, walk_sessions, &count);
	if (!err && flbs)
		err = kho_luo_walk_flbs_(w, flbs);
	return err;
}

static uint64_t blocks_for(unsigned int page_shift, uint64_t count, uint64_t entry_size)
{
	uint64_t room = block_room(page_shift, entry_size);

	return (count + room - 1) / room;
}

int kho_luo_v5_pages_(unsigned int page_shift, const struct kho_luo_state *state, uint64_t *ret)
{
	uint64_t pages;

	if (state->session_count > list_room(page_shift, LUO_SESSION_SIZE))
		return -KHO_ERR_LIMIT;
	pages = 2 + blocks_for(page_shift, state->session_count, LUO_SESSION_SIZE);
	for (size_t i = 0; i < state->session_count; i++) {
		if (state->session[i].file_count > list_room(page_shift, LUO_FILE_SIZE))
			return -KHO_ERR_LIMIT;
		pages += blocks_for(page_shift, state->session[i].file_count, LUO_FILE_SIZE);
	}
	*ret = pages;
	return 0;
}

/* A list that is being written. Its blocks follow one another. */
struct list {
	unsigned char *first;
	uint64_t addr;			/* 0: without entries there is no list */
	uint64_t room;			/* entries of one block */
	uint64_t entry_size;
	unsigned int page_shift;
};

static unsigned char *list_entry(const struct list *list, uint64_t i)
{
	return list->first + (i / list->room << list->page_shift) + LUO_BLOCK_HEADER +
	       i % list->room * list->entry_size;
}

static int put_list(struct kho_luo_writer_ *w, uint64_t count, uint64_t entry_size,
		    struct list *ret)
{
	struct list list = { .entry_size = entry_size, .page_shift = w->page_shift };
	int err = 0;

	list.room = block_room(w->page_shift, entry_size);
	for (uint64_t left = count, here; left; left -= here) {
		uint64_t addr, next;
		unsigned char *p;

		p = kho_luo_take_(w, 0, &addr, &err);
		if (!p)
			return err;
		if (left == count) {
			list.first = p;
			list.addr = addr;
		}
		here = left < list.room ? left : list.room;
		next = left > here ? addr + kho_page_size_(w->page_shift) : 0;
		kho_luo_put_u64_(p + LUO_BLOCK_OFF_NEXT, next);
		kho_luo_put_u64_(p + LUO_BLOCK_OFF_COUNT, here);
	}
	*ret = list;
	return 0;
}

/* COUNT files of STATE, beginning with FILE. */
static int put_files(struct kho_luo_writer_ *w, const struct kho_luo_state *state, uint64_t file,
		     uint64_t count, uint64_t *ret_addr)
{
	struct list list;
	int err;

	err = put_list(w, count, LUO_FILE_SIZE, &list);
	if (err)
		return err;
	for (uint64_t i = 0; i < count; i++)
		kho_luo_put_file_(list_entry(&list, i), &state->file[file + i]);
	*ret_addr = list.addr;
	return 0;
}

static int put_sessions(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
			uint64_t *ret_addr)
{
	struct list list;
	uint64_t files, file = 0;
	int err;

	err = put_list(w, state->session_count, LUO_SESSION_SIZE, &list);
	if (err)
		return err;
	for (size_t i = 0; i < state->session_count; i++) {
		const struct kho_luo_session *session = &state->session[i];

		err = put_files(w, state, file, session->file_count, &files);
		if (err)
			return err;
		kho_luo_put_session_(list_entry(&list, i), session, files);
		file += session->file_count;
	}
	*ret_addr = list.addr;
	return 0;
}

int kho_luo_v5_encode_(struct kho_luo_writer_ *w, const struct kho_luo_state *state,
		       struct kho_node *ret_node)
{
	const char *name = kho_luo_abi_name(KHO_LUO_V5);
	uint64_t sessions, flbs;
	unsigned char *head;
	int err = 0;

	head = kho_luo_take_(w, 0, &ret_node->addr, &err);
	if (!head)
		return err;
	err = put_sessions(w, state, &sessions);
	if (!err)
		err = kho_luo_put_flbs_(w, state, &flbs);
	if (err)
		return err;
	memcpy(head, name, strlen(name));
	kho_luo_put_u64_(head + LUO_V5_OFF_NUMBER, state->number);
	kho_luo_put_u64_(head + LUO_V5_OFF_SESSIONS, sessions);
	kho_luo_put_u64_(head + LUO_V5_OFF_FLBS, flbs);
	ret_node->size = LUO_V5_SIZE;
	return 0;
}
