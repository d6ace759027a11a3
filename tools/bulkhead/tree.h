/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree of a scenario as dtc resolved it, each part with its place in the source. */
#ifndef BULKHEAD_TOOL_TREE_H
#define BULKHEAD_TOOL_TREE_H

#include "arena.h"
#include "model.h"

enum value_kind {
	VALUE_CELL,      /* 32-bit number inside < > */
	VALUE_REFERENCE, /* &label or &{/path} inside < > */
	VALUE_STRING,
	VALUE_OTHER, /* [bytes], a path by &label outside < >, /incbin/, /bits/ */
};

struct value {
	enum value_kind kind;
	uint32_t cell;    /* VALUE_CELL */
	const char *text; /* VALUE_STRING: the string; VALUE_REFERENCE: "cpu0" or "/path" */
	struct place at;
};

struct tree_property {
	const char *name;
	struct place at;  /* of the name */
	size_t at_offset; /* the same in the preprocessed text; SIZE_MAX: written by dtc itself */
	struct value *values;
	unsigned value_count;
	bool usable; /* fits its row of the schema (set by schema checking) */
};

struct schema_node;

struct tree_node {
	const char *name; /* "memory@100000"; "" for the root */
	const char *base; /* "memory" */
	const char *unit; /* "100000", NULL without unit address */
	const char **labels;
	unsigned label_count;
	struct place at; /* of the name, where the node is first written */
	struct tree_node *parent;
	struct tree_property *properties;
	unsigned property_count;
	struct tree_node **children;
	unsigned child_count;
	const struct schema_node *schema; /* NULL for a node that the language does not know */
	uint32_t index;                   /* in the model's array of its kind */
};

struct tree_label {
	const char *name;
	struct tree_node *node;
};

struct tree {
	struct tree_node *root;
	struct tree_label *labels; /* sorted by name */
	unsigned label_count;
};

struct tree_node *tree_add_node(struct arena *arena, struct tree_node *parent, const char *name);
/* Collects and sorts the labels of all nodes. */
void tree_index_labels(struct arena *arena, struct tree *tree);

/* By "cpu0" or "/board/cpus/cpu@0"; NULL if there is no such node. */
struct tree_node *tree_resolve(const struct tree *tree, const char *reference);
struct tree_node *tree_child(const struct tree_node *node, const char *name);
struct tree_property *tree_property(const struct tree_node *node, const char *name);

/* What to call the node in a message: its first label, else its name, "/" for the root. */
const char *tree_node_label(const struct tree_node *node);

#endif
