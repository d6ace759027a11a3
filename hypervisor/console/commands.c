/* SPDX-License-Identifier: Apache-2.0 */
#include "console/console.h"
#include "lib/console.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"

/* What a word of a command is, for completion. */
enum word_kind { WORD_NONE, WORD_COMMAND, WORD_VM, WORD_LOG };
#define KINDS 2

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;     /* lines below the summary; "" if that says it all */
	uint32_t least, most; /* arguments */
	enum word_kind kinds[KINDS];
	console_command *run;
};

static const struct command commands[] = {
	{"help",
	 "[COMMAND]",
	 "this list, or more about one command",
	 "Keys: cursor keys, Home, End, Ctrl-A/E; backspace, Delete, Ctrl-W/U/K; up, down: earlier\n"
	 "lines; Tab completes; Ctrl-C ends what is being printed, or the line.",
	 0,
	 1,
	 {WORD_COMMAND},
	 command_help},
	{"vms",
	 "",
	 "VMs with state, cores, starts, uptime and last end",
	 "",
	 0,
	 0,
	 {WORD_NONE},
	 command_vms},
	{"cores", "", "cores with owner and exits", "", 0, 0, {WORD_NONE}, command_cores},
	{"exits",
	 "[VM [VCPU]]",
	 "VM exits by reason, with times",
	 "Without a VM of all. Times are in ticks of the TSC, from the exit to the end of its handler;\n"
	 "counting goes on while it is printed.",
	 0,
	 2,
	 {WORD_VM},
	 command_exits},
	{"last",
	 "VM [VCPU [COUNT]]",
	 "last VM exits, newest last",
	 "Time since power-on, where the guest was, what it did in words, where it went on (+2: behind\n"
	 "the instruction of 2 bytes), ticks, and registers that the handler changed.",
	 1,
	 3,
	 {WORD_VM},
	 command_last},
	{"regs", "VM [VCPU]", "registers of a stopped vCPU", "", 1, 2, {WORD_VM}, command_regs},
	{"vmcs",
	 "VM [VCPU]",
	 "all fields of a stopped vCPU's VMCS",
	 "",
	 1,
	 2,
	 {WORD_VM},
	 command_vmcs},
	{"mem",
	 "VM ADDRESS [LENGTH]",
	 "memory of a stopped VM, by guest-physical address",
	 "LENGTH is in bytes, 128 if left out, at most 65536. The range must be RAM of the VM.",
	 2,
	 3,
	 {WORD_VM},
	 command_mem},
	{"log",
	 "[LEVEL | show [CORE]]",
	 "log level shown; the log once more",
	 "\"log warning\" shows errors and warnings from now on, of what was built in. \"log show\" prints\n"
	 "what the rings still have, core by core.",
	 0,
	 2,
	 {WORD_LOG},
	 command_log},
	{"crashes",
	 "",
	 "crash records, of this run and of the one before the last reset",
	 "",
	 0,
	 0,
	 {WORD_NONE},
	 command_crashes},
	{"stop",
	 "VM",
	 "stop a VM",
	 "As if its power were cut: its guest is not asked. Memory and registers stay, to be looked at.",
	 1,
	 1,
	 {WORD_VM},
	 command_stop},
	{"start",
	 "VM",
	 "start a stopped VM from its images",
	 "Its memory is cleared first. Only VMs whose images are kept can (image-store in the scenario).",
	 1,
	 1,
	 {WORD_VM},
	 command_start},
	{"restart",
	 "VM",
	 "stop a VM and start it from its images",
	 "",
	 1,
	 1,
	 {WORD_VM},
	 command_restart},
	{"halt",
	 "",
	 "stop all VMs; none starts again until a reboot",
	 "",
	 0,
	 0,
	 {WORD_NONE},
	 command_halt},
	{"reboot",
	 "",
	 "reset the machine, at once",
	 "A warm reset: RAM keeps crash records. Guests are not asked; \"halt\" first stops them.",
	 0,
	 0,
	 {WORD_NONE},
	 command_reboot},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *find(const char *name)
{
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* --- Help -------------------------------------------------------------------------------------- */

static void say_usage(struct console *console, const struct command *command)
{
	say(console, "usage: %s %s", command->name, command->arguments);
}

/* A text of several lines. */
static void say_lines(struct console *console, const char *text)
{
	while (*text != '\0') {
		size_t length = 0;

		while (text[length] != '\0' && text[length] != '\n')
			length++;
		say(console, "%.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

void command_help(struct console *console, const struct words *words)
{
	const struct command *command;
	char call[32];

	if (words->count == 1) {
		for (unsigned i = 0; i < COMMAND_COUNT; i++) {
			format_text(call, sizeof(call), "%s %s", commands[i].name,
				    commands[i].arguments);
			say(console, "  %-28s %s", call, commands[i].summary);
		}
		return;
	}
	command = find(words->word[1]);
	if (!command) {
		say(console, "there is no command \"%s\"; \"help\" lists them", words->word[1]);
		return;
	}
	say_usage(console, command);
	say(console, "%s", command->summary);
	say_lines(console, command->help);
}

/* --- Running ----------------------------------------------------------------------------------- */

void commands_run(struct console *console, char *text)
{
	const struct command *command;
	struct words words;

	if (!words_split(&words, text)) {
		say(console, "too many words; \"help\" shows what each command takes");
		return;
	}
	if (words.count == 0)
		return;
	command = find(words.word[0]);
	if (!command)
		say(console, "there is no command \"%s\"; \"help\" lists them", words.word[0]);
	else if (words.count - 1 < command->least || words.count - 1 > command->most)
		say_usage(console, command);
	else
		command->run(console, &words);
}

/* --- Completion -------------------------------------------------------------------------------- */

/* What a word may be; NULL behind the last. */
static const char *candidate(enum word_kind kind, uint32_t index)
{
	switch (kind) {
	case WORD_COMMAND:
		return index < COMMAND_COUNT ? commands[index].name : NULL;
	case WORD_VM:
		return index < scenario_tables.vm_count ? scenario_tables.vms[index].name : NULL;
	case WORD_LOG:
		if ((int)index <= CONFIG_LOG_LEVEL)
			return log_level_name((enum log_level)index);
		return (int)index == CONFIG_LOG_LEVEL + 1 ? "show" : NULL;
	case WORD_NONE:
		break;
	}
	return NULL;
}

static enum word_kind kind_of(const struct words *words, uint32_t number)
{
	const struct command *command = number == 0 ? NULL : find(words->word[0]);

	if (number == 0)
		return WORD_COMMAND;
	return command && number <= KINDS ? command->kinds[number - 1] : WORD_NONE;
}

static size_t common_length(const char *left, const char *right)
{
	size_t length = 0;

	while (left[length] != '\0' && left[length] == right[length])
		length++;
	return length;
}

/* Candidates that begin with `start`: how many, the first, and how much they have in common. */
static unsigned matches(enum word_kind kind, const char *start, const char **first, size_t *common)
{
	const char *text;
	unsigned count = 0;

	for (uint32_t i = 0; (text = candidate(kind, i)) != NULL; i++) {
		size_t length = 0;

		if (!words_begins(text, start))
			continue;
		if (count++ == 0) {
			*first = text;
			*common = strlen(text);
			continue;
		}
		length = common_length(*first, text);
		if (length < *common)
			*common = length;
	}
	return count;
}

static void list_matches(struct console *console, enum word_kind kind, const char *start)
{
	char list[SAY_SIZE];
	const char *text;
	size_t length = 0;

	list[0] = '\0';
	for (uint32_t i = 0; (text = candidate(kind, i)) != NULL; i++)
		if (words_begins(text, start))
			length += format_text(list + length, sizeof(list) - length, "  %s", text);
	line_hide(&console->line);
	say(console, "%s", list);
	line_show(&console->line);
}

void commands_complete(struct console *console)
{
	struct line_editor *line = &console->line;
	char before[LINE_SIZE];
	struct words words;
	const char *start = "", *first = NULL;
	size_t common = 0;
	uint32_t number;
	unsigned count;

	memcpy(before, line->text, line->cursor);
	before[line->cursor] = '\0';
	bool inside = line->cursor > 0 && before[line->cursor - 1] != ' ';
	if (!words_split(&words, before))
		return;
	number = inside ? words.count - 1 : words.count;
	if (inside)
		start = words.word[number];
	enum word_kind kind = kind_of(&words, number);
	count = matches(kind, start, &first, &common);
	if (count == 0) {
		console_write("\a", 1);
		return;
	}
	if (count > 1 && common == strlen(start)) {
		list_matches(console, kind, start);
		return;
	}
	line_insert(line, first + strlen(start), common - strlen(start));
	if (count == 1)
		line_insert(line, " ", 1);
}
