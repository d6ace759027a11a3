/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats share; for format*.c only. */
#ifndef BULKHEAD_TOOL_FORMAT_INTERNAL_H
#define BULKHEAD_TOOL_FORMAT_INTERNAL_H

#include <jansson.h>

#include "format.h"
#include "rules.h"

bool format_json(const struct examination *run, FILE *stream);
bool format_sarif(const struct examination *run, FILE *stream);
bool format_junit(const struct examination *run, FILE *stream);
bool format_github(const struct examination *run, FILE *stream);

/* Findings of all files together. */
unsigned format_count(const struct examination *run, enum severity severity);

/* A JSON string; jansson refuses what is not UTF-8, which then loses all that is not ASCII. */
json_t *format_text(const char *text);
/* The array with the value, both taken over; NULL, and both freed, if either is NULL. */
json_t *format_append(json_t *array, json_t *value);
/* Sets key to the value, which is taken over, unless it is NULL. */
void format_set(json_t *object, const char *key, json_t *value);
/* Writes the document and frees it; false if there is none, or writing failed. */
bool format_dump(json_t *document, FILE *stream);

#endif
