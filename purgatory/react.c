// SPDX-License-Identifier: GPL-2.0-only
#include "types.h"
#include "kho-handover.h"
#include "console.h"
#include "crc32c.h"
#include "cycles.h"
#include "react.h"
#include "reset.h"
#include "verify.h"

/* Memory is identity-mapped. */
static void *at(u64 addr)
{
	return (void *)(unsigned long)addr;
}

static void write_report(const struct kho_react_params *params, const struct kho_report *report)
{
	if (params->report_addr)
		*(struct kho_report *)at(params->report_addr) = *report;
}

/* The parameters say which bytes make the next kernel find no handover. */
static void cut_handover(const struct kho_react_params *params)
{
	u64 *to = at(params->cut_addr);

	if (!params->cut_addr)
		return;
	to[0] = params->cut[0];
	to[1] = params->cut[1];
}

static void put_digests(struct console *con, u32 expected, u32 actual)
{
	console_puts(con, ": CRC32C expected ");
	console_put_hex(con, expected, 8);
	console_puts(con, ", found ");
	console_put_hex(con, actual, 8);
}

static void say_bad_entry(void *ctx, const struct kho_verify_bad *bad)
{
	struct console *con = ctx;

	console_puts(con, "kexec-kho: ");
	console_put_name(con, bad->entry->name, sizeof(bad->entry->name));
	console_puts(con, ": chunk ");
	console_put_dec(con, bad->chunk);
	console_puts(con, " at ");
	console_put_hex(con, bad->chunk_addr, 16);
	if (bad->entry->flags & KHO_ENTRY_UNREADABLE)
		console_puts(con, ": the kernel before could not read it");
	else
		put_digests(con, bad->expected, bad->actual);
	console_puts(con, " (");
	console_put_dec(con, bad->bad_chunks);
	console_puts(con, " of ");
	console_put_dec(con, bad->chunks);
	console_puts(con, " chunks bad)\n");
}

static const void *identity_map(void *ctx, u64 addr, u64 size)
{
	(void)ctx;
	(void)size;
	return at(addr);
}

static __noreturn void report_and_reset(const struct kho_react_params *params,
					struct kho_report *report, struct console *con)
{
	report->result = KHO_RESULT_MISMATCH;
	report->reaction = KHO_REACTION_RESET;
	write_report(params, report);
	console_puts(con, "kexec-kho: the new kernel cannot be started: resetting the machine\n");
	reset_machine(con);
}

/* The table itself: the report then tells of a mismatch but of no bad entry. */
static void check_table(const struct kho_react_params *params, struct kho_report *report,
			struct console *con)
{
	const struct kho_table *table = at(params->table_addr);
	enum kho_table_error error = kho_table_check(table, params->table_size);

	if (!error) {
		report->expected = table->crc;
		report->actual = kho_table_crc(table);
		if (report->expected == report->actual)
			return;
	}
	console_puts(con, "kexec-kho: verification table at ");
	console_put_hex(con, params->table_addr, 16);
	if (error) {
		console_puts(con, ": ");
		console_puts(con, kho_table_error_text(error));
	} else {
		put_digests(con, report->expected, report->actual);
	}
	console_puts(con, "\n");
	report_and_reset(params, report, con);
}

static void check_entries(const struct kho_react_params *params, struct kho_report *report,
			  struct console *con)
{
	const struct kho_verify_ops ops = {
		.map = identity_map,
		.bad_entry = say_bad_entry,
		.ctx = con,
	};
	struct kho_verify_outcome outcome;
	enum kho_table_error error;
	u64 start = read_cycles();

	error = kho_table_verify(at(params->table_addr), params->table_size, &ops, &outcome);
	report->cycles = read_cycles() - start;
	report->bytes = outcome.bytes;
	report->entries_good = outcome.entries_good;
	report->entries_bad = outcome.entries_bad;
	report->bad_entry = outcome.first.entry_index;
	report->bad_chunk = outcome.first.chunk;
	report->expected = outcome.first.expected;
	report->actual = outcome.first.actual;
	if (error) {
		console_puts(con, "kexec-kho: verification table: ");
		console_puts(con, kho_table_error_text(error));
		console_puts(con, "\n");
	}
	if (error || outcome.kernel_bad)
		report_and_reset(params, report, con);
}

__noreturn void kho_params_damaged(const struct kho_react_params *params, const char *what)
{
	u16 port = params->serial_port;
	struct console con;

	if (port != 0x3f8 && port != 0x2f8 && port != 0x3e8 && port != 0x2e8)
		port = 0;
	console_init(&con, port, params->console);
	console_puts(&con, "kexec-kho: ");
	console_puts(&con, what);
	console_puts(&con, " damaged in memory: resetting the machine\n");
	reset_machine(&con);
}

static void check_params(const struct kho_react_params *params)
{
	struct kho_react_params copy = *params;

	copy.crc = 0;
	if (crc32c(0, &copy, sizeof(copy)) != params->crc)
		kho_params_damaged(params, "purgatory's parameters are");
}

void kho_verify_and_react(const struct kho_react_params *params)
{
	struct kho_report report = { .magic = KHO_REPORT_MAGIC };
	struct console con;

	check_params(params);
	console_init(&con, params->serial_port, params->console);
	if (!params->table_addr) {
		report.result = KHO_RESULT_SKIPPED;
		write_report(params, &report);
		return;
	}

	check_table(params, &report, &con);
	check_entries(params, &report, &con);
	report.result = KHO_RESULT_VERIFIED;
	if (report.entries_bad) {
		report.result = KHO_RESULT_MISMATCH;
		report.reaction = KHO_REACTION_COLD;
		console_puts(&con, "kexec-kho: starting the new kernel without the handover\n");
		cut_handover(params);
	}
	write_report(params, &report);
}
