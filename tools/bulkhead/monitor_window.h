/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's window as a program in the monitor VM sees it (bulkhead/monitor.h): found in /proc/iomem and
 * mapped from /dev/mem, or a copy of it in a file. What is in it is not trusted: a file may hold anything.
 */
#ifndef BULKHEAD_TOOL_MONITOR_WINDOW_H
#define BULKHEAD_TOOL_MONITOR_WINDOW_H

#include "bulkhead/monitor.h"

struct window {
	const volatile uint8_t *bytes;
	size_t size;
	bool live;                    /* it changes while it is looked at */
	struct monitor_header header; /* a copy, as far as the arrays; layout checked */
};

/* Where the window is: a file if not NULL, else the address if not 0, else what /proc/iomem says. */
struct window_source {
	const char *file;
	uint64_t address;
};

/* False with a message on stderr that begins with `command`. */
bool window_open(struct window *window, const struct window_source *source, const char *command);
void window_close(struct window *window);

/* Elements by index below the header's counts. */
struct monitor_vm window_vm(const struct window *window, uint32_t index);
struct monitor_core window_core(const struct window *window, uint32_t index);

/* Copies a word of one of the header's lists; a number if the list does not have it. */
#define WINDOW_WORD_SIZE 64
void window_state(const struct window *window, uint32_t state, char word[WINDOW_WORD_SIZE]);
void window_reason(const struct window *window, uint32_t reason, char word[WINDOW_WORD_SIZE]);
void window_exit(const struct window *window, uint32_t reason, char word[WINDOW_WORD_SIZE]);
void window_register(const struct window *window, uint32_t number, char word[WINDOW_WORD_SIZE]);

/* What a core has counted. `valid` false: nothing that this program knows. */
struct window_counters {
	bool valid;
	bool timed;
	uint64_t started;
	uint32_t count;
	struct exit_counter exits[EXIT_REASON_COUNT];
};
void window_counters(const struct window *window, uint32_t core, struct window_counters *counters);

/* The last exits of a core, oldest first; false if it keeps none. The caller frees *records. */
bool window_records(const struct window *window, uint32_t core, struct exit_record **records,
		    uint32_t *count);

/*
 * Appends the core's lines from *position on, as far as they are still there, to a text that the caller frees.
 * *position moves behind them; *lost counts bytes that were overwritten before they could be read. NULL: none.
 */
char *window_log(const struct window *window, uint32_t core, uint32_t *position, uint32_t *lost,
		 size_t *length);
/* The oldest position that is still there. */
uint32_t window_log_start(const struct window *window, uint32_t core);

/* The core's crash record; false if there is none, or it is damaged. */
bool window_crash(const struct window *window, uint32_t core, struct crash_record *record);

#endif
