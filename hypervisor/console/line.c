/* SPDX-License-Identifier: Apache-2.0 */
#include "console/line.h"

#include "lib/string.h"

/* Keys that are one byte (ECMA-48, and what terminals send). */
#define CTRL(letter)  ((letter)&0x1F)
#define KEY_ESCAPE    0x1B
#define KEY_DELETE    0x7F
#define KEY_BACKSPACE CTRL('H')

/* Where the next byte belongs. */
enum { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CONTROL, ESCAPE_SINGLE };

static void show(const struct line_editor *editor, const char *text, size_t length)
{
	if (length != 0)
		editor->put(text, length);
}

static void show_times(const struct line_editor *editor, char character, uint32_t times)
{
	char run[LINE_SIZE];

	memset(run, character, sizeof(run));
	for (; times > sizeof(run); times -= (uint32_t)sizeof(run))
		show(editor, run, sizeof(run));
	show(editor, run, times);
}

static void bell(const struct line_editor *editor)
{
	show(editor, "\a", 1);
}

void line_init(struct line_editor *editor, const char *prompt,
	       void (*put)(const char *text, size_t length))
{
	memset(editor, 0, sizeof(*editor));
	editor->prompt = prompt;
	editor->put = put;
}

void line_show(struct line_editor *editor)
{
	show(editor, editor->prompt, strlen(editor->prompt));
	show(editor, editor->text, editor->length);
	show_times(editor, '\b', editor->length - editor->cursor);
}

void line_hide(struct line_editor *editor)
{
	show(editor, "\r", 1);
	show_times(editor, ' ', (uint32_t)strlen(editor->prompt) + editor->length);
	show(editor, "\r", 1);
}

/* --- Moving and changing ----------------------------------------------------------------------- */

static void move_to(struct line_editor *editor, uint32_t cursor)
{
	if (cursor < editor->cursor)
		show_times(editor, '\b', editor->cursor - cursor);
	else
		show(editor, editor->text + editor->cursor, cursor - editor->cursor);
	editor->cursor = cursor;
}

void line_insert(struct line_editor *editor, const char *text, size_t length)
{
	uint32_t room = LINE_SIZE - 1 - editor->length;
	uint32_t count = length < room ? (uint32_t)length : room;
	char *at = editor->text + editor->cursor;

	if (count < length)
		bell(editor);
	memmove(at + count, at, editor->length - editor->cursor + 1);
	memcpy(at, text, count);
	editor->length += count;
	show(editor, at, editor->length - editor->cursor);
	editor->cursor += count;
	show_times(editor, '\b', editor->length - editor->cursor);
}

/* Removes the characters from `start` up to `end`, which are in the line. */
static void erase(struct line_editor *editor, uint32_t start, uint32_t end)
{
	uint32_t count = end - start;

	move_to(editor, start);
	memmove(editor->text + start, editor->text + end, editor->length - end + 1);
	editor->length -= count;
	show(editor, editor->text + start, editor->length - start);
	show_times(editor, ' ', count);
	show_times(editor, '\b', editor->length - start + count);
}

static uint32_t word_start(const struct line_editor *editor)
{
	uint32_t start = editor->cursor;

	while (start > 0 && editor->text[start - 1] == ' ')
		start--;
	while (start > 0 && editor->text[start - 1] != ' ')
		start--;
	return start;
}

static void backspace(struct line_editor *editor)
{
	if (editor->cursor > 0)
		erase(editor, editor->cursor - 1, editor->cursor);
}

static void delete (struct line_editor *editor)
{
	if (editor->cursor < editor->length)
		erase(editor, editor->cursor, editor->cursor + 1);
}

static void left(struct line_editor *editor)
{
	if (editor->cursor > 0)
		move_to(editor, editor->cursor - 1);
}

static void right(struct line_editor *editor)
{
	if (editor->cursor < editor->length)
		move_to(editor, editor->cursor + 1);
}

static void home(struct line_editor *editor)
{
	move_to(editor, 0);
}

static void end(struct line_editor *editor)
{
	move_to(editor, editor->length);
}

static void replace(struct line_editor *editor, const char *text)
{
	erase(editor, 0, editor->length);
	line_insert(editor, text, strlen(text));
}

/* --- History ----------------------------------------------------------------------------------- */

static const char *history_at(const struct line_editor *editor, uint32_t back)
{
	return editor->history[(editor->history_end + LINE_HISTORY - back) % LINE_HISTORY];
}

static void older(struct line_editor *editor)
{
	if (editor->back == editor->history_count) {
		bell(editor);
		return;
	}
	if (editor->back == 0)
		memcpy(editor->kept, editor->text, sizeof(editor->kept));
	editor->back++;
	replace(editor, history_at(editor, editor->back));
}

static void newer(struct line_editor *editor)
{
	if (editor->back == 0) {
		bell(editor);
		return;
	}
	editor->back--;
	replace(editor, editor->back == 0 ? editor->kept : history_at(editor, editor->back));
}

static void remember(struct line_editor *editor)
{
	if (editor->length == 0 ||
	    (editor->history_count > 0 && strcmp(history_at(editor, 1), editor->text) == 0))
		return;
	memcpy(editor->history[editor->history_end], editor->text, LINE_SIZE);
	editor->history_end = (editor->history_end + 1) % LINE_HISTORY;
	if (editor->history_count < LINE_HISTORY)
		editor->history_count++;
}

static void clear(struct line_editor *editor)
{
	editor->text[0] = '\0';
	editor->length = 0;
	editor->cursor = 0;
	editor->back = 0;
}

void line_begin(struct line_editor *editor)
{
	remember(editor);
	clear(editor);
	line_show(editor);
}

/* --- Keys -------------------------------------------------------------------------------------- */

static void cancel(struct line_editor *editor)
{
	move_to(editor, editor->length);
	show(editor, "^C\n", 3);
	clear(editor);
	line_show(editor);
}

static void show_again(struct line_editor *editor)
{
	line_hide(editor);
	line_show(editor);
}

static void kill_before(struct line_editor *editor)
{
	erase(editor, 0, editor->cursor);
}

static void kill_behind(struct line_editor *editor)
{
	erase(editor, editor->cursor, editor->length);
}

static void kill_word(struct line_editor *editor)
{
	erase(editor, word_start(editor), editor->cursor);
}

struct key {
	uint8_t byte;
	void (*act)(struct line_editor *editor);
};

static const struct key control_keys[] = {
	{CTRL('A'), home},          {CTRL('B'), left},       {CTRL('C'), cancel},
	{CTRL('D'), delete},        {CTRL('E'), end},        {CTRL('F'), right},
	{KEY_BACKSPACE, backspace}, {KEY_DELETE, backspace}, {CTRL('K'), kill_behind},
	{CTRL('L'), show_again},    {CTRL('N'), newer},      {CTRL('P'), older},
	{CTRL('U'), kill_before},   {CTRL('W'), kill_word},  {0, NULL},
};

/* Final bytes of control sequences without a number, and behind ESC O. */
static const struct key sequence_keys[] = {
	{'A', older}, {'B', newer}, {'C', right}, {'D', left}, {'H', home}, {'F', end}, {0, NULL},
};

/* Numbers of control sequences that end in ~. */
static const struct key numbered_keys[] = {
	{1, home}, {3, delete}, {4, end}, {7, home}, {8, end}, {0, NULL},
};

static void press(struct line_editor *editor, const struct key *keys, uint8_t byte)
{
	for (; keys->act; keys++) {
		if (keys->byte == byte) {
			keys->act(editor);
			return;
		}
	}
}

/* A control sequence: parameters and the like are 0x20 to 0x3F, the first beyond ends it (ECMA-48 5.4). */
static void control_sequence(struct line_editor *editor, uint8_t byte)
{
	if (byte >= '0' && byte <= '9' && editor->parameter == 0) {
		editor->parameter = (uint8_t)(byte - '0');
		return;
	}
	if (byte >= 0x20 && byte <= 0x3F) {
		/* two digits or more are no key that is known here */
		if (byte >= '0' && byte <= '9')
			editor->parameter = UINT8_MAX;
		return;
	}
	editor->escape = ESCAPE_NONE;
	if (byte == '~')
		press(editor, numbered_keys, editor->parameter);
	else
		press(editor, sequence_keys, byte);
}

/* True if the byte belonged to an escape sequence. */
static bool escape_sequence(struct line_editor *editor, uint8_t byte)
{
	switch (editor->escape) {
	case ESCAPE_NONE:
		if (byte != KEY_ESCAPE)
			return false;
		editor->escape = ESCAPE_BEGUN;
		return true;
	case ESCAPE_BEGUN:
		editor->parameter = 0;
		editor->escape = byte == '['   ? ESCAPE_CONTROL
				 : byte == 'O' ? ESCAPE_SINGLE
					       : ESCAPE_NONE;
		/* a lone Escape does not swallow what ends or cancels a line */
		return byte >= ' ';
	case ESCAPE_SINGLE:
		editor->escape = ESCAPE_NONE;
		press(editor, sequence_keys, byte);
		return byte >= ' ';
	default:
		if (byte < ' ') {
			editor->escape = ESCAPE_NONE;
			return false;
		}
		control_sequence(editor, byte);
		return true;
	}
}

enum line_event line_key(struct line_editor *editor, uint8_t byte)
{
	bool after_return = editor->after_return;
	char character = (char)byte;

	editor->after_return = false;
	if (escape_sequence(editor, byte))
		return LINE_EDITED;
	if (byte == '\t')
		return LINE_TAB;
	if (byte == '\r' || byte == '\n') {
		if (byte == '\n' && after_return)
			return LINE_EDITED;
		editor->after_return = byte == '\r';
		move_to(editor, editor->length);
		show(editor, "\n", 1);
		return LINE_DONE;
	}
	if (byte >= ' ' && byte <= '~')
		line_insert(editor, &character, 1);
	else
		press(editor, control_keys, byte);
	return LINE_EDITED;
}
