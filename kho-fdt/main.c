/* SPDX-License-Identifier: GPL-2.0-only */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tool.h"

#define FILE_OPTIONS	"root form ram-base scratch sysroot json"

#define FILE_USAGE \
	"      --root=ADDR       the root FDT is at this address (a dump may hold several)\n" \
	"      --form=512|page   bitmaps of kho-v1: 512 bytes (6.16, 6.17) or a page (6.18 to 7.0)\n" \
	"      --ram-base=ADDR   address of the first byte of a raw image (default: 0)\n" \
	"      --scratch=ADDR,SIZE  a scratch area, in the order of the array (repeat)\n" \
	"      --sysroot=DIR     read /proc and /sys below DIR (live, in)\n"

static const struct tool_verb verbs[] = {
	{ "show", cmd_show, 0, 1, FILE_OPTIONS " all",
	  "show [live|in|FILE]\n"
	  "Print a handover: root FDT, nodes with their contents, preserved memory, scratch.\n"
	  "\n"
	  "      --all             list every range of preserved memory\n"
	  FILE_USAGE
	  "      --json\n" },
	{ "map", cmd_map, 0, 1, FILE_OPTIONS " svg",
	  "map [live|in|FILE]\n"
	  "Draw physical memory: preserved, scratch, the map's own pages, kernel, free.\n"
	  "\n"
	  "      --svg=FILE        draw it as SVG into FILE ('-': standard output)\n"
	  FILE_USAGE
	  "      --json\n" },
	{ "check", cmd_check, 0, 1, FILE_OPTIONS " all",
	  "check [live|in|FILE]\n"
	  "Check a handover against every rule of its ABI. Exit status 2: a rule is broken; 3:\n"
	  "none is, but the map was not checked (a root FDT alone has none).\n"
	  "\n"
	  "      --all             print the rules that hold, too\n"
	  FILE_USAGE
	  "      --json\n" },
	{ "translate", cmd_translate, 1, 1, "to output base root form ram-base scratch sysroot json",
	  "translate --to=ABI|KERNEL [-o OUT] [--base=ADDR] live|in|FILE\n"
	  "Translate a handover to another ABI, and write its pages into an ELF core.\n"
	  "\n"
	  "      --to=ABI|KERNEL   kho-v1, kho-v2, kho-v3, kho-v4, or a kernel that will read it\n"
	  "  -o, --output=OUT      default: only say what would become of each node\n"
	  "      --base=ADDR       physical address of the new pages (default: after all memory)\n"
	  FILE_USAGE
	  "      --json\n" },
	{ "diff", cmd_diff, 2, 2, FILE_OPTIONS " abi all",
	  "diff A B\n"
	  "Compare two handovers: preserved memory, nodes, ABI. Exit status 2: they differ.\n"
	  "A and B are live, in or FILE; --root and --form count for A, given again for B.\n"
	  "\n"
	  "      --abi             another ABI is a difference, too\n"
	  "      --all             list every range that differs\n"
	  FILE_USAGE
	  "      --json\n" },
	{ "get", cmd_get, 1, 2, "root form ram-base scratch sysroot raw output",
	  "get NODE [live|in|FILE]\n"
	  "Write a node's data to standard output.\n"
	  "\n"
	  "      --raw             as it is: do not unwrap a blob from its device tree\n"
	  "  -o, --output=OUT      into this file\n"
	  FILE_USAGE },
	{ "preflight", cmd_preflight, 2, 2, "sysroot json",
	  "preflight running|KERNEL-A KERNEL-B\n"
	  "Say whether KERNEL-B can read what KERNEL-A, or the running kernel, hands over.\n"
	  "\n"
	  "Exit status 0: as it is; 3: after translation, which 'kexec --kho' does; 4: except\n"
	  "single nodes, and 'kexec --kho' refuses to load while one is in use; 5: not at all.\n"
	  "\n"
	  "      --sysroot=DIR     read /proc and /sys below DIR (running)\n"
	  "      --json\n" },
	{ "scratch", cmd_scratch, 0, 0, "kernel initrd payload ram cpus nodes sysroot json",
	  "scratch --kernel=FILE [--initrd=FILE] [--payload=SIZE]\n"
	  "Say how much scratch memory 'kexec --kho' needs to load these: kho_scratch=..., from\n"
	  "Linux 7.4 on kho_bootmem=...\n"
	  "\n"
	  "      --kernel=FILE     the next kernel\n"
	  "      --initrd=FILE\n"
	  "      --payload=SIZE    blobs and other data that is handed over\n"
	  "      --ram=SIZE        memory of the machine (default: this one's)\n"
	  "      --cpus=N, --nodes=N  its CPUs and NUMA nodes (default: this machine's; with --ram: 1)\n"
	  "      --sysroot=DIR     read /proc and /sys below DIR\n"
	  "      --json\n" },
};

static void print_help(FILE *out)
{
	fputs("Usage: kho-fdt VERB [OPTION]... [OPERAND]...\n"
	      "Look at what one kernel hands over to the next (Kexec HandOver).\n"
	      "\n"
	      "  show       print a handover\n"
	      "  map        draw physical memory\n"
	      "  check      look for broken rules\n"
	      "  translate  translate a handover to another ABI\n"
	      "  diff       compare two handovers\n"
	      "  get        write a node's data to standard output\n"
	      "  preflight  can one kernel read what another hands over?\n"
	      "  scratch    how much scratch memory a kernel needs\n"
	      "\n"
	      "Handovers: live (the running kernel's own, the default), in (the one it got), or a file:\n"
	      "an ELF core, a raw image of RAM, or a root FDT alone. 'kho-fdt VERB --help' says more.\n"
	      "\n"
	      "Exit status: 0; 1 usage; 2 a broken rule, a difference, nothing to translate to;\n"
	      "3 a map that was not checked; 3, 4, 5 preflight; 255 unreadable input. See\n"
	      "kho-fdt(8).\n", out);
}

static const struct tool_verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int run(int argc, char **argv)
{
	const struct tool_verb *verb = find_verb(argv[1]);
	struct tool_options options;
	int code;

	if (!verb) {
		error("there is no verb '%s'; 'kho-fdt --help' lists them", argv[1]);
		return TOOL_USAGE;
	}
	argv[1] = (char *)program_name;	/* the prefix of getopt's messages */
	code = tool_options_parse(&options, verb, argc - 1, argv + 1);
	if (code == TOOL_OK && options.help)
		printf("Usage: kho-fdt %s", verb->usage);
	else if (code == TOOL_OK)
		code = verb->run(&options);
	return code;
}

int main(int argc, char **argv)
{
	int code = TOOL_OK;

	program_name = "kho-fdt";
	if (argc < 2) {
		print_help(stderr);
		return TOOL_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		print_help(stdout);
	else if (!strcmp(argv[1], "--version"))
		puts("kho-fdt, " PACKAGE_STRING);
	else
		code = run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		error_errno("cannot write to standard output");
		return TOOL_FAILED;
	}
	return code;
}
