/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

struct tree_node *tree_add_node(struct arena *arena, struct tree_node *parent, const char *name)
{
	struct tree_node *node = arena_alloc(arena, sizeof(*node));
	const char *at = strchr(name, '@');

	node->name = name;
	node->base = at ? arena_strndup(arena, name, (size_t)(at - name)) : name;
	node->unit = at ? at + 1 : NULL;
	node->parent = parent;
	node->index = UINT32_MAX;
	if (parent)
		*ARENA_PUSH(arena, parent->children, parent->child_count) = node;
	return node;
}

static void collect_labels(struct arena *arena, struct tree *tree, struct tree_node *node)
{
	for (unsigned i = 0; i < node->label_count; i++)
		*ARENA_PUSH(arena, tree->labels, tree->label_count) =
			(struct tree_label){node->labels[i], node};
	for (unsigned i = 0; i < node->child_count; i++)
		collect_labels(arena, tree, node->children[i]);
}

static int compare_labels(const void *left, const void *right)
{
	const struct tree_label *a = left;
	const struct tree_label *b = right;

	return strcmp(a->name, b->name);
}

void tree_index_labels(struct arena *arena, struct tree *tree)
{
	collect_labels(arena, tree, tree->root);
	if (tree->label_count)
		qsort(tree->labels, tree->label_count, sizeof(*tree->labels), compare_labels);
}

static struct tree_node *resolve_path(const struct tree *tree, const char *path)
{
	struct tree_node *node = tree->root;

	while (node && *path) {
		size_t length = strcspn(++path, "/");
		struct tree_node *next = length ? NULL : node;
		for (unsigned i = 0; length && !next && i < node->child_count; i++) {
			const char *name = node->children[i]->name;
			if (strlen(name) == length && !memcmp(name, path, length))
				next = node->children[i];
		}
		node = next;
		path += length;
	}
	return node;
}

struct tree_node *tree_resolve(const struct tree *tree, const char *reference)
{
	const struct tree_label key = {.name = reference};

	if (*reference == '/')
		return resolve_path(tree, reference);
	if (!tree->label_count)
		return NULL;
	const struct tree_label *found = bsearch(&key, tree->labels, tree->label_count,
						 sizeof(*tree->labels), compare_labels);
	return found ? found->node : NULL;
}

struct tree_node *tree_child(const struct tree_node *node, const char *name)
{
	for (unsigned i = 0; i < node->child_count; i++)
		if (!strcmp(node->children[i]->name, name))
			return node->children[i];
	return NULL;
}

struct tree_property *tree_property(const struct tree_node *node, const char *name)
{
	for (unsigned i = 0; i < node->property_count; i++)
		if (!strcmp(node->properties[i].name, name))
			return &node->properties[i];
	return NULL;
}

const char *tree_node_label(const struct tree_node *node)
{
	if (node->label_count)
		return node->labels[0];
	return *node->name ? node->name : "/";
}
