/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree against the grammar of the language. What passes is marked usable, so that the reader takes
 * nothing from a property that has been reported already.
 */
#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "read_internal.h"
#include "schema.h"
#include "suggest.h"

static const struct tree_node *enclosing(const struct tree_node *node,
					 const struct schema_node *kind)
{
	while (node && node->schema != kind)
		node = node->parent;
	return node;
}

/* How a message about the node begins: VM "rt": , board:  */
static const char *subject(struct reader *reader, const struct tree_node *node)
{
	const struct tree_node *vm = enclosing(node, &schema_vm);

	if (vm && vm != node)
		return arena_format(reader->arena, "VM \"%s\": %s", vm->name, node->name);
	if (vm)
		return arena_format(reader->arena, "VM \"%s\"", vm->name);
	if (enclosing(node, &schema_board) && node->schema != &schema_board)
		return arena_format(reader->arena, "board: %s", node->name);
	return *node->name ? node->name : "scenario";
}

static void help_nearest(struct reader *reader, struct finding *finding,
			 const struct suggestion *suggestion)
{
	if (suggestion->best)
		finding_help(reader->diagnostics, finding, "did you mean \"%s\"?",
			     suggestion->best);
}

static const char *list_add(struct arena *arena, const char *list, const char *item)
{
	return arena_format(arena, "%s%s%s", list, *list ? ", " : "", item);
}

/* The property that an unknown one was most likely meant to be. */
static struct suggestion nearest_property(const struct tree_node *node, const char *name)
{
	struct suggestion suggestion = suggestion_start(name);

	for (const struct schema_property *row = node->schema->properties; row->name; row++)
		suggestion_offer(&suggestion, row->name);
	return suggestion;
}

bool read_meant(const struct tree_node *node, const char *name)
{
	for (unsigned i = 0; node->schema && i < node->property_count; i++) {
		const char *other = node->properties[i].name;
		if (schema_property(node->schema, other))
			continue;
		struct suggestion suggestion = nearest_property(node, other);
		if (suggestion.best && !strcmp(suggestion.best, name))
			return true;
	}
	return tree_property(node, name) != NULL;
}

/* Nodes. */

static void report_unknown_node(struct reader *reader, const struct tree_node *node)
{
	const struct schema_node *parent = node->parent->schema;
	struct suggestion suggestion = suggestion_start(node->base);
	struct finding *finding =
		READ_REPORT(reader, RULE_UNKNOWN_NODE, node->at, "%s: unknown node \"%s\"",
			    subject(reader, node->parent), node->name);

	const char *list = "";
	for (const struct schema_node *const *child = parent->children; *child; child++) {
		if (!(*child)->name)
			continue;
		suggestion_offer(&suggestion, (*child)->name);
		list = list_add(reader->arena, list,
				(*child)->unit == UNIT_MANDATORY
					? arena_format(reader->arena, "%s@ADDRESS", (*child)->name)
					: (*child)->name);
	}
	if (suggestion.best)
		help_nearest(reader, finding, &suggestion);
	else if (*list)
		finding_help(reader->diagnostics, finding, "nodes in %s: %s", parent->kind, list);
	else
		finding_help(reader->diagnostics, finding, "%s has no nodes", parent->kind);
}

static bool unit_address_valid(const char *unit)
{
	size_t digits = strspn(unit, "0123456789abcdefABCDEF");

	return digits > 0 && unit[digits] == '\0' && digits <= 16;
}

static void check_unit_address(struct reader *reader, const struct tree_node *node)
{
	struct finding *finding = NULL;

	if (node->schema->unit == UNIT_MANDATORY && !node->unit)
		finding = READ_REPORT(reader, RULE_UNIT_ADDRESS, node->at,
				      "%s: the address is missing", subject(reader, node));
	else if (node->unit && node->schema != &schema_vm && node->schema->unit != UNIT_PCI &&
		 !unit_address_valid(node->unit))
		finding = READ_REPORT(reader, RULE_UNIT_ADDRESS, node->at,
				      "%s: \"%s\" is not an address in hexadecimal digits",
				      subject(reader, node), node->unit);
	if (finding && node->unit && !strncmp(node->unit, "0x", 2) &&
	    unit_address_valid(node->unit + 2))
		finding_help(reader->diagnostics, finding, "write %s@%s, without 0x", node->base,
			     node->unit + 2);
	else if (finding)
		finding_help(reader->diagnostics, finding, "write %s@ADDRESS, without 0x",
			     node->base);
}

/* Gives every node its row of the grammar; what lies below an unknown node is not looked at. */
static void assign_kinds(struct reader *reader, struct tree_node *node)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		struct tree_node *child = node->children[i];
		const struct schema_node *kind = schema_child(node->schema, child->base);
		if (kind && kind->unit == UNIT_NONE && kind->name && child->unit)
			kind = NULL;
		child->schema = kind;
		if (kind)
			assign_kinds(reader, child);
		else
			report_unknown_node(reader, child);
	}
}

static bool has_child(const struct tree_node *node, const struct schema_node *kind)
{
	for (unsigned i = 0; i < node->child_count; i++)
		if (node->children[i]->schema == kind)
			return true;
	return false;
}

static void check_missing_nodes(struct reader *reader, const struct tree_node *node)
{
	const struct schema_node *const *kind = node->schema->children;

	for (; *kind; kind++) {
		if (!(*kind)->mandatory || has_child(node, *kind))
			continue;
		READ_REPORT(reader, RULE_MISSING_NODE, node->at, "%s: node \"%s\" is missing (%s)",
			    subject(reader, node), (*kind)->name, (*kind)->kind);
	}
}

/* The device's address is its first register's or its first port's. */
static void check_unit_differs(struct reader *reader, const struct tree_node *node)
{
	static const char *const sources[] = {"reg", "io-ports"};
	struct number unit = read_unit_address(node);
	unsigned count;

	if (!unit.given || node->schema == &schema_vm)
		return;
	for (size_t i = 0; i < 2; i++) {
		struct range *ranges =
			read_ranges(reader, node, sources[i], i == 0 ? 2 : 1, &count);
		if (!count)
			continue;
		if (ranges[0].base.value == unit.value)
			return;
		struct finding *finding = READ_REPORT(
			reader, RULE_UNIT_ADDRESS_DIFFERS, node->at,
			"%s: the name says 0x%" PRIx64 ", but %s says 0x%" PRIx64,
			subject(reader, node), unit.value, sources[i], ranges[0].base.value);
		finding_note(reader->diagnostics, finding, ranges[0].base.at, "given here");
		finding_help(reader->diagnostics, finding,
			     "correct the wrong one of both; the name would be %s@%" PRIx64,
			     node->base, ranges[0].base.value);
		return;
	}
}

/* Properties. */

struct context {
	struct reader *reader;
	const struct tree_node *node;
	struct tree_property *property;
	const struct schema_property *row;
};

/* What a property of each type holds, how many values at once, and of which kind each is. */
static const struct {
	const char *text;
	enum value_kind kind;
	unsigned minimum;
	unsigned maximum; /* 0: no limit */
	unsigned multiple;
} shapes[] = {
	[TYPE_FLAG] = {"no value", VALUE_CELL, 0, UINT32_MAX, 1},
	[TYPE_STRING] = {"one string", VALUE_STRING, 1, 1, 1},
	[TYPE_STRINGS] = {"one or more strings", VALUE_STRING, 1, 0, 1},
	[TYPE_CHOICE] = {"one string", VALUE_STRING, 1, 1, 1},
	[TYPE_CELL] = {"one number, <N>", VALUE_CELL, 1, 1, 1},
	[TYPE_ADDRESS] = {"one number, <N>, or <HIGH LOW> beyond 32 bits", VALUE_CELL, 1, 2, 1},
	[TYPE_CELLS] = {"numbers, <N ...>", VALUE_CELL, 1, 0, 1},
	[TYPE_PORTS] = {"pairs of first port and count, <FIRST COUNT ...>", VALUE_CELL, 2, 0, 2},
	[TYPE_RANGES] = {"addresses and sizes of two cells each, <HIGH LOW SIZE-HIGH SIZE-LOW>",
			 VALUE_CELL, 4, 0, 4},
	[TYPE_RANGE] = {"one address and size of two cells each, <HIGH LOW SIZE-HIGH SIZE-LOW>",
			VALUE_CELL, 4, 4, 4},
	[TYPE_REFERENCES] = {"references, <&LABEL ...>", VALUE_REFERENCE, 0, 0, 1},
	[TYPE_REFERENCE] = {"one reference, <&LABEL>", VALUE_REFERENCE, 1, 1, 1},
};

static const char *value_kind_name(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_CELL] = "a number",
		[VALUE_REFERENCE] = "a reference",
		[VALUE_STRING] = "a string",
		[VALUE_OTHER] = "a value of another kind",
	};

	return names[kind];
}

static void help_type(const struct context *context, const struct value *value,
		      struct finding *finding)
{
	struct reader *reader = context->reader;
	enum value_kind wanted = shapes[context->row->type].kind;

	if (context->row->type == TYPE_FLAG)
		finding_help(reader->diagnostics, finding, "write %s;", context->property->name);
	else if (wanted == VALUE_REFERENCE && value->kind == VALUE_STRING &&
		 tree_resolve(&reader->tree, value->text))
		finding_help(reader->diagnostics, finding, "write <&%s>", value->text);
	else if (wanted == VALUE_REFERENCE)
		finding_help(reader->diagnostics, finding,
			     "a reference is the label of a node, in angle brackets: <&LABEL>");
	else if (wanted == VALUE_STRING)
		finding_help(reader->diagnostics, finding, "a text stands in quotes");
	else if (context->row->type == TYPE_ADDRESS)
		finding_help(reader->diagnostics, finding,
			     "a number stands in angle brackets: 16 MiB is <0 MiB(16)>");
	else
		finding_help(reader->diagnostics, finding,
			     "a number stands in angle brackets: <5>, <0x3f8>");
}

static bool check_types(const struct context *context)
{
	const struct tree_property *property = context->property;

	for (unsigned i = 0; i < property->value_count; i++) {
		const struct value *value = &property->values[i];
		if (context->row->type != TYPE_FLAG &&
		    value->kind == shapes[context->row->type].kind)
			continue;
		help_type(context, value,
			  READ_REPORT(context->reader, RULE_WRONG_TYPE, value->at,
				      "%s: property \"%s\" takes %s, not %s",
				      subject(context->reader, context->node), property->name,
				      shapes[context->row->type].text,
				      value_kind_name(value->kind)));
		return false;
	}
	return true;
}

static bool check_count(const struct context *context)
{
	const struct tree_property *property = context->property;
	unsigned count = property->value_count;
	unsigned maximum = shapes[context->row->type].maximum;

	if (count >= shapes[context->row->type].minimum && (!maximum || count <= maximum) &&
	    count % shapes[context->row->type].multiple == 0)
		return true;
	bool excess = maximum && count > maximum;
	struct place at = property->at;
	if (count)
		at = property->values[excess ? maximum : count - 1].at;
	struct finding *finding =
		READ_REPORT(context->reader, RULE_WRONG_COUNT, at,
			    "%s: property \"%s\" takes %s; it has %u value%s",
			    subject(context->reader, context->node), property->name,
			    shapes[context->row->type].text, count, count == 1 ? "" : "s");
	if (context->row->type == TYPE_PORTS && count)
		finding_help(context->reader->diagnostics, finding,
			     "each first port is followed by how many there are: <0x3f8 8>");
	else if (excess)
		finding_help(context->reader->diagnostics, finding, "remove what is too much");
	return false;
}

static const char *join_choices(struct arena *arena, const char *const *choices)
{
	const char *text = "";

	for (unsigned i = 0; choices[i]; i++)
		text = arena_format(arena, "%s%s\"%s\"", text,
				    i == 0           ? ""
				    : choices[i + 1] ? ", "
						     : " or ",
				    choices[i]);
	return text;
}

static bool check_choice(const struct context *context)
{
	struct reader *reader = context->reader;
	const struct value *value = &context->property->values[0];
	struct suggestion suggestion = suggestion_start(value->text);

	for (const char *const *choice = context->row->choices; *choice; choice++) {
		if (!strcmp(*choice, value->text))
			return true;
		suggestion_offer(&suggestion, *choice);
	}
	struct finding *finding =
		READ_REPORT(reader, RULE_OUTSIDE_ENUMERATION, value->at,
			    "%s: property \"%s\" must be %s, not \"%s\"",
			    subject(reader, context->node), context->property->name,
			    join_choices(reader->arena, context->row->choices), value->text);
	help_nearest(reader, finding, &suggestion);
	return false;
}

/* "comm2" is a slip of "com2", but "cpu7" hardly one of "cpu0". */
static bool same_digits(const char *a, const char *b)
{
	return !strcmp(a + strcspn(a, "0123456789"), b + strcspn(b, "0123456789"));
}

/* The full name of a node of this kind and name that has no label; NULL if there is none. */
static const char *unlabelled(const struct tree_node *node, const struct schema_node *kind,
			      const char *name)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		const struct tree_node *child = node->children[i];
		if (child->schema == kind && !child->label_count &&
		    (!strcmp(child->base, name) || !strcmp(child->name, name)))
			return child->name;
		const char *found = child->schema ? unlabelled(child, kind, name) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

/* The labels that would have been right, as many as fit a line. */
static void help_labels(struct reader *reader, struct finding *finding, const struct value *value,
			const struct schema_node *kind)
{
	const unsigned most = 12;
	struct suggestion suggestion = suggestion_start(value->text);
	const char *list = "";
	unsigned count = 0;

	for (unsigned i = 0; i < reader->tree.label_count; i++) {
		const struct tree_label *label = &reader->tree.labels[i];
		if (label->node->schema != kind)
			continue;
		suggestion_offer(&suggestion, label->name);
		if (count++ < most)
			list = arena_format(reader->arena, "%s%s%s", list, *list ? ", " : "",
					    label->name);
	}
	bool exists = tree_resolve(&reader->tree, value->text) != NULL;

	if (suggestion.best && !exists &&
	    (count > most || same_digits(suggestion.best, value->text)))
		help_nearest(reader, finding, &suggestion);
	else if (unlabelled(reader->tree.root, kind, value->text))
		finding_help(reader->diagnostics, finding,
			     "give the node of that name a label: %s: %s { ... };", value->text,
			     unlabelled(reader->tree.root, kind, value->text));
	else if (count)
		finding_help(reader->diagnostics, finding, "%s %s%s",
			     kind == &schema_share ? "the scenario declares" : "the board has",
			     list, count > most ? ", ..." : "");
	else if (kind == &schema_share)
		finding_help(
			reader->diagnostics, finding,
			"declare it beside vms: shared-memory { NAME: NAME { size = <0x1000>; }; };");
}

/* Without a board, or a board without cpus, that is what is reported, and it says it all. */
static bool has_targets(const struct reader *reader, const struct schema_node *kind)
{
	const struct tree_node *board = tree_child(reader->tree.root, "board");

	if (kind == &schema_share)
		return true;
	return board && (kind != &schema_cpu || tree_child(board, "cpus"));
}

/* The property of a VM that takes references of the other kind; NULL if it is not that. */
static const char *other_property(const struct schema_node *wanted, const struct schema_node *given)
{
	if (wanted == &schema_device && given == &schema_pci_function)
		return "pci-devices";
	if (wanted == &schema_pci_function && given == &schema_device)
		return "devices";
	return NULL;
}

static void check_reference(const struct context *context, const struct value *value)
{
	struct reader *reader = context->reader;
	const struct tree_node *target = tree_resolve(&reader->tree, value->text);
	const char *who = subject(reader, context->node);
	struct finding *finding;

	if (target && target->schema == context->row->target)
		return;
	if (!target && !has_targets(reader, context->row->target))
		return;
	if (!target) {
		finding = READ_REPORT(reader, RULE_DANGLING_REFERENCE, value->at,
				      "%s: property \"%s\": there is no \"%s\"", who,
				      context->property->name, value->text);
	} else {
		finding = READ_REPORT(reader, RULE_WRONG_REFERENCE, value->at,
				      "%s: property \"%s\" takes references to %s; \"%s\" is %s",
				      who, context->property->name, context->row->target->kind,
				      value->text,
				      target->schema ? target->schema->kind : "something else");
		finding_note(reader->diagnostics, finding, target->at, "\"%s\" is here",
			     value->text);
	}
	const char *instead = target ? other_property(context->row->target, target->schema) : NULL;
	if (instead)
		finding_help(reader->diagnostics, finding, "such a one goes into %s", instead);
	else
		help_labels(reader, finding, value, context->row->target);
}

static bool check_references(const struct context *context)
{
	for (unsigned i = 0; i < context->property->value_count; i++)
		check_reference(context, &context->property->values[i]);
	return true; /* the good ones among them can be used */
}

/* Texts go into C source, JSON and the boot log. NULL if this one can. */
static const char *text_fault(const char *text)
{
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7F)
			return "a control character";
	json_t *string = json_string(text);
	if (!string)
		return "bytes that are not UTF-8";
	json_decref(string);
	return NULL;
}

static bool check_string(const struct context *context, const struct value *value)
{
	const char *who = subject(context->reader, context->node);
	const char *fault = text_fault(value->text);

	if (!*value->text)
		READ_REPORT(context->reader, RULE_WRONG_COUNT, value->at,
			    "%s: property \"%s\" is an empty string", who, context->property->name);
	else if (fault)
		READ_REPORT(context->reader, RULE_STRANGE_TEXT, value->at,
			    "%s: property \"%s\" has %s", who, context->property->name, fault);
	return *value->text && !fault;
}

static bool check_strings(const struct context *context)
{
	for (unsigned i = 0; i < context->property->value_count; i++)
		if (!check_string(context, &context->property->values[i]))
			return false;
	return true;
}

static bool check_values(const struct context *context)
{
	if (context->row->type == TYPE_IGNORED)
		return false;
	if (!check_types(context) || !check_count(context))
		return false;
	switch (context->row->type) {
	case TYPE_CHOICE:
		return check_choice(context);
	case TYPE_REFERENCES:
	case TYPE_REFERENCE:
		return check_references(context);
	case TYPE_STRING:
	case TYPE_STRINGS:
		return check_strings(context);
	default:
		return true;
	}
}

static void report_unknown_property(struct reader *reader, const struct tree_node *node,
				    const struct tree_property *property)
{
	struct suggestion suggestion = nearest_property(node, property->name);
	struct finding *finding =
		READ_REPORT(reader, RULE_UNKNOWN_PROPERTY, property->at,
			    "%s: unknown property \"%s\"", subject(reader, node), property->name);
	const char *list = "";

	for (const struct schema_property *row = node->schema->properties; row->name; row++)
		list = list_add(reader->arena, list, row->name);
	if (suggestion.best)
		help_nearest(reader, finding, &suggestion);
	else if (*list)
		finding_help(reader->diagnostics, finding, "properties of %s: %s",
			     node->schema->kind, list);
	else
		finding_help(reader->diagnostics, finding, "%s has nodes, but no properties",
			     node->schema->kind);
}

static void check_properties(struct reader *reader, struct tree_node *node)
{
	for (unsigned i = 0; i < node->property_count; i++) {
		struct tree_property *property = &node->properties[i];
		const struct schema_property *row = schema_property(node->schema, property->name);
		const struct context context = {reader, node, property, row};
		if (row)
			property->usable = check_values(&context);
		else
			report_unknown_property(reader, node, property);
	}
}

static void check_missing_properties(struct reader *reader, const struct tree_node *node)
{
	for (const struct schema_property *row = node->schema->properties; row->name; row++) {
		if (!row->mandatory || read_meant(node, row->name) ||
		    (row->instead && read_meant(node, row->instead)))
			continue;
		struct finding *finding = READ_REPORT(reader, RULE_MISSING_PROPERTY, node->at,
						      "%s: property \"%s\" is missing",
						      subject(reader, node), row->name);
		const char *value = row->type == TYPE_CHOICE
					    ? join_choices(reader->arena, row->choices)
					    : shapes[row->type].text;
		if (row->instead)
			finding_help(reader->diagnostics, finding,
				     "add %s, which takes %s; or %s = <1>; and the tool chooses",
				     row->name, value, row->instead);
		else
			finding_help(reader->diagnostics, finding, "add %s, which %s %s", row->name,
				     row->type == TYPE_CHOICE ? "is" : "takes", value);
	}
}

/* A PCI function's address is device and function, after the bus if that is not 0. */
static void check_pci_unit(struct reader *reader, const struct tree_node *node)
{
	struct text address = read_text(node, "address");
	struct pci_address pci;

	if (node->schema->unit != UNIT_PCI || !node->unit || !address.value ||
	    !read_pci_address(address.value, &pci))
		return;
	const char *full =
		arena_format(reader->arena, "%x,%x,%x", pci.bus, pci.device, pci.function);
	const char *expected = pci.bus ? full : strchr(full, ',') + 1;
	if (!strcmp(node->unit, expected) || !strcmp(node->unit, full))
		return;
	struct finding *finding = READ_REPORT(reader, RULE_UNIT_ADDRESS_DIFFERS, node->at,
					      "%s: the name says %s, but address says \"%s\"",
					      subject(reader, node), node->unit, address.value);
	finding_note(reader->diagnostics, finding, address.at, "given here");
	finding_help(reader->diagnostics, finding,
		     "correct the wrong one of both; the name would be %s@%s", node->base,
		     expected);
}

static void check_node(struct reader *reader, struct tree_node *node)
{
	if (!node->schema)
		return;
	check_unit_address(reader, node);
	check_missing_nodes(reader, node);
	check_missing_properties(reader, node);
	check_properties(reader, node);
	check_unit_differs(reader, node);
	check_pci_unit(reader, node);
	for (unsigned i = 0; i < node->child_count; i++)
		check_node(reader, node->children[i]);
}

/* An unknown node that was most likely meant to be this one; it is reported with that. */
static bool meant_child(const struct tree_node *node, const char *name)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		struct suggestion suggestion = suggestion_start(node->children[i]->base);
		if (node->children[i]->schema)
			continue;
		suggestion_offer(&suggestion, name);
		if (suggestion.best)
			return true;
	}
	return false;
}

static void check_scenario(struct reader *reader)
{
	const struct tree_node *root = reader->tree.root;
	const struct tree_node *vms = tree_child(root, "vms");
	struct finding *finding;

	if (!has_child(root, &schema_board)) {
		finding =
			READ_REPORT(reader, RULE_NO_BOARD, root->at, "scenario: there is no board");
		finding_help(reader->diagnostics, finding,
			     "put #include \"boards/NAME.dtsi\" below /dts-v1/;");
	}
	if ((vms && has_child(vms, &schema_vm)) || (!vms && meant_child(root, "vms")))
		return;
	finding = READ_REPORT(reader, RULE_NO_VM, vms ? vms->at : root->at,
			      "scenario: there is no VM");
	finding_help(reader->diagnostics, finding,
		     "a VM is a node below vms: vms { NAME { cpus = <&cpu0>; ... }; };");
}

void read_check_schema(struct reader *reader)
{
	reader->tree.root->schema = &schema_root;
	assign_kinds(reader, reader->tree.root);
	check_scenario(reader);
	check_node(reader, reader->tree.root);
}
