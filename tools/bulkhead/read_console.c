/* SPDX-License-Identifier: Apache-2.0 */
/* The core that the scenario sets aside for the operator's console. */
#include "read_internal.h"
#include "schema.h"

void read_console(struct reader *reader)
{
	const struct tree_node *root = reader->tree.root;
	struct console *console = &reader->model->console;

	if (!read_given(root, "console-core"))
		return;
	const struct value *value = &tree_property(root, "console-core")->values[0];

	*console = (struct console){
		.given = true,
		.core =
			{
				.label = value->text,
				.target = read_target(reader, root, "console-core", &schema_cpu),
				.at = value->at,
			},
	};
}
