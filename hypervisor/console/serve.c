/* SPDX-License-Identifier: Apache-2.0 */
#include "console/serve.h"

#include "bulkhead/version.h"
#include "console/console.h"
#include "cpu/cpu.h"
#include "cpu/exceptions.h"
#include "cpu/privileged.h"
#include "cpu/wait.h"
#include "lib/console.h"
#include "lib/log.h"
#include "lib/section.h"
#include "lib/string.h"

#define NOBODY UINT32_C(0)

/* Index + 1 of the core that serves. */
static uint32_t server SHARED_DATA;
/* Faults that it has survived: the same one again and again would never end. */
static uint32_t faults SHARED_DATA;
#define FAULTS_MAX 8

static const struct core_config *own_core(void)
{
	return &scenario_tables.cores[this_cpu()->index];
}

/* Stack, struct cpu and all that is shared are mapped alike on both sides. */
void console_space(bool console)
{
	cr3_write((uint64_t)(console ? own_core()->console_root : own_core()->host_root));
}

/* --- Keys -------------------------------------------------------------------------------------- */

static void greet(struct console *console)
{
	say(console, "Bulkhead %s, scenario \"%s\": operator's console on core %u; \"help\" helps",
	    BULKHEAD_VERSION, scenario_tables.name, this_cpu()->index);
	line_show(&console->line);
}

static void run_line(struct console *console)
{
	char text[LINE_SIZE];

	memcpy(text, console->line.text, sizeof(text));
	console->interrupted = false;
	commands_run(console, text);
	if (console->interrupted) {
		/* the key itself, too */
		console->key_count = 0;
		console->interrupted = false;
		say(console, "^C");
	}
	line_begin(&console->line);
}

static void press(struct console *console, uint8_t key)
{
	if (!console->prompted) {
		console->prompted = true;
		console->interrupted = false;
		greet(console);
		if (key == '\r' || key == '\n')
			return;
	}
	switch (line_key(&console->line, key)) {
	case LINE_DONE:
		run_line(console);
		break;
	case LINE_TAB:
		commands_complete(console);
		break;
	case LINE_EDITED:
		break;
	}
}

/* What other cores have logged, above the line that is being typed. */
static void print_log(struct console *console)
{
	if (!log_is_pending())
		return;
	if (console->prompted)
		line_hide(&console->line);
	log_print();
	if (console->prompted)
		line_show(&console->line);
}

static void look(struct console *console)
{
	int key;

	console_take_printer();
	console_poll(console);
	print_log(console);
	while ((key = console_key(console)) >= 0) {
		press(console, (uint8_t)key);
		print_log(console);
	}
}

/* `until` NULL: for good. */
static void serve(const uint32_t *until)
{
	struct console console = {.key_count = 0};

	line_init(&console.line, "bulkhead> ", console_write);
	cpu_wait_begin();
	while (!until || __atomic_load_n(until, __ATOMIC_ACQUIRE) == 0) {
		look(&console);
		cpu_wait();
	}
	cpu_wait_end();
	if (console.prompted) {
		line_hide(&console.line);
		console.interrupted = false;
		say(&console, "the console leaves this core, because its VM has to do something");
	}
	log_release();
}

/* --- Who serves -------------------------------------------------------------------------------- */

_Noreturn void console_run(void)
{
	__atomic_store_n(&server, this_cpu()->index + 1, __ATOMIC_RELEASE);
	console_space(true);
	log_info("operator's console: press Enter");
	for (;;)
		serve(NULL);
}

bool console_try(const struct vcpu *vcpu)
{
	uint32_t nobody = NOBODY;

	if (!own_core()->console_root || !is_at_rest(vcpu_config_of(vcpu)->vm))
		return false;
	return __atomic_compare_exchange_n(&server, &nobody, this_cpu()->index + 1, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Cores of other VMs at rest sleep, and would not notice. */
static void hand_over(void)
{
	__atomic_store_n(&server, NOBODY, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < scenario_tables.vm_count; i++)
		if (is_at_rest(i) && core_of_vcpu(first_vcpu(i)) != this_cpu()->index)
			vcpu_post(vm_vcpu(&vms[i], 0), REQUEST_RESTED);
}

void console_serve(const uint32_t *until)
{
	console_space(true);
	serve(until);
	console_space(false);
	hand_over();
}

/* --- Faults ------------------------------------------------------------------------------------ */

bool console_is_served_here(void)
{
	return __atomic_load_n(&server, __ATOMIC_ACQUIRE) == this_cpu()->index + 1;
}

/* The core gives it up: whoever waits for it may have it, or nobody if it has failed too often. */
static _Noreturn void resume(void)
{
	bool again = __atomic_add_fetch(&faults, 1, __ATOMIC_RELAXED) <= FAULTS_MAX;

	cpu_unblock_nmi();
	exceptions_load();
	log_error("the operator's console %s",
		  again ? "begins anew" : "has failed too often, and ends");
	log_release();
	__atomic_store_n(&server, again ? NOBODY : UINT32_MAX, __ATOMIC_RELEASE);
	if (scenario_tables.console_core != this_cpu()->index) {
		console_space(false);
		vcpu_rest();
	}
	if (again)
		console_run();
	cpu_halt_forever();
}

_Noreturn void console_recover(void)
{
	cpu_call_on_empty_stack(resume);
}
