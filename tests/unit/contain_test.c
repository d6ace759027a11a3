/* SPDX-License-Identifier: Apache-2.0 */
/* A failure of the hypervisor on a core: what becomes of the core, of its VM and of what others share with it. */
#include "vm/contain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/serve.h"
#include "cpu/apic.h"
#include "cpu/fault.h"
#include "devices/ioapic.h"
#include "devices/pci.h"
#include "fake_cpu.h"
#include "fake_log.h"
#include "fake_vm.h"
#include "lib/crash_record.h"
#include "lib/lock.h"
#include "vm/monitor.h"
#include "vm/vcpu.h"

static jmp_buf halted;
static unsigned masked, silenced, abandoned, ends_told;
static char recorded[64];
static bool state_is_there;
static const uint64_t stack[4];

_Noreturn void cpu_halt_forever(void)
{
	longjmp(halted, 1);
}

void fault_log_stack(const void *pointer)
{
	assert_ptr_equal(pointer, stack);
}

void crash_record_write(enum crash_kind kind, const char *vm, uint32_t vcpu, const char *reason)
{
	assert_int_equal(kind, CRASH_HYPERVISOR);
	assert_string_equal(vm, "");
	assert_int_equal(vcpu, 0);
	strncpy(recorded, reason, sizeof(recorded) - 1);
}

void ioapic_mask_pins(const struct vm_config *vm)
{
	assert_string_equal(vm->name, "left");
	masked++;
}

void pci_silence(const struct vm_config *vm)
{
	assert_string_equal(vm->name, "left");
	silenced++;
}

void monitor_ends(const struct vm *vm, uint32_t stop_reason)
{
	assert_ptr_equal(vm, &vms[0]);
	assert_int_equal(stop_reason, STOP_HYPERVISOR_FAULT);
	ends_told++;
}

bool console_is_served_here(void)
{
	return false;
}

_Noreturn void console_recover(void)
{
	abort();
}

void log_abandon(void)
{
	abandoned++;
}

bool guest_state_log_if_there(void)
{
	return state_is_there;
}

static void state_set(enum vm_state state)
{
	*monitor_state(0) = state;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	fake_log_clear();
	fake_msr_set(APIC_VERSION, 0x60015);
	fake_cpu_select(0);
	this_cpu()->index = 0;
	this_cpu()->vcpu = &vcpus[0];
	this_cpu()->runs_guest = true;
	this_cpu()->failures = 0;
	this_cpu()->vmcs_current = true;
	state_set(VM_RUNNING);
	state_is_there = true;
	masked = silenced = abandoned = ends_told = 0;
	recorded[0] = 0;
	return 0;
}

enum outcome { WENT_ON, HALTED, STOPPED };

/* One whole failure, told in between as panic() does. */
static enum outcome failure(const char *why)
{
	fake_stop_expected = true;
	if (setjmp(halted))
		return HALTED;
	if (setjmp(fake_stop_jump))
		return STOPPED;
	contain_begin();
	contain_end(why, stack);
	return WENT_ON;
}

static void first_failure_stops_the_vm(void **state)
{
	(void)state;
	assert_int_equal(failure("assertion"), STOPPED);
	assert_int_equal(fake_stop_reason, STOP_HYPERVISOR_FAULT);
	assert_string_equal(recorded, "assertion");
	assert_int_equal(vm_state(&vms[0]), VM_RUNNING); /* vm_stop() is who changes that */
	assert_false(this_cpu()->vmcs_current);
	assert_int_equal(masked + silenced, 0);
}

static void unreadable_guest_is_said_to_be(void **state)
{
	(void)state;
	state_is_there = false;
	assert_int_equal(failure("VMCS"), STOPPED);
	assert_true(fake_log_has(LOG_ERROR, "state can't be read"));
}

static void assert_lost(void)
{
	assert_int_equal(vm_state(&vms[0]), VM_LOST);
	assert_int_equal(ends_told, 1);
	/* the other core of the VM is called, those of the other VM are not */
	assert_int_equal(*vcpu_requests(&vcpus[1]), REQUEST_STOP);
	assert_int_equal(*vcpu_requests(&vcpus[2]) | *vcpu_requests(&vcpus[3]), 0);
	assert_int_equal(fake_cpu()->ipis[0], UINT64_C(0x100004400)); /* NMI to APIC id 1 */
}

static void second_failure_loses_the_vm(void **state)
{
	(void)state;
	assert_int_equal(failure("first"), STOPPED);
	assert_int_equal(failure("second"), HALTED);
	assert_lost();
	assert_int_equal(masked, 1);
	assert_int_equal(silenced, 1);
	assert_true(fake_log_has(LOG_ERROR, "VM \"left\" is lost, and this core with it: second"));
}

static void third_failure_halts_at_once(void **state)
{
	(void)state;
	assert_int_equal(failure("first"), STOPPED);
	assert_int_equal(failure("second"), HALTED);
	fake_log_clear();
	assert_int_equal(failure("third"), HALTED);
	assert_int_equal(fake_log_count(LOG_ERROR), 0);
	assert_int_equal(abandoned, 1);
	assert_string_equal(recorded, "second");
}

/* The loss comes before anything is told, because that may be what fails. */
static void loss_comes_before_words(void **state)
{
	(void)state;
	assert_int_equal(failure("first"), STOPPED);
	contain_begin();
	assert_lost();
}

static void failure_while_restarting_loses_the_vm(void **state)
{
	static const enum vm_state states[] = {VM_STOPPING, VM_STOPPED, VM_CRASHED, VM_RESTARTING};

	(void)state;
	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		setup(NULL);
		state_set(states[i]);
		this_cpu()->runs_guest = false;
		assert_int_equal(failure("at rest"), HALTED);
		assert_lost();
	}
}

/* It was on its way to rest when another core had found an end already: it rests a moment later. */
static void failure_while_stopping_comes_to_rest(void **state)
{
	(void)state;
	state_set(VM_STOPPING);
	assert_int_equal(failure("on the way"), STOPPED);
	assert_int_equal(vm_state(&vms[0]), VM_STOPPING);
}

static void failure_during_the_start_calls_nobody(void **state)
{
	(void)state;
	state_set(VM_PREPARED);
	this_cpu()->runs_guest = false;
	assert_int_equal(failure("start"), HALTED);
	assert_int_equal(vm_state(&vms[0]), VM_PREPARED);
	assert_int_equal(fake_cpu()->ipi_count, 0);
	assert_true(fake_log_has(LOG_ERROR, "core 0 is lost: start"));
	assert_string_equal(recorded, "start");
}

static void core_without_vm_halts(void **state)
{
	(void)state;
	this_cpu()->vcpu = NULL;
	this_cpu()->runs_guest = false;
	assert_int_equal(failure("idle"), HALTED);
	assert_int_equal(fake_cpu()->ipi_count, 0);
}

static void locks_are_let_go_of(void **state)
{
	struct lock mine = {LOCK_FREE}, inner = {LOCK_FREE}, given_back = {LOCK_FREE};

	(void)state;
	lock_take(&given_back);
	lock_release(&given_back);
	lock_take(&mine);
	lock_take(&inner);
	assert_int_equal(mine.holder, 1);
	given_back.holder = 4; /* another core's by now */
	assert_int_equal(failure("with locks"), STOPPED);
	assert_int_equal(mine.holder, LOCK_FREE);
	assert_int_equal(inner.holder, LOCK_FREE);
	assert_int_equal(given_back.holder, 4);
	assert_int_equal(this_cpu()->lock_count, 0);
}

/* A core that fails while it waits (an NMI's handler, say) must not free what another one holds. */
static void lock_that_is_waited_for_stays(void **state)
{
	struct lock lock = {.holder = 3};
	struct cpu *cpu = this_cpu();

	(void)state;
	cpu->locks[cpu->lock_count++] = &lock;
	assert_int_equal(failure("waiting"), STOPPED);
	assert_int_equal(lock.holder, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(first_failure_stops_the_vm, setup),
		cmocka_unit_test_setup(unreadable_guest_is_said_to_be, setup),
		cmocka_unit_test_setup(second_failure_loses_the_vm, setup),
		cmocka_unit_test_setup(third_failure_halts_at_once, setup),
		cmocka_unit_test_setup(loss_comes_before_words, setup),
		cmocka_unit_test_setup(failure_while_restarting_loses_the_vm, setup),
		cmocka_unit_test_setup(failure_while_stopping_comes_to_rest, setup),
		cmocka_unit_test_setup(failure_during_the_start_calls_nobody, setup),
		cmocka_unit_test_setup(core_without_vm_halts, setup),
		cmocka_unit_test_setup(locks_are_let_go_of, setup),
		cmocka_unit_test_setup(lock_that_is_waited_for_stays, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
