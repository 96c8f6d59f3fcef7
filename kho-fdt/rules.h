/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules that a handover must keep, so that the next kernel finds all of it. Pure. */
#ifndef KHO_FDT_RULES_H
#define KHO_FDT_RULES_H

#include "decoded.h"

#define RULES_MAX	48
#define FINDINGS_MAX	8		/* of one rule; further ones are only counted */
#define FINDING_SIZE	192

enum rule_result {
	RULE_HOLDS,
	RULE_BROKEN,
	RULE_WARNING,			/* broken, by stock kernels too, and mostly harmless */
	RULE_UNKNOWN,			/* something it needs is unknown */
};

struct rule_outcome {
	const char *id;
	const char *text;		/* what the rule demands */
	enum rule_result result;
	const char *why;		/* RULE_UNKNOWN: what is missing */
	size_t findings;		/* RULE_BROKEN, RULE_WARNING: how often */
	char finding[FINDINGS_MAX][FINDING_SIZE];
};

struct rule_report {
	struct rule_outcome outcome[RULES_MAX];
	size_t count;
	size_t broken, warnings, unknown; /* rules */
	bool map_checked;		/* the whole map was read */
};

/* Check a decoded handover, any part of which may be unreadable, against every rule. */
void rules_check(const struct decoded *decoded, struct rule_report *ret);

#endif
