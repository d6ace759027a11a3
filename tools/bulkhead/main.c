/* SPDX-License-Identifier: Apache-2.0 */
/* The bulkhead command. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "emit.h"
#include "explain.h"
#include "format.h"
#include "monitor.h"
#include "place.h"
#include "read.h"
#include "report.h"
#include "rules.h"
#include "show.h"
#include "verify.h"

#define VERSION "0.1"

enum exit_status {
	EXIT_CLEAN = 0,
	EXIT_FINDINGS = 1,
	EXIT_TROUBLE = 2, /* usage, or a program or folder that is missing */
};

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	struct arena arena;
	struct read_options read;
	const char *module_folder;
	const char *output;
	enum color color;
	enum format format;
	bool list_rules;
	bool help;
};

struct command {
	const char *name;
	const char *summary;
	const char *help;
	enum exit_status (*run)(struct options *options, char **files, int file_count);
};

static const char common_help[] =
	"  -I DIR              also look for #include files in DIR\n"
	"  --modules DIR       guest images are in DIR: refuse a scenario that needs a missing one\n"
	"  --color=WHEN        auto (default), always or never; NO_COLOR in the environment is heeded\n"
	"  --help              show this text\n"
	"\n"
	"Exit status: 0 without errors, 1 with errors in a scenario, 2 if the tool could not do its work.\n";

static bool use_color(const struct options *options)
{
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (options->color != COLOR_AUTO)
		return options->color == COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	return isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb");
}

/* Everything about one file; the arena holds it. */
struct run {
	struct arena arena;
	enum read_status status;
	struct sources sources;
	struct diagnostics diagnostics;
	struct model model;
	struct placement placement;
};

/* False if the tool could not do its work; findings are in run->diagnostics. */
static bool examine(struct run *run, const char *file, const struct options *options)
{
	run->sources.arena = &run->arena;
	run->diagnostics.arena = &run->arena;
	run->status = read_scenario(file, &options->read, &run->arena, &run->sources,
				    &run->diagnostics, &run->model);
	if (run->status == READ_ENVIRONMENT)
		return false;
	if (run->status == READ_COMPLETE) {
		place_memory(&run->model, &run->arena, &run->placement);
		rules_run(&run->model, &run->placement, options->module_folder, &run->arena,
			  &run->diagnostics);
	}
	diagnostics_sort(&run->diagnostics);
	diagnostics_print(&run->diagnostics, &run->sources, stderr, use_color(options));
	return true;
}

static void count_findings(unsigned totals[SEVERITY_COUNT], const struct diagnostics *diagnostics)
{
	for (unsigned i = 0; i < SEVERITY_COUNT; i++)
		totals[i] += diagnostics_count(diagnostics, (enum severity)i);
}

static void list_rules(void)
{
	for (unsigned i = 0; i < rule_count; i++)
		printf("%s %-7s %s\n", rules[i].code, severity_name(rules[i].severity),
		       rules[i].title);
}

/* The findings once more for other programs, on standard output. */
static enum exit_status write_findings(struct options *options, const struct run *runs,
				       char **files, unsigned count, enum exit_status status)
{
	struct examined *examined = arena_alloc(&options->arena, count * sizeof(*examined));
	struct examination run = {VERSION, examined, count, (int)status};

	for (unsigned i = 0; i < count; i++)
		examined[i] = (struct examined){
			.file = files[i],
			.complete = runs[i].status == READ_COMPLETE,
			.diagnostics = &runs[i].diagnostics,
			.sources = (struct sources *)&runs[i].sources,
		};
	if (format_write(options->format, &run, stdout))
		return status;
	fputs("bulkhead: error: cannot write the findings to standard output\n", stderr);
	return EXIT_TROUBLE;
}

/* Examines the files up to one with which the tool could not do its work. */
static enum exit_status check_all(const struct options *options, struct run *runs, char **files,
				  unsigned *count)
{
	unsigned totals[SEVERITY_COUNT] = {0};

	for (unsigned i = 0; i < *count; i++) {
		if (!examine(&runs[i], files[i], options)) {
			*count = i + 1;
			return EXIT_TROUBLE;
		}
		count_findings(totals, &runs[i].diagnostics);
	}
	diagnostics_print_summary(totals, stderr);
	return totals[SEVERITY_ERROR] ? EXIT_FINDINGS : EXIT_CLEAN;
}

static enum exit_status run_check(struct options *options, char **files, int file_count)
{
	unsigned count = (unsigned)file_count;

	if (options->list_rules) {
		list_rules();
		return EXIT_CLEAN;
	}
	if (file_count == 0) {
		fputs("bulkhead check: error: no scenario given (see bulkhead check --help)\n",
		      stderr);
		return EXIT_TROUBLE;
	}
	struct run *runs = arena_alloc(&options->arena, count * sizeof(*runs));
	enum exit_status status = check_all(options, runs, files, &count);
	status = write_findings(options, runs, files, count, status);
	for (unsigned i = 0; i < count; i++)
		arena_free(&runs[i].arena);
	return status;
}

static enum exit_status run_build(struct options *options, char **files, int file_count)
{
	struct run run = {0};
	unsigned count = 1;

	if (file_count != 1 || !options->output) {
		fputs("bulkhead build: error: give one scenario and -o DIR (see bulkhead build --help)\n",
		      stderr);
		return EXIT_TROUBLE;
	}
	enum exit_status status = check_all(options, &run, files, &count);
	if (status == EXIT_CLEAN && emit_all(&run.model, options->output))
		status = EXIT_TROUBLE;
	status = write_findings(options, &run, files, count, status);
	arena_free(&run.arena);
	return status;
}

/* A scenario with errors is shown as well, as far as it could be read. */
static enum exit_status show(struct options *options, char **files, int file_count,
			     void (*write)(FILE *stream, const struct report *report))
{
	struct run run = {0};
	enum exit_status status = EXIT_TROUBLE;

	if (file_count != 1 || !options->output) {
		fputs("bulkhead: error: give one scenario and -o FILE (see bulkhead report --help)\n",
		      stderr);
		return EXIT_TROUBLE;
	}
	struct report report = {
		.arena = &run.arena,
		.model = &run.model,
		.placement = &run.placement,
		.diagnostics = &run.diagnostics,
		.sources = &run.sources,
		.module_folder = options->module_folder,
	};
	if (examine(&run, files[0], options) && report_save(&report, write, options->output))
		status = diagnostics_count(&run.diagnostics, SEVERITY_ERROR) ? EXIT_FINDINGS
									     : EXIT_CLEAN;
	arena_free(&run.arena);
	return status;
}

static enum exit_status run_report(struct options *options, char **files, int file_count)
{
	return show(options, files, file_count, report_write);
}

static enum exit_status run_map(struct options *options, char **files, int file_count)
{
	return show(options, files, file_count, map_write);
}

static enum exit_status run_show(struct options *options, char **files, int file_count)
{
	struct run run = {0};
	unsigned count = 1;

	if (file_count != 1 || options->output) {
		fputs("bulkhead show: error: give one scenario; it is written to standard output\n",
		      stderr);
		return EXIT_TROUBLE;
	}
	enum exit_status status = check_all(options, &run, files, &count);
	if (status == EXIT_CLEAN) {
		show_scenario(stdout, &run.model);
		if (fflush(stdout) || ferror(stdout)) {
			fputs("bulkhead: error: cannot write to standard output\n", stderr);
			status = EXIT_TROUBLE;
		}
	}
	arena_free(&run.arena);
	return status;
}

static const struct command commands[] = {
	{
		.name = "check",
		.summary = "examine scenarios and report everything that is wrong with them",
		.help = "Usage: bulkhead check [OPTION]... FILE...\n"
			"Examines each scenario by itself and reports all findings.\n"
			"\n"
			"  --list-rules        list the rules: code, severity, what is wrong\n"
			"  --format=FORMAT     also write the findings to standard output for other programs:\n"
			"                      json, sarif, junit or github (text, the default, writes nothing)\n",
		.run = run_check,
	},
	{
		.name = "build",
		.summary = "turn a scenario into the hypervisor's tables",
		.help = "Usage: bulkhead build [OPTION]... FILE -o DIR\n"
			"Examines the scenario and, if it has no errors, writes its tables into DIR.\n"
			"\n"
			"  -o DIR              where to write; created if it is missing\n"
			"  --format=FORMAT     as with bulkhead check\n",
		.run = run_build,
	},
	{
		.name = "report",
		.summary = "write a page that shows who owns what, for a browser",
		.help = "Usage: bulkhead report [OPTION]... FILE -o FILE.html\n"
			"Writes one HTML page that shows the scenario and what is wrong with it. It needs no\n"
			"other file and no network.\n"
			"\n"
			"  -o FILE             where to write; - for standard output\n",
		.run = run_report,
	},
	{
		.name = "map",
		.summary = "write the picture of cores and memory alone, as SVG",
		.help = "Usage: bulkhead map [OPTION]... FILE -o FILE.svg\n"
			"Writes one SVG picture of the cores and the memory and their owners.\n"
			"\n"
			"  -o FILE             where to write; - for standard output\n",
		.run = run_map,
	},
	{
		.name = "show",
		.summary = "print the scenario with everything that the tool chose",
		.help = "Usage: bulkhead show [OPTION]... FILE\n"
			"Prints the scenario, if it has no errors, as a scenario that stands alone: includes and\n"
			"macros resolved, host addresses, modules and defaults explicit. Built, it makes the same\n"
			"tables but for the scenario's hash.\n"
			"\n",
		.run = run_show,
	},
	{.name = "explain", .summary = "say what a rule means, with examples"},
	{.name = "verify", .summary = "prove from a finished image that its VMs are kept apart"},
	{.name = "top", .summary = "in a monitor VM: show VMs, states and exits live"},
	{.name = "log", .summary = "in a monitor VM: print the hypervisor's log"},
	{.name = "trace", .summary = "in a monitor VM: write the last exits as a CTF trace"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static void print_help(void)
{
	puts("Usage: bulkhead COMMAND [OPTION]... FILE...\n"
	     "The scenario compiler of the Bulkhead hypervisor.\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-20s%s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "  --help              show this text; bulkhead COMMAND --help says more\n"
	     "  --version           show the version\n"
	     "\n"
	     "docs/scenario.md describes the language of scenarios.");
}

static bool set_color(struct options *options, const char *when)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], when)) {
			options->color = (enum color)i;
			return true;
		}
	fprintf(stderr, "bulkhead: error: --color must be auto, always or never, not \"%s\"\n",
		when);
	return false;
}

static bool set_format(struct options *options, const char *name)
{
	options->format = format_by_name(name);
	if (options->format != FORMAT_COUNT)
		return true;
	fprintf(stderr,
		"bulkhead: error: --format must be text, json, sarif, junit or github, not \"%s\"\n",
		name);
	return false;
}

enum { OPTION_MODULES = 256, OPTION_COLOR, OPTION_FORMAT, OPTION_LIST_RULES, OPTION_HELP };

static bool take_option(struct options *options, const char *command, int option)
{
	switch (option) {
	case 'I':
		*ARENA_PUSH(&options->arena, options->read.include_folders,
			    options->read.include_count) = optarg;
		return true;
	case 'o':
		options->output = optarg;
		return true;
	case OPTION_MODULES:
		options->module_folder = optarg;
		return true;
	case OPTION_COLOR:
		return set_color(options, optarg);
	case OPTION_FORMAT:
		return set_format(options, optarg);
	case OPTION_LIST_RULES:
		options->list_rules = true;
		return true;
	case OPTION_HELP:
		options->help = true;
		return true;
	default: /* getopt_long() has said what is wrong */
		fprintf(stderr, "Try bulkhead %s --help\n", command);
		return false;
	}
}

static bool parse_options(struct options *options, const char *command, int argc, char **argv)
{
	static const struct option known[] = {
		{"modules", required_argument, NULL, OPTION_MODULES},
		{"color", required_argument, NULL, OPTION_COLOR},
		{"format", required_argument, NULL, OPTION_FORMAT},
		{"list-rules", no_argument, NULL, OPTION_LIST_RULES},
		{"help", no_argument, NULL, OPTION_HELP},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "I:o:", known, NULL)) != -1)
		if (!take_option(options, command, option))
			return false;
	return true;
}

static enum exit_status run_command(const struct command *command, int argc, char **argv)
{
	struct options options = {0};
	enum exit_status status = EXIT_TROUBLE;

	if (parse_options(&options, command->name, argc, argv)) {
		if (options.help) {
			fputs(command->help, stdout);
			fputs(common_help, stdout);
			status = EXIT_CLEAN;
		} else {
			status = command->run(&options, argv + optind, argc - optind);
		}
	}
	arena_free(&options.arena);
	return status;
}

/* cpp's and dtc's messages are parsed, so they must not be translated. */
static void fix_locale(void)
{
	if (setenv("LC_ALL", "C", 1)) {
		fprintf(stderr, "bulkhead: error: setenv: %s\n", strerror(errno));
		exit(EXIT_TROUBLE);
	}
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		print_help();
		return EXIT_CLEAN;
	}
	if (!strcmp(name, "--version")) {
		puts("bulkhead " VERSION);
		return EXIT_CLEAN;
	}
	fix_locale();
	if (!strcmp(name, "explain"))
		return explain_main(argc - 1, argv + 1);
	if (!strcmp(name, "verify"))
		return verify_main(argc - 1, argv + 1);
	if (!strcmp(name, "top") || !strcmp(name, "log") || !strcmp(name, "trace"))
		return monitor_main(argc - 1, argv + 1);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(name, commands[i].name))
			return (int)run_command(&commands[i], argc - 1, argv + 1);
	if (*name)
		fprintf(stderr, "bulkhead: error: there is no command \"%s\"\n", name);
	fputs("Usage: bulkhead COMMAND [OPTION]... FILE... (see bulkhead --help)\n", stderr);
	return EXIT_TROUBLE;
}
