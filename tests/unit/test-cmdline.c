// SPDX-License-Identifier: GPL-2.0-only
/* Words, quotes and "--" as kernel/params.c reads them. */
#include "cmdline.h"
#include "unit.h"

static void assert_words(const char *line, const char *const *want)
{
	const char *word;
	int len;

	while (cmdline_next(&line, &word, &len)) {
		assert_non_null(*want);
		assert_int_equal(len, strlen(*want));
		assert_memory_equal(word, *want, (size_t)len);
		want++;
	}
	assert_null(*want);
}

#define WORDS(line, ...) assert_words(line, (const char *const[]){ __VA_ARGS__, NULL })

static void words(void **state)
{
	static const char *const none[] = { NULL };

	(void)state;
	assert_words("", none);
	assert_words(" \t\n ", none);
	WORDS("a", "a");
	WORDS("  a\tb=1 \n c ", "a", "b=1", "c");
	WORDS("a=\"b c\" d", "a=\"b c\"", "d");
	WORDS("\"a b=c\" d", "\"a b=c\"", "d");
	WORDS("a=\"b c", "a=\"b c");
	WORDS("a -- b", "a", "--", "b");
}

static const char *get(const char *line, const char *key)
{
	static char value[8];

	return cmdline_get(line, key, value, sizeof(value)) ? value : NULL;
}

static void values(void **state)
{
	(void)state;
	assert_string_equal(get("a=1 b=2", "b"), "2");
	assert_string_equal(get("a=1 b=2 a=3", "a"), "3");
	assert_string_equal(get("a", "a"), "");
	assert_string_equal(get("a=", "a"), "");
	assert_string_equal(get("a=b=c", "a"), "b=c");
	assert_string_equal(get("a=\"b c\"", "a"), "b c");
	assert_string_equal(get("\"a=b c\"", "a"), "b c");
	assert_string_equal(get("mem-name=x", "mem_name"), "x");
	assert_null(get("mem_name=x", "mem-name"));
	assert_string_equal(get("a=1234567", "a"), "1234567");
	assert_null(get("a=12345678", "a"));
	assert_null(get("ab=1 xa=1", "a"));
	assert_null(get("", "a"));
	assert_null(get("b -- a=1", "a"));
	assert_string_equal(get("a=1 -- a=2", "a"), "1");
	assert_string_equal(get("a=1 --x a=2", "a"), "2");
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
	assert_without("a initrd=x b initrd=y", "a b");
	assert_without("  a   b  ", "a b");
	assert_without("initrd", "");
	assert_without("initrdx=1 xinitrd=2 a=\"initrd=3 b\"", "initrdx=1 xinitrd=2 a=\"initrd=3 b\"");
	assert_without("a=1 -- single", "a=1 -- single");
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
					  "kho=on -- kho=off" };
	static const char *const off[] = { "kho=off", "kho=0", "kho=no", "kho=F", "kho=disabled",
					   "kho=OFF", "kho=on kho=off" };
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
	assert_int_equal(cmdline_count("reserve_mem=1 a reserve_mem b=reserve_mem=", "reserve_mem"), 2);
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
		assert_int_equal(cmdline_serial_port(answer[i].line), answer[i].port);
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
	assert_int_equal(cmdline_count("reserve_mem=a reserve-mem=b x", "reserve_mem"), 2);
}

static void names_region(void **state)
{
	(void)state;
	assert_true(cmdline_names_region("trace_instance=a@r0", "trace_instance", "r0"));
	assert_true(cmdline_names_region("trace_instance=b trace_instance=a@r0,sched x",
					 "trace_instance", "r0"));
	assert_false(cmdline_names_region("trace_instance=r0", "trace_instance", "r0"));
	assert_false(cmdline_names_region("trace_instance=a@r01", "trace_instance", "r0"));
	assert_false(cmdline_names_region("", "trace_instance", "r0"));
	assert_true(cmdline_open_quote("a=\"b c"));
	assert_false(cmdline_open_quote("a=\"b c\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(values),
		cmocka_unit_test(crashkernel),
		cmocka_unit_test(names_region),
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
