/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes VM exits, the frequent ones first of all, and hands them to the handlers in vm/. */
#include "vmx/exit.h"

#include "cpu/cpu.h"
#include "cpu/registers.h"
#include "vm/handlers.h"
#include "vm/watchdog.h"
#include "vmx/vmcs.h"

/* EDX:EAX, with the upper halves of the registers cleared as the instructions do. */
static void set_edx_eax(struct guest_registers *registers, uint64_t value)
{
	registers->rax = (uint32_t)value;
	registers->rdx = value >> 32;
}

void vmx_complete(bool done)
{
	if (done)
		guest_skip_instruction();
	else
		guest_inject_general_protection();
}

void vmx_handle_cpuid(struct vcpu *vcpu, struct guest_registers *registers)
{
	vm_cpuid(vcpu, registers, vmcs_read_fast(VMCS_GUEST_CR4));
	guest_skip_instruction();
}

static void handle_rdmsr(struct vcpu *vcpu, struct guest_registers *registers)
{
	uint64_t value;
	bool done = vm_msr_read(vcpu, (uint32_t)registers->rcx, &value);

	if (done)
		set_edx_eax(registers, value);
	vmx_complete(done);
}

static void handle_wrmsr(struct vcpu *vcpu, struct guest_registers *registers)
{
	vmx_complete(vm_msr_write(vcpu, (uint32_t)registers->rcx, get_edx_eax(registers)));
}

static void handle_vmcall(struct vcpu *vcpu, struct guest_registers *registers)
{
	vm_hypercall(vcpu, registers);
	guest_skip_instruction();
}

static void handle_port(struct vcpu *vcpu, struct guest_registers *registers)
{
	uint64_t qualification = vmcs_read_fast(VMCS_EXIT_QUALIFICATION);
	unsigned size = PORT_SIZE(qualification);
	uint16_t port = PORT_NUMBER(qualification);
	uint64_t mask = (UINT64_C(1) << (8 * size)) - 1;
	uint64_t value;

	if (PORT_STRING(qualification)) {
		vmx_handle_port_string(vcpu, registers, qualification);
		return;
	}
	guest_watch_access(WATCH_PORT, port, size);
	if (PORT_IN(qualification)) {
		value = vm_port_read(vcpu, port, size) & mask;
		/* IN EAX clears the upper half of RAX; smaller ones leave the rest alone */
		registers->rax = size == 4 ? value : (registers->rax & ~mask) | value;
	} else {
		vm_port_write(vcpu, port, size, (uint32_t)(registers->rax & mask));
	}
	guest_skip_instruction();
}

/* Qualification of EPT violations (SDM 3.28.2.1, table 28-7) */
#define EPT_READ          0x001
#define EPT_WRITE         0x002
#define EPT_FETCH         0x004
#define EPT_LINEAR_VALID  0x080
#define EPT_LINEAR_ACCESS 0x100 /* 0: while walking the guest's page tables */

void vmx_handle_ept_violation(struct vcpu *vcpu, struct guest_registers *registers)
{
	uint64_t qualification = vmcs_read_fast(VMCS_EXIT_QUALIFICATION);
	bool delivering = guest_is_delivering();
	/* The event that was being delivered would have to be delivered again; a stack or descriptor
	   table in device memory is nothing that an emulation could serve. */
	struct memory_access access = {
		.address = vmcs_read_fast(VMCS_GUEST_PHYSICAL_ADDRESS),
		.linear = vmcs_read_fast(VMCS_GUEST_LINEAR_ADDRESS),
		.linear_valid = (qualification & EPT_LINEAR_VALID) &&
				(qualification & EPT_LINEAR_ACCESS) && !delivering,
		.read = qualification & EPT_READ,
		.write = qualification & EPT_WRITE,
		.fetch = qualification & EPT_FETCH,
	};

	if ((qualification & NMI_UNBLOCKED_BY_IRET) && !delivering)
		vmcs_change(VMCS_GUEST_INTERRUPTIBILITY, 0, INTERRUPTIBILITY_NMI);
	vm_memory_access(vcpu, registers, &access);
}

/*
 * Caches are shared with other VMs: losing them would harm, writing them back would cost milliseconds.
 * RAM is write-back for every VM and devices snoop, so nothing needs it.
 */
static void handle_cache_flush(struct vcpu *vcpu, struct guest_registers *registers)
{
	(void)vcpu;
	(void)registers;
	guest_skip_instruction();
}

static void handle_not_offered(struct vcpu *vcpu, struct guest_registers *registers)
{
	(void)vcpu;
	(void)registers;
	guest_inject_invalid_opcode();
}

static void handle_general_protection(struct vcpu *vcpu, struct guest_registers *registers)
{
	(void)vcpu;
	(void)registers;
	guest_inject_general_protection();
}

/* Exits of many reasons share a handler: what a reason has is a number of one byte. */
#define HANDLERS(X)                      \
	X(vmx_changing_exception)        \
	X(vmx_handle_triple_fault)       \
	X(vmx_handle_interrupt_window)   \
	X(vmx_handle_nmi_window)         \
	X(vmx_changing_task_switch)      \
	X(vmx_handle_cpuid)              \
	X(handle_not_offered)            \
	X(handle_cache_flush)            \
	X(handle_general_protection)     \
	X(handle_vmcall)                 \
	X(vmx_handle_control_register)   \
	X(handle_port)                   \
	X(handle_rdmsr)                  \
	X(handle_wrmsr)                  \
	X(vmx_changing_ept_violation)    \
	X(vmx_changing_preemption_timer) \
	X(vmx_handle_xsetbv)

#define AS_NUMBER(handler)  DO_##handler,
#define AS_POINTER(handler) handler,
enum handler_number { DO_UNKNOWN, HANDLERS(AS_NUMBER) };
exit_handler *const vmx_handlers[] = {[DO_UNKNOWN] = NULL, HANDLERS(AS_POINTER)};

/* Instructions that CPUID does not offer are #UD, as on a processor without them. */
const uint8_t vmx_exit_handlers[VMX_HANDLER_COUNT] = {
	[VMX_EXIT_EXCEPTION_OR_NMI] = DO_vmx_changing_exception,
	[VMX_EXIT_TRIPLE_FAULT] = DO_vmx_handle_triple_fault,
	[VMX_EXIT_INTERRUPT_WINDOW] = DO_vmx_handle_interrupt_window,
	[VMX_EXIT_NMI_WINDOW] = DO_vmx_handle_nmi_window,
	[VMX_EXIT_TASK_SWITCH] = DO_vmx_changing_task_switch,
	[VMX_EXIT_CPUID] = DO_vmx_handle_cpuid,
	[VMX_EXIT_GETSEC] = DO_handle_not_offered,
	[VMX_EXIT_INVD] = DO_handle_cache_flush,
	[VMX_EXIT_RDPMC] = DO_handle_general_protection,
	[VMX_EXIT_VMCALL] = DO_handle_vmcall,
	[VMX_EXIT_VMCLEAR] = DO_handle_not_offered,
	[VMX_EXIT_VMLAUNCH] = DO_handle_not_offered,
	[VMX_EXIT_VMPTRLD] = DO_handle_not_offered,
	[VMX_EXIT_VMPTRST] = DO_handle_not_offered,
	[VMX_EXIT_VMREAD] = DO_handle_not_offered,
	[VMX_EXIT_VMRESUME] = DO_handle_not_offered,
	[VMX_EXIT_VMWRITE] = DO_handle_not_offered,
	[VMX_EXIT_VMXOFF] = DO_handle_not_offered,
	[VMX_EXIT_VMXON] = DO_handle_not_offered,
	[VMX_EXIT_CONTROL_REGISTER] = DO_vmx_handle_control_register,
	[VMX_EXIT_PORT] = DO_handle_port,
	[VMX_EXIT_RDMSR] = DO_handle_rdmsr,
	[VMX_EXIT_WRMSR] = DO_handle_wrmsr,
	[VMX_EXIT_MWAIT] = DO_handle_not_offered,
	[VMX_EXIT_MONITOR] = DO_handle_not_offered,
	[VMX_EXIT_EPT_VIOLATION] = DO_vmx_changing_ept_violation,
	[VMX_EXIT_INVEPT] = DO_handle_not_offered,
	[VMX_EXIT_PREEMPTION_TIMER] = DO_vmx_changing_preemption_timer,
	[VMX_EXIT_INVVPID] = DO_handle_not_offered,
	[VMX_EXIT_XSETBV] = DO_vmx_handle_xsetbv,
	[VMX_EXIT_VMFUNC] = DO_handle_not_offered,
	[VMX_EXIT_ENCLS] = DO_handle_not_offered,
	[VMX_EXIT_WBINVD] = DO_handle_cache_flush,
};

/* What entry.S knows of C. */
_Static_assert(VMCS_EXIT_REASON == 0x4402 && VMCS_EXIT_INSTRUCTION_LENGTH == 0x440C &&
		       VMCS_GUEST_INTERRUPTIBILITY == 0x4824 && VMCS_GUEST_CR4 == 0x6804 &&
		       VMCS_GUEST_RIP == 0x681E && VMCS_GUEST_RFLAGS == 0x6820,
	       "entry.S");
_Static_assert(VMX_EXIT_CPUID == 10 && VMX_HANDLER_COUNT == 61, "entry.S");
_Static_assert((INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS) == 0x3 &&
		       (RFLAGS_RF | RFLAGS_TF) == 0x10100,
	       "entry.S");
_Static_assert(offsetof(struct vcpu, cpuid) == 128 && sizeof(struct cpuid_cache_entry) == 32 &&
		       CPUID_CACHE_ENTRIES == 64 &&
		       offsetof(struct cpuid_cache_entry, subleaf) == 4 &&
		       offsetof(struct cpuid_cache_entry, result) == 8 &&
		       offsetof(struct cpuid_cache_entry, cr4_ignored) == 24 &&
		       offsetof(struct cpuid_cache_entry, cr4) == 28,
	       "entry.S");
_Static_assert(VMX_HANDLER_COUNT <= EXIT_REASON_COUNT, "every reason with a handler is counted");
_Static_assert(offsetof(struct cpu, vcpu) == 24 && offsetof(struct vcpu, counters) == 0, "entry.S");
_Static_assert(WATCHDOG_EXITS == 4096, "entry.S");
_Static_assert(offsetof(struct core_counters, exits) == 128 && sizeof(struct exit_counter) == 32 &&
		       offsetof(struct exit_counter, count) == 0 &&
		       offsetof(struct exit_counter, untimed) == 24,
	       "entry.S");
