/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The description of the loaded image, in /run/kexec-kho. With it "kexec -e" can check whether
 * preserved memory has changed since, and load again if it has.
 */
#ifndef KEXEC_STATE_H
#define KEXEC_STATE_H

#include <json.h>

#include "handover.h"
#include "request.h"
#include "target.h"

struct state {
	json_object *json;
	size_t blob_count;
};

/* Was a load interrupted, so that it is unknown what is loaded? */
bool state_unknown(const struct root *root);

/* Describe an image about to be loaded, by the method of this name. */
void state_describe(struct state *state, const struct request *request, const struct target *target,
		    const struct handover *handover, const char *cmdline,
		    const char *method);
void state_release(struct state *state);

/*
 * Before the load: put the blobs, whose files may be gone at "kexec -e", where a later load
 * can read them, and note that a load has begun, so that an interrupted one is noticed. The
 * image loaded before, and its description, stay. 0, or -1 after a message.
 */
int state_prepare(const struct root *root, const struct handover *handover);

/* After the load: make this the description of image ID. 0, or -1 after a message. */
int state_commit(const struct root *root, const struct state *state, const struct image_id *id);

/*
 * After state_prepare(), if nothing has been loaded: remove what it has put there.
 * WAS_UNKNOWN: state_unknown() before it; what was unknown then stays unknown.
 */
void state_abandon(const struct root *root, bool was_unknown);

/* After a load that leaves an image which nobody can describe: makes -e refuse. */
void state_spoil(const struct root *root);

/* The same for a load that state_prepare() did not begin. 0, or -1 after a message. */
int state_note_unknown(const struct root *root);

/*
 * The image that was loaded without a handover, because the running kernel preserved nothing, must
 * not be started if that is no longer so. state_forget() removes the note. 0, or -1 after a message.
 */
int state_note_nothing_preserved(const struct root *root);
bool state_nothing_was_preserved(const struct root *root);

/* Remove it, because another image, or none, is loaded. */
void state_forget(const struct root *root);

/*
 * Read it back as a request to load the same again. 1, or 0 if there is none, or -1 after a
 * message. FDT_ADDR and FDT_CRC: the kernel's live root FDT when it was copied; FDT_ADDR is 0
 * if it was not. MAP_CRC: with MAP_COPIED, the running_crc() of what was copied. REGION: those
 * to be verified here, without digests, with a CRC32C over those of the load.
 */
struct loaded_record {
	struct request request;
	struct image_id id;		/* what was loaded then */
	uint64_t fdt_addr;
	uint32_t fdt_crc;
	bool luo_dropped;		/* no live update session was open then */
	bool kho;			/* KHO is on in the running kernel */
	bool map_copied;
	uint32_t map_crc;
	struct handover_region region[KHO_REGIONS_MAX];
	uint32_t region_crc[KHO_REGIONS_MAX];
	size_t region_count;
};

int state_load(const struct root *root, struct loaded_record *ret);

#endif
