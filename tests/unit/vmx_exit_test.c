/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VM exits from the processor's report to its effect: VMCS fields go in, registers, VMCS fields and
 * stopped VMs come out. The vCPU is the BSP of "left" on core 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/machine.h"
#include "bulkhead/platform.h"
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "cpu/registers.h"
#include "cpu/tsc.h"
#include "fake_cpu.h"
#include "fake_log.h"
#include "fake_memory.h"
#include "fake_vm.h"
#include "vm/contain.h"
#include "vm/counters.h"
#include "vm/handlers.h"
#include "vm/machine_check.h"
#include "vm/watchdog.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"

#define RIP    UINT64_C(0x1000)
#define LENGTH 3

/* In entry.S: they also load registers that the compiler keeps here. */
#define CHANGING(name)                                                               \
	void vmx_changing_##name(struct vcpu *vcpu, struct guest_registers *changed) \
	{                                                                            \
		vmx_handle_##name(vcpu, changed);                                    \
	}
CHANGING(exception)
CHANGING(task_switch)
CHANGING(ept_violation)
CHANGING(preemption_timer)

static struct guest_registers registers;
static unsigned nmi_unblocked;
static uint32_t handled_requests;

const char vmx_exit_entry[1];

void vmx_launch(struct guest_registers *r)
{
	(void)r;
	abort();
}

uint64_t exceptions_table(void)
{
	return 0;
}

void cpu_unblock_nmi(void)
{
	nmi_unblocked++;
}

void vcpu_handle_requests(struct vcpu *vcpu, struct guest_registers *r)
{
	(void)r;
	handled_requests = vcpu_take_requests(vcpu);
	if (handled_requests & REQUEST_NMI)
		guest_inject_nmi(1);
}

void contain_begin(void)
{
}

void vm_machine_check(struct vcpu *vcpu, struct guest_registers *r)
{
	vm_stop(vcpu, STOP_MACHINE_CHECK, r);
}

static jmp_buf contained;
static char contained_why[64];

void contain_end(const char *why, const void *stack)
{
	(void)stack;
	strncpy(contained_why, why, sizeof(contained_why) - 1);
	longjmp(contained, 1);
}

/* No device is reached in these tests but through ioapic.c. */
static uint32_t device_register;

uint32_t mmio_read32(hpa_t address)
{
	(void)address;
	return device_register;
}

void mmio_write32(hpa_t address, uint32_t value)
{
	(void)address;
	device_register = value;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	fake_memory_fill(0);
	this_cpu()->vcpu = &vcpus[0];
	vcpus[0].nmis = 0;
	registers = (struct guest_registers){0};
	nmi_unblocked = 0;
	this_cpu()->alarms = 0;
	handled_requests = 0;
	fake_field_set(VMCS_GUEST_RIP, RIP);
	fake_field_set(VMCS_EXIT_INSTRUCTION_LENGTH, LENGTH);
	fake_field_set(VMCS_GUEST_CS_RIGHTS, 0xC09B);
	fake_field_set(VMCS_GUEST_CR0, CR0_PE | CR0_NE);
	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE);
	return 0;
}

static void exit_with(uint32_t reason)
{
	fake_field_set(VMCS_EXIT_REASON, reason);
	/* as entry.S does */
	if (reason >= VMX_HANDLER_COUNT || !vmx_exit_handlers[reason])
		vmx_unhandled_exit(&registers);
	vcpus[0].counters->exits[reason].count++;
	vmx_handlers[vmx_exit_handlers[reason]](&vcpus[0], &registers);
}

static bool stops_with(uint32_t reason, enum stop_reason stop)
{
	fake_stop_expected = true;
	if (setjmp(fake_stop_jump) == 0) {
		exit_with(reason);
		return false;
	}
	return fake_stop_reason == stop;
}

static bool skipped(void)
{
	return fake_field(VMCS_GUEST_RIP) == RIP + LENGTH &&
	       !(fake_field(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_VALID);
}

static bool injected(uint32_t vector)
{
	uint64_t information = fake_field(VMCS_ENTRY_INTERRUPTION_INFO);

	return fake_field(VMCS_GUEST_RIP) == RIP && (information & INTERRUPTION_VALID) &&
	       (information & INTERRUPTION_VECTOR) == vector;
}

static void exits_are_counted_by_reason(void **state)
{
	(void)state;
	exit_with(VMX_EXIT_CPUID);
	exit_with(VMX_EXIT_CPUID);
	exit_with(VMX_EXIT_VMCALL);
	assert_int_equal(counters_exits(vcpus[0].counters), 3);
	assert_int_equal(vcpus[0].counters->exits[VMX_EXIT_CPUID].count, 2);
	assert_int_equal(vcpus[0].counters->exits[VMX_EXIT_VMCALL].count, 1);
	assert_int_equal(counters_exits(vcpus[1].counters), 0);
}

static void cpuid_hides_and_shows(void **state)
{
	(void)state;
	fake_cpuid_set(
		1, (struct cpuid_result){.ebx = 0x55000800, .ecx = UINT32_MAX, .edx = UINT32_MAX});
	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE | CR4_OSXSAVE);
	registers.rax = 1;
	exit_with(VMX_EXIT_CPUID);
	assert_true(skipped());
	assert_false(registers.rcx & CPUID_1_ECX_VMX);
	assert_false(registers.rcx & (1u << 3)); /* MONITOR */
	assert_false(registers.rcx & (1u << 6)); /* SMX */
	assert_true(registers.rcx & CPUID_1_ECX_HYPER);
	assert_true(registers.rcx & CPUID_1_ECX_X2APIC);
	assert_true(registers.rcx & CPUID_1_ECX_OSXSAVE);
	assert_int_equal(registers.rbx >> 24, 0); /* its APIC id */

	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE);
	registers.rax = 1;
	exit_with(VMX_EXIT_CPUID);
	assert_false(registers.rcx & CPUID_1_ECX_OSXSAVE);
}

static struct cpuid_result ask_cpuid(uint32_t leaf, uint32_t subleaf)
{
	registers.rax = leaf;
	registers.rcx = subleaf;
	exit_with(VMX_EXIT_CPUID);
	return (struct cpuid_result){(uint32_t)registers.rax, (uint32_t)registers.rbx,
				     (uint32_t)registers.rcx, (uint32_t)registers.rdx};
}

static void cpuid_hides_what_the_scenario_says(void **state)
{
	static const struct cpuid_mask masks[] = {
		{1, CPUID_SUBLEAF_ANY, CPUID_ECX, 1u << 28},
		{1, CPUID_SUBLEAF_ANY, CPUID_EDX, 1u << 23},
		{7, 0, CPUID_EBX, 1u << 5},
	};
	struct vm_config hiding = *vms[0].config;

	(void)state;
	fake_cpuid_set(1, (struct cpuid_result){.ecx = UINT32_MAX, .edx = UINT32_MAX});
	fake_cpuid_set(7, (struct cpuid_result){.ebx = UINT32_MAX, .ecx = UINT32_MAX});
	const struct cpuid_result before = ask_cpuid(1, 5), wide = ask_cpuid(7, 0);
	hiding.cpuid_masks = masks;
	hiding.cpuid_mask_count = 3;
	vms[0].config = &hiding;
	vcpus[0].cpuid = (struct cpuid_cache){0};
	const struct cpuid_result after = ask_cpuid(1, 5), narrow = ask_cpuid(7, 0);

	assert_int_equal(after.ecx, before.ecx & ~(1u << 28));
	assert_int_not_equal(after.ecx, before.ecx);
	assert_int_equal(after.edx, before.edx & ~(1u << 23));
	assert_int_equal(after.ebx, before.ebx);
	assert_int_equal(narrow.ebx, wide.ebx & ~(1u << 5));
	assert_int_equal(narrow.ecx, wide.ecx);
	/* The other VM sees all. */
	vms[0].config = vms[1].config;
	vcpus[0].cpuid = (struct cpuid_cache){0};
	assert_int_equal(ask_cpuid(1, 0).ecx, before.ecx);
}

/* A processor that changes its mind shows which answers are made anew. */
static void cpuid_answers_are_kept(void **state)
{
	(void)state;
	fake_cpuid_set(2, (struct cpuid_result){.eax = 1});
	fake_cpuid_set(0x80000000, (struct cpuid_result){.eax = 0x80000008});
	fake_cpuid_set(0x80000001, (struct cpuid_result){.ecx = 0});
	ask_cpuid(2, 0);
	ask_cpuid(0x80000001, 0);
	fake_cpuid_set(2, (struct cpuid_result){.eax = 2});
	fake_cpuid_set(0x80000001, (struct cpuid_result){.ecx = 1});
	assert_int_equal(ask_cpuid(2, 0).eax, 1);
	assert_int_equal(ask_cpuid(2, 1).eax, 2); /* another subleaf is another answer */
	assert_int_equal(ask_cpuid(0x80000001, 0).ecx, 1);
	/* takes the place of leaf 2 */
	ask_cpuid(2 + CPUID_CACHE_ENTRIES, 0);
	assert_int_equal(ask_cpuid(2, 0).eax, 2);
}

/* Sizes depend on XCR0, which changes by XSETBV alone; one that is refused changes nothing. */
static void cpuid_answers_follow_xcr0(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE | CR4_OSXSAVE);
	fake_cpuid_set(0xD, (struct cpuid_result){.eax = 3, .ebx = 100});
	assert_int_equal(ask_cpuid(0xD, 0).ebx, 100);
	fake_cpuid_set(0xD, (struct cpuid_result){.eax = 3, .ebx = 200});
	assert_int_equal(ask_cpuid(0xD, 0).ebx, 100);
	registers = (struct guest_registers){.rax = 2};
	exit_with(VMX_EXIT_XSETBV);
	assert_int_equal(ask_cpuid(0xD, 0).ebx, 100);
	registers = (struct guest_registers){.rax = 3};
	exit_with(VMX_EXIT_XSETBV);
	assert_int_equal(ask_cpuid(0xD, 0).ebx, 200);
}

static void cpuid_answers_follow_cr4(void **state)
{
	(void)state;
	fake_cpuid_set(1, (struct cpuid_result){.ecx = UINT32_MAX});
	assert_int_equal(ask_cpuid(1, 0).ecx & CPUID_1_ECX_OSXSAVE, 0);
	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE | CR4_OSXSAVE);
	assert_int_not_equal(ask_cpuid(1, 0).ecx & CPUID_1_ECX_OSXSAVE, 0);
	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE);
	assert_int_equal(ask_cpuid(1, 0).ecx & CPUID_1_ECX_OSXSAVE, 0);
}

static void cpuid_unknown_leaves_are_zero(void **state)
{
	static const uint32_t leaves[] = {0x3, 0x5, 0xA, 0xF, 0x10, 0x12, 0x14, 0x19, 0x40000005};

	(void)state;
	fake_cpuid_set(0, (struct cpuid_result){.eax = 0x1F});
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		fake_cpuid_set(leaves[i], (struct cpuid_result){1, 2, 3, 4});
		registers = (struct guest_registers){.rax = leaves[i]};
		exit_with(VMX_EXIT_CPUID);
		assert_int_equal(registers.rax | registers.rbx | registers.rcx | registers.rdx, 0);
	}
}

static void cpuid_tells_frequencies(void **state)
{
	(void)state;
	registers.rax = 0x15;
	exit_with(VMX_EXIT_CPUID);
	assert_int_equal(registers.rcx * registers.rbx / registers.rax, 50000000);
	assert_int_equal(registers.rcx, 25000000);
	registers.rax = PLATFORM_CPUID_TIMING;
	exit_with(VMX_EXIT_CPUID);
	assert_int_equal(registers.rax, 50000);
	assert_int_equal(registers.rbx, 25000);
	registers.rax = 0;
	exit_with(VMX_EXIT_CPUID);
	assert_true(registers.rax >= 0x16);
	registers.rax = PLATFORM_CPUID_SIGNATURE;
	exit_with(VMX_EXIT_CPUID);
	assert_memory_equal(&registers.rbx, "KVMK", 4);
}

static void unknown_msrs_fault(void **state)
{
	static const uint32_t msrs[] = {0x79,  0x3B,   0x9E,       0x199, 0x480, 0x48F,
					0x610, 0x4000, 0xC0000105, 0x800, 0x8FF};

	(void)state;
	for (unsigned i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
		registers = (struct guest_registers){.rcx = msrs[i], .rax = 7, .rdx = 9};
		exit_with(VMX_EXIT_RDMSR);
		assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
		assert_int_equal(registers.rax, 7);
		exit_with(VMX_EXIT_WRMSR);
		assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	}
}

static void known_msrs_are_answered(void **state)
{
	(void)state;
	registers.rcx = MSR_APIC_BASE;
	registers.rax = registers.rdx = UINT64_MAX;
	exit_with(VMX_EXIT_RDMSR);
	assert_true(skipped());
	assert_int_equal(registers.rax, 0xFEE00D00);
	assert_int_equal(registers.rdx, 0);
}

/* XRSTORS would load processor trace's output address, which is host-physical. */
static void no_supervisor_state_can_be_selected(void **state)
{
	(void)state;
	fake_field_set(VMCS_PROCESSOR_CONTROLS2, PROCESSOR2_XSAVES);
	fake_msr_set(MSR_XSS, 0);
	registers = (struct guest_registers){.rcx = MSR_XSS};
	exit_with(VMX_EXIT_WRMSR);
	assert_true(skipped());
	fake_field_set(VMCS_GUEST_RIP, RIP);
	for (unsigned bit = 0; bit < 64; bit++) {
		registers.rax = bit < 32 ? UINT64_C(1) << bit : 0;
		registers.rdx = bit < 32 ? 0 : UINT64_C(1) << (bit - 32);
		exit_with(VMX_EXIT_WRMSR);
		assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
		assert_int_equal(fake_msr(MSR_XSS), 0);
	}
	fake_cpuid_set(0xD, (struct cpuid_result){.eax = 0xF, .ecx = 0x1D01, .edx = 1});
	registers = (struct guest_registers){.rax = 0xD, .rcx = 1};
	exit_with(VMX_EXIT_CPUID);
	assert_int_equal(registers.rax, 0xF);
	assert_int_equal(registers.rcx | registers.rdx, 0);
	registers = (struct guest_registers){.rax = 0xD, .rcx = 8};
	exit_with(VMX_EXIT_CPUID);
	assert_int_equal(registers.rax | registers.rbx | registers.rcx | registers.rdx, 0);
}

static void foreign_ports_read_all_ones(void **state)
{
	(void)state;
	registers.rax = UINT64_C(0x1122334455667788);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x02F80008); /* IN AL, 0x2F8 */
	exit_with(VMX_EXIT_PORT);
	assert_true(skipped());
	assert_int_equal(registers.rax, UINT64_C(0x11223344556677FF));
	fake_field_set(VMCS_GUEST_RIP, RIP);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x0CF80009); /* IN AX: CONFIG_ADDRESS has 32 bits */
	exit_with(VMX_EXIT_PORT);
	assert_int_equal(registers.rax, UINT64_C(0x112233445566FFFF));
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x01F0000B); /* IN EAX */
	exit_with(VMX_EXIT_PORT);
	assert_int_equal(registers.rax, UINT32_MAX);
	assert_int_equal(fake_ports[0x2F8], 0);
}

static void foreign_port_writes_are_lost(void **state)
{
	(void)state;
	fake_ports[0xB2] = 0;
	registers.rax = 0x06;
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x00B20000); /* OUT 0xB2, AL */
	exit_with(VMX_EXIT_PORT);
	assert_true(skipped());
	assert_int_equal(fake_ports[0xB2], 0);
}

static void give_memory(const uint8_t *code, size_t size)
{
	static const struct memory_region region = {.guest_physical = 0,
						    .host_physical = FAKE_MEMORY_BASE,
						    .size = 0x100000,
						    .permissions = 7};
	static struct vm_config config;

	config = *vms[0].config;
	config.memory = &region;
	config.memory_count = 1;
	vms[0].config = &config;
	memcpy(host_pointer(FAKE_MEMORY_BASE + RIP), code, size);
}

/* REP OUTSB from linear 0x2000 to the neighbour's console, 64-bit addresses: dropped, all of it. */
static void string_to_foreign_port_is_dropped(void **state)
{
	(void)state;
	give_memory((const uint8_t *)"", 0);
	registers.rsi = 0x2000;
	registers.rcx = 200;
	fake_field_set(VMCS_GUEST_DS_LIMIT, UINT32_MAX);
	fake_field_set(VMCS_GUEST_DS_RIGHTS, 0xC091);
	fake_field_set(VMCS_EXIT_INSTRUCTION_INFO, 2 << 7 | GUEST_DS << 15);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x02F80030);
	exit_with(VMX_EXIT_PORT);
	assert_int_equal(fake_field(VMCS_GUEST_RIP), RIP); /* more to do */
	assert_int_equal(registers.rcx, 200 - 128);
	exit_with(VMX_EXIT_PORT);
	assert_true(skipped());
	assert_int_equal(registers.rcx, 0);
	assert_int_equal(registers.rsi, 0x2000 + 200);
	assert_int_equal(fake_ports[0x2F8], 0);
}

static void string_from_foreign_port_is_ones(void **state)
{
	(void)state;
	give_memory((const uint8_t *)"", 0);
	registers.rdi = 0x12340000;
	registers.rcx = 2;
	fake_field_set(VMCS_GUEST_ES_BASE, 0x2000);
	fake_field_set(VMCS_GUEST_ES_LIMIT, 3);
	fake_field_set(VMCS_GUEST_ES_RIGHTS, 0x93);
	fake_field_set(VMCS_EXIT_INSTRUCTION_INFO, 0); /* 16-bit addresses */
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x01F00039);
	exit_with(VMX_EXIT_PORT);
	assert_true(skipped());
	assert_memory_equal(host_pointer(FAKE_MEMORY_BASE + 0x2000), "\xFF\xFF\xFF\xFF\0", 5);
	assert_int_equal(registers.rdi, 0x12340004);
}

static uint32_t pci_read(uint32_t address, uint16_t port, unsigned size)
{
	vm_port_write(&vcpus[0], 0xCF8, 4, address);
	return vm_port_read(&vcpus[0], port, size);
}

static void pci_bus_has_only_a_host_bridge(void **state)
{
	(void)state;
	assert_int_equal(pci_read(0x80000000, 0xCF8, 4), 0x80000000);
	assert_int_equal(pci_read(0x80000000, 0xCFC, 4), 0x00081B36);
	assert_int_equal(pci_read(0x80000008, 0xCFE, 2), 0x0600); /* class: host bridge */
	assert_int_equal(pci_read(0x80000010, 0xCFC, 4), 0);      /* no BAR */
	vm_port_write(&vcpus[0], 0xCFC, 4, UINT32_MAX);
	assert_int_equal(vm_port_read(&vcpus[0], 0xCFC, 4), 0);
	assert_int_equal(pci_read(0x80000800, 0xCFC, 4), UINT32_MAX); /* 00:01.0 */
	assert_int_equal(pci_read(0x00000000, 0xCFC, 4), UINT32_MAX); /* not enabled */
	assert_int_equal(pci_read(0x80000000, 0xCFE, 4), UINT32_MAX); /* beyond the data port */
	/* an own address register per VM, and nothing reaches the real ports */
	assert_int_equal(vm_port_read(&vcpus[2], 0xCF8, 4), 0);
	assert_int_equal(fake_ports[0xCF8] | fake_ports[0xCFC], 0);
}

static void virtual_ports_power_off_and_reset(void **state)
{
	(void)state;
	registers.rax = 0x20 | PLATFORM_ACPI_S5_SLEEP_TYPE << 2;
	fake_field_set(VMCS_EXIT_QUALIFICATION, PLATFORM_ACPI_SLEEP_CONTROL_PORT << 16);
	assert_true(stops_with(VMX_EXIT_PORT, STOP_POWER_OFF));
	registers.rax = PLATFORM_ACPI_RESET_VALUE;
	fake_field_set(VMCS_EXIT_QUALIFICATION, PLATFORM_ACPI_RESET_PORT << 16);
	assert_true(stops_with(VMX_EXIT_PORT, STOP_RESET));
}

static void fatal_exits_stop_with_their_reason(void **state)
{
	(void)state;
	assert_true(stops_with(VMX_EXIT_TRIPLE_FAULT, STOP_TRIPLE_FAULT));
	assert_true(stops_with(VMX_EXIT_INIT_SIGNAL, STOP_UNHANDLED));
	assert_true(stops_with(200, STOP_UNHANDLED));
	assert_true(stops_with(35, STOP_UNHANDLED)); /* a hole in the numbering */
	assert_true(stops_with(VMX_EXIT_ENTRY_FAILURE | VMX_EXIT_INVALID_GUEST_STATE,
			       STOP_ENTRY_FAILED));
}

static void instructions_not_offered_are_undefined(void **state)
{
	static const uint32_t reasons[] = {VMX_EXIT_VMXON,  VMX_EXIT_VMCLEAR, VMX_EXIT_VMLAUNCH,
					   VMX_EXIT_GETSEC, VMX_EXIT_MONITOR, VMX_EXIT_MWAIT,
					   VMX_EXIT_INVEPT, VMX_EXIT_VMFUNC,  VMX_EXIT_ENCLS};

	(void)state;
	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		exit_with(reasons[i]);
		assert_true(injected(EXCEPTION_INVALID_OPCODE));
	}
}

static void hypercalls_need_privilege_and_a_number(void **state)
{
	(void)state;
	vcpus[0].counters->exits[VMX_EXIT_CPUID].count = 41;
	registers.rax = HYPERCALL_EXIT_COUNT;
	exit_with(VMX_EXIT_VMCALL);
	assert_true(skipped());
	assert_int_equal(registers.rax, 42);
	registers.rax = 5;
	exit_with(VMX_EXIT_VMCALL);
	assert_int_equal((int64_t)registers.rax, HYPERCALL_ERROR_NOSYS);
	fake_field_set(VMCS_GUEST_SS_RIGHTS, 0xC0F3);
	registers.rax = HYPERCALL_EXIT_COUNT;
	exit_with(VMX_EXIT_VMCALL);
	assert_int_equal((int64_t)registers.rax, HYPERCALL_ERROR_PERM);
}

static void xsetbv_is_checked(void **state)
{
	(void)state;
	fake_cpuid_set(0xD, (struct cpuid_result){.eax = 0xE7});
	registers.rax = 0x7;
	exit_with(VMX_EXIT_XSETBV);
	assert_true(skipped());
	assert_int_equal(fake_cpu()->xcr0, 0x7);
	static const uint64_t bad[] = {0x0, 0x6, 0x5, 0x27, 0x18, 0x207};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fake_field_set(VMCS_GUEST_RIP, RIP);
		registers.rax = bad[i];
		exit_with(VMX_EXIT_XSETBV);
		assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	}
	registers.rcx = 1;
	registers.rax = 0x7;
	exit_with(VMX_EXIT_XSETBV);
	assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	assert_int_equal(fake_cpu()->xcr0, 0x7);
}

static void memory_outside_stops_the_vm(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_PHYSICAL_ADDRESS, 0x20000000);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x181);
	assert_true(stops_with(VMX_EXIT_EPT_VIOLATION, STOP_MEMORY));
	assert_true(fake_log_has(LOG_ERROR, "which is not the VM's memory"));
	/* an instruction fetch from a device page, and a page walk through it */
	fake_field_set(VMCS_GUEST_PHYSICAL_ADDRESS, 0xFEC00000);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x184);
	assert_true(stops_with(VMX_EXIT_EPT_VIOLATION, STOP_MEMORY));
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x081);
	assert_true(stops_with(VMX_EXIT_EPT_VIOLATION, STOP_MEMORY));
}

static void device_register_access_is_emulated(void **state)
{
	static const uint8_t read_eax[] = {0x8B, 0x03};  /* mov (%ebx), %eax */
	static const uint8_t write_eax[] = {0x89, 0x03}; /* mov %eax, (%ebx) */

	(void)state;
	give_memory(read_eax, sizeof(read_eax));
	vms[0].ioapic_index[0] = 0x01;
	fake_field_set(VMCS_GUEST_PHYSICAL_ADDRESS, 0xFEC00010);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x181);
	exit_with(VMX_EXIT_EPT_VIOLATION);
	assert_int_equal(registers.rax, 4u << 16 | 0x11);
	assert_int_equal(fake_field(VMCS_GUEST_RIP), RIP + 2);

	give_memory(write_eax, sizeof(write_eax));
	fake_field_set(VMCS_GUEST_RIP, RIP);
	fake_field_set(VMCS_GUEST_PHYSICAL_ADDRESS, 0xFEC00000);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x182);
	registers.rax = 0x18;
	exit_with(VMX_EXIT_EPT_VIOLATION);
	assert_int_equal(vms[0].ioapic_index[0], 0x18);
	assert_int_equal(vms[1].ioapic_index[0], 0);
}

static void device_access_by_another_instruction_stops(void **state)
{
	static const uint8_t movups[] = {0x0F, 0x10, 0x03};

	(void)state;
	give_memory(movups, sizeof(movups));
	fake_field_set(VMCS_GUEST_PHYSICAL_ADDRESS, 0xFEC00010);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x181);
	assert_true(stops_with(VMX_EXIT_EPT_VIOLATION, STOP_INSTRUCTION));
}

/* Another core has taken its page away meanwhile: the processor shall look itself, but not for ever. */
static void device_access_by_a_vanished_instruction_is_repeated(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_PHYSICAL_ADDRESS, 0xFEC00010);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0x181);
	for (unsigned i = 1; i < 1000; i++) {
		exit_with(VMX_EXIT_EPT_VIOLATION);
		assert_int_equal(fake_field(VMCS_GUEST_RIP), RIP);
		assert_int_equal(fake_cpu()->invvpid_calls, i);
	}
	assert_true(stops_with(VMX_EXIT_EPT_VIOLATION, STOP_INSTRUCTION));
}

static void kick_is_handled_and_unblocked(void **state)
{
	(void)state;
	vcpu_post(&vcpus[0], REQUEST_NMI);
	fake_field_set(VMCS_EXIT_INTERRUPTION_INFO, INTERRUPTION_VALID | INTERRUPTION_NMI | 2);
	exit_with(VMX_EXIT_EXCEPTION_OR_NMI);
	assert_int_equal(nmi_unblocked, 1);
	assert_int_equal(this_cpu()->alarms, 1); /* it may be for a hardware error as well */
	assert_true(handled_requests & REQUEST_NMI);
	assert_int_equal(fake_field(VMCS_ENTRY_INTERRUPTION_INFO),
			 INTERRUPTION_VALID | INTERRUPTION_NMI | 2);
}

static void nmi_waits_for_its_window(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	guest_inject_nmi(1);
	assert_int_equal(fake_field(VMCS_ENTRY_INTERRUPTION_INFO), 0);
	assert_true(fake_field(VMCS_PROCESSOR_CONTROLS) & PROCESSOR_NMI_WINDOW);
	fake_field_set(VMCS_GUEST_INTERRUPTIBILITY, 0);
	assert_int_equal(vcpus[0].nmis, 1);
	exit_with(VMX_EXIT_NMI_WINDOW);
	assert_true(fake_field(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_VALID);
	assert_false(fake_field(VMCS_PROCESSOR_CONTROLS) & PROCESSOR_NMI_WINDOW);
}

static void two_nmis_are_two_and_three_are_two(void **state)
{
	(void)state;
	guest_inject_nmi(2);
	assert_true(fake_field(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_VALID);
	assert_true(fake_field(VMCS_PROCESSOR_CONTROLS) & PROCESSOR_NMI_WINDOW);
	assert_int_equal(vcpus[0].nmis, 1);
	fake_field_set(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	fake_field_set(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	guest_inject_nmi(1);
	assert_int_equal(vcpus[0].nmis, 1);
	fake_field_set(VMCS_GUEST_INTERRUPTIBILITY, 0);
	exit_with(VMX_EXIT_NMI_WINDOW);
	assert_int_equal(vcpus[0].nmis, 0);
	assert_false(fake_field(VMCS_PROCESSOR_CONTROLS) & PROCESSOR_NMI_WINDOW);
}

static void a_second_nmi_on_the_way_is_remembered(void **state)
{
	(void)state;
	vcpu_post(&vcpus[0], REQUEST_NMI);
	assert_false(*vcpu_requests(&vcpus[0]) & REQUEST_NMI_MORE);
	vcpu_post(&vcpus[0], REQUEST_NMI);
	assert_true(vcpu_take_requests(&vcpus[0]) & REQUEST_NMI_MORE);
}

static void nmi_wakes_a_halted_guest(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
	guest_inject_nmi(1);
	assert_int_equal(fake_field(VMCS_GUEST_ACTIVITY), ACTIVITY_ACTIVE);
}

static void kick_in_the_hypervisor_arms_the_timer(void **state)
{
	(void)state;
	vcpu_exit_soon();
	assert_true(fake_field(VMCS_PIN_CONTROLS) & PIN_PREEMPTION_TIMER);
	assert_int_equal(fake_field(VMCS_PREEMPTION_TIMER), 0);
	vcpu_post(&vcpus[0], REQUEST_NMI);
	exit_with(VMX_EXIT_PREEMPTION_TIMER);
	assert_false(fake_field(VMCS_PIN_CONTROLS) & PIN_PREEMPTION_TIMER);
	assert_true(handled_requests & REQUEST_NMI);
}

static void machine_check_is_not_the_guests(void **state)
{
	(void)state;
	fake_field_set(VMCS_EXIT_INTERRUPTION_INFO,
		       INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | 18);
	assert_true(stops_with(VMX_EXIT_EXCEPTION_OR_NMI, STOP_MACHINE_CHECK));
}

/* What entry.S calls at every 4,096th exit, for a guest whose timer hardly runs. */
static void exits_do_not_hide_from_the_watchdog(void **state)
{
	struct vm *vm = vcpus[0].vm;
	struct vm_config config = *vm->config;

	(void)state;
	assert_true(watchdog_check(&vcpus[0], &registers) == UINT64_MAX);
	config.life.watchdog_seconds = 1;
	vm->config = &config;
	vm->watchdog_fed = tsc_host();
	assert_true(watchdog_check(&vcpus[0], &registers) <=
		    scenario_tables.tsc_frequency_hz / WATCHDOG_LOOKS);
	/* none on other cores than the BSP's */
	vcpus[1].vm = vm;
	assert_true(watchdog_check(&vcpus[1], &registers) == UINT64_MAX);
	fake_cpu()->tsc += scenario_tables.tsc_frequency_hz;
	fake_stop_expected = true;
	if (setjmp(fake_stop_jump) == 0) {
		watchdog_check(&vcpus[0], &registers);
		fail();
	}
	assert_int_equal(fake_stop_reason, STOP_WATCHDOG);
}

static void vmcs_that_fails_is_contained(void **state)
{
	(void)state;
	if (setjmp(contained) == 0) {
		vmcs_access_failed(VMCS_GUEST_RIP);
		fail();
	}
	assert_string_equal(contained_why, "VMCS field 0x681e can't be accessed");
}

static void alignment_check_goes_back_to_the_guest(void **state)
{
	(void)state;
	fake_field_set(VMCS_EXIT_INTERRUPTION_INFO,
		       INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR_VALID | 17);
	/* raised by the delivery of itself */
	fake_field_set(VMCS_IDT_VECTORING_INFO,
		       INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR_VALID | 17);
	exit_with(VMX_EXIT_EXCEPTION_OR_NMI);
	assert_true(injected(EXCEPTION_ALIGNMENT_CHECK));
	assert_true(fake_field(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_ERROR_VALID);
	assert_int_equal(fake_field(VMCS_ENTRY_EXCEPTION_ERROR), 0);
	assert_int_equal(nmi_unblocked, 0);
}

static void single_step_survives_emulation(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_RFLAGS, RFLAGS_TF);
	fake_field_set(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_STI);
	exit_with(VMX_EXIT_CPUID);
	assert_true(fake_field(VMCS_GUEST_PENDING_DEBUG) & PENDING_DEBUG_BS);
	assert_int_equal(fake_field(VMCS_GUEST_INTERRUPTIBILITY), 0);
}

static void injection_ends_shadows(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_RFLAGS, RFLAGS_TF);
	fake_field_set(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS | INTERRUPTIBILITY_NMI);
	exit_with(VMX_EXIT_VMXOFF);
	assert_true(injected(EXCEPTION_INVALID_OPCODE));
	assert_int_equal(fake_field(VMCS_GUEST_INTERRUPTIBILITY), INTERRUPTIBILITY_NMI);
}

static void caches_are_left_alone(void **state)
{
	(void)state;
	exit_with(VMX_EXIT_WBINVD);
	assert_true(skipped());
	fake_field_set(VMCS_GUEST_RIP, RIP);
	exit_with(VMX_EXIT_INVD);
	assert_true(skipped());
}

static void write_cr0(uint64_t value)
{
	fake_field_set(VMCS_GUEST_RIP, RIP);
	fake_field_set(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 0); /* MOV CR0, RAX */
	registers.rax = value;
	exit_with(VMX_EXIT_CONTROL_REGISTER);
}

static void cr0_keeps_host_bits(void **state)
{
	(void)state;
	write_cr0(CR0_PE | CR0_CD | CR0_NW);
	assert_true(skipped());
	assert_int_equal(fake_field(VMCS_GUEST_CR0), CR0_PE | CR0_ET | CR0_NE);
	assert_int_equal(fake_field(VMCS_CR0_SHADOW), CR0_PE | CR0_ET | CR0_CD | CR0_NW);
}

static void cr0_refuses_what_the_processor_refuses(void **state)
{
	static const uint64_t bad[] = {CR0_PG, CR0_PE | CR0_NW, CR0_PE | 0x40, UINT64_C(1) << 28};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_cr0(bad[i]);
		assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	}
}

static void cr0_switches_long_mode(void **state)
{
	(void)state;
	fake_field_set(VMCS_GUEST_EFER, EFER_LME);
	write_cr0(CR0_PE | CR0_PG); /* without PAE */
	assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE | CR4_PAE);
	write_cr0(CR0_PE | CR0_PG);
	assert_true(skipped());
	assert_true(fake_field(VMCS_GUEST_EFER) & EFER_LMA);
	assert_true(fake_field(VMCS_ENTRY_CONTROLS) & ENTRY_IA32E_GUEST);
	write_cr0(CR0_PE);
	assert_true(skipped());
	assert_false(fake_field(VMCS_GUEST_EFER) & EFER_LMA);
	assert_false(fake_field(VMCS_ENTRY_CONTROLS) & ENTRY_IA32E_GUEST);
}

static void cr0_loads_pdptes(void **state)
{
	uint64_t table[4] = {0x2001, 0x3001, 0, 0x5001};

	(void)state;
	give_memory((const uint8_t *)"", 0);
	memcpy(host_pointer(FAKE_MEMORY_BASE + 0x8000), table, sizeof(table));
	fake_field_set(VMCS_GUEST_CR3, 0x8000);
	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE | CR4_PAE);
	write_cr0(CR0_PE | CR0_PG);
	assert_true(skipped());
	assert_int_equal(fake_field(VMCS_GUEST_PDPTE0 + 2), 0x3001);
	write_cr0(CR0_PE);
	fake_field_set(VMCS_GUEST_CR3, 0x40000000); /* not the VM's memory */
	write_cr0(CR0_PE | CR0_PG);
	assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
}

static void cr0_drops_translations_with_paging(void **state)
{
	(void)state;
	write_cr0(CR0_PE | CR0_CD);
	assert_int_equal(fake_cpu()->invvpid_calls, 0);
	write_cr0(CR0_PE | CR0_PG);
	assert_int_equal(fake_cpu()->invvpid_calls, 1);
}

static void write_cr4(uint64_t value)
{
	fake_field_set(VMCS_GUEST_RIP, RIP);
	fake_field_set(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	fake_field_set(VMCS_EXIT_QUALIFICATION, 4); /* MOV CR4, RAX */
	registers.rax = value;
	exit_with(VMX_EXIT_CONTROL_REGISTER);
}

static void cr4_keeps_host_bits(void **state)
{
	(void)state;
	write_cr4(CR4_MCE | CR4_PAE);
	assert_true(skipped());
	assert_int_equal(fake_field(VMCS_GUEST_CR4), CR4_VMXE | CR4_MCE | CR4_PAE);
	assert_int_equal(fake_field(VMCS_CR4_SHADOW), CR4_MCE | CR4_PAE);
	/* a machine check still comes to the hypervisor, whatever the guest sees */
	write_cr4(CR4_PAE);
	assert_true(skipped());
	assert_int_equal(fake_field(VMCS_GUEST_CR4), CR4_VMXE | CR4_MCE | CR4_PAE);
	assert_int_equal(fake_field(VMCS_CR4_SHADOW), CR4_PAE);
	assert_int_equal(fake_cpu()->invvpid_calls, 2);
}

static void cr4_refuses_what_the_processor_refuses(void **state)
{
	static const uint64_t bad[] = {CR4_VMXE,          CR4_SMXE,          CR4_LA57,
				       UINT64_C(1) << 19, UINT64_C(1) << 23, UINT64_C(1) << 24,
				       UINT64_C(1) << 25, UINT64_C(1) << 30, CR4_PCIDE};

	(void)state;
	fake_msr_set(MSR_VMX_CR4_FIXED1, UINT32_MAX); /* a processor that has everything */
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_cr4(CR4_MCE | bad[i]);
		assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	}
	fake_field_set(VMCS_GUEST_EFER, EFER_LME | EFER_LMA);
	fake_field_set(VMCS_GUEST_CR4, CR4_VMXE | CR4_PAE);
	write_cr4(CR4_MCE); /* PAE off */
	assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	fake_field_set(VMCS_GUEST_CR3, 0x1001);
	write_cr4(CR4_MCE | CR4_PAE | CR4_PCIDE);
	assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	fake_field_set(VMCS_GUEST_CR3, 0x1000);
	write_cr4(CR4_MCE | CR4_PAE | CR4_PCIDE);
	assert_true(skipped());
}

static void cr4_loads_pdptes(void **state)
{
	uint64_t table[4] = {0x2001, 0, 0, UINT64_C(1) << 40 | 1}; /* beyond 40 bits */

	(void)state;
	give_memory((const uint8_t *)"", 0);
	memcpy(host_pointer(FAKE_MEMORY_BASE + 0x8000), table, sizeof(table));
	fake_field_set(VMCS_GUEST_CR0, CR0_PE | CR0_PG | CR0_NE);
	fake_field_set(VMCS_GUEST_CR3, 0x8000);
	write_cr4(CR4_MCE | CR4_PAE);
	assert_true(injected(EXCEPTION_GENERAL_PROTECTION));
	table[3] = 0;
	memcpy(host_pointer(FAKE_MEMORY_BASE + 0x8000), table, sizeof(table));
	write_cr4(CR4_MCE | CR4_PAE);
	assert_true(skipped());
	assert_int_equal(fake_field(VMCS_GUEST_PDPTE0), 0x2001);
}

static void names_are_decoded(void **state)
{
	(void)state;
	assert_string_equal(exit_reason_name(2), "triple fault");
	assert_string_equal(exit_reason_name(48), "EPT violation");
	assert_string_equal(exit_reason_name(35), "unknown exit reason");
	assert_string_equal(exit_reason_name(4000), "unknown exit reason");
	assert_string_equal(vmx_instruction_error_name(7), "VM entry with invalid control fields");
	assert_string_equal(vmx_instruction_error_name(14), "unknown VM-instruction error");
	assert_string_equal(vmx_instruction_error_name(99), "unknown VM-instruction error");
}

void machine_difference(enum machine_rule rule, const char *fmt, ...)
{
	(void)rule;
	(void)fmt;
	abort();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(exits_are_counted_by_reason, setup),
		cmocka_unit_test_setup(cpuid_hides_and_shows, setup),
		cmocka_unit_test_setup(cpuid_hides_what_the_scenario_says, setup),
		cmocka_unit_test_setup(cpuid_answers_are_kept, setup),
		cmocka_unit_test_setup(cpuid_answers_follow_cr4, setup),
		cmocka_unit_test_setup(cpuid_answers_follow_xcr0, setup),
		cmocka_unit_test_setup(cpuid_unknown_leaves_are_zero, setup),
		cmocka_unit_test_setup(cpuid_tells_frequencies, setup),
		cmocka_unit_test_setup(unknown_msrs_fault, setup),
		cmocka_unit_test_setup(known_msrs_are_answered, setup),
		cmocka_unit_test_setup(no_supervisor_state_can_be_selected, setup),
		cmocka_unit_test_setup(foreign_ports_read_all_ones, setup),
		cmocka_unit_test_setup(foreign_port_writes_are_lost, setup),
		cmocka_unit_test_setup(pci_bus_has_only_a_host_bridge, setup),
		cmocka_unit_test_setup(virtual_ports_power_off_and_reset, setup),
		cmocka_unit_test_setup(fatal_exits_stop_with_their_reason, setup),
		cmocka_unit_test_setup(instructions_not_offered_are_undefined, setup),
		cmocka_unit_test_setup(hypercalls_need_privilege_and_a_number, setup),
		cmocka_unit_test_setup(xsetbv_is_checked, setup),
		cmocka_unit_test_setup(memory_outside_stops_the_vm, setup),
		cmocka_unit_test_setup(device_register_access_is_emulated, setup),
		cmocka_unit_test_setup(device_access_by_another_instruction_stops, setup),
		cmocka_unit_test_setup(device_access_by_a_vanished_instruction_is_repeated, setup),
		cmocka_unit_test_setup(kick_is_handled_and_unblocked, setup),
		cmocka_unit_test_setup(nmi_waits_for_its_window, setup),
		cmocka_unit_test_setup(nmi_wakes_a_halted_guest, setup),
		cmocka_unit_test_setup(two_nmis_are_two_and_three_are_two, setup),
		cmocka_unit_test_setup(a_second_nmi_on_the_way_is_remembered, setup),
		cmocka_unit_test_setup(kick_in_the_hypervisor_arms_the_timer, setup),
		cmocka_unit_test_setup(machine_check_is_not_the_guests, setup),
		cmocka_unit_test_setup(exits_do_not_hide_from_the_watchdog, setup),
		cmocka_unit_test_setup(vmcs_that_fails_is_contained, setup),
		cmocka_unit_test_setup(alignment_check_goes_back_to_the_guest, setup),
		cmocka_unit_test_setup(single_step_survives_emulation, setup),
		cmocka_unit_test_setup(cr0_keeps_host_bits, setup),
		cmocka_unit_test_setup(cr0_refuses_what_the_processor_refuses, setup),
		cmocka_unit_test_setup(cr0_switches_long_mode, setup),
		cmocka_unit_test_setup(cr0_loads_pdptes, setup),
		cmocka_unit_test_setup(cr0_drops_translations_with_paging, setup),
		cmocka_unit_test_setup(cr4_keeps_host_bits, setup),
		cmocka_unit_test_setup(cr4_refuses_what_the_processor_refuses, setup),
		cmocka_unit_test_setup(cr4_loads_pdptes, setup),
		cmocka_unit_test_setup(string_to_foreign_port_is_dropped, setup),
		cmocka_unit_test_setup(string_from_foreign_port_is_ones, setup),
		cmocka_unit_test_setup(injection_ends_shadows, setup),
		cmocka_unit_test_setup(caches_are_left_alone, setup),
		cmocka_unit_test_setup(names_are_decoded, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
