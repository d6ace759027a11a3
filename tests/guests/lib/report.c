/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports: every core makes its own, the BSP prints them all. Nothing here leaves the VM but the one
 * hypercall per report; the console's ports belong to the guest.
 */
#include "guest.h"

#include "bulkhead/platform.h"

static int64_t exit_counter(void)
{
	int64_t exits;

	if (!hypervisor_present())
		return EXITS_UNKNOWN;
	exits = hypercall(HYPERCALL_EXIT_COUNT);
	return exits < 0 ? EXITS_UNKNOWN : exits;
}

void report_setup(struct core *core)
{
	core->exits_before = exit_counter();
}

/* The counter includes the hypercall that reads it: one exit between two reports is our own. */
static int64_t exits_since_last(struct core *core)
{
	int64_t before = core->exits_before;

	if (before == EXITS_UNKNOWN)
		return EXITS_UNKNOWN;
	core->exits_before = hypercall(HYPERCALL_EXIT_COUNT);
	return core->exits_before - before - 1;
}

void report_publish(struct core *core)
{
	struct report *report = &core->published;

	interrupts_off();
	report->number = core->completed_count;
	report->window = core->completed;
	interrupts_on();
	core->reported_count = report->number;
	report->exits = exits_since_last(core);
	report->sum = program.sum ? program.sum() : 0;
	/* Pairs with the acquire in report_print_new(). */
	__atomic_store_n(&core->published_count, report->number, __ATOMIC_RELEASE);
}

static void report_print(uint32_t core, const struct report *report)
{
	print_text(program.name);
	print_text(": report ");
	print_unsigned(report->number);
	if (program.names_cores) {
		print_text(" core ");
		print_unsigned(core);
	}
	print_text(" ticks=");
	print_unsigned(report->window.ticks);
	print_text(" missed=");
	print_unsigned(report->window.missed);
	print_text(" jitter_min=");
	print_signed(report->window.jitter_min);
	print_text(" jitter_max=");
	print_signed(report->window.jitter_max);
	print_text(" exits=");
	if (report->exits == EXITS_UNKNOWN)
		print_text("n/a");
	else
		print_signed(report->exits);
	if (program.sum) {
		print_text(" sum=");
		print_hexadecimal(report->sum);
	}
	print_text("\r\n");
}

void report_print_new(struct core *cores, uint32_t count)
{
	for (uint32_t index = 0; index < count; index++) {
		struct core *core = &cores[index];
		uint32_t published = __atomic_load_n(&core->published_count, __ATOMIC_ACQUIRE);
		struct report report = core->published;

		if (published == core->printed_count)
			continue;
		core->printed_count = published;
		report_print(index, &report);
	}
}
