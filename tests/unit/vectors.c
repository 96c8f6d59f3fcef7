// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <inttypes.h>
#include <sys/mman.h>

#include <libfdt.h>

#include "unit.h"
#include "vectors.h"

/* In the order of their ABIs. */
const char *const vector_names[] = { "6.17", "6.18", "6.19", "7.1", "7.2", "7.3" };
const size_t vector_count = ARRAY_SIZE(vector_names);

/* ---- Files ---------------------------------------------------------------- */

static int add_segment(const unsigned char *file, size_t size, const Elf64_Phdr *phdr,
		       size_t *offset, struct vector *v)
{
	uint64_t last = v->pages ? v->page[v->pages - 1].addr + VECTOR_PAGE : 0;
	uint64_t left = phdr->p_filesz;

	/* Bytes of one segment follow those of the one before; nothing lies between. */
	if (phdr->p_type != PT_LOAD || phdr->p_offset != *offset || left > size - *offset ||
	    left > phdr->p_memsz || !phdr->p_memsz || phdr->p_memsz > 1u << 24 ||
	    phdr->p_memsz % VECTOR_PAGE || phdr->p_paddr % VECTOR_PAGE ||
	    phdr->p_paddr < last || phdr->p_paddr > 1ull << 40)
		return -1;
	v->page = realloc(v->page, (v->pages + phdr->p_memsz / VECTOR_PAGE) * sizeof(*v->page));
	assert_non_null(v->page);
	for (uint64_t done = 0; done < phdr->p_memsz; done += VECTOR_PAGE) {
		struct vector_page *page = &v->page[v->pages++];
		size_t part = left < VECTOR_PAGE ? (size_t)left : VECTOR_PAGE;

		*page = (struct vector_page){ phdr->p_paddr + done, must_calloc(VECTOR_PAGE) };
		memcpy(page->bytes, file + *offset, part);
		*offset += part;
		left -= part;
	}
	return 0;
}

int vector_parse(const void *file, size_t size, struct vector *ret)
{
	static const unsigned char ident[EI_NIDENT] = {
		ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
	};
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	size_t offset;

	ret->page = NULL;
	ret->pages = 0;
	ret->hidden = 1;
	if (size < sizeof(ehdr))
		return -1;
	memcpy(&ehdr, file, sizeof(ehdr));
	if (memcmp(ehdr.e_ident, ident, sizeof(ident)) || ehdr.e_type != ET_CORE ||
	    ehdr.e_machine != EM_X86_64 || ehdr.e_phoff != sizeof(ehdr) ||
	    ehdr.e_phentsize != sizeof(phdr) || !ehdr.e_phnum ||
	    ehdr.e_phnum > (size - sizeof(ehdr)) / sizeof(phdr))
		return -1;
	offset = sizeof(ehdr) + ehdr.e_phnum * sizeof(phdr);
	for (size_t i = 0; i < ehdr.e_phnum; i++) {
		memcpy(&phdr, (const char *)file + sizeof(ehdr) + i * sizeof(phdr), sizeof(phdr));
		if (add_segment(file, size, &phdr, &offset, ret)) {
			vector_free_pages(ret);
			return -1;
		}
	}
	if (offset == size)
		return 0;
	vector_free_pages(ret);
	return -1;
}

void vector_free_pages(struct vector *v)
{
	for (size_t i = 0; i < v->pages; i++)
		free(v->page[i].bytes);
	free(v->page);
	v->page = NULL;
	v->pages = 0;
}

static char *load_file(const char *name, const char *suffix, size_t *ret_size)
{
	char path[512];
	FILE *file;
	char *data;
	long size;

	snprintf(path, sizeof(path), "%s/%s.%s", VECTORS_FOLDER, name, suffix);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s is missing", path);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	rewind(file);
	data = must_calloc((size_t)size + 1);
	assert_int_equal(fread(data, 1, (size_t)size, file), size);
	fclose(file);
	*ret_size = (size_t)size;
	return data;
}

/* The numbers of the line that begins with WORD. */
static void expect_numbers(const char *text, const char *word, uint64_t *number, size_t count)
{
	char start[32];
	const char *p;

	snprintf(start, sizeof(start), "\n%s ", word);
	p = strstr(text, start);
	assert_non_null(p);
	p += strlen(start);
	for (size_t i = 0; i < count; i++) {
		char *end;

		number[i] = strtoull(p, &end, 0);
		assert_true(end > p);
		p = end;
	}
}

void vector_load(const char *name, struct vector *ret)
{
	uint64_t array[2];
	size_t size;

	ret->name = name;
	ret->expect = load_file(name, "expect", &size);
	expect_numbers(ret->expect, "root", &ret->root, 1);
	expect_numbers(ret->expect, "scratch-array", array, 2);
	ret->scratch_array = array[0];
	ret->scratch_size = array[1];
	ret->file = (unsigned char *)load_file(name, "elf", &ret->file_size);
	assert_int_equal(vector_parse(ret->file, ret->file_size, ret), 0);
}

void vector_free(struct vector *v)
{
	vector_free_pages(v);
	free(v->file);
	free(v->expect);
}

/* ---- Memory --------------------------------------------------------------- */

static int compare_page(const void *key, const void *member)
{
	uint64_t addr = *(const uint64_t *)key;
	const struct vector_page *page = member;

	return (addr > page->addr) - (addr < page->addr);
}

unsigned char *vector_page_at(const struct vector *v, uint64_t addr)
{
	struct vector_page *page = v->pages ? bsearch(&addr, v->page, v->pages, sizeof(*v->page),
						      compare_page) : NULL;

	return page ? page->bytes : NULL;
}

int vector_read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	const struct vector *v = ctx;
	unsigned char *to = buf;

	while (size) {
		uint64_t base = addr & -(uint64_t)VECTOR_PAGE;
		const unsigned char *page = vector_page_at(v, base);
		size_t off = (size_t)(addr - base);
		size_t part = size < VECTOR_PAGE - off ? size : VECTOR_PAGE - off;

		if (!page || base == v->hidden)
			return -1;
		memcpy(to, page + off, part);
		to += part;
		addr += part;
		size -= part;
	}
	return 0;
}

static struct kho_mem memory(struct vector *v)
{
	return (struct kho_mem){ vector_read, v };
}

/*
 * A copy of bytes, 8-byte aligned, that ends less than 8 bytes before memory that
 * cannot be read: the sanitizers see nothing of what libfdt does.
 */
struct copy {
	void *data;
	void *map;
	size_t map_size;
};

static int read_copy(struct vector *v, uint64_t addr, uint64_t size, struct copy *ret)
{
	size_t room;

	if (size > VECTOR_NODE_MAX)
		return -KHO_ERR_LIMIT;
	room = ((size_t)size + VECTOR_PAGE - 1) & -VECTOR_PAGE;
	ret->map_size = room + VECTOR_PAGE;
	ret->map = mmap(NULL, ret->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	assert_true(ret->map != MAP_FAILED);
	assert_int_equal(mprotect((char *)ret->map + room, VECTOR_PAGE, PROT_NONE), 0);
	ret->data = (char *)ret->map + ((room - (size_t)size) & ~(size_t)7);
	if (!vector_read(v, addr, ret->data, (size_t)size))
		return 0;
	munmap(ret->map, ret->map_size);
	return -KHO_ERR_READ;
}

static void free_copy(const struct copy *copy)
{
	munmap(copy->map, copy->map_size);
}

/* ---- The map -------------------------------------------------------------- */

/* Room for one more of SIZE bytes. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	array = realloc(array, *room * size);
	assert_non_null(array);
	return array;
}

static int add_block(void *ctx, uint64_t addr, unsigned int order)
{
	struct vector_map *m = ctx;

	assert_true(order < 64 - VECTOR_SHIFT);
	assert_int_equal(addr & ((1ull << (order + VECTOR_SHIFT)) - 1), 0);
	m->block = grow(m->block, m->blocks, &m->blocks_room, sizeof(*m->block));
	m->block[m->blocks++] = (struct kho_block){ addr, order };
	return 0;
}

static int add_page(void *ctx, uint64_t addr)
{
	struct vector_map *m = ctx;

	assert_int_equal(addr % VECTOR_PAGE, 0);
	m->page = grow(m->page, m->pages, &m->pages_room, sizeof(*m->page));
	m->page[m->pages++] = addr;
	return 0;
}

static int compare_blocks(const void *a, const void *b)
{
	const struct kho_block *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sort_map(struct vector_map *m)
{
	size_t count = 0;

	if (m->blocks)
		qsort(m->block, m->blocks, sizeof(*m->block), compare_blocks);
	if (m->pages)
		qsort(m->page, m->pages, sizeof(*m->page), compare_numbers);
	for (size_t i = 0; i < m->pages; i++)
		if (!count || m->page[i] != m->page[count - 1])
			m->page[count++] = m->page[i];
	m->pages = count;
}

int vector_map_walk(enum kho_abi abi, const struct kho_mem *mem, uint64_t root,
		    struct vector_map *ret)
{
	const struct kho_map_visitor visitor = { add_block, add_page, ret };
	int err;

	*ret = (struct vector_map){ 0 };
	err = kho_map_walk(abi, VECTOR_SHIFT, mem, root, VECTOR_MAP_PAGES, &visitor);
	/* Whatever the memory says, this much is the most. */
	assert_true(ret->pages <= VECTOR_MAP_PAGES);
	assert_true(ret->blocks <= VECTOR_MAP_PAGES * VECTOR_PAGE * 8);
	sort_map(ret);
	return err;
}

void vector_map_free(struct vector_map *m)
{
	free(m->block);
	free(m->page);
}

/* ---- Nodes ---------------------------------------------------------------- */

struct decoder {
	struct vector *v;
	FILE *out;
	struct kho_mem mem;
	struct kho_root root;
	struct vector_map luo;		/* LUO's own blocks */
	unsigned char *list;		/* bytes of a vmalloc area */
	size_t list_size;
};

static void say(struct decoder *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct decoder *d, const char *format, ...)
{
	va_list args;

	if (!d->out)
		return;
	va_start(args, format);
	vfprintf(d->out, format, args);
	va_end(args);
}

/* Whatever the memory says, a name ends. */
#define assert_name(name)	assert_non_null(memchr(name, 0, sizeof(name)))

static int decode_scratch(struct decoder *d)
{
	uint64_t area[2];

	say(d, "scratch-array 0x%" PRIx64 " %" PRIu64 "\n", d->v->scratch_array,
	    d->v->scratch_size);
	for (uint64_t off = 0; off < d->v->scratch_size; off += sizeof(area)) {
		if (vector_read(d->v, d->v->scratch_array + off, area, sizeof(area)))
			return -KHO_ERR_READ;
		say(d, "scratch 0x%" PRIx64 " %" PRIu64 "\n", area[0], area[1]);
	}
	return 0;
}

static int decode_memblock(struct decoder *d, const struct kho_node *node, const void *data)
{
	struct kho_region region[KHO_REGIONS_MAX];
	size_t count;
	int err = kho_memblock_read(data, (size_t)node->size, region, &count);

	for (size_t i = 0; !err && i < count; i++) {
		assert_name(region[i].name);
		say(d, "region %s 0x%" PRIx64 " %" PRIu64 "\n", region[i].name, region[i].addr,
		    region[i].size);
	}
	return err;
}

static int decode_metadata(struct decoder *d, const struct kho_node *node, const void *data)
{
	struct kho_metadata meta;
	int err = kho_metadata_read(data, (size_t)node->size, &meta);

	if (err)
		return err;
	assert_name(meta.previous_release);
	say(d, "metadata %s %" PRIu32 "\n", meta.previous_release, meta.kexec_count);
	return 0;
}

/* ---- vmalloc areas -------------------------------------------------------- */

static int see_chunk(void *ctx, uint64_t addr)
{
	say(ctx, "chunk 0x%" PRIx64 "\n", addr);
	return 0;
}

static int see_piece(void *ctx, uint64_t addr, unsigned int order)
{
	struct decoder *d = ctx;
	size_t size = VECTOR_PAGE << order;

	say(d, "piece 0x%" PRIx64 "\n", addr);
	d->list = realloc(d->list, d->list_size + size);
	assert_non_null(d->list);
	if (vector_read(d->v, addr, d->list + d->list_size, size))
		return -KHO_ERR_READ;
	d->list_size += size;
	return 0;
}

/* Say what belongs to an area; its bytes are then in D->list. */
static int decode_area(struct decoder *d, const struct kho_vmalloc *area)
{
	const struct kho_vmalloc_visitor visitor = { see_chunk, see_piece, d };

	say(d, "area 0x%" PRIx64 " %" PRIu32 " %u %u\n", area->first, area->total_pages,
	    area->flags, area->order);
	d->list_size = 0;
	return kho_vmalloc_walk(VECTOR_SHIFT, &d->mem, area, VECTOR_AREA_PAGES, &visitor);
}

/* ---- lib/test_kho.c ------------------------------------------------------- */

static const void *property(const void *fdt, int node, const char *name, int size)
{
	int len;
	const void *value = node < 0 ? NULL : fdt_getprop(fdt, node, name, &len);

	return value && (!size || len == size) ? value : NULL;
}

/* Up to 6.17 the list is in the FDT, later in a vmalloc area. */
static int find_folios(struct decoder *d, const void *fdt, int data, size_t size,
		       const unsigned char **ret)
{
	bool inline_list = d->root.abi == KHO_ABI_V1_512;
	const void *value = property(fdt, data, "folios_info",
				     inline_list ? (int)size : KHO_VMALLOC_SIZE);
	struct kho_vmalloc area;
	int err;

	if (!value)
		return -KHO_ERR_BADNODE;
	*ret = value;
	if (inline_list)
		return 0;
	kho_vmalloc_read(value, &area);
	err = decode_area(d, &area);
	*ret = d->list;
	return err || d->list_size >= size ? err : -KHO_ERR_BADNODE;
}

static int decode_test(struct decoder *d, const struct kho_node *node, const void *fdt)
{
	int data = fdt_check_full(fdt, (size_t)node->size) ? -1 : fdt_path_offset(fdt, "/data");
	const void *nr = property(fdt, data, "nr_folios", 4);
	const void *csum = property(fdt, data, "csum", 4);
	const unsigned char *list = NULL;
	uint32_t count, sum;
	uint64_t word;
	int err;

	if (!nr || !csum)
		return -KHO_ERR_BADNODE;
	memcpy(&count, nr, sizeof(count));
	memcpy(&sum, csum, sizeof(sum));
	if (count > VECTOR_NODE_MAX)
		return -KHO_ERR_LIMIT;
	say(d, "test %" PRIu32 " 0x%" PRIx32 "\n", count, sum);
	err = find_folios(d, fdt, data, count * sizeof(word), &list);
	for (uint32_t i = 0; !err && i < count; i++) {
		memcpy(&word, list + i * sizeof(word), sizeof(word));
		say(d, "test-folio 0x%" PRIx64 " %" PRIu64 "\n",
		    word & -(uint64_t)VECTOR_PAGE, word & (VECTOR_PAGE - 1));
	}
	return err;
}

/* ---- Live update ---------------------------------------------------------- */

static int see_folio(void *ctx, const struct kho_memfd_folio *folio)
{
	say(ctx, "folio 0x%" PRIx64 " %" PRIu64 " %u\n", folio->addr, folio->index, folio->flags);
	return 0;
}

static int decode_memfd(struct decoder *d, const struct kho_luo_file *file)
{
	enum kho_memfd_abi abi = kho_memfd_abi_from_name(file->compatible);
	size_t size = kho_memfd_size(abi);
	unsigned char raw[KHO_MEMFD_SIZE_MAX];
	struct kho_memfd memfd;
	int err;

	if (abi == KHO_MEMFD_UNKNOWN)
		return -KHO_ERR_ABI;
	if (vector_read(d->v, file->data, raw, size))
		return -KHO_ERR_READ;
	err = kho_memfd_read(abi, raw, size, &memfd);
	if (err)
		return err;
	say(d, "memfd %" PRIu64 " %" PRIu64, memfd.pos, memfd.size);
	/* What v1 has not is not in the text. */
	if (abi == KHO_MEMFD_V1)
		say(d, " - -");
	else
		say(d, " %" PRIu32 " %" PRIu32, memfd.seals, memfd.flags);
	say(d, " %" PRIu64 "\n", memfd.nr_folios);
	err = decode_area(d, &memfd.folios);
	return err ? err : kho_memfd_walk(VECTOR_SHIFT, &d->mem, &memfd, VECTOR_AREA_PAGES,
					  see_folio, d);
}

static int decode_files(struct decoder *d, const struct kho_luo_state *state)
{
	const struct kho_luo_file *file = state->file;
	int err = 0;

	for (size_t i = 0; !err && i < state->session_count; i++) {
		uint64_t count = state->session[i].file_count;

		assert_name(state->session[i].name);
		say(d, "session %s %" PRIu64 "\n", state->session[i].name, count);
		for (; !err && count; count--, file++) {
			assert_name(file->compatible);
			say(d, "file %s 0x%" PRIx64 " %" PRIu64 "\n", file->compatible, file->data,
			    file->token);
			err = decode_memfd(d, file);
		}
	}
	return err;
}

static void say_luo(struct decoder *d, const struct kho_luo_info *info)
{
	say(d, "luo %s %" PRIu64 " %" PRIu64 " %" PRIu64 " ", kho_luo_abi_name(info->abi),
	    info->number, info->session_count, info->file_count);
	if (info->flbs)
		say(d, "%" PRIu64 "\n", info->flb_count);
	else
		say(d, "-\n");
}

static int decode_luo(struct decoder *d, const struct kho_node *node, const void *data)
{
	const struct kho_luo_visitor visitor = { .block = add_block, .ctx = &d->luo };
	struct kho_luo_session session[VECTOR_LUO_MAX];
	struct kho_luo_file file[VECTOR_LUO_MAX];
	struct kho_luo_flb flb[VECTOR_LUO_MAX];
	struct kho_luo_state state = {
		0, session, VECTOR_LUO_MAX, file, VECTOR_LUO_MAX, flb, VECTOR_LUO_MAX,
	};
	struct kho_luo_info info;
	int err = kho_luo_walk(VECTOR_SHIFT, &d->mem, node, &visitor, &info);

	(void)data;
	if (!err)
		err = kho_luo_read(VECTOR_SHIFT, &d->mem, node, &state);
	if (err)
		return err;
	assert_int_equal(state.session_count, info.session_count);
	assert_int_equal(state.file_count, info.file_count);
	assert_int_equal(state.flb_count, info.flb_count);
	say_luo(d, &info);
	err = decode_files(d, &state);
	for (size_t i = 0; !err && i < state.flb_count; i++) {
		assert_name(flb[i].name);
		say(d, "flb %s 0x%" PRIx64 " %" PRIu64 "\n", flb[i].name, flb[i].data,
		    flb[i].count);
	}
	sort_map(&d->luo);
	for (size_t i = 0; !err && i < d->luo.blocks; i++)
		say(d, "luo-block 0x%" PRIx64 " %" PRIu32 "\n", d->luo.block[i].addr,
		    d->luo.block[i].order);
	return err;
}

/* ---- All of it ------------------------------------------------------------ */

static const struct {
	const char *name;
	int (*decode)(struct decoder *d, const struct kho_node *node, const void *data);
} consumers[] = {
	{ KHO_NODE_MEMBLOCK, decode_memblock },
	{ KHO_NODE_METADATA, decode_metadata },
	{ "kho_test", decode_test },
	{ KHO_NODE_LUO, decode_luo },
};

static int decode_nodes(struct decoder *d)
{
	int err = 0;

	for (size_t i = 0; i < d->root.node_count; i++) {
		assert_name(d->root.node[i].name);
		say(d, "node %s 0x%" PRIx64 " %" PRIu64 "\n", d->root.node[i].name,
		    d->root.node[i].addr, d->root.node[i].size);
	}
	for (size_t i = 0; !err && i < ARRAY_SIZE(consumers); i++) {
		const struct kho_node *node = kho_root_find(&d->root, consumers[i].name);
		struct copy copy;

		if (!node)
			continue;
		err = read_copy(d->v, node->addr, node->size, &copy);
		if (err)
			return err;
		err = consumers[i].decode(d, node, copy.data);
		free_copy(&copy);
	}
	return err;
}

static int decode_map(struct decoder *d)
{
	struct vector_map map;
	int err = vector_map_walk(d->root.abi, &d->mem, d->root.map, &map);

	for (size_t i = 0; !err && i < map.pages; i++)
		say(d, "map-page 0x%" PRIx64 "\n", map.page[i]);
	for (size_t i = 0; !err && i < map.blocks; i++)
		say(d, "block 0x%" PRIx64 " %" PRIu32 "\n", map.block[i].addr, map.block[i].order);
	vector_map_free(&map);
	return err;
}

/*
 * The list itself shows which of two forms of "kho-v1" it has, if it can; otherwise it is the
 * longer one, which the releases of our vectors write.
 */
static int decode_form(struct vector *v, struct kho_root *root)
{
	const struct kho_mem mem = memory(v);
	enum kho_abi form;
	int err;

	if (root->abi != KHO_ABI_V1)
		return 0;
	err = kho_v1_form(VECTOR_SHIFT, &mem, root->map, VECTOR_MAP_PAGES, &form);
	if (!err && form == KHO_ABI_V1_512)
		root->abi = KHO_ABI_V1_512;
	return err;
}

int vector_decode_root(struct vector *v, struct kho_root *ret)
{
	const struct kho_mem mem = memory(v);
	struct copy fdt;
	int err = read_copy(v, v->root, VECTOR_PAGE, &fdt);

	if (err)
		return err;
	err = kho_root_read(fdt.data, VECTOR_PAGE, ret);
	free_copy(&fdt);
	if (!err)
		err = kho_root_sizes(ret, &mem, NULL);
	return err ? err : decode_form(v, ret);
}

int vector_decode(struct vector *v, FILE *out)
{
	struct decoder d = { .v = v, .out = out, .mem = memory(v) };
	int err = vector_decode_root(v, &d.root), map_err;

	if (err)
		return err;
	say(&d, "abi %s\nroot 0x%" PRIx64 "\nmap 0x%" PRIx64 "\n", kho_abi_label(d.root.abi),
	    v->root, d.root.map);
	err = decode_scratch(&d);
	if (!err)
		err = decode_nodes(&d);
	map_err = decode_map(&d);
	vector_map_free(&d.luo);
	free(d.list);
	return err ? err : map_err;
}
