/* SPDX-License-Identifier: Apache-2.0 */
/* The VMCS of the calling core's vCPU: set-up, reset, and what the exit handlers ask of it. */
#include "vm/guest_state.h"
#include "vm/counters.h"

#include "bulkhead/exit_words.h"
#include "cpu/cpu.h"
#include "cpu/exceptions.h"
#include "cpu/msr.h"
#include "cpu/registers.h"
#include "cpu/reset_registers.h"
#include "vm/vcpu.h"
#include "vmx/control_registers.h"
#include "vmx/controls.h"
#include "vmx/exit.h"
#include "vmx/saved_registers.h"
#include "vmx/vmcs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define RIGHTS_CODE_16  0x009B
#define RIGHTS_DATA_16  0x0093
#define RIGHTS_CODE_32  0xC09B
#define RIGHTS_DATA_32  0xC093
#define RIGHTS_CODE_64  0xA09B
#define RIGHTS_LDT      0x0082
#define RIGHTS_TASK     0x008B
#define RIGHTS_LONG     0x2000
#define RIGHTS_DEFAULT  0x4000
#define RIGHTS_DPL(x)   ((x) >> 5 & 3)
#define SELECTOR_CODE32 0x10 /* as in Linux' boot protocol */
#define SELECTOR_DATA32 0x18

/*
 * NE must be 1 in VMX operation, and CD and NW stay 0 so that a guest can't run its core without
 * caches; the guest reads back what it wrote.
 */
#define CR0_HOST_OWNED (CR0_NE | CR0_CD | CR0_NW)
/*
 * All that CPUID does not offer. And MCE stays 1, because a machine check with MCE clear shuts the core
 * down instead of coming here; the guest reads back what it wrote.
 */
#define CR4_HOST_OWNED (~CR4_OFFERED | CR4_MCE)

#define CR0_AFTER_INIT UINT64_C(0x60000010) /* SDM 3.10.1.1, table 10-1 */
#define DR7_AFTER_INIT UINT64_C(0x400)

void guest_segment_read(enum guest_segment_name segment, struct guest_segment *state)
{
	unsigned offset = 2 * (unsigned)segment;

	state->selector = (uint16_t)vmcs_read(VMCS_GUEST_ES_SELECTOR + offset);
	state->base = vmcs_read(VMCS_GUEST_ES_BASE + offset);
	state->limit = vmcs_read32(VMCS_GUEST_ES_LIMIT + offset);
	state->rights = vmcs_read32(VMCS_GUEST_ES_RIGHTS + offset);
}

void guest_segment_write(enum guest_segment_name segment, const struct guest_segment *state)
{
	unsigned offset = 2 * (unsigned)segment;

	vmcs_write(VMCS_GUEST_ES_SELECTOR + offset, state->selector);
	vmcs_write(VMCS_GUEST_ES_BASE + offset, state->base);
	vmcs_write(VMCS_GUEST_ES_LIMIT + offset, state->limit);
	vmcs_write(VMCS_GUEST_ES_RIGHTS + offset, state->rights);
}

void guest_descriptor_table_read(struct guest_descriptor_table *table)
{
	table->base = vmcs_read(VMCS_GUEST_GDTR_BASE);
	table->limit = vmcs_read32(VMCS_GUEST_GDTR_LIMIT);
}

/* All segments as `data`, but CS with a selector, a base and rights of its own. */
static void segments_write(struct guest_segment *data, uint16_t cs, uint64_t base, uint32_t rights)
{
	for (unsigned i = GUEST_ES; i <= GUEST_GS; i++)
		guest_segment_write((enum guest_segment_name)i, data);
	data->selector = cs;
	data->base = base;
	data->rights = rights;
	guest_segment_write(GUEST_CS, data);
}

static enum error controls_write(void)
{
	static const uint16_t fields[CONTROL_WORD_COUNT] = {
		[CONTROL_PIN] = VMCS_PIN_CONTROLS,
		[CONTROL_PROCESSOR] = VMCS_PROCESSOR_CONTROLS,
		[CONTROL_PROCESSOR2] = VMCS_PROCESSOR_CONTROLS2,
		[CONTROL_EXIT] = VMCS_EXIT_CONTROLS,
		[CONTROL_ENTRY] = VMCS_ENTRY_CONTROLS,
	};
	struct vmx_controls controls;
	enum error error = vmx_controls_read(&controls);

	if (error)
		return error;
	for (unsigned i = 0; i < CONTROL_WORD_COUNT; i++)
		vmcs_write((enum vmcs_field)fields[i], controls.word[i]);
	if (controls.word[CONTROL_PROCESSOR2] & PROCESSOR2_XSAVES)
		vmcs_write(VMCS_XSS_EXITING_BITMAP, 0);
	if (controls.word[CONTROL_PROCESSOR2] & PROCESSOR2_ENCLS)
		vmcs_write(VMCS_ENCLS_EXITING_BITMAP, UINT64_MAX);
	/*
	 * A machine check is the machine's, not the guest's. An alignment check may be raised by its own
	 * delivery, for ever and with NMIs held back, so that the core could not be stopped any more
	 * (CVE-2015-5307): by way of the hypervisor each is an event of its own.
	 */
	vmcs_write(VMCS_EXCEPTION_BITMAP, UINT32_C(1) << EXCEPTION_MACHINE_CHECK |
						  UINT32_C(1) << EXCEPTION_ALIGNMENT_CHECK);
	return ERROR_OK;
}

/* Where the processor finds what the tables say of this vCPU. */
static void tables_write(const struct vcpu *vcpu)
{
	const struct vm_config *vm = vcpu->vm->config;

	vmcs_write(VMCS_VPID, vcpu->config->vpid);
	vmcs_write(VMCS_EPT_POINTER, (uint64_t)vm->ept_root | EPT_POINTER_FLAGS);
	vmcs_write(VMCS_IO_BITMAP_A, (uint64_t)vm->io_bitmap);
	vmcs_write(VMCS_IO_BITMAP_B, (uint64_t)vm->io_bitmap + PAGE_SIZE_4K);
	guest_pass_x2apic(vcpu, vcpu->apic_base & APIC_BASE_X2APIC);
	vmcs_write(VMCS_GUEST_LINK_POINTER, UINT64_MAX);
	vmcs_write(VMCS_CR0_MASK, CR0_HOST_OWNED);
	vmcs_write(VMCS_CR4_MASK, CR4_HOST_OWNED);
}

/* Those of the above and of the below that are the same for all. */
static const struct vmcs_value values_of_all[] = {
	{VMCS_PAGE_FAULT_ERROR_MASK, 0},
	{VMCS_PAGE_FAULT_ERROR_MATCH, 0},
	{VMCS_CR3_TARGET_COUNT, 0},
	{VMCS_EXIT_MSR_STORE_COUNT, 0},
	{VMCS_EXIT_MSR_LOAD_COUNT, 0},
	{VMCS_ENTRY_MSR_LOAD_COUNT, 0},
	{VMCS_HOST_CS_SELECTOR, SELECTOR_CODE},
	{VMCS_HOST_SS_SELECTOR, SELECTOR_DATA},
	{VMCS_HOST_DS_SELECTOR, SELECTOR_DATA},
	{VMCS_HOST_ES_SELECTOR, SELECTOR_DATA},
	{VMCS_HOST_FS_SELECTOR, SELECTOR_DATA},
	{VMCS_HOST_GS_SELECTOR, SELECTOR_DATA},
	{VMCS_HOST_TR_SELECTOR, SELECTOR_TASK},
	{VMCS_HOST_FS_BASE, 0},
	{VMCS_HOST_SYSENTER_CS, 0},
	{VMCS_HOST_SYSENTER_ESP, 0},
	{VMCS_HOST_SYSENTER_EIP, 0},
};

/* What the processor loads at each exit: this core's own area (SDM 3.25.5). */
static void host_state_write(void)
{
	struct cpu *cpu = this_cpu();
	struct cpu_area *area = cpu_area_of(cpu);

	vmcs_write(VMCS_HOST_CR0, cr0_read());
	vmcs_write(VMCS_HOST_CR3, cr3_read());
	vmcs_write(VMCS_HOST_CR4, cr4_read());
	vmcs_write(VMCS_HOST_EFER, msr_read(MSR_EFER));
	vmcs_write(VMCS_HOST_PAT, msr_read(MSR_PAT));
	vmcs_write(VMCS_HOST_GS_BASE, (uint64_t)cpu);
	vmcs_write(VMCS_HOST_TR_BASE, (uint64_t)&cpu->task);
	vmcs_write(VMCS_HOST_GDTR_BASE, (uint64_t)cpu->gdt);
	vmcs_write(VMCS_HOST_IDTR_BASE, exceptions_table());
	vmcs_write(VMCS_HOST_RSP, (uint64_t)saved_registers(area));
	vmcs_write(VMCS_HOST_RIP, (uint64_t)vmx_exit_entry);
}

enum error guest_state_init(struct vcpu *vcpu)
{
	enum error error = controls_write();

	if (error)
		return error;
	tables_write(vcpu);
	host_state_write();
	vmcs_write_all(values_of_all, COUNT(values_of_all));
	guest_owned_registers_reset();
	vmcs_write(VMCS_GUEST_PAT, PAT_RESET);
	return ERROR_OK;
}

void guest_forget_translations(const struct vcpu *vcpu)
{
	struct invalidate_descriptor vpid = {.low = vcpu->config->vpid};

	vmx_invalidate_vpid(INVVPID_SINGLE_CONTEXT, vpid);
}

/* Nothing that an earlier life of this VM or VPID left in the TLB survives (SDM 3.29.4.3). */
static void translations_drop(const struct vcpu *vcpu)
{
	struct invalidate_descriptor ept = {.low = (uint64_t)vcpu->vm->config->ept_root |
						   EPT_POINTER_FLAGS};

	vmx_invalidate_ept(INVEPT_SINGLE_CONTEXT, ept);
	guest_forget_translations(vcpu);
}

static void cr0_set(uint64_t value)
{
	vmcs_write(VMCS_GUEST_CR0, (value & ~(CR0_CD | CR0_NW)) | CR0_NE);
	vmcs_write(VMCS_CR0_SHADOW, value);
}

/* After INIT (SDM 3.10.1.1, table 10-1), as far as a processor does not start with something else. */
static const struct vmcs_value values_after_init[] = {
	{VMCS_GUEST_CR3, 0},
	{VMCS_GUEST_CR4, CR4_VMXE | CR4_MCE},
	{VMCS_CR4_SHADOW, 0},
	{VMCS_GUEST_EFER, 0},
	{VMCS_GUEST_RSP, 0},
	{VMCS_GUEST_RFLAGS, RFLAGS_FIXED},
	{VMCS_GUEST_DR7, DR7_AFTER_INIT},
	{VMCS_GUEST_DEBUG_CONTROL, 0},
	{VMCS_GUEST_INTERRUPTIBILITY, 0},
	{VMCS_GUEST_ACTIVITY, ACTIVITY_ACTIVE},
	{VMCS_GUEST_PENDING_DEBUG, 0},
	{VMCS_ENTRY_INTERRUPTION_INFO, 0},
	{VMCS_GUEST_GDTR_BASE, 0},
	{VMCS_GUEST_GDTR_LIMIT, 0xFFFF},
	{VMCS_GUEST_IDTR_BASE, 0},
	{VMCS_GUEST_IDTR_LIMIT, 0xFFFF},
	{VMCS_GUEST_LDTR_SELECTOR, 0},
	{VMCS_GUEST_LDTR_BASE, 0},
	{VMCS_GUEST_LDTR_LIMIT, 0xFFFF},
	{VMCS_GUEST_LDTR_RIGHTS, RIGHTS_LDT},
	{VMCS_GUEST_TR_SELECTOR, 0},
	{VMCS_GUEST_TR_BASE, 0},
	{VMCS_GUEST_TR_LIMIT, 0xFFFF},
	{VMCS_GUEST_TR_RIGHTS, RIGHTS_TASK},
};

/* What INIT does, too, but for CR0. */
static void state_reset(struct vcpu *vcpu, struct guest_registers *registers)
{
	*registers = (struct guest_registers){.rdx = cpuid(1, 0).eax};
	vmcs_write_all(values_after_init, COUNT(values_after_init));
	vmcs_change(VMCS_ENTRY_CONTROLS, ENTRY_IA32E_GUEST, 0);
	vcpu->nmis = 0;
	guest_inject_nmi(0); /* waits for no window any more */
	translations_drop(vcpu);
}

void guest_state_reset(struct vcpu *vcpu, struct guest_registers *registers)
{
	state_reset(vcpu, registers);
	cr0_set(CR0_AFTER_INIT);
	vmcs_write(VMCS_GUEST_SYSENTER_CS, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_EIP, 0);
}

static void enter_real_mode(uint16_t selector, uint16_t ip)
{
	struct guest_segment data = {.limit = 0xFFFF, .rights = RIGHTS_DATA_16};

	segments_write(&data, selector, (uint64_t)selector << 4, RIGHTS_CODE_16);
	vmcs_write(VMCS_GUEST_RIP, ip);
}

static void enter_protected_mode(gpa_t entry)
{
	struct guest_segment data = {
		.selector = SELECTOR_DATA32, .limit = UINT32_MAX, .rights = RIGHTS_DATA_32};

	cr0_set(CR0_PE | CR0_ET | CR0_NE);
	segments_write(&data, SELECTOR_CODE32, 0, RIGHTS_CODE_32);
	vmcs_write(VMCS_GUEST_RIP, entry);
}

void guest_state_enter_at(enum entry_mode mode, gpa_t entry)
{
	if (mode == ENTRY_REAL)
		enter_real_mode((uint16_t)(entry >> 4 & 0xF000), (uint16_t)entry);
	else
		enter_protected_mode(entry);
}

/* SDM 3.10.1.4: F000:FFF0 with a base that real mode alone could not have. */
void guest_state_enter_reset_vector(void)
{
	enter_real_mode(0xF000, 0xFFF0);
	vmcs_write(VMCS_GUEST_CS_BASE, 0xFFFF0000);
}

/* SDM 3.10.8.5: what a switch to IA-32e mode leaves behind, with flat segments. */
void guest_state_enter_long(gpa_t entry, gpa_t page_table)
{
	enter_protected_mode(entry);
	cr0_set(CR0_PG | CR0_PE | CR0_ET | CR0_NE);
	vmcs_write(VMCS_GUEST_CR3, page_table);
	vmcs_change(VMCS_GUEST_CR4, 0, CR4_PAE);
	vmcs_write(VMCS_CR4_SHADOW, CR4_PAE);
	vmcs_write(VMCS_GUEST_EFER, EFER_LME | EFER_LMA);
	vmcs_change(VMCS_ENTRY_CONTROLS, 0, ENTRY_IA32E_GUEST);
	vmcs_write(VMCS_GUEST_CS_RIGHTS, RIGHTS_CODE_64);
}

void guest_state_enter_sipi(uint8_t page)
{
	enter_real_mode((uint16_t)(page << 8), 0);
}

void guest_state_take_init(struct vcpu *vcpu, struct guest_registers *registers)
{
	uint64_t kept = vmcs_read(VMCS_CR0_SHADOW) & (CR0_CD | CR0_NW);

	state_reset(vcpu, registers);
	cr0_set(CR0_ET | kept);
	debug_registers_reset();
	cr2_write(0);
}

void guest_state_set_gdt(gpa_t base, uint16_t limit)
{
	vmcs_write(VMCS_GUEST_GDTR_BASE, base);
	vmcs_write(VMCS_GUEST_GDTR_LIMIT, limit);
}

/*
 * The value is saved at exits, so that a guest that exits often is still left in time. A processor that
 * can't save it starts anew with every entry, and is late for such a guest. Saving is not allowed
 * without the timer (SDM 3.27.2.1.2).
 */
void guest_exit_after(uint64_t ticks)
{
	uint64_t value = ticks >> (msr_read(MSR_VMX_MISC) & VMX_MISC_TIMER_SHIFT);
	uint64_t allowed = msr_read(MSR_VMX_TRUE_EXIT_CONTROLS) >> 32;

	vmcs_write(VMCS_PREEMPTION_TIMER, value < UINT32_MAX ? value : UINT32_MAX);
	vmcs_change(VMCS_PIN_CONTROLS, 0, PIN_PREEMPTION_TIMER);
	vmcs_change(VMCS_EXIT_CONTROLS, 0, EXIT_SAVE_TIMER & allowed);
}

void guest_exit_never(void)
{
	vmcs_change(VMCS_EXIT_CONTROLS, EXIT_SAVE_TIMER, 0);
	vmcs_change(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER, 0);
}

_Noreturn void guest_run(struct guest_registers *registers)
{
	struct guest_registers *saved = saved_registers(cpu_area_of(this_cpu()));

	*saved = *registers;
	counters_begin(this_cpu()->vcpu->counters);
	this_cpu()->vcpu->counters->started = tsc_read();
	vmx_launch(saved);
}

void guest_paging_read(struct guest_paging *paging)
{
	*paging = (struct guest_paging){
		.cr0 = vmcs_read(VMCS_GUEST_CR0),
		.cr3 = guest_page_tables(),
		.cr4 = guest_cr4(),
		.efer = vmcs_read(VMCS_GUEST_EFER),
		.physical_bits = scenario_tables.physical_address_bits,
	};
}

uint64_t guest_page_tables(void)
{
	return vmcs_read(VMCS_GUEST_CR3);
}

uint64_t guest_instruction_address(void)
{
	uint64_t address = vmcs_read(VMCS_GUEST_CS_BASE) + guest_instruction_pointer();

	return guest_code_bits() == 64 ? guest_instruction_pointer() : (uint32_t)address;
}

unsigned guest_code_bits(void)
{
	uint64_t rights = vmcs_read(VMCS_GUEST_CS_RIGHTS);

	if ((vmcs_read(VMCS_GUEST_EFER) & EFER_LMA) && (rights & RIGHTS_LONG))
		return 64;
	return rights & RIGHTS_DEFAULT ? 32 : 16;
}

unsigned guest_privilege_level(void)
{
	/* SS holds the CPL in all modes (SDM 3.25.4.1) */
	return RIGHTS_DPL(vmcs_read32(VMCS_GUEST_SS_RIGHTS));
}

/* The hypervisor has no user pages, so that keys concern none of its own accesses meanwhile. */
uint32_t guest_protection_keys(void)
{
	uint64_t cr4 = cr4_read();
	uint32_t keys;

	cr4_write(cr4 | CR4_PKE);
	keys = pkru_read();
	cr4_write(cr4);
	return keys;
}

uint32_t guest_instructions(void)
{
	uint32_t controls = vmcs_read32(VMCS_PROCESSOR_CONTROLS2);

	return (controls & PROCESSOR2_RDTSCP ? GUEST_RUNS_RDTSCP : 0) |
	       (controls & PROCESSOR2_INVPCID ? GUEST_RUNS_INVPCID : 0) |
	       (controls & PROCESSOR2_XSAVES ? GUEST_RUNS_XSAVES : 0);
}

uint64_t guest_instruction_pointer(void)
{
	return vmcs_read(VMCS_GUEST_RIP);
}

void guest_set_instruction_pointer(uint64_t value)
{
	vmcs_write(VMCS_GUEST_RIP, value);
}

uint64_t guest_cr4(void)
{
	return vmcs_read(VMCS_GUEST_CR4);
}

uint64_t guest_stack_pointer(void)
{
	return vmcs_read(VMCS_GUEST_RSP);
}

void guest_set_stack_pointer(uint64_t value)
{
	vmcs_write(VMCS_GUEST_RSP, value);
}

uint64_t guest_flags(void)
{
	return vmcs_read(VMCS_GUEST_RFLAGS);
}

void guest_set_flags(uint64_t value)
{
	vmcs_write(VMCS_GUEST_RFLAGS, value);
}

void guest_set_task_switched(void)
{
	vmcs_change(VMCS_GUEST_CR0, 0, CR0_TS);
}

uint64_t guest_debug_enables(void)
{
	return vmcs_read(VMCS_GUEST_DR7);
}

void guest_set_debug_enables(uint64_t value)
{
	vmcs_write(VMCS_GUEST_DR7, value);
}

void guest_exit_read(uint32_t *reason, uint64_t *qualification, uint64_t *rip)
{
	*reason = vmcs_read32(VMCS_EXIT_REASON);
	*qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	*rip = guest_instruction_pointer();
}

/* SDM 3.25.6.9: one bit an MSR, from 0 on for reads and in the third KiB for writes of low MSRs */
#define BITMAP_WRITE      0x800U
#define BITMAP_X2APIC     (MSR_X2APIC_FIRST / 8)
#define BITMAP_X2APIC_END ((MSR_X2APIC_LAST + 1) / 8)

static bool is_x2apic_byte(unsigned offset)
{
	offset &= ~BITMAP_WRITE;
	return offset >= BITMAP_X2APIC && offset < BITMAP_X2APIC_END;
}

/* Another core of the VM may be doing the same, or using it: each byte is written as it is to be. */
static const uint8_t *narrow_bitmap(struct vm *vm)
{
	volatile uint8_t *narrow = vm->narrow_msr_bitmap;

	for (unsigned i = 0; i < PAGE_SIZE_4K; i++)
		narrow[i] = is_x2apic_byte(i) ? 0xFF : vm->config->msr_bitmap[i];
	return vm->narrow_msr_bitmap;
}

void guest_pass_x2apic(const struct vcpu *vcpu, bool pass)
{
	struct vm *vm = vcpu->vm;

	vmcs_write(VMCS_MSR_BITMAP, (uint64_t)(pass ? vm->config->msr_bitmap : narrow_bitmap(vm)));
}

uint64_t guest_debug_control(void)
{
	return vmcs_read(VMCS_GUEST_DEBUG_CONTROL);
}

void guest_set_debug_control(uint64_t value)
{
	vmcs_write(VMCS_GUEST_DEBUG_CONTROL, value);
}

void guest_state_log(const struct guest_registers *r)
{
	log_error("rip=0x%lx rsp=0x%lx rflags=0x%lx (%u-bit code, CPL %u, local APIC %s)",
		  guest_instruction_pointer(), guest_stack_pointer(), guest_flags(),
		  guest_code_bits(), guest_privilege_level(),
		  apic_mode_words(this_cpu()->vcpu->apic_base));
	log_error("cr0=0x%lx cr3=0x%lx cr4=0x%lx efer=0x%lx", vmcs_read(VMCS_GUEST_CR0),
		  guest_page_tables(), guest_cr4(), vmcs_read(VMCS_GUEST_EFER));
	log_error("cs=0x%lx base 0x%lx, ss=0x%lx, gdt 0x%lx, idt 0x%lx",
		  vmcs_read(VMCS_GUEST_CS_SELECTOR), vmcs_read(VMCS_GUEST_CS_BASE),
		  vmcs_read(VMCS_GUEST_SS_SELECTOR), vmcs_read(VMCS_GUEST_GDTR_BASE),
		  vmcs_read(VMCS_GUEST_IDTR_BASE));
	registers_log(r);
}

bool guest_state_log_if_there(void)
{
	uint64_t rip;

	if (vmx_read(VMCS_GUEST_RIP, &rip))
		return false;
	guest_state_log(saved_registers(cpu_area_of(this_cpu())));
	return true;
}
