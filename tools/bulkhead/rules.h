/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a scenario: one row of rules[] each, with a stable code, and one procedure that looks
 * at the model and reports. Rules about reading have no procedure: the reader reports them.
 */
#ifndef BULKHEAD_TOOL_RULES_H
#define BULKHEAD_TOOL_RULES_H

#include "diag.h"
#include "model.h"
#include "place.h"

struct check {
	const struct model *model;
	const struct placement *placement;
	const char *module_folder; /* NULL: do not look for module files */
	struct diagnostics *diagnostics;
	struct arena *arena;
	const struct rule *rule; /* the one that runs */
};

struct rule {
	const char *code; /* "BH3004", never reused */
	enum severity severity;
	const char *title; /* what is wrong, for lists */
	void (*check)(struct check *check);
};

/* Rules that the reader reports by itself: their rows come first. */
enum reading_rule {
	RULE_SOURCE_UNREADABLE,
	RULE_PREPROCESSOR,
	RULE_DEVICE_TREE,
	RULE_UNKNOWN_PROPERTY,
	RULE_UNKNOWN_NODE,
	RULE_MISSING_PROPERTY,
	RULE_MISSING_NODE,
	RULE_WRONG_TYPE,
	RULE_WRONG_COUNT,
	RULE_OUTSIDE_ENUMERATION,
	RULE_DANGLING_REFERENCE,
	RULE_WRONG_REFERENCE,
	RULE_GIVEN_TWICE,
	RULE_NO_VM,
	RULE_NO_BOARD,
	RULE_UNIT_ADDRESS,
	RULE_UNIT_ADDRESS_DIFFERS,
	RULE_UNSUPPORTED_SYNTAX,
	RULE_STRANGE_TEXT,
	RULE_DELETES_NOTHING,
	READING_RULE_COUNT
};

extern const struct rule rules[];
extern const unsigned rule_count;

void rules_run(const struct model *model, const struct placement *placement,
	       const char *module_folder, struct arena *arena, struct diagnostics *diagnostics);

#endif
