// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between the old kernel and the new one: check what is about to be started and
 * handed over, and decide. Nothing here is writable but the stack, so the whole
 * image has one CRC, params included.
 */
#include <stdbool.h>
#include <stddef.h>

#include "kho-handover.h"
#include "console.h"
#include "crc32c.h"
#include "entry-offsets.h"
#include "io.h"
#include "reset.h"
#include "verify.h"

/* From the linker script; hidden, or else a compiler asks for a GOT. */
#pragma GCC visibility push(hidden)
extern const unsigned char purgatory_start[];
extern const unsigned char purgatory_end[];
extern const struct kho_purgatory_params purgatory_params;
#pragma GCC visibility pop

void purgatory_main(void);

_Static_assert(offsetof(struct kho_purgatory_params, kernel_entry) == PARAMS_KERNEL_ENTRY,
	       "entry-offsets.h");
_Static_assert(offsetof(struct kho_purgatory_params, boot_params) == PARAMS_BOOT_PARAMS,
	       "entry-offsets.h");

static bool image_intact(const struct kho_purgatory_params *params)
{
	static const uint32_t zero;
	const unsigned char *self_crc = (const unsigned char *)&params->self_crc;
	const unsigned char *after = self_crc + sizeof(params->self_crc);
	uint32_t crc;

	crc = crc32c(0, purgatory_start, (size_t)(self_crc - purgatory_start));
	crc = crc32c(crc, &zero, sizeof(zero));
	crc = crc32c(crc, after, (size_t)(purgatory_end - after));
	return crc == params->self_crc && params->magic == KHO_PURGATORY_MAGIC &&
	       params->image_size == (uint64_t)(purgatory_end - purgatory_start);
}

/*
 * The parameters are of no more worth than the rest of the image: write to
 * their port only if it is one where a PC has its serial ports.
 */
static _Noreturn void image_damaged(const struct kho_purgatory_params *params)
{
	uint16_t port = params->serial_port;
	struct console con;

	if (port != 0x3f8 && port != 0x2f8 && port != 0x3e8 && port != 0x2e8)
		port = 0;
	console_init(&con, port, params->console);
	console_puts(&con, "kexec-kho: purgatory is damaged in memory: resetting the machine\n");
	reset_machine(&con);
}

static void write_report(const struct kho_purgatory_params *params, const struct kho_report *report)
{
	if (params->payload_addr)
		*(struct kho_report *)(uintptr_t)(params->payload_addr + KHO_REPORT_OFFSET) = *report;
}

/* The payload comes before everything else of the handover on the chain. */
static void unlink_handover(const struct kho_purgatory_params *params)
{
	if (params->payload_addr)
		*(struct kho_setup_data *)(uintptr_t)params->payload_addr = (struct kho_setup_data){
			.type = KHO_SETUP_TYPE,
			.len = (uint32_t)params->payload_len,
		};
}

static void put_digests(struct console *con, uint32_t expected, uint32_t actual)
{
	console_puts(con, ": CRC32C expected ");
	console_put_hex(con, expected, 8);
	console_puts(con, ", found ");
	console_put_hex(con, actual, 8);
}

static void say_bad_entry(void *ctx, const struct verify_bad *bad)
{
	struct console *con = ctx;

	console_puts(con, "kexec-kho: ");
	console_put_name(con, bad->entry->name, sizeof(bad->entry->name));
	console_puts(con, ": chunk ");
	console_put_dec(con, bad->chunk);
	console_puts(con, " at ");
	console_put_hex(con, bad->chunk_addr, 16);
	put_digests(con, bad->expected, bad->actual);
	console_puts(con, " (");
	console_put_dec(con, bad->bad_chunks);
	console_puts(con, " of ");
	console_put_dec(con, bad->chunks);
	console_puts(con, " chunks bad)\n");
}

static const void *identity_map(void *ctx, uint64_t addr, uint64_t size)
{
	(void)ctx;
	(void)size;
	return (const void *)(uintptr_t)addr;
}

static _Noreturn void report_and_reset(const struct kho_purgatory_params *params,
				       struct kho_report *report, struct console *con)
{
	report->result = KHO_RESULT_MISMATCH;
	report->reaction = KHO_REACTION_RESET;
	write_report(params, report);
	console_puts(con, "kexec-kho: the new kernel cannot be started: resetting the machine\n");
	reset_machine(con);
}

/* The table itself: the report then tells of a mismatch but of no bad entry. */
static void check_table(const struct kho_purgatory_params *params, struct kho_report *report,
			struct console *con)
{
	uint32_t crc = crc32c(0, (const void *)(uintptr_t)params->table_addr, params->table_size);

	if (crc == params->table_crc)
		return;
	report->expected = params->table_crc;
	report->actual = crc;
	console_puts(con, "kexec-kho: verification table at ");
	console_put_hex(con, params->table_addr, 16);
	put_digests(con, params->table_crc, crc);
	console_puts(con, "\n");
	report_and_reset(params, report, con);
}

static void check_entries(const struct kho_purgatory_params *params, struct kho_report *report,
			  struct console *con)
{
	const struct verify_ops ops = {
		.map = identity_map,
		.bad_entry = say_bad_entry,
		.ctx = con,
	};
	struct verify_outcome outcome;
	enum verify_error error;
	uint64_t start = read_tsc();

	error = verify_table((const void *)(uintptr_t)params->table_addr, params->table_size,
			     &ops, &outcome);
	report->cycles = read_tsc() - start;
	report->bytes = outcome.bytes;
	report->entries_good = outcome.entries_good;
	report->entries_bad = outcome.entries_bad;
	report->bad_entry = outcome.first.entry_index;
	report->bad_chunk = outcome.first.chunk;
	report->expected = outcome.first.expected;
	report->actual = outcome.first.actual;
	if (error) {
		console_puts(con, "kexec-kho: verification table: ");
		console_puts(con, verify_error_text(error));
		console_puts(con, "\n");
	}
	if (error || outcome.kernel_bad)
		report_and_reset(params, report, con);
}

/* Returns when the new kernel is to be started. */
void purgatory_main(void)
{
	const struct kho_purgatory_params *params = &purgatory_params;
	struct kho_report report = { .magic = KHO_REPORT_MAGIC };
	struct console con;

	if (!image_intact(params))
		image_damaged(params);
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
		unlink_handover(params);
	}
	write_report(params, &report);
}
