/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include <string.h>

#include "read_internal.h"

/* "scenarios/demo.dts" is the scenario "demo". */
static const char *scenario_name(struct arena *arena, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	size_t length = strlen(name);

	if (length > 4 && !strcmp(name + length - 4, ".dts"))
		length -= 4;
	return arena_strndup(arena, name, length);
}

static void read_model(struct reader *reader)
{
	const char *description;

	read_check_twice(reader);
	read_check_deletions(reader);
	read_check_schema(reader);
	description = read_text(reader->tree.root, "description").value;
	reader->model->description = description ? description : "";
	reader->model->tree = reader->tree.root;
	read_board(reader);
	read_shares(reader);
	read_image_store(reader);
	read_console(reader);
	read_vms(reader);
	read_modules(reader);
}

enum read_status read_scenario(const char *file, const struct read_options *options,
			       struct arena *arena, struct sources *sources,
			       struct diagnostics *diagnostics, struct model *model)
{
	/* cpp and dtc must not take a name for an option, nor for standard input. */
	struct reader reader = {
		.file = *file == '-' ? arena_format(arena, "./%s", file)
				     : arena_strdup(arena, file),
		.options = options,
		.arena = arena,
		.sources = sources,
		.diagnostics = diagnostics,
		.model = model,
	};

	memset(model, 0, sizeof(*model));
	model->file = reader.file;
	model->name = scenario_name(arena, file);
	model->description = "";
	model->board.model = "";
	enum read_status status = read_preprocess(&reader);
	if (status == READ_COMPLETE)
		status = read_device_tree(&reader);
	if (status == READ_COMPLETE)
		read_model(&reader);
	return status;
}
