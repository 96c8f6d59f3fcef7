// SPDX-License-Identifier: GPL-2.0-only
/* What a handover adds to the next kernel's command line, and refuses of it. */
#include <stdio.h>

#include "blocks.h"
#include "handover.h"
#include "unit.h"

#define MIB	(1ull << 20)

/* A machine of 1 GiB with KHO: region r0, 16 pages of a memfd, and scratch. */
static struct machine machine = {
	.cmdline = (char *)"quiet",
	.memmap = { { 0, 0x9fc00, E820_RAM }, { 0x9fc00, 0x400, E820_RESERVED },
		    { MIB, 1023 * MIB, E820_RAM } },
	.memmap_count = 3,
};

static struct kho_range scratch = { 400 * MIB, 100 * MIB };

static struct handover handover = {
	.machine = &machine,
	.region = { { .region = { "r0", 600 * MIB, 16 * MIB } } },
	.region_count = 1,
	.scratch = &scratch,
	.scratch_count = 1,
	.running = { .kho = true },
};

static int set_up(void **state)
{
	(void)state;
	return blocks_init(&handover.running.preserved, 12) ||
	       blocks_add(&handover.running.preserved, 600 * MIB, 11) ||
	       blocks_add(&handover.running.preserved, 608 * MIB, 11) ||
	       blocks_add(&handover.running.preserved, 700 * MIB, 4);
}

static int tear_down(void **state)
{
	(void)state;
	blocks_free(&handover.running.preserved);
	return 0;
}

/* What becomes of LINE, or NULL; *SAID is what the user is told. Both malloc'ed. */
static char *complete(const char *line, char **said)
{
	FILE *saved = stderr;
	char *done = strdup(line);
	size_t size;
	int err;

	stderr = open_memstream(said, &size);
	assert_non_null(stderr);
	err = handover_cmdline(&handover, &done);
	fclose(stderr);
	stderr = saved;
	if (!err)
		return done;
	free(done);
	return NULL;
}

static void assert_complete(const char *line, const char *want)
{
	char *said, *done = complete(line, &said);

	if (!done)
		fail_msg("'%s' is refused: %s", line, said);
	assert_string_equal(done, want);
	free(done);
	free(said);
}

static void assert_refused(const char *line, const char *phrase)
{
	char *said, *done = complete(line, &said);

	if (done)
		fail_msg("'%s' is not refused", line);
	if (!strstr(said, phrase))
		fail_msg("'%s' is refused without '%s': %s", line, phrase, said);
	free(said);
}

#define R0	"reserve_mem=0x1000000:0x1000:r0"
#define FULL	" kho=on " R0

static void added(void **state)
{
	(void)state;
	assert_complete("", "kho=on " R0);
	assert_complete("quiet", "quiet" FULL);
	assert_complete("kho=1 reserve_mem=16M:1M:r0", "kho=1 reserve_mem=16M:1M:r0");
	assert_complete("a -- b", "a" FULL " -- b");
	assert_complete("a \"--\" b", "a" FULL " \"--\" b");
	/* What follows a no-break space is a word of its own. */
	assert_complete("quiet\xc2\xa0reserve_mem=16M:4096:r0", "quiet\xc2\xa0reserve_mem=16M:4096:r0 kho=on");
	assert_complete("kho=on\xa0-- b", "kho=on\xa0 " R0 " -- b");
}

static void refused(void **state)
{
	(void)state;
	assert_refused("kho=off", "kho=off");
	assert_refused("kho=off kho=maybe", "kho=off");
	assert_refused("a=\"b", "quoted word");
	assert_refused("quiet\xc2\xa0reserve_mem=8M:4096:r0", "reserves 0x800000 bytes");
	assert_refused("reserve_mem=8M:r0", "does not understand");
	assert_refused("reserve_mem=1M:1M:a reserve_mem=1M:1M:b reserve_mem=1M:1M:c reserve_mem=1M:1M:d "
		       "reserve_mem=1M:1M:e reserve_mem=1M:1M:f reserve_mem=1M:1M:g reserve_mem=1M:1M:h",
		       "more than 8");
	assert_refused("memtest", "says memtest, and");
	assert_refused("memtest=4", "says memtest=4");
	assert_refused("elfcorehdr=0x1000", "crash kernel");
	assert_refused("memory_corruption_check_size=2M", "clears memory");
	assert_refused("initrd=0x20000000,1M", "frees it");
	assert_refused("initrdmem=0x20000000,1M", "frees it");
	assert_refused("cma=16M@600M", "says cma=16M@600M");
	assert_refused("cma=1M@598M", "says cma=");	/* is made 4 MiB */
	assert_refused("cma=1M@598M-599M", "says cma=");
	assert_refused("cma=64M@700M", "says cma=");
	assert_refused("cma=99999999999999999999@1M", "says cma=");
}

static void harmless(void **state)
{
	static const char *const lines[] = {
		"memtest=0", "memory_corruption_check_size=64K", "initrd=/boot/initrd", "initrd=", "cma=64M",
		"cma=64M@0-4G", "cma=16M@590M-700M", "cma=64M@800M", "cma=64M@0", "cma", "mem=2G",
		"memmap=16M$600M", "-- memtest", "mem=1G mem=nopentium",
	};
	char *said, *done;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		done = complete(lines[i], &said);
		if (!done)
			fail_msg("'%s' is refused: %s", lines[i], said);
		free(done);
		free(said);
	}
}

static void memory(void **state)
{
	(void)state;
	assert_refused("mem=512M", "says mem=512M, which takes region r0 (0x25800000-0x267fffff) away");
	assert_refused("mem=512M mem=2G", "says mem=512M,");
	assert_refused("mem=2G mem=512M mem=nopentium", "says mem=512M,");
	assert_refused("memmap=512M", "says memmap=512M,");
	assert_refused("memmap=exactmap memmap=639K@0 memmap=511M@1M", "says memmap=exactmap,");
	assert_refused("quiet\xa0mem=512M", "says mem=512M,");
	assert_refused("\"mem=512M\"", "says \"mem=512M\",");
	assert_refused("memmap=16M!600M", "region r0");
	assert_refused("mem=650M", "preserved memory");
	assert_refused("memmap=64K$700M", "preserved memory");
	assert_refused("memmap=16M#410M", "scratch");
	assert_refused("memmap=4K$499M", "scratch");
	assert_refused("mem=99999999999999999999", "cannot tell what");
	assert_refused("memmap=exactmap,1G@0", "panic");
}

/* Without KHO scratch is planned later, and asked for again. */
static void planned(void **state)
{
	struct kho_range *kept = handover.scratch;
	char *said, *done;

	(void)state;
	handover.running.kho = false;
	handover.scratch = NULL;
	handover.scratch_count = 0;
	done = complete("mem=700M", &said);
	assert_non_null(done);
	free(said);
	handover.scratch = &(struct kho_range){ 690 * MIB, 20 * MIB };
	handover.scratch_count = 1;
	assert_int_equal(handover_check_memory(&handover, done), -1);
	handover.scratch->addr = 680 * MIB;
	assert_int_equal(handover_check_memory(&handover, done), 0);
	free(done);
	handover.scratch = kept;
	handover.running.kho = true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(added),
		cmocka_unit_test(refused),
		cmocka_unit_test(harmless),
		cmocka_unit_test(memory),
		cmocka_unit_test(planned),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
