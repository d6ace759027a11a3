/* SPDX-License-Identifier: Apache-2.0 */
/* Command log. */
#include "console/console.h"
#include "lib/log.h"
#include "lib/string.h"

/* Copies the line at *at, before `end`; false behind the last whole one. */
static bool next_line(const struct log_ring *ring, uint32_t *at, uint32_t end, char *line)
{
	for (uint32_t length = 0; *at != end && length < LOG_LINE_MAX; length++) {
		line[length] = ring->text[(*at)++ % LOG_RING_SIZE];
		if (line[length] == '\n') {
			line[length] = '\0';
			return true;
		}
	}
	return false;
}

/* While its core goes on writing: the oldest lines may be overwritten meanwhile, so they are left out. */
static void show_ring(struct console *console, uint32_t core)
{
	const struct log_ring *ring = &log_rings[core];
	uint32_t end = atomic_load_explicit(&ring->written, memory_order_acquire);
	const uint32_t kept = LOG_RING_SIZE - LOG_LINE_MAX;
	uint32_t at = end > kept ? end - kept : 0;
	char line[LOG_LINE_MAX];

	if (at > 0)
		next_line(ring, &at, end, line); /* its beginning may be gone */
	while (!console->interrupted && next_line(ring, &at, end, line))
		say(console, "%s", line);
}

static void show(struct console *console, const struct words *words)
{
	uint64_t core;

	if (words->count < 3) {
		for (uint32_t i = 0; i < scenario_tables.core_count; i++)
			show_ring(console, i);
	} else if (console_number(console, "CORE", words->word[2], 0,
				  scenario_tables.core_count - 1, &core)) {
		show_ring(console, (uint32_t)core);
	}
}

static void say_level(struct console *console)
{
	enum log_level most = (enum log_level)CONFIG_LOG_LEVEL;
	enum log_level shown = log_shown() < most ? log_shown() : most;

	say(console, "log level: %s; built in: up to %s", log_level_name(shown),
	    log_level_name(most));
}

static void set_level(struct console *console, const char *word)
{
	for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		if (strcmp(log_level_name(level), word) != 0)
			continue;
		if ((int)level > CONFIG_LOG_LEVEL)
			say(console, "this build has no %s lines: build with another log level",
			    word);
		else
			log_show(level);
		say_level(console);
		return;
	}
	say(console, "\"%s\" is neither \"show\" nor a level: error, warning, info or debug", word);
}

void command_log(struct console *console, const struct words *words)
{
	if (words->count == 1)
		say_level(console);
	else if (strcmp(words->word[1], "show") == 0)
		show(console, words);
	else if (words->count > 2)
		say(console, "usage: log [LEVEL | show [CORE]]");
	else
		set_level(console, words->word[1]);
}
