/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator may ask for in each state of a VM, and what of it reaches the VM's first core. "right" has
 * images to be started from, "left" has none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/apic.h"
#include "fake_cpu.h"
#include "fake_vm.h"
#include "vm/monitor.h"

#define LEFT  0
#define RIGHT 1

typedef enum error asking(struct vm *vm);

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	memset(&monitor_header, 0, sizeof(monitor_header));
	return 0;
}

static uint32_t *asked_of(uint32_t vm)
{
	return vcpu_requests(vm_vcpu(&vms[vm], 0));
}

/* Asks in that state; checks that a wish, and a kick with it, goes to the VM's first core if it is granted. */
static void assert_answer(asking *ask, uint32_t vm, enum vm_state state, uint32_t wish,
			  enum error expected)
{
	setup(NULL);
	*monitor_state(vm) = state;
	assert_int_equal(ask(&vms[vm]), expected);
	assert_int_equal(*asked_of(vm), expected ? 0 : wish);
	assert_int_equal(fake_cpu()->ipi_count, expected ? 0 : 1);
	if (!expected)
		assert_int_equal(fake_cpu()->ipis[0] >> 32, vm == LEFT ? 0 : 2);
	assert_int_equal(*monitor_state(vm), state);
}

static void every_state(void **state)
{
	static const struct {
		enum vm_state state;
		enum error stop, start, restart;
	} cases[VM_STATE_COUNT] = {
		{VM_PREPARED, ERROR_VM_STATE, ERROR_VM_STATE, ERROR_VM_STATE},
		{VM_RUNNING, ERROR_OK, ERROR_VM_STATE, ERROR_OK},
		{VM_STOPPING, ERROR_OK, ERROR_OK, ERROR_OK},
		{VM_STOPPED, ERROR_VM_STATE, ERROR_OK, ERROR_OK},
		{VM_CRASHED, ERROR_VM_STATE, ERROR_OK, ERROR_OK},
		{VM_RESTARTING, ERROR_OK, ERROR_VM_STATE, ERROR_OK},
		{VM_LOST, ERROR_VM_STATE, ERROR_VM_STATE, ERROR_VM_STATE},
	};

	(void)state;
	for (unsigned i = 0; i < VM_STATE_COUNT; i++) {
		assert_int_equal(cases[i].state, i);
		assert_answer(vm_request_stop, RIGHT, cases[i].state, REQUEST_WISH_STOP,
			      cases[i].stop);
		assert_answer(vm_request_start, RIGHT, cases[i].state, REQUEST_WISH_START,
			      cases[i].start);
		assert_answer(vm_request_restart, RIGHT, cases[i].state, REQUEST_WISH_RESTART,
			      cases[i].restart);
	}
}

static void without_images(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VM_STATE_COUNT; i++) {
		assert_answer(vm_request_start, LEFT, (enum vm_state)i, 0,
			      ERROR_VM_NOT_RESTARTABLE);
		assert_answer(vm_request_restart, LEFT, (enum vm_state)i, 0,
			      ERROR_VM_NOT_RESTARTABLE);
	}
	assert_answer(vm_request_stop, LEFT, VM_RUNNING, REQUEST_WISH_STOP, ERROR_OK);
}

/* Of wishes that were not seen yet the last one counts; what else was asked of the vCPU stays. */
static void the_last_wish_counts(void **state)
{
	(void)state;
	*monitor_state(RIGHT) = VM_STOPPING;
	*asked_of(RIGHT) = REQUEST_NMI;
	assert_int_equal(vm_request_stop(&vms[RIGHT]), ERROR_OK);
	assert_int_equal(vm_request_restart(&vms[RIGHT]), ERROR_OK);
	assert_int_equal(vm_request_start(&vms[RIGHT]), ERROR_OK);
	assert_int_equal(*asked_of(RIGHT), REQUEST_NMI | REQUEST_WISH_START);
	assert_int_equal(fake_cpu()->ipi_count, 3);
}

/* The last test: it is for good. */
static void the_machine_is_halted(void **state)
{
	(void)state;
	assert_false(machine_is_halted());
	machine_request_halt();
	assert_true(machine_is_halted());
	assert_int_equal(*asked_of(LEFT), REQUEST_HALT);
	assert_int_equal(*asked_of(RIGHT), REQUEST_HALT);
	assert_int_equal(fake_cpu()->ipi_count, 2);
	machine_request_halt(); /* once is enough */
	assert_int_equal(fake_cpu()->ipi_count, 2);
	assert_answer(vm_request_start, RIGHT, VM_STOPPED, 0, ERROR_VM_STATE);
	assert_answer(vm_request_restart, RIGHT, VM_RUNNING, 0, ERROR_VM_STATE);
	assert_answer(vm_request_stop, RIGHT, VM_RUNNING, REQUEST_WISH_STOP, ERROR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_state, setup),
		cmocka_unit_test_setup(without_images, setup),
		cmocka_unit_test_setup(the_last_wish_counts, setup),
		cmocka_unit_test_setup(the_machine_is_halted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
