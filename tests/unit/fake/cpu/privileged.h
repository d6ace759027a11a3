/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-in for hypervisor/cpu/privileged.h in unit tests: the same functions, answered by a fake
 * processor (tests/unit/fake/fake_cpu.c). Tests of several cores switch with fake_cpu_select().
 */
#ifndef CPU_PRIVILEGED_H
#define CPU_PRIVILEGED_H

#include "bulkhead/types.h"

enum vmx_result {
	VMX_SUCCEED = 0,
	VMX_FAIL_INVALID = 1,
	VMX_FAIL_VALID = 2,
};

struct cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};

struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct invalidate_descriptor {
	uint64_t low;
	uint64_t high;
};

void *host_pointer(hpa_t address);
uint8_t io_read8(uint16_t port);
void io_write8(uint16_t port, uint8_t value);
uint32_t io_read32(uint16_t port);
void io_write32(uint16_t port, uint32_t value);
uint32_t mmio_read32(hpa_t address);
void mmio_write32(hpa_t address, uint32_t value);
uint64_t msr_read(uint32_t msr);
void msr_write(uint32_t msr, uint64_t value);
struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t tsc_read(void);
uint64_t cr0_read(void);
void cr0_write(uint64_t value);
uint64_t cr2_read(void);
void cr2_write(uint64_t value);
uint64_t cr3_read(void);
void cr3_write(uint64_t value);
uint64_t cr4_read(void);
void cr4_write(uint64_t value);
uint64_t dr0_read(void);
uint64_t dr1_read(void);
uint64_t dr2_read(void);
uint64_t dr3_read(void);
uint64_t dr6_read(void);
void dr6_write(uint64_t value);
void dr0_write(uint64_t value);
void dr1_write(uint64_t value);
void dr2_write(uint64_t value);
void dr3_write(uint64_t value);
void fxstate_load(const void *state);
void xstate_load(const void *state, uint64_t mask);
void interrupts_take(void);
void interrupt_wait(void);
uint64_t xcr_read(uint32_t index);
uint32_t pkru_read(void);
void xcr_write(uint32_t index, uint64_t value);
void gdt_load(const struct descriptor_pointer *pointer);
void idt_load(const struct descriptor_pointer *pointer);
void task_register_load(uint16_t selector);
void tlb_flush_page(const void *address);
void cpu_pause(void);
_Noreturn void cpu_halt_forever(void);
/* A test goes from core to core with fake_cpu_select(). */
#define CORE_CONSTANT

void *cpu_area_pointer(void);
enum vmx_result vmx_on(hpa_t region);
enum vmx_result vmx_off(void);
enum vmx_result vmx_clear(hpa_t vmcs);
enum vmx_result vmx_pointer_load(hpa_t vmcs);
bool vmx_read(uint64_t field, uint64_t *value);
bool vmx_write(uint64_t field, uint64_t value);
enum vmx_result vmx_invalidate_ept(uint64_t type, struct invalidate_descriptor what);
enum vmx_result vmx_invalidate_vpid(uint64_t type, struct invalidate_descriptor what);

#endif
