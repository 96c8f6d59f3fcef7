/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the running kernel has finalized: kernels of 6.16 to 7.0 write the map of preserved
 * memory only then, from 7.1 on it is always there. Nothing here changes anything.
 */
#ifndef KEXEC_FINALIZED_H
#define KEXEC_FINALIZED_H

#include <stdbool.h>
#include <stdint.h>

#include "files.h"

/* Reads 0 or 1; who writes 1 makes the kernel finalize. */
#define FINALIZE_FILE	"sys/kernel/debug/kho/out/finalize"

/*
 * "STATE BOOT_ID HANDOVER", made when this program has finalized. HANDOVER is what
 * running_crc() says of it, if it can be undone.
 */
#define MARK_FILE	STATE_DIR "/finalized"

enum mark_state {
	MARK_NONE,			/* not by this program, or not in this boot */
	MARK_STAYS = 's',
	MARK_UNDO = 'u',
	MARK_LOST = 'l',		/* it failed, and the kernel has forgotten its memory */
	MARK_BAD = '?',			/* not to be told */
};

/* What the mark says; *RET_HANDOVER is set unless it is MARK_NONE or MARK_BAD. */
enum mark_state mark_read(const struct root *root, uint32_t *ret_handover);

/* How the running kernel comes to a map; debugfs does not tell. */
enum finalize_kind {
	FINALIZE_NEVER,		/* 7.1 and later: it always has one */
	FINALIZE_ONCE,		/* 6.16 to 6.18 */
	FINALIZE_REPEATABLE,	/* 6.19, 7.0: each time writes the map anew */
};

/*
 * Is the map of a kernel of this KIND yet to be written? With DRY_RUN one written
 * before will do. 1, 0, or -1 after a message: it can never be, or not by us.
 */
int finalize_pending(const struct root *root, enum finalize_kind kind, bool dry_run);

/* Tells that it is, and that nothing here has it written. -1. */
int finalize_refused(void);

/* Is this a kernel that hands nothing over by itself, for it has not finalized yet? */
bool finalize_is_due(const struct root *root);

/* FINALIZE_FILE, to be written: a file descriptor, or -1 after a message. */
int finalize_open(const struct root *root);

#endif
