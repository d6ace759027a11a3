/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The per-core area. Every core has exactly one, finds it through GS, and never touches another's
 * except through the atomics that are marked so.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "bulkhead/counters.h"
#include "bulkhead/host.h"
#include "bulkhead/tables.h"
#include "cpu/privileged.h"
#include "lib/log.h"

struct lock; /* lib/lock.h */
struct vcpu; /* vm/vcpu.h */

/* Task-state segment in 64-bit mode (SDM 3.8.7); only the interrupt stacks are used. */
struct task_state {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t interrupt_stack[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));
_Static_assert(sizeof(struct task_state) == 104, "SDM 3.8.7, figure 8-11");

/* Segment selectors of the hypervisor's GDT. */
enum selector {
	SELECTOR_CODE = 0x08,
	SELECTOR_DATA = 0x10,
	SELECTOR_TASK = 0x18, /* two slots */
	GDT_ENTRIES = 5,
};

/* Stacks that an exception gets through the interrupt-stack table, so that it works on a bad stack. */
enum interrupt_stack {
	STACK_NMI,
	STACK_DOUBLE_FAULT,
	STACK_MACHINE_CHECK,
	STACK_PAGE_FAULT, /* or a stack that overflows into its guard would be a double fault */
	INTERRUPT_STACK_COUNT,
};
_Static_assert(INTERRUPT_STACK_COUNT == HOST_INTERRUPT_STACKS,
	       "change HOST_INTERRUPT_STACKS in bulkhead/host.h along");

/* Locks that a core may hold at a time; there are two at most, one of a VM and one of all VMs. */
#define CPU_LOCKS 4

struct cpu {
	struct cpu *self; /* at GS:0, so that this_cpu() is one load */
	uint32_t index;   /* into scenario_tables.cores and cpus[] */
	uint32_t apic_id;
	const char *owner; /* name for the log: "hv", or the VM's once the core belongs to one */
	struct vcpu *vcpu; /* NULL on a core without a VM */
	bool runs_guest; /* from vcpu_run() until it comes to rest: a failure now stops the vCPU's VM */
	uint32_t failures; /* of the hypervisor since then (vm/contain.c) */
	uint32_t lock_count;
	struct lock *locks[CPU_LOCKS]; /* that this core holds, or waits for */
	struct log_limiter corrected;  /* hardware errors that harmed nobody (vm/machine_check.c) */
	bool vmx_enabled; /* this core is in VMX operation; CR4.VMXE does not say that */
	uint64_t cr4_before_vmx;
	uint64_t tsc_moved; /* by its guest's writes, modulo 2^64 (cpu/tsc.h) */
	/* The current VMCS is this core's, so an NMI in the hypervisor may arm the preemption timer. */
	volatile bool vmcs_current;
	/* NMIs that came here, and machine checks that were not looked into: banks may hold errors. */
	volatile uint32_t alarms;
	uint32_t alarms_heard; /* of these, those that vm/machine_check.c has looked after */
	uint64_t polled;       /* when it did so last (tsc_host()) */
	uint64_t gdt[GDT_ENTRIES];
	struct task_state task;
};
_Static_assert(sizeof(struct cpu) <= HOST_CPU_SIZE, "raise HOST_CPU_SIZE in bulkhead/host.h");

struct guarded_stack {
	uint8_t guard[HOST_GUARD_SIZE];
	uint8_t stack[HOST_INTERRUPT_STACK_SIZE];
};

/*
 * All memory that belongs to one core. Guard pages are not mapped: a stack that overflows faults
 * instead of running into its neighbour.
 */
struct cpu_area {
	_Alignas(4096) uint8_t guard_stack[HOST_GUARD_SIZE];
	uint8_t stack[HOST_STACK_SIZE];
	struct guarded_stack interrupt_stacks[INTERRUPT_STACK_COUNT];
	_Alignas(4096) uint8_t vmxon_region[4096];
	_Alignas(4096) uint8_t vmcs[4096];
	union {
		struct cpu cpu;
		uint8_t room[HOST_CPU_SIZE];
	};
	_Alignas(4096) struct core_counters counters;
	_Alignas(4096)
		uint8_t answer[HOST_ANSWER_SIZE]; /* struct console_answer (console/examine.h) */
};
_Static_assert(offsetof(struct cpu_area, interrupt_stacks) == HOST_AREA_INTERRUPT_STACKS &&
		       offsetof(struct cpu_area, vmxon_region) == HOST_AREA_OWN &&
		       offsetof(struct cpu_area, counters) == HOST_AREA_COUNTERS &&
		       offsetof(struct cpu_area, answer) == HOST_AREA_ANSWER &&
		       sizeof(struct cpu_area) == HOST_AREA_SIZE,
	       "every core's page tables map its area by bulkhead/host.h");
_Static_assert(CONFIG_STACK_SIZE_KIB % 4 == 0, "stacks are whole pages between guard pages");

/* One for each core of the scenario, placed by the linker script. Others are mapped during the start only. */
extern struct cpu_area cpu_areas[];

/* The calling core's area. In unit tests the fake CPU provides it. */
struct cpu *this_cpu(void) CORE_CONSTANT;

/* Number of per-core areas in use: the cores of scenario_tables, the BSP included. */
extern uint32_t cpu_count;

/* Area of core `index`, which is less than cpu_count. */
struct cpu *cpu_at(uint32_t index);

/* The memory around a core's struct cpu. */
struct cpu_area *cpu_area_of(struct cpu *cpu);

/*
 * Gives every core of the scenario its area: index, APIC id, stacks, descriptor tables. Runs once on
 * the BSP before any AP starts.
 */
void cpu_areas_init(const struct scenario *scenario);

/*
 * Makes area `index` the calling core's: GS, GDT, TSS, IDT, and CR0/CR4/EFER as the hypervisor runs
 * with. Runs once on each core.
 */
void cpu_enter_area(uint32_t index);

/* Sets the GS base so that this_cpu() works; part of cpu_enter_area(), in assembly. */
void cpu_load_descriptors(struct cpu *cpu, const struct descriptor_pointer *gdt, uint16_t task);

/*
 * Leaves everything on the calling core's stack, or on an interrupt stack, behind and continues in
 * `function`, which must not return, on the core's own stack.
 */
_Noreturn void cpu_call_on_empty_stack(void (*function)(void));
_Noreturn void cpu_switch_stack(void *end, void (*function)(void)); /* its last step (sleep.S) */

/*
 * Sleeps until *flag is not 0 or an NMI arrives. An NMI between the test and the HLT is not lost: the
 * NMI handler moves the return address behind the HLT (cpu/sleep.S).
 */
void cpu_sleep_unless(const volatile uint32_t *flag);

#endif
