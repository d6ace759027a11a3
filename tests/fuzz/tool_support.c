/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_support.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "diag.h"
#include "place.h"
#include "process.h"
#include "promise.h"
#include "read.h"
#include "rules.h"

static const struct part *current;

/* The only file there is: line markers may name any, which must not be opened here. */
static FILE *open_source(const char *name, const char *mode)
{
	const struct part *source = &current[PART_SOURCE];

	if (strcmp(name, "fuzz.dts") || !source->size)
		return NULL;
	/* fmemopen() does not write with this mode; its parameter is older than const. */
	return fmemopen((void *)(uintptr_t)source->text, source->size, mode);
}

/* Its stat() finds the same. */
static int stat_source(const char *name, struct stat *status)
{
	*status = (struct stat){.st_mode = S_IFREG};
	return strcmp(name, "fuzz.dts") ? -1 : 0;
}

#define fopen            open_source
#define stat(name, info) stat_source(name, info)
#include "../../tools/bulkhead/source.c"
#undef fopen
#undef stat

static void fill(struct arena *arena, struct process_output *output, const struct part *part)
{
	output->text = arena_strndup(arena, part->text, part->size);
	output->size = part->size;
}

void process_run(struct arena *arena, const char *const argv[], const char *input,
		 size_t input_size, struct process_result *result)
{
	bool is_cpp = !strcmp(argv[0], "cpp");
	bool is_blob = !is_cpp && !strcmp(argv[6], "dtb");
	enum fuzz_part out = is_cpp ? PART_CPP : is_blob ? PART_BLOB : PART_ANNOTATED;

	(void)input;
	(void)input_size;
	*result = (struct process_result){.status = current[out].size ? 0 : 1};
	fill(arena, &result->out, &current[out]);
	fill(arena, &result->err, &current[is_cpp ? PART_CPP_ERROR : PART_DTC_ERROR]);
}

static void check_finding(const struct finding *finding)
{
	PROMISE(finding->rule && finding->message);
	PROMISE(finding->severity < SEVERITY_COUNT);
	PROMISE(!finding->at.line || finding->at.file);
	for (unsigned i = 0; i < finding->note_count; i++)
		PROMISE(finding->notes[i].message &&
			(!finding->notes[i].at.line || finding->notes[i].at.file));
}

void fuzz_examine(const struct part parts[FUZZ_PARTS])
{
	static const struct read_options options;
	struct arena arena = {0};
	struct sources sources = {.arena = &arena};
	struct diagnostics diagnostics = {.arena = &arena};
	struct placement placement = {0};
	struct model model;

	current = parts;
	enum read_status status =
		read_scenario("fuzz.dts", &options, &arena, &sources, &diagnostics, &model);
	PROMISE(status != READ_ENVIRONMENT);
	if (status == READ_COMPLETE) {
		place_memory(&model, &arena, &placement);
		rules_run(&model, &placement, NULL, &arena, &diagnostics);
	}
	PROMISE(status == READ_COMPLETE || diagnostics_count(&diagnostics, SEVERITY_ERROR));
	diagnostics_sort(&diagnostics);
	for (unsigned i = 0; i < diagnostics.count; i++)
		check_finding(diagnostics.findings[i]);
	FILE *nowhere = fopen("/dev/null", "w");
	PROMISE(nowhere);
	diagnostics_print(&diagnostics, &sources, nowhere, true);
	fclose(nowhere);
	arena_free(&arena);
}

void fuzz_split(const uint8_t *data, size_t size, struct part parts[FUZZ_PARTS])
{
	const size_t length = strlen(PART_SEPARATOR);
	const char *at = (const char *)data;
	const char *end = at + size;

	for (unsigned i = 0; i < FUZZ_PARTS; i++) {
		const char *cut = i + 1 < FUZZ_PARTS
					  ? memmem(at, (size_t)(end - at), PART_SEPARATOR, length)
					  : NULL;
		const char *stop = cut ? cut : end;
		parts[i] = (struct part){at, (size_t)(stop - at)};
		at = cut ? cut + length : end;
	}
}
