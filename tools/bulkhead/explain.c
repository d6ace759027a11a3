/* SPDX-License-Identifier: Apache-2.0 */
/* bulkhead explain: what a rule means, on the terminal. */
#include "explain.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bulkhead/machine_rules.h"
#include "pages.h"
#include "rules.h"
#include "suggest.h"
#include "verify.h"

#define NEAR_CODES 3

const char *page_of(const char *code)
{
	for (unsigned i = 0; i < page_count; i++)
		if (!strcasecmp(pages[i].code, code))
			return pages[i].text;
	return NULL;
}

static bool use_style(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && terminal &&
	       strcmp(terminal, "dumb");
}

/* A line of text without the addresses of its links: "[BH2006](BH2006.md)" is BH2006. */
static void print_text(const char *line, size_t length)
{
	const char *end = line + length;

	while (line < end) {
		const char *middle =
			*line == '[' ? memmem(line, (size_t)(end - line), "](", 2) : NULL;
		const char *close = middle ? memchr(middle, ')', (size_t)(end - middle)) : NULL;
		if (close) {
			fwrite(line + 1, 1, (size_t)(middle - line - 1), stdout);
			line = close + 1;
		} else {
			putchar(*line++);
		}
	}
	putchar('\n');
}

static void print_heading(const char *line, size_t length, bool style)
{
	size_t skip = strspn(line, "# ");

	printf("%s%.*s%s\n", style ? "\033[1m" : "", (int)(length - skip), line + skip,
	       style ? "\033[0m" : "");
}

/* Markdown as the pages use it: headings, fenced blocks, links. */
static void print_page(const char *text, bool style)
{
	bool code = false;

	while (*text) {
		size_t length = strcspn(text, "\n");
		if (!strncmp(text, "```", 3))
			code = !code;
		else if (code)
			printf("%s%.*s\n", length ? "    " : "", (int)length, text);
		else if (*text == '#')
			print_heading(text, length, style);
		else
			print_text(text, length);
		text += length + (text[length] == '\n');
	}
}

/* Upper case is what the table has. */
static unsigned distance(const char *wanted, const char *code)
{
	char upper[16] = "";

	for (size_t i = 0; wanted[i] && i + 1 < sizeof(upper); i++)
		upper[i] =
			(char)(wanted[i] >= 'a' && wanted[i] <= 'z' ? wanted[i] - 32 : wanted[i]);
	struct suggestion suggestion = suggestion_start(upper);
	suggestion_offer(&suggestion, code);
	return suggestion.best ? suggestion.distance : UINT32_MAX;
}

/* The first few of those that are as near as any. */
static void report_unknown(const char *wanted)
{
	unsigned nearest = UINT32_MAX;
	unsigned named = 0;

	for (unsigned i = 0; i < page_count; i++)
		if (distance(wanted, pages[i].code) < nearest)
			nearest = distance(wanted, pages[i].code);
	fprintf(stderr, "bulkhead explain: error: there is no rule \"%s\"", wanted);
	for (unsigned i = 0; nearest != UINT32_MAX && i < page_count && named < NEAR_CODES; i++)
		if (distance(wanted, pages[i].code) == nearest)
			fprintf(stderr, "%s%s", named++ ? ", " : "; the nearest: ", pages[i].code);
	fputs(" (see bulkhead explain --list)\n", stderr);
}

static int explain(char **codes, int count)
{
	bool style = use_style();
	int status = 0;
	bool first = true;

	for (int i = 0; i < count; i++) {
		const char *page = page_of(codes[i]);
		if (!page) {
			report_unknown(codes[i]);
			status = 2;
			continue;
		}
		if (!first)
			putchar('\n');
		first = false;
		print_page(page, style);
	}
	return status;
}

static void list_error(const char *code, const char *title)
{
	printf("%s %-7s %s\n", code, severity_name(SEVERITY_ERROR), title);
}

#define LIST_MACHINE_RULE(code, name, title) list_error(#code, title);

static int list_rules(void)
{
	for (unsigned i = 0; i < rule_count; i++)
		printf("%s %-7s %s\n", rules[i].code, severity_name(rules[i].severity),
		       rules[i].title);
	for (unsigned i = 0; i < VERIFY_RULE_COUNT; i++)
		if (verify_rules[i].code)
			list_error(verify_rules[i].code, verify_rules[i].title);
	MACHINE_RULES(LIST_MACHINE_RULE)
	return 0;
}

static const char help_text[] =
	"Usage: bulkhead explain CODE...\n"
	"       bulkhead explain --list\n"
	"Prints the page of a rule: what it means, why it matters, an example that breaks it and\n"
	"one that does not, and what to do. CODE is that of a finding, such as BH3004 of bulkhead\n"
	"check, BHB201 of bulkhead verify, or BHC101 of the hypervisor when it boots.\n"
	"\n"
	"  --list              list all rules: code, severity, title\n"
	"  --help              show this text\n"
	"\n"
	"Exit status: 0, or 2 if there is no such rule.\n";

int explain_main(int argc, char **argv)
{
	static const struct option known[] = {
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option = getopt_long(argc, argv, "", known, NULL);

	if (option == 'l')
		return list_rules();
	if (option == 'h') {
		fputs(help_text, stdout);
		return 0;
	}
	if (option != -1 || optind == argc) {
		fputs("Usage: bulkhead explain CODE... (see bulkhead explain --help)\n", stderr);
		return 2;
	}
	return explain(argv + optind, argc - optind);
}
