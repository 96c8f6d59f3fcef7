/* SPDX-License-Identifier: GPL-2.0-only */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "tool.h"

enum option_code {
	OPT_ABI = 256, OPT_ALL, OPT_BASE, OPT_CPUS, OPT_FORM, OPT_INITRD, OPT_JSON, OPT_KERNEL,
	OPT_NODES, OPT_PAYLOAD, OPT_RAM, OPT_RAM_BASE, OPT_RAW, OPT_ROOT, OPT_SCRATCH, OPT_SVG,
	OPT_SYSROOT, OPT_TO,
};

/* All options; a verb takes those in its list. */
static const struct option all_options[] = {
	{ "abi", no_argument, NULL, OPT_ABI },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "base", required_argument, NULL, OPT_BASE },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "form", required_argument, NULL, OPT_FORM },
	{ "help", no_argument, NULL, 'h' },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "nodes", required_argument, NULL, OPT_NODES },
	{ "output", required_argument, NULL, 'o' },
	{ "payload", required_argument, NULL, OPT_PAYLOAD },
	{ "ram", required_argument, NULL, OPT_RAM },
	{ "ram-base", required_argument, NULL, OPT_RAM_BASE },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "scratch", required_argument, NULL, OPT_SCRATCH },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "sysroot", required_argument, NULL, OPT_SYSROOT },
	{ "to", required_argument, NULL, OPT_TO },
};

#define OPTION_COUNT	(sizeof(all_options) / sizeof(all_options[0]))

/* Is WORD one of the words of LIST? */
static bool listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += len)
		if ((p == list || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

static void select_options(const struct tool_verb *verb, struct option *ret)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (all_options[i].val == 'h' || listed(verb->options, all_options[i].name))
			*ret++ = all_options[i];
	memset(ret, 0, sizeof(*ret));
}

static int take_size(const char *option, const char *text, uint64_t *ret)
{
	const char *end;

	if (parse_size(text, &end, ret) && !*end)
		return 0;
	return error("--%s=%s: a number is needed, such as 4096, 0x1000 or 4K", option, text);
}

static int take_number(const char *option, const char *text, uint64_t most, uint64_t *ret)
{
	if (parse_u64(text, ret) && *ret && *ret <= most)
		return 0;
	return error("--%s=%s: a number from 1 to %llu is needed", option, text,
		     (unsigned long long)most);
}

/* ADDR,SIZE */
static int take_scratch(struct tool_options *o, const char *text)
{
	struct kho_range *range = &o->scratch[o->scratch_count];
	const char *end;

	if (o->scratch_count == SCRATCH_OPTIONS_MAX)
		return error("--scratch: more than %d areas", SCRATCH_OPTIONS_MAX);
	if (!parse_size(text, &end, &range->addr) || *end != ',' ||
	    !parse_size(end + 1, &end, &range->size) || *end)
		return error("--scratch=%s: ADDR,SIZE is needed, such as 0x40000000,64M", text);
	o->scratch_count++;
	return 0;
}

static int take_root(struct tool_options *o, const char *text)
{
	if (o->root_count == OPERANDS_MAX)
		return error("--root: given more than %d times", OPERANDS_MAX);
	if (take_size("root", text, &o->root[o->root_count]))
		return -1;
	o->root_count++;
	return 0;
}

static int take_form(struct tool_options *o, const char *text)
{
	if (o->form_count == OPERANDS_MAX)
		return error("--form: given more than %d times", OPERANDS_MAX);
	if (!strcmp(text, "512"))
		o->form[o->form_count++] = KHO_ABI_V1_512;
	else if (!strcmp(text, "page"))
		o->form[o->form_count++] = KHO_ABI_V1;
	else
		return error("--form=%s: 512 (kernels of 6.16 and 6.17) or page (6.18 to 7.0) is "
			     "needed", text);
	return 0;
}

static int take_option(struct tool_options *o, int c, const char *value)
{
	switch (c) {
	case 'h':		o->help = true; return 0;
	case 'o':		o->output = value; return 0;
	case OPT_ABI:		o->abi_counts = true; return 0;
	case OPT_ALL:		o->all = true; return 0;
	case OPT_BASE:		o->has_base = true; return take_size("base", value, &o->base);
	case OPT_CPUS:		return take_number("cpus", value, 1u << 20, &o->cpus);
	case OPT_FORM:		return take_form(o, value);
	case OPT_INITRD:	o->initrd = value; return 0;
	case OPT_JSON:		o->json = true; return 0;
	case OPT_KERNEL:	o->kernel = value; return 0;
	case OPT_NODES:		return take_number("nodes", value, 1024, &o->nodes);
	case OPT_PAYLOAD:	return take_size("payload", value, &o->payload);
	case OPT_RAM:		return take_size("ram", value, &o->ram);
	case OPT_RAM_BASE:	return take_size("ram-base", value, &o->ram_base);
	case OPT_RAW:		o->raw = true; return 0;
	case OPT_ROOT:		return take_root(o, value);
	case OPT_SCRATCH:	return take_scratch(o, value);
	case OPT_SVG:		o->svg = value; return 0;
	case OPT_SYSROOT:	o->sysroot = value; return 0;
	case OPT_TO:		o->to = value; return 0;
	}
	return -1;			/* getopt has printed the reason */
}

static int take_operands(struct tool_options *o, const struct tool_verb *verb, int argc,
			 char **argv)
{
	size_t count = (size_t)(argc - optind);

	if (count < verb->operands_min || count > verb->operands_max)
		return error("%s takes %zu%s%s operands; 'kho-fdt %s --help' names them",
			     verb->name, verb->operands_min,
			     verb->operands_max > verb->operands_min ? " to " : "",
			     verb->operands_max > verb->operands_min ?
			     verb->operands_max == 1 ? "1" : "2" : "", verb->name);
	for (size_t i = 0; i < count; i++)
		o->operand[i] = argv[optind + (int)i];
	o->operand_count = count;
	return 0;
}

int tool_options_parse(struct tool_options *o, const struct tool_verb *verb, int argc, char **argv)
{
	struct option options[OPTION_COUNT + 1];
	const char *letters = listed(verb->options, "output") ? "ho:" : "h";
	int c;

	*o = (struct tool_options){ .sysroot = "/" };
	select_options(verb, options);
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1)
		if (take_option(o, c, optarg))
			return TOOL_USAGE;
	if (o->help)
		return 0;
	return take_operands(o, verb, argc, argv) ? TOOL_USAGE : 0;
}

struct source_spec tool_source(const struct tool_options *o, size_t index)
{
	return (struct source_spec){
		.name = index < o->operand_count ? o->operand[index] : "live",
		.sysroot = o->sysroot,
		.has_root = index < o->root_count,
		.root = index < o->root_count ? o->root[index] : 0,
		.form = index < o->form_count ? o->form[index] : KHO_ABI_UNKNOWN,
		.ram_base = o->ram_base,
		.scratch = o->scratch,
		.scratch_count = o->scratch_count,
	};
}

static int check_spec(const struct source_spec *spec)
{
	bool file = strcmp(spec->name, "live") && strcmp(spec->name, "in");

	if (!file && (spec->has_root || spec->scratch_count || spec->ram_base))
		return error("--root, --scratch and --ram-base are for files: for '%s' they are "
			     "known", spec->name);
	if (!strcmp(spec->name, "live") && spec->form != KHO_ABI_UNKNOWN)
		return error("--form is for 'in' and files: the running kernel's form is known");
	return 0;
}

int tool_open(const struct tool_options *options, size_t index, bool whole, struct opened **ret)
{
	const struct source_spec spec = tool_source(options, index);
	struct opened *h;
	int err;

	*ret = NULL;
	if (check_spec(&spec))
		return TOOL_USAGE;
	h = calloc(1, sizeof(*h));
	if (!h) {
		error("no memory");
		return TOOL_FAILED;
	}
	err = source_open(&spec, &h->source);
	if (!err && h->source.nothing)
		err = error("live: the running kernel (%s) hands nothing over: it has no KHO, or "
			    "was booted without kho=on", h->source.machine->release);
	if (!err)
		err = whole ? decoded_read_whole(&h->source, &h->decoded) :
			decoded_read(&h->source, &h->decoded);
	if (err)
		tool_close(h);
	else
		*ret = h;
	return err ? TOOL_FAILED : TOOL_OK;
}

void tool_close(struct opened *h)
{
	if (!h)
		return;
	decoded_free(&h->decoded);
	source_close(&h->source);
	free(h);
}
