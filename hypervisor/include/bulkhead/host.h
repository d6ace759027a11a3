/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the hypervisor keeps what belongs to one core, one VM or one vCPU alone. The scenario compiler
 * makes the page tables of each core from it, the hypervisor lays its structures out by it, and the
 * verifier looks for both.
 *
 * The upper end of the hypervisor's memory, from a 2 MiB boundary on, holds three arrays: an area for each
 * core of the board, struct vm for CONFIG_MAX_VMS, struct vcpu for CONFIG_MAX_VCPUS. Each element is whole
 * pages, so that it can be mapped alone. Behind them is the part of the monitor's window that all cores write
 * (bulkhead/monitor.h). The image lies at the lower end.
 */
#ifndef BULKHEAD_HOST_H
#define BULKHEAD_HOST_H

#include "bulkhead/counters.h"
#include "bulkhead/monitor.h"
#include "bulkhead/types.h"

/* A core's area, in this order: struct cpu_area (cpu/cpu.h). Guards are never mapped. */
#define HOST_GUARD_SIZE           UINT64_C(4096)
#define HOST_STACK_SIZE           (CONFIG_STACK_SIZE_KIB * UINT64_C(1024))
#define HOST_INTERRUPT_STACKS     4 /* each behind a guard of its own */
#define HOST_INTERRUPT_STACK_SIZE UINT64_C(8192)
#define HOST_CPU_SIZE             (16 * UINT64_C(1024)) /* struct cpu, with room to grow */

/* Offsets in the area: the first guard is at 0. */
#define HOST_AREA_INTERRUPT_STACKS (HOST_GUARD_SIZE + HOST_STACK_SIZE)
#define HOST_AREA_OWN                 \
	(HOST_AREA_INTERRUPT_STACKS + \
	 HOST_INTERRUPT_STACKS * (HOST_GUARD_SIZE + HOST_INTERRUPT_STACK_SIZE))
/* VMXON region, VMCS and struct cpu come next, then the counters, the answer to the console last. */
#define HOST_AREA_COUNTERS (HOST_AREA_OWN + 2 * UINT64_C(4096) + HOST_CPU_SIZE)
#define HOST_COUNTERS_SIZE ((sizeof(struct core_counters) + 4095) / 4096 * 4096)
#define HOST_AREA_ANSWER   (HOST_AREA_COUNTERS + HOST_COUNTERS_SIZE)
#define HOST_ANSWER_SIZE   UINT64_C(4096) /* what the operator's console may read of a stopped VM */
#define HOST_AREA_SIZE     (HOST_AREA_ANSWER + HOST_ANSWER_SIZE)

/* Elements of vms[] and vcpus[] (vm/vcpu.h). */
#define HOST_VM_SIZE   (8192 + (CONFIG_MAX_MSIX_VECTORS * UINT64_C(16) + 4095) / 4096 * 4096)
#define HOST_VCPU_SIZE 4096

/* Bytes of all that on a board with so many cores. */
#define HOST_OWNED_SIZE(cores)                                                        \
	((uint64_t)(cores)*HOST_AREA_SIZE + (uint64_t)CONFIG_MAX_VMS * HOST_VM_SIZE + \
	 (uint64_t)CONFIG_MAX_VCPUS * HOST_VCPU_SIZE + MONITOR_SHARED_SIZE)

/*
 * Start of the arrays in the hypervisor's memory [base, base + size). Never below base; if they do not fit,
 * the linker says so.
 */
static inline hpa_t host_owned_base(hpa_t base, uint64_t size, uint32_t cores)
{
	uint64_t owned = HOST_OWNED_SIZE(cores);

	if (size < owned || ((base + size - owned) & ~(PAGE_SIZE_2M - 1)) < base)
		return (base + PAGE_SIZE_2M - 1) & ~(PAGE_SIZE_2M - 1);
	return (base + size - owned) & ~(PAGE_SIZE_2M - 1);
}

/* Start of the image: no window of 2 MiB holds both some of it and memory of a VM. */
static inline hpa_t host_image_base(hpa_t base)
{
	return (base + PAGE_SIZE_2M - 1) & ~(PAGE_SIZE_2M - 1);
}

/* Start of the monitor's header. */
static inline hpa_t host_monitor_base(hpa_t owned, uint32_t cores)
{
	return owned + HOST_OWNED_SIZE(cores) - MONITOR_SHARED_SIZE;
}

/* Pieces of the window on a board with so many cores, at most. */
#define MONITOR_PIECES(cores) ((cores) + 2)

/* Fills pieces[] in the order of the window; returns how many. */
static inline uint32_t monitor_pieces(const struct scenario *scenario, struct monitor_piece *pieces)
{
	hpa_t owned = host_owned_base(scenario->hypervisor_base, scenario->hypervisor_size,
				      scenario->core_count);
	uint64_t crash = (uint64_t)scenario->core_count * CRASH_RECORD_SIZE;
	uint64_t offset = MONITOR_SHARED_SIZE;
	uint32_t count = 1;

	pieces[0] = (struct monitor_piece){0, host_monitor_base(owned, scenario->core_count),
					   MONITOR_SHARED_SIZE};
	for (uint32_t i = 0; i < scenario->core_count; i++, offset += HOST_COUNTERS_SIZE)
		pieces[count++] = (struct monitor_piece){
			offset, owned + i * (uint64_t)HOST_AREA_SIZE + HOST_AREA_COUNTERS,
			HOST_COUNTERS_SIZE};
	if (crash != 0 && scenario->crash_record_size >= crash)
		pieces[count++] =
			(struct monitor_piece){offset, scenario->crash_record_base, crash};
	return count;
}

/* Bytes of the whole window. */
static inline uint64_t monitor_window_size(const struct scenario *scenario)
{
	uint64_t crash = (uint64_t)scenario->core_count * CRASH_RECORD_SIZE;

	return MONITOR_SHARED_SIZE + (uint64_t)scenario->core_count * HOST_COUNTERS_SIZE +
	       (scenario->crash_record_size >= crash ? crash : 0);
}

/* Page-table entries of the hypervisor's own tables (SDM 3.4.5.4, tables 4-15 to 4-20). */
#define HOST_PRESENT UINT64_C(0x1)
#define HOST_WRITE   UINT64_C(0x2)
#define HOST_UC      UINT64_C(0x18) /* PWT and PCD: entry 3 of the PAT, which is UC after reset */
#define HOST_ACCESSED \
	UINT64_C(0x20) /* set beforehand: the processor has nothing to write into tables */
#define HOST_DIRTY UINT64_C(0x40)
#define HOST_LARGE UINT64_C(0x80)
#define HOST_NX    (UINT64_C(1) << 63)

#define HOST_TABLE \
	(HOST_PRESENT | HOST_WRITE | HOST_ACCESSED) /* reference to a table: leaves decide */
#define HOST_CODE     (HOST_PRESENT | HOST_ACCESSED)
#define HOST_CONSTANT (HOST_PRESENT | HOST_ACCESSED | HOST_NX)
#define HOST_DATA     (HOST_PRESENT | HOST_WRITE | HOST_ACCESSED | HOST_DIRTY | HOST_NX)
#define HOST_DEVICE   (HOST_DATA | HOST_UC)

#endif
