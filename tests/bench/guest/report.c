/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"
#include "guest.h"

static void begin(const char *name)
{
	print_text("bench: ");
	print_text(name);
}

static void field(const char *name, uint64_t value)
{
	print_text(" ");
	print_text(name);
	print_text("=");
	print_unsigned(value);
}

void report_series(const char *name, const struct series *series)
{
	begin(name);
	field("count", series->count);
	field("min", series->minimum);
	field("max", series->maximum);
	field("total", series->total);
	print_text("\r\n");
}

void report_loop(const char *name, uint64_t count, uint64_t total)
{
	begin(name);
	field("count", count);
	field("total", total);
	print_text("\r\n");
}

void report_number(const char *name, uint64_t value)
{
	begin(name);
	field("value", value);
	print_text("\r\n");
}
