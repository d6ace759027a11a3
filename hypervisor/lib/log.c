/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol of the rings.
 *
 * Writer (owning core): text, then `written` [W1], then tries to become the printer [W2].
 * Printer: reads `written` [P1], reads the text, moves `printed` on [P2], gives up being the printer
 * [P3], looks at all `written` once more [P4].
 *
 * - P1 (acquire) pairs with W1: a printer that sees the new position sees the text before it.
 * - P2 (release) pairs with the writer's read of `printed` [W0] (acquire): the text has been copied
 *   before the writer may reuse its place.
 * - W1, W2, P3 and P4 are sequentially consistent, which makes sure that no line stays behind: if W2
 *   fails, it is before P3 in their total order, so W1 is before P4, and P4 sees the line. (With less,
 *   the writer's store and load, or the printer's, could pass each other.)
 *
 * While a core serves the operator's console, it stays the printer (HELD), so that lines and what the operator
 * types do not mix: P3 and P4 are left out, because it looks again and again.
 */
#include "lib/log.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "lib/console.h"
#include "lib/format.h"
#include "lib/section.h"
#include "lib/string.h"
#include "vm/inject.h"

#define NOBODY 0

/* About a second on real processors (a PAUSE takes up to 140 cycles), 0.1 s in an emulator. */
#define TAKEOVER_SPINS 10000000

/* Index + 1 of the core that prints, with HELD if it stays the printer; or NOBODY. */
static _Atomic uint32_t printer SHARED_DATA;
#define HELD UINT32_C(0x80000000)

/* Severities that the operator does not want to see, counted from the least severe one on. */
static _Atomic uint32_t hidden_levels SHARED_DATA;

struct log_ring log_rings[CONFIG_MAX_CORES] MONITOR_DATA("1");

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static bool line_is_pending(struct log_ring *ring)
{
	return atomic_load(&ring->written) !=
		       atomic_load_explicit(&ring->printed, memory_order_relaxed) ||
	       atomic_load(&ring->lost) != atomic_load_explicit(&ring->told, memory_order_relaxed);
}

static bool anything_is_pending(void)
{
	for (uint32_t i = 0; i < cpu_count; i++) {
		if (line_is_pending(&log_rings[i]))
			return true;
	}
	return false;
}

/* Copies the line at `from` out of the ring; returns its length, 0 if there is none before `to`. */
static uint32_t line_read(const struct log_ring *ring, uint32_t from, uint32_t to, char *line)
{
	for (uint32_t length = 0; from + length != to && length < LOG_LINE_MAX; length++) {
		line[length] = ring->text[(from + length) % LOG_RING_SIZE];
		if (line[length] == '\n')
			return length + 1;
	}
	return 0;
}

/* By the text, because that is all there is in a ring: "[0 hv] info: ...". What looks otherwise is shown. */
static bool line_is_shown(const char *line, uint32_t length)
{
	uint32_t hidden = atomic_load_explicit(&hidden_levels, memory_order_relaxed);
	uint32_t at = 0;

	while (at + 2 < length && line[at] != ']')
		at++;
	for (uint32_t i = 0; i < hidden; i++)
		if (at + 2 < length && line[at + 2] == level_names[LOG_DEBUG - i][0])
			return false;
	return true;
}

/*
 * The line is claimed by moving `printed` [P2] before it goes to the console: if log_flush() on
 * another core has taken over in the meantime, each line is still printed once.
 */
static void print_lines(struct log_ring *ring)
{
	char line[LOG_LINE_MAX];
	/* In this order: also after a takeover `end` is never before `position`. */
	uint32_t position = atomic_load_explicit(&ring->printed, memory_order_acquire);
	uint32_t end = atomic_load_explicit(&ring->written, memory_order_acquire); /* P1 */

	while (position != end) {
		uint32_t length = line_read(ring, position, end, line);
		if (length == 0)
			return; /* overtaken, and the place is already being written again */
		if (!atomic_compare_exchange_strong_explicit(
			    &ring->printed, &position, position + length, memory_order_release,
			    memory_order_relaxed))
			return;
		if (!CONFIG_OPERATOR_CONSOLE || line_is_shown(line, length))
			console_write(line, length);
		position += length;
	}
}

static void print_lost(uint32_t core)
{
	struct log_ring *ring = &log_rings[core];
	char line[LOG_LINE_MAX];
	uint32_t lost = atomic_load_explicit(&ring->lost, memory_order_relaxed);
	uint32_t told = atomic_exchange_explicit(&ring->told, lost, memory_order_relaxed);

	if (lost == told)
		return;
	size_t length = format_text(line, sizeof(line), "[%u log] warning: %u lines lost\n", core,
				    lost - told);
	console_write(line, length);
}

static void print_all(void)
{
	if (CONFIG_FAULT_INJECTION)
		inject_at(FAULT_LOG);
	for (uint32_t i = 0; i < cpu_count; i++) {
		print_lines(&log_rings[i]);
		print_lost(i);
	}
}

/*
 * Also true if this core is the printer already: then a fault in the middle of printing has brought it
 * here, and the interrupted call never goes on.
 */
static bool printer_try(uint32_t self)
{
	uint32_t current = NOBODY;

	return atomic_compare_exchange_strong(&printer, &current, self) || current == self; /* W2 */
}

/* Fails harmlessly if another core has taken over; then that one looks again after its own end. */
static void printer_end(uint32_t self)
{
	atomic_compare_exchange_strong(&printer, &self, NOBODY); /* P3 */
}

/* The caller is the printer. */
static void print_until_nothing_is_pending(uint32_t self)
{
	do {
		print_all();
		printer_end(self);
	} while (anything_is_pending() && printer_try(self)); /* P4 */
}

/* False if there is no room; only the owning core calls it. */
static bool ring_write(struct log_ring *ring, const char *line, uint32_t length)
{
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint32_t printed = atomic_load_explicit(&ring->printed, memory_order_acquire); /* W0 */

	if (LOG_RING_SIZE - (written - printed) < length)
		return false;
	for (uint32_t i = 0; i < length; i++)
		ring->text[(written + i) % LOG_RING_SIZE] = line[i];
	atomic_store(&ring->written, written + length); /* W1 */
	return true;
}

/* Names come from GRUB and from scenarios: nothing in them may look like a line of its own. */
static void replace_control_characters(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7F)
			text[i] = '?';
	}
}

static uint32_t format_line(char *line, const struct cpu *cpu, const char *fmt, va_list arguments)
{
	const size_t most = LOG_LINE_MAX - 1; /* leaves a place for the line end */
	size_t length = format_text(line, most + 1, "[%u %s] ", cpu->index,
				    cpu->owner != NULL ? cpu->owner : "hv");

	/* With the NUL there is one character more than `most`: that tells full from cut off. */
	length += format_text_v(line + length, LOG_LINE_MAX + 1 - length, fmt, arguments);
	if (length > most) {
		length = most;
		memcpy(line + most - 3, "...", 3);
	}
	replace_control_characters(line, length);
	line[length++] = '\n';
	return (uint32_t)length;
}

void log_line(const char *fmt, ...)
{
	char line[LOG_LINE_MAX + 1];
	struct cpu *cpu = this_cpu();
	va_list arguments;

	va_start(arguments, fmt);
	uint32_t length = format_line(line, cpu, fmt, arguments);
	va_end(arguments);
	if (!ring_write(&log_rings[cpu->index], line, length))
		atomic_fetch_add(&log_rings[cpu->index].lost, 1); /* as W1 */
	if (printer_try(cpu->index + 1))
		print_until_nothing_is_pending(cpu->index + 1);
}

static bool is_held_by(uint32_t self)
{
	return CONFIG_OPERATOR_CONSOLE && atomic_load(&printer) == (self | HELD);
}

/* Whoever serves the console has printed it all, and goes on doing so. */
static bool is_done_by_holder(void)
{
	return CONFIG_OPERATOR_CONSOLE && (atomic_load(&printer) & HELD) && !anything_is_pending();
}

void log_flush(void)
{
	uint32_t self = this_cpu()->index + 1;
	bool is_printer = printer_try(self) || is_held_by(self);

	for (uint32_t i = 0; !is_printer && !is_done_by_holder() && i < TAKEOVER_SPINS; i++) {
		cpu_pause();
		is_printer = printer_try(self);
	}
	if (!is_printer && is_done_by_holder())
		return;
	if (!is_printer)
		atomic_store(&printer, self);
	print_until_nothing_is_pending(self);
}

void log_abandon(void)
{
	printer_end(this_cpu()->index + 1);
	printer_end((this_cpu()->index + 1) | HELD);
}

bool log_hold(void)
{
	uint32_t self = this_cpu()->index + 1;
	uint32_t current = NOBODY;

	return is_held_by(self) ||
	       atomic_compare_exchange_strong(&printer, &current, self | HELD) ||
	       (current == self && atomic_compare_exchange_strong(&printer, &current, self | HELD));
}

bool log_is_pending(void)
{
	return anything_is_pending();
}

void log_print(void)
{
	print_all();
}

void log_release(void)
{
	uint32_t self = this_cpu()->index + 1;
	uint32_t held = self | HELD;

	if (atomic_compare_exchange_strong(&printer, &held, NOBODY) && anything_is_pending() &&
	    printer_try(self))
		print_until_nothing_is_pending(self);
}

void log_show(enum log_level level)
{
	atomic_store_explicit(&hidden_levels, (uint32_t)(LOG_DEBUG - level), memory_order_relaxed);
}

enum log_level log_shown(void)
{
	return (enum log_level)(LOG_DEBUG -
				atomic_load_explicit(&hidden_levels, memory_order_relaxed));
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

/* How long a core waits for its ring to be printed: as TAKEOVER_SPINS, for the same reason. */
void log_settle(void)
{
	const struct log_ring *ring = &log_rings[this_cpu()->index];

	for (uint32_t i = 0; line_is_pending((struct log_ring *)ring) && i < TAKEOVER_SPINS; i++)
		cpu_pause();
}

size_t log_tail(char *buffer, size_t size)
{
	const struct log_ring *ring = &log_rings[this_cpu()->index];
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint32_t kept = written < LOG_RING_SIZE ? written : LOG_RING_SIZE;
	uint32_t length = kept < size ? kept : (uint32_t)size;

	/* The oldest line may have lost its beginning. Lines before the first wrap are all whole. */
	if (length < written)
		while (length > 0 && ring->text[(written - length - 1) % LOG_RING_SIZE] != '\n')
			length--;
	for (uint32_t i = 0; i < length; i++)
		buffer[i] = ring->text[(written - length + i) % LOG_RING_SIZE];
	return length;
}

void log_init(void)
{
	console_init();
}
