/* SPDX-License-Identifier: Apache-2.0 */
/* Values of properties that the schema found good; what it did not is as if not given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "read_internal.h"
#include "schema.h"

static const struct tree_property *usable(const struct tree_node *node, const char *name)
{
	const struct tree_property *property = tree_property(node, name);

	return property && property->usable ? property : NULL;
}

/* From the first place to the end of the last, as far as they share a line. */
static struct place join(struct place first, struct place last)
{
	if (first.file == last.file && first.line == last.line && last.column > first.column)
		first.length = last.column - first.column + last.length;
	return first;
}

/* One number of one or two cells, the high one first. */
static struct number number_of(const struct value *values, unsigned cells)
{
	const struct value *low = &values[cells - 1];
	uint64_t high = cells == 2 ? values[0].cell : 0;

	return (struct number){
		.value = high << 32 | low->cell,
		.at = join(values[0].at, low->at),
		.given = true,
	};
}

struct number read_number(const struct tree_node *node, const char *name)
{
	const struct tree_property *property = usable(node, name);

	if (!property)
		return (struct number){.at = node->at};
	return number_of(property->values, property->value_count);
}

struct text read_text(const struct tree_node *node, const char *name)
{
	const struct tree_property *property = usable(node, name);

	if (!property)
		return (struct text){.at = node->at};
	return (struct text){.value = property->values[0].text, .at = property->values[0].at};
}

uint32_t read_cell(const struct tree_node *node, const char *name, uint32_t otherwise)
{
	const struct tree_property *property = usable(node, name);

	return property ? property->values[0].cell : otherwise;
}

bool read_given(const struct tree_node *node, const char *name)
{
	return usable(node, name) != NULL;
}

bool read_flag(const struct tree_node *node, const char *name)
{
	return tree_property(node, name) != NULL;
}

struct number *read_cells(struct reader *reader, const struct tree_node *node, const char *name,
			  unsigned *count)
{
	const struct tree_property *property = usable(node, name);

	*count = property ? property->value_count : 0;
	struct number *numbers = arena_alloc(reader->arena, *count * sizeof(*numbers));
	for (unsigned i = 0; i < *count; i++)
		numbers[i] = number_of(&property->values[i], 1);
	return numbers;
}

struct text *read_texts(struct reader *reader, const struct tree_node *node, const char *name,
			unsigned *count)
{
	const struct tree_property *property = usable(node, name);

	*count = property ? property->value_count : 0;
	struct text *texts = arena_alloc(reader->arena, *count * sizeof(*texts));
	for (unsigned i = 0; i < *count; i++)
		texts[i] = (struct text){property->values[i].text, property->values[i].at};
	return texts;
}

uint32_t read_target(struct reader *reader, const struct tree_node *node, const char *name,
		     const struct schema_node *kind)
{
	const struct tree_property *property = usable(node, name);
	const struct tree_node *target =
		property ? tree_resolve(&reader->tree, property->values[0].text) : NULL;

	return target && target->schema == kind ? target->index : UINT32_MAX;
}

struct range *read_ranges(struct reader *reader, const struct tree_node *node, const char *name,
			  unsigned cells, unsigned *count)
{
	const struct tree_property *property = usable(node, name);

	*count = property ? property->value_count / (2 * cells) : 0;
	struct range *ranges = arena_alloc(reader->arena, *count * sizeof(*ranges));
	for (unsigned i = 0; i < *count; i++) {
		const struct value *values = &property->values[(size_t)i * 2 * cells];
		ranges[i].base = number_of(values, cells);
		ranges[i].size = number_of(values + cells, cells);
		ranges[i].at = join(ranges[i].base.at, ranges[i].size.at);
	}
	return ranges;
}

unsigned read_choice(const struct tree_node *node, const char *name, unsigned otherwise)
{
	const struct tree_property *property = usable(node, name);
	const struct schema_property *row = schema_property(node->schema, name);

	for (unsigned i = 0; property && row && row->choices[i]; i++)
		if (!strcmp(row->choices[i], property->values[0].text))
			return i;
	return otherwise;
}

struct number read_unit_address(const struct tree_node *node)
{
	struct number number = {.at = node->at};
	char *end = NULL;

	if (!node->unit || !*node->unit || strlen(node->unit) > 16)
		return number;
	if (strspn(node->unit, "0123456789abcdefABCDEF") != strlen(node->unit))
		return number;
	number.value = strtoull(node->unit, &end, 16);
	number.given = true;
	return number;
}
