/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 1024

static struct {
	enum log_level level;
	char text[512];
} lines[LINES_MAX];
static unsigned line_count;

/* By the beginning of the format, which is taken off. */
static enum log_level take_level(const char **fmt)
{
	static const char *const names[] = {"error: ", "warning: ", "info: ", "debug: "};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(*fmt, names[i], strlen(names[i])) == 0) {
			*fmt += strlen(names[i]);
			return (enum log_level)i;
		}
	}
	abort(); /* whoever called log_line() itself */
}

void log_line(const char *fmt, ...)
{
	va_list arguments;

	if (line_count == LINES_MAX)
		abort(); /* a test that logs so much forgot fake_log_clear() */
	lines[line_count].level = take_level(&fmt);
	va_start(arguments, fmt);
	vsnprintf(lines[line_count].text, sizeof(lines[line_count].text), fmt, arguments);
	va_end(arguments);
	line_count++;
}

void log_flush(void)
{
}

void fake_log_clear(void)
{
	line_count = 0;
}

unsigned fake_log_count(enum log_level level)
{
	unsigned count = 0;

	for (unsigned i = 0; i < line_count; i++)
		count += lines[i].level == level;
	return count;
}

bool fake_log_has(enum log_level level, const char *text)
{
	for (unsigned i = 0; i < line_count; i++) {
		if (lines[i].level == level && strstr(lines[i].text, text) != NULL)
			return true;
	}
	return false;
}

void fake_log_dump(void)
{
	for (unsigned i = 0; i < line_count; i++)
		fprintf(stderr, "log %d: %s\n", (int)lines[i].level, lines[i].text);
}
