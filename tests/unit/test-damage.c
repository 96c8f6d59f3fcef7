// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of real kernels, damaged: libkho finds an error that it has a name for, or
 * something sound; soon, and without looking at what it was not given.
 */
#include <inttypes.h>

#include "unit.h"
#include "vectors.h"

/* ---- Where damage is done ------------------------------------------------- */

/* Pages that hold nothing but bits, or records of folios: not what leads anywhere. */
struct plain {
	uint64_t *addr;
	size_t count;
};

static bool is_plain(const struct plain *plain, uint64_t addr)
{
	for (size_t i = 0; i < plain->count; i++)
		if (plain->addr[i] == addr)
			return true;
	return false;
}

/* Every page of the map but those that link to others. */
static void add_bitmaps(struct vector *v, const struct kho_root *root, const uint64_t *links,
			size_t link_count, struct plain *plain)
{
	const struct kho_mem mem = { vector_read, v };
	struct vector_map map;

	assert_int_equal(vector_map_walk(root->abi, &mem, root->map, &map), 0);
	plain->addr = must_calloc((map.pages + VECTOR_AREA_PAGES) * sizeof(*plain->addr));
	for (size_t i = 0; i < map.pages; i++) {
		bool link = false;

		for (size_t k = 0; k < link_count; k++)
			link |= links[k] == map.page[i];
		if (!link)
			plain->addr[plain->count++] = map.page[i];
	}
	vector_map_free(&map);
}

static uint64_t get_word(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static uint64_t word_at(const struct vector *v, uint64_t page, size_t index)
{
	assert_non_null(vector_page_at(v, page));
	return get_word(vector_page_at(v, page) + index * sizeof(uint64_t));
}

static void add_tables(const struct vector *v, uint64_t addr, unsigned int level, uint64_t *link,
		       size_t *count)
{
	assert_true(*count < VECTOR_MAP_PAGES);
	link[(*count)++] = addr;
	for (size_t i = 0; level > 1 && i < VECTOR_PAGE / sizeof(uint64_t); i++)
		if (word_at(v, addr, i))
			add_tables(v, word_at(v, addr, i), level - 1, link, count);
}

/* The pages named by "piece" lines of .expect. */
static void add_pieces(const struct vector *v, struct plain *plain)
{
	const char *p = v->expect;

	for (size_t i = 0; i < VECTOR_AREA_PAGES && (p = strstr(p, "\npiece ")); i++) {
		p += strlen("\npiece ");
		plain->addr[plain->count++] = strtoull(p, NULL, 0);
	}
}

static struct plain find_plain(struct vector *v)
{
	struct plain plain = { 0 };
	uint64_t link[VECTOR_MAP_PAGES];
	struct kho_root root;
	size_t count = 0;

	assert_int_equal(vector_decode_root(v, &root), 0);
	if (kho_abi_radix(root.abi))
		add_tables(v, root.map, 5, link, &count);
	for (uint64_t addr = root.map; !kho_abi_radix(root.abi) && addr; addr = word_at(v, addr, 0))
		link[count++] = addr;
	add_bitmaps(v, &root, link, count, &plain);
	add_pieces(v, &plain);
	return plain;
}

/* ---- Doing it ------------------------------------------------------------- */

static struct tally {
	size_t done, errors;
} tally;

static void decode(struct vector *v)
{
	int err = vector_decode(v, NULL);

	assert_in_range(-err, 0, KHO_ERR_LIMIT);
	tally.done++;
	tally.errors += err != 0;
}

static void each_vector(void (*test)(struct vector *v))
{
	for (size_t i = 0; i < vector_count; i++) {
		struct vector v;

		vector_load(vector_names[i], &v);
		tally = (struct tally){ 0 };
		test(&v);
		printf("%s: %zu times, %zu errors\n", v.name, tally.done, tally.errors);
		vector_free(&v);
	}
}

static void damage_byte(struct vector *v, unsigned char *byte)
{
	static const unsigned char flips[] = { 0x01, 0x80, 0xff };
	unsigned char was = *byte;

	for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
		*byte = was ^ flips[i];
		decode(v);
	}
	*byte = was;
}

/* Bytes of words that say something, or are next to one that does. */
static void damage_page(struct vector *v, const struct vector_page *page)
{
	static const unsigned char zero[8];

	for (size_t off = 0; off < VECTOR_PAGE; off += 8)
		if (memcmp(page->bytes + off, zero, 8) ||
		    (off >= 8 && memcmp(page->bytes + off - 8, zero, 8)))
			for (size_t i = 0; i < 8; i++)
				damage_byte(v, page->bytes + off + i);
}

static void damage(struct vector *v)
{
	struct plain plain = find_plain(v);

	for (size_t i = 0; i < v->pages; i++)
		if (!is_plain(&plain, v->page[i].addr))
			damage_page(v, &v->page[i]);
	free(plain.addr);
	assert_true(tally.errors > tally.done / 20);
}

static void test_each_byte(void **state)
{
	(void)state;
	each_vector(damage);
}

/* ---- Wrong addresses ------------------------------------------------------ */

static void redirect(struct vector *v, unsigned char *link)
{
	uint64_t was = get_word(link), word;

	for (size_t i = 0; i < v->pages; i++) {
		word = v->page[i].addr | was % VECTOR_PAGE;
		memcpy(link, &word, sizeof(word));
		decode(v);
	}
	memcpy(link, &was, sizeof(was));
}

/* Each address leads to each page, also back to where it is. */
static void redirect_all(struct vector *v)
{
	struct plain plain = find_plain(v);

	for (size_t i = 0; i < v->pages; i++) {
		unsigned char *page = v->page[i].bytes;

		/* Properties of a device tree are aligned to 4 bytes. */
		for (size_t off = 0; off <= VECTOR_PAGE - 8; off += 4)
			if (!is_plain(&plain, v->page[i].addr) &&
			    vector_page_at(v, get_word(page + off) & -(uint64_t)VECTOR_PAGE))
				redirect(v, page + off);
	}
	free(plain.addr);
	assert_true(tally.errors > tally.done / 20);
}

static void test_each_address(void **state)
{
	(void)state;
	each_vector(redirect_all);
}

/* ---- What is missing ------------------------------------------------------ */

static void hide(struct vector *v)
{
	for (size_t i = 0; i < v->pages; i++) {
		v->hidden = v->page[i].addr;
		decode(v);
	}
	/* Ends of large blocks, and the neighbours of short bitmaps, are not looked at. */
	assert_true(tally.errors > tally.done / 3);
}

static void test_each_page(void **state)
{
	(void)state;
	each_vector(hide);
}

/* Memory that ends sooner, as that of a file cut off may. */
static void cut_memory(struct vector *v)
{
	size_t pages = v->pages;

	for (v->pages = 0; v->pages < pages; v->pages++)
		decode(v);
	assert_true(tally.errors > tally.done / 2);
}

static void test_less_memory(void **state)
{
	(void)state;
	each_vector(cut_memory);
}

static void cut_file(struct vector *v)
{
	for (size_t size = 0; size < v->file_size; size += 5) {
		void *copy = must_copy(v->file, size);
		struct vector cut;

		assert_int_equal(vector_parse(copy, size, &cut), -1);
		free(copy);
		tally.done++;
		tally.errors++;
	}
}

static void test_short_file(void **state)
{
	(void)state;
	each_vector(cut_file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_each_address),
		cmocka_unit_test(test_each_page),
		cmocka_unit_test(test_less_memory),
		cmocka_unit_test(test_short_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
