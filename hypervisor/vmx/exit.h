/* SPDX-License-Identifier: Apache-2.0 */
/* VM exits: what the assembly calls, and the table of handlers. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vm/vcpu.h"
#include "vmx/encoding.h"

/* In entry.S. `registers` is where HOST_RSP expects them. */
_Noreturn void vmx_launch(struct guest_registers *registers);
extern const char vmx_exit_entry[];

/*
 * What to do about an exit: by basic reason the number of a handler, 0 where nothing is known. entry.S counts the
 * exit, calls the handler and resumes the guest when it returns.
 */
typedef void exit_handler(struct vcpu *vcpu, struct guest_registers *registers);
#define VMX_HANDLER_COUNT (VMX_EXIT_ENCLS + 1) /* no later one has a handler */
extern const uint8_t vmx_exit_handlers[VMX_HANDLER_COUNT];
extern exit_handler *const vmx_handlers[];

/*
 * Handlers that may change any of the guest's registers. All others leave RBP and R12 to R15 as they are, which
 * the exit path does not load again. The table has those in entry.S, which call the other ones.
 */
exit_handler vmx_changing_exception, vmx_handle_exception;
exit_handler vmx_changing_task_switch, vmx_handle_task_switch;
exit_handler vmx_changing_ept_violation, vmx_handle_ept_violation;
exit_handler vmx_changing_preemption_timer, vmx_handle_preemption_timer;

/* The other handlers that are known elsewhere: of instructions, of events (exit_seldom.c). */
exit_handler vmx_handle_cpuid, vmx_handle_xsetbv, vmx_handle_control_register;
exit_handler vmx_handle_interrupt_window, vmx_handle_nmi_window, vmx_handle_triple_fault;
void vmx_handle_port_string(struct vcpu *vcpu, struct guest_registers *registers,
			    uint64_t qualification);

/* EDX:EAX as an instruction takes it. */
static inline uint64_t get_edx_eax(const struct guest_registers *registers)
{
	return registers->rdx << 32 | (uint32_t)registers->rax;
}

/* Goes behind an instruction that is done; else it is #GP. */
void vmx_complete(bool done);

/* Qualification of port accesses (SDM 3.28.2.1, table 28-5) */
#define PORT_SIZE(q)   ((unsigned)((q)&7) + 1)
#define PORT_IN(q)     ((q)&0x08)
#define PORT_STRING(q) ((q)&0x10)
#define PORT_REPEAT(q) ((q)&0x20)
#define PORT_NUMBER(q) ((uint16_t)((q) >> 16))

/* Called by entry.S when no handler is known, or a VM entry failed after it had begun. */
_Noreturn void vmx_unhandled_exit(struct guest_registers *registers);

/* Called by entry.S when VMLAUNCH or VMRESUME did not enter the guest. */
_Noreturn void vmx_entry_failed(struct guest_registers *registers);

/* Text of a VM-instruction error number (SDM 3.31.4); never NULL. */
const char *vmx_instruction_error_name(uint64_t number);

#endif
