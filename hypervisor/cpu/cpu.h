/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The per-core area. Every core has exactly one, finds it through GS, and never touches another's
 * except through the atomics that are marked so.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "bulkhead/tables.h"
#include "lib/log.h"

struct vcpu; /* vm/vcpu.h */

struct cpu {
	struct cpu *self; /* at GS:0, so that this_cpu() is one load */
	uint32_t index;   /* into scenario_tables.cores and cpus[] */
	uint32_t apic_id;
	const char *owner; /* name for the log: "hv", or the VM's once the core belongs to one */
	struct vcpu *vcpu; /* NULL on a core without a VM */
	struct log_ring log;
};

/* The calling core's area. In unit tests the fake CPU provides it. */
struct cpu *this_cpu(void);

/* Number of per-core areas in use: the cores of scenario_tables, the BSP included. */
extern uint32_t cpu_count;

/* Area of core `index`, which is less than cpu_count. */
struct cpu *cpu_at(uint32_t index);

#endif
