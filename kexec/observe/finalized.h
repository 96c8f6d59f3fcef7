/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Has the running kernel finalized? Kernels of 6.16 to 7.0 write the map of preserved memory
 * only then; from 7.1 on it is always there. Nothing here changes anything.
 */
#ifndef KEXEC_FINALIZED_H
#define KEXEC_FINALIZED_H

#include <stdbool.h>
#include <stdint.h>

#include "files.h"

/* Reads 0 or 1; writing 1 makes the kernel finalize. */
#define FINALIZE_FILE	"sys/kernel/debug/kho/out/finalize"

/*
 * "STATE BOOT_ID HANDOVER", written when this program has finalized. HANDOVER is the
 * running_crc() of what was finalized, if it can be undone.
 */
#define MARK_FILE	STATE_DIR "/finalized"

enum mark_state {
	MARK_NONE,			/* not by this program, or not in this boot */
	MARK_STAYS = 's',
	MARK_UNDO = 'u',
	MARK_LOST = 'l',		/* it failed, and the kernel has forgotten its memory */
	MARK_BAD = '?',			/* unknown */
};

/* What the mark says; *RET_HANDOVER is set unless it is MARK_NONE or MARK_BAD. */
enum mark_state mark_read(const struct root *root, uint32_t *ret_handover);

/* How the running kernel gets its map; debugfs does not tell. */
enum finalize_kind {
	FINALIZE_NEVER,		/* 7.1 and later: it always has one */
	FINALIZE_ONCE,		/* 6.16 to 6.18 */
	FINALIZE_REPEATABLE,	/* 6.19, 7.0: writes the map again each time */
};

/*
 * Does a kernel of this KIND still have to write its map? With DRY_RUN an earlier map is good
 * enough. 1, 0, or -1 after a message: it never can, or this program cannot make it.
 */
int finalize_pending(const struct root *root, enum finalize_kind kind, bool dry_run);

/* Says that the kernel has to write its map, and that nothing here makes it. -1. */
int finalize_refused(void);

/* Is this a kernel that hands nothing over by itself, because it has not finalized yet? */
bool finalize_is_due(const struct root *root);

/* Open FINALIZE_FILE for writing: a file descriptor, or -1 after a message. */
int finalize_open(const struct root *root);

#endif
