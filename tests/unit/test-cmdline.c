// SPDX-License-Identifier: GPL-2.0-only
/* Words, quotes and "--" as kernel/params.c reads them. */
#include <stdio.h>

#include "boot-arch.h"
#include "cmdline.h"
#include "unit.h"

/* Parameters as WANT lists them: "name" or "name|value". */
static void assert_params(const char *line, const char *const *want)
{
	struct cmdline_param param;
	char got[128];

	while (cmdline_next(&line, &param)) {
		snprintf(got, sizeof(got), "%.*s%s%.*s", TEXT(param.name), param.has_value ? "|" : "",
			 TEXT(param.value));
		assert_non_null(*want);
		assert_string_equal(got, *want);
		want++;
	}
	assert_null(*want);
}

#define PARAMS(line, ...) assert_params(line, (const char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

/* Each seen in a kernel's own parser, see tests/vm/scenarios/cmdlines. */
static void params(void **state)
{
	(void)state;
	PARAMS("");
	PARAMS(" \t\n ");
	PARAMS("a", "a");
	PARAMS("  a\tb=1 \n c ", "a", "b|1", "c");
	PARAMS("a\vb\fc\rd\x1c" "e", "a", "b", "c", "d\x1c" "e");
	/* The last byte of UTF-8's a with grave, and of its no-break space. */
	PARAMS("quiet\xc3\xa0" "b", "quiet\xc3", "b");
	PARAMS("quiet\xc2\xa0" "b=\"\xa0\"", "quiet\xc2", "b|\xa0");
	PARAMS("a\x85" "b", "a\x85" "b");
	PARAMS("a= b", "a|", "b");
	PARAMS("a=b=c", "a|b=c");
	PARAMS("=a =b=c = ==", "=a", "=b|c", "=", "=|");
	PARAMS("a=\"b c\" d", "a|b c", "d");
	PARAMS("\"a b=c d\" e", "a b|c d", "e");
	PARAMS("\"a=\"b c\" d", "a|b", "c\" d");
	PARAMS("a=b\" \"c", "a|b\" \"c");
	PARAMS("a=b\"c d\"", "a|b\"c d\"");
	PARAMS("a=\"b\"c d", "a|b\"c", "d");
	PARAMS("a=\" b", "a| b");
	PARAMS("a=\"", "a|");
	PARAMS("a=\"\"", "a|");
	PARAMS("\"", "");
	PARAMS("\"\"", "");
	PARAMS("\"a=\"\" b", "a|\" b");
	PARAMS("a\"b c\"", "a\"b c\"");
	PARAMS("a -- b", "a");
	PARAMS("a \"--\" b", "a");
	PARAMS("a \"-- b", "a", "-- b");
	PARAMS("a \"--", "a");
	PARAMS("--= --=b \"--=\" --a ---", "--|", "--|b", "--|", "--a", "---");
	PARAMS("a --\" b", "a", "--\" b");
}

static void rest(void **state)
{
	const char *line = "a -- b c", *quoted = "\"--\"\xa0 b";
	struct cmdline_param param;

	(void)state;
	assert_true(cmdline_next(&line, &param));
	assert_int_equal(param.word.len, 1);
	assert_false(cmdline_next(&line, &param));
	assert_string_equal(line, "b c");
	assert_false(cmdline_next(&quoted, &param));
	assert_string_equal(quoted, "b");
}

static const char *get(const char *line, const char *name)
{
	static char value[4096];
	struct cmdline_param param;

	if (!cmdline_last(line, name, &param))
		return NULL;
	snprintf(value, sizeof(value), "%.*s", TEXT(param.value));
	return value;
}

static void values(void **state)
{
	char longest[2048] = "a=";

	(void)state;
	assert_string_equal(get("a=1 b=2", "b"), "2");
	assert_string_equal(get("a=1 b=2 a=3", "a"), "3");
	assert_string_equal(get("a", "a"), "");
	assert_string_equal(get("a=", "a"), "");
	assert_string_equal(get("mem-name=x", "mem_name"), "x");
	assert_string_equal(get("mem_name=x", "mem-name"), "x");
	assert_null(get("ab=1 xa=1", "a"));
	assert_null(get("", "a"));
	assert_null(get("b -- a=1", "a"));
	assert_string_equal(get("a=1 -- a=2", "a"), "1");
	assert_string_equal(get("a=1 \"--\" a=2", "a"), "1");
	assert_string_equal(get("a=1 --x a=2", "a"), "2");
	/* Nothing is too long. */
	memset(longest + 2, 'x', sizeof(longest) - 3);
	assert_string_equal(get(longest, "a"), longest + 2);
}

static void assert_without(const char *line, const char *want)
{
	static const char *const keys[] = { "BOOT_IMAGE", "initrd", NULL };
	char *got = cmdline_without(line, keys);

	assert_string_equal(got, want);
	free(got);
}

static void without(void **state)
{
	(void)state;
	assert_without("", "");
	assert_without("BOOT_IMAGE=/vmlinuz root=/dev/sda ro", "root=/dev/sda ro");
	assert_without("a initrd=x b initrd=y", "a b ");
	assert_without("  a   b  ", "  a   b  ");
	assert_without(" \"initrd=x y\"\xa0" "a", "a");
	assert_without("initrd", "");
	assert_without("initrdx=1 xinitrd=2 a=\"initrd=3 b\"", "initrdx=1 xinitrd=2 a=\"initrd=3 b\"");
	assert_without("a=1 -- single", "a=1 -- single");
	assert_without("a=1 initrd -- initrd  x", "a=1 -- initrd  x");
}

static void assert_append(const char *line, const char *word, const char *want)
{
	char *got = cmdline_append(strdup(line), word);

	assert_string_equal(got, want);
	free(got);
}

static void append(void **state)
{
	(void)state;
	assert_append("", "a", "a");
	assert_append("a", "", "a");
	assert_append("", "", "");
	assert_append("a", "b", "a b");
	assert_append("a ", "b", "a b");
	/* Behind "--" the kernel would not see it. */
	assert_append("a -- b", "kho=on", "a kho=on -- b");
	assert_append("-- b", "kho=on", "kho=on -- b");
	assert_append("a --", "kho=on", "a kho=on --");
	assert_append("a -- b", "", "a -- b");
	assert_append("a --b", "c", "a --b c");
	assert_append("a=\" -- \" b", "c", "a=\" -- \" b c");
	assert_append("a \"--\" b", "c", "a c \"--\" b");
	assert_append("a\xc2\xa0-- b", "c", "a\xc2\xa0 c -- b");
}

static enum reserve_mem_lookup lookup(const char *line, struct reserve_mem *ret)
{
	return cmdline_reserve_mem(line, "pool", ret);
}

static void reserve_mem_found(void **state)
{
	static const struct {
		const char *line;
		uint64_t size, align;
	} good[] = {
		{ "reserve_mem=2M:4096:pool", 2 << 20, 4096 },
		{ "quiet reserve_mem=0x1000:0:pool ro", 4096, 1 },
		{ "reserve_mem=1G:1G:other reserve_mem=1M:1M:pool", 1 << 20, 1 << 20 },
		/* The kernel takes the first of a name. */
		{ "reserve_mem=1M:1M:pool reserve_mem=2M:2M:pool", 1 << 20, 1 << 20 },
	};
	struct reserve_mem got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(lookup(good[i].line, &got), RESERVE_MEM_FOUND);
		assert_int_equal(got.size, good[i].size);
		assert_int_equal(got.align, good[i].align);
	}
}

static void reserve_mem_not(void **state)
{
	static const char *const absent[] = { "", "reserve_mem", "reserve_mem=", "reserve_mem=pool",
		"reserve_mem=1M:1M:pools", "reserve_mem=1M:1M:Pool", "xreserve_mem=1M:1M:pool",
		"quiet -- reserve_mem=1M:1M:pool" };
	static const char *const bad[] = { "reserve_mem=:pool", "reserve_mem=1M:pool",
		"reserve_mem=0:1M:pool", "reserve_mem=1M:3:pool", "reserve_mem=1M:1M:x:pool",
		"reserve_mem=-1:1M:pool", "reserve_mem=1MB:1M:pool", "reserve_mem=16E:1M:pool" };
	struct reserve_mem got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		assert_int_equal(lookup(absent[i], &got), RESERVE_MEM_ABSENT);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(lookup(bad[i], &got), RESERVE_MEM_BAD);
}

/* kstrtobool(): one letter decides; a word without a value is refused. */
static void kho(void **state)
{
	static const char *const on[] = { "kho=on", "kho=1", "kho=y", "kho=YES", "kho=oN", "kho=true",
					  "kho=enabled", "kho=1x", "kho=off kho=on", "a kho=1 b",
					  "kho=on -- kho=off", "kho=on kho=maybe",
					  "kho=off\xa0kho=on", "kho=off kho=on \"--\" kho=off" };
	static const char *const off[] = { "kho=off", "kho=0", "kho=no", "kho=F", "kho=disabled",
					   "kho=OFF", "kho=on kho=off", "kho=off kho",
					   "kho=off kho=maybe" };
	static const char *const neither[] = { "", "kho", "kho=", "kho=maybe", "kho=o", "kho=ox",
					       "xkho=on", "kho_=on", "a -- kho=on" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(on); i++)
		assert_int_equal(cmdline_switch(on[i], "kho"), 1);
	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		assert_int_equal(cmdline_switch(off[i], "kho"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(neither); i++)
		assert_int_equal(cmdline_switch(neither[i], "kho"), -1);
}

static void counts(void **state)
{
	(void)state;
	assert_int_equal(cmdline_count("", "reserve_mem"), 0);
	assert_int_equal(cmdline_count("reserve_mem=1 a reserve_mem b=reserve_mem=", "reserve_mem"), 1);
	assert_int_equal(cmdline_count("a=1 -- a=2", "a"), 1);
}

static void serial_port(void **state)
{
	static const struct {
		const char *line;
		uint16_t port;
	} answer[] = {
		{ "", 0 },
		{ "console=ttyS0", 0x3f8 },
		{ "console=ttyS1,115200n8", 0x2f8 },
		{ "console=ttyS2 console=ttyS3", 0x2e8 },
		{ "console=ttyS1 console=tty0", 0x2f8 },
		{ "console=uart8250,io,0x3e8,115200", 0x3e8 },
		{ "console=uart,io,0x2f8", 0x2f8 },
		{ "console=uart8250,io,0xfff8", 0xfff8 },
		{ "console=uart8250,io,0xfff9", 0 },
		{ "console=uart8250,io,0x103f8", 0 },
		{ "console=uart8250,io,0", 0 },
		{ "console=uart8250,mmio,0xfe000000", 0 },
		{ "console=uart8250,i", 0 },
		{ "console=ttyS4", 0 },
		{ "console=ttyS10", 0 },
		{ "console=ttyS", 0 },
		{ "console=", 0 },
		{ "console", 0 },
		{ "earlyprintk=ttyS0", 0 },
		{ "quiet -- console=ttyS0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answer); i++)
		assert_int_equal(arch_serial_port(answer[i].line), answer[i].port);
}

static void crashkernel(void **state)
{
	(void)state;
	assert_int_equal(cmdline_crashkernel("quiet"), 0);
	assert_int_equal(cmdline_crashkernel("crashkernel=256M"), 256u << 20);
	assert_int_equal(cmdline_crashkernel("crashkernel=1G,high"), 1u << 30);
	assert_int_equal(cmdline_crashkernel("crashkernel=1G,high crashkernel=256M,low"), 1280u << 20);
	assert_int_equal(cmdline_crashkernel("crashkernel=2G-16G:320M,16G-:512M"), 512u << 20);
	assert_int_equal(cmdline_crashkernel("crashkernel=nonsense"), 0);
	/* The kernel looks for it inside other words too, and after "--". */
	assert_int_equal(cmdline_crashkernel("\"x crashkernel=1M\" -- crashkernel=2M"), 3u << 20);
	assert_true(cmdline_crashkernel("crashkernel=4095T,high crashkernel=4095T") >= 1ull << 52);
	assert_true(cmdline_crashkernel("crashkernel=99999999999999999999") >= 1ull << 52);
	assert_true(cmdline_crashkernel("crashkernel=1G-2G:1M,2G-:16E") >= 1ull << 52);
	assert_int_equal(cmdline_count("reserve_mem=a reserve-mem=b x", "reserve_mem"), 2);
}

/* A value of SIZE characters that begins with START and ends with END. */
static char *filled(const char *start, size_t size, const char *end)
{
	char *line = must_calloc(size + 1);

	memset(line, 'x', size);
	memcpy(line, start, strlen(start));
	memcpy(line + size - strlen(end), end, strlen(end));
	return line;
}

static void traces_to(void **state)
{
	static const struct kho_region r0 = { "r0", 16 << 20, 1 << 20 };
	static const char *const yes[] = { "trace_instance=a@r0", "trace-instance=a@r0",
		"trace_instance=b trace_instance=a@r0,sched x", "trace_instance=a^traceoff@r0",
		"trace_instance=\"b,x\ta@r0\"", "trace_instance=a@16M:1M", "trace_instance=a@0:0x1000001",
		"trace_instance=a@0x10fffff:4096,sched", "trace_instance=a@99999999999999999999:1M",
		"trace_instance=a@1M:99999999999999999999", "trace_instance=a@1M:16383P", };
	static const char *const no[] = { "", "trace_instance=r0", "trace_instance=a@r01",
		"trace_instance=a,b@r0", "trace_instance=a@17M:1M", "trace_instance=a@0:16M",
		"trace_instance=a@16M", "trace_instance=", "trace_instance", "quiet -- trace_instance=a@r0" };
	char *line = filled("trace_instance=a@r0,", 420, "");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(cmdline_traces_to(yes[i], &r0));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(cmdline_traces_to(no[i], &r0));
	assert_true(cmdline_traces_to(line, &r0));
	free(line);
	line = filled("trace_instance=", 2000, "@r0");
	assert_true(cmdline_traces_to(line, &r0));
	free(line);
}

static void open_quote(void **state)
{
	(void)state;
	assert_true(cmdline_open_quote("a=\"b c"));
	assert_false(cmdline_open_quote("a=\"b c\""));
	assert_false(cmdline_open_quote("a -- \"b"));
	assert_true(cmdline_open_quote("a \"-- b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(params),
		cmocka_unit_test(rest),
		cmocka_unit_test(values),
		cmocka_unit_test(crashkernel),
		cmocka_unit_test(traces_to),
		cmocka_unit_test(open_quote),
		cmocka_unit_test(without),
		cmocka_unit_test(append),
		cmocka_unit_test(reserve_mem_found),
		cmocka_unit_test(reserve_mem_not),
		cmocka_unit_test(kho),
		cmocka_unit_test(counts),
		cmocka_unit_test(serial_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
