/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's console fed with anything: line editor, splitting, completion and the choice of a command. A
 * terminal of one line, which obeys what the dumbest does, must show what the editor holds.
 */
#include <stdarg.h>
#include <string.h>

#include "console/console.h"
#include "lib/console.h"
#include "promise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS 80
#define PROMPT  "bulkhead> "

static const struct vm_config vm_configs[] = {{.name = "linux", .vcpu_count = 2},
					      {.name = "linux-rt", .vcpu_count = 1}};
const struct scenario scenario_tables = {.vms = vm_configs, .vm_count = 2};

/* --- The terminal ------------------------------------------------------------------------------- */

static char screen[COLUMNS + 1];
static size_t column;

static void screen_clear(void)
{
	memset(screen, ' ', COLUMNS);
	column = 0;
}

void console_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n') {
			screen_clear();
		} else if (text[i] == '\r') {
			column = 0;
		} else if (text[i] == '\b') {
			PROMISE(column > 0);
			column--;
		} else if (text[i] != '\a') {
			PROMISE(text[i] >= ' ' && text[i] <= '~');
			/* beyond the last column a terminal may do what it likes */
			PROMISE(column < COLUMNS - 1);
			screen[column++] = text[i];
		}
	}
}

static void check_screen(const struct line_editor *line)
{
	const size_t prompt = strlen(PROMPT);

	PROMISE(line->length < LINE_SIZE && line->cursor <= line->length);
	PROMISE(strlen(line->text) == line->length);
	PROMISE(memcmp(screen, PROMPT, prompt) == 0);
	PROMISE(memcmp(screen + prompt, line->text, line->length) == 0);
	for (size_t i = prompt + line->length; i < COLUMNS; i++)
		PROMISE(screen[i] == ' ');
	PROMISE(column == prompt + line->cursor);
}

/* --- What commands stand on --------------------------------------------------------------------- */

void say(struct console *console, const char *fmt, ...)
{
	(void)console;
	(void)fmt;
	screen_clear();
}

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};

	return names[level];
}

#define COMMAND(name)                                                                              \
	void name(struct console *console, const struct words *words)                              \
	{                                                                                          \
		(void)console;                                                                     \
		PROMISE(words->count >= 1 && words->count <= WORDS_MAX);                           \
		for (uint32_t i = 0; i < words->count; i++)                                        \
			PROMISE(words->word[i][0] != '\0' && strchr(words->word[i], ' ') == NULL); \
		for (uint64_t i = 0, value; i < words->count; i++)                                 \
			if (words_number(words->word[i], &value))                                  \
				PROMISE(words->word[i][0] >= '0' && words->word[i][0] <= '9');     \
	}
COMMAND(command_vms)
COMMAND(command_cores)
COMMAND(command_crashes)
COMMAND(command_exits)
COMMAND(command_last)
COMMAND(command_regs)
COMMAND(command_vmcs)
COMMAND(command_mem)
COMMAND(command_log)
COMMAND(command_stop)
COMMAND(command_start)
COMMAND(command_restart)
COMMAND(command_halt)
COMMAND(command_reboot)

/* --- Typing ------------------------------------------------------------------------------------- */

static void done(struct console *console)
{
	char text[LINE_SIZE];

	memcpy(text, console->line.text, sizeof(text));
	commands_run(console, text);
	line_begin(&console->line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct console console = {.key_count = 0};

	screen_clear();
	line_init(&console.line, PROMPT, console_write);
	line_show(&console.line);
	for (size_t i = 0; i < size; i++) {
		enum line_event event = line_key(&console.line, data[i]);

		if (event == LINE_TAB)
			commands_complete(&console);
		if (event == LINE_DONE)
			done(&console);
		check_screen(&console.line);
		/* a line of the log in between */
		if (data[i] == 0x80) {
			line_hide(&console.line);
			PROMISE(column == 0);
			line_show(&console.line);
			check_screen(&console.line);
		}
	}
	return 0;
}
