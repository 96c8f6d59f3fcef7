// SPDX-License-Identifier: GPL-2.0-only
/*
 * What purgatory decides, run hosted: a kernel, a blob and a region in this process' memory,
 * a table over them, and a payload for the report. The console is a text here, and a reset
 * comes back to the test.
 */
#include <stdio.h>

#include "console.h"
#include "crc32c.h"
#include "cycles.h"
#include "kho-handover.h"
#include "react.h"
#include "reset.h"
#include "table.h"
#include "unit.h"

#define KERNEL_SIZE	10000
#define STATE_SIZE	5000
#define PAYLOAD_LEN	8192
#define CYCLES		5		/* from one look at the counter to the next */
#define NEXT		0x123456789000ull

static unsigned char kernel[KERNEL_SIZE], state_memory[STATE_SIZE];
static _Alignas(8) unsigned char payload[16 + PAYLOAD_LEN], table_memory[1024];
static struct kho_react_params params;
static struct console seen;
static char said[4096];
static jmp_buf before_reset;

/* ---- purgatory's counter, console and reset --------------------------------------- */

u64 read_cycles(void)
{
	static u64 counter;

	return counter += CYCLES;
}

static void say(const char *text)
{
	assert_true(strlen(said) + strlen(text) < sizeof(said));
	strcat(said, text);
}

void console_init(struct console *con, u16 port, u16 flags)
{
	*con = (struct console){ .serial_port = port, .flags = flags };
	seen = *con;
}

void console_puts(struct console *con, const char *s)
{
	(void)con;
	say(s);
}

void console_put_name(struct console *con, const char *name, unsigned int size)
{
	char copy[KHO_NAME_MAX + 1];

	(void)con;
	snprintf(copy, sizeof(copy), "%.*s", (int)size, name);
	say(copy);
}

void console_put_dec(struct console *con, u64 value)
{
	char text[24];

	(void)con;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	say(text);
}

void console_put_hex(struct console *con, u64 value, unsigned int digits)
{
	char text[24];

	(void)con;
	snprintf(text, sizeof(text), "0x%0*llx", (int)digits, (unsigned long long)value);
	say(text);
}

void reset_machine(struct console *con)
{
	(void)con;
	longjmp(before_reset, 1);
}

/* ---- one handover --------------------------------------------------------------------- */

static uint64_t address(const void *at)
{
	return (uintptr_t)at;
}

static struct kho_table *table(void)
{
	return (void *)table_memory;
}

static struct kho_entry *entry(unsigned int index)
{
	return (struct kho_entry *)(table() + 1) + index;
}

static const struct kho_report *report(void)
{
	return (const void *)(payload + KHO_REPORT_OFFSET);
}

static const struct kho_setup_data *header(void)
{
	return (const void *)payload;
}

static void seal_params(void)
{
	params.crc = 0;
	params.crc = crc32c(0, &params, sizeof(params));
}

static void seal_table(void)
{
	table()->crc = 0;
	table()->crc = crc32c(0, table(), params.table_size);
}

static void add(struct table *t, const char *name, enum kho_class class, const void *bytes, size_t size)
{
	const struct table_item item = { name, class, address(bytes), size, bytes, NULL, false };

	assert_int_equal(table_add(t, &item), 0);
}

static int setup(void **state)
{
	static struct table t;

	(void)state;
	t.count = 0;
	for (size_t i = 0; i < KERNEL_SIZE; i++)
		kernel[i] = (unsigned char)(i * 7);
	for (size_t i = 0; i < STATE_SIZE; i++)
		state_memory[i] = (unsigned char)(i * 11);
	memset(payload, 0xee, sizeof(payload));
	*(struct kho_setup_data *)payload = (struct kho_setup_data){
		.next = NEXT, .type = KHO_SETUP_TYPE, .len = PAYLOAD_LEN };
	add(&t, "kernel", KHO_CLASS_KERNEL, kernel, KERNEL_SIZE);
	add(&t, "pool", KHO_CLASS_STATE, state_memory, STATE_SIZE);
	assert_true(table_size(&t) <= sizeof(table_memory));
	table_write(&t, table_memory);
	params = (struct kho_react_params){
		.report_addr = address(payload) + KHO_REPORT_OFFSET, .cut_addr = address(payload),
		.cut = { 0, KHO_SETUP_TYPE | (u64)PAYLOAD_LEN << 32 },
		.table_addr = address(table_memory), .table_size = table_size(&t),
		.serial_port = 0x3f8, .console = KHO_CONSOLE_VGA,
	};
	seal_params();
	said[0] = '\0';
	return 0;
}

/* Whether the new kernel is started. */
static bool starts(void)
{
	if (setjmp(before_reset))
		return false;
	kho_verify_and_react(&params);
	return true;
}

static void assert_said(const char *phrase)
{
	if (!strstr(said, phrase))
		fail_msg("it says '%s', not '%s'", said, phrase);
}

/* Nothing of the payload but the report is written. */
static void assert_rest_untouched(void)
{
	for (size_t i = sizeof(struct kho_setup_data); i < sizeof(payload); i++)
		if (i < KHO_REPORT_OFFSET || i >= KHO_REPORT_OFFSET + sizeof(struct kho_report))
			assert_int_equal(payload[i], 0xee);
}

static void assert_handed_over(void)
{
	assert_int_equal(header()->next, NEXT);
	assert_int_equal(header()->type, KHO_SETUP_TYPE);
	assert_int_equal(header()->len, PAYLOAD_LEN);
	assert_rest_untouched();
}

static void assert_report(enum kho_result result, enum kho_reaction reaction)
{
	assert_int_equal(report()->magic, KHO_REPORT_MAGIC);
	assert_int_equal(report()->result, result);
	assert_int_equal(report()->reaction, reaction);
}

static void all_is_well(void **state)
{
	(void)state;
	assert_true(starts());
	assert_int_equal(report()->cycles, CYCLES);
	assert_string_equal(said, "");
	assert_handed_over();
	assert_report(KHO_RESULT_VERIFIED, KHO_REACTION_NONE);
	assert_int_equal(report()->entries_good, 2);
	assert_int_equal(report()->entries_bad, 0);
	assert_int_equal(report()->bytes, KERNEL_SIZE + STATE_SIZE);
	assert_int_equal(seen.serial_port, 0x3f8);
	assert_int_equal(seen.flags, KHO_CONSOLE_VGA);
}

/* Without a handover there is nothing to report into. */
static void without_payload(void **state)
{
	(void)state;
	params.report_addr = params.cut_addr = 0;
	seal_params();
	assert_true(starts());
	assert_rest_untouched();
	state_memory[0] ^= 1;
	assert_true(starts());
	assert_said("pool: chunk 0");
	kernel[0] ^= 1;
	assert_false(starts());
}

static void without_table(void **state)
{
	(void)state;
	params.table_addr = params.table_size = 0;
	seal_params();
	kernel[0] ^= 1;
	state_memory[0] ^= 1;
	assert_true(starts());
	assert_string_equal(said, "");
	assert_handed_over();
	assert_report(KHO_RESULT_SKIPPED, KHO_REACTION_NONE);
}

/* Only the header's own fields, from purgatory's parameters: its contents may be damaged. */
static void state_damaged(void **state)
{
	char phrase[128];

	(void)state;
	state_memory[STATE_SIZE - 1] ^= 0x40;
	*(struct kho_setup_data *)payload = (struct kho_setup_data){ .next = 1, .type = 2, .len = 3 };
	assert_true(starts());
	snprintf(phrase, sizeof(phrase), "kexec-kho: pool: chunk 0 at 0x%016llx: CRC32C",
		 (unsigned long long)address(state_memory));
	assert_said(phrase);
	assert_said(" (1 of 1 chunks bad)\n");
	assert_said("starting the new kernel without the handover\n");
	assert_report(KHO_RESULT_MISMATCH, KHO_REACTION_COLD);
	assert_int_equal(report()->entries_good, 1);
	assert_int_equal(report()->entries_bad, 1);
	assert_int_equal(report()->bad_entry, 1);
	assert_int_equal(report()->bad_chunk, 0);
	assert_int_equal(report()->actual, crc32c(0, state_memory, STATE_SIZE));
	state_memory[STATE_SIZE - 1] ^= 0x40;
	assert_int_equal(report()->expected, crc32c(0, state_memory, STATE_SIZE));
	snprintf(phrase, sizeof(phrase), ": CRC32C expected 0x%08x, found 0x%08x", report()->expected,
		 report()->actual);
	assert_said(phrase);
	assert_int_equal(header()->next, 0);
	assert_int_equal(header()->type, KHO_SETUP_TYPE);
	assert_int_equal(header()->len, PAYLOAD_LEN);
	assert_rest_untouched();
}

static void unreadable(void **state)
{
	(void)state;
	entry(1)->flags = KHO_ENTRY_UNREADABLE;
	seal_table();
	assert_true(starts());
	assert_said(": the kernel before could not read it");
	assert_null(strstr(said, "CRC32C"));
	assert_report(KHO_RESULT_MISMATCH, KHO_REACTION_COLD);
	assert_int_equal(report()->expected, report()->actual);
	assert_int_equal(header()->next, 0);
}

static void assert_reset(void)
{
	assert_false(starts());
	assert_said("the new kernel cannot be started: resetting the machine\n");
	assert_report(KHO_RESULT_MISMATCH, KHO_REACTION_RESET);
	assert_rest_untouched();
}

static void kernel_damaged(void **state)
{
	(void)state;
	kernel[4000] ^= 1;
	assert_reset();
	assert_said("kexec-kho: kernel: chunk 0 at ");
	assert_int_equal(report()->bad_entry, 0);
	assert_int_equal(report()->entries_bad, 1);
	assert_int_equal(report()->entries_good, 1);
	/* Both: the kernel decides. */
	state_memory[0] ^= 1;
	assert_reset();
	assert_int_equal(report()->entries_bad, 2);
}

/* A bit of it, in what kho_table_check() does not look at, and in what it does. */
static void table_damaged(void **state)
{
	char phrase[128];

	(void)state;
	table_memory[params.table_size - 1] ^= 1;
	assert_reset();
	snprintf(phrase, sizeof(phrase), "verification table at 0x%016llx: CRC32C expected ",
		 (unsigned long long)address(table()));
	assert_said(phrase);
	assert_int_equal(report()->entries_bad, 0);
	assert_int_equal(report()->expected, table()->crc);
	setup(NULL);
	table()->magic ^= 1;
	assert_reset();
	assert_said(": wrong magic number\n");
	assert_null(strstr(said, "CRC32C"));
	setup(NULL);
	table()->entry_count = UINT32_MAX;
	assert_reset();
	assert_said(": longer than its memory\n");
}

/* Nothing that they say is believed: not where the report is, and not every port. */
static void params_damaged(void **state)
{
	static const struct {
		u16 port, used;
	} row[] = {
		{ 0x3f8, 0x3f8 }, { 0x2f8, 0x2f8 }, { 0x3e8, 0x3e8 }, { 0x2e8, 0x2e8 },
		{ 0, 0 }, { 0x3f9, 0 }, { 0xcf9, 0 }, { 0x60, 0 }, { 0xffff, 0 },
	};

	(void)state;
	params.crc ^= 1;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		said[0] = '\0';
		params.serial_port = row[i].port;
		assert_false(starts());
		assert_string_equal(said, "kexec-kho: purgatory's parameters are damaged in memory: "
					  "resetting the machine\n");
		assert_int_equal(seen.serial_port, row[i].used);
	}
	assert_handed_over();
	assert_int_equal(payload[KHO_REPORT_OFFSET], 0xee);
}

/* Each bit of them counts. */
static void params_bits(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(params); bit++) {
		said[0] = '\0';
		((unsigned char *)&params)[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(starts());
		((unsigned char *)&params)[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	assert_handed_over();
	assert_true(starts());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_is_well, setup),
		cmocka_unit_test_setup(without_payload, setup),
		cmocka_unit_test_setup(without_table, setup),
		cmocka_unit_test_setup(state_damaged, setup),
		cmocka_unit_test_setup(unreadable, setup),
		cmocka_unit_test_setup(kernel_damaged, setup),
		cmocka_unit_test_setup(table_damaged, setup),
		cmocka_unit_test_setup(params_damaged, setup),
		cmocka_unit_test_setup(params_bits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
