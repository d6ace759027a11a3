/* SPDX-License-Identifier: Apache-2.0 */
/* Round trips of exits: loops of an instruction that a hypervisor has to handle, less the empty loop. */
#include "bench.h"

#define ROUNDS      1000
#define WARM_ROUNDS 16
#define IOAPIC      UINT64_C(0xFEC00000)
#define NO_CALL     UINT64_C(0x1F1F) /* no hypervisor knows this hypercall */
#define UNUSED_PORT 0x80

/* Ticks of `count` rounds of TEXT, with the instructions around it that a loop needs. */
#define LOOP(text, count, ...)                                            \
	({                                                                \
		uint64_t rounds_ = (count), begin_ = tsc_read();          \
		__asm__ volatile("1: " text "\n\tdecq %0\n\tjnz 1b"       \
				 : "+r"(rounds_)                          \
				 : __VA_ARGS__                            \
				 : "rax", "rbx", "rcx", "rdx", "memory"); \
		tsc_read() - begin_;                                      \
	})

uint64_t cpuid_loop(uint32_t leaf, uint32_t subleaf, uint64_t count)
{
	uint64_t empty = LOOP("movl %1, %%eax\n\tmovl %2, %%ecx", count, "r"(leaf), "r"(subleaf));

	return LOOP("movl %1, %%eax\n\tmovl %2, %%ecx\n\tcpuid", count, "r"(leaf), "r"(subleaf)) -
	       empty;
}

static void measure_cpuid(void)
{
	static const struct {
		const char *name;
		uint32_t leaf, subleaf;
	} leaves[] = {
		{"cpuid_0", 0, 0},
		{"cpuid_1", 1, 0},
		{"cpuid_4_2", 4, 2},
		{"cpuid_7", 7, 0},
		{"cpuid_b_1", 0xB, 1},
		{"cpuid_d_0", 0xD, 0},
		{"cpuid_ext_8", 0x80000008, 0},
		{"cpuid_hv", 0x40000000, 0},
	};

	/* as it is for most of a guest's life: answers were given before, and counters take samples */
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		cpuid_loop(leaves[i].leaf, leaves[i].subleaf, WARM_ROUNDS);
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		report_loop(leaves[i].name, ROUNDS,
			    cpuid_loop(leaves[i].leaf, leaves[i].subleaf, ROUNDS));
}

static uint64_t empty_loop(void)
{
	return LOOP("", ROUNDS, "r"(0));
}

static void measure_msr(void)
{
	uint64_t empty = LOOP("movl %1, %%ecx", ROUNDS, "r"(MSR_APIC_BASE));

	report_loop("rdmsr", ROUNDS,
		    LOOP("movl %1, %%ecx\n\trdmsr", ROUNDS, "r"(MSR_APIC_BASE)) - empty);
	/* passed through where there are no exits to the local APIC */
	report_loop("eoi", ROUNDS,
		    LOOP("movl %1, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx\n\twrmsr",
			 ROUNDS, "r"(MSR_X2APIC_EOI)) -
			    LOOP("movl %1, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx", ROUNDS,
				 "r"(MSR_X2APIC_EOI)));
}

static void measure_ports(void)
{
	uint64_t empty = empty_loop();

	report_loop("port_out", ROUNDS, LOOP("outb %%al, %1", ROUNDS, "N"(UNUSED_PORT)) - empty);
	report_loop("port_in", ROUNDS, LOOP("inb %1, %%al", ROUNDS, "N"(UNUSED_PORT)) - empty);
}

static void measure_memory(void)
{
	uint64_t empty = empty_loop();

	report_loop("ept_violation", ROUNDS, LOOP("movl (%1), %%eax", ROUNDS, "r"(IOAPIC)) - empty);
}

static void measure_hypercall(void)
{
	uint64_t empty = LOOP("movq %1, %%rax", ROUNDS, "r"(NO_CALL));

	report_loop("vmcall", ROUNDS,
		    LOOP("movq %1, %%rax\n\tvmcall", ROUNDS, "r"(NO_CALL)) - empty);
}

void measure_exits(void)
{
	measure_cpuid();
	measure_msr();
	measure_ports();
	measure_memory();
	if (environment != NATIVE) /* #UD there */
		measure_hypercall();
}
