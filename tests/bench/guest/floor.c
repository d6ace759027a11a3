/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: how short the round trip of an exit can be on this processor. The shortest hypervisor that
 * still does all of it: saves all registers, finds a handler by exit reason, executes CPUID, goes behind
 * the instruction, restores, resumes. No policy, no counters, no EPT; guest and hypervisor share this
 * program's memory.
 */
#include "bench.h"

#include "vmx/encoding.h"

#define ROUNDS              1000
#define MSR_FEATURE_CONTROL 0x3Au
#define FEATURE_VMX_LOCKED  5u
#define MSR_VMX_BASIC       0x480u
#define MSR_CR0_FIXED0      0x486u
#define MSR_CR4_FIXED0      0x488u
#define MSR_TRUE_PIN        0x48Du
#define MSR_TRUE_PROCESSOR  0x48Eu
#define MSR_TRUE_EXIT       0x48Fu
#define MSR_TRUE_ENTRY      0x490u
#define MSR_EFER            0xC0000080u
#define SELECTOR_CODE       0x08
#define SELECTOR_DATA       0x10
#define SELECTOR_TASK       0x18 /* need not be there: only not zero (SDM 3.27.2.3) */
#define TASK_LIMIT          0x67
#define RIGHTS_CODE         0xA09B
#define RIGHTS_DATA         0xC093
#define RIGHTS_TASK         0x008B
#define RIGHTS_UNUSABLE     0x10000

struct descriptor_table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static _Alignas(4096) uint8_t vmxon_region[4096], vmcs[4096];
static _Alignas(16) uint8_t guest_stack[4096], host_stack[4096];
static volatile uint64_t measured;

/* floor.S */
extern const char floor_exit[];
void floor_run(void); /* VMLAUNCH; returns when the guest is done */

static void field_write(uint64_t field, uint64_t value)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"(field), "r"(value) : "cc");
}

#define CONTROL_REGISTER(name)                                         \
	static uint64_t name##_read(void)                              \
	{                                                              \
		uint64_t value;                                        \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value)); \
		return value;                                          \
	}
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)

static void controls_write(void)
{
	field_write(VMCS_PIN_CONTROLS, (uint32_t)msr_read(MSR_TRUE_PIN));
	field_write(VMCS_PROCESSOR_CONTROLS, (uint32_t)msr_read(MSR_TRUE_PROCESSOR));
	field_write(VMCS_EXIT_CONTROLS, (uint32_t)msr_read(MSR_TRUE_EXIT) | EXIT_HOST_64_BIT);
	field_write(VMCS_ENTRY_CONTROLS, (uint32_t)msr_read(MSR_TRUE_ENTRY) | ENTRY_IA32E_GUEST);
	field_write(VMCS_GUEST_LINK_POINTER, UINT64_MAX);
	field_write(VMCS_EXCEPTION_BITMAP, 0);
}

static void segment_write(unsigned offset, uint16_t selector, uint32_t limit, uint32_t rights)
{
	field_write(VMCS_GUEST_ES_SELECTOR + offset, selector);
	field_write(VMCS_GUEST_ES_BASE + offset, 0);
	field_write(VMCS_GUEST_ES_LIMIT + offset, limit);
	field_write(VMCS_GUEST_ES_RIGHTS + offset, rights);
}

/* ES, CS, SS, DS, FS, GS, LDTR, TR, 2 apart */
static void segments_write(void)
{
	for (unsigned i = 0; i < 6; i++)
		segment_write(2 * i, i == 1 ? SELECTOR_CODE : SELECTOR_DATA, UINT32_MAX,
			      i == 1 ? RIGHTS_CODE : RIGHTS_DATA);
	segment_write(12, 0, 0, RIGHTS_UNUSABLE);
	segment_write(14, SELECTOR_TASK, TASK_LIMIT, RIGHTS_TASK);
}

static _Noreturn void guest(void)
{
	measured = cpuid_loop(0, 0, ROUNDS);
	for (;;)
		__asm__ volatile("vmcall"); /* any other exit ends it */
}

static void guest_state_write(const struct descriptor_table *idt,
			      const struct descriptor_table *gdt)
{
	segments_write();
	field_write(VMCS_GUEST_CR0, cr0_read());
	field_write(VMCS_GUEST_CR3, cr3_read());
	field_write(VMCS_GUEST_CR4, cr4_read());
	field_write(VMCS_GUEST_GDTR_BASE, gdt->base);
	field_write(VMCS_GUEST_GDTR_LIMIT, gdt->limit);
	field_write(VMCS_GUEST_IDTR_BASE, idt->base);
	field_write(VMCS_GUEST_IDTR_LIMIT, idt->limit);
	field_write(VMCS_GUEST_RFLAGS, 2);
	field_write(VMCS_GUEST_DR7, 0x400);
	field_write(VMCS_GUEST_RSP, (uint64_t)guest_stack + sizeof(guest_stack) - 8);
	field_write(VMCS_GUEST_RIP, (uint64_t)guest);
}

static void host_state_write(const struct descriptor_table *idt, const struct descriptor_table *gdt)
{
	field_write(VMCS_HOST_CR0, cr0_read());
	field_write(VMCS_HOST_CR3, cr3_read());
	field_write(VMCS_HOST_CR4, cr4_read());
	field_write(VMCS_HOST_CS_SELECTOR, SELECTOR_CODE);
	field_write(VMCS_HOST_SS_SELECTOR, SELECTOR_DATA);
	field_write(VMCS_HOST_DS_SELECTOR, SELECTOR_DATA);
	field_write(VMCS_HOST_ES_SELECTOR, SELECTOR_DATA);
	field_write(VMCS_HOST_FS_SELECTOR, SELECTOR_DATA);
	field_write(VMCS_HOST_GS_SELECTOR, SELECTOR_DATA);
	field_write(VMCS_HOST_TR_SELECTOR, SELECTOR_TASK);
	field_write(VMCS_HOST_GDTR_BASE, gdt->base);
	field_write(VMCS_HOST_IDTR_BASE, idt->base);
	field_write(VMCS_HOST_RSP, (uint64_t)host_stack + sizeof(host_stack) - 128);
	field_write(VMCS_HOST_RIP, (uint64_t)floor_exit);
}

static void vmcs_fill(void)
{
	struct descriptor_table idt, gdt;

	__asm__ volatile("sidt %0" : "=m"(idt));
	__asm__ volatile("sgdt %0" : "=m"(gdt));
	controls_write();
	guest_state_write(&idt, &gdt);
	host_state_write(&idt, &gdt);
}

static void operation_enter(void)
{
	uint64_t region = (uint64_t)vmxon_region, current = (uint64_t)vmcs;

	*(uint32_t *)vmxon_region = *(uint32_t *)vmcs = (uint32_t)msr_read(MSR_VMX_BASIC);
	if (!(msr_read(MSR_FEATURE_CONTROL) & 1))
		msr_write(MSR_FEATURE_CONTROL, FEATURE_VMX_LOCKED);
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0_read() | msr_read(MSR_CR0_FIXED0)));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4_read() | msr_read(MSR_CR4_FIXED0)));
	__asm__ volatile("vmxon %0" : : "m"(region) : "cc", "memory");
	__asm__ volatile("vmclear %0" : : "m"(current) : "cc", "memory");
	__asm__ volatile("vmptrld %0" : : "m"(current) : "cc", "memory");
}

void measure_floor(void)
{
	operation_enter();
	vmcs_fill();
	floor_run();
	__asm__ volatile("vmxoff" : : : "cc");
	report_loop("cpuid_floor", ROUNDS, measured); /* 0: it never ran */
}
