/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change what the VMs do. */
#include "console/console.h"
#include "cpu/cpu.h"
#include "cpu/frequency.h"
#include "cpu/privileged.h"
#include "cpu/reset.h"
#include "cpu/wait.h"
#include "lib/console.h"
#include "lib/log.h"
#include "vm/monitor.h"

/* How long a VM may take to do what was asked before the operator is told that it did not. */
#define PATIENCE_SECONDS 5

static const char *name_of(uint32_t vm)
{
	return scenario_tables.vms[vm].name;
}

static void say_error(struct console *console, const char *what, uint32_t vm, enum error error)
{
	if (error == ERROR_VM_NOT_RESTARTABLE)
		say(console,
		    "can't %s VM \"%s\": the scenario keeps no images for it (image-store, restartable)",
		    what, name_of(vm));
	else if (machine_is_halted())
		say(console,
		    "can't %s VM \"%s\": the machine is halted; \"reboot\" starts it again", what,
		    name_of(vm));
	else
		say(console, "can't %s VM \"%s\": it is %s", what, name_of(vm),
		    vm_state_name(state_of(vm)));
}

/* Until the VM's starts or state are as they should be; lines that are logged meanwhile are shown. */
static void wait_until(struct console *console, uint32_t vm, enum vm_state state, uint32_t starts)
{
	const struct monitor_vm *entry = &monitor_header.vms[vm];
	uint64_t begin = tsc_read();
	uint64_t end = tsc_frequency(&scenario_tables) * PATIENCE_SECONDS;

	while (!console->interrupted && tsc_read() - begin < end) {
		bool rests = state == VM_STOPPED && is_at_rest(vm);

		console_take_printer();
		if (log_is_pending())
			log_print();
		console_poll(console);
		if (rests || (state_of(vm) == state && entry->starts >= starts))
			break;
		cpu_wait();
	}
	log_print();
	say(console, "VM \"%s\" is %s", name_of(vm), vm_state_name(state_of(vm)));
}

/* A core that has to do it itself can't wait for it: it leaves the console first. */
static bool is_own_work(uint32_t vm)
{
	return core_of_vcpu(first_vcpu(vm)) == this_cpu()->index;
}

void command_stop(struct console *console, const struct words *words)
{
	enum error error;
	uint32_t vm;

	if (!console_vm(console, words->word[1], &vm))
		return;
	error = vm_request_stop(&vms[vm]);
	if (error)
		say_error(console, "stop", vm, error);
	else if (!is_own_work(vm))
		wait_until(console, vm, VM_STOPPED, 0);
}

static void begin_again(struct console *console, const char *word, const char *what,
			enum error (*ask)(struct vm *vm))
{
	uint32_t vm, starts;
	enum error error;

	if (!console_vm(console, word, &vm))
		return;
	starts = monitor_header.vms[vm].starts;
	error = ask(&vms[vm]);
	if (error)
		say_error(console, what, vm, error);
	else if (!is_own_work(vm))
		wait_until(console, vm, VM_RUNNING, starts + 1);
}

void command_start(struct console *console, const struct words *words)
{
	begin_again(console, words->word[1], "start", vm_request_start);
}

void command_restart(struct console *console, const struct words *words)
{
	begin_again(console, words->word[1], "restart", vm_request_restart);
}

void command_halt(struct console *console, const struct words *words)
{
	(void)words;
	machine_request_halt();
	say(console,
	    "all VMs are being stopped; \"vms\" shows them, \"reboot\" starts the machine again");
}

void command_reboot(struct console *console, const struct words *words)
{
	(void)words;
	log_warning("the operator resets the machine");
	console_take_printer();
	log_print();
	say(console, "resetting the machine");
	console_flush();
	machine_reset();
}
