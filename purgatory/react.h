/* SPDX-License-Identifier: GPL-2.0-only */
/* The decision between two kernels: check what is handed over, and act on it. */
#ifndef PURGATORY_REACT_H
#define PURGATORY_REACT_H

#include "types.h"

struct kho_react_params {
	u64 report_addr;		/* struct kho_report; 0: no handover */
	u64 cut_addr;			/* 0: no handover */
	u64 cut[2];			/* written there, this takes the handover away */
	u64 table_addr;			/* 0: verify nothing */
	u64 table_size;
	u16 serial_port;		/* I/O port; 0: none */
	u16 console;			/* KHO_CONSOLE_* */
	u32 crc;			/* CRC32C of all of it, this field taken as 0 */
};

/*
 * Verify what the table lists, and write the report. Returns when the new kernel is
 * to be started: with the handover, or without it if that was damaged. A damaged
 * kernel resets the machine, and so do damaged PARAMS.
 */
void kho_verify_and_react(const struct kho_react_params *params);

/*
 * Say that WHAT is damaged, and reset the machine. The parameters cannot be trusted
 * then: only a port where a PC has its serial ports is written to.
 */
__noreturn void kho_params_damaged(const struct kho_react_params *params, const char *what);

#endif
