/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log with a console that keeps what it gets. "Another core" is the same thread with another
 * current_core, called out of the console while the first one prints: the one place where the first
 * core's state is certain. The last tests use real threads; tests/unit/unit.mk builds this file a
 * second time with ThreadSanitizer.
 */
#include "lib/log.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "lib/console.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORES 4

static struct cpu cores[CORES];
uint32_t cpu_count = CORES;
static _Thread_local uint32_t current_core;

static char console[4 << 20];
static size_t console_length;
static unsigned console_calls;
static unsigned pauses;
static bool slow_console;
static void (*in_console)(void); /* called once, in the middle of the next console_write() */

struct cpu *this_cpu(void)
{
	return &cores[current_core];
}

struct cpu *cpu_at(uint32_t index)
{
	assert_true(index < CORES);
	return &cores[index];
}

void cpu_pause(void)
{
	pauses++;
}

void console_init(void)
{
	console_length = 0;
}

void console_write(const char *text, size_t length)
{
	void (*call)(void) = in_console;

	console_calls++;
	assert_true(console_length + length < sizeof(console));
	memcpy(console + console_length, text, length);
	console_length += length;
	console[console_length] = '\0';
	in_console = NULL;
	if (call != NULL)
		call();
	if (slow_console)
		sched_yield();
}

static int setup(void **state)
{
	(void)state;
	memset(cores, 0, sizeof(cores));
	memset(log_rings, 0, sizeof(log_rings));
	for (uint32_t i = 0; i < CORES; i++)
		cores[i].index = i;
	current_core = 0;
	console_calls = 0;
	pauses = 0;
	slow_console = false;
	in_console = NULL;
	log_init();
	console[0] = '\0';
	return 0;
}

static void line_names_core_owner_and_severity(void **state)
{
	(void)state;
	log_error("failed %d times", 3);
	cores[2].owner = "rt";
	current_core = 2;
	log_line("warning: w");
	log_line("info: i");
	log_line("debug: d");
	assert_string_equal(console, "[0 hv] error: failed 3 times\n"
				     "[2 rt] warning: w\n"
				     "[2 rt] info: i\n"
				     "[2 rt] debug: d\n");
}

static int evaluated(int *count)
{
	return ++*count;
}

static void severity_beyond_the_level_is_not_evaluated(void **state)
{
	int count = 0;

	(void)state;
	log_error("%d", evaluated(&count));
	log_warning("%d", evaluated(&count));
	log_info("%d", evaluated(&count));
	log_debug("%d", evaluated(&count));
	assert_int_equal(count, CONFIG_LOG_LEVEL + 1);
	assert_int_equal(console_calls, CONFIG_LOG_LEVEL + 1);
}

static void longest_line_is_whole(void **state)
{
	char text[LOG_LINE_MAX];
	size_t length = LOG_LINE_MAX - strlen("[0 hv] error: \n");

	(void)state;
	memset(text, 'x', length);
	text[length] = '\0';
	log_error("%s", text);
	assert_int_equal(console_length, LOG_LINE_MAX);
	assert_memory_equal(console + LOG_LINE_MAX - 4, "xxx\n", 4);
}

static void longer_line_is_cut_visibly(void **state)
{
	char text[2 * LOG_LINE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	assert_int_equal(console_length, LOG_LINE_MAX);
	assert_memory_equal(console + LOG_LINE_MAX - 5, "x...\n", 5);
}

static void text_cannot_forge_a_line(void **state)
{
	(void)state;
	log_error("module \"%s\"", "a\n[0 hv] info: b\r\x1b\x7f\t");
	assert_string_equal(console, "[0 hv] error: module \"a?[0 hv] info: b????\"\n");
}

static void log_on_core_1(void)
{
	unsigned calls = console_calls;

	current_core = 1;
	log_error("from core 1");
	assert_int_equal(console_calls, calls); /* it has not printed, */
	assert_int_equal(pauses, 0);            /* and has not waited */
	current_core = 0;
}

static void printer_prints_for_others(void **state)
{
	(void)state;
	in_console = log_on_core_1;
	log_error("from core 0");
	assert_string_equal(console, "[0 hv] error: from core 0\n"
				     "[1 hv] error: from core 1\n");
}

static void log_on_core_0_again(void)
{
	log_on_core_1();
	in_console = log_on_core_1;
}

static void printer_looks_again_until_nothing_is_pending(void **state)
{
	(void)state;
	in_console = log_on_core_0_again;
	log_error("from core 0");
	assert_string_equal(console, "[0 hv] error: from core 0\n"
				     "[1 hv] error: from core 1\n"
				     "[1 hv] error: from core 1\n");
}

static unsigned flood_lines;

static void flood_on_core_1(void)
{
	current_core = 1;
	for (unsigned i = 0; i < flood_lines; i++)
		log_error("line %04u", i);
	current_core = 0;
}

static void full_ring_loses_the_newest_and_says_so(void **state)
{
	const size_t line = strlen("[1 hv] error: line 0000\n");
	const unsigned room = LOG_RING_SIZE / line;
	char expected[64];

	(void)state;
	flood_lines = room + 7;
	in_console = flood_on_core_1;
	log_error("first");

	char *at = strchr(console, '\n') + 1;
	for (unsigned i = 0; i < room; i++, at += line) {
		snprintf(expected, sizeof(expected), "[1 hv] error: line %04u\n", i);
		assert_memory_equal(at, expected, line);
	}
	assert_string_equal(at, "[1 log] warning: 7 lines lost\n");

	/* Only once, and the ring is of use again. */
	console_length = 0;
	current_core = 1;
	log_error("after");
	assert_string_equal(console, "[1 hv] error: after\n");
}

static void positions_wrap(void **state)
{
	(void)state;
	atomic_store(&log_rings[0].written, UINT32_MAX - 40);
	atomic_store(&log_rings[0].printed, UINT32_MAX - 40);
	for (unsigned i = 0; i < 5; i++)
		log_error("line %u", i);
	assert_true(atomic_load(&log_rings[0].written) < 1000);
	assert_string_equal(console,
			    "[0 hv] error: line 0\n[0 hv] error: line 1\n[0 hv] error: line 2\n"
			    "[0 hv] error: line 3\n[0 hv] error: line 4\n");
}

static void flush_on_core_1(void)
{
	current_core = 1;
	log_line("error: last words");
	log_flush();
	assert_non_null(strstr(console, "last words"));
	assert_true(pauses > 0);
	current_core = 0;
}

static void tail_has_whole_lines(void **state)
{
	static char tail[LOG_RING_SIZE];

	(void)state;
	assert_int_equal(log_tail(tail, sizeof(tail)), 0);
	log_error("one");
	log_error("two");
	assert_int_equal(log_tail(tail, sizeof(tail)), console_length);
	assert_memory_equal(tail, console, console_length);
	/* Room for all but one byte: the first line is left out, not cut. */
	const size_t second = strlen("[0 hv] error: two\n");
	assert_int_equal(log_tail(tail, console_length - 1), second);
	assert_memory_equal(tail, console + console_length - second, second);
	assert_int_equal(log_tail(tail, second - 1), 0);
	for (unsigned i = 0; i < 3 * LOG_RING_SIZE / 20; i++)
		log_error("number %u", i);
	for (size_t size = 1; size <= sizeof(tail); size += 13) {
		size_t length = log_tail(tail, size);
		assert_memory_equal(tail, console + console_length - length, length);
		assert_true(length == 0 || console[console_length - length - 1] == '\n');
	}
}

static void flush_takes_over_from_a_printer_that_does_not_end(void **state)
{
	(void)state;
	in_console = flush_on_core_1;
	log_error("a line");
	/* The first printer went on after all: each line is there once, and the log still works. */
	log_error("next");
	assert_string_equal(console, "[0 hv] error: a line\n"
				     "[1 hv] error: last words\n"
				     "[0 hv] error: next\n");
}

static void fault_while_printing(void)
{
	log_error("page fault");
	log_flush();
	assert_non_null(strstr(console, "page fault"));
	assert_int_equal(pauses, 0);
}

static void fault_while_printing_is_printed_without_waiting(void **state)
{
	(void)state;
	in_console = fault_while_printing;
	log_error("a line");
	assert_string_equal(console, "[0 hv] error: a line\n"
				     "[0 hv] error: page fault\n");
}

/* The core that serves the operator's console says when lines are printed, its own included. */
static void held_lines_wait_for_the_holder(void **state)
{
	(void)state;
	assert_true(log_hold());
	assert_true(log_hold());
	assert_false(log_is_pending());
	log_error("mine");
	current_core = 1;
	log_error("another's");
	assert_false(log_hold());
	assert_int_equal(console_length, 0);
	current_core = 0;
	assert_true(log_is_pending());
	log_print();
	assert_string_equal(console, "[0 hv] error: mine\n[1 hv] error: another's\n");
	assert_false(log_is_pending());
	current_core = 1;
	log_flush(); /* all is printed: nothing to wait for, nor to take over */
	assert_int_equal(pauses, 0);
	log_error("late");
	current_core = 0;
	log_release();
	assert_string_equal(console,
			    "[0 hv] error: mine\n[1 hv] error: another's\n[1 hv] error: late\n");
	log_error("at once");
	assert_non_null(strstr(console, "at once"));
}

/* A core in need takes over from a holder that is silent for too long, and the holder finds that out. */
static void flush_takes_over_from_a_holder(void **state)
{
	(void)state;
	assert_true(log_hold());
	current_core = 1;
	log_error("need");
	log_flush();
	assert_true(pauses > 0);
	assert_string_equal(console, "[1 hv] error: need\n");
	current_core = 0;
	assert_true(log_hold());
	log_release();
}

static void a_holder_that_fails_prints_by_itself(void **state)
{
	(void)state;
	assert_true(log_hold());
	log_error("last words");
	log_flush();
	assert_string_equal(console, "[0 hv] error: last words\n");
	assert_int_equal(pauses, 0);
	log_abandon();
	current_core = 1;
	log_error("goes on");
	assert_non_null(strstr(console, "goes on"));
}

static void lines_less_severe_than_shown_are_kept(void **state)
{
	char kept[256] = "";

	(void)state;
	assert_int_equal(log_shown(), LOG_DEBUG);
	log_show(LOG_WARNING);
	assert_int_equal(log_shown(), LOG_WARNING);
	log_line("info: i [x] error: no");
	log_line("debug: d");
	log_line("warning: w");
	log_line("error: e");
	assert_string_equal(console, "[0 hv] warning: w\n[0 hv] error: e\n");
	kept[log_tail(kept, sizeof(kept) - 1)] = '\0';
	assert_non_null(strstr(kept, "[0 hv] info: i [x] error: no\n[0 hv] debug: d\n"));
	log_show(LOG_DEBUG);
	log_line("debug: again");
	assert_non_null(strstr(console, "again"));
}

static void limiter_counts_what_it_hides(void **state)
{
	struct log_limiter limiter = {0};

	(void)state;
	for (unsigned i = 0; i < LOG_LIMIT; i++) {
		assert_true(log_limit(&limiter));
		assert_int_equal(log_limit_hidden(&limiter), 0);
	}
	assert_false(log_limit(&limiter));
	assert_false(log_limit(&limiter));
	assert_int_equal(log_limit_hidden(&limiter), 2);
}

#define LINES_PER_THREAD 5000

static void *log_many_lines(void *core)
{
	current_core = (uint32_t)(uintptr_t)core;
	for (unsigned i = 0; i < LINES_PER_THREAD; i++) {
		log_error("line %u", i);
		if (i % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static struct {
	unsigned next; /* number that the core's next line has at least */
	unsigned lines;
	unsigned lost;
} seen[CORES];

static void see_line(const char *line)
{
	unsigned core, number;
	char end;

	assert_true(sscanf(line, "[%u", &core) == 1 && core < CORES);
	if (sscanf(line, "[%*u log] warning: %u lines lost%c", &number, &end) == 2 && end == '\n') {
		seen[core].lost += number;
		return;
	}
	assert_int_equal(sscanf(line, "[%*u hv] error: line %u%c", &number, &end), 2);
	assert_int_equal(end, '\n');
	assert_true(number >= seen[core].next); /* in order */
	seen[core].next = number + 1;
	seen[core].lines++;
}

static void threads_lose_nothing_uncounted(void **state)
{
	pthread_t threads[CORES];

	(void)state;
	memset(seen, 0, sizeof(seen));
	slow_console = true;
	for (uintptr_t i = 0; i < CORES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many_lines, (void *)i), 0);
	for (unsigned i = 0; i < CORES; i++)
		pthread_join(threads[i], NULL);

	/* No flush: the last printer must have seen everything. */
	for (char *line = console; *line != '\0'; line = strchr(line, '\n') + 1)
		see_line(line);
	for (unsigned i = 0; i < CORES; i++)
		assert_int_equal(seen[i].lines + seen[i].lost, LINES_PER_THREAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(line_names_core_owner_and_severity, setup),
		cmocka_unit_test_setup(severity_beyond_the_level_is_not_evaluated, setup),
		cmocka_unit_test_setup(longest_line_is_whole, setup),
		cmocka_unit_test_setup(longer_line_is_cut_visibly, setup),
		cmocka_unit_test_setup(text_cannot_forge_a_line, setup),
		cmocka_unit_test_setup(printer_prints_for_others, setup),
		cmocka_unit_test_setup(printer_looks_again_until_nothing_is_pending, setup),
		cmocka_unit_test_setup(full_ring_loses_the_newest_and_says_so, setup),
		cmocka_unit_test_setup(positions_wrap, setup),
		cmocka_unit_test_setup(tail_has_whole_lines, setup),
		cmocka_unit_test_setup(flush_takes_over_from_a_printer_that_does_not_end, setup),
		cmocka_unit_test_setup(fault_while_printing_is_printed_without_waiting, setup),
		cmocka_unit_test_setup(held_lines_wait_for_the_holder, setup),
		cmocka_unit_test_setup(flush_takes_over_from_a_holder, setup),
		cmocka_unit_test_setup(a_holder_that_fails_prints_by_itself, setup),
		cmocka_unit_test_setup(lines_less_severe_than_shown_are_kept, setup),
		cmocka_unit_test_setup(limiter_counts_what_it_hides, setup),
		cmocka_unit_test_setup(threads_lose_nothing_uncounted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
