/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arch.h"
#include "output.h"
#include "picture.h"
#include "tool.h"

#define WIDTH_DEFAULT	80
#define ADDRESS_WIDTH	16		/* columns in front of a row */
#define ROWS		32		/* rows that are not empty */
#define CELLS_MAX	128

/* How a kind looks: in a terminal, its colours there, and in SVG. */
static const struct look {
	char letter;			/* of a cell that is all this kind; else in lower case */
	const char *colour;
	const char *fill;
	const char *what;
} looks[PICTURE_KINDS] = {
	[PICTURE_HOLE] = { ' ', "0", "#ffffff", "no RAM, or not in the dump" },
	[PICTURE_FREE] = { '.', "2", "#e4e7eb", "other RAM" },
	[PICTURE_SCRATCH] = { 'S', "30;43", "#f2c14e", "scratch" },
	[PICTURE_KERNEL] = { 'K', "37;44", "#5b7db1", "running kernel" },
	[PICTURE_PRESERVED] = { 'P', "30;42", "#4d9a64", "preserved" },
	[PICTURE_MAP] = { 'M', "30;46", "#3aa6a6", "map of preserved memory" },
	[PICTURE_HANDOVER] = { 'H', "30;45", "#9a5fa8", "root FDT and nodes" },
	[PICTURE_CONFLICT] = { '!', "37;41", "#c8403a", "preserved and scratch at once" },
};

/* ---- Terminal ---------------------------------------------------------------------- */

static size_t terminal_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return WIDTH_DEFAULT;
}

/* As described at https://no-color.org. */
static bool use_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
}

/* A power of two, so that rows begin at round addresses. */
static size_t cells_in_row(void)
{
	size_t width = terminal_width(), cells = 16;

	while (cells * 2 <= CELLS_MAX && cells * 2 + ADDRESS_WIDTH <= width)
		cells *= 2;
	return cells;
}

static void print_cell(enum picture_kind kind, bool full, bool colour)
{
	char letter = looks[kind].letter;

	if (!full && letter >= 'A' && letter <= 'Z')
		letter = (char)(letter - 'A' + 'a');
	if (colour && kind != PICTURE_HOLE)
		printf("\033[%sm%c\033[0m", looks[kind].colour, letter);
	else
		putchar(letter);
}

static void print_row(const struct picture *p, uint64_t addr, uint64_t cell, size_t cells, bool colour)
{
	printf("0x%012llx  ", ULL(addr));
	for (size_t i = 0; i < cells; i++) {
		bool full;
		enum picture_kind kind = picture_cell(p, addr + i * cell, cell, &full);

		print_cell(kind, full, colour);
	}
	putchar('\n');
}

/* Rows that are not empty; one line of dots for those between. */
static void print_rows(const struct picture *p, uint64_t row, size_t cells, bool colour)
{
	uint64_t next = 0;		/* the next row */

	for (size_t i = 0; i < p->count; i++) {
		uint64_t first = p->list[i].addr / row;
		uint64_t last = (p->list[i].addr + p->list[i].size - 1) / row;

		if (p->list[i].kind == PICTURE_HOLE)
			continue;
		if (first > next && next)
			puts("...");
		for (uint64_t r = first < next ? next : first; r <= last; r++)
			print_row(p, r * row, row / cells, cells, colour);
		if (last + 1 > next)
			next = last + 1;
	}
}

static void print_legend(const struct picture *p, bool colour)
{
	char size[SIZE_TEXT];

	for (size_t k = PICTURE_KINDS - 1; k > PICTURE_HOLE; k--) {
		if (!p->total[k])
			continue;
		print_cell((enum picture_kind)k, true, colour);
		printf("  %-32s %s\n", looks[k].what, size_text(p->total[k], size));
	}
}

static void map_text(const struct picture *p)
{
	size_t cells = cells_in_row();
	uint64_t row = picture_row_size(p, cells, ROWS);
	bool colour = use_colour();
	char size[SIZE_TEXT];

	print_rows(p, row, cells, colour);
	printf("\na character is %s; in lower case: in part\n", size_text(row / cells, size));
	print_legend(p, colour);
}

/* ---- SVG ------------------------------------------------------------------------- */

#define SVG_LEFT	130		/* of the rows, to the right of the addresses */
#define SVG_WIDTH	1024		/* of a row */
#define SVG_ROW		18
#define SVG_TOP		20

struct svg {
	FILE *out;
	uint64_t row;			/* bytes of a row */
	unsigned int y;
	uint64_t next;			/* the next row */
};

static void svg_text(const struct svg *s, unsigned int x, const char *text)
{
	fprintf(s->out, "<text x=\"%u\" y=\"%u\">%s</text>\n", x, s->y + 13, text);
}

/* [low, high) is in one row, the one that S has reached. */
static void svg_rect(const struct svg *s, uint64_t low, uint64_t high, enum picture_kind kind)
{
	double scale = (double)SVG_WIDTH / (double)s->row;
	double x = (double)(low % s->row) * scale, width = (double)(high - low) * scale;

	fprintf(s->out, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"%s\">"
		"<title>%s 0x%llx-0x%llx</title></rect>\n", SVG_LEFT + x, s->y,
		width < 1 ? 1 : width, SVG_ROW - 4, looks[kind].fill, picture_name(kind), ULL(low),
		ULL(high - 1));
}

static void svg_begin_row(struct svg *s, uint64_t row)
{
	char text[32];

	if (s->next && row > s->next) {
		s->y += SVG_ROW;
		svg_text(s, 4, "...");
	}
	s->y += SVG_ROW;
	s->next = row + 1;
	snprintf(text, sizeof(text), "0x%012llx", ULL(row * s->row));
	svg_text(s, 4, text);
}

static void svg_range(struct svg *s, const struct picture_range *r)
{
	uint64_t first = r->addr / s->row, last = (r->addr + r->size - 1) / s->row;

	for (uint64_t row = first; row <= last; row++) {
		uint64_t low = row == first ? r->addr : row * s->row;
		uint64_t high = row == last ? r->addr + r->size : (row + 1) * s->row;

		if (row >= s->next)
			svg_begin_row(s, row);
		svg_rect(s, low, high, r->kind);
	}
}

static void svg_legend(struct svg *s, const struct picture *p)
{
	char text[96], size[SIZE_TEXT];

	s->y += SVG_ROW;
	for (size_t k = PICTURE_KINDS - 1; k > PICTURE_HOLE; k--) {
		if (!p->total[k])
			continue;
		s->y += SVG_ROW;
		fprintf(s->out, "<rect x=\"4\" y=\"%u\" width=\"20\" height=\"%d\" fill=\"%s\"/>\n",
			s->y, SVG_ROW - 4, looks[k].fill);
		snprintf(text, sizeof(text), "%s: %s", looks[k].what, size_text(p->total[k], size));
		svg_text(s, 30, text);
	}
}

static void write_svg(const struct picture *p, FILE *out)
{
	struct svg s = { .out = out, .row = picture_row_size(p, 64, ROWS), .y = 0 };
	/* As many rows as there may be, each with a line of dots, and the legend. */
	unsigned int height = SVG_TOP + SVG_ROW * (2 * ROWS + PICTURE_KINDS + 3);

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
		"font-family=\"monospace\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n", SVG_LEFT + SVG_WIDTH + 10,
		height);
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].kind != PICTURE_HOLE)
			svg_range(&s, &p->list[i]);
	svg_legend(&s, p);
	fputs("</svg>\n", out);
}

static int map_svg(const struct picture *p, const char *path)
{
	bool to_stdout = !strcmp(path, "-");
	FILE *out = to_stdout ? stdout : fopen(path, "we");
	int err;

	if (!out)
		return error_errno("cannot create '%s'", path);
	write_svg(p, out);
	err = fflush(out) || ferror(out) ? error_errno("cannot write '%s'", path) : 0;
	return to_stdout ? err : output_close(out, path, err);
}

/* ---- JSON ------------------------------------------------------------------------ */

static void map_json(const struct decoded *decoded, const struct picture *p)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();
	json_object *total = json_object_new_object();

	json_add_text(o, "source", decoded->source->name);
	for (size_t k = PICTURE_HOLE + 1; k < PICTURE_KINDS; k++)
		json_add_u64(total, picture_name((enum picture_kind)k), p->total[k]);
	for (size_t i = 0; i < p->count; i++) {
		json_object *range;

		if (p->list[i].kind == PICTURE_HOLE)
			continue;
		range = json_range(p->list[i].addr, p->list[i].size);
		json_add_text(range, "kind", picture_name(p->list[i].kind));
		json_object_array_add(list, range);
	}
	json_object_object_add(o, "total", total);
	json_object_object_add(o, "ranges", list);
	json_finish(o);
}

static int draw(const struct decoded *decoded, const struct tool_options *options)
{
	struct picture picture;
	int err = picture_make(decoded, &picture);

	if (err)
		error("no memory for the picture");
	else if (options->svg)
		err = map_svg(&picture, options->svg);
	else if (options->json)
		map_json(decoded, &picture);
	else
		map_text(&picture);
	picture_free(&picture);
	return err;
}

int cmd_map(const struct tool_options *options)
{
	struct opened *h;
	int code = TOOL_USAGE;

	if (options->svg && options->json) {
		error("--svg and --json contradict each other");
		return code;
	}
	if (options->svg && strcmp(options->svg, "-") &&
	    (output_check("--svg", options->svg, options->operand[0]) || output_check_svg(options->svg)))
		return code;
	code = tool_open(options, 0, true, &h);
	if (h && draw(&h->decoded, options))
		code = TOOL_FAILED;
	tool_close(h);
	return code;
}
