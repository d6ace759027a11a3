/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead verify`: options, files, exit status. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "read.h"
#include "verify.h"

enum status { STATUS_PROVED, STATUS_FINDINGS, STATUS_TROUBLE };

/* An image is a few MiB; what is larger than this is none, and is not read into memory. */
#define IMAGE_MAX (UINT64_C(1) << 30)

struct verify_options {
	const char *image;
	const char *scenario; /* NULL: the image alone */
	struct read_options read;
	const char *color;
	bool report, list, help;
};

static const char help_text[] =
	"Usage: bulkhead verify [OPTION]... IMAGE.elf\n"
	"Proves from the finished image that its VMs are kept apart: walks all page tables, bitmaps and\n"
	"lists in it. Trusts nothing that made it.\n"
	"\n"
	"  --scenario FILE     also prove that the image is what this scenario declares\n"
	"  -I DIR              also look for the scenario's #include files in DIR\n"
	"  --report            list what each VM reaches, and print the proof's figures\n"
	"  --list-rules        list what is verified: code and what is wrong\n"
	"  --color=WHEN        auto (default), always or never; NO_COLOR in the environment is heeded\n"
	"  --help              show this text\n"
	"\n"
	"Exit status: 0 proved, 1 the image breaks a rule, 2 the tool could not do its work.\n";

/* --- Files --------------------------------------------------------------------------------------- */

/* Returns false. */
static bool trouble(const char *file, const char *why)
{
	fprintf(stderr, "bulkhead verify: error: %s: %s\n", file, why);
	return false;
}

/* Before it is opened, which for a pipe would wait. */
static bool is_image_file(const char *file, size_t *size)
{
	struct stat status;

	if (stat(file, &status))
		return trouble(file, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return trouble(file, S_ISDIR(status.st_mode) ? "it is a directory"
							     : "it is not a regular file");
	if ((uint64_t)status.st_size > IMAGE_MAX)
		return trouble(file, "it is too large for an image");
	*size = (size_t)status.st_size;
	return true;
}

static uint8_t *read_image(struct arena *arena, const char *file, size_t *size)
{
	FILE *stream;
	uint8_t *bytes;
	bool complete;

	if (!is_image_file(file, size))
		return NULL;
	stream = fopen(file, "rb");
	if (!stream) {
		trouble(file, strerror(errno));
		return NULL;
	}
	bytes = arena_alloc(arena, *size);
	complete = fread(bytes, 1, *size, stream) == *size;
	if (!complete)
		trouble(file, ferror(stream) ? strerror(errno) : "it became shorter");
	fclose(stream);
	return complete ? bytes : NULL;
}

static bool use_color(const struct verify_options *options)
{
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (strcmp(options->color, "auto") != 0)
		return !strcmp(options->color, "always");
	if (no_color && *no_color)
		return false;
	return isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

/* False after messages if it cannot be read without errors. */
static bool read_model(struct arena *arena, const struct verify_options *options,
		       struct model *model)
{
	struct sources sources = {.arena = arena};
	struct diagnostics diagnostics = {.arena = arena};
	enum read_status status = read_scenario(options->scenario, &options->read, arena, &sources,
						&diagnostics, model);

	if (status == READ_ENVIRONMENT)
		return false;
	if (status == READ_COMPLETE && !diagnostics_count(&diagnostics, SEVERITY_ERROR))
		return true;
	diagnostics_sort(&diagnostics);
	diagnostics_print(&diagnostics, &sources, stderr, use_color(options));
	return trouble(options->scenario,
		       "without a good scenario there is nothing to compare with");
}

/* --- Work ---------------------------------------------------------------------------------------- */

static enum status verify_file(struct arena *arena, const struct verify_options *options)
{
	struct model model = {0};
	size_t size = 0;
	const uint8_t *bytes = read_image(arena, options->image, &size);

	if (!bytes || (options->scenario && !read_model(arena, options, &model)))
		return STATUS_TROUBLE;
	const struct verify *verify =
		verify_image(arena, bytes, size, options->scenario ? &model : NULL);
	if (options->report)
		verify_print_report(verify, options->image, stdout);
	if (verify_total(verify)) {
		fflush(stdout);
		verify_print_findings(verify, options->image, stderr, use_color(options));
		return STATUS_FINDINGS;
	}
	verify_print_summary(verify, options->image, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		trouble("standard output", strerror(errno));
		return STATUS_TROUBLE;
	}
	return STATUS_PROVED;
}

static void list_rules(void)
{
	for (unsigned i = 0; i < VERIFY_RULE_COUNT; i++)
		printf("%s %s\n", verify_rules[i].code, verify_rules[i].title);
}

/* --- Options ------------------------------------------------------------------------------------- */

enum { OPTION_SCENARIO = 256, OPTION_REPORT, OPTION_LIST_RULES, OPTION_COLOR, OPTION_HELP };

static bool take_option(struct arena *arena, struct verify_options *options, int option)
{
	switch (option) {
	case OPTION_SCENARIO:
		options->scenario = optarg;
		return true;
	case 'I':
		*ARENA_PUSH(arena, options->read.include_folders, options->read.include_count) =
			optarg;
		return true;
	case OPTION_REPORT:
		options->report = true;
		return true;
	case OPTION_LIST_RULES:
		options->list = true;
		return true;
	case OPTION_HELP:
		options->help = true;
		return true;
	case OPTION_COLOR:
		options->color = optarg;
		if (!strcmp(optarg, "auto") || !strcmp(optarg, "always") ||
		    !strcmp(optarg, "never"))
			return true;
		fprintf(stderr,
			"bulkhead verify: error: --color must be auto, always or never, not \"%s\"\n",
			optarg);
		return false;
	default: /* getopt_long() has said what is wrong */
		fputs("Try bulkhead verify --help\n", stderr);
		return false;
	}
}

static bool parse_options(struct arena *arena, struct verify_options *options, int argc,
			  char **argv)
{
	static const struct option known[] = {
		{"scenario", required_argument, NULL, OPTION_SCENARIO},
		{"report", no_argument, NULL, OPTION_REPORT},
		{"list-rules", no_argument, NULL, OPTION_LIST_RULES},
		{"color", required_argument, NULL, OPTION_COLOR},
		{"help", no_argument, NULL, OPTION_HELP},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "I:", known, NULL)) != -1)
		if (!take_option(arena, options, option))
			return false;
	if (options->help || options->list)
		return true;
	if (argc - optind != 1) {
		fputs("bulkhead verify: error: give one image (see bulkhead verify --help)\n",
		      stderr);
		return false;
	}
	options->image = argv[optind];
	return true;
}

static enum status run(struct arena *arena, int argc, char **argv)
{
	struct verify_options options = {.color = "auto"};

	if (!parse_options(arena, &options, argc, argv))
		return STATUS_TROUBLE;
	if (options.help) {
		fputs(help_text, stdout);
		return STATUS_PROVED;
	}
	if (options.list) {
		list_rules();
		return STATUS_PROVED;
	}
	return verify_file(arena, &options);
}

int verify_main(int argc, char **argv)
{
	struct arena arena = {0};
	enum status status = run(&arena, argc, argv);

	arena_free(&arena);
	return (int)status;
}
