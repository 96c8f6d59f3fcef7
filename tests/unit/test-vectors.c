// SPDX-License-Identifier: GPL-2.0-only
/*
 * libkho reads what real kernels have written, and writes the same: compared with
 * what make-vectors, which shares no code with it, has found in the same memory.
 */
#include "unit.h"
#include "vectors.h"

#define BASE		0x7654300000ull		/* of what is encoded here; no vector has it */

/* Where libkho is to write. */
#define OUTPUT(buf, room, base) \
	(&(struct kho_luo_output){ sizeof(struct kho_luo_output), (buf), (room), (base) })

static const enum kho_abi abis[] = {
	KHO_ABI_V1_512, KHO_ABI_V1, KHO_ABI_V2, KHO_ABI_V3, KHO_ABI_V4,
};

/* Load each vector, run TEST on it. */
static void each_vector(void (*test)(struct vector *v))
{
	for (size_t i = 0; i < vector_count; i++) {
		struct vector v;

		vector_load(vector_names[i], &v);
		test(&v);
		vector_free(&v);
	}
}

/* ---- Decoding ------------------------------------------------------------- */

static void compare_text(const char *name, const char *want, const char *got)
{
	/* What the library cannot know: the release. */
	want = strchr(want, '\n') + 1;
	for (size_t line = 2; *want || *got; line++) {
		size_t want_size = strcspn(want, "\n"), got_size = strcspn(got, "\n");

		if (want_size != got_size || memcmp(want, got, want_size))
			fail_msg("%s.expect:%zu: '%.*s', decoded '%.*s'", name, line,
				 (int)want_size, want, (int)got_size, got);
		want += want_size + (want[want_size] == '\n');
		got += got_size + (got[got_size] == '\n');
	}
}

static void decode(struct vector *v)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	assert_non_null(out);
	err = vector_decode(v, out);
	fclose(out);
	if (err)
		fail_msg("%s: %s after\n%s", v->name, kho_strerror(err), text);
	compare_text(v->name, v->expect, text);
	free(text);
}

static void test_decode(void **state)
{
	(void)state;
	each_vector(decode);
}

/* ---- The two forms of kho-v1 ---------------------------------------------- */

static struct vector_map walk(struct vector *v, enum kho_abi abi, uint64_t root)
{
	const struct kho_mem mem = { vector_read, v };
	struct vector_map map;

	assert_int_equal(vector_map_walk(abi, &mem, root, &map), 0);
	return map;
}

static bool has_block(const struct vector_map *map, uint64_t addr, unsigned int order)
{
	for (size_t i = 0; i < map->blocks; i++)
		if (map->block[i].addr == addr && map->block[i].order == order)
			return true;
	return false;
}

/* Addresses prove the short form. The long one has no proof: see kho_v1_form(). */
static void form(struct vector *v)
{
	bool is_short = strstr(v->expect, "\nabi kho-v1/512\n");
	const struct kho_mem mem = { vector_read, v };
	struct vector_map wrong;
	struct kho_root root;
	enum kho_abi found;

	assert_int_equal(vector_decode_root(v, &root), 0);
	if (kho_abi_radix(root.abi))
		return;
	assert_int_equal(kho_v1_form(VECTOR_SHIFT, &mem, root.map, VECTOR_MAP_PAGES, &found), 0);
	assert_int_equal(found, is_short ? KHO_ABI_V1_512 : KHO_ABI_UNKNOWN);
	/* Why the form matters. Each kernel preserves its root FDT's page. */
	if (is_short) {
		assert_int_equal(vector_map_walk(KHO_ABI_V1, &mem, root.map, &wrong),
				 -KHO_ERR_ALIGN);
	} else {
		assert_int_equal(vector_map_walk(KHO_ABI_V1_512, &mem, root.map, &wrong), 0);
		assert_false(has_block(&wrong, v->root, 0));
	}
	vector_map_free(&wrong);
}

static void test_form(void **state)
{
	(void)state;
	each_vector(form);
}

/* ---- Encoding ------------------------------------------------------------- */

/* A map as the library writes it, found at BASE. */
struct image {
	unsigned char *bytes;
	uint64_t size;
	uint64_t root;
};

static int image_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct image *m = ctx;

	if (addr < BASE || addr - BASE > m->size || size > m->size - (addr - BASE))
		return -1;
	memcpy(buf, m->bytes + (addr - BASE), size);
	return 0;
}

static struct image encode(const struct vector_map *blocks, enum kho_abi abi)
{
	size_t room = (blocks->blocks * 5 + 1) * VECTOR_PAGE;
	void *buf = must_calloc(room);
	struct image image = { 0 };
	struct kho_map map;

	assert_int_equal(kho_map_init(&map, VECTOR_SHIFT, buf, room), 0);
	for (size_t i = 0; i < blocks->blocks; i++)
		assert_int_equal(kho_map_add(&map, blocks->block[i].addr, blocks->block[i].order),
				 0);
	assert_int_equal(map.blocks, blocks->blocks);
	assert_int_equal(kho_map_size(&map, abi, &image.size), 0);
	image.bytes = must_calloc(image.size);
	assert_int_equal(kho_map_encode(&map, abi, image.bytes, image.size, BASE, &image.root), 0);
	free(buf);
	return image;
}

static const void *image_page(const struct image *m, uint64_t addr)
{
	assert_true(addr >= BASE && addr - BASE < m->size && addr % VECTOR_PAGE == 0);
	return m->bytes + (addr - BASE);
}

/* Both have links at the same places, and equal pages at the end of them: byte by byte. */
static void compare_tree(const struct vector *v, uint64_t real, const struct image *ours,
			 uint64_t addr, unsigned int level, size_t *pages)
{
	const uint64_t *want = (const uint64_t *)(const void *)vector_page_at(v, real);
	const uint64_t *got = image_page(ours, addr);

	assert_non_null(want);
	++*pages;
	if (!level) {
		assert_memory_equal(got, want, VECTOR_PAGE);
		return;
	}
	for (size_t i = 0; i < VECTOR_PAGE / sizeof(*want); i++) {
		assert_int_equal(!got[i], !want[i]);
		if (want[i])
			compare_tree(v, want[i], ours, got[i], level - 1, pages);
	}
}

#define LIST_MAX	4096

static void add_bits(const unsigned char *bitmap, size_t size, uint64_t start, uint32_t order,
		     struct vector_map *map)
{
	for (size_t bit = 0; bit < size * 8; bit++) {
		if (!(bitmap[bit / 8] >> bit % 8 & 1))
			continue;
		assert_true(map->blocks < LIST_MAX);
		map->block[map->blocks++] = (struct kho_block){
			start + ((uint64_t)bit << (order + VECTOR_SHIFT)), order,
		};
	}
}

/* A list of kho-v1, read bit by bit. */
static void read_chunks(const struct kho_mem *mem, uint64_t addr, size_t bitmap_size,
			struct vector_map *ret)
{
	struct { uint64_t next; uint32_t order, count; } chunk;
	unsigned char bitmap[VECTOR_PAGE];
	uint64_t element[2];		/* start, bitmap */

	*ret = (struct vector_map){ .block = must_calloc(LIST_MAX * sizeof(*ret->block)) };
	for (; addr; addr = chunk.next) {
		assert_int_equal(mem->read(mem->ctx, addr, &chunk, sizeof(chunk)), 0);
		for (uint32_t i = 0; i < chunk.count; i++) {
			assert_int_equal(mem->read(mem->ctx, addr + 16 + 16 * i, element, 16), 0);
			assert_int_equal(mem->read(mem->ctx, element[1], bitmap, bitmap_size), 0);
			add_bits(bitmap, bitmap_size, element[0], chunk.order, ret);
		}
	}
}

static void assert_same_blocks(const struct vector_map *a, const struct vector_map *b)
{
	assert_int_equal(a->blocks, b->blocks);
	for (size_t i = 0; i < a->blocks; i++)
		assert_true(has_block(b, a->block[i].addr, a->block[i].order));
}

/* Ours has smaller bitmaps, each in a page of its own, for readers of both forms. */
static void compare_lists(struct vector *v, const struct kho_root *root, struct image *ours)
{
	const struct kho_mem real_mem = { vector_read, v }, our_mem = { image_read, ours };
	struct vector_map real, as_short, as_long;

	read_chunks(&real_mem, root->map, root->abi == KHO_ABI_V1_512 ? 512 : VECTOR_PAGE, &real);
	read_chunks(&our_mem, ours->root, 512, &as_short);
	read_chunks(&our_mem, ours->root, VECTOR_PAGE, &as_long);
	assert_true(real.blocks > 0);
	assert_same_blocks(&real, &as_short);
	assert_same_blocks(&real, &as_long);
	vector_map_free(&real);
	vector_map_free(&as_short);
	vector_map_free(&as_long);
}

static void reencode(struct vector *v)
{
	struct kho_root root;
	struct vector_map map;
	struct image ours;
	size_t pages = 0;

	assert_int_equal(vector_decode_root(v, &root), 0);
	map = walk(v, root.abi, root.map);
	ours = encode(&map, root.abi);
	if (kho_abi_radix(root.abi)) {
		compare_tree(v, root.map, &ours, ours.root, 5, &pages);
		assert_int_equal(pages, map.pages);
		assert_int_equal(pages, ours.size / VECTOR_PAGE);
	} else {
		compare_lists(v, &root, &ours);
	}
	free(ours.bytes);
	vector_map_free(&map);
}

static void test_reencode(void **state)
{
	(void)state;
	each_vector(reencode);
}

/* ---- Translation ---------------------------------------------------------- */

static void translate_map(const struct vector_map *map, enum kho_abi abi)
{
	struct image image = encode(map, abi);
	const struct kho_mem mem = { image_read, &image };
	enum kho_abi readers[] = { abi, abi };
	struct vector_map again;

	/* Either form of v1 is for readers of both. */
	if (!kho_abi_radix(abi))
		readers[1] = abi == KHO_ABI_V1 ? KHO_ABI_V1_512 : KHO_ABI_V1;
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		assert_int_equal(vector_map_walk(readers[i], &mem, image.root, &again), 0);
		assert_same_blocks(map, &again);
		vector_map_free(&again);
	}
	free(image.bytes);
}

static void translate_root(const struct kho_root *root, enum kho_abi abi)
{
	struct kho_root to = *root, again;
	unsigned char *buf = must_calloc(VECTOR_PAGE);

	to.abi = abi;
	assert_int_equal(kho_root_write(&to, buf, VECTOR_PAGE), 0);
	assert_int_equal(kho_root_read(buf, VECTOR_PAGE, &again), 0);
	assert_int_equal(again.abi, abi == KHO_ABI_V1_512 ? KHO_ABI_V1 : abi);
	assert_int_equal(again.map, root->map);
	assert_int_equal(again.node_count, root->node_count);
	for (size_t i = 0; i < root->node_count; i++) {
		assert_string_equal(again.node[i].name, root->node[i].name);
		assert_int_equal(again.node[i].addr, root->node[i].addr);
		assert_int_equal(again.node[i].size, kho_abi_sized(abi) ? root->node[i].size : 0);
	}
	free(buf);
}

static void translate(struct vector *v)
{
	struct kho_root root;
	struct vector_map map;

	assert_int_equal(vector_decode_root(v, &root), 0);
	map = walk(v, root.abi, root.map);
	for (size_t i = 0; i < ARRAY_SIZE(abis); i++) {
		translate_map(&map, abis[i]);
		translate_root(&root, abis[i]);
	}
	vector_map_free(&map);
}

static void test_translate(void **state)
{
	(void)state;
	each_vector(translate);
}

/* ---- Live update ---------------------------------------------------------- */

struct luo {
	struct kho_luo_state state;
	struct kho_luo_session session[VECTOR_LUO_MAX];
	struct kho_luo_file file[VECTOR_LUO_MAX];
	struct kho_luo_flb flb[VECTOR_LUO_MAX];
	struct kho_luo_info info;
	/* In the order in which they are told. */
	struct kho_block block[VECTOR_LUO_MAX];
	size_t blocks;
};

static int see_luo_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct luo *luo = ctx;

	assert_true(luo->blocks < VECTOR_LUO_MAX);
	luo->block[luo->blocks++] = (struct kho_block){ addr, order };
	return 0;
}

static void read_luo(const struct kho_mem *mem, const struct kho_node *node, struct luo *ret)
{
	const struct kho_luo_visitor visitor = { .block = see_luo_block, .ctx = ret };

	memset(ret, 0, sizeof(*ret));
	ret->state = (struct kho_luo_state){
		0, ret->session, VECTOR_LUO_MAX, ret->file, VECTOR_LUO_MAX,
		ret->flb, VECTOR_LUO_MAX,
	};
	assert_int_equal(kho_luo_walk(VECTOR_SHIFT, mem, node, &visitor, &ret->info), 0);
	assert_int_equal(kho_luo_read(VECTOR_SHIFT, mem, node, &ret->state), 0);
}

static struct image encode_luo(const struct luo *luo, enum kho_luo_abi abi, struct kho_node *ret)
{
	const struct kho_luo_visitor visitor = { 0 };
	struct image image = { .root = BASE };

	assert_int_equal(kho_luo_size(abi, VECTOR_SHIFT, &luo->state, &image.size), 0);
	image.bytes = must_calloc(image.size);
	assert_int_equal(kho_luo_encode(abi, VECTOR_SHIFT, &luo->state,
					OUTPUT(image.bytes, image.size, BASE), &visitor, ret), 0);
	return image;
}

static void assert_same_state(const struct luo *a, const struct luo *b)
{
	assert_int_equal(a->state.number, b->state.number);
	assert_int_equal(a->state.session_count, b->state.session_count);
	assert_int_equal(a->state.file_count, b->state.file_count);
	assert_int_equal(a->state.flb_count, b->state.flb_count);
	assert_memory_equal(a->session, b->session, sizeof(a->session));
	assert_memory_equal(a->file, b->file, sizeof(a->file));
	assert_memory_equal(a->flb, b->flb, sizeof(a->flb));
}

/* Words of a block; where one is the address of a block, the block's number. */
static uint64_t *block_words(const struct kho_mem *mem, const struct luo *luo, size_t index,
			     size_t *ret_count)
{
	size_t size = VECTOR_PAGE << luo->block[index].order;
	uint64_t *word = must_calloc(size);

	assert_int_equal(mem->read(mem->ctx, luo->block[index].addr, word, size), 0);
	*ret_count = size / sizeof(*word);
	for (size_t i = 0; i < *ret_count; i++)
		for (size_t k = 0; k < luo->blocks; k++)
			if (word[i] == luo->block[k].addr)
				word[i] = k;
	return word;
}

/*
 * Block by block the bytes of the kernel, except for addresses. Of luo-v1's FDT only
 * what it says counts; ours has a place for FLBs where 6.19 has none.
 */
static void compare_luo(const struct kho_mem *real_mem, const struct luo *real,
			const struct kho_mem *our_mem, const struct luo *ours)
{
	assert_int_equal(ours->blocks, real->blocks + !real->info.flbs);
	for (size_t i = real->info.abi == KHO_LUO_V1; i < real->blocks; i++) {
		size_t want_count, got_count;
		uint64_t *want = block_words(real_mem, real, i, &want_count);
		uint64_t *got = block_words(our_mem, ours, i, &got_count);

		assert_int_equal(want_count, got_count);
		assert_memory_equal(got, want, want_count * sizeof(*want));
		free(want);
		free(got);
	}
}

static const struct kho_node *luo_node(struct vector *v, struct kho_root *root)
{
	assert_int_equal(vector_decode_root(v, root), 0);
	return kho_root_find(root, KHO_NODE_LUO);
}

static void luo(struct vector *v)
{
	static const enum kho_luo_abi luo_abis[] = { KHO_LUO_V1, KHO_LUO_V5 };
	const struct kho_mem real_mem = { vector_read, v };
	struct kho_root root;
	const struct kho_node *node = luo_node(v, &root);
	struct luo real, ours;

	if (!node)
		return;
	read_luo(&real_mem, node, &real);
	assert_int_equal(real.state.session_count, 3);
	assert_int_equal(real.state.file_count, 4);
	for (size_t i = 0; i < ARRAY_SIZE(luo_abis); i++) {
		struct kho_node made;
		struct image image = encode_luo(&real, luo_abis[i], &made);
		const struct kho_mem our_mem = { image_read, &image };

		read_luo(&our_mem, &made, &ours);
		assert_int_equal(ours.info.abi, luo_abis[i]);
		assert_same_state(&real, &ours);
		if (ours.info.abi == real.info.abi)
			compare_luo(&real_mem, &real, &our_mem, &ours);
		free(image.bytes);
	}
}

static void test_luo(void **state)
{
	(void)state;
	each_vector(luo);
}

/* The struct of FILE in its handler's ABI. */
static struct kho_memfd read_memfd(const struct kho_mem *mem, const struct kho_luo_file *file)
{
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);
	unsigned char raw[KHO_MEMFD_SIZE_MAX];
	struct kho_memfd memfd;

	assert_int_equal(mem->read(mem->ctx, file->data, raw, kho_memfd_size(abi)), 0);
	assert_int_equal(kho_memfd_read(abi, raw, kho_memfd_size(abi), &memfd), 0);
	return memfd;
}

/* The kernel's struct is what kho_memfd_write() makes of what it says. */
static void rewrite_memfd(const struct kho_mem *mem, const struct kho_luo_file *file)
{
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);
	struct kho_memfd memfd = read_memfd(mem, file);
	unsigned char want[KHO_MEMFD_SIZE_MAX], got[KHO_MEMFD_SIZE_MAX];

	assert_int_equal(mem->read(mem->ctx, file->data, want, kho_memfd_size(abi)), 0);
	assert_int_equal(kho_memfd_write(abi, &memfd, got, sizeof(got)), 0);
	assert_memory_equal(got, want, kho_memfd_size(abi));
}

static void convert_to_v2(const struct kho_mem *mem, struct luo *luo)
{
	struct image image = { .root = BASE };
	const struct kho_mem our_mem = { image_read, &image };
	struct luo old = *luo;

	assert_int_equal(kho_luo_convert_size(VECTOR_SHIFT, &luo->state, KHO_MEMFD_V2, &image.size),
			 0);
	assert_int_equal(image.size, 4 * VECTOR_PAGE);
	image.bytes = must_calloc(image.size);
	assert_int_equal(kho_luo_convert(VECTOR_SHIFT, mem, &luo->state, KHO_MEMFD_V2,
					 OUTPUT(image.bytes, image.size, BASE), NULL), 0);
	for (size_t i = 0; i < luo->state.file_count; i++) {
		struct kho_memfd was = read_memfd(mem, &old.file[i]);
		struct kho_memfd is = read_memfd(&our_mem, &luo->file[i]);

		assert_string_equal(luo->file[i].compatible, "memfd-v2");
		assert_int_equal(luo->file[i].token, old.file[i].token);
		assert_memory_equal(&is, &was, sizeof(is));
	}
	free(image.bytes);
}

/* Files of session "beta" are sealed, which memfd-v1 has no place for. */
static void refuse_v1(const struct kho_mem *mem, struct luo *luo)
{
	struct kho_luo_culprit culprit = { 0 };
	struct luo old = *luo;
	void *buf = must_calloc(4 * VECTOR_PAGE);

	assert_int_equal(kho_luo_convert(VECTOR_SHIFT, mem, &luo->state, KHO_MEMFD_V1,
					 OUTPUT(buf, 4 * VECTOR_PAGE, BASE), &culprit), -KHO_ERR_LOSS);
	assert_non_null(culprit.session);
	assert_non_null(culprit.file);
	assert_string_equal(culprit.session->name, "beta");
	assert_int_equal(culprit.file->token, 7);
	assert_same_state(luo, &old);
	free(buf);
}

static void memfds(struct vector *v)
{
	const struct kho_mem mem = { vector_read, v };
	struct kho_root root;
	const struct kho_node *node = luo_node(v, &root);
	struct luo luo;

	if (!node)
		return;
	read_luo(&mem, node, &luo);
	for (size_t i = 0; i < luo.state.file_count; i++)
		rewrite_memfd(&mem, &luo.file[i]);
	if (!strcmp(luo.file[0].compatible, "memfd-v1"))
		convert_to_v2(&mem, &luo);
	else
		refuse_v1(&mem, &luo);
}

static void test_memfds(void **state)
{
	(void)state;
	each_vector(memfds);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_reencode),
		cmocka_unit_test(test_translate),
		cmocka_unit_test(test_luo),
		cmocka_unit_test(test_memfds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
