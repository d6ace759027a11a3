/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

#include <stdlib.h>
#include <string.h>

#include "format_internal.h"

static const struct {
	const char *name;
	bool (*write)(const struct examination *run, FILE *stream);
} formats[FORMAT_COUNT] = {
	[FORMAT_TEXT] = {"text", NULL},
	[FORMAT_JSON] = {"json", format_json},
	[FORMAT_SARIF] = {"sarif", format_sarif},
	[FORMAT_JUNIT] = {"junit", format_junit},
	[FORMAT_GITHUB] = {"github", format_github},
};

enum format format_by_name(const char *name)
{
	unsigned i = 0;

	while (i < FORMAT_COUNT && strcmp(formats[i].name, name))
		i++;
	return (enum format)i;
}

bool format_write(enum format format, const struct examination *run, FILE *stream)
{
	bool written = !formats[format].write || formats[format].write(run, stream);

	return fflush(stream) == 0 && !ferror(stream) && written;
}

unsigned format_count(const struct examination *run, enum severity severity)
{
	unsigned count = 0;

	for (unsigned i = 0; i < run->count; i++)
		count += diagnostics_count(run->files[i].diagnostics, severity);
	return count;
}

json_t *format_text(const char *text)
{
	json_t *string = json_string(text);
	char *ascii = string ? NULL : strdup(text);

	if (!ascii)
		return string;
	for (char *byte = ascii; *byte; byte++)
		if ((unsigned char)*byte >= 0x80)
			*byte = '?';
	string = json_string(ascii);
	free(ascii);
	return string;
}

json_t *format_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) == 0)
		return array;
	json_decref(array);
	return NULL;
}

void format_set(json_t *object, const char *key, json_t *value)
{
	if (value)
		json_object_set_new(object, key, value);
}

bool format_dump(json_t *document, FILE *stream)
{
	if (!document)
		return false;
	bool written =
		json_dumpf(document, stream, JSON_INDENT(2)) == 0 && fputc('\n', stream) != EOF;
	json_decref(document);
	return written;
}
