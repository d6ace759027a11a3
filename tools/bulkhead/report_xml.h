/* SPDX-License-Identifier: Apache-2.0 */
/* Text of HTML and SVG documents, both of which are written as well-formed XML. */
#ifndef BULKHEAD_TOOL_REPORT_XML_H
#define BULKHEAD_TOOL_REPORT_XML_H

#include <stdio.h>

/*
 * The text as a reader sees it, in element content and in attribute values alike. What XML cannot hold
 * (bytes that are not UTF-8, control characters) and what turns the direction of writing becomes U+FFFD.
 */
void xml_text(FILE *stream, const char *text);

/*
 * Like printf(), but every string is escaped as by xml_text(), so that nothing from a scenario can become
 * markup. Conversions: %s %u %d %lu %lx %.1f %%, without flags or widths.
 */
void xml_print(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
