/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on request: exceptions that take an instruction, and faults at places that are reached later. */
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "devices/ioapic.h"
#include "vm/inject.h"

#define NOT_CANONICAL UINT64_C(0x8000000000000000)
#define TRIES         1000
#define KICKS         3

void inject_undefined(void)
{
	__asm__ volatile("ud2");
}

void inject_protection(void)
{
	(void)*(volatile uint8_t *)host_pointer(NOT_CANONICAL);
}

/* #SS, for whose frame there is no room either */
void inject_double(void)
{
	__asm__ volatile("movq %0, %%rsp; pushq %%rax" : : "r"(NOT_CANONICAL) : "memory");
}

void inject_machine_check(void)
{
	__asm__ volatile("int $18" : : : "memory");
}

static void fail_at(uint32_t place)
{
	this_cpu()->vcpu->inject = place;
}

static void kick_self(void)
{
	for (unsigned i = 0; i < KICKS; i++)
		apic_send_nmi(this_cpu()->apic_id);
}

void inject_at(uint32_t place)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	if (!vcpu || vcpu->inject != place)
		return;
	vcpu->inject = 0;
	if (place == FAULT_KICKED)
		kick_self();
	else
		inject_undefined();
}

void inject_nmi(void)
{
	fail_at(FAULT_NMI);
	kick_self();
	for (unsigned i = 0; i < TRIES; i++)
		cpu_pause();
}

void inject_kicked(void)
{
	fail_at(FAULT_KICKED);
	inject_undefined();
}

void inject_report(void)
{
	fail_at(FAULT_REPORT);
	inject_undefined();
}

void inject_log(void)
{
	fail_at(FAULT_LOG);
	log_flush(); /* who calls it becomes the printer */
}

void inject_lock(void)
{
	fail_at(FAULT_LOCK);
	ioapic_mask_pins(this_cpu()->vcpu->vm->config);
}

void inject_restart(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	vm_vcpu(vcpu->vm, 1)->inject = FAULT_RESTART;
	vm_stop(vcpu, STOP_RESET, NULL);
}

void inject_stop(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	fail_at(FAULT_STOP);
	vm_stop(vcpu, STOP_RESET, NULL);
}
