/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead top`, `bulkhead log`, `bulkhead trace`: for the Linux of a VM that has the monitor's window. */
#ifndef BULKHEAD_TOOL_MONITOR_H
#define BULKHEAD_TOOL_MONITOR_H

#include "monitor_window.h"

/* Exit status: 0 done, 1 the window holds nothing to show, 2 the tool could not do its work. */
enum { MONITOR_DONE = 0, MONITOR_NOTHING = 1, MONITOR_TROUBLE = 2 };

struct monitor_options {
	struct window_source source;
	const char *output;
	double delay;   /* seconds */
	uint32_t times; /* 0: without end */
	uint32_t core;  /* MONITOR_NONE: all */
	bool batch;
	bool json;
	bool follow;
	bool crashes;
};

int monitor_top(const struct window *window, const struct monitor_options *options);
int monitor_log(const struct window *window, const struct monitor_options *options);
int monitor_trace(const struct window *window, const struct monitor_options *options);

/* argv[0] is the command's name: top, log or trace. */
int monitor_main(int argc, char **argv);

/* Sleeps; false if Ctrl-C came, or output can't be written any more. */
bool monitor_wait(double seconds);

#endif
