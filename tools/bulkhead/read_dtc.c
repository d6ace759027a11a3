/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree by dtc, asked twice about the same text: for the annotated source (which part of the
 * result came from where) and for the blob (the values). With -f it goes on after errors that leave a
 * tree, so that one run can report them and everything else; its style warnings are of no interest.
 */
#include <ctype.h>
#include <libfdt.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>

#include "process.h"
#include "read_internal.h"

/* dtc's checks that are reported by ourselves, with more to say. */
static const char *const own_checks[] = {
	"(phandle_references)",
	"(path_references)",
	"(duplicate_node_names)",
	"(duplicate_property_names)",
};

static bool is_own_check(const char *line)
{
	for (size_t i = 0; i < sizeof(own_checks) / sizeof(*own_checks); i++)
		if (strstr(line, own_checks[i]))
			return true;
	return false;
}

/* Length of the word at the offset, at least 1. */
static size_t word_length(const struct source_file *file, size_t offset)
{
	size_t length = 0;

	while (offset + length < file->size && is_name_character(file->masked[offset + length]))
		length++;
	return length ? length : 1;
}

/* dtc gives a node's opening brace; its name says more. A value is marked as a whole. */
static struct place place_of(struct reader *reader, unsigned line, unsigned column, bool node)
{
	size_t offset = preprocessed_offset(reader, line, column);
	size_t length = word_length(reader->preprocessed, offset);
	struct place place;

	if (node && offset < reader->preprocessed->size &&
	    reader->preprocessed->masked[offset] == '{')
		read_node_name(reader, offset, &offset, &length);
	else if (read_value_place(reader, offset, &place))
		return place;
	return read_place(reader, offset, length);
}

/* Whether nothing but the last token is left from the offset on. */
static bool only_closed(const struct source_file *file, size_t offset)
{
	while (offset < file->size &&
	       (isspace((unsigned char)file->masked[offset]) || strchr("};", file->masked[offset])))
		offset++;
	return offset >= file->size;
}

/* What follows the position: " message" or ": ERROR (check): message". */
static const char *message_of(const char *rest)
{
	const char *check = strstr(rest, "ERROR (");
	const char *end = check ? strstr(check, "): ") : NULL;

	if (end)
		return end + 3;
	rest += strcspn(rest, " ");
	return rest + strspn(rest, " ");
}

static bool only_blanks_before(const struct reader *reader, unsigned line, unsigned column)
{
	size_t offset = preprocessed_offset(reader, line, column);
	size_t start = preprocessed_offset(reader, line, 1);

	while (start < offset && reader->preprocessed->text[start] == ' ')
		start++;
	return start == offset;
}

/* What most likely led to a syntax error, by what stands where dtc noticed it. */
static void help_syntax(struct reader *reader, struct finding *finding, unsigned row,
			unsigned column)
{
	const struct source_file *file = reader->preprocessed;
	size_t offset = preprocessed_offset(reader, row, column);
	size_t end = offset;
	const char *help = NULL;

	while (end < file->size &&
	       (isalnum((unsigned char)file->masked[end]) || file->masked[end] == '_'))
		end++;
	char first = offset < file->size ? file->text[offset] : '\0';
	if (first == '}')
		help = "see whether a ';' is missing before it, or there is one '}' too many";
	else if (strspn(file->masked + offset, " \t\r\n") >= file->size - offset ||
		 only_closed(file, offset))
		help = "the text ends too early: see that each '{' has its '};'";
	else if (first == '"')
		help = "see whether the quote at the end is missing";
	else if (only_blanks_before(reader, row, column))
		help = "see whether a ';' is missing at the end of the line before";
	else if (isalpha((unsigned char)first) && end < file->size && file->masked[end] == '(')
		help = "there is no such macro here; KiB, MiB and GiB come with a board file, by #include";
	else if (isalpha((unsigned char)first))
		help = "a text stands in quotes, and a number is decimal, or hexadecimal after 0x";
	else if (isdigit((unsigned char)first))
		help = "a number is decimal, or hexadecimal after 0x, and stands in < >";
	if (help)
		finding_help(reader->diagnostics, finding, "%s", help);
}

static void report_at(struct reader *reader, const char *line, unsigned row, unsigned column)
{
	const char *message = message_of(strstr(line, "<stdin>:"));
	bool check = strstr(line, "ERROR (") != NULL;
	struct finding *finding = READ_REPORT(reader, RULE_DEVICE_TREE,
					      place_of(reader, row, column, check), "%s", message);

	if (!strcmp(message, "Properties must precede subnodes"))
		finding_help(reader->diagnostics, finding, "move it above the first child node");
	if (!strcmp(message, "Value out of range for 32-bit array element"))
		finding_help(reader->diagnostics, finding,
			     "a larger number takes two cells, the high one first: 4 GiB is <1 0>");
	if (!strcmp(message, "syntax error"))
		help_syntax(reader, finding, row, column);
}

/* Errors have a place as a rule; one without must not be lost. */
static void report_line(struct reader *reader, const char *line)
{
	const char *position = strstr(line, "<stdin>:");
	bool error = !strncmp(line, "Error: ", 7) || strstr(line, "ERROR (");
	unsigned row, column;

	if (is_own_check(line) || !strncmp(line, "Warning", 7) || !strncmp(line, "  also", 6))
		return;
	if (position && sscanf(position, "<stdin>:%u.%u", &row, &column) == 2)
		report_at(reader, line, row, column);
	else if (error)
		READ_REPORT(reader, RULE_DEVICE_TREE, (struct place){.file = reader->file}, "%s",
			    line);
}

static void report_errors(struct reader *reader, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		report_line(reader, arena_strndup(reader->arena, text, length));
		text += length + (text[length] == '\n');
	}
}

static bool run(struct reader *reader, const char *format, bool annotate,
		struct process_result *result)
{
	const char *annotation = annotate ? "-T" : NULL; /* twice: with columns */
	const char *const arguments[] = {
		"dtc", "-q", "-f", "-I", "dts", "-O", format, annotation, annotation, NULL,
	};

	process_run(reader->arena, arguments, reader->preprocessed->text,
		    reader->preprocessed->size, result);
	if (!result->error)
		return true;
	fprintf(stderr,
		"bulkhead: error: cannot run dtc: %s (install the package device-tree-compiler)\n",
		strerror(result->error));
	return false;
}

/* A property that dtc wrote itself (phandle) has no place, and is nobody's concern. */
static void fill_node(struct reader *reader, const void *blob, int offset, struct tree_node *node)
{
	unsigned index = 0;
	int child;
	int item;

	fdt_for_each_property_offset(item, blob, offset) {
		int size;
		const void *data = fdt_getprop_by_offset(blob, item, NULL, &size);
		if (index == node->property_count)
			break;
		struct tree_property *property = &node->properties[index++];
		if (property->at_offset != SIZE_MAX && data)
			read_values(reader, property, property->at_offset, data, (size_t)size);
	}
	index = 0;
	fdt_for_each_subnode(child, blob, offset) {
		if (index == node->child_count)
			break;
		fill_node(reader, blob, child, node->children[index++]);
	}
}

static void hash_blob(struct reader *reader, const void *blob, size_t size)
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, blob, size);
	SHA256Final(reader->model->hash, &context);
}

/* Syntax that would read other files behind cpp's back, or make a tree that cannot stand alone. */
static bool report_unsupported(struct reader *reader)
{
	static const struct {
		const char *token;
		const char *instead;
	} unsupported[] = {
		{"/include/", "use #include \"...\""},
		{"/incbin/", "no property of a scenario holds a file's content"},
		{"/plugin/", "a scenario is complete: leave the line out"},
		{"/memreserve/",
		 "memory that must be left alone goes into the board's reserved-memory"},
		{"/omit-if-no-ref/",
		 "it would drop the node in silence: remove the word, or the node"},
	};
	const struct source_file *text = reader->preprocessed;
	bool found = false;

	for (size_t i = 0; i < sizeof(unsupported) / sizeof(*unsupported); i++) {
		const char *token = unsupported[i].token;
		const char *at = memmem(text->masked, text->size, token, strlen(token));
		if (!at)
			continue;
		struct finding *finding =
			READ_REPORT(reader, RULE_UNSUPPORTED_SYNTAX,
				    read_place(reader, (size_t)(at - text->masked), strlen(token)),
				    "%s is not part of the scenario language", token);
		finding_help(reader->diagnostics, finding, "%s", unsupported[i].instead);
		found = true;
	}
	return found;
}

/* Without it dtc takes the text for another language, and complains about the first braces. */
static bool report_no_version(struct reader *reader)
{
	const struct source_file *text = reader->preprocessed;
	struct place first = {.file = reader->file, .line = 1, .column = 1, .length = 1};

	if (memmem(text->masked, text->size, "/dts-v1/", 8))
		return false;
	struct finding *finding = READ_REPORT(reader, RULE_DEVICE_TREE, first, "%s",
					      strspn(text->masked, " \t\r\n") >= text->size
						      ? "the scenario is empty"
						      : "this is no scenario: /dts-v1/ is missing");
	finding_help(reader->diagnostics, finding, "a scenario begins with the line /dts-v1/;");
	return true;
}

static enum read_status parse_failed(struct reader *reader, const struct process_result *result,
				     unsigned findings_before)
{
	if (reader->diagnostics->count == findings_before)
		READ_REPORT(reader, RULE_DEVICE_TREE, (struct place){.file = reader->file},
			    "dtc could not read the scenario: %s", result->err.text);
	return READ_FAILED;
}

enum read_status read_device_tree(struct reader *reader)
{
	struct process_result annotated;
	struct process_result blob;
	unsigned before = reader->diagnostics->count;

	if (report_unsupported(reader) || report_no_version(reader))
		return READ_FAILED;
	if (!run(reader, "dts", true, &annotated) || !run(reader, "dtb", false, &blob))
		return READ_ENVIRONMENT;
	report_errors(reader, annotated.err.text);
	if (annotated.status || blob.status || fdt_check_full(blob.out.text, blob.out.size))
		return parse_failed(reader, &annotated, before);
	if (!read_annotated(reader, annotated.out.text, annotated.out.size))
		return parse_failed(reader, &annotated, before);
	hash_blob(reader, blob.out.text, blob.out.size);
	fill_node(reader, blob.out.text, 0, reader->tree.root);
	tree_index_labels(reader->arena, &reader->tree);
	return READ_COMPLETE;
}
