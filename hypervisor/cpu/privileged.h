/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every instruction that C cannot say and that touches the machine. Nothing else in the hypervisor
 * contains inline assembly for them, so that unit tests put tests/unit/fake/cpu/privileged.h first in
 * the include path and run the logic against a fake processor.
 *
 * "memory" clobbers order these against the compiler only; ordering against other cores is said where
 * it matters.
 */
#ifndef CPU_PRIVILEGED_H
#define CPU_PRIVILEGED_H

#include "bulkhead/types.h"

/* Outcome of a VMX instruction (SDM 3.31.2): CF is VMfailInvalid, ZF is VMfailValid. */
enum vmx_result {
	VMX_SUCCEED = 0,
	VMX_FAIL_INVALID = 1, /* no current VMCS to hold an error number */
	VMX_FAIL_VALID = 2,   /* the number is in VM_INSTRUCTION_ERROR of the current VMCS */
};

struct cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};

/* Operand of LGDT and LIDT (SDM 3.3.5.1). */
struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* The hypervisor maps all memory one to one. */
static inline void *host_pointer(hpa_t address)
{
	return (void *)address;
}

static inline uint8_t io_read8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void io_write8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint32_t io_read32(uint16_t port)
{
	uint32_t value;
	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void io_write32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint32_t mmio_read32(hpa_t address)
{
	uint32_t value;
	__asm__ volatile("movl %1, %0"
			 : "=r"(value)
			 : "m"(*(const volatile uint32_t *)address)
			 : "memory");
	return value;
}

static inline void mmio_write32(hpa_t address, uint32_t value)
{
	__asm__ volatile("movl %1, %0"
			 : "=m"(*(volatile uint32_t *)address)
			 : "r"(value)
			 : "memory");
}

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_result result;
	__asm__ volatile("cpuid"
			 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
			 : "a"(leaf), "c"(subleaf));
	return result;
}

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#define PRIVILEGED_CONTROL_REGISTER(name)                                           \
	static inline uint64_t name##_read(void)                                    \
	{                                                                           \
		uint64_t value;                                                     \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory"); \
		return value;                                                       \
	}                                                                           \
	static inline void name##_write(uint64_t value)                             \
	{                                                                           \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");     \
	}
PRIVILEGED_CONTROL_REGISTER(cr0)
PRIVILEGED_CONTROL_REGISTER(cr2)
PRIVILEGED_CONTROL_REGISTER(cr3)
PRIVILEGED_CONTROL_REGISTER(cr4)
/* The breakpoint addresses and the status are not switched at VM exits: they are the guest's. */
PRIVILEGED_CONTROL_REGISTER(dr0)
PRIVILEGED_CONTROL_REGISTER(dr1)
PRIVILEGED_CONTROL_REGISTER(dr2)
PRIVILEGED_CONTROL_REGISTER(dr3)
PRIVILEGED_CONTROL_REGISTER(dr6)
#undef PRIVILEGED_CONTROL_REGISTER

/* x87 and SSE state; `state` is 512 bytes, 16-byte-aligned (SDM 2A FXRSTOR). */
static inline void fxstate_load(const void *state)
{
	__asm__ volatile("fxrstor64 %0" : : "m"(*(const uint8_t(*)[512])state) : "memory");
}

/* Components of `mask`; `state` is 64-byte-aligned, with a header (SDM 2D XRSTOR). */
static inline void xstate_load(const void *state, uint64_t mask)
{
	__asm__ volatile("xrstor64 %0"
			 :
			 : "m"(*(const uint8_t(*)[576])state), "a"((uint32_t)mask),
			   "d"((uint32_t)(mask >> 32))
			 : "memory");
}

/* Lets the processor take what its APIC holds; returns with IF clear again. */
static inline void interrupts_take(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

/* Sleeps until an interrupt or NMI, and takes it; returns with IF clear again. */
static inline void interrupt_wait(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline uint64_t xcr_read(uint32_t index)
{
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
	return (uint64_t)high << 32 | low;
}

/* CR4.PKE has to be set. */
static inline uint32_t pkru_read(void)
{
	uint32_t low, high;
	__asm__ volatile("rdpkru" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static inline void xcr_write(uint32_t index, uint64_t value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline void gdt_load(const struct descriptor_pointer *pointer)
{
	__asm__ volatile("lgdt %0" : : "m"(*pointer) : "memory");
}

static inline void idt_load(const struct descriptor_pointer *pointer)
{
	__asm__ volatile("lidt %0" : : "m"(*pointer) : "memory");
}

static inline void task_register_load(uint16_t selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline void tlb_flush_page(const void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Stops this core for good. NMIs wake HLT, so it loops; IF is always clear in the hypervisor. */
static inline _Noreturn void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

/* For functions whose result depends on the core only: no function ever goes on on another one. */
#define CORE_CONSTANT __attribute__((const))

/* The calling core's area: the first field of struct cpu points to itself (cpu/cpu.h). */
static inline void *cpu_area_pointer(void)
{
	void *area;
	__asm__("movq %%gs:0, %0" : "=r"(area));
	return area;
}

#define VMX_RESULT_FROM_FLAGS(carry, zero) \
	((carry) ? VMX_FAIL_INVALID : (zero) ? VMX_FAIL_VALID : VMX_SUCCEED)

static inline enum vmx_result vmx_on(hpa_t region)
{
	bool carry, zero;
	__asm__ volatile("vmxon %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(region) : "memory");
	return VMX_RESULT_FROM_FLAGS(carry, zero);
}

static inline enum vmx_result vmx_off(void)
{
	bool carry, zero;
	__asm__ volatile("vmxoff" : "=@ccc"(carry), "=@ccz"(zero) : : "memory");
	return VMX_RESULT_FROM_FLAGS(carry, zero);
}

static inline enum vmx_result vmx_clear(hpa_t vmcs)
{
	bool carry, zero;
	__asm__ volatile("vmclear %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(vmcs) : "memory");
	return VMX_RESULT_FROM_FLAGS(carry, zero);
}

static inline enum vmx_result vmx_pointer_load(hpa_t vmcs)
{
	bool carry, zero;
	__asm__ volatile("vmptrld %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(vmcs) : "memory");
	return VMX_RESULT_FROM_FLAGS(carry, zero);
}

/* True if the processor refused. These two make up most of an exit: one branch each, for CF and ZF alike. */
static inline bool vmx_read(uint64_t field, uint64_t *value)
{
	bool failed;
	__asm__ volatile("vmread %2, %1" : "=@ccbe"(failed), "=r"(*value) : "r"(field));
	return failed;
}

static inline bool vmx_write(uint64_t field, uint64_t value)
{
	bool failed;
	__asm__ volatile("vmwrite %2, %1" : "=@ccbe"(failed) : "r"(field), "r"(value));
	return failed;
}

/* Operand of INVEPT and INVVPID (SDM 3.31.3): 16 bytes, meaning by the instruction. */
struct invalidate_descriptor {
	uint64_t low;
	uint64_t high;
};

static inline enum vmx_result vmx_invalidate_ept(uint64_t type, struct invalidate_descriptor what)
{
	bool carry, zero;
	__asm__ volatile("invept %2, %3"
			 : "=@ccc"(carry), "=@ccz"(zero)
			 : "m"(what), "r"(type)
			 : "memory");
	return VMX_RESULT_FROM_FLAGS(carry, zero);
}

static inline enum vmx_result vmx_invalidate_vpid(uint64_t type, struct invalidate_descriptor what)
{
	bool carry, zero;
	__asm__ volatile("invvpid %2, %3"
			 : "=@ccc"(carry), "=@ccz"(zero)
			 : "m"(what), "r"(type)
			 : "memory");
	return VMX_RESULT_FROM_FLAGS(carry, zero);
}

#endif
