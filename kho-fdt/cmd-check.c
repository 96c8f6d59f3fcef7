/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "rules.h"
#include "tool.h"

static const char *result_name(enum rule_result result)
{
	switch (result) {
	case RULE_HOLDS:	return "holds";
	case RULE_BROKEN:	return "broken";
	case RULE_WARNING:	return "warning";
	case RULE_UNKNOWN:	break;
	}
	return "not checked";
}

static void print_outcome(const struct rule_outcome *o)
{
	size_t shown = o->findings < FINDINGS_MAX ? o->findings : FINDINGS_MAX;

	printf("%-11s  %-16s  %s\n", result_name(o->result), o->id, o->text);
	if (o->result == RULE_UNKNOWN)
		printf("%31s(%s)\n", "", o->why);
	for (size_t i = 0; i < shown; i++)
		printf("%31s%s\n", "", o->finding[i]);
	if (o->findings > shown)
		printf("%31sand %zu more\n", "", o->findings - shown);
}

static void check_text(const struct decoded *decoded, const struct rule_report *report, bool all)
{
	for (size_t i = 0; i < report->count; i++)
		if (all || report->outcome[i].result == RULE_BROKEN ||
		    report->outcome[i].result == RULE_WARNING)
			print_outcome(&report->outcome[i]);
	printf("%s, %s: %zu of %zu rules hold, %zu broken, ", decoded->source->name,
	       decoded_abi_label(decoded),
	       report->count - report->broken - report->warnings - report->unknown, report->count,
	       report->broken);
	if (report->warnings)
		printf("%zu with a warning, ", report->warnings);
	printf("%zu not checked%s\n", report->unknown,
	       report->unknown && !all ? " (--all says why)" : "");
	if (!report->map_checked && !report->broken)
		puts("the map of preserved memory was not looked at, so this says little");
}

static json_object *json_outcome(const struct rule_outcome *o)
{
	size_t shown = o->findings < FINDINGS_MAX ? o->findings : FINDINGS_MAX;
	json_object *rule = json_object_new_object(), *findings = json_object_new_array();

	json_add_text(rule, "id", o->id);
	json_add_text(rule, "text", o->text);
	json_add_text(rule, "result", result_name(o->result));
	json_add_text(rule, "why", o->why);
	json_add_u64(rule, "finding_count", o->findings);
	for (size_t i = 0; i < shown; i++)
		json_object_array_add(findings, json_object_new_string(o->finding[i]));
	json_object_object_add(rule, "findings", findings);
	return rule;
}

static void check_json(const struct decoded *decoded, const struct rule_report *report)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_add_text(o, "source", decoded->source->name);
	json_add_text(o, "abi", decoded_abi_label(decoded));
	if (report->map_checked || report->broken)
		json_add_bool(o, "sound", !report->broken);
	else
		json_add_text(o, "sound", NULL);
	json_add_bool(o, "map_checked", report->map_checked);
	json_add_u64(o, "broken", report->broken);
	json_add_u64(o, "warnings", report->warnings);
	json_add_u64(o, "not_checked", report->unknown);
	for (size_t i = 0; i < report->count; i++)
		json_object_array_add(list, json_outcome(&report->outcome[i]));
	json_object_object_add(o, "rules", list);
	json_finish(o);
}

static int exit_code(const struct rule_report *report)
{
	if (report->broken)
		return TOOL_NO;
	return report->map_checked ? TOOL_OK : TOOL_UNCHECKED;
}

int cmd_check(const struct tool_options *options)
{
	struct opened *h;
	int code = tool_open(options, 0, false, &h);
	struct rule_report *report = h ? malloc(sizeof(*report)) : NULL;

	if (h && !report) {
		error("no memory");
		code = TOOL_FAILED;
	} else if (h) {
		rules_check(&h->decoded, report);
		if (options->json)
			check_json(&h->decoded, report);
		else
			check_text(&h->decoded, report, options->all);
		code = exit_code(report);
	}
	free(report);
	tool_close(h);
	return code;
}
