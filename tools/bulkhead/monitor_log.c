/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "monitor.h"

#define POLL_SECONDS 0.2

/* Lines go to a terminal: nothing in them may control it. */
static void print_lines(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		putchar(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~') ? text[i] : '?');
}

static bool wanted(const struct monitor_options *options, uint32_t core)
{
	return options->core == MONITOR_NONE || options->core == core;
}

static void print_new(const struct window *window, uint32_t core, uint32_t *position)
{
	uint32_t lost = 0;
	size_t length;
	char *text = window_log(window, core, position, &lost, &length);

	if (lost)
		printf("[%" PRIu32 " log] %" PRIu32
		       " bytes were overwritten before they could be read\n",
		       core, lost);
	if (text)
		print_lines(text, length);
	free(text);
}

/* Where whole lines begin: what is left of the first one, if its beginning is gone, is skipped. */
static uint32_t first_line(const struct window *window, uint32_t core)
{
	uint32_t start = window_log_start(window, core), position = start, lost = 0;
	size_t length, skip = 0;
	char *text;

	if (start == 0)
		return 0;
	text = window_log(window, core, &position, &lost, &length);
	while (text && skip < length && text[skip] != '\n')
		skip++;
	free(text);
	return position - (uint32_t)(text ? length - skip - (skip < length) : 0);
}

static int follow(const struct window *window, const struct monitor_options *options,
		  uint32_t *positions)
{
	do {
		for (uint32_t core = 0; core < window->header.core_count; core++)
			if (wanted(options, core))
				print_new(window, core, &positions[core]);
	} while (options->follow && monitor_wait(POLL_SECONDS));
	return MONITOR_DONE;
}

static void print_record(const struct crash_record *record)
{
	uint64_t frequency = record->tsc_frequency_hz ? record->tsc_frequency_hz : 1;

	printf("APIC id %" PRIu32 ", %" PRIu64 ".%03" PRIu64 " s after power-on, %s%s: ",
	       record->apic_id, record->tsc / frequency, record->tsc % frequency * 1000 / frequency,
	       record->kind == CRASH_VM ? "VM " : "the hypervisor", record->vm);
	printf("%s (%s)\n", record->reason, record->boots ? "of an earlier run" : "of this run");
	print_lines(record->log, record->log_length);
}

static int print_crashes(const struct window *window, const struct monitor_options *options)
{
	struct crash_record record;
	int status = MONITOR_NOTHING;

	for (uint32_t core = 0; core < window->header.core_count; core++) {
		if (!wanted(options, core) || !window_crash(window, core, &record))
			continue;
		print_record(&record);
		status = MONITOR_DONE;
	}
	if (status == MONITOR_NOTHING)
		fputs("bulkhead log: there is no crash record\n", stderr);
	return status;
}

int monitor_log(const struct window *window, const struct monitor_options *options)
{
	uint32_t count = window->header.core_count;
	uint32_t *positions = calloc(count + 1, sizeof(*positions));
	int status;

	if (!positions)
		return MONITOR_TROUBLE;
	for (uint32_t core = 0; core < count; core++)
		positions[core] = first_line(window, core);
	status = options->crashes ? print_crashes(window, options)
				  : follow(window, options, positions);
	free(positions);
	return status;
}
