/* SPDX-License-Identifier: Apache-2.0 */
/* Machine instructions of the bare-metal test guests. */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MSR_APIC_BASE        0x1Bu
#define MSR_GS_BASE          0xC0000101u
#define MSR_X2APIC_EOI       0x80Bu
#define MSR_X2APIC_SVR       0x80Fu
#define MSR_X2APIC_LVT_TIMER 0x832u
#define MSR_X2APIC_INITIAL   0x838u
#define MSR_X2APIC_DIVIDE    0x83Eu

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid result;
	__asm__ volatile("cpuid"
			 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
			 : "a"(leaf), "c"(0));
	return result;
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

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint8_t port_read(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void port_write(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline int64_t hypercall(uint64_t number)
{
	int64_t result;
	__asm__ volatile("vmcall" : "=a"(result) : "a"(number) : "memory");
	return result;
}

static inline void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* STI takes effect after the next instruction, so that no interrupt slips in before HLT. */
static inline void interrupts_on_and_halt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline _Noreturn void halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

#endif
