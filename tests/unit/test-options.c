// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec's own command line: every refusal with its phrase, next to what is accepted, and how
 * actions replace each other.
 */
#include <getopt.h>

#include "image.h"
#include "message.h"
#include "options.h"
#include "said.h"
#include "unit.h"

#define WORDS_MAX	24

static struct options o;

static void release(void)
{
	options_free(&o);
	memset(&o, 0, sizeof(o));
}

static int teardown(void **state)
{
	(void)state;
	release();
	return 0;
}

/* Parse "kexec LINE", split at blanks; "_" stands for an empty word. */
static int parse(const char *line)
{
	char *copy = must_copy(line, strlen(line) + 1), *rest = copy, *word;
	char *argv[WORDS_MAX + 2] = { "kexec" };
	int argc = 1, code;

	while ((word = strsep(&rest, " ")) && argc <= WORDS_MAX)
		if (*word)
			argv[argc++] = strcmp(word, "_") ? word : "";
	assert_null(word);
	release();
	optind = 0;			/* of the C library: start again */
	code = options_parse(&o, argc, argv);
	free(copy);
	return code;
}

static void assert_taken(const char *line)
{
	assert_says(0, NULL, parse(line));
}

struct row {
	const char *line, *why;		/* WHY NULL: it is taken */
};

static void assert_rows(const struct row *row, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_says(row[i].why ? EXIT_REFUSED : 0, row[i].why, parse(row[i].line));
}

#define ASSERT_ROWS(row)	assert_rows(row, ARRAY_SIZE(row))

static void values(void **state)
{
	(void)state;
	assert_taken("-l k --initrd=i --append=a --kho --kho-region=r=0x100000,4K --kho-blob=b=f "
		     "--kho-carry=c --kho-verify=r,x:late -s");
	assert_string_equal(o.request.kernel, "k");
	assert_string_equal(o.request.initrd, "i");
	assert_string_equal(o.request.cmdline, "a");
	assert_int_equal(o.request.region_count, 1);
	assert_int_equal(o.request.blob_count, 1);
	assert_true(name_set_names(&o.request.carry, "c"));
	assert_true(name_set_names(&o.request.verify, "r"));
	assert_true(name_set_names(&o.request.late, "x"));
	assert_int_equal(o.request.method, METHOD_FILE);
	assert_taken("-l k --ramdisk i --command-line a -c -i -x -y --noefi --reuse-cmdline");
	assert_string_equal(o.request.initrd, "i");
	assert_string_equal(o.request.cmdline, "a");
	assert_int_equal(o.request.method, METHOD_SEGMENTS);
	assert_true(o.request.no_checks && o.no_ifdown && o.no_sync && o.request.no_efi);
	assert_true(o.reuse_cmdline);
	assert_taken("-l k");
	assert_int_equal(o.request.method, METHOD_AUTO);
	assert_false(o.request.no_checks || o.no_ifdown || o.no_sync || o.request.no_efi);
	assert_false(o.reuse_cmdline || o.request.kho || o.json || o.status);
	assert_null(o.request.initrd);
	/* The last word counts. */
	assert_taken("-l k -c -s -a --append=a --append=b");
	assert_int_equal(o.request.method, METHOD_AUTO);
	assert_string_equal(o.request.cmdline, "b");
	assert_taken("-l k --kho --kho-carry");
	assert_true(o.request.carry.all);
	assert_taken("--kho-status --json --sysroot=/x");
	assert_true(o.kho_status && o.json);
	assert_string_equal(o.sysroot, "/x");
	assert_taken("--kho-get=n");
	assert_string_equal(o.kho_get, "n");
}

/* load, exec, unload, shutdown */
static void actions(void **state)
{
	static const struct {
		const char *line;
		bool load, exec, unload, shutdown;
	} row[] = {
		{ "k", true, false, false, true },
		{ "-l k", true, false, false, false },
		{ "-e", false, true, false, false },
		{ "-u", false, false, true, false },
		{ "-f k", true, true, false, false },
		{ "-l -e k", false, true, false, false },
		{ "-e -l k", true, false, false, false },
		{ "-u -f k", true, true, false, false },
		{ "-f -u k", false, false, true, false },
		{ "-S", false, false, false, true },
		{ "-S -l", true, false, false, false },
		{ "--kho-status", false, false, false, false },
		{ "--kho-get=n", false, false, false, false },
		{ "--dry-run k", true, false, false, false },
		{ "--kho --kho-save-segment=s k", true, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		assert_taken(row[i].line);
		assert_int_equal(o.load, row[i].load);
		assert_int_equal(o.exec, row[i].exec);
		assert_int_equal(o.unload, row[i].unload);
		assert_int_equal(o.shutdown, row[i].shutdown);
	}
	/* The answer is an exit code, and no refusal may take its place. */
	assert_taken("-S -p -e --kho --hotplug --kho-region=x=0x1000,0x1000 a b --sysroot=/");
	assert_true(o.status);
	assert_taken("-h");
	assert_true(o.help);
	assert_taken("-v");
	assert_true(o.version);
	assert_false(debug_enabled);
	assert_taken("-d");
	assert_true(debug_enabled);
	debug_enabled = false;
	/* Nothing behind these counts. */
	assert_taken("-h -z");
	assert_true(o.help);
	assert_taken("-l --version --nonsense -d");
	assert_true(o.version);
	assert_false(debug_enabled);
}

/* Help, but with the exit code of a word that is no option. */
static void question_mark(void **state)
{
	(void)state;
	assert_int_equal(parse("-?"), EXIT_REFUSED);
	assert_false(o.help);
	assert_int_equal(parse("-z"), EXIT_REFUSED);
	assert_int_equal(parse("--nonsense"), EXIT_REFUSED);
}

static void handover(void **state)
{
	static const struct row row[] = {
		{ "-l k --kho --kho-region=r=1M,4K", NULL },
		{ "-l k --kho-region=r=1M,4K", "need --kho" },
		{ "-l k --kho --kho-blob=b=f", NULL },
		{ "-l k --kho-blob=b=f", "need --kho" },
		{ "-l k --kho --kho-carry=c", NULL },
		{ "-l k --kho-carry=c", "need --kho" },
		{ "-l k --kho-carry", "need --kho" },
		{ "-l k --kho --kho-verify=r", NULL },
		{ "-l k --kho-verify=r", "need --kho" },
		{ "-l k --kho --kho-verify=r:late", NULL },
		{ "-l k --kho-verify=r:late", "need --kho" },
		{ "-l k --kho -i", NULL },
		{ "-l k --kho -i --kho-verify=r", "contradict" },
		{ "-l k --kho -i --kho-verify=all", "contradict" },
		{ "-l k --kho -i --kho-verify=r:late", "contradict" },
		{ "-f k --kho", NULL },
		{ "k --kho", NULL },
		{ "-e --kho", "--kho works with -l only" },
		{ "-u --kho", "--kho works with -l only" },
		{ "--kho-status --kho", "--kho works with -l only" },
		/* What the values are refused for is test-request's. */
		{ "-l k --kho --kho-region=r", "--kho-region=r: needs" },
		{ "-l k --kho --kho-blob=b", "--kho-blob=b: needs" },
		{ "-l k --kho --kho-verify=_,", "an empty name" },
		{ "-l k --kho --kho-carry=a,,b", "an empty name" },
	};

	(void)state;
	ASSERT_ROWS(row);
}

static void methods(void **state)
{
	static const struct row row[] = {
		{ "-l k -s", NULL },
		{ "-l k -s -i", NULL },
		{ "-l k -c -i", NULL },
		{ "-l k -a -i", NULL },
		{ "-l k -s --kho -i", NULL },
		{ "k -s --dry-run", "--dry-run plans for kexec_load and for --kho" },
		{ "k -c --dry-run", NULL },
		{ "k -s --kho --dry-run", NULL },
		{ "-l k -s --kho", NULL },
		{ "-l k -s --kho --noefi", "--noefi works with kexec_load only" },
		{ "-l k -s --noefi", "--noefi works with kexec_load only: with -s the kernel decides; use -c" },
		{ "-l k -a --noefi", NULL },
		{ "-l k -s --mem-min=1M", "--mem-min works with kexec_load only" },
		{ "-l k -s --mem-max=1G", "--mem-max works with kexec_load only" },
		{ "-l k -s --console-serial", "--console-serial or --serial works with kexec_load only" },
		{ "-l k -s --serial=ttyS1", "--console-serial or --serial works with kexec_load only" },
		{ "-l k -s --console-vga", "--console-vga works with kexec_load only" },
		{ "-l k --kho --mem-min=1M", "--mem-min and --mem-max work without --kho only" },
		{ "-l k --kho --mem-max=1G", "--mem-min and --mem-max work without --kho only" },
		{ "-l k -s --force-dtb", NULL },
		{ "-l k -c --force-dtb", "--force-dtb works with kexec_file_load only: leave -c out" },
		{ "-l k -a --force-dtb --noefi", "--noefi works with kexec_load only" },
		{ "-l k -c --no-cma", NULL },
		{ "-l k -c --kho --noefi", NULL },
		{ "-l k -a --kho --noefi", NULL },
		{ "-l k -c --kho --kho-verify=r", NULL },
		{ "-l k -c --kho --kho-verify=r:late", "works with kexec_file_load only" },
		{ "-l k -c --kho --kho-verify=all:late", "works with kexec_file_load only" },
		{ "-l k -a --kho --kho-verify=r:late", NULL },
	};

	(void)state;
	ASSERT_ROWS(row);
}

static void prebuilt_files(void **state)
{
	static const struct row row[] = {
		{ "-l k --kho --kho-segment=s", NULL },
		{ "-l k --kho-segment=s", "need --kho" },
		{ "k --kho --kho-save-segment=s", NULL },
		{ "k --kho-save-segment=s", "need --kho" },
		{ "k --kho --kho-save-segment=s --kho-segment=s", "one of them" },
		{ "-l k -s --kho --kho-segment=s", NULL },
		{ "-l k -c --kho --kho-segment=s", "leave -c out" },
		{ "k -c --kho --kho-save-segment=s", "leave -c out" },
		{ "-l k --kho --noefi --kho-segment=s", "a segment is for kexec_file_load" },
		{ "k --kho --noefi --kho-save-segment=s", "a segment is for kexec_file_load" },
		{ "-l k --kho --kho-segment=s --kho-region=r=1M,4K", "the segment already says" },
		{ "-l k --kho --kho-segment=s --kho-blob=b=f", "the segment already says" },
		{ "-l k --kho --kho-segment=s --kho-carry", "the segment already says" },
		{ "-l k --kho --kho-segment=s --kho-verify=r", "the segment already says" },
		{ "-l k --kho --kho-segment=s --kho-verify=r:late", "the segment already says" },
		{ "-l k --kho --kho-segment=s -i", "the segment already says" },
		{ "k --kho --kho-save-segment=s -i", NULL },
		{ "k --kho --kho-save-segment=s --kho-verify=r:late --kho-blob=b=f", NULL },
		{ "k --kho --kho-segment=s --dry-run", "--dry-run works without" },
		{ "k --kho --kho-save-segment=s --dry-run", "--dry-run works without" },
		{ "-f k --kho --kho-segment=s", NULL },
		{ "-f k --kho --kho-save-segment=s", "so it cannot be combined with -e, -f or -u" },
		{ "-e k --kho --kho-save-segment=s", "so it cannot be combined with -e, -f or -u" },
		{ "-u k --kho --kho-save-segment=s", "so it cannot be combined with -e, -f or -u" },
	};

	(void)state;
	ASSERT_ROWS(row);
}

static void elsewhere(void **state)
{
	static const struct row row[] = {
		{ "k --dry-run --sysroot=/x", NULL },
		{ "--kho-status --sysroot=/x", NULL },
		{ "--kho-get=n --sysroot=/x", NULL },
		{ "k --kho --kho-save-segment=s --sysroot=/x", NULL },
		{ "-l k --sysroot=/x", "--sysroot works with" },
		{ "k --sysroot=/x", "--sysroot works with" },
		{ "-l k --kho --sysroot=/x", "--sysroot works with" },
		{ "-e --sysroot=/x", "--sysroot works with" },
		{ "-u --sysroot=/x", "--sysroot works with" },
		{ "--kho-status --json", NULL },
		{ "-l k --json", "--json works with --kho-status only" },
		{ "--kho-get=n --json", "--json works with --kho-status only" },
		{ "-l k --dry-run", NULL },
		{ "-e k --dry-run", "--dry-run plans a load" },
		{ "-f k --dry-run", "--dry-run plans a load" },
		{ "-u k --dry-run", "--dry-run plans a load" },
	};

	(void)state;
	ASSERT_ROWS(row);
}

/* "-": read once, and with --kho only what is not read again. */
static void standard_input(void **state)
{
	static const struct row row[] = {
		{ "-l -", NULL },
		{ "-l k --initrd=-", NULL },
		{ "-l - --initrd=-", "'-' (standard input)" },
		{ "-l - --initrd=i", NULL },
		{ "-l k --kho --kho-blob=b=-", NULL },
		{ "-l k --kho --kho-blob=a=- --kho-blob=b=-", "'-' (standard input)" },
		{ "-l k --kho --kho-blob=a=f --kho-blob=b=-", NULL },
		{ "-l - --kho", "'-' (standard input)" },
		{ "-l k --kho --initrd=-", "'-' (standard input)" },
		{ "-l - --kho --kho-blob=b=-", "'-' (standard input)" },
		{ "-l k --kho --initrd=- --kho-blob=b=-", "'-' (standard input)" },
	};

	(void)state;
	ASSERT_ROWS(row);
}

/* Of kexec-tools, with a meaning here. */
static void of_kexec_tools(void **state)
{
	(void)state;
	assert_taken("-l k -c --mem-min=0x100000 --mem-max=1G --serial=0x2f8 --console-vga");
	assert_int_equal(o.request.mem_min, 0x100000);
	assert_int_equal(o.request.mem_max, 1 << 30);
	assert_int_equal(o.request.serial_port, 0x2f8);
	assert_true(o.request.console_vga);
	assert_taken("-l k --console-serial");
	assert_int_equal(o.request.serial_port, 0x3f8);
	assert_taken("-l k --console-serial --serial=ttyS3");
	assert_int_equal(o.request.serial_port, 0x2e8);
	assert_taken("-l k --args-linux --reuse-video-type");
	assert_null(request_needs_segments(&o.request));
	assert_taken("-l k --no-cma");
	assert_int_equal(o.request.file_flags, 0x10);
	assert_int_equal(o.request.method, METHOD_AUTO);
	assert_taken("-l k --force-dtb");
	assert_int_equal(o.request.file_flags, 0x20);
	assert_int_equal(o.request.method, METHOD_FILE);
}

/* load, unload, as -p goes with the other actions; it never starts anything. */
static void crash_kernels(void **state)
{
	static const struct {
		const char *line;
		bool load, unload;
	} row[] = {
		{ "-p k", true, false }, { "--load-panic k", true, false }, { "-p", true, false },
		{ "-l -p k", true, false }, { "-p -l k", true, false }, { "-e -p k", true, false },
		{ "-f -p k", true, false }, { "-p -u", false, true }, { "-u -p", false, true },
		{ "-p -u k", false, true }, { "-u -p k", true, false }, { "-p -s -u", false, true },
		{ "-S -p", true, false }, { "-p --dry-run k", true, false },
		{ "-p -s k", true, false }, { "-p -c -i k", true, false },
		{ "-p --hotplug k", true, false }, { "-p --elf64-core-headers k", true, false },
	};
	static const struct row refused[] = {
		{ "-p --kho k", "--kho -p: a crash kernel gets no handover" },
		{ "-p -u --kho", "--kho -p: a crash kernel gets no handover" },
		{ "-p -e", "use two commands" },
		{ "-p -f k", "use two commands" },
		{ "-l --hotplug k", "--hotplug is for crash kernels" },
		{ "-l --pass-memmap-cmdline k", "--pass-memmap-cmdline is for crash kernels" },
		{ "-p -s --pass-memmap-cmdline k", "--pass-memmap-cmdline works with kexec_load only" },
		{ "-p --elf32-core-headers k", "addresses that such headers cannot hold" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		assert_taken(row[i].line);
		assert_true(o.request.crash);
		assert_int_equal(o.load, row[i].load);
		assert_int_equal(o.unload, row[i].unload);
		assert_false(o.exec || o.shutdown);
	}
	ASSERT_ROWS(refused);
	assert_taken("-l k");
	assert_false(o.request.crash);
	assert_taken("--print-ckr-size");
	assert_true(o.crash_size);
	assert_false(o.load || o.shutdown);
	assert_taken("-p --hotplug --pass-memmap-cmdline k");
	assert_true(o.request.crash_update && o.request.crash_memmap);
}

/* Those that scripts may use must not become ambiguous. */
static void abbreviations(void **state)
{
	(void)state;
	assert_taken("-l k --no-c");
	assert_true(o.request.no_checks);
	assert_taken("k --forc");
	assert_true(o.load && o.exec);
	assert_taken("k --f");
	assert_true(o.load && o.exec);
	assert_taken("-l k --app=x --ini=i --reuse-c --noe");
	assert_taken("--unl");
	assert_true(o.unload);
	assert_taken("--st");
	assert_true(o.status);
	assert_taken("--he");
	assert_taken("--ver");
	assert_taken("-l k --deb --no-i --no-s --ty=bzImage --com=y --ram=z");
	debug_enabled = false;
}

/* What getopt() itself says goes through the C library's own stream. */
static void unknown(void **state)
{
	static const struct row row[] = {
		{ "-l k k2", "unexpected word 'k2'" },
		{ "--kho-status k", "unexpected word 'k'" },
		{ "--kho-get=a k", "unexpected word 'k'" },
		{ "-l k _", "unexpected empty word ''" },
		{ "-l _ k", "unexpected empty word ''" },
		{ "-l k --append=a b", "put a command line with spaces in quotes" },
		{ "--dtb=x -l k", "--dtb is an option of kexec-tools" },
		{ "--load-preserve-context -l k", "that this program does not have: jumping to another kernel" },
		{ "--real-mode -l k", "kernels are entered in 64-bit or 32-bit mode" },
		{ "--reset-vga -l k", "the screen keeps its mode" },
		{ "--serial-baud=9600 -l k", "the port keeps the speed it has" },
		{ "--args-elf -l k", "Linux takes its boot parameters" },
		{ "--args-none -l k", "other kernels need a multiboot2 header" },
		{ "--mem-min=x -l k", "--mem-min=x: needs an address" },
		{ "--mem-max=1Q -l k", "--mem-max=1Q: needs an address" },
		{ "--mem-max=0 -l k", "--mem-max=0: no memory lies below that" },
		{ "--serial=ttyAMA0 -l k", "--serial=ttyAMA0: needs ttyS0 to ttyS3" },
		{ "--serial=0x10000 -l k", "needs ttyS0 to ttyS3" },
		{ "--serial=0 -l k", "needs ttyS0 to ttyS3" },
	};

	(void)state;
	ASSERT_ROWS(row);
	assert_int_equal(parse("--no-such-option"), EXIT_REFUSED);
	assert_int_equal(parse("-l k -Z"), EXIT_REFUSED);
	assert_int_equal(parse("-l k --initrd"), EXIT_REFUSED);
	assert_int_equal(parse("-l k --kho=x"), EXIT_REFUSED);
	/* Short for several. */
	assert_int_equal(parse("-l k --kho-s"), EXIT_REFUSED);
	assert_says(EXIT_FAILED, "Unsupported kernel type beoboot-x86", parse("-l k -t beoboot-x86"));
	assert_says(EXIT_FAILED, "Unsupported kernel type multiboot-x86", parse("-l k -t multiboot-x86"));
}

static void types(void **state)
{
	static const struct {
		const char *line, *type;
	} row[] = {
		{ "-l k", NULL }, { "-l k -t bzImage", "bzImage" }, { "-l k --type=bzImage64", "bzImage" },
		{ "-l k -t elf-x86_64", "elf-x86_64" }, { "-l k -t vmlinux", "elf-x86_64" }, { "-l k -t uki", "uki" },
		{ "-l k -t multiboot2-x86", "multiboot2-x86" }, { "-l k -t uki -t bzImage", "bzImage" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		assert_taken(row[i].line);
		if (row[i].type)
			assert_string_equal(image_type_option(o.request.type), row[i].type);
		else
			assert_null(o.request.type);
	}
}

/* Where the kernel's own loader and a handover have no say. */
static void in_32_bits(void **state)
{
	static const struct row row[] = {
		{ "-l k --entry-32bit", NULL },
		{ "-l k --entry-32bit -c", NULL },
		{ "-l k --entry-32bit -s", "--entry-32bit works with kexec_load only" },
		{ "-l k --entry-32bit --kho", "--entry-32bit works without --kho only" },
		{ "-l k --entry-32bit --force-dtb", "--entry-32bit works with kexec_load only" },
		{ "-l k --module=m", NULL },
		{ "-l k --module=m -s", "--module works with kexec_load only" },
		{ "-l k --module=", "--module=: needs a file" },
		{ "-l - --module=-", "can be one blob, or without --kho the kernel or the initrd" },
		{ "-l - --module=-m", NULL },
		{ "-l k --module=m1 --module=m2 --module=m3 --module=m4 --module=m5 --module=m6 --module=m7 "
		  "--module=m8 --module=m9 --module=m10 --module=m11 --module=m12", NULL },
		{ "-l k --module=m1 --module=m2 --module=m3 --module=m4 --module=m5 --module=m6 --module=m7 "
		  "--module=m8 --module=m9 --module=m10 --module=m11 --module=m12 --module=m13",
		  "at most 12 modules" },
	};
	char *argv[] = { "kexec", "-l", "k", "--module", "m a  b", "--module=n", NULL };

	(void)state;
	ASSERT_ROWS(row);
	release();
	optind = 0;
	assert_int_equal(options_parse(&o, 6, argv), 0);
	assert_int_equal(o.request.module_count, 2);
	assert_string_equal(o.request.module[0], "m a  b");
	assert_string_equal(o.request.module[1], "n");
	assert_taken("-l k --args-linux");
	assert_true(o.request.args_linux);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(values, teardown),
		cmocka_unit_test_teardown(actions, teardown),
		cmocka_unit_test_teardown(question_mark, teardown),
		cmocka_unit_test_teardown(handover, teardown),
		cmocka_unit_test_teardown(methods, teardown),
		cmocka_unit_test_teardown(prebuilt_files, teardown),
		cmocka_unit_test_teardown(elsewhere, teardown),
		cmocka_unit_test_teardown(standard_input, teardown),
		cmocka_unit_test_teardown(of_kexec_tools, teardown),
		cmocka_unit_test_teardown(crash_kernels, teardown),
		cmocka_unit_test_teardown(abbreviations, teardown),
		cmocka_unit_test_teardown(unknown, teardown),
		cmocka_unit_test_teardown(types, teardown),
		cmocka_unit_test_teardown(in_32_bits, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
