/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "monitor.h"

struct monitor_command {
	const char *name;
	const char *options; /* letters of common_options that it has */
	const char *help;
	int (*run)(const struct window *window, const struct monitor_options *options);
};

static const char source_help[] =
	"  --address=ADDRESS   the window's physical address; by default what /proc/iomem says\n"
	"  --file=FILE         look at a copy of the window instead (dd if=/dev/mem ...)\n"
	"  --help              show this text\n"
	"\n"
	"Exit status: 0 done, 1 the window holds nothing to show, 2 the tool could not do its work.\n";

static const struct monitor_command commands[] = {
	{"top", "1bdnj",
	 "Usage: bulkhead top [OPTION]...\n"
	 "In a VM with a node monitor@...: shows all VMs, their states and the exits of every core, by\n"
	 "reason, with their times. Again and again until Ctrl-C.\n"
	 "\n"
	 "  -1, --once          show it once: totals, no rates\n"
	 "  -b, --batch         do not clear the screen in between\n"
	 "  -d, --delay=SECONDS time from one to the next, 0.1 to 3600; 1 by default\n"
	 "  -n, --times=N       end after so many\n"
	 "  --json              one JSON object a time, one a line\n",
	 monitor_top},
	{"log", "fcx",
	 "Usage: bulkhead log [OPTION]...\n"
	 "In a VM with a node monitor@...: prints the hypervisor's log as far as it is still there, core\n"
	 "by core.\n"
	 "\n"
	 "  -f, --follow        go on with new lines until Ctrl-C\n"
	 "  -c, --core=N        of this core only\n"
	 "  --crashes           print the crash records instead\n",
	 monitor_log},
	{"trace", "oc",
	 "Usage: bulkhead trace [OPTION]... -o DIR\n"
	 "In a VM with a node monitor@...: writes the last exits of every core into the folder DIR as a\n"
	 "trace in Common Trace Format 1.8, which babeltrace2 and Trace Compass open.\n"
	 "\n"
	 "  -o, --output=DIR    where to write; created if it is missing\n"
	 "  -c, --core=N        of this core only\n",
	 monitor_trace},
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

bool monitor_wait(double seconds)
{
	const time_t whole = (time_t)seconds;
	struct timespec time = {.tv_sec = whole,
				.tv_nsec = (long)((seconds - (double)whole) * 1e9)};

	if (fflush(stdout) || ferror(stdout))
		return false;
	while (!interrupted && nanosleep(&time, &time) != 0 && errno == EINTR)
		;
	return !interrupted;
}

enum { OPTION_ADDRESS = 256, OPTION_FILE, OPTION_HELP, OPTION_JSON, OPTION_CRASHES };

static bool number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value <= most;
}

static bool bad(const char *command, const char *what, const char *value)
{
	fprintf(stderr, "bulkhead %s: error: %s, not \"%s\"\n", command, what, value);
	return false;
}

static bool take_delay(struct monitor_options *options, const char *command)
{
	char *end;

	options->delay = strtod(optarg, &end);
	if (*end || end == optarg || !(options->delay >= 0.1 && options->delay <= 3600))
		return bad(command, "--delay is 0.1 to 3600 seconds", optarg);
	return true;
}

static bool take_number(const char *command, const char *what, uint64_t least, uint64_t most,
			uint64_t *value)
{
	if (!number(optarg, most, value) || *value < least)
		return bad(command, what, optarg);
	return true;
}

static bool take(struct monitor_options *options, const char *command, int option, bool *help)
{
	uint64_t value = 0;
	bool ok = true;

	switch (option) {
	case '1':
		options->times = 1;
		options->batch = true;
		break;
	case 'b':
		options->batch = true;
		break;
	case 'd':
		return take_delay(options, command);
	case 'n':
		ok = take_number(command, "--times is a number from 1 on", 1, UINT32_MAX, &value);
		options->times = (uint32_t)value;
		break;
	case 'f':
		options->follow = true;
		break;
	case 'c':
		ok = take_number(command, "--core is the number of a core", 0, UINT32_MAX - 1,
				 &value);
		options->core = (uint32_t)value;
		break;
	case 'o':
		options->output = optarg;
		break;
	case OPTION_JSON:
		options->json = true;
		options->batch = true;
		break;
	case OPTION_CRASHES:
		options->crashes = true;
		break;
	case OPTION_FILE:
		options->source.file = optarg;
		break;
	case OPTION_ADDRESS:
		ok = take_number(command, "--address is a multiple of 4096", 4096, UINT64_MAX,
				 &value) &&
		     (value % 4096 == 0 || bad(command, "--address is a multiple of 4096", optarg));
		options->source.address = value;
		break;
	case OPTION_HELP:
		*help = true;
		break;
	default:
		return false;
	}
	return ok;
}

static const struct option all_options[] = {
	{"once", no_argument, NULL, '1'},
	{"batch", no_argument, NULL, 'b'},
	{"delay", required_argument, NULL, 'd'},
	{"times", required_argument, NULL, 'n'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"follow", no_argument, NULL, 'f'},
	{"core", required_argument, NULL, 'c'},
	{"crashes", no_argument, NULL, OPTION_CRASHES},
	{"output", required_argument, NULL, 'o'},
	{"address", required_argument, NULL, OPTION_ADDRESS},
	{"file", required_argument, NULL, OPTION_FILE},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

/* Every command refuses what only others have. */
static bool has_option(const struct monitor_command *command, int option)
{
	if (option == OPTION_JSON)
		option = 'j';
	if (option == OPTION_CRASHES)
		option = 'x';
	return option > 255 || strchr(command->options, option);
}

static bool parse(struct monitor_options *options, const struct monitor_command *command, int argc,
		  char **argv, bool *help)
{
	bool ok = true;
	int option;

	while (ok && (option = getopt_long(argc, argv, "1bd:n:fc:o:", all_options, NULL)) != -1) {
		if (option != '?' && !has_option(command, option)) {
			fprintf(stderr, "bulkhead %s: error: there is no such option\n",
				command->name);
			ok = false;
		} else {
			ok = take(options, command->name, option, help);
		}
	}
	if (ok && !*help && optind < argc) {
		fprintf(stderr, "bulkhead %s: error: \"%s\" is too much\n", command->name,
			argv[optind]);
		ok = false;
	}
	if (!ok)
		fprintf(stderr, "Try bulkhead %s --help\n", command->name);
	return ok;
}

static int run(const struct monitor_command *command, const struct monitor_options *options)
{
	struct sigaction action = {.sa_handler = interrupt};
	struct window window;
	char name[32];
	int status;

	snprintf(name, sizeof(name), "bulkhead %s", command->name);
	if (!window_open(&window, &options->source, name))
		return MONITOR_TROUBLE;
	if (options->core != MONITOR_NONE && options->core >= window.header.core_count) {
		fprintf(stderr, "%s: error: there are only %u cores\n", name,
			window.header.core_count);
		window_close(&window);
		return MONITOR_TROUBLE;
	}
	sigaction(SIGINT, &action, NULL);
	status = command->run(&window, options);
	window_close(&window);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "%s: error: cannot write to standard output\n", name);
		status = MONITOR_TROUBLE;
	}
	return status;
}

int monitor_main(int argc, char **argv)
{
	struct monitor_options options = {.delay = 1, .core = MONITOR_NONE};
	bool help = false;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		if (!parse(&options, &commands[i], argc, argv, &help))
			return MONITOR_TROUBLE;
		if (!help)
			return run(&commands[i], &options);
		fputs(commands[i].help, stdout);
		fputs(source_help, stdout);
		return MONITOR_DONE;
	}
	return MONITOR_TROUBLE;
}
